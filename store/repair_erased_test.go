package store

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"firebreak/record"
)

// erasedIncident is a rich record of which everything that can go is erased.
func erasedIncident(t *testing.T, o Options) (dir string) {
	t.Helper()
	s := create(t, o)
	rich(t, s)
	fields, _ := erasableFields(t, s)
	must(t, erase(t, s, agreeTo(t, s, fields, "e1", "e2")))
	finish(t, s)
	add(t, s, record.HoldPlaced, record.Hold{Reason: "a court says so", Authority: "court"})
	closeStore(t, s)
	return s.Dir()
}

// What was erased is not lost, and folds as erased: in place, and where a new
// database is made of what can be read.
func TestRepairKeepsErasures(t *testing.T) {
	t.Parallel()
	for name, statements := range map[string][]string{
		"in place": {"UPDATE projection SET doc = '{}'"},
		"salvaged": {"PRAGMA foreign_keys = OFF", `INSERT INTO entries (seq, kind, line) VALUES (999, 'note', 'x')`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := testOptions(t)
			dir := erasedIncident(t, o)
			hand(t, dir, statements...)
			m := mend(t, dir, o)
			lost := slices.DeleteFunc(m.Lost, func(s string) bool { return strings.HasPrefix(s, "1 lines that no head vouches for") })
			if len(lost) > 0 || m.Salvaged != (name == "salvaged") {
				t.Errorf("salvaged: %v, lost %q", m.Salvaged, lost)
			}
			s, err := Open(t.Context(), dir, o)
			must(t, err)
			defer closeStore(t, s)
			if r := verified(t, s); r.Erased == 0 {
				t.Error("nothing is erased any more")
			}
			view(t, s, func(tx *Tx) error {
				x, err := tx.Exhibit("e1")
				must(t, err)
				_, standing, err := tx.Hold()
				if x.Erased != "x1" || x.SHA256 != record.ErasedMark || !standing {
					t.Errorf("e1 = %+v, a hold stands: %v", x, standing)
				}
				return err
			})
		})
	}
}

// A field that is gone without an erasure is lost, beside many that were erased.
func TestSalvageTellsLostFromErased(t *testing.T) {
	t.Parallel()
	o := testOptions(t)
	dir := erasedIncident(t, o)
	hand(t, dir, "PRAGMA foreign_keys = OFF", `INSERT INTO entries (seq, kind, line) VALUES (999, 'note', 'x')`,
		"DELETE FROM disclosures WHERE digest = (SELECT digest FROM disclosures WHERE seq = 2 LIMIT 1)")
	m, err := Repair(t.Context(), dir, o, false)
	must(t, err)
	if len(m.Lost) == 0 || !strings.HasPrefix(m.Lost[0], "1 of ") || !strings.HasSuffix(m.Lost[0], "fields of entry 2") {
		t.Errorf("lost %q", m.Lost)
	}
}

// The damaged database that a repair keeps aside holds what a later erasure
// destroys.
func TestErasureReachesWhatARepairKept(t *testing.T) {
	t.Parallel()
	o := testOptions(t)
	s := create(t, o)
	rich(t, s)
	closeStore(t, s)
	dir := s.Dir()
	hand(t, dir, "PRAGMA foreign_keys = OFF", `INSERT INTO entries (seq, kind, line) VALUES (999, 'note', 'x')`)
	m, err := Repair(t.Context(), dir, o, false)
	must(t, err)
	if traces(t, m.Aside, marker) == 0 {
		t.Fatal("the old database is not kept")
	}
	must(t, os.WriteFile(filepath.Join(dir, newDatabase), []byte(marker), 0o600)) // of a repair that was killed
	s, err = Open(t.Context(), dir, o)
	must(t, err)
	defer closeStore(t, s)
	fields, _ := erasableFields(t, s)
	must(t, erase(t, s, agreeTo(t, s, fields, "e1", "e2")))
	finish(t, s)
	if n := traces(t, dir, marker); n > 0 {
		t.Errorf("%d traces are left", n)
	}
	if _, err := os.Stat(m.Aside); !os.IsNotExist(err) {
		t.Errorf("the folder that was kept: %v", err)
	}
}
