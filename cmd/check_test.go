package cmd_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/mattn/go-sqlite3"
)

type checked struct {
	Incident       string
	Blobs, Read    int
	Problems       []struct{ What, Where string }
	Notes          []struct{ What, Where string }
	Unknown        []string
	ExhibitsListed int `json:"exhibits"`
}

// check runs check on one incident and wants that exit code.
func (b *bench) check(code int, args ...string) checked {
	b.t.Helper()
	r := b.want(code, append([]string{"check", "--json"}, args...)...)
	var c checked
	line, _, _ := strings.Cut(r.out, "\n")
	if err := json.Unmarshal([]byte(line), &c); err != nil {
		b.t.Fatalf("check: %v in %q", err, r.out)
	}
	return c
}

// hand runs SQL on an incident's database, guards removed.
func (b *bench) hand(id string, statements ...string) {
	b.t.Helper()
	db, err := sql.Open("sqlite3", filepath.Join(b.home, "incidents", id, "incident.db"))
	if err != nil {
		b.t.Fatal(err)
	}
	for _, s := range append([]string{"DROP TRIGGER IF EXISTS entries_stay", "DROP TRIGGER IF EXISTS entries_remain"}, statements...) {
		if _, err := db.Exec(s); err != nil {
			b.t.Fatalf("%s: %v", s, err)
		}
	}
	if err := db.Close(); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) in(id string, name ...string) string {
	return filepath.Join(append([]string{b.home, "incidents", id}, name...)...)
}

// TestCheckFindsAndRepairMends plants damage of every kind: check names it, and
// repair mends what can be made again.
func TestCheckFindsAndRepairMends(t *testing.T) {
	t.Parallel()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	flip := func(path string) {
		content, err := os.ReadFile(path)
		must(err)
		content[len(content)/2] ^= 1
		must(os.Chmod(path, 0o600))
		must(os.WriteFile(path, content, 0o400))
		must(os.Chmod(path, 0o400))
	}
	empty := func(path string) {
		must(os.Chmod(path, 0o600))
		must(os.Truncate(path, 0))
		must(os.Chmod(path, 0o400))
	}
	for name, c := range map[string]struct {
		plant  func(b *bench, id string)
		args   []string
		what   string // of the problem
		where  string
		mended bool // by repair alone
		backup bool // by repair --from
	}{
		"missing blob":      {func(b *bench, id string) { must(os.Remove(b.blobs(id)[0])) }, nil, "missing blob", "exhibit e", false, true},
		"damaged blob":      {func(b *bench, id string) { flip(b.blobs(id)[0]) }, []string{"--read-data"}, "damaged blob", "exhibit e", false, true},
		"blob of no size":   {func(b *bench, id string) { empty(b.blobs(id)[0]) }, nil, "damaged blob", "0 bytes", false, true},
		"foreign file":      {func(b *bench, id string) { b.plant(id, "evidence/readme.txt", 0o600) }, nil, "unknown file", "evidence/readme.txt", false, false},
		"foreign blob name": {func(b *bench, id string) { b.plant(id, "evidence/"+filepath.Base(b.blobs(id)[0]), 0o400) }, nil, "unknown file", "evidence/", false, false},
		"mode of a file":    {func(b *bench, id string) { must(os.Chmod(b.in(id, "incident.db"), 0o644)) }, nil, "mode", "incident.db: mode 0644", true, false},
		"mode of a folder":  {func(b *bench, id string) { must(os.Chmod(b.in(id, "evidence"), 0o755)) }, nil, "mode", "evidence: mode 0755", true, false},
		"mode of a blob":    {func(b *bench, id string) { must(os.Chmod(b.blobs(id)[0], 0o444)) }, nil, "mode", "mode 0444", true, false},
		"kept hash":         {func(b *bench, id string) { b.hand(id, "UPDATE tree SET hash = zeroblob(32) WHERE id = 2") }, nil, "record", "projection differs: kept hash 2", true, false},
		"projection": {func(b *bench, id string) {
			b.hand(id, "UPDATE projection SET state = 'closed' WHERE kind = 'incident'")
		}, nil, "record", "projection differs", true, false},
		"projection gone": {func(b *bench, id string) { b.hand(id, "DELETE FROM projection WHERE kind = 'exhibit'") }, nil, "record", "exhibit e1 is missing", true, false},
		"kind":            {func(b *bench, id string) { b.hand(id, "UPDATE entries SET kind = 'note' WHERE seq = 2") }, nil, "record", "its row says note", true, false},
		"heads file":      {func(b *bench, id string) { must(os.Remove(b.in(id, "heads"))) }, nil, "missing file", "heads", true, false},
		"timeline": {func(b *bench, id string) {
			must(os.WriteFile(b.in(id, "timeline.db"), bytes.Repeat([]byte("x"), 9000), 0o600))
		}, nil, "timeline", "damaged", true, false},
		"evidence key":   {func(b *bench, id string) { must(os.Remove(b.in(id, "evidence.key"))) }, nil, "missing file", "evidence.key", false, true},
		"database pages": {func(b *bench, id string) { b.scribble(id) }, nil, "record", "", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, id, file, identity := backup(t)
			b.t = t
			b.check(0, id, "--read-data")
			c.plant(b, id)
			found := b.check(6, append(c.args, id)...)
			if !slices.ContainsFunc(found.Problems, func(p struct{ What, Where string }) bool {
				return p.What == c.what && strings.Contains(p.Where, c.where)
			}) {
				t.Errorf("found %+v, want %s: %s", found.Problems, c.what, c.where)
			}
			args := []string{"repair", id, "--from", file, "--identity", identity}
			if !c.backup {
				args = args[:2]
			}
			before := b.tree(id)
			b.run(args...)
			if after := b.tree(id); !slices.Equal(before, after) {
				t.Errorf("saying what it would do changed something:\n%q\n%q", before, after)
			}
			if !c.mended && !c.backup {
				return
			}
			tells(t, b.want(0, append(args, "--yes")...), id+" verified")
			b.check(0, id, "--read-data")
			b.want(0, "note", id, "gone on with")
			tells(t, b.want(0, "search", id, "publickey"), "203.0.113.66")
			tells(t, b.want(0, "repair", id, "--yes"), "nothing to mend")
		})
	}
}

func (b *bench) plant(id, name string, mode os.FileMode) {
	b.t.Helper()
	if err := os.WriteFile(b.in(id, name), []byte("x"), mode); err != nil {
		b.t.Fatal(err)
	}
}

// scribble damages the pages of an index: nothing that cannot be made again.
func (b *bench) scribble(id string) {
	b.t.Helper()
	path := b.in(id, "incident.db")
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		b.t.Fatal(err)
	}
	var root, size int64
	err = db.QueryRow("SELECT rootpage FROM sqlite_schema WHERE name = 'projection_number'").Scan(&root)
	if err == nil {
		err = db.QueryRow("PRAGMA page_size").Scan(&size)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		b.t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := f.WriteAt(bytes.Repeat([]byte{0xa5}, int(size)), (root-1)*size); err != nil {
		b.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.t.Fatal(err)
	}
}

// tree are the files of an incident with their modes and bytes, without what
// looking at a database makes.
func (b *bench) tree(id string) []string {
	b.t.Helper()
	var out []string
	err := filepath.Walk(b.in(id), func(path string, info os.FileInfo, err error) error {
		name := filepath.Base(path)
		if err != nil || strings.HasSuffix(name, "-shm") || strings.HasSuffix(name, "-wal") || name == "lock" {
			return err
		}
		line := fmt.Sprintf("%s %v", path, info.Mode())
		if info.Mode().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" %x", content[:min(64, len(content))])
		}
		out = append(out, line)
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

// TestCheckSubsets reads each exhibit once over all parts, and the same ones
// each time.
func TestCheckSubsets(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.open("odd process")
	args := []string{"ingest", id}
	for n := range 12 {
		args = append(args, b.write(fmt.Sprintf("%d.log", n), fmt.Sprintf("file %d\n", n)))
	}
	b.want(0, args...)
	total := 0
	for n := 1; n <= 3; n++ {
		one := b.check(0, id, fmt.Sprintf("--read-data-subset=%d/3", n))
		if two := b.check(0, id, fmt.Sprintf("--read-data-subset=%d/3", n)); two.Read != one.Read {
			t.Errorf("part %d read %d, then %d", n, one.Read, two.Read)
		}
		total += one.Read
	}
	if total != 12 {
		t.Errorf("the three parts read %d exhibits, want 12", total)
	}
	for _, bad := range []string{"0/3", "4/3", "3", "a/b", "1/0", "-1/3", "1/99999999999999999999"} {
		b.want(2, "check", id, "--read-data-subset="+bad)
	}
	if c := b.check(0, id); c.Read != 0 || c.Blobs != 12 {
		t.Errorf("%+v", c)
	}
	// A blob that nobody recorded, and one under way, are told, and no problem.
	b.plant(id, "evidence/tmp-1-1", 0o600)
	if c := b.check(0, id); len(c.Notes) != 1 || c.Notes[0].What != "unfinished" {
		t.Errorf("%+v", c.Notes)
	}
	tells(t, b.want(0, "repair", id, "--yes"), "remove unfinished files")
	if c := b.check(0, id); len(c.Notes) != 0 {
		t.Errorf("%+v", c.Notes)
	}
	// A folder that is gone was there.
	if err := os.RemoveAll(b.in(id)); err != nil {
		t.Fatal(err)
	}
	tells(t, b.want(6, "check"), "missing incident: "+id+" was here")
}

// TestCheckOfUnreadable is part of what a check says, not its end.
func TestCheckOfUnreadable(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root can read everything")
	}
	b, id, _, _ := backup(t)
	if err := os.Chmod(b.in(id, "evidence.key"), 0); err != nil {
		t.Fatal(err)
	}
	if c := b.check(5, id); len(c.Unknown) == 0 {
		t.Errorf("%+v", c)
	}
}

// A database that cannot be read whole is a report with exit code 6, in words
// and in JSON, and not a program that could not verify.
func TestVerifyOfUnreadable(t *testing.T) {
	t.Parallel()
	b, id, _, _ := backup(t)
	b.scribble(id)
	tells(t, b.want(6, "verify", id), "PROBLEM  damaged: ", id+" NOT VERIFIED", "the evidence was not checked")
	r := b.want(6, "verify", id, "--json")
	var report struct {
		Problems []struct{ What string } `json:"problems"`
	}
	if err := json.Unmarshal([]byte(r.out), &report); err != nil || len(report.Problems) == 0 || report.Problems[0].What != "damaged" {
		t.Errorf("%v: %s", err, r.out)
	}
	tells(t, b.want(0, "repair", id, "--yes"), id+" verified")
	tells(t, b.want(0, "verify", id), id+" verified")
}
