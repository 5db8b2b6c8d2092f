package forensics

import (
	"strings"
	"testing"

	"firebreak/forensics/profiles"
)

// TestBudget: what does not fit is left out and named, and what does is taken.
func TestBudget(t *testing.T) {
	t.Parallel()
	set, err := profiles.Parse("t.yaml", []byte("firebreak-profiles: 1\ncollectors:\n  - name: a\n    title: A\n    artefacts:\n      - {kind: a.b, paths: [/x], max_total: 1 MiB}\n      - {paths: [/y]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	c, _ := set.Collector("a")
	b, free := newBudget(c.Artefacts[0]), newBudget(c.Artefacts[1])
	for i, want := range []bool{true, false, true, false} {
		err := b.spend([]int64{600 << 10, 600 << 10, 424 << 10, 1}[i])
		if (err == nil) != want || err != nil && !strings.Contains(err.Error(), "limit of 1048576 for all a.b") {
			t.Errorf("%d: %v", i, err)
		}
		if err := free.spend(1 << 60); err != nil {
			t.Error(err)
		}
	}
}
