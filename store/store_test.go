package store

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/record"
)

var alice = incident.Actor{ID: "u-1a2b", Name: "Alice Example"}

const testID = incident.ID("2026-0007")

// testOptions are options with a clock that ticks a second at each reading.
func testOptions(t testing.TB) Options {
	t.Helper()
	key, _, err := record.GenerateKey(rand.Reader, "test-key")
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)
	var ticks atomic.Int64
	return Options{
		Now:       func() time.Time { return begin.Add(time.Duration(ticks.Add(1)) * time.Second) },
		Monotonic: func() (int64, string) { return ticks.Load() * int64(time.Second), "boot-1" },
		Rand:      rand.Reader, Key: key, Secret: testSecret(),
	}
}

// testSecret is nil unless the whole suite is to run encrypted.
func testSecret() *[32]byte {
	if os.Getenv("FIREBREAK_TEST_SECRET") == "" {
		return nil
	}
	return &[32]byte{1, 2, 3}
}

func draft(t testing.TB, k record.Kind, payload any) record.Draft {
	t.Helper()
	d, err := record.NewDraft(alice, k, incident.Identify, "", payload)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func opened(t testing.TB) record.Draft {
	t.Helper()
	return draft(t, record.IncidentOpened, record.Opened{Title: "Odd login on web-1", Severity: incident.SEV2, TLP: incident.TLPAmber})
}

// create makes an incident in a new folder.
func create(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Create(context.Background(), filepath.Join(t.TempDir(), string(testID)), testID, o, opened(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeStore(t, s) })
	return s
}

func closeStore(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func add(t testing.TB, s *Store, k record.Kind, payload any) record.Entry {
	t.Helper()
	e, err := s.Update(context.Background(), func(*Tx) (record.Draft, error) { return draft(t, k, payload), nil })
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestCreateUpdateReopen(t *testing.T) {
	t.Parallel()
	ctx, o := context.Background(), testOptions(t)
	s := create(t, o)
	before, err := s.Version(ctx)
	if err != nil {
		t.Fatal(err)
	}
	e := add(t, s, record.Noted, record.Note{Text: "called the owner <b>& co</b>"})
	if e.Seq != 2 || e.Actor != alice || e.Mono == 0 {
		t.Errorf("entry = %+v", e)
	}
	if after, err := s.Version(ctx); err != nil || after == before {
		t.Errorf("version stayed %d after an update (%v)", after, err)
	}
	head := s.Head()
	if head.Size != 2 || head.Incident() != testID {
		t.Errorf("head = %+v", head)
	}
	if _, err := Create(ctx, s.Dir(), testID, o, opened(t)); !errors.Is(err, fs.ErrExist) {
		t.Errorf("create over an incident: %v, want fs.ErrExist", err)
	}
	closeStore(t, s)
	again, err := Open(ctx, s.Dir(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, again)
	err = again.View(ctx, func(tx *Tx) error {
		i, err := tx.Incident()
		if err != nil || i.Title != "Odd login on web-1" || i.Severity != incident.SEV2 || i.Phase != incident.Identify {
			t.Errorf("incident = %+v, %v", i, err)
		}
		es, err := tx.Entries(0, 0)
		if err != nil || len(es) != 2 {
			t.Fatalf("entries = %v, %v", es, err)
		}
		var n record.Note
		if err := es[1].Decode(&n); err != nil || n.Text != "called the owner <b>& co</b>" {
			t.Errorf("note = %+v, %v", n, err)
		}
		h, err := tx.Head()
		if err != nil || h.Seal() != head.Seal() {
			t.Errorf("head %s, want %s (%v)", h.Seal(), head.Seal(), err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{"": 0o700, DatabaseFile: 0o600, HeadsFile: 0o600, lockFile: 0o600, DatabaseFile + "-wal": 0o600} {
		info, err := os.Stat(filepath.Join(s.Dir(), name))
		if err != nil {
			t.Error(err)
		} else if got := info.Mode().Perm(); got != testkit.Mode(want) {
			t.Errorf("%q has mode %v, want %v", name, got, want)
		}
	}
}

func TestVerifyGoodRecord(t *testing.T) {
	t.Parallel()
	s := create(t, testOptions(t))
	for range 9 {
		add(t, s, record.Noted, record.Note{Text: "x"})
	}
	r, err := s.Verify(context.Background(), VerifyOptions{Seals: []string{s.Head().Seal()}})
	if err != nil || !r.OK() {
		t.Fatalf("problems %v, %v", r.Problems, err)
	}
	if r.Entries != 10 || r.Heads != 10 || r.Attested != 10 || r.Head.Seal() != s.Head().Seal() || len(r.Notes) != 0 {
		t.Errorf("report = %+v", r)
	}
}
