package store

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"firebreak/record"
	"firebreak/store/cryptvfs"
)

// An incident goes from plain to encrypted, to another key and back, and is
// the same record each time. No file keeps what was there before.
func TestReseal(t *testing.T) {
	t.Parallel()
	ctx, o := context.Background(), testOptions(t)
	o.Secret = nil
	dir := filled(t, o, 4)
	s, err := Open(ctx, dir, o)
	if err != nil {
		t.Fatal(err)
	}
	add(t, s, record.Noted, record.Note{Text: "before"})
	if err := backup(ctx, s.w, filepath.Join(dir, "incident.schema-1.db"), nil); err != nil {
		t.Fatal(err)
	}
	a, b := &[32]byte{1}, &[32]byte{2}
	if err := Reseal(ctx, dir, nil, a); !errors.Is(err, cryptvfs.ErrInUse) {
		t.Errorf("an open incident: %v, want ErrInUse", err)
	}
	head := s.Head().Seal()
	closeStore(t, s)
	for _, step := range []struct{ from, to *[32]byte }{{nil, a}, {nil, a}, {a, b}, {b, nil}, {nil, b}} {
		if err := Reseal(ctx, dir, step.from, step.to); err != nil {
			t.Fatal(err)
		}
		o.Secret = step.to
		s, err := Open(ctx, dir, o)
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Verify(ctx, VerifyOptions{})
		if err != nil || !r.OK() || s.Head().Seal() != head {
			t.Errorf("verify: %v, %v", r.Problems, err)
		}
		// Copied while open, with the log.
		found := holding(t, dir, "Odd login") // the title, in the projection
		if (found != 0) != (step.to == nil) {
			t.Errorf("the title can be read in %d files", found)
		}
		closeStore(t, s)
		o.Secret = &[32]byte{9}
		if _, err := Open(ctx, dir, o); !errors.Is(err, ErrDamaged) {
			t.Errorf("with a strange key: %v, want ErrDamaged", err)
		}
		left, err := filepath.Glob(filepath.Join(dir, "*.reseal*"))
		if err != nil || len(left) != 0 {
			t.Errorf("left behind: %v (%v)", left, err)
		}
	}
}

// What a killed call leaves is tidied up by the next, and never taken for
// rubbish while it is the database itself.
func TestResealAfterAKill(t *testing.T) {
	t.Parallel()
	ctx, o := context.Background(), testOptions(t)
	o.Secret = nil
	dir := filled(t, o, 4)
	db := filepath.Join(dir, DatabaseFile)
	if err := os.WriteFile(db+".resealing", []byte("half a copy"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(db, db+".resealed"); err != nil {
		t.Fatal(err)
	}
	o.Secret = &[32]byte{1}
	if err := Reseal(ctx, dir, nil, o.Secret); err != nil {
		t.Fatal(err)
	}
	// Killed after the new file took its place: the old one is still there.
	if err := os.WriteFile(db+".resealed", []byte("the old plain one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Reseal(ctx, dir, nil, o.Secret); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(db + ".resealed"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old file is still there: %v", err)
	}
	expect(t, dir, o, nil)
}

// holding is how many files of the folder hold the text.
func holding(t testing.TB, dir, text string) int {
	t.Helper()
	n := 0
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(text)) {
			n++
		}
	}
	return n
}
