package events

import (
	"errors"
	"path/filepath"
	"testing"
	"unsafe"

	"firebreak/timeline"
)

// borrowed is the bytes as a text that changes with them, as parsers hand over.
func borrowed(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// The note that an exhibit is whole goes with its events, whatever takes them.
func TestWhole(t *testing.T) {
	db := openTest(t)
	want := func(exhibits ...string) {
		t.Helper()
		whole, err := db.Whole(t.Context())
		if err != nil || len(whole) != len(exhibits) {
			t.Errorf("%v, %v, want %v", whole, err, exhibits)
		}
		for _, x := range exhibits {
			if !whole[x] {
				t.Errorf("%s is not whole", x)
			}
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	want()
	mustAppend(t, db, numbered("e1", 10))
	mustAppend(t, db, numbered("e2", 10))
	want()
	for _, x := range []string{"e1", "e2", "e1"} {
		must(db.SetWhole(t.Context(), x))
	}
	want("e1", "e2")
	_, err := db.EraseExhibit(t.Context(), "e1")
	must(err)
	want("e2")
	_, err = db.DeleteExhibit(t.Context(), "e2") // its events are there under another exhibit
	must(err)
	want("e2")
	must(db.Clear(t.Context()))
	want()
	must(db.Check(t.Context()))
}

// An older program's file is refused, or emptied and used.
func TestRenew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "timeline.db")
	raw := openRaw(t, path)
	for _, s := range []string{
		`PRAGMA journal_mode = wal`, `CREATE TABLE origin (id INTEGER PRIMARY KEY, host TEXT UNIQUE)`, `CREATE TABLE "an ""odd"" one" (x)`, `CREATE TABLE part (y)`,
		`CREATE INDEX i ON part (y)`, `INSERT INTO part VALUES ('OLDER text')`, `PRAGMA user_version = 1`, `PRAGMA application_id = 0x4642746c`,
	} {
		if _, err := raw.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	closeTest(t, raw)
	if _, err := Open(t.Context(), path, testOptions()); !errors.Is(err, ErrOlder) {
		t.Fatalf("%v", err)
	}
	o := testOptions()
	o.Renew = true
	db, err := Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, db, numbered("e1", 10))
	if err := errors.Join(db.Check(t.Context()), db.SetWhole(t.Context(), "e1"), db.Close()); err != nil {
		t.Fatal(err)
	}
	// What is not older stays.
	if db, err = Open(t.Context(), path, o); err != nil {
		t.Fatal(err)
	}
	defer closeTest(t, db)
	if n, err := db.Total(t.Context()); n != 10 || err != nil {
		t.Errorf("%d events, %v", n, err)
	}
}

// Whatever a parser does with its memory after it has handed a batch over, what is
// kept is what was handed over.
func TestNothingOfABatchIsKept(t *testing.T) {
	db := openTest(t)
	a := db.NewAppender(t.Context())
	memory := make([]byte, 1<<16)
	const rounds, rows = 60, 50
	for round := range rounds {
		at := 0
		text := func(s string) string {
			n := copy(memory[at:], s)
			at += n
			return borrowed(memory[at-n : at])
		}
		batch := numbered("e1", rounds*rows)[round*rows : (round+1)*rows]
		for i := range batch {
			e := &batch[i]
			for _, s := range []*string{&e.Message, &e.Host, &e.User, &e.Source, &e.Parser, &e.Exhibit, &e.Technique} {
				*s = text(*s + "-kept")
			}
			e.TimeKind, e.Precision = timeline.TimeKind(text(string(e.TimeKind))), timeline.Precision(text(string(timeline.Second)))
			e.Attributes = timeline.Attributes{{Name: text("name"), Value: text("value")}, {Name: text("other"), Value: text(e.Message)}}
		}
		var err error
		if round%2 == 0 {
			err = a.Add(batch)
		} else {
			_, err = db.Append(t.Context(), batch)
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range memory {
			memory[i] = 'X'
		}
		clear(batch)
	}
	if _, err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Merge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := db.Count(t.Context(), parse(t, `host:web-1-kept message:*-kept user:-kept attr.name:value`)); err != nil || n != rounds*rows {
		t.Errorf("%d of %d events, %v", n, rounds*rows, err)
	}
	page, err := db.Page(t.Context(), parse(t, ""), Request{Limit: rounds * rows})
	if err != nil || len(page) != rounds*rows {
		t.Fatalf("%d events, %v", len(page), err)
	}
	for _, e := range page {
		if e.Attributes.Get("name") != "value" || e.Precision != timeline.Second || e.Exhibit != "e1-kept" || e.Parser != "p-kept" || e.Source != "syslog-kept" {
			t.Fatalf("%+v", e)
		}
		if other := e.Attributes.Get("other"); other != e.Message {
			t.Fatalf("%q beside %q", other, e.Message)
		}
	}
}
