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
		if a.Formats == "" || a.Events == "" {
			t.Errorf("%s says nothing of its formats or events (About, in its table)", a.Name)
		}
	}
}

// TestCounts holds the table of counts together with what is counted.
func TestCounts(t *testing.T) {
	t.Parallel()
	corpus := testkit.Corpus(t, "plaso/expected.tsv", "evtx/expected.tsv")
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
	for line := range strings.Lines(string(want)) {
		if strings.Contains(line, "**not explained**") {
			t.Errorf("a count that differs without a reason (tools/gendocs/whys.go): %s", line)
		}
	}
}
