package events

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"firebreak/internal/testkit"
	"firebreak/store/events/segment"
	"firebreak/timeline"
)

// lines are events of a file as a parser would make them.
func lines(exhibit string, from, n int) []timeline.Event {
	key := timeline.KeyOf(exhibit, "syslog")
	out := make([]timeline.Event, n)
	for i := range out {
		at := from + i
		message := fmt.Sprintf("sshd[%d]: Failed password for user%d from 10.0.%d.%d port %d ssh2", 300+at*7%31_000, at%97, at%13, at%251, at%60_000)
		out[i] = timeline.Event{
			ID: key.ID(int64(at)*100, 0), Time: day.Add(time.Duration(at) * 250 * time.Millisecond), Precision: timeline.Second, TimeKind: timeline.Logged,
			Source: "auth", Parser: "syslog", Host: fmt.Sprint("web-", at%5), User: fmt.Sprint("user", at%97), Message: message, Exhibit: exhibit, Offset: int64(at) * 100,
			Attributes: timeline.Attributes{{Name: "pid", Value: message[5:8]}, {Name: "process", Value: message[:4]}},
		}
	}
	return out
}

// appendLines appends n lines of an exhibit from several goroutines, in pieces and
// in no certain order.
func appendLines(t *testing.T, db *DB, exhibit string, n, goroutines int) int64 {
	t.Helper()
	const piece = 4000
	a := db.NewAppender(t.Context())
	var next atomic.Int64
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for {
				from := int(next.Add(piece)) - piece
				if from >= n {
					return
				}
				if err := a.Add(lines(exhibit, from, min(piece, n-from))); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	added, err := a.Close()
	if err != nil {
		t.Error(err)
	}
	return added
}

func segmentsOf(t *testing.T, db *DB) []*entry {
	t.Helper()
	var entries []*entry
	err := db.view(t.Context(), func(s *snapshot) (err error) {
		entries, err = s.segments()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func mustTotal(t *testing.T, db *DB, want int64) {
	t.Helper()
	if n, err := db.Total(t.Context()); n != want || err != nil {
		t.Errorf("%d events, want %d, %v", n, want, err)
	}
	if err := db.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// Several goroutines fill several segments; all that was given is there once, and
// the same file again adds nothing. The segments are as large as they are in earnest.
func TestAppender(t *testing.T) {
	db := openTest(t)
	const n = 70_000
	for i, want := range []int64{n, 0, 0} {
		if added := appendLines(t, db, "e1", n, 3); added != want {
			t.Errorf("time %d: added %d, want %d", i, added, want)
		}
	}
	mustTotal(t, db, n)
	// The same file with more at its end, as a log that has grown.
	if added := appendLines(t, db, "e1", n+3000, 2); added != 3000 {
		t.Errorf("of the longer file %d were added", added)
	}
	mustTotal(t, db, n+3000)
	for _, e := range segmentsOf(t, db) {
		if e.meta.Rows > segment.MaxRows || len(e.meta.Blocks) > segment.MaxBlocks {
			t.Errorf("a segment of %d rows in %d blocks", e.meta.Rows, len(e.meta.Blocks))
		}
	}
}

// Two processes read the same file at once, and every event is there once.
func TestTwoAppendersOfTheSameFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "timeline.db")
	o, times := fewOptions()
	n := 9000 * times
	var added atomic.Int64
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			db, err := Open(t.Context(), path, o)
			if err != nil {
				t.Error(err)
				return
			}
			defer closeTest(t, db)
			added.Add(appendLines(t, db, "e1", n, 2))
		})
	}
	wg.Wait()
	if added.Load() != int64(n) {
		t.Errorf("%d were added, want %d", added.Load(), n)
	}
	db, err := Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	defer closeTest(t, db)
	mustTotal(t, db, int64(n))
}

// Events that lie in no order, with ids that are hashes, some of them twice.
func TestAppenderOfWildIDs(t *testing.T) {
	db := openTest(t)
	r := rand.New(rand.NewPCG(3, 4))
	want := map[timeline.ID]bool{}
	var sum int64
	for range 20 {
		batch := make([]timeline.Event, 400)
		for i := range batch {
			batch[i] = randomEvent(r, r.IntN(4000))
			batch[i].ID = timeline.EventID("x", "p", int64(r.IntN(3))<<40+int64(r.IntN(1500)), r.IntN(3)*200)
			want[batch[i].ID] = true
		}
		n, err := db.Append(t.Context(), batch)
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	if sum != int64(len(want)) {
		t.Errorf("%d were added, want %d", sum, len(want))
	}
	mustTotal(t, db, int64(len(want)))
}

// What was written before a cancelled context stays; Add and Close say why.
func TestAppenderIsCancelled(t *testing.T) {
	db, times := openFew(t)
	ctx, cancel := context.WithCancel(t.Context())
	a := db.NewAppender(ctx)
	n := 7000 * times
	if err := a.Add(lines("e1", 0, n)); err != nil {
		t.Fatal(err)
	}
	for {
		if total, err := db.Total(t.Context()); err != nil || total > 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := a.Add(lines("e1", n, 10)); !errors.Is(err, context.Canceled) {
		t.Errorf("add: %v", err)
	}
	added, err := a.Close()
	if !errors.Is(err, context.Canceled) || added != int64(db.full) {
		t.Errorf("close: %d, %v", added, err)
	}
	mustTotal(t, db, int64(db.full))
	if added := appendLines(t, db, "e1", n, 1); added != int64(n-db.full) {
		t.Errorf("afterwards %d were added", added)
	}
}

// The first error stops all.
func TestAppenderTellsOfAnError(t *testing.T) {
	db := openTest(t)
	a := db.NewAppender(t.Context())
	if err := a.Add(lines("e1", 0, 100)); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := a.fail(broken); !errors.Is(err, broken) {
		t.Error(err)
	}
	if err := a.Add(lines("e1", 0, 100)); !errors.Is(err, broken) {
		t.Errorf("add: %v", err)
	}
	if n, err := a.Close(); n != 0 || !errors.Is(err, broken) {
		t.Errorf("close: %d, %v", n, err)
	}
	mustTotal(t, db, 0)
}

// A reader has its page while an appender is at work, and sees whole segments.
func TestPagesWhileAppending(t *testing.T) {
	db, times := openFew(t)
	n := 20_000 * times
	done := make(chan struct{})
	go func() {
		defer close(done)
		appendLines(t, db, "e1", n, 2)
	}()
	last := int64(0)
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		total, err := db.Total(t.Context())
		if err != nil || total < last {
			t.Fatal(total, last, err)
		}
		last = total
		sum := 0
		for _, e := range segmentsOf(t, db) {
			sum += e.meta.Rows
		}
		if int64(sum) < total {
			t.Fatalf("%d in segments after a total of %d", sum, total)
		}
	}
	mustTotal(t, db, int64(n))
}

// An event with a message of many MiB, and one with thousands of attributes.
func TestHugeEvents(t *testing.T) {
	db := openTest(t)
	r := rand.New(rand.NewPCG(1, 1))
	big := make([]byte, testkit.Rounds(t, 17, 40)<<20) // more than a segment has
	for i := range big {
		big[i] = " abcdefghijklmnopqrstuvwxyz0123456789"[r.IntN(37)]
	}
	many := timeline.Event{ID: called("many"), Time: day, Exhibit: "e1", Parser: "p"}
	for i := range 5000 {
		many.Attributes.Set(fmt.Sprintf("name-%04d", i), fmt.Sprint(r.IntN(9)))
	}
	events := append(lines("e0", 0, 3000), timeline.Event{ID: called("big"), Time: day.Add(time.Minute), Exhibit: "e1", Parser: "p", Message: string(big)}, many)
	mustAppend(t, db, events)
	for _, want := range events[3000:] {
		got, err := db.Get(t.Context(), want.ID)
		if err != nil || got.Message != want.Message || fmt.Sprint(got.Attributes) != fmt.Sprint(want.Attributes) {
			t.Errorf("%s did not come back (%v)", want.ID, err)
		}
	}
	mustTotal(t, db, int64(len(events)))
}
