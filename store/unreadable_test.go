package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"firebreak/record"
	"firebreak/store/cryptvfs"
)

// A page that does not decrypt takes entries with it; the report says which.
func TestVerifyNamesUnreadableEntries(t *testing.T) {
	o := testOptions(t)
	o.Secret = &[32]byte{1}
	dir := filled(t, o, 30)
	path := filepath.Join(dir, DatabaseFile)
	good, err := os.ReadFile(path)
	must(t, err)
	entries, pages := 0, len(good)/cryptvfs.PageSize
	for page := 2; page < pages; page++ {
		hurt := append([]byte(nil), good...)
		hurt[page*cryptvfs.PageSize+100] ^= 1
		must(t, os.WriteFile(path, hurt, 0o600))
		s, err := Open(t.Context(), dir, o)
		if err != nil {
			continue // opening reads it
		}
		r, err := s.Verify(t.Context(), VerifyOptions{})
		if err != nil {
			t.Fatalf("page %d: %v", page+1, err)
		}
		if r.OK() || r.Problems[0].What != record.Damaged || !strings.Contains(r.Problems[0].Where, "does not decrypt") {
			t.Errorf("page %d: %v", page+1, r.Problems)
		}
		for _, p := range r.Problems[1:] {
			if p.What != record.Damaged || p.Seq < 1 || !strings.HasPrefix(p.Where, "it cannot be read") {
				t.Errorf("page %d: %v", page+1, p)
			}
			entries++
		}
		closeStore(t, s)
	}
	if entries == 0 {
		t.Errorf("no page of %d took an entry with it", pages)
	}
}
