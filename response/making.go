package response

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"firebreak/record"
	"firebreak/review"
	"firebreak/review/audience"
	"firebreak/review/clocks"
	"firebreak/store"
)

// making is all that a review is made of. What it is made into is a function of
// this and of nothing else.
type making struct {
	entries []record.Entry
	head    record.Head
	extra   review.Extra
	readers audience.Options
	fonts   *machineFonts
}

// review makes it, and says what was done to the entries for their readers: for a
// person to look at.
func (m making) review() (review.Review, audience.Report, error) {
	entries := m.entries
	if p := m.readers.Profile; p != "" {
		entries = make([]record.Entry, len(m.entries))
		for i, e := range m.entries {
			entries[i] = unseen(p, e)
		}
	}
	entries, extra, report := audience.Apply(entries, m.extra, m.readers)
	extra.Clocks = clocks.ForReview(entries, extra.Now)
	r, err := review.Build(entries, extra)
	if err != nil {
		return r, report, fmt.Errorf("build review: %w", err)
	}
	return r, report, nil
}

// profile is whose the review is.
func (m making) profile() record.Profile { return cmp.Or(m.readers.Profile, record.FullProfile) }

// masking is the profile as a mask has it: those who may see all are shown all, but
// for secrets, under the incident's own label.
func masking(p record.Profile) record.Profile {
	if p == record.FullProfile {
		return ""
	}
	return p
}

// unseen is the entry as for readers who were never shown what of it was erased: to
// them it is withheld, and what they were given before the erasure reads as it did.
func unseen(p record.Profile, e record.Entry) record.Entry {
	var erased, withheld []string
	for _, name := range e.Erased {
		if p.Discloses(e.Kind, name) {
			erased = append(erased, name)
		} else {
			withheld = append(withheld, name)
		}
	}
	e.Erased, e.Withheld = erased, append(withheld, e.Withheld...)
	return e
}

// gatherReview gathers what a review for these readers is made of, as it is now,
// but for the marked events: those are the timeline's. Its pseudonyms are of one
// document and of no other.
func (s *Session) gatherReview(ctx context.Context, f *folder, p record.Profile) (making, error) {
	m := making{fonts: &machineFonts{folders: s.s.fontFolders}}
	err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		if m.head, err = tx.Head(); err != nil {
			return err
		}
		m.entries, err = tx.Entries(0, int(m.head.Size))
		return err
	})
	if err != nil {
		return m, err
	}
	if m.readers, err = s.readersOf(ctx, f, s.s.documentKey("review", f.id, p, m.head), masking(p)); err != nil {
		return m, err
	}
	m.extra = review.Extra{Head: m.head, Now: s.s.o.Now().UTC(), Tool: s.s.o.Tool}
	h, err := s.Histogram(ctx, f.id, HistogramRequest{Buckets: 120})
	if err != nil && CodeOf(err) != CodeIntegrity {
		return m, err
	}
	m.extra.From, m.extra.To, m.extra.Buckets = h.From, h.To, h.Buckets
	return m, nil
}

// secretSize is how long the key of a document's pseudonyms is.
const secretSize = 32

// beside is what has to be kept of it so that it can be made again from the entries:
// of the names that this workspace knows, those that made a difference.
func (m making) beside(report audience.Report) *record.Beside {
	b := &record.Beside{From: m.extra.From, To: m.extra.To, Buckets: m.extra.Buckets, Banner: m.readers.Banner}
	for _, n := range report.Names {
		b.Names = append(b.Names, record.KnownName{Kind: string(n.Kind), Value: n.Value, Role: n.Role, As: n.As, Responder: n.Responder, Sure: n.Sure})
	}
	if len(b.Buckets) == 0 && len(b.Names) == 0 && b.Banner == "" {
		return nil
	}
	return b
}

// again is what a release was made of: the entries up to its head, and what it
// says of the rest.
func (f *folder) again(ctx context.Context, rel record.Release, key []byte) (making, error) {
	m := making{readers: audience.Options{Profile: masking(rel.Profile), Key: key}}
	err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		heads, err := tx.Heads(-1)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(heads, func(h record.Head) bool { return h.Size == rel.Size && h.Root == rel.Root })
		if i < 0 {
			return &Error{Code: CodeIntegrity, Hint: "firebreak verify " + string(f.id), Err: fmt.Errorf("release %s: the record has no head of %d entries with its root", rel.ID, rel.Size)}
		}
		m.head = heads[i]
		m.entries, err = tx.Entries(0, int(rel.Size))
		return err
	})
	if err != nil {
		return m, err
	}
	m.extra = review.Extra{Head: m.head, Now: rel.Made.UTC(), Tool: rel.Tool, Edition: edition(rel, m.entries)}
	if b := rel.Beside; b != nil {
		m.extra.From, m.extra.To, m.extra.Buckets, m.readers.Banner = b.From, b.To, b.Buckets, b.Banner
		for _, n := range b.Names {
			m.readers.Names = append(m.readers.Names, audience.Name{Kind: audience.Kind(n.Kind), Value: n.Value, Role: n.Role, As: n.As, Responder: n.Responder, Sure: n.Sure})
		}
	}
	return m, nil
}

// edition is what a release is, as its readers are told.
func edition(rel record.Release, entries []record.Entry) *review.Edition {
	return &review.Edition{Release: rel.ID, For: rel.To, Draft: review.StateOf(entries).Before(record.ReviewReviewed)}
}
