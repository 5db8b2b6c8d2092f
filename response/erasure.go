package response

import (
	"context"
	"fmt"
	"strings"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/store"
)

// EraseRequest is what somebody wants to have destroyed.
type EraseRequest struct {
	Fields   []string // SEQ.NAME, or SEQ.* for all of an entry that may go
	Exhibits []string // e3
	Person   string   // a name, mail address or host: every field that holds it
	All      bool     // everything that can go: all exhibits, all fields, all names
	Basis    string   // the legal basis
	Reason   string
	// Digest binds a request about a person to what was found and shown: the
	// first twelve digits or more.
	Digest string
}

// Erasure is a request to erase with what became of it.
type Erasure = store.Erasure

// The states of a request to erase, and how many people have to agree.
const (
	ErasureAsked     = store.ErasureAsked
	ErasureAgreed    = store.ErasureAgreed
	ErasureRefused   = store.ErasureRefused
	ErasureDone      = store.ErasureDone
	ErasureApprovers = store.Approvers
)

// ErasureView is a request to erase with everything that somebody who has to
// agree needs to see.
type ErasureView struct {
	store.Erasure
	Incident incident.ID     `json:"incident"`
	Goes     []ErasedText    `json:"goes"` // the fields, with what they hold
	Kept     []ErasedText    `json:"kept"` // what names the person and cannot go
	Evidence []ErasedExhibit `json:"evidence"`
	Files    []string        `json:"files"`  // of the incident's folder that may quote it: destroyed, reviews are written anew
	Copies   []string        `json:"copies"` // bundles and backups that hold it
	Events   int64           `json:"events"` // of the timeline that go, or for a person: that name it
	Hold     *store.Hold     `json:"hold,omitempty"`
	// Unfinished says that it is recorded, and that traces are left.
	Unfinished bool `json:"unfinished,omitempty"`
}

// ErasedText is one field, with its beginning while it is there.
type ErasedText struct {
	Seq  int64       `json:"seq"`
	Kind record.Kind `json:"kind"`
	Name string      `json:"name"`
	Text string      `json:"text,omitempty"`
	Why  string      `json:"why,omitempty"` // why it stays
}

// ErasedExhibit is one exhibit that goes.
type ErasedExhibit struct {
	Exhibit string `json:"exhibit"`
	Title   string `json:"title"`
	Events  int64  `json:"events"`
	// Shared is another exhibit with the same bytes, for which they stay.
	Shared string `json:"shared,omitempty"`
}

const (
	maxErased = 20_000 // fields in one request
	maxShown  = 200    // bytes of a field's value that are shown
)

// FindErasable shows what a request would destroy, and records nothing.
func (s *Session) FindErasable(ctx context.Context, id incident.ID, r EraseRequest) (ErasureView, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ErasureView{}, err
	}
	var g gathered
	var req record.ErasureRequest
	err = f.store.View(ctx, func(tx *store.Tx) error {
		if g, err = gather(tx, r); err != nil {
			return err
		}
		req, err = requestOf(tx, g, r)
		return err
	})
	if err != nil {
		return ErasureView{}, err
	}
	return s.erasureView(ctx, f, store.Erasure{ErasureRequest: req, AskedBy: s.by.Name, Asker: s.by.ID}, r.Person)
}

// AskErasure records a request. Nothing is destroyed before two people have
// agreed to exactly this.
func (s *Session) AskErasure(ctx context.Context, id incident.ID, r EraseRequest) (ErasureView, error) {
	if strings.TrimSpace(r.Basis) == "" {
		return ErasureView{}, usage(`--basis "GDPR Art. 17(1)(a)"`, "an erasure needs its legal basis")
	}
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ErasureView{}, err
	}
	var asked string
	_, err = f.store.Update(ctx, func(tx *store.Tx) (record.Draft, error) {
		g, err := gather(tx, r)
		if err != nil {
			return record.Draft{}, err
		}
		req, err := requestOf(tx, g, r)
		if err != nil {
			return record.Draft{}, err
		}
		if r.Person != "" && (len(r.Digest) < 12 || !strings.HasPrefix(req.Digest, r.Digest)) {
			return record.Draft{}, refused(fmt.Sprintf("look at what was found, then repeat it with --digest %.12s", req.Digest), "erase in %s: what was found has to be confirmed", id)
		}
		asked = req.ID
		return s.draft(tx, record.ErasureAsked, "", req)
	})
	if err != nil {
		return ErasureView{}, err
	}
	return s.Erasure(ctx, id, asked)
}

// requestOf gives a request its id and its digest.
func requestOf(tx *store.Tx, g gathered, r EraseRequest) (record.ErasureRequest, error) {
	if len(g.fields) == 0 && len(g.exhibits) == 0 {
		return record.ErasureRequest{}, notFound("", "nothing that can be erased was found in %s", tx.ID())
	}
	if len(g.fields) > maxErased {
		return record.ErasureRequest{}, usage("ask for less at a time", "%d fields are more than %d", len(g.fields), maxErased)
	}
	id, err := tx.NextID("x")
	if err != nil {
		return record.ErasureRequest{}, err
	}
	req := record.ErasureRequest{ID: id, Fields: g.fields, Exhibits: g.exhibits, Basis: r.Basis, Reason: r.Reason}
	req.Digest, err = req.Bind(tx.ID())
	return req, err
}

// AgreeErasure is a person's yes or no to a request. digest is that of what the
// person has seen.
func (s *Session) AgreeErasure(ctx context.Context, id incident.ID, erasure, digest, reason string, no bool) (ErasureView, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ErasureView{}, err
	}
	x, err := f.erasure(ctx, erasure)
	if err != nil {
		return ErasureView{}, err
	}
	if !no && (len(digest) < 12 || !strings.HasPrefix(x.Digest, digest)) {
		return ErasureView{}, refused("firebreak show "+string(id)+" "+x.ID+" shows what would go", "agree to %s: its digest is %.12s…: give at least its first twelve digits", x.ID, x.Digest)
	}
	c := record.ErasureConsent{ID: x.ID, Digest: x.Digest, No: no, Reason: reason, Strength: record.Local}
	if !no {
		text, err := x.Text(id)
		if err != nil {
			return ErasureView{}, err
		}
		if c.Signature, err = s.signOwn(ctx, record.ErasureNamespace, text); err != nil {
			return ErasureView{}, err
		}
		if c.Signature != nil {
			c.Strength = c.Signature.Strength
		}
	}
	_, err = f.store.Update(ctx, func(tx *store.Tx) (record.Draft, error) {
		now, err := tx.Erasure(x.ID)
		if err != nil {
			return record.Draft{}, err
		}
		if now.State != store.ErasureAsked && now.State != store.ErasureAgreed {
			return record.Draft{}, refused("", "erasure %s is %s", x.ID, now.State)
		}
		return s.draft(tx, record.ErasureAgreed, "", c)
	})
	if err != nil {
		return ErasureView{}, err
	}
	return s.Erasure(ctx, id, x.ID)
}

// Erasures are the requests to erase, oldest first, without what they hold.
func (s *Session) Erasures(ctx context.Context, id incident.ID) ([]store.Erasure, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []store.Erasure
	err = f.store.View(ctx, func(tx *store.Tx) error {
		out, err = tx.Erasures()
		return err
	})
	return out, err
}

// Erasure is one request, with everything that goes.
func (s *Session) Erasure(ctx context.Context, id incident.ID, erasure string) (ErasureView, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ErasureView{}, err
	}
	x, err := f.erasure(ctx, erasure)
	if err != nil {
		return ErasureView{}, err
	}
	return s.erasureView(ctx, f, x, "")
}

func (f *folder) erasure(ctx context.Context, id string) (store.Erasure, error) {
	var x store.Erasure
	err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		x, err = tx.Erasure(id)
		return err
	})
	if err != nil {
		return x, notFound("firebreak erase "+string(f.id)+" lists them", "%w", err)
	}
	return x, nil
}
