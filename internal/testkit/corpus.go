package testkit

import (
	"os"
	"path/filepath"
	"testing"
)

// Corpus is the folder of real evidence that is not part of the project: the
// environment's FIREBREAK_CORPUS, else ../shared/corpus from the project's
// root. The test is skipped, with the reason, when the folder or one of the
// named files in it is missing.
func Corpus(t testing.TB, files ...string) string {
	t.Helper()
	dir := os.Getenv("FIREBREAK_CORPUS")
	if dir == "" {
		dir = filepath.Join(Root(t), "..", "shared", "corpus")
	}
	for _, f := range append([]string{"."}, files...) {
		if path := filepath.Join(dir, filepath.FromSlash(f)); !exists(path) {
			t.Skipf("%s is missing: set FIREBREAK_CORPUS to the folder of sample evidence", path)
		}
	}
	return dir
}

// Root is the project's root: the nearest folder above the test with a go.mod.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for !exists(filepath.Join(dir, "go.mod")) {
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
	return dir
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
