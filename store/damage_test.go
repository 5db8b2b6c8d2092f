package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/record"
)

// mode is a way to keep an incident; the damage matrix runs in each.
type mode struct {
	name string
	with func(Options) Options
}

func modes() []mode {
	return []mode{
		{"plain", func(o Options) Options { o.Secret = nil; return o }},
		{"encrypted", func(o Options) Options { o.Secret = &[32]byte{4, 5, 6}; return o }},
	}
}

// scene is an incident whose files are about to be damaged.
type scene struct {
	o       Options
	files   map[string][]byte
	picture string
	verdict verdict
}

// verdict counts what became of the damage.
type verdict struct {
	rounds, harmless, lost int
	where                  map[string]int
}

// newScene makes an incident with all kinds of things in it. Without closed the
// files are copied while it is open, with all of it in the log.
func newScene(t *testing.T, m mode, closed bool) *scene {
	t.Helper()
	sc := &scene{o: m.with(testOptions(t)), files: map[string][]byte{}, verdict: verdict{where: map[string]int{}}}
	s := create(t, sc.o)
	for i := range 20 {
		add(t, s, record.Noted, record.Note{Text: fmt.Sprint("note ", i)})
		add(t, s, record.EvidenceSealed, record.Exhibit{ID: fmt.Sprint("e", i+1), Title: "auth.log", Blob: fmt.Sprintf("%064x", i)})
		add(t, s, record.EventMarked, record.Mark{Event: fmt.Sprint("ev", i%5), Tags: []string{fmt.Sprint("t", i)}})
	}
	add(t, s, record.ItemAdded, record.Item{ID: "i1", Text: "rotate the keys"})
	if closed {
		closeStore(t, s)
	}
	for _, name := range []string{DatabaseFile, DatabaseFile + "-wal", HeadsFile} {
		b, err := os.ReadFile(filepath.Join(s.Dir(), name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		sc.files[name] = b
	}
	dir := sc.lay(t, "", nil)
	again, err := Open(context.Background(), dir, sc.o)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, again)
	if sc.picture, err = everything(again); err != nil {
		t.Fatal(err)
	}
	return sc
}

// lay writes the files into a new folder, one of them changed.
func (sc *scene) lay(t *testing.T, name string, content []byte) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), string(testID))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for n, b := range sc.files {
		if n == name {
			b = content
		}
		if n == name && content == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, n), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// everything is all that a reader can learn of an incident: lines,
// disclosures, heads, the tree, keys and what is derived, as one digest.
func everything(s *Store) (string, error) {
	ctx := context.Background()
	tx, err := s.r.BeginTx(ctx, nil)
	if err != nil {
		return "", err
	}
	defer func() { _ = tx.Rollback() }()
	h := sha256.New()
	for _, q := range []string{
		"SELECT quote(seq) || quote(kind) || quote(line) FROM entries ORDER BY seq",
		"SELECT quote(digest) || quote(seq) || quote(body) FROM disclosures ORDER BY digest",
		"SELECT quote(id) || quote(hash) FROM tree ORDER BY id",
		"SELECT quote(size) || quote(note) FROM heads ORDER BY size",
		"SELECT quote(public) FROM keys ORDER BY public",
		"SELECT quote(incident) || quote(origin) FROM about",
	} {
		rows, err := blobs(ctx, tx, q)
		if err != nil {
			return "", fmt.Errorf("%s: %w", q, err)
		}
		fmt.Fprintln(h, q, len(rows))
		for _, r := range rows {
			fmt.Fprintf(h, "%s\n", r)
		}
	}
	kept, err := dump(ctx, tx)
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(kept) // sorted by key
	if err != nil {
		return "", err
	}
	h.Write(b)
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// known are the sentinels that an opening may fail with after damage.
func known(err error) bool {
	for _, is := range []error{ErrDamaged, ErrTruncated, ErrTampered, ErrNewer, ErrUntrusted, incident.ErrNotFound} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}

// judge opens the damaged folder as a responder would, and decides: noticed at
// open, noticed by verify and named, or harmless because every entry,
// disclosure and projection reads as before. Anything else is silently wrong.
func (sc *scene) judge(t *testing.T, dir, what string) {
	t.Helper()
	v := &sc.verdict
	v.rounds++
	ctx := context.Background()
	s, err := Open(ctx, dir, sc.o)
	if err != nil {
		if !known(err) {
			t.Errorf("%s: open: %v", what, err)
		}
		v.where["at open"]++
		sc.look(t, dir, what)
		return
	}
	defer func() {
		if err := s.Close(); err != nil && !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: close: %v", what, err)
		}
	}()
	r, err := s.Verify(ctx, VerifyOptions{})
	if err != nil {
		if !known(err) {
			t.Errorf("%s: verify: %v", what, err)
		}
		v.where["by verify: the file cannot be read"]++
		return
	}
	if !r.OK() {
		if slices.ContainsFunc(r.Problems, func(p record.Problem) bool { return p.Where == "" && p.Seq == 0 }) {
			t.Errorf("%s: a problem without a place: %+v", what, r.Problems)
		}
		if slices.ContainsFunc(r.Problems, func(p record.Problem) bool { return p.Seq > 0 }) {
			v.where["by verify, the entry named"]++
		} else {
			v.where["by verify, the part of the file named"]++
		}
		return
	}
	now, err := everything(s)
	switch {
	case err != nil:
		t.Errorf("%s: verified, and cannot be read: %v", what, err)
		v.lost++
	case now != sc.picture:
		t.Errorf("%s: SILENTLY WRONG: it verifies and does not read as before", what)
		v.lost++
	default:
		v.harmless++
		e, err := s.Update(ctx, note(t, "goes on"))
		if err != nil || e.Seq != 63 {
			t.Errorf("%s: harmless, and the work cannot go on: entry %d, %v", what, e.Seq, err)
		}
	}
}

// look opens what was refused for writing to be looked at: that may fail, and
// must say why.
func (sc *scene) look(t *testing.T, dir, what string) {
	t.Helper()
	o := sc.o
	o.ReadOnly = true
	s, err := Open(context.Background(), dir, o)
	if err == nil {
		_, err = s.Verify(context.Background(), VerifyOptions{})
		err = errors.Join(err, s.Close())
	}
	if err != nil && !known(err) && !errors.Is(err, ErrReadOnly) {
		t.Errorf("%s: look: %v", what, err)
	}
}

func (sc *scene) tell(t *testing.T, name, note string) {
	t.Helper()
	v := sc.verdict
	testkit.Tell(t, testkit.Figure{
		Name: name, Rounds: v.rounds, Detected: testkit.N(v.rounds - v.harmless - v.lost), Harmless: testkit.N(v.harmless),
		Lost: testkit.N(v.lost), Where: v.where, Note: note,
	})
}

func flip(b []byte, r *rand.Rand) (hurt []byte, at int) {
	hurt = bytes.Clone(b)
	at = r.IntN(len(hurt))
	hurt[at] ^= 1 << r.IntN(8)
	return hurt, at
}

// TestDamage is the matrix: a bit of the database, of the log or of the heads
// flips, or a file loses its end.
func TestDamage(t *testing.T) {
	t.Parallel()
	for _, m := range modes() {
		for _, c := range []struct {
			name, file  string
			closed, cut bool
			short, long int
			seed        uint64
		}{
			{"bit flips in the database", DatabaseFile, true, false, 60, 1000, 11},
			{"truncations of the write-ahead log", DatabaseFile + "-wal", false, true, 30, 400, 12},
			{"bit flips in the write-ahead log", DatabaseFile + "-wal", false, false, 30, 400, 13},
			{"truncations of the database", DatabaseFile, true, true, 10, 100, 14},
			{"bit flips in the heads", HeadsFile, true, false, 20, 200, 15},
			{"truncations of the heads", HeadsFile, true, true, 20, 200, 16},
		} {
			name := c.name
			if m.name != "plain" {
				name += ", " + m.name
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				sc := newScene(t, m, c.closed)
				r := rand.New(rand.NewPCG(c.seed, 1))
				good := sc.files[c.file]
				if len(good) == 0 {
					t.Fatalf("%s is empty: the test tests nothing", c.file)
				}
				for range testkit.Rounds(t, c.short, c.long) {
					hurt, at := flip(good, r)
					if c.cut {
						hurt = hurt[:at]
						copy(hurt, good)
					}
					dir := sc.lay(t, c.file, hurt)
					sc.judge(t, dir, fmt.Sprintf("%s at byte %d of %d", c.name, at, len(good)))
					if err := os.RemoveAll(filepath.Dir(dir)); err != nil {
						t.Fatal(err)
					}
				}
				if sc.verdict.harmless == sc.verdict.rounds {
					t.Error("nothing did any harm: the test tests nothing")
				}
				sc.tell(t, name, "")
			})
		}
	}
}
