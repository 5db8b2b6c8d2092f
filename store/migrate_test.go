package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"firebreak/internal/testkit"
	"firebreak/record"
)

func TestMigrationsAreNumbered(t *testing.T) {
	t.Parallel()
	steps, err := migrations(embedded)
	if err != nil || len(steps) == 0 {
		t.Fatalf("%d migrations, %v", len(steps), err)
	}
	for _, names := range [][]string{{"0002_x.sql"}, {"0001_x.sql", "0003_y.sql"}, {"0001_x.sql", "0001_y.sql"}, {"x.sql"}} {
		files := fstest.MapFS{}
		for _, n := range names {
			files["migrations/"+n] = &fstest.MapFile{}
		}
		if _, err := migrations(files); err == nil {
			t.Errorf("%v were accepted", names)
		}
	}
}

func TestMigrateBacksUpAndIsAllOrNothing(t *testing.T) {
	t.Parallel()
	ctx, o := context.Background(), testOptions(t)
	dir := filled(t, o, 4)
	path := filepath.Join(dir, DatabaseFile)
	s, err := Open(ctx, dir, o)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	now := len(s.steps)
	newer := append(slices.Clone(s.steps), "CREATE TABLE more (x); INSERT INTO more VALUES (7);")
	broken := append(slices.Clone(newer), "CREATE TABLE half (x); CREATE TABLE more (y);")

	if err := migrate(ctx, s.w, path, broken, s.key); err == nil {
		t.Fatal("a broken migration was accepted")
	}
	if at, err := schema(ctx, s.w); err != nil || at != now+1 {
		t.Errorf("schema %d after a broken migration, %v; want the last good one, %d", at, err, now+1)
	}
	var n int
	if err := s.w.QueryRow("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").Scan(&n); err != nil || n != 0 {
		t.Errorf("half of a migration stayed (%v)", err)
	}
	if err := migrate(ctx, s.w, path, newer, s.key); err != nil {
		t.Errorf("migrating again: %v", err)
	}
	backup := filepath.Join(dir, "incident.schema-1.db")
	if info, err := os.Stat(backup); err != nil || info.Mode().Perm() != testkit.Mode(0o600) {
		t.Fatalf("backup: %v, %v", info, err)
	}
	old := connect(backup, look, 1, s.key)
	defer func() {
		if err := old.Close(); err != nil {
			t.Error(err)
		}
	}()
	if at, err := schema(ctx, old); err != nil || at != now {
		t.Errorf("backup has schema %d, %v", at, err)
	}
	if err := old.QueryRow("SELECT count(*) FROM entries").Scan(&n); err != nil || n != 4 {
		t.Errorf("backup has %d entries, %v", n, err)
	}
}

func TestNewerSchemaIsLeftAlone(t *testing.T) {
	t.Parallel()
	ctx, o := context.Background(), testOptions(t)
	dir := filled(t, o, 3)
	hand(t, dir, "PRAGMA user_version = 99")
	before, err := os.ReadFile(filepath.Join(dir, DatabaseFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{o, {Secret: testSecret(), ReadOnly: true}} {
		if _, err := Open(ctx, dir, o); !errors.Is(err, ErrNewer) {
			t.Errorf("open: %v, want ErrNewer", err)
		}
	}
	after, err := os.ReadFile(filepath.Join(dir, DatabaseFile))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the database was touched (%v)", err)
	}
}

// Every connection has the pragmas that the promises rest on.
func TestPragmas(t *testing.T) {
	t.Parallel()
	s := create(t, testOptions(t))
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "secure_delete": "1", "busy_timeout": "10000", "trusted_schema": "0",
	} {
		for name, db := range map[string]*sql.DB{"writer": s.w, "readers": s.r} {
			var got string
			if err := db.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s: %s = %q, %v, want %q", name, pragma, got, err, want)
			}
		}
	}
	if _, err := s.r.Exec("DELETE FROM projection"); err == nil {
		t.Error("the read pool can write")
	}
	if n := s.w.Stats().MaxOpenConnections; n != 1 {
		t.Errorf("%d writers", n)
	}
	for _, forbidden := range []string{"UPDATE entries SET kind = 'x'", "DELETE FROM entries", "UPDATE disclosures SET seq = 1", "DELETE FROM heads"} {
		if _, err := s.w.Exec(forbidden); err == nil {
			t.Errorf("%s went through", forbidden)
		}
	}
}

// What is erased is gone from the file, not just from the table.
func TestDeletedDisclosureLeavesNoBytes(t *testing.T) {
	t.Parallel()
	o := testOptions(t)
	s := create(t, o)
	e := add(t, s, record.Noted, record.Note{Text: "plain words of a person"})
	var body string
	if err := s.w.QueryRow("SELECT body FROM disclosures WHERE seq = ? ORDER BY length(body) DESC", e.Seq).Scan(&body); err != nil {
		t.Fatal(err)
	}
	if _, err := s.w.Exec("DELETE FROM disclosures WHERE body = ?", body); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	for _, f := range []string{DatabaseFile, DatabaseFile + "-wal"} {
		b, err := os.ReadFile(filepath.Join(s.Dir(), f))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(body)) {
			t.Errorf("the erased disclosure is still in %s", f)
		}
	}
}
