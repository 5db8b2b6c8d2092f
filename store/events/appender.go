package events

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"firebreak/store/events/segment"
	"firebreak/timeline"
)

// Appender takes events from several goroutines at once. Each fills a segment of
// its own and encodes it when it is full; one goroutine writes them, each in a
// transaction. What it keeps in memory is bounded: a segment for each core, and
// one on its way to the disk. Who is faster waits.
type Appender struct {
	ctx    context.Context //nolint:containedctx // an appender lives as long as the call that made it
	cancel context.CancelCauseFunc
	db     *DB

	places chan struct{} // one for each goroutine that may fill
	images chan *segment.Image
	done   chan struct{}

	mu    sync.Mutex
	free  []*filling // the one that was used last is the last
	added int64
	err   error

	ahead bool // nothing is seen before Publish
	waits []waiting
}

// mostFilling is how many segments are filled at once.
const mostFilling = 8

// NewAppender begins to append. The context ends it.
func (db *DB) NewAppender(ctx context.Context) *Appender {
	a := db.appender(ctx)
	go a.write()
	return a
}

func (db *DB) appender(ctx context.Context) *Appender {
	a := &Appender{
		db: db, places: make(chan struct{}, min(runtime.GOMAXPROCS(0), mostFilling)),
		images: make(chan *segment.Image), done: make(chan struct{}),
	}
	a.ctx, a.cancel = context.WithCancelCause(ctx)
	return a
}

// Add takes the events over: the caller may use the batch and its texts again when
// it returns. After an error, its own or that of another, it returns that.
func (a *Appender) Add(batch []timeline.Event) error {
	if err := a.failed(); err != nil {
		return err
	}
	if len(batch) == 0 {
		return nil
	}
	f, err := a.take(batch[0].ID)
	if err != nil {
		return a.fail(err)
	}
	defer a.giveBack(f)
	if err := f.add(a.ctx, batch, a.send); err != nil {
		return a.fail(err)
	}
	return nil
}

// take returns the segment that ends nearest before the event in its file: pieces
// of a file stay together though several read it. Else it is the one that was used
// last, so that few are half full.
func (a *Appender) take(first timeline.ID) (*filling, error) {
	select {
	case a.places <- struct{}{}:
	case <-a.ctx.Done():
		return nil, a.ctx.Err()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	best := len(a.free) - 1
	if best < 0 {
		return &filling{rows: a.db.full, single: true}, nil
	}
	nearest := uint64(math.MaxUint64)
	for i, f := range a.free {
		if d := first.Place() - f.last.Place(); f.last.Key() == first.Key() && d < nearest { // a place before is far off
			best, nearest = i, d
		}
	}
	f := a.free[best]
	a.free = slices.Delete(a.free, best, best+1)
	return f, nil
}

func (a *Appender) giveBack(f *filling) {
	a.mu.Lock()
	a.free = append(a.free, f)
	a.mu.Unlock()
	<-a.places
}

func (a *Appender) send(image *segment.Image) error {
	select {
	case a.images <- image:
		return nil
	case <-a.ctx.Done():
		image.Release()
		return a.ctx.Err()
	}
}

// write writes the images until there are no more.
func (a *Appender) write() {
	defer close(a.done)
	for image := range a.images {
		if a.failed() != nil {
			image.Release()
			continue
		}
		n, err := a.commit(image)
		image.Release()
		if err != nil {
			_ = a.fail(err)
			continue
		}
		a.mu.Lock()
		a.added += n
		a.mu.Unlock()
	}
}

func (a *Appender) commit(image *segment.Image) (n int64, err error) {
	if a.ahead {
		var s waiting
		err = a.db.update(a.ctx, func(w *writer) error {
			s, err = w.wait(a.ctx, image)
			return err
		})
		if err == nil {
			a.waits = append(a.waits, s)
		}
		return s.events, err
	}
	err = a.db.update(a.ctx, func(w *writer) error {
		if n, err = w.add(a.ctx, image); err != nil || n == 0 {
			return err
		}
		return w.changed(a.ctx, n)
	})
	return n, err
}

func (a *Appender) failed() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

// fail remembers the first error and stops everything.
func (a *Appender) fail(err error) error {
	a.mu.Lock()
	if a.err == nil {
		a.err = fmt.Errorf("append events: %w", err)
	}
	err = a.err
	a.mu.Unlock()
	a.cancel(err)
	return err
}

// Close writes what is left, waits until everything is durable, and says how many
// events were new: after an error too, for what was written stays. Nothing may be
// added meanwhile or afterwards.
func (a *Appender) Close() (added int64, err error) {
	var left sync.WaitGroup
	for _, f := range a.free {
		left.Go(func() {
			if a.failed() != nil {
				return
			}
			if err := f.flush(a.send); err != nil {
				_ = a.fail(err)
			}
		})
	}
	left.Wait()
	a.free = nil
	close(a.images)
	<-a.done
	if err := a.ctx.Err(); err != nil {
		_ = a.fail(err)
	}
	if a.added > 0 && !a.ahead {
		if err := a.db.digest(a.ctx); err != nil && a.failed() == nil {
			_ = a.fail(err)
		}
	}
	a.cancel(errClosed)
	if a.added > 0 && !a.ahead {
		a.db.mergeSoon()
	}
	return a.added, a.err
}

var errClosed = errors.New("the appender is closed")
