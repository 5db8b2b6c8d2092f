package cacao_test

import (
	"os"
	"path/filepath"
	"testing"

	"firebreak/internal/testkit"
	"firebreak/playbooks"
	"firebreak/playbooks/cacao"
)

// TestCorpusRoundTrip: each file of the corpus is imported, parses, and its
// export is equal.
func TestCorpusRoundTrip(t *testing.T) {
	eachRoundTrip(t, filepath.Join(testkit.Corpus(t, "cacao"), "cacao", "*.json"))
}

// eachRoundTrip holds the law for all files of a pattern.
func eachRoundTrip(t *testing.T, pattern string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			roundTrip(t, src)
		})
	}
}

// roundTrip holds the law for one file: cacao, yaml, cacao.
func roundTrip(t *testing.T, src []byte) *cacao.Imported {
	t.Helper()
	in, err := cacao.Import(src)
	if err != nil {
		t.Fatal(err)
	}
	p, err := playbooks.Parse("x.yaml", in.YAML)
	if err != nil {
		t.Fatalf("%v in\n%s", err, in.YAML)
	}
	out, err := cacao.Export(p, cacao.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want, err := cacao.Decode(src)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(cacao.Canonical(out.Doc)); got != string(cacao.Canonical(want)) {
		t.Fatalf("the export differs:\n%s\n%s\nof\n%s", got, cacao.Canonical(want), in.YAML)
	}
	if out.Changed || len(out.Lost) > 0 {
		t.Errorf("changed %v, lost %v", out.Changed, out.Lost)
	}
	if testing.Verbose() && os.Getenv("FIREBREAK_SHOW") != "" {
		t.Logf("\n%s\nkept %q\ndoubtful %+v\nchanged %+v", in.YAML, in.Kept, in.Doubtful, in.Changed)
	}
	return in
}

// TestOwnFilesRoundTrip holds the law for files of our own: every type of step,
// and a process without commands whose ways meet.
func TestOwnFilesRoundTrip(t *testing.T) {
	eachRoundTrip(t, "testdata/*.json")
}
