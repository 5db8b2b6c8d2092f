package events

import (
	"path/filepath"
	"testing"

	"firebreak/timeline"
)

const unhashed = "not known yet"

// readAhead appends n lines of a file whose hash is not known.
func readAhead(t *testing.T, db *DB, n int) *Appender {
	t.Helper()
	a, err := db.NewAhead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for from := 0; from < n; from += 4000 {
		if err := a.Add(lines(unhashed, from, min(4000, n-from))); err != nil {
			t.Fatal(err)
		}
	}
	if added, err := a.Close(); added != int64(n) || err != nil {
		t.Fatalf("%d added: %v", added, err)
	}
	return a
}

func waitingIn(t *testing.T, db *DB) (n int64) {
	t.Helper()
	err := db.view(t.Context(), func(s *snapshot) (err error) {
		n, _, err = s.number(t.Context(), `SELECT (SELECT count(*) FROM waiting) + (SELECT count(*) FROM part WHERE id >> 24 NOT IN (SELECT id FROM segment)) + (SELECT count(*) FROM word WHERE id & ((1 << 39) - 1) NOT IN (SELECT id FROM segment))`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// What is read ahead is seen when it is published, and is then what it would have
// been.
func TestAhead(t *testing.T) {
	db, times := openFew(t)
	n := 9000 * times
	mustAppend(t, db, numbered("other", 10))
	a := readAhead(t, db, n)
	mustTotal(t, db, 10)
	mustAppend(t, db, numbered("another", 10)) // a later segment
	if ok, err := a.Publish(t.Context(), "e7", "sha"); !ok || err != nil {
		t.Fatalf("published: %t, %v", ok, err)
	}
	mustTotal(t, db, int64(n)+20)
	if left := waitingIn(t, db); left != 0 {
		t.Errorf("%d rows wait", left)
	}
	straight := openTest(t)
	es := lines("sha", 0, n)
	for i := range es {
		es[i].Exhibit = "e7"
	}
	mustAppend(t, straight, es)
	want, err := straight.Page(t.Context(), timeline.Filter{}, Request{Limit: MaxPage})
	if err != nil {
		t.Fatal(err)
	}
	got, err := db.Page(t.Context(), parse(t, "exhibit:e7"), Request{Limit: MaxPage})
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d events, want %d: %v", len(got), len(want), err)
	}
	for i := range want {
		if got[i].ID != want[i].ID || got[i].Exhibit != "e7" || got[i].Message != want[i].Message || !got[i].Time.Equal(want[i].Time) {
			t.Fatalf("event %d is %+v, want %+v", i, got[i], want[i])
		}
	}
	if removed, err := db.DeleteExhibit(t.Context(), "e7"); removed != int64(n) || err != nil {
		t.Errorf("%d removed: %v", removed, err)
	}
	mustTotal(t, db, 20)
}

// Where an event is there already nothing is published, and nothing stays.
func TestAheadOfWhatIsThere(t *testing.T) {
	for what, hinder := range map[string]func(db *DB, n int) (left int64){
		"one event": func(db *DB, n int) int64 {
			mustAppend(t, db, lines("sha", n-1, 1))
			return 1
		},
		"an emptied timeline": func(db *DB, _ int) int64 {
			if err := db.Clear(t.Context()); err != nil {
				t.Fatal(err)
			}
			return 0
		},
	} {
		db, times := openFew(t)
		n := 7000 * times
		a := readAhead(t, db, n)
		left := hinder(db, n)
		if ok, err := a.Publish(t.Context(), "e7", "sha"); ok || err != nil {
			t.Errorf("%s: published: %t, %v", what, ok, err)
		}
		mustTotal(t, db, left)
		if rows := waitingIn(t, db); rows != 0 {
			t.Errorf("%s: %d rows wait", what, rows)
		}
		if added := appendLines(t, db, "sha", n, 2); added != int64(n)-left {
			t.Errorf("%s: %d added", what, added)
		}
		mustTotal(t, db, int64(n))
	}
}

// What the dead have left goes when the next one reads; what the living have stays.
func TestAheadOfTheDead(t *testing.T) {
	o, times := fewOptions()
	n := 7000 * times
	path := filepath.Join(t.TempDir(), "timeline.db")
	alive := true
	open := func(me string) *DB {
		o.Owners = Owners{Me: me, Alive: func(owner string) bool { return alive && owner == "first" }}
		db, err := Open(t.Context(), path, o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		return db
	}
	first, second := open("first"), open("second")
	readAhead(t, first, n)
	had := waitingIn(t, second)
	if had == 0 {
		t.Fatal("nothing waits")
	}
	if _, err := second.NewAhead(t.Context()); err != nil {
		t.Fatal(err)
	}
	if now := waitingIn(t, second); now != had {
		t.Errorf("%d rows wait, and there were %d", now, had)
	}
	alive = false
	if _, err := second.EraseExhibit(t.Context(), "e1"); err != nil {
		t.Fatal(err)
	}
	if now := waitingIn(t, second); now != 0 {
		t.Errorf("%d rows of the dead wait", now)
	}
	mustTotal(t, second, 0)
}
