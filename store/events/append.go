package events

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"firebreak/store/events/segment"
	"firebreak/timeline"
)

// ErrTooLarge is returned by Append for a text that cannot be kept.
var ErrTooLarge = errors.New("the event's text is too large")

// filling is a segment that is being filled, and what it is encoded with.
type filling struct {
	mu      sync.Mutex
	rows    int  // at which it is full
	single  bool // an image at a time: each is released soon, whatever becomes of it
	builder *segment.Builder
	encoder *segment.Encoder
	batch   []timeline.Event // of a merge
	last    timeline.ID      // that was added
}

func (f *filling) prepare() error {
	if f.builder != nil {
		return nil
	}
	encoder, err := segment.NewEncoder()
	if err != nil {
		return fmt.Errorf("prepare to append: %w", err)
	}
	f.builder, f.encoder = segment.NewBuilder(), encoder
	f.builder.Limit(f.rows)
	if f.single {
		f.encoder.Single()
	}
	return nil
}

// add fills the builder and gives each full one to put, encoded.
func (f *filling) add(ctx context.Context, batch []timeline.Event, put func(*segment.Image) error) error {
	if err := f.prepare(); err != nil {
		return err
	}
	for i := range batch {
		if i%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if segment.TooLarge(&batch[i]) {
			return fmt.Errorf("event %s: %w", batch[i].ID, ErrTooLarge)
		}
		f.last = batch[i].ID
		if f.builder.Add(&batch[i]) {
			continue
		}
		if err := f.flush(put); err != nil {
			return err
		}
		if !f.builder.Add(&batch[i]) {
			return fmt.Errorf("event %s: %w", batch[i].ID, ErrTooLarge)
		}
	}
	return nil
}

// flush encodes what the builder has.
func (f *filling) flush(put func(*segment.Image) error) error {
	if f.builder == nil || f.builder.Len() == 0 {
		return nil
	}
	image, err := f.builder.Encode(f.encoder)
	f.builder.Reset()
	if err != nil {
		return err
	}
	return put(image)
}

// Append adds the events that are not there yet, in one transaction: all of
// them or, with an error, none. Two events with the same id are the same. Give
// it batches of many: every batch is a segment and one wait for the disk. For a
// stream of batches there is NewAppender.
func (db *DB) Append(ctx context.Context, batch []timeline.Event) (added int64, err error) {
	if len(batch) == 0 {
		return 0, nil
	}
	if added, err = db.append(ctx, batch); err != nil {
		return 0, fmt.Errorf("append events: %w", err)
	}
	db.mergeSoon() //nolint:contextcheck // it goes on when the caller has gone
	return added, nil
}

func (db *DB) append(ctx context.Context, batch []timeline.Event) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	f := &db.small
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.prepare(); err != nil {
		return 0, err
	}
	f.builder.Reset()
	var images []*segment.Image
	keep := func(image *segment.Image) error {
		images = append(images, image)
		return nil
	}
	err := f.add(ctx, batch, keep)
	if err == nil {
		err = f.flush(keep)
	}
	if err != nil {
		return 0, err
	}
	var added int64
	err = db.update(ctx, func(w *writer) error {
		added = 0
		for _, image := range images {
			n, err := w.add(ctx, image)
			if err != nil {
				return err
			}
			added += n
		}
		if added == 0 {
			return nil
		}
		return w.changed(ctx, added)
	})
	for _, image := range images {
		image.Release()
	}
	return added, err
}

// Clear removes every event. Other processes that have the timeline open go on
// with the empty one.
func (db *DB) Clear(ctx context.Context) error {
	err := db.update(ctx, func(w *writer) error {
		for _, statement := range []string{`DELETE FROM segment`, `DELETE FROM part`, `DELETE FROM word`, `DELETE FROM digest`, `DELETE FROM whole`, `UPDATE state SET generation = generation + 1, events = 0`} {
			if _, err := w.exec(ctx, statement); err != nil {
				return err
			}
		}
		if there, err := w.waits(ctx); err != nil || !there {
			return err
		}
		_, err := w.exec(ctx, `DELETE FROM waiting`)
		return err
	})
	if err != nil {
		return fmt.Errorf("clear timeline: %w", err)
	}
	return nil
}
