package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"firebreak/forensics/parse"
	"firebreak/internal/testkit"
)

// TestParsersPage holds the page together with what the parsers say.
func TestParsersPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(testkit.Root(t), parsersPage))
	if err != nil {
		t.Fatal(err)
	}
	want, err := parsers(page, "")
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != string(want) {
		t.Error("docs/parsers.md is not what the parsers say: make docs")
	}
	for _, a := range parse.Catalogue() {
		if a.Formats == "" || a.Events == "" || a.Reference == "" {
			t.Errorf("%s says nothing of its formats, events or reference (About, in its table)", a.Name)
		}
	}
}

// TestCounts holds the table of counts together with what is counted.
func TestCounts(t *testing.T) {
	t.Parallel()
	corpus := testkit.Corpus(t, "plaso/expected.tsv", "evtx/expected.tsv", "cloudtrail/expected.tsv")
	page, err := os.ReadFile(filepath.Join(testkit.Root(t), parsersPage))
	if err != nil {
		t.Fatal(err)
	}
	want, err := parsers(page, corpus)
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != string(want) {
		t.Error("the counts in docs/parsers.md are old: FIREBREAK_CORPUS=… make docs")
	}
	for _, set := range countedSets() {
		table, err := os.ReadFile(filepath.Join(corpus, set, "expected.tsv"))
		if err != nil {
			t.Fatal(err)
		}
		for row := range strings.Lines(string(table)) {
			if name, _, _ := strings.Cut(row, "\t"); name != "file" && !strings.Contains(string(page), "| `"+set+"/"+name+"` |") {
				t.Errorf("the table does not have %s of %s", name, set)
			}
		}
	}
	for line := range strings.Lines(string(want)) {
		if strings.Contains(line, "**not explained**") {
			t.Errorf("a count that differs without a reason (tools/gendocs/whys.go): %s", line)
		}
	}
}
