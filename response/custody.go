package response

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
	"firebreak/store"
)

// CustodyChains are the chains of custody of an incident's exhibits.
type CustodyChains = review.Custody

// CustodyTransfer is one handover in them.
type CustodyTransfer = review.Transfer

// Custody is the chain of custody of all exhibits, derived from the record.
func (s *Session) Custody(ctx context.Context, id incident.ID) (review.Custody, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return review.Custody{}, err
	}
	var c review.Custody
	err = f.store.View(ctx, func(tx *store.Tx) error {
		c, err = s.s.chains(tx)
		return err
	})
	return c, err
}

// chains makes the chains of what tx shows; signatures are held against the
// roster, where there is one.
func (s *Service) chains(tx *store.Tx) (review.Custody, error) {
	inc, err := tx.Incident()
	if err != nil {
		return review.Custody{}, err
	}
	head, err := tx.Head()
	if err != nil {
		return review.Custody{}, err
	}
	xs, err := tx.Exhibits()
	if err != nil {
		return review.Custody{}, err
	}
	entries, err := tx.EntriesOf(review.CustodyKinds()...)
	if err != nil {
		return review.Custody{}, err
	}
	sealed := make([]review.Chain, len(xs))
	for i, x := range xs {
		sealed[i] = review.Chain{Exhibit: x.Exhibit, Seq: x.Seq, SealedAt: x.SealedAt, SealedBy: x.SealedBy}
	}
	return review.BuildCustody(sealed, entries, review.CustodyExtra{
		Incident: inc, Head: head, Now: s.o.Now().UTC(), Tool: s.o.Tool, Check: s.custodyCheck(),
	}), nil
}

// CustodyCase is the CASE/UCO export of the exhibits, their custody and the
// actions on outside systems.
func (s *Session) CustodyCase(ctx context.Context, id incident.ID, exhibits []string) ([]byte, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return nil, err
	}
	var c review.Custody
	var actions []review.Action
	err = f.store.View(ctx, func(tx *store.Tx) error {
		if c, err = s.s.chains(tx); err != nil {
			return err
		}
		entries, err := tx.Entries(0, 0)
		if err != nil {
			return err
		}
		head, err := tx.Head()
		if err != nil {
			return err
		}
		r, err := review.Build(entries, review.Extra{Head: head, Now: s.s.o.Now().UTC(), Tool: s.s.o.Tool})
		actions = r.Actions
		return err
	})
	if err != nil {
		return nil, err
	}
	if c, err = only(c, exhibits); err != nil {
		return nil, err
	}
	return c.CASE(actions)
}

// only is what of the chains belongs to those exhibits; none means all.
func only(c review.Custody, exhibits []string) (review.Custody, error) {
	c, missing := c.Only(exhibits)
	if len(missing) > 0 {
		return c, notFound("firebreak show "+string(c.Incident.ID)+" evidence lists them", "exhibit %q: %w", missing[0], incident.ErrNotFound)
	}
	return c, nil
}

// CheckExhibits hashes the sealed bytes of those exhibits again, of all when
// none is named, and records for each what was found. Those that were erased
// are left out.
func (s *Session) CheckExhibits(ctx context.Context, id incident.ID, exhibits []string, p ProgressFunc) ([]record.Check, error) {
	c, err := s.Custody(ctx, id)
	if err != nil {
		return nil, err
	}
	if c, err = only(c, exhibits); err != nil {
		return nil, err
	}
	var out []record.Check
	for i, x := range c.Exhibits {
		tell(p, "checking "+x.ID+" "+x.Title, int64(i), int64(len(c.Exhibits)))
		if x.Erased != "" {
			continue
		}
		if err := ctx.Err(); err != nil {
			return out, context.Cause(ctx)
		}
		found, err := s.CheckExhibit(ctx, id, x.ID)
		if err != nil {
			return out, err
		}
		out = append(out, found)
	}
	return out, nil
}

// OpenExhibit returns the plain bytes of an exhibit to be looked at on the
// screen, and records the look, once for each exhibit and session. In a folder
// that cannot be written to nothing is recorded. Reading to the end checks the
// bytes against the seal.
func (s *Session) OpenExhibit(ctx context.Context, id incident.ID, exhibit string) (io.ReadCloser, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return nil, err
	}
	x, err := f.exhibit(ctx, exhibit)
	if err != nil {
		return nil, err
	}
	r, err := f.locker.Open(x.Blob)
	if err != nil {
		return nil, fmt.Errorf("open exhibit %s: %w", exhibit, err)
	}
	if f.readOnly || !s.looked.first(id, exhibit) {
		return r, nil
	}
	if err := s.actIn(ctx, f, record.EvidenceAccessed, "", record.Access{Exhibit: exhibit, Purpose: "looked at on screen"}, nil); err != nil {
		s.looked.forget(id, exhibit)
		return nil, errors.Join(fmt.Errorf("record the look at %s: %w", exhibit, err), r.Close())
	}
	return r, nil
}

// looks are the exhibits that a session has looked at on the screen.
type looks struct {
	mu sync.Mutex
	at map[string]bool
}

// first says whether this is the first look, and remembers it.
func (l *looks) first(id incident.ID, exhibit string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := string(id) + " " + exhibit
	if l.at[key] {
		return false
	}
	if l.at == nil {
		l.at = map[string]bool{}
	}
	l.at[key] = true
	return true
}

func (l *looks) forget(id incident.ID, exhibit string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.at, string(id)+" "+exhibit)
}

// addCustody puts what the chains say beside the exhibits; both are in the
// order of the projection.
func addCustody(views []ExhibitView, c review.Custody) {
	for i, x := range c.Exhibits {
		v := &views[i]
		v.Holder, v.Custody, v.Open, v.Unsigned, v.Gaps = x.Holder, len(x.Events), x.Open, x.Unsigned, x.Gaps
	}
}
