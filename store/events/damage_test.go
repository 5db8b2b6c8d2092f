package events

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDamagedFiles(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good.db")
	db, err := Open(t.Context(), good, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, db, numbered("e1", 5000))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	change := func(name string, statements ...string) string {
		path := filepath.Join(dir, name)
		b, err := os.ReadFile(good)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		raw := openRaw(t, path)
		defer closeTest(t, raw)
		for _, s := range statements {
			if _, err := raw.Exec(s); err != nil {
				t.Fatal(err)
			}
		}
		return path
	}
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is no database\n", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "foreign.db")
	raw := openRaw(t, foreign)
	if _, err := raw.Exec(`CREATE TABLE t (x)`); err != nil {
		t.Fatal(err)
	}
	closeTest(t, raw)
	for _, path := range []string{
		text, foreign, change("other.db", `PRAGMA application_id = 7`), change("short.db", `PRAGMA user_version = 0`),
	} {
		if db, err := Open(t.Context(), path, testOptions()); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", path, err)
			if err == nil {
				closeTest(t, db)
			}
		}
	}
	if _, err := Open(t.Context(), change("older.db", `PRAGMA user_version = 1`), testOptions()); !errors.Is(err, ErrOlder) || !errors.Is(err, ErrDamaged) {
		t.Errorf("older: %v", err)
	}
	// A newer program's is not touched: no log appears beside it.
	newer := change("newer.db", `PRAGMA user_version = 5`)
	before, err := os.ReadFile(newer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), newer, testOptions()); !errors.Is(err, ErrNewer) || errors.Is(err, ErrDamaged) {
		t.Errorf("newer: %v", err)
	}
	if after, err := os.ReadFile(newer); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file of a newer program changed (%v)", err)
	}
	if beside, err := filepath.Glob(newer + "-*"); err != nil || len(beside) != 0 {
		t.Errorf("beside it lies %v, %v", beside, err)
	}
	// Damage that does not show in the first page.
	b, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for i := 8192; i < len(b)-100; i += 4096 {
		copy(b[i:], strings.Repeat("\xfe", 100))
	}
	torn := filepath.Join(dir, "torn.db")
	if err := os.WriteFile(torn, b, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err = Open(t.Context(), torn, testOptions())
	if err == nil {
		defer closeTest(t, db)
		err = db.Check(t.Context())
	}
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("torn: %v", err)
	}
	whole, err := Open(t.Context(), good, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer closeTest(t, whole)
	if err := whole.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
