package events

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"firebreak/store/events/segment"
)

// Every small file that is read leaves a small segment, and each costs every query
// a look. They are merged by tiers: those of about the same size into one that is
// about eight times as large, so that an event is written anew a few times at most,
// and none of a segment that is half full.
const (
	mergeWidth = 8   // so many of a tier are merged
	mergeFull  = 0.5 // of this and more is none
	mergeMost  = 64  // at a time
)

// merger merges in the background.
type merger struct {
	mu      sync.Mutex
	closed  bool
	running bool
	again   bool
	cancel  context.CancelFunc
	wait    sync.WaitGroup
	one     sync.Mutex // one merge at a time in this process
}

// mergeSoon lets the background look whether there is something to merge.
func (db *DB) mergeSoon() {
	m := &db.merger
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || db.readOnly {
		return
	}
	if m.running {
		m.again = true
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	m.running, m.cancel = true, cancel
	m.wait.Go(func() {
		defer cancel()
		for more := true; more; {
			// What fails here leaves everything as it was. Whoever needs it done calls
			// Merge, and is told.
			_ = db.mergeAll(ctx, mergeWidth)
			m.mu.Lock()
			more = m.again && !m.closed
			m.again, m.running = false, more
			m.mu.Unlock()
		}
	})
}

// close gives up what runs and waits for it.
func (m *merger) close() {
	m.mu.Lock()
	m.closed = true
	if m.running {
		m.cancel()
	}
	m.mu.Unlock()
	m.wait.Wait()
}

// Merge merges small segments into larger ones until there are few. Readers go on,
// another process may write, and a cancelled one leaves what it has done.
func (db *DB) Merge(ctx context.Context) error {
	if db.readOnly {
		return nil
	}
	if err := db.mergeAll(ctx, 2); err != nil {
		return fmt.Errorf("merge segments: %w", err)
	}
	return nil
}

func (db *DB) mergeAll(ctx context.Context, width int) error {
	db.merger.one.Lock()
	defer db.merger.one.Unlock()
	f := filling{rows: db.full}
	for {
		more, err := db.mergeOnce(ctx, &f, width)
		if err != nil {
			return err
		}
		if !more {
			return db.digest(ctx)
		}
	}
}

// errStale ends a merge whose segments others have changed meanwhile.
var errStale = errors.New("the segments have changed")

// mergeOnce merges the segments of one tier, if one has enough.
func (db *DB) mergeOnce(ctx context.Context, f *filling, width int) (more bool, err error) {
	var old []*entry
	var images []*segment.Image
	err = db.view(ctx, func(s *snapshot) error {
		entries, err := s.segments()
		if err != nil {
			return err
		}
		if old = tier(entries, width, db.full); old == nil {
			return nil
		}
		images, err = s.merged(f, old)
		return err
	})
	defer func() {
		for _, image := range images {
			image.Release()
		}
	}()
	if err != nil || old == nil {
		return false, err
	}
	err = db.update(ctx, func(w *writer) error {
		entries, err := w.segments(ctx)
		if err != nil {
			return err
		}
		for _, e := range old {
			if _, ok := find(entries, e.id); !ok {
				return errStale
			}
		}
		for _, image := range images {
			meta, err := segment.ParseMeta(image.Meta)
			if err != nil {
				return err
			}
			if err := w.put(ctx, image, meta); err != nil {
				return err
			}
		}
		for _, e := range old {
			if err := w.drop(ctx, e); err != nil {
				return err
			}
		}
		return w.changed(ctx, 0)
	})
	if errors.Is(err, errStale) {
		return true, nil
	}
	return err == nil, err
}

// tier is the segments to merge next: of the lowest tier that has enough, as many
// as fit into one, which is full at so many rows.
func tier(entries []*entry, width, full int) []*entry {
	tiers := map[int][]*entry{}
	lowest := -1
	for _, e := range entries {
		fill := e.meta.Fill(full)
		if fill >= mergeFull {
			continue
		}
		t := 0
		for limit := mergeFull / mergeWidth; fill < limit && t < 8; limit /= mergeWidth {
			t++
		}
		tiers[t] = append(tiers[t], e)
		if len(tiers[t]) >= width && t > lowest {
			lowest = t // the smallest are the cheapest
		}
	}
	if lowest < 0 {
		return nil
	}
	var chosen []*entry
	sum := 0.0
	for _, e := range tiers[lowest] {
		if sum += e.meta.Fill(full); sum > 1 || len(chosen) == mergeMost {
			break
		}
		chosen = append(chosen, e)
	}
	if len(chosen) < 2 {
		return nil
	}
	return chosen
}

// merged is the events of the segments as one, or two where one cannot hold them.
func (s *snapshot) merged(f *filling, old []*entry) (images []*segment.Image, err error) {
	keep := func(image *segment.Image) error {
		images = append(images, image)
		return nil
	}
	if err := f.prepare(); err != nil {
		return nil, err
	}
	f.builder.Reset()
	r := segment.NewReader()
	want, got := 0, 0
	for _, e := range old {
		r.Open(e.meta, s.parts(e.id))
		want += e.meta.Rows
		batch := f.batch[:0]
		for row := range e.meta.Rows {
			event, err := r.Event(row)
			if err != nil {
				return images, fmt.Errorf("segment %d: %w", e.id, err)
			}
			if batch = append(batch, event); len(batch) < 256 && row+1 < e.meta.Rows {
				continue
			}
			if err := f.add(s.ctx, batch, keep); err != nil {
				return images, err
			}
			batch = batch[:0]
		}
		f.batch = batch
	}
	if err := f.flush(keep); err != nil {
		return images, err
	}
	for _, image := range images {
		meta, err := segment.ParseMeta(image.Meta)
		if err != nil {
			return images, err
		}
		got += meta.Rows
	}
	if got != want {
		return images, fmt.Errorf("%w: %d events were to be merged, %d are left", ErrDamaged, want, got)
	}
	return images, nil
}
