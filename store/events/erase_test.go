package events

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
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

// shreds are pieces of everything that the segments are kept as, two from each page.
// Pieces that are nothing but zeros or repetitions can be anywhere.
func shreds(t *testing.T, db *DB) [][]byte {
	t.Helper()
	const size, step = 24, 2048
	var out [][]byte
	eachPart(t, db, func(data []byte) {
		for ; len(data) >= size; data = data[min(step, len(data)):] {
			seen := map[byte]bool{}
			for _, c := range data[:size] {
				seen[c] = true
			}
			if len(seen) > size/2 {
				out = append(out, bytes.Clone(data[:size]))
			}
		}
	})
	if len(out) == 0 {
		t.Fatal("there are no parts")
	}
	return out
}

func eachPart(t *testing.T, db *DB, visit func(data []byte)) {
	t.Helper()
	err := db.view(t.Context(), func(s *snapshot) error {
		for _, query := range []string{`SELECT data FROM part`, `SELECT data FROM word`} {
			err := s.each(t.Context(), query, nil, func(row []driver.Value) (bool, error) {
				visit(row[0].([]byte)) //nolint:forcetypeassert // a test
				return true, nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
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
	shreds := shreds(t, db)
	if files := raw(t, path); !bytes.Contains(files, shreds[0]) || !bytes.Contains(files, shreds[len(shreds)-1]) {
		t.Fatal("what is looked for is not there before")
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
	// Texts are compressed: what they were made into is looked for, too, beside
	// what the segments that are left are made of, which are looked at below.
	var live []byte
	eachPart(t, db, func(data []byte) { live = append(live, data...) })
	left := 0
	for _, s := range shreds {
		if bytes.Contains(files, s) && !bytes.Contains(live, s) {
			left++
		}
	}
	if left > 0 {
		t.Errorf("%d of %d pieces of the old segments are there", left, len(shreds))
	}
	for _, e := range everything(t, db, timeline.Filter{}, MaxPage) {
		if e.Exhibit != "e2" || !strings.HasPrefix(e.Message, "message-e2") || !strings.HasPrefix(e.Host, "host-e2") || e.User != "user-e2" || e.Source != "src-e2" || e.Attributes.Get("k") != "attr-e2" {
			t.Fatalf("kept: %+v", e)
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
		if _, _, err := s.number(t.Context(), `SELECT count(*) FROM part`); err != nil { // fixes its picture
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
