package response

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
	"firebreak/review/clocks"
	"firebreak/store"
	"firebreak/store/events"
	"firebreak/timeline"
)

// Review writes the post-incident review over the record as it is now, as
// Markdown, HTML and JSON in the incident's exports folder. In an encrypted
// incident these are sealed.
func (s *Session) Review(ctx context.Context, id incident.ID) (Written, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return Written{}, err
	}
	return s.writeReview(ctx, f, "", f.exports())
}

func (f *folder) exports() string { return filepath.Join(f.dir, exportsDir) }

// ReviewTo is Review into another folder, where nothing is sealed. It works for
// an incident that can only be looked at; Written.Unrecorded says then why no
// entry tells of it.
func (s *Session) ReviewTo(ctx context.Context, id incident.ID, dir string) (Written, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return Written{}, err
	}
	if f.key != nil {
		if err := s.s.outside(dir); err != nil {
			return Written{}, err
		}
	}
	return s.writeReview(ctx, f, "", dir)
}

func (s *Session) writeReview(ctx context.Context, f *folder, step, dir string) (Written, error) {
	for try := 0; ; try++ {
		r, head, err := s.buildReview(ctx, f)
		if err != nil {
			return Written{}, err
		}
		w, err := s.keepReview(ctx, f, step, dir, r, head)
		if !errors.Is(err, errErasedMeanwhile) || try == 3 {
			return w, err
		}
	}
}

// errErasedMeanwhile: the review was made of what was erased before it was
// written.
var errErasedMeanwhile = errors.New("something was erased while the review was written")

// keepReview writes a review that was made over that head.
func (s *Session) keepReview(ctx context.Context, f *folder, step, dir string, r review.Review, head record.Head) (Written, error) {
	if dir == f.exports() {
		if err := f.writable(); err != nil {
			return Written{}, err
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Written{}, fmt.Errorf("write review: %w", err)
	}
	w := Written{Sealed: f.key != nil && dir == f.exports()}
	sums := map[string]string{}
	paths := map[string]*string{"md": &w.Markdown, "html": &w.HTML, "json": &w.JSON}
	for _, form := range reviewForms() {
		path := paths[form.name]
		if path == nil {
			continue
		}
		content, err := form.write(r)
		if err == nil {
			*path, err = f.writeExport(dir, form.file, content)
		}
		if err != nil {
			return Written{}, fmt.Errorf("write review as %s: %w", form.name, err)
		}
		h := sha256.Sum256(content)
		sums[form.file] = hex.EncodeToString(h[:])
	}
	if f.readOnly {
		w.Unrecorded = f.why.Error()
		return w, nil
	}
	err := s.actIn(ctx, f, record.ReviewWritten, step, record.Written{Files: sums, Size: head.Size, Root: head.Root}, func(tx *store.Tx) error {
		done, err := tx.EntriesOf(record.ErasureDone)
		if err == nil && len(done) > 0 && done[len(done)-1].Seq > head.Size {
			return errErasedMeanwhile
		}
		return err
	})
	if err == nil && s.s.o.Config.Sign == config.SignAlways {
		err = s.SignDecision(ctx, f.id, "review written")
	}
	return w, err
}

// markedEvents returns the events that people starred, tagged or commented, as
// the timeline has them. One that is not there is shown as it was marked.
func (s *Session) markedEvents(ctx context.Context, f *folder) (map[string]timeline.Event, error) {
	db, err := s.s.timeline(ctx, f)
	if CodeOf(err) == CodeIntegrity {
		return nil, nil // damaged: the marks keep their own text
	}
	if err != nil {
		return nil, err
	}
	var marks []store.Mark
	if err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		marks, err = tx.Marks()
		return err
	}); err != nil {
		return nil, err
	}
	out := map[string]timeline.Event{}
	for _, m := range marks {
		e, err := db.Get(ctx, eventID(m.Event))
		if errors.Is(err, events.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read marked event %s: %w", m.Event, err)
		}
		out[m.Event] = e
	}
	return out, nil
}

// buildReview gathers the facts: the entries, their head, and the shape of the
// timeline.
func (s *Session) buildReview(ctx context.Context, f *folder) (review.Review, record.Head, error) {
	var entries []record.Entry
	var head record.Head
	err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		if head, err = tx.Head(); err != nil {
			return err
		}
		entries, err = tx.Entries(0, int(head.Size))
		return err
	})
	if err != nil {
		return review.Review{}, head, err
	}
	extra := review.Extra{Head: head, Now: s.s.o.Now().UTC(), Tool: s.s.o.Tool}
	h, err := s.Histogram(ctx, f.id, HistogramRequest{Buckets: 120})
	if err != nil && CodeOf(err) != CodeIntegrity {
		return review.Review{}, head, err
	}
	extra.From, extra.To, extra.Buckets = h.From, h.To, h.Buckets
	if extra.Events, err = s.markedEvents(ctx, f); err != nil {
		return review.Review{}, head, err
	}
	extra.Clocks = clocks.ForReview(entries, extra.Now)
	r, err := review.Build(entries, extra)
	if err != nil {
		return review.Review{}, head, fmt.Errorf("build review: %w", err)
	}
	return r, head, nil
}
