package response

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"firebreak/incident"
	"firebreak/store"
	"firebreak/store/events"
)

// Rebuild makes the timeline again from the sealed evidence, each exhibit read
// as it was the last time.
func (s *Session) Rebuild(ctx context.Context, id incident.ID, p ProgressFunc) error {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	f.busy.Lock()
	defer f.busy.Unlock()
	return s.rebuild(ctx, f, p)
}

func (s *Session) rebuild(ctx context.Context, f *folder, p ProgressFunc) error {
	if err := s.s.emptyTimeline(ctx, f); err != nil {
		return err
	}
	var xs []store.Exhibit
	err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		xs, err = tx.Exhibits()
		return err
	})
	if err != nil {
		return err
	}
	for i, x := range xs {
		if x.Erased != "" {
			continue
		}
		tell(p, "reading "+x.Title, int64(i), int64(len(xs)))
		o, err := optionsOf(x)
		if err != nil {
			return err
		}
		if o.Parser == "" || o.Parser == "text" {
			continue
		}
		o.told = p
		if _, err := s.parse(ctx, f, x.Exhibit, o); err != nil {
			return err
		}
	}
	return nil
}

// emptyTimeline takes every event out of the timeline. It stays the same file,
// which other processes may have open; only a damaged one is deleted.
func (s *Service) emptyTimeline(ctx context.Context, f *folder) error {
	db, err := s.renewedTimeline(ctx, f)
	if err == nil {
		err = db.Clear(ctx)
	}
	if err == nil {
		err = db.Check(ctx)
	}
	if errors.Is(err, events.ErrDamaged) {
		return f.dropTimeline()
	}
	return err
}

func (f *folder) dropTimeline() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	if f.events != nil {
		errs = append(errs, f.events.Close())
		f.events = nil
	}
	files, err := filepath.Glob(filepath.Join(f.dir, "timeline.db*"))
	errs = append(errs, err)
	for _, name := range files {
		errs = append(errs, os.Remove(name))
	}
	return errors.Join(errs...)
}
