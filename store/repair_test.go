package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"firebreak/record"
)

// mend wants Repair to say first what it then does, and to find nothing more.
func mend(t testing.TB, dir string, o Options) Mending {
	t.Helper()
	before := contents(t, dir)
	planned, err := Repair(t.Context(), dir, o, true)
	if err != nil {
		t.Fatal(err)
	}
	if after := contents(t, dir); !slices.Equal(before, after) || planned.Done {
		t.Errorf("saying what it would do changed the folder: %q", after)
	}
	m, err := Repair(t.Context(), dir, o, false)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(m.Plan, planned.Plan) || !m.Done {
		t.Errorf("did %q, said %q", m.Plan, planned.Plan)
	}
	if again, err := Repair(t.Context(), dir, o, false); err != nil || len(again.Plan) != 0 {
		t.Errorf("a second time: %q, %v", again.Plan, err)
	}
	return m
}

// contents are the files with their bytes; not the log's index, and the lock,
// which holds a name.
func contents(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "-shm") || d.Name() == lockFile {
			return err
		}
		b, err := os.ReadFile(path)
		if len(b) > 0 {
			out = append(out, d.Name()+" "+string(b))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRepairOfWhatIsDerived(t *testing.T) {
	t.Parallel()
	const n = 8
	sql := func(s ...string) func(*testing.T, string) {
		return func(t *testing.T, dir string) { hand(t, dir, s...) }
	}
	for name, c := range map[string]struct {
		hand func(*testing.T, string)
		says string
	}{
		"nothing":             {func(*testing.T, string) {}, ""},
		"kept hash":           {sql("UPDATE tree SET hash = zeroblob(32) WHERE id = 3"), "hash the lines again"},
		"kept hashes gone":    {sql("DELETE FROM tree"), "hash the lines again"},
		"one hash too many":   {sql("INSERT INTO tree (id, hash) VALUES (9999, zeroblob(32))"), "hash the lines again"},
		"kind":                {sql("UPDATE entries SET kind = 'incident.closed' WHERE seq = 3"), "set the kind of 1 entries"},
		"projection":          {sql("UPDATE projection SET doc = '{}'"), "fold the record again"},
		"projection gone":     {sql("DELETE FROM projection"), "fold the record again"},
		"head inside":         {sql("DELETE FROM heads WHERE size = 5"), "put the head of size 5 back"},
		"guards":              {sql(), "put entries_stay back"},
		"index":               {sql("DROP INDEX entries_kind"), "put entries_kind back"},
		"fields astray":       {sql("PRAGMA foreign_keys = OFF", "UPDATE disclosures SET seq = 2 WHERE seq = 5"), "do not lie with the entry"},
		"torn head":           {func(t *testing.T, dir string) { appendTo(t, dir, "test-key/2026") }, "cut the beginning of a head"},
		"newest head missing": {func(t *testing.T, dir string) { writeHeads(t, dir, headNotes(t, dir)[:n-1]...) }, "write the heads file anew"},
		"heads missing":       {func(t *testing.T, dir string) { writeHeads(t, dir, headNotes(t, dir)[3:5]...) }, "write the heads file anew"},
		"heads file gone":     {func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, HeadsFile))) }, "write the heads file anew"},
		"heads out of order": {func(t *testing.T, dir string) {
			h := headNotes(t, dir)
			h[2], h[3] = h[3], h[2]
			writeHeads(t, dir, h...)
		}, "write the heads file anew"},
		"head damaged": {func(t *testing.T, dir string) {
			h := headNotes(t, dir)
			b := bytes.Clone(h[4])
			b[len(b)/2] ^= 1
			h[4] = b
			writeHeads(t, dir, h...)
		}, "write the heads file anew"},
		"rubbish among the heads": {func(t *testing.T, dir string) {
			writeHeads(t, dir, slices.Insert(headNotes(t, dir), 4, []byte("rubbish\x00\n\n\n"))...)
		}, "write the heads file anew"},
		"log's heads": {func(t *testing.T, dir string) {
			hand(t, dir, "UPDATE projection SET state = 'x'", "UPDATE tree SET hash = zeroblob(32) WHERE id = 0")
			appendTo(t, dir, "x\n")
		}, "hash the lines again"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := testOptions(t)
			dir := filled(t, o, n)
			c.hand(t, dir)
			m := mend(t, dir, o)
			if said := strings.Join(m.Plan, "; "); !strings.Contains(said, c.says) || c.says == "" && said != "" || len(m.Lost) > 0 {
				t.Errorf("said %q, lost %q; want %q", said, m.Lost, c.says)
			}
			good(t, dir, o, n)
		})
	}
}

func appendTo(t testing.TB, dir, text string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, HeadsFile), os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteString(text)
	must(t, errors.Join(err, f.Close()))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// What was signed and is lost is named, and everything else is there.
func TestSalvage(t *testing.T) {
	t.Parallel()
	const n = 8
	for name, c := range map[string]struct {
		statements []string
		lost       string
		entries    int64
		what       record.Fault // that Verify names afterwards; "" for none
	}{
		"edited line": {[]string{`UPDATE entries SET line = CAST(replace(CAST(line AS TEXT), 'boot-1', 'boot-2') AS BLOB) WHERE seq = 5`}, "entry 5", n - 1, record.Removed},
		"line gone":   {[]string{"DELETE FROM disclosures WHERE seq = 4", "DELETE FROM entries WHERE seq = 4"}, "entry 4", n - 1, record.Removed},
		"field gone, line edited": {[]string{
			"DELETE FROM disclosures WHERE seq = 4", `UPDATE entries SET line = 'x' WHERE seq = 6`,
		}, "fields of entry 4", n - 1, record.Removed},
		"renumbered": {[]string{"UPDATE entries SET seq = seq + 100 WHERE seq > 3", "UPDATE disclosures SET seq = seq + 100 WHERE seq > 3"}, "", n, ""},
		"last gone":  {[]string{"DELETE FROM disclosures WHERE seq = 8", "DELETE FROM entries WHERE seq = 8"}, "entry 8", n - 1, record.Truncated},
		"last gone, hashes too": {[]string{
			"DELETE FROM disclosures WHERE seq = 8", "DELETE FROM entries WHERE seq = 8", "DELETE FROM tree", "DELETE FROM heads WHERE size = 8",
		}, "entries 8 to 8", n - 1, record.Truncated},
		"unsigned line": {[]string{`INSERT INTO entries (seq, kind, line) VALUES (9, 'note', 'x')`}, "1 lines that no head vouches for", n, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := testOptions(t)
			dir := filled(t, o, n)
			hand(t, dir, append([]string{"PRAGMA foreign_keys = OFF"}, c.statements...)...)
			m, err := Repair(t.Context(), dir, o, false)
			must(t, err)
			if said := strings.Join(m.Lost, "; "); !strings.Contains(said, c.lost) || c.lost == "" && said != "" || !m.Salvaged {
				t.Errorf("lost %q, want %q", said, c.lost)
			}
			if _, err := os.Stat(filepath.Join(m.Aside, DatabaseFile)); err != nil {
				t.Errorf("the old database: %v", err)
			}
			if c.what == "" {
				good(t, dir, o, n)
				return
			}
			o.ReadOnly = true
			s, err := Open(t.Context(), dir, o)
			must(t, err)
			defer closeStore(t, s)
			r, err := s.Verify(t.Context(), VerifyOptions{})
			must(t, err)
			if len(r.Problems) == 0 || !slices.ContainsFunc(r.Problems, func(p record.Problem) bool { return p.What == c.what }) || r.Entries != c.entries {
				t.Errorf("%d entries, %v; want %s", r.Entries, r.Problems, c.what)
			}
		})
	}
}

// Random damage to the pages: everything that still is vouched for comes back,
// and what is not is never taken for good.
func TestSalvageOfDamagedPages(t *testing.T) {
	t.Parallel()
	o := testOptions(t)
	s := create(t, o)
	const n = 120
	for i := 1; i < n; i++ {
		add(t, s, record.Noted, record.Note{Text: fmt.Sprint(i, strings.Repeat(" a long note", 80))})
	}
	closeStore(t, s)
	whole := s.Dir()
	b, err := os.ReadFile(filepath.Join(whole, DatabaseFile))
	must(t, err)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	came, mended := 0, 0
	for range 25 {
		dir := copyDir(t, whole)
		damaged := bytes.Clone(b)
		for range 1 + random.IntN(3) {
			page := 1 + random.IntN(len(b)/4096-1)
			for i := range 4096 {
				damaged[page*4096+i] = byte(random.Uint32())
			}
		}
		must(t, os.WriteFile(filepath.Join(dir, DatabaseFile), damaged, 0o600))
		m, err := Repair(context.Background(), dir, o, false)
		if err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrUntrusted) {
				t.Errorf("%v", err)
			}
			continue
		}
		look := o
		look.ReadOnly = true
		s, err := Open(t.Context(), dir, look)
		must(t, err)
		r, err := s.Verify(t.Context(), VerifyOptions{})
		must(t, err)
		if r.OK() && r.Entries == n {
			mended++
		} else if len(m.Lost) == 0 {
			t.Errorf("nothing is lost, it says, and Verify says %v", r.Problems)
		}
		for _, p := range r.Problems {
			foreign := []record.Fault{record.Edited, record.Inserted, record.Reordered, record.Rewritten, record.BadHead, record.BadSignature, record.ForeignDisclosure, record.ChangedDisclosure}
			if slices.Contains(foreign, p.What) {
				t.Errorf("it took what was not signed: %v", p)
			}
		}
		came += int(r.Entries)
		closeStore(t, s)
	}
	t.Logf("%d rounds whole again, %d entries came back", mended, came)
	if came == 0 {
		t.Error("nothing ever came back")
	}
}

// A repair that is killed after the old log is gone and before the new
// database has its name goes on at the next call.
func TestInterruptedSalvage(t *testing.T) {
	t.Parallel()
	o := testOptions(t)
	dir := filled(t, o, 8)
	whole, err := os.ReadFile(filepath.Join(dir, DatabaseFile))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, mendedDatabase), whole, 0o600))
	must(t, os.WriteFile(filepath.Join(dir, newDatabase), []byte("half"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, DatabaseFile), []byte("damaged"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, DatabaseFile+"-wal"), []byte("a log of the old one"), 0o600))
	m, err := Repair(t.Context(), dir, o, false)
	must(t, err)
	if len(m.Plan) != 1 || !strings.Contains(m.Plan[0], "interrupted") {
		t.Errorf("%q", m.Plan)
	}
	good(t, dir, o, 8)
}

// Where the entry that opens the incident cannot be read, a new database would
// hold no incident: the old one stays.
func TestSalvageWithoutABeginning(t *testing.T) {
	t.Parallel()
	o := testOptions(t)
	dir := filled(t, o, 4)
	hand(t, dir, "DELETE FROM disclosures WHERE seq = 1", `INSERT INTO entries (seq, kind, line) VALUES (9, 'note', 'x')`)
	before := contents(t, dir)
	for _, dry := range []bool{true, false} {
		m, err := Repair(t.Context(), dir, o, dry)
		if !errors.Is(err, ErrDamaged) || m.Salvaged || m.Done {
			t.Errorf("dry %v: %+v, %v", dry, m, err)
		}
	}
	if after := contents(t, dir); !slices.Equal(before, after) {
		t.Errorf("it changed the folder: %q", after)
	}
}

// A stranger's record is not made to look good, and a rewritten one is not
// damage.
func TestRepairRefuses(t *testing.T) {
	t.Parallel()
	o := testOptions(t)
	dir := filled(t, o, 4)
	if _, err := Repair(t.Context(), dir, testOptions(t), false); !errors.Is(err, ErrUntrusted) {
		t.Errorf("another key: %v", err)
	}
	other := o
	s, err := Create(t.Context(), filepath.Join(t.TempDir(), "other"), testID, other, opened(t))
	must(t, err)
	closeStore(t, s)
	writeHeads(t, dir, headNotes(t, s.Dir())...)
	if _, err := Repair(t.Context(), dir, o, false); !errors.Is(err, ErrTampered) {
		t.Errorf("two roots of one size: %v", err)
	}
}

// A salvaged database is at rest as Open wants it, and a journal that a killed
// process left is undone before anybody looks.
func TestRepairLeavesNoJournalToBeRolledBack(t *testing.T) {
	o := testOptions(t)
	o.Secret = nil // an encrypted database has no journal on the disk
	s := create(t, o)
	for i := range 30 {
		add(t, s, record.Noted, record.Note{Text: fmt.Sprint(i, strings.Repeat(" a long note", 80))})
	}
	closeStore(t, s)
	path := filepath.Join(s.Dir(), DatabaseFile)
	// An index that points nowhere: SQLite finds it damaged, and every line is there.
	db := connect(path, write, 1, nil)
	for _, q := range []string{"PRAGMA writable_schema = ON", "UPDATE sqlite_schema SET rootpage = 2 WHERE name = 'projection_number'"} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	must(t, db.Close())
	m, err := Repair(t.Context(), s.Dir(), o, false)
	if err != nil || !m.Salvaged || len(m.Lost) > 0 {
		t.Fatalf("%+v, %v", m, err)
	}
	b, err := os.ReadFile(path)
	must(t, err)
	if b[18] != 2 || b[19] != 2 { // https://sqlite.org/fileformat.html: 2 is a write-ahead log
		t.Fatalf("the salvaged file is in mode %d, %d", b[18], b[19])
	}

	// As a kill in the middle of a change of mode leaves it.
	hot := connect(path, staged, 1, nil)
	for _, q := range []string{"PRAGMA journal_mode = DELETE", "PRAGMA synchronous = FULL", "PRAGMA cache_size = 1", "BEGIN IMMEDIATE", "DELETE FROM tree", "UPDATE projection SET doc = ''"} {
		if _, err := hot.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	killed := copyDir(t, s.Dir())
	must(t, hot.Close())
	if _, err := os.Stat(filepath.Join(killed, DatabaseFile+"-journal")); err != nil {
		t.Fatal(err)
	}
	m, err = Repair(t.Context(), killed, o, false)
	if err != nil || m.Salvaged || len(m.Lost) > 0 || len(m.Plan) == 0 {
		t.Fatalf("%+v, %v", m, err)
	}
	s, err = Open(t.Context(), killed, o)
	must(t, err)
	verified(t, s)
	closeStore(t, s)
}
