package store

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"firebreak/internal/testkit"
	"firebreak/record"
)

// TestSoakFigures measures; it asserts nothing of time. Ratios are against as
// many bare commits of one row, with the same pragmas, on the same disk.
func TestSoakFigures(t *testing.T) {
	if !testkit.Soak() {
		t.Skip("set FIREBREAK_SOAK to measure")
	}
	ctx := context.Background()
	count, many := testkit.Rounds(t, 0, 2000), testkit.Rounds(t, 0, 100_000)
	bare := bareCommits(t, count)
	for _, m := range modes() {
		o := m.with(testOptions(t))
		s := create(t, o)
		d := draft(t, record.Noted, record.Note{Text: "called the owner of web-1, who did not know of the login"})
		begun := time.Now()
		for range count {
			if _, err := s.Update(ctx, func(*Tx) (record.Draft, error) { return d, nil }); err != nil {
				t.Fatal(err)
			}
		}
		took := time.Since(begun)
		closeStore(t, s)
		perEntry := float64(size(t, s.Dir())) / float64(count+1)

		s = create(t, o)
		batch := make([]record.Draft, 500)
		for i := range batch {
			batch[i] = d
		}
		for n := 0; n < many; n += len(batch) {
			if _, err := s.UpdateAll(ctx, func(*Tx) ([]record.Draft, error) { return batch, nil }); err != nil {
				t.Fatal(err)
			}
		}
		begun = time.Now()
		r, err := s.Verify(ctx, VerifyOptions{})
		if err != nil || !r.OK() {
			t.Fatalf("verify: %v, %v", r.Problems, err)
		}
		verify := time.Since(begun)
		closeStore(t, s)
		name := "speed and size"
		if m.name != "plain" {
			name += ", " + m.name
		}
		testkit.Tell(t, testkit.Figure{Name: name, Values: map[string]any{
			"entries per second, fsynced":                             float64(int(float64(count) / took.Seconds())),
			"time of an entry, in bare commits of SQLite":             took.Seconds() / bare.Seconds(),
			"seconds to verify " + fmt.Sprint(r.Entries) + " entries": verify.Seconds(),
			"bytes on disk per entry, its head included":              float64(int(perEntry)),
		}})
	}
}

// bareCommits is how long n commits of one row take, fsynced.
func bareCommits(t *testing.T, n int) time.Duration {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bare.db")
	db, err := sql.Open("sqlite3", "file:"+path+"?_journal_mode=WAL&_synchronous=FULL&_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("CREATE TABLE row (id INTEGER PRIMARY KEY, text TEXT)"); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	for range n {
		if _, err := db.Exec("INSERT INTO row (text) VALUES (?)", "called the owner of web-1, who did not know of the login"); err != nil {
			t.Fatal(err)
		}
	}
	took := time.Since(begun)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return took
}

// size is what the record takes on disk, without the ballast.
func size(t *testing.T, dir string) (n int64) {
	t.Helper()
	es, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if e.Name() != BallastFile {
			n += info.Size()
		}
	}
	return n
}
