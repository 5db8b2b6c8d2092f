package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/mattn/go-sqlite3" // writes what is read here
)

// made is a database that SQLite wrote, by these statements.
func made(t testing.TB, pragmas string, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made.db")
	db, err := sql.Open("sqlite3", "file:"+path+"?"+pragmas)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	for _, s := range statements {
		if _, err := db.ExecContext(context.Background(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	t.Cleanup(func() { _ = db.Close() })
	return path
}

func opened(t testing.TB, path string) *File {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var wal []byte
	if wal, err = os.ReadFile(path + "-wal"); err != nil {
		wal = nil
	}
	f, err := Open(bytes.NewReader(b), int64(len(b)), bytes.NewReader(wal), int64(len(wal)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// rows is a table as text.
func rows(t testing.TB, f *File, table string) []string {
	t.Helper()
	tab, err := f.Table(t.Context(), table)
	if err != nil || tab == nil {
		t.Fatalf("no table %s (%v)", table, err)
	}
	var out []string
	err = f.Rows(t.Context(), tab, func(r *Row) error {
		out = append(out, line(tab, r))
		return nil
	}, func(at int64, err error) error { return fmt.Errorf("at %d: %w", at, err) })
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func line(tab *Table, r *Row) string {
	var cells []string
	for i := range tab.Columns {
		v := r.At(i)
		if v.Kind == Blob {
			cells = append(cells, fmt.Sprintf("x%x", v.Bytes))
		} else {
			cells = append(cells, v.String())
		}
	}
	return strings.Join(cells, "|")
}

// asked is the same, from SQLite.
func asked(t testing.TB, path, query string) []string {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // read only
	got, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close() //nolint:errcheck // read only
	names, err := got.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for got.Next() {
		cells := make([]sql.NullString, len(names))
		to := make([]any, len(names))
		for i := range cells {
			to[i] = &cells[i]
		}
		if err := got.Scan(to...); err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, c := range cells {
			texts = append(texts, c.String)
		}
		out = append(out, strings.Join(texts, "|"))
	}
	if err := got.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

const many = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 5000)
INSERT INTO t SELECT i, 'name ' || i, i * 1000003 - 2500000000, i / 7.0, CASE i % 50 WHEN 0 THEN printf('%.*c', i * 3, 'x') END FROM n`

func TestRowsAreWhatSQLiteReads(t *testing.T) {
	for _, c := range []struct{ name, pragmas, first string }{
		{"plain", "", "PRAGMA page_size = 4096"},
		{"small pages", "", "PRAGMA page_size = 512"},
		{"large pages", "", "PRAGMA page_size = 65536"},
		{"UTF-16", "", "PRAGMA encoding = 'UTF-16le'"},
		{"UTF-16 big endian", "", "PRAGMA encoding = 'UTF-16be'"},
		{"auto vacuum", "", "PRAGMA auto_vacuum = FULL"},
		{"write-ahead log", "_journal_mode=WAL", "PRAGMA wal_autocheckpoint = 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := made(t, c.pragmas, c.first,
				`CREATE TABLE t (id INTEGER PRIMARY KEY, "a name" TEXT, n, r REAL, long)`, many,
				`CREATE TABLE k (a TEXT, b INTEGER, c, PRIMARY KEY (b, a)) WITHOUT ROWID`,
				`INSERT INTO k SELECT "a name", id % 11, long FROM t`,
				`CREATE TABLE g (a /* , */ INTEGER, b AS (a * 2), c INTEGER AS (a * 3) STORED, d TEXT DEFAULT 'x,y', CHECK (a > 0), UNIQUE (a, d)) -- end`,
				`INSERT INTO g (a) VALUES (1), (2)`, `ALTER TABLE g ADD COLUMN e TEXT`,
				`DELETE FROM t WHERE id % 3 = 0`, `UPDATE t SET "a name" = 'new' WHERE id = 10`)
			f := opened(t, path)
			for table, query := range map[string]string{
				"t": `SELECT id, "a name", n, printf('%!.15g', r), long FROM t ORDER BY id`,
				"k": `SELECT a, b, c FROM k ORDER BY b, a`,
				"g": `SELECT a, c, d, e FROM g ORDER BY rowid`,
			} {
				got, want := rows(t, f, table), asked(t, path, query)
				if table == "t" { // 15 digits of a fraction are compared elsewhere
					got, want = without(got, 3), without(want, 3)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s: %d rows, want %d; first %.80q, want %.80q", table, len(got), len(want), first(got), first(want))
				}
			}
		})
	}
}

func first(s []string) string {
	if len(s) == 0 {
		return ""
	}
	return s[0]
}

func without(lines []string, column int) []string {
	var out []string
	for _, l := range lines {
		cells := strings.Split(l, "|")
		out = append(out, strings.Join(slices.Delete(cells, column, column+1), "|"))
	}
	return out
}

func TestDeletedRowsComeBack(t *testing.T) {
	for _, c := range []struct{ name, page, delete string }{
		{"one in the middle", "4096", "id = 40"},
		{"the newest of a page", "4096", "id = 90"},
		{"three side by side", "4096", "id IN (30, 31, 32)"},
		{"all of a small table", "4096", "id > 0"},
		{"whole pages", "512", "id > 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := made(t, "_secure_delete=off", "PRAGMA page_size = "+c.page, "PRAGMA secure_delete = OFF",
				"CREATE TABLE visits (id INTEGER PRIMARY KEY, url TEXT, at INTEGER)",
				`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 90)
				 INSERT INTO visits SELECT i, 'https://example.org/' || i, 1700000000 + i FROM n`)
			want := asked(t, path, "SELECT url, at FROM visits WHERE "+c.delete)
			db, err := sql.Open("sqlite3", "file:"+path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.ExecContext(t.Context(), "PRAGMA secure_delete = OFF; DELETE FROM visits WHERE "+c.delete); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			f := opened(t, path)
			tab, err := f.Table(t.Context(), "visits")
			if err != nil {
				t.Fatal(err)
			}
			left := rows(t, f, "visits")
			got := map[string]bool{}
			err = f.Deleted(t.Context(), tab, func(r *Row) bool { return strings.HasPrefix(r.Value("url").String(), "https://") }, func(r *Row) error {
				if !r.Recovered {
					t.Errorf("%s is not marked", line(tab, r))
				}
				got[r.Value("url").String()+"|"+r.Value("at").String()] = true
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			back := 0
			for _, w := range want {
				if got[w] {
					back++
				}
			}
			t.Logf("%d of %d come back, %d are left", back, len(want), len(left))
			if back*10 < len(want)*7 || len(left) != 90-len(want) {
				t.Errorf("%d of %d come back", back, len(want))
			}
		})
	}
}

func TestDamagedFiles(t *testing.T) {
	path := made(t, "", "PRAGMA page_size = 1024", `CREATE TABLE t (id INTEGER PRIMARY KEY, "a name" TEXT, n, r REAL, long)`, many)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(bytes.NewReader(b[:50]), 50, nil, 0); err == nil {
		t.Error("50 bytes are no database")
	}
	half := int64(len(b)/2 + 77)
	f, err := Open(bytes.NewReader(b[:half]), half, nil, 0)
	if err != nil || len(f.Notes()) != 1 {
		t.Fatalf("%v, %q", err, f.Notes())
	}
	tab, err := f.Table(t.Context(), "t")
	if err != nil {
		t.Fatal(err)
	}
	good, bad := 0, 0
	err = f.Rows(t.Context(), tab, func(*Row) error { good++; return nil }, func(int64, error) error { bad++; return nil })
	if err != nil || good < 1000 || bad == 0 {
		t.Errorf("%d rows, %d damaged, %v", good, bad, err)
	}
}

// FuzzFile: whatever the bytes, it ends, in bounded memory.
func FuzzFile(f *testing.F) {
	path := made(f, "_secure_delete=off", "PRAGMA page_size = 512", "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b TEXT)",
		`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 60) INSERT INTO t SELECT i, i * 7, printf('%.*c', i * 5, 'x') FROM n`,
		"DELETE FROM t WHERE id % 4 = 1", "CREATE TABLE k (a PRIMARY KEY, b) WITHOUT ROWID", "INSERT INTO k SELECT a, b FROM t")
	b, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, 0, byte(0))
	f.Add(b[:700], 3, byte(1))
	f.Fuzz(func(t *testing.T, b []byte, at int, v byte) {
		if len(b) > 1<<20 {
			t.Skip("larger than what is tried here")
		}
		b = bytes.Clone(b)
		if len(b) > 0 && at >= 0 {
			b[at%len(b)] = v
		}
		file, err := Open(bytes.NewReader(b), int64(len(b)), bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		all, err := file.Tables(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, tab := range all[:min(len(all), 20)] {
			visit := func(r *Row) error {
				if n++; n > 100*len(b)+100 {
					t.Fatal("more rows than bytes")
				}
				_ = line(tab, r)
				return nil
			}
			if err := file.Rows(t.Context(), tab, visit, func(int64, error) error { return nil }); err != nil {
				t.Fatal(err)
			}
			if err := file.Deleted(t.Context(), tab, nil, visit); err != nil {
				t.Fatal(err)
			}
		}
	})
}
