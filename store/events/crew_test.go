package events

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"firebreak/timeline"
)

// A query may be asked for within the visits of another, however deep: none waits
// for a connection or a helper that the ones around it keep.
func TestScanWithinScan(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(mostWorkers)) // so that one scan wants all helpers
	db := openTest(t)
	const segments, each = 6, 10
	for n := range segments {
		batch := make([]timeline.Event, each)
		for i := range batch {
			batch[i] = timeline.Event{
				ID: timeline.EventID(fmt.Sprint("e", n), "syslog", int64(i), 0), Time: day.Add(time.Duration(i) * time.Minute),
				Source: "syslog", Parser: "syslog", Message: "session opened", Exhibit: fmt.Sprint("e", n), Offset: int64(i),
			}
		}
		if _, err := db.Append(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a guard: it takes milliseconds
	defer cancel()
	var visits atomic.Int64
	stop := errors.New("enough")
	var nested func(depth int) error
	nested = func(depth int) error {
		n := 0
		err := db.Scan(ctx, timeline.Filter{}, Request{}, func(*timeline.Event) error {
			visits.Add(1)
			if n++; n > 1 || depth == 0 {
				return nil
			}
			return nested(depth - 1)
		})
		if err == nil && n != segments*each {
			err = fmt.Errorf("%d events at depth %d, not %d", n, depth, segments*each)
		}
		return err
	}
	const depth = 3 * mostWorkers
	if err := nested(depth); err != nil {
		t.Fatal(err)
	}
	if got := visits.Load(); got != (depth+1)*segments*each {
		t.Errorf("%d visits, not %d", got, (depth+1)*segments*each)
	}
	if err := db.Scan(ctx, timeline.Filter{}, Request{}, func(*timeline.Event) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("a visit's error: %v", err)
	}
	if n := len(db.helpers); n != 0 {
		t.Errorf("%d helpers are still taken", n)
	}
}

// Tasks of a query are done side by side where there are helpers: of two that wait
// for each other both come to their end.
func TestHelpersHelp(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	db := openTest(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 3 { // helpers come back after a query
		both := make(chan struct{}, 2)
		met := make(chan struct{})
		err := db.query(ctx, func(c *crew) error {
			return c.each(2, func(*worker, int) error {
				both <- struct{}{}
				if len(both) == 2 {
					close(met)
				}
				select {
				case <-met:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			})
		})
		if err != nil {
			t.Fatalf("a task waited in vain for the other: %v", err)
		}
	}
}
