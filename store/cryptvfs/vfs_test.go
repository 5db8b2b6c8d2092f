package cryptvfs

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	sqlite3 "github.com/mattn/go-sqlite3"
)

func open(t testing.TB, path string, key *Key, params ...string) *sql.DB {
	t.Helper()
	q := url.Values{"_journal_mode": {"WAL"}, "_busy_timeout": {"5000"}}
	for _, p := range params {
		name, value, _ := strings.Cut(p, "=")
		q.Set(name, value)
	}
	key.Params(q)
	db, err := sql.Open("sqlite3", "file:"+path+"?"+q.Encode())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func run(t testing.TB, db *sql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func text(t testing.TB, db *sql.DB, query string) string {
	t.Helper()
	var s string
	if err := db.QueryRow(query).Scan(&s); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return s
}

// readable are the files below dir that hold one of the words.
func readable(t testing.TB, dir string, words ...string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, w := range words {
			if bytes.Contains(b, []byte(w)) {
				found = append(found, filepath.Base(path)+": "+w)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// temporary are the files of SQLite's that this process has open somewhere
// else; they have no name any more, so only the process itself can see them.
func temporary(t testing.TB) (found []string) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Logf("needs /proc to see temporary files: %v", err)
	}
	for _, fd := range fds {
		if to, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.Contains(to, "etilqs") {
			found = append(found, to)
		}
	}
	return found
}

const rows = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
	SELECT i, printf('planted-marker %d of web-1, %s', i * 7919 % 20000, hex(zeroblob(40))) FROM n`

// Nothing of what a database holds, nor its schema, is readable in any file,
// whatever SQLite does with it.
func TestNothingIsReadable(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("SQLITE_TMPDIR", dir)
	db := open(t, filepath.Join(dir, "x.db"), testKey(t, 1))
	db.SetMaxOpenConns(1)
	words := []string{"planted-marker", "marker_table", "CREATE TABLE", "SQLite format 3", "marker_index", "another-word"}
	check := func(when string) {
		t.Helper()
		if found := readable(t, dir, words...); len(found) > 0 {
			t.Errorf("%s: %v", when, found)
		}
		if found := temporary(t); len(found) > 0 {
			t.Errorf("%s: temporary files %v", when, found)
		}
		for _, journal := range []string{"x.db-journal"} {
			if _, err := os.Stat(filepath.Join(dir, journal)); err == nil {
				t.Errorf("%s: there is a %s", when, journal)
			}
		}
	}
	run(t, db, "PRAGMA cache_size = 20", "CREATE TABLE marker_table (i INTEGER PRIMARY KEY, t TEXT)", "BEGIN", "INSERT INTO marker_table "+rows)
	check("in a transaction that spills")
	run(t, db, "SAVEPOINT a", "UPDATE marker_table SET t = 'another-word ' || t", "ROLLBACK TO a", "COMMIT")
	check("after a savepoint")
	run(t, db, "CREATE INDEX marker_index ON marker_table (t)")
	check("after an index")
	run(t, db, "CREATE TEMP TABLE scratch AS SELECT t FROM marker_table ORDER BY t DESC", "CREATE INDEX temp.scratch_t ON scratch (t)")
	check("with temporary tables")
	func() {
		sorted, err := db.Query("SELECT t FROM marker_table ORDER BY substr(t, 20) DESC")
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := errors.Join(sorted.Err(), sorted.Close()); err != nil {
				t.Error(err)
			}
		}()
		if !sorted.Next() {
			t.Error("no rows")
		}
		check("in the middle of a sort")
	}()
	run(t, db, "DELETE FROM marker_table WHERE i % 3 = 0", "VACUUM")
	check("after VACUUM")
	run(t, db, "PRAGMA journal_mode = DELETE", "BEGIN IMMEDIATE", "UPDATE marker_table SET t = t || 'another-word' WHERE i < 9000")
	check("with a rollback journal")
	run(t, db, "ROLLBACK", "PRAGMA journal_mode = PERSIST", "UPDATE marker_table SET t = t || 'another-word' WHERE i < 9000", "PRAGMA journal_mode = WAL")
	check("after changes of the journal")
	if got := text(t, db, "PRAGMA integrity_check"); got != "ok" {
		t.Error(got)
	}
	if got := text(t, db, "SELECT count(*) || ' ' || sum(t LIKE '%another-word') FROM marker_table"); got != "13334 6000" {
		t.Errorf("rows: %s", got)
	}
}

// The pages of a file are as large as the format says, and a copy of it can
// be encrypted, plain, or encrypted with another key.
func TestCopies(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b := testKey(t, 1), testKey(t, 2)
	db := open(t, filepath.Join(dir, "a.db"), a)
	run(t, db, "CREATE TABLE marker_table (i INTEGER PRIMARY KEY, t TEXT)", "INSERT INTO marker_table "+rows)
	for name, key := range map[string]*Key{"same.db": a, "other.db": b, "plain.db": nil} {
		target, err := key.Target(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec("VACUUM INTO ?", target); err != nil {
			t.Fatal(err)
		}
		if found := readable(t, dir, "marker_table"); (len(found) > 0) != (key == nil) {
			t.Errorf("%s: %v", name, found)
		}
		again := open(t, filepath.Join(dir, name), key)
		if got := text(t, again, "SELECT count(*) || max(t) FROM marker_table"); !strings.HasPrefix(got, "20000planted-marker") {
			t.Errorf("%s: %s", name, got)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	// A name without a key is refused rather than written in plain.
	if _, err := db.Exec("VACUUM INTO ?", filepath.Join(dir, "forgotten.db")); err == nil {
		t.Error("a copy without a key was written")
	}
	if _, err := db.Exec("ATTACH ? AS x", "file:"+filepath.Join(dir, "forgotten.db")+"?slot=999999"); err == nil {
		t.Error("an unknown slot was opened")
	}
	if _, err := db.Exec("PRAGMA page_size = 8192; PRAGMA journal_mode = DELETE; VACUUM"); err == nil {
		if got := text(t, db, "PRAGMA page_size"); got != "4096" {
			t.Errorf("pages of %s bytes", got)
		}
	}
	if got := text(t, db, "PRAGMA integrity_check"); got != "ok" {
		t.Error(got)
	}
}

// left is a database as a killed process leaves it: all that was committed is
// still in the log.
func left(t testing.TB, key *Key) (path string) {
	t.Helper()
	dir := t.TempDir()
	db := open(t, filepath.Join(dir, "x.db"), key, "_synchronous=FULL")
	run(t, db, "PRAGMA wal_autocheckpoint = 0", "CREATE TABLE t (x TEXT)", "INSERT INTO t VALUES ('kept')")
	to := t.TempDir()
	for _, name := range []string{"x.db", "x.db-wal"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || len(b) == 0 && name != "x.db" {
			t.Fatalf("%s: %d bytes, %v", name, len(b), err)
		}
		if err := os.WriteFile(filepath.Join(to, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(to, "x.db")
}

// Somebody without the key sees nothing and, above all, destroys nothing: SQLite
// deletes a log that it takes for empty.
func TestWithoutTheKey(t *testing.T) {
	t.Parallel()
	key := testKey(t, 1)
	path := left(t, key)
	before, err := os.ReadFile(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	strange := testKey(t, 2)
	db := open(t, path, strange)
	err = db.QueryRow("SELECT x FROM t").Scan(new(string))
	var e sqlite3.Error
	if !errors.As(err, &e) || e.Code != sqlite3.ErrIoErr && e.Code != sqlite3.ErrNotADB {
		t.Errorf("with another key: %v", err)
	}
	if err := strange.Damage(); err == nil || !strings.Contains(err.Error(), "another key") {
		t.Errorf("damage: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	var none *Key
	if err := none.Check(path); !errors.Is(err, ErrOtherLog) {
		t.Errorf("a plain program looks at the log: %v", err)
	}
	if after, err := os.ReadFile(path + "-wal"); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the log has changed (%v)", err)
	}
	if got := text(t, open(t, path, key), "SELECT x FROM t"); got != "kept" {
		t.Errorf("with its key: %q", got)
	}
	// And the other way round.
	path = left(t, nil)
	if err := none.Check(path); err != nil {
		t.Errorf("a plain log: %v", err)
	}
	db = open(t, path, key)
	if err := db.QueryRow("SELECT x FROM t").Scan(new(string)); err == nil {
		t.Error("a plain file opened with a key")
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if got := text(t, open(t, path, nil), "SELECT x FROM t"); got != "kept" {
		t.Errorf("without a key: %q", got)
	}
}

// A file that is only looked at, in a folder where nothing can be made.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	key := testKey(t, 1)
	path := filepath.Join(t.TempDir(), "x.db")
	db := open(t, path, key)
	run(t, db, "CREATE TABLE t (x TEXT)", "INSERT INTO t VALUES ('kept')")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	for _, access := range [][]string{{"mode=ro", "_journal_mode="}, {"mode=ro", "immutable=1", "_journal_mode="}} {
		db := open(t, path, key, access...)
		if got := text(t, db, "SELECT x FROM t"); got != "kept" {
			t.Errorf("%v: %q", access, got)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A released key leaves open connections without use, and no round keys.
func TestRelease(t *testing.T) {
	t.Parallel()
	key, err := NewKey(&[32]byte{7})
	if err != nil {
		t.Fatal(err)
	}
	sealer, block := key.sealer, key.block
	db := open(t, filepath.Join(t.TempDir(), "x.db"), key)
	run(t, db, "CREATE TABLE t (x TEXT)")
	was := fmt.Sprintf("%v %v", sealer, block)
	key.Release()
	key.Release()
	if is := fmt.Sprintf("%v %v", sealer, block); is == was || strings.Trim(is, "&{}[] 0") == strings.Trim(was, "&{}[] 0") {
		t.Error("the ciphers still hold what they held")
	}
	if _, err := db.Exec("INSERT INTO t VALUES (1)"); err == nil {
		t.Error("written with a released key")
	}
	q := url.Values{}
	key.Params(q)
	again, err := sql.Open("sqlite3", "file:"+filepath.Join(t.TempDir(), "y.db")+"?"+q.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Ping(); err == nil {
		t.Error("opened with a released key")
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// Many connections open, read and write the same file, while its first page is
// written again and again.
func TestManyConnections(t *testing.T) {
	t.Parallel()
	key := testKey(t, 1)
	path := filepath.Join(t.TempDir(), "x.db")
	db := open(t, path, key)
	run(t, db, "CREATE TABLE t (x INTEGER)")
	done := make(chan error)
	for g := range 4 {
		go func() {
			for i := range 40 {
				q := url.Values{"_journal_mode": {"WAL"}, "_busy_timeout": {"20000"}, "_txlock": {"immediate"}}
				key.Params(q)
				c, err := sql.Open("sqlite3", "file:"+path+"?"+q.Encode())
				if err == nil {
					_, err = c.ExecContext(context.Background(), "PRAGMA wal_autocheckpoint = 1; INSERT INTO t VALUES (?)", g*1000+i)
					err = errors.Join(err, c.Close())
				}
				if err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Errorf("%v (%v)", err, key.Damage())
		}
	}
	if got := text(t, db, "SELECT count(DISTINCT x) FROM t"); got != "160" {
		t.Errorf("%s rows", got)
	}
	if got := text(t, db, "PRAGMA integrity_check"); got != "ok" {
		t.Error(got)
	}
}
