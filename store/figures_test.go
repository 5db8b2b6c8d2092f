package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"firebreak/internal/testkit"
	"firebreak/record"
)

const figureText = "the owner of web-1 confirms that nobody should be logged in"

// twins are the same incident plain and encrypted.
func twins(t testing.TB) (plain, encrypted *Store) {
	t.Helper()
	o := testOptions(t)
	o.Secret = nil
	plain = create(t, o)
	o = testOptions(t)
	o.Secret = &[32]byte{1, 2, 3}
	return plain, create(t, o)
}

// TestFigures measures what the documentation says; it asserts no time.
func TestFigures(t *testing.T) {
	if !testkit.Soak() {
		t.Skip("takes minutes: set FIREBREAK_SOAK=1")
	}
	t.Run("record", figureRecord)
	t.Run("verify", figureVerify)
}

// figureRecord compares an entry with an encrypted one and with the floor: one
// row in one durable commit of a bare database.
func figureRecord(t *testing.T) {
	ctx := context.Background()
	plain, encrypted := twins(t)
	path := filepath.Join(t.TempDir(), "bare.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	bare := connect(path, write, 1, nil)
	defer func() {
		if err := bare.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := bare.Exec("CREATE TABLE bare (x TEXT)"); err != nil {
		t.Fatal(err)
	}
	d := draft(t, record.Noted, record.Note{Text: figureText})
	update := func(s *Store) func() error {
		return func() error {
			_, err := s.Update(ctx, func(*Tx) (record.Draft, error) { return d, nil })
			return err
		}
	}
	n := testkit.Rounds(t, 20, 1500)
	took := testkit.Turns(t, n, update(plain), update(encrypted), func() error {
		_, err := bare.Exec("INSERT INTO bare VALUES (?)", figureText)
		return err
	})
	testkit.Tell(t, testkit.Figure{Name: "recording an entry", Rounds: n, Values: map[string]any{
		"plain, median": took[0].String(), "encrypted, median": took[1].String(), "bare SQLite commit, median": took[2].String(),
		"encrypted / plain": testkit.Ratio(took[1], took[0]), "plain / bare": testkit.Ratio(took[0], took[2]),
		"entries per second, encrypted": int(float64(time.Second) / float64(took[1])),
	}, Note: "each synced (FULL) with its head, taken in turn; a bare commit syncs once, an entry twice: database and heads"})
}

// figureVerify takes a record of 100,000 entries.
func figureVerify(t *testing.T) {
	ctx := context.Background()
	plain, encrypted := twins(t)
	entries := testkit.Rounds(t, 1000, 100_000)
	ds := make([]record.Draft, 500)
	for i := range ds {
		ds[i] = draft(t, record.Noted, record.Note{Text: fmt.Sprint(figureText, " ", i)})
	}
	for _, s := range []*Store{plain, encrypted} {
		for done := 1; done < entries; done += len(ds) {
			if _, err := s.UpdateAll(ctx, func(*Tx) ([]record.Draft, error) { return ds[:min(len(ds), entries-done)], nil }); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.w.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
			t.Fatal(err)
		}
	}
	verify := func(s *Store) func() error {
		return func() error {
			r, err := s.Verify(ctx, VerifyOptions{})
			if err == nil && (!r.OK() || r.Entries != int64(entries)) {
				err = fmt.Errorf("%d entries, problems %v", r.Entries, r.Problems)
			}
			return err
		}
	}
	took := testkit.Turns(t, 3, verify(plain), verify(encrypted))
	size := func(s *Store) int64 {
		info, err := os.Stat(filepath.Join(s.Dir(), DatabaseFile))
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	testkit.Tell(t, testkit.Figure{Name: "verifying a record", Rounds: entries, Values: map[string]any{
		"plain": took[0].Round(time.Millisecond).String(), "encrypted": took[1].Round(time.Millisecond).String(),
		"encrypted / plain":              testkit.Ratio(took[1], took[0]),
		"entries per second, encrypted":  int(float64(entries) / took[1].Seconds()),
		"bytes per entry in incident.db": float64(size(plain) / int64(entries)), "bytes per entry, encrypted": float64(size(encrypted) / int64(entries)),
	}, Note: "tree, heads, signatures, disclosures, SQLite's own check, and the record replayed; notes of 60 letters, 500 under each head"})
}
