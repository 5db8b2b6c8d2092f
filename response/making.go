package response

import (
	"context"
	"fmt"
	"slices"

	"firebreak/record"
	"firebreak/review"
	"firebreak/review/clocks"
	"firebreak/store"
)

// making is all that a review is made of. What it is made into is a function of
// this and of nothing else.
type making struct {
	entries []record.Entry
	head    record.Head
	extra   review.Extra
	profile record.Profile
	key     []byte // of the pseudonyms
	names   []record.KnownName
}

// masked says what was done to the entries for their readers, for a person to look
// at.
type masked struct{}

// review makes it.
func (m making) review() (review.Review, masked, error) {
	entries, extra := m.entries, m.extra
	if m.profile != record.FullProfile {
		entries = make([]record.Entry, len(m.entries))
		for i, e := range m.entries {
			entries[i] = m.profile.Hide(unseen(m.profile, e))
		}
	}
	extra.Clocks = clocks.ForReview(entries, extra.Now)
	extra.Key = m.key
	r, err := review.Build(entries, extra)
	if err != nil {
		return r, masked{}, fmt.Errorf("build review: %w", err)
	}
	return r, masked{}, nil
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
	for name := range e.Fields {
		if !p.Discloses(e.Kind, name) {
			e.Withheld = append(e.Withheld, name)
		}
	}
	slices.Sort(e.Withheld)
	e.Withheld = slices.Compact(e.Withheld)
	return e
}

// gatherReview gathers what a review for these readers is made of, as it is now,
// but for the marked events: those are the timeline's. Its pseudonyms are of one
// document and of no other.
func (s *Session) gatherReview(ctx context.Context, f *folder, p record.Profile) (making, error) {
	m := making{profile: p, key: make([]byte, secretSize)}
	if err := s.s.draws(m.key); err != nil {
		return m, err
	}
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
	m.extra = review.Extra{Head: m.head, Now: s.s.o.Now().UTC(), Tool: s.s.o.Tool}
	if p != record.FullProfile {
		m.extra.Edition = &review.Edition{Profile: p}
	}
	h, err := s.Histogram(ctx, f.id, HistogramRequest{Buckets: 120})
	if err != nil && CodeOf(err) != CodeIntegrity {
		return m, err
	}
	m.extra.From, m.extra.To, m.extra.Buckets = h.From, h.To, h.Buckets
	return m, nil
}

// secretSize is how long the key of a document's pseudonyms is.
const secretSize = 32

// beside is what has to be kept of it so that it can be made again from the entries.
func (m making) beside() *record.Beside {
	b := &record.Beside{From: m.extra.From, To: m.extra.To, Buckets: m.extra.Buckets, Names: m.names}
	if len(b.Buckets) == 0 && len(b.Names) == 0 {
		return nil
	}
	return b
}

// again is what a release was made of: the entries up to its head, and what it
// says of the rest.
func (f *folder) again(ctx context.Context, rel record.Release, key []byte) (making, error) {
	m := making{profile: rel.Profile, key: key}
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
		m.extra.From, m.extra.To, m.extra.Buckets, m.names = b.From, b.To, b.Buckets, b.Names
	}
	return m, nil
}

// edition is what a release is, as its readers are told.
func edition(rel record.Release, entries []record.Entry) *review.Edition {
	return &review.Edition{
		Release: rel.ID, Profile: rel.Profile, For: rel.To, Draft: review.StateOf(entries).Before(record.ReviewReviewed),
	}
}
