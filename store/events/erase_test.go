package events

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"firebreak/timeline"
)

// raw are the bytes of the timeline's files.
func raw(t testing.TB, path string) []byte {
	t.Helper()
	var all []byte
	for _, suffix := range []string{"", "-wal", "-shm"} {
		b, err := os.ReadFile(path + suffix)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	return all
}

// mixed makes events of two exhibits, in an order that makes SQLite move rows
// between pages, each with marks that can be looked for.
func mixed(n int) []timeline.Event {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]timeline.Event, n)
	for i := range out {
		x := fmt.Sprintf("e%d", 1+r.IntN(2))
		out[i] = timeline.Event{
			ID: called(fmt.Sprintf("%x-%d", r.Uint64(), i)), Time: day, Source: "src-" + x, Parser: "p", Exhibit: x,
			Host: fmt.Sprintf("host-%s-%d", x, r.IntN(500)), User: "user-" + x, Offset: int64(i),
			Message: fmt.Sprintf("message-%s-%06d %s", x, i, bytes.Repeat([]byte("."), r.IntN(600))), Attributes: timeline.AttributesOf(map[string]string{"k": "attr-" + x}),
		}
	}
	r.Shuffle(n, func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func TestEraseLeavesNoTrace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "timeline.db")
	db, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	all := mixed(6000)
	for i := 0; i < len(all); i += 500 {
		mustAppend(t, db, all[i:i+500])
	}
	want, err := db.CountExhibit(t.Context(), "e1")
	if err != nil || want == 0 {
		t.Fatal(want, err)
	}
	if n, err := db.EraseExhibit(t.Context(), "e1"); n != want || err != nil {
		t.Fatalf("erased %d of %d, %v", n, want, err)
	}
	if err := db.Scrub(t.Context()); err != nil {
		t.Fatal(err)
	}
	files := raw(t, path)
	for _, trace := range []string{"message-e1", "host-e1", "user-e1", "src-e1", "attr-e1"} {
		if n := bytes.Count(files, []byte(trace)); n > 0 {
			t.Errorf("%q is there %d times", trace, n)
		}
	}
	for _, kept := range []string{"message-e2", "host-e2", "user-e2", "src-e2", "attr-e2"} {
		if !bytes.Contains(files, []byte(kept)) {
			t.Errorf("%q is gone", kept)
		}
	}
	if left, err := db.Total(t.Context()); left != int64(len(all))-want || err != nil {
		t.Errorf("%d events are left, %v", left, err)
	}
	if err := db.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if n, err := db.EraseExhibit(t.Context(), "e1"); n != 0 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
	mustAppend(t, db, []timeline.Event{{ID: called("later"), Parser: "p", Exhibit: "e3", Message: "m"}})
	if e, err := db.Get(t.Context(), called("later")); err != nil || e.Exhibit != "e3" {
		t.Errorf("an event added later: %+v, %v", e, err)
	}
}

func TestScrubTellsOfAReader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "timeline.db")
	db, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	mustAppend(t, db, mixed(500))
	other, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	err = other.view(t.Context(), func(s *snapshot) error {
		if _, _, err := s.number(t.Context(), `SELECT count(*) FROM event`); err != nil { // fixes its picture
			return err
		}
		if _, err := db.EraseExhibit(t.Context(), "e1"); err != nil {
			return err
		}
		if err := db.Scrub(context.Background()); !errors.Is(err, ErrBusy) {
			t.Errorf("scrub beside a reader: %v, want ErrBusy", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Scrub(t.Context()); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(raw(t, path), []byte("message-e1")) {
		t.Error("traces are left")
	}
}
