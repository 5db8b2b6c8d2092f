package forensics

import (
	"slices"
	"testing"

	"firebreak/internal/testkit"
)

// The page is what the table says, and the table tells of every collector in the
// program and of no other.
func TestCollectorsPage(t *testing.T) {
	testkit.Golden(t, "../../docs/collectors.md", []byte(CollectorsPage()))
	covers := Covers()
	for _, d := range inProgram() {
		if c, ok := covers[d.Name]; !ok || c.Takes == "" || c.From == "" || c.Needs == "" {
			t.Errorf("%s: what it takes, from where and what it needs is not said", d.Name)
		}
		delete(covers, d.Name)
	}
	for name := range covers {
		t.Errorf("%s is told of, and there is no such collector", name)
	}
	if !slices.IsSortedFunc(Collectors(), func(a, b Description) int { return a.Volatility - b.Volatility }) {
		t.Error("not in the order of volatility")
	}
}
