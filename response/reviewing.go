package response

import (
	"cmp"
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
	return s.writeReview(ctx, f, "", ReviewOptions{})
}

// ReviewOptions say in which forms a review is written, for whom, and where.
type ReviewOptions struct {
	Forms   []string       // names of ReviewForms; none: Markdown, HTML and JSON; all
	Profile record.Profile // whose it is; full without one
	To      string         // a folder; the incident's exports without one
}

func (f *folder) exports() string { return filepath.Join(f.dir, exportsDir) }

// ReviewAs is Review for some readers, in some forms, or into another folder, where
// nothing is sealed. That works for an incident that can only be looked at;
// Written.Unrecorded says then why no entry tells of it.
func (s *Session) ReviewAs(ctx context.Context, id incident.ID, o ReviewOptions) (Written, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return Written{}, err
	}
	if _, err := formsNamed(o.Forms); err != nil {
		return Written{}, err
	}
	if f.key != nil && o.To != "" {
		if err := s.s.outside(o.To); err != nil {
			return Written{}, err
		}
	}
	return s.writeReview(ctx, f, "", o)
}

// ReviewTo is Review into another folder.
func (s *Session) ReviewTo(ctx context.Context, id incident.ID, dir string) (Written, error) {
	return s.ReviewAs(ctx, id, ReviewOptions{To: dir})
}

func (s *Session) writeReview(ctx context.Context, f *folder, step string, o ReviewOptions) (Written, error) {
	o.To, o.Profile = cmp.Or(o.To, f.exports()), cmp.Or(o.Profile, record.FullProfile)
	for try := 0; ; try++ {
		r, head, err := s.buildReview(ctx, f, o.Profile)
		if err != nil {
			return Written{}, err
		}
		w, err := s.keepReview(ctx, f, step, o, r, head)
		if !errors.Is(err, errErasedMeanwhile) || try == 3 {
			return w, err
		}
	}
}

// errErasedMeanwhile: the review was made of what was erased before it was
// written.
var errErasedMeanwhile = errors.New("something was erased while the review was written")

// keepReview writes a review that was made over that head.
func (s *Session) keepReview(ctx context.Context, f *folder, step string, o ReviewOptions, r review.Review, head record.Head) (Written, error) {
	forms, err := formsNamed(o.Forms)
	if err != nil {
		return Written{}, err
	}
	if o.To == f.exports() {
		if err := f.writable(); err != nil {
			return Written{}, err
		}
	}
	if err := os.MkdirAll(o.To, 0o700); err != nil {
		return Written{}, fmt.Errorf("write review: %w", err)
	}
	w := Written{Sealed: f.key != nil && o.To == f.exports(), Files: map[string]string{}}
	sums := map[string]string{}
	for _, form := range forms {
		name := form.file
		if o.Profile != record.FullProfile {
			name = tagged(name, string(o.Profile)) // beside the full one, which stays
		}
		content, err := form.write(r)
		if err == nil {
			w.Files[name], err = f.writeExport(o.To, name, content)
		}
		if err != nil {
			return Written{}, fmt.Errorf("write review as %s: %w", form.name, err)
		}
		sums[name] = sumOf(content)
		switch form.name {
		case "md":
			w.Markdown = w.Files[name]
		case "html":
			w.HTML = w.Files[name]
		case "json":
			w.JSON = w.Files[name]
		}
	}
	if f.readOnly {
		w.Unrecorded = f.why.Error()
		return w, nil
	}
	written := record.Written{Files: sums, Size: head.Size, Root: head.Root}
	if o.Profile != record.FullProfile {
		written.Profile = o.Profile
	}
	err = s.actIn(ctx, f, record.ReviewWritten, step, written, func(tx *store.Tx) error {
		erased, err := erasedAfter(tx, head.Size)
		if err == nil && len(erased) > 0 {
			return errErasedMeanwhile
		}
		return err
	})
	if err == nil && s.s.o.Config.Sign == config.SignAlways {
		err = s.SignDecision(ctx, f.id, "review written")
	}
	return w, err
}

func sumOf(content []byte) string {
	h := sha256.Sum256(content)
	return hex.EncodeToString(h[:])
}

// erasedAfter are the erasures that were done behind that entry.
func erasedAfter(tx *store.Tx, seq int64) ([]int64, error) {
	done, err := tx.EntriesOf(record.ErasureDone)
	var out []int64
	for _, e := range done {
		if e.Seq > seq {
			out = append(out, e.Seq)
		}
	}
	return out, err
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
// timeline; and makes the review of what that profile lets out.
func (s *Session) buildReview(ctx context.Context, f *folder, p record.Profile) (review.Review, record.Head, error) {
	m, err := s.gatherReview(ctx, f, p)
	if err != nil {
		return review.Review{}, m.head, err
	}
	if m.extra.Events, err = s.markedEvents(ctx, f); err != nil {
		return review.Review{}, m.head, err
	}
	r, _, err := m.review()
	return r, m.head, err
}
