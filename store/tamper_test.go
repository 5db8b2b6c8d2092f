package store

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"firebreak/incident"
	"firebreak/record"
)

// filled is a closed incident of n entries.
func filled(t testing.TB, o Options, n int) (dir string) {
	t.Helper()
	s := create(t, o)
	for i := 1; i < n; i++ {
		add(t, s, record.Noted, record.Note{Text: fmt.Sprint("note ", i+1)})
	}
	closeStore(t, s)
	return s.Dir()
}

// hand runs SQL on the database as somebody with the file would, guard rails
// removed.
func hand(t testing.TB, dir string, statements ...string) {
	t.Helper()
	key, err := takeKey(testSecret())
	if err != nil {
		t.Fatal(err)
	}
	defer key.Release()
	db := connect(filepath.Join(dir, DatabaseFile), write, 1, key)
	if _, err := db.Exec("PRAGMA foreign_keys = OFF"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"entries_stay", "entries_remain", "disclosures_stay", "heads_stay", "heads_remain"} {
		if _, err := db.Exec("DROP TRIGGER " + name); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func headNotes(t testing.TB, dir string) [][]byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, HeadsFile))
	if err != nil {
		t.Fatal(err)
	}
	h, err := record.SplitHeads(b)
	if err != nil {
		t.Fatal(err)
	}
	return h.Notes
}

func writeHeads(t testing.TB, dir string, notes ...[]byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, HeadsFile), slices.Concat(notes...), 0o600); err != nil {
		t.Fatal(err)
	}
}

func copyDir(t testing.TB, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), filepath.Base(from))
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

// Each hand on the folder has its name in Verify; those that Open can see at
// once are refused for writing and can still be looked at.
func TestTamperMatrix(t *testing.T) {
	t.Parallel()
	const n = 8
	for _, c := range []struct {
		name string
		hand func(t *testing.T, dir string)
		open error // of opening for writing; nil when only Verify can see it
		seq  int64
		what record.Fault
	}{
		{"edit a byte of a line", func(t *testing.T, dir string) {
			hand(t, dir, `UPDATE entries SET line = CAST(replace(CAST(line AS TEXT), '"kind":"note"', '"kind":"nope"') AS BLOB) WHERE seq = 5`)
		}, nil, 5, record.Edited},
		{"delete in the middle", func(t *testing.T, dir string) {
			hand(t, dir, "DELETE FROM disclosures WHERE seq = 4", "DELETE FROM entries WHERE seq = 4")
		}, nil, 4, record.Removed},
		{"delete in the middle and close the gap", func(t *testing.T, dir string) {
			hand(t, dir, "DELETE FROM disclosures WHERE seq = 4", "DELETE FROM entries WHERE seq = 4",
				"UPDATE disclosures SET seq = seq - 1 WHERE seq > 4", "UPDATE entries SET seq = seq - 1 WHERE seq > 4")
		}, ErrTruncated, 4, record.Removed},
		{"delete the last", func(t *testing.T, dir string) {
			hand(t, dir, "DELETE FROM disclosures WHERE seq = 8", "DELETE FROM entries WHERE seq = 8")
		}, ErrTruncated, 8, record.Truncated},
		{"delete the last with everything inside", func(t *testing.T, dir string) {
			hand(t, dir, "DELETE FROM disclosures WHERE seq = 8", "DELETE FROM entries WHERE seq = 8", "DELETE FROM heads WHERE size = 8",
				"DELETE FROM tree WHERE id >= 11") // tlog: 7 leaves have 11 hashes
		}, ErrTruncated, 8, record.Truncated},
		{"swap two", func(t *testing.T, dir string) {
			hand(t, dir, "UPDATE entries SET seq = -3 WHERE seq = 3", "UPDATE entries SET seq = 3 WHERE seq = 4", "UPDATE entries SET seq = 4 WHERE seq = -3")
		}, nil, 3, record.Reordered},
		{"insert a copy", func(t *testing.T, dir string) {
			hand(t, dir, "INSERT INTO entries SELECT 9, kind, line FROM entries WHERE seq = 2")
		}, ErrTampered, 2, record.Inserted},
		{"change a disclosure", func(t *testing.T, dir string) {
			hand(t, dir, "UPDATE disclosures SET body = (SELECT body FROM disclosures WHERE seq = 3 LIMIT 1) WHERE rowid = (SELECT min(rowid) FROM disclosures WHERE seq = 5)")
		}, nil, 5, record.ChangedDisclosure},
		{"delete a disclosure", func(t *testing.T, dir string) {
			hand(t, dir, "DELETE FROM disclosures WHERE rowid = (SELECT min(rowid) FROM disclosures WHERE seq = 5)")
		}, nil, 5, record.MissingDisclosure},
		{"remove a head in the middle", func(t *testing.T, dir string) {
			hs := headNotes(t, dir)
			writeHeads(t, dir, slices.Delete(hs, 3, 4)...)
		}, nil, 4, record.HeadRemoved},
		{"remove the last two heads", func(t *testing.T, dir string) {
			writeHeads(t, dir, headNotes(t, dir)[:n-2]...)
		}, ErrTampered, 7, record.HeadRemoved},
		{"remove the heads file", func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, HeadsFile)); err != nil {
				t.Fatal(err)
			}
		}, ErrTampered, 0, record.HeadRemoved},
		{"sign with another key", func(t *testing.T, dir string) {
			hs := headNotes(t, dir)
			h, err := record.ReadHead(hs[n-1])
			if err != nil {
				t.Fatal(err)
			}
			root, err := hex.DecodeString(h.Root)
			if err != nil {
				t.Fatal(err)
			}
			forged, err := record.SignHead(testOptions(t).Key, h.Origin, n, record.Hash(root))
			if err != nil {
				t.Fatal(err)
			}
			writeHeads(t, dir, append(hs[:n-1], forged.Signed)...)
		}, ErrTampered, 0, record.BadSignature},
		{"change a projection", func(t *testing.T, dir string) {
			hand(t, dir, `UPDATE projection SET doc = replace(doc, 'Odd login', 'Nothing') WHERE kind = 'incident'`)
		}, nil, 0, record.Derived},
		{"change the kind column", func(t *testing.T, dir string) {
			hand(t, dir, `UPDATE entries SET kind = 'role.assigned' WHERE seq = 6`)
		}, nil, 6, record.Derived},
		{"change a kept hash", func(t *testing.T, dir string) {
			hand(t, dir, `UPDATE tree SET hash = zeroblob(32) WHERE id = 0`)
		}, nil, 0, record.Derived},
		{"change the top hash", func(t *testing.T, dir string) {
			hand(t, dir, `UPDATE tree SET hash = zeroblob(32)`)
		}, ErrTampered, 0, record.Derived},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, o := context.Background(), testOptions(t)
			dir := filled(t, o, n)
			c.hand(t, dir)
			s, err := Open(ctx, dir, o)
			if c.open != nil {
				if !errors.Is(err, c.open) {
					t.Fatalf("open: %v, want %v", err, c.open)
				}
				s, err = Open(ctx, dir, Options{Secret: testSecret(), ReadOnly: true, Trust: []string{o.Key.Public()}})
			}
			if err != nil {
				t.Fatal(err)
			}
			defer closeStore(t, s)
			r, err := s.Verify(ctx, VerifyOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(r.Problems, func(p record.Problem) bool { return p.What == c.what && p.Seq == c.seq }) {
				t.Errorf("want %q at entry %d, problems:\n%v", c.what, c.seq, r.Problems)
			}
			if err := s.View(ctx, func(tx *Tx) error { _, err := tx.Incident(); return err }); err != nil {
				t.Errorf("the incident cannot be looked at: %v", err)
			}
		})
	}
}

func TestOldBackupRestored(t *testing.T) {
	t.Parallel()
	ctx, o := context.Background(), testOptions(t)
	dir := filled(t, o, 5)
	old := copyDir(t, dir)
	s, err := Open(ctx, dir, o)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		add(t, s, record.Noted, record.Note{Text: "later"})
	}
	seal := s.Head().Seal()
	closeStore(t, s)
	backup, err := os.ReadFile(filepath.Join(old, DatabaseFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, DatabaseFile), backup, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Open(ctx, dir, o)
	var mismatch *MismatchError
	if !errors.Is(err, ErrTruncated) || !errors.As(err, &mismatch) || mismatch.Entries != 5 || mismatch.Heads != 8 {
		t.Fatalf("open: %v", err)
	}
	if !strings.Contains(err.Error(), "5 entries") || !strings.Contains(err.Error(), "vouch for 8") {
		t.Errorf("the error does not name the sizes: %v", err)
	}
	look, err := Open(ctx, dir, Options{Secret: testSecret(), ReadOnly: true, Trust: []string{o.Key.Public()}})
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, look)
	if _, err := look.Update(ctx, func(*Tx) (record.Draft, error) { return record.Draft{}, nil }); !errors.Is(err, ErrReadOnly) {
		t.Errorf("update: %v, want ErrReadOnly", err)
	}
	r, err := look.Verify(ctx, VerifyOptions{})
	if err != nil || len(r.Problems) == 0 || r.Problems[0].What != record.Truncated || r.Problems[0].Seq != 6 {
		t.Errorf("verify: %v, %v", r.Problems, err)
	}
	// The whole folder put back is a good record of the past: only a seal from
	// outside shows it.
	past, err := Open(ctx, old, o)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, past)
	if r, err := past.Verify(ctx, VerifyOptions{}); err != nil || !r.OK() || len(r.Notes) == 0 {
		t.Errorf("old folder: %+v, %v", r, err)
	}
	if r, err := past.Verify(ctx, VerifyOptions{Seals: []string{seal}}); err != nil || r.OK() || r.Problems[0].What != record.Truncated {
		t.Errorf("old folder with a seal: %+v, %v", r, err)
	}
}

// A damaged entry does not hide the others from somebody who only looks.
func TestLookAtDamagedRecord(t *testing.T) {
	t.Parallel()
	ctx, o := context.Background(), testOptions(t)
	dir := filled(t, o, 5)
	hand(t, dir, "UPDATE entries SET line = x'00' WHERE seq = 3",
		"UPDATE disclosures SET body = 'x' WHERE rowid = (SELECT min(rowid) FROM disclosures WHERE seq = 4)")
	s, err := Open(ctx, dir, o)
	if err != nil {
		t.Fatal(err)
	}
	err = s.View(ctx, func(tx *Tx) error { _, err := tx.Entries(0, 0); return err })
	if !errors.Is(err, ErrTampered) || !strings.Contains(err.Error(), "entry 3") {
		t.Errorf("entries: %v, want ErrTampered with the entry", err)
	}
	closeStore(t, s)
	look, err := Open(ctx, dir, Options{Secret: testSecret(), ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, look)
	err = look.View(ctx, func(tx *Tx) error {
		es, err := tx.Entries(0, 0)
		if err != nil || len(es) != 5 || es[2].Kind != record.Noted || es[2].Seq != 3 || es[4].Actor.Name == "" {
			t.Errorf("entries = %+v, %v", es, err)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// SQLite opens a WAL that lost its end, or a bit, without a word. The heads do
// not.
func TestDamagedWAL(t *testing.T) {
	t.Parallel()
	ctx, o := context.Background(), testOptions(t)
	s := create(t, o)
	for i := range 30 {
		add(t, s, record.Noted, record.Note{Text: fmt.Sprint(i)})
	}
	// Copied while open, so that the WAL is not yet in the database.
	base := copyDir(t, s.Dir())
	head := s.Head().Seal()
	wal, err := os.ReadFile(filepath.Join(base, DatabaseFile+"-wal"))
	if err != nil || len(wal) == 0 {
		t.Fatalf("wal: %d bytes, %v", len(wal), err)
	}
	r := rand.New(rand.NewPCG(5, 6))
	harmless, detected := 0, 0
	for round := range 200 {
		dir := filepath.Join(t.TempDir(), string(testID))
		if err := os.CopyFS(dir, os.DirFS(base)); err != nil {
			t.Fatal(err)
		}
		for _, f := range []string{DatabaseFile + "-shm", lockFile} {
			if err := os.Remove(filepath.Join(dir, f)); err != nil {
				t.Fatal(err)
			}
		}
		cut := r.IntN(len(wal))
		hurt := bytes.Clone(wal[:cut])
		if round%4 == 0 {
			hurt = bytes.Clone(wal)
			hurt[cut] ^= 1 << r.IntN(8)
		}
		if err := os.WriteFile(filepath.Join(dir, DatabaseFile+"-wal"), hurt, 0o600); err != nil {
			t.Fatal(err)
		}
		again, err := Open(ctx, dir, o)
		switch {
		case err == nil && again.Head().Seal() == head:
			harmless++
			closeStore(t, again)
		case err == nil:
			t.Errorf("hurt at %d of %d: opened with %s", cut, len(wal), again.Head().Short())
			closeStore(t, again)
		case errors.Is(err, ErrTruncated), errors.Is(err, ErrTampered), errors.Is(err, ErrDamaged):
			detected++
		default:
			t.Errorf("hurt at %d of %d: %v", cut, len(wal), err)
		}
	}
	t.Logf("%d detected, %d harmless", detected, harmless)
	if detected == 0 {
		t.Error("no truncation did any harm: the test tests nothing")
	}
}

func TestOpenWhatIsNotThere(t *testing.T) {
	t.Parallel()
	if _, err := Open(context.Background(), t.TempDir(), testOptions(t)); !errors.Is(err, incident.ErrNotFound) {
		t.Errorf("open: %v, want ErrNotFound", err)
	}
	dir := filled(t, testOptions(t), 3)
	if err := os.Truncate(filepath.Join(dir, DatabaseFile), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), dir, testOptions(t)); !errors.Is(err, ErrTruncated) || !strings.Contains(err.Error(), "vouch for 3") {
		t.Errorf("open of an emptied database: %v, want ErrTruncated", err)
	}
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, DatabaseFile), []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), dir, testOptions(t)); !errors.Is(err, ErrDamaged) {
		t.Errorf("open: %v, want ErrDamaged", err)
	}
}
