package clocks_test

import (
	"os"
	"strings"
	"testing"

	"firebreak/review/clocks"
)

// The page of documentation has the deadlines as they are: make docs writes it.
func TestPage(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../docs/clocks.md")
	if err != nil {
		t.Fatal(err)
	}
	page, ok, err := clocks.Page(string(b))
	if err != nil || !ok || page != string(b) {
		t.Errorf("docs/clocks.md is not what the data gives: make docs (%v, %v)", ok, err)
	}
	if _, ok, err := clocks.Page("no place"); ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	// Its examples of files are files.
	for i, part := range strings.Split(page, "```yaml\nclocks: 1\n")[1:] {
		src, _, _ := strings.Cut(part, "```")
		if _, err := clocks.Parse("example.yaml", []byte("clocks: 1\n"+src), false); err != nil {
			t.Errorf("example %d: %v", i+1, err)
		}
	}
}
