package response

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/store"
	"firebreak/store/keys"
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

// erasureView gathers what there is to see.
func (s *Session) erasureView(ctx context.Context, f *folder, x store.Erasure, person string) (ErasureView, error) {
	v := ErasureView{
		Erasure: x, Incident: f.id, Goes: []ErasedText{}, Kept: []ErasedText{}, Evidence: []ErasedExhibit{}, Files: []string{}, Copies: []string{},
		Events: x.Events, Unfinished: x.State == store.ErasureDone && store.Pending(f.dir),
	}
	err := f.store.View(ctx, func(tx *store.Tx) error {
		entries, err := tx.Fields(0, 0)
		if err != nil {
			return err
		}
		v.texts(entries, x.Fields, person)
		if h, standing, err := tx.Hold(); err != nil {
			return err
		} else if standing {
			v.Hold = &h
		}
		if v.Evidence, err = exhibitsOf(tx, x.Exhibits); err != nil {
			return err
		}
		if x.State == store.ErasureDone {
			v.Copies = append(v.Copies, x.Left...)
			return nil
		}
		copies, err := f.copiesWith(tx, x.ErasureRequest)
		v.Copies = append(v.Copies, copies...)
		return err
	})
	if err != nil || x.State == store.ErasureDone {
		return v, err
	}
	handed, err := s.s.handed(f)
	if err != nil {
		return v, err
	}
	v.Copies = append(v.Copies, handed...)
	if v.Files, err = f.exported(); err != nil {
		return v, err
	}
	return v, s.countErased(ctx, f, &v, person)
}

// texts puts the fields into words, and says what cannot go.
func (v *ErasureView) texts(entries []store.Fields, fields []record.ErasedField, person string) {
	goes := map[string]bool{}
	for _, x := range fields {
		goes[x.Digest] = true
	}
	there := map[string]bool{}
	for _, e := range entries {
		for _, d := range e.Fields {
			text := ErasedText{Seq: e.Seq, Kind: e.Kind, Name: d.Name, Text: shorten(string(d.Value))}
			switch {
			case goes[d.Digest]:
				there[d.Digest] = true
				v.Goes = append(v.Goes, text)
			case person != "" && names(d.Value, person):
				text.Why = keptWhy(e.Kind, d.Name)
				v.Kept = append(v.Kept, text)
			}
		}
	}
	for _, x := range fields {
		if !there[x.Digest] { // erased
			n := slices.IndexFunc(entries, func(e store.Fields) bool { return e.Seq == x.Seq })
			if n >= 0 {
				v.Goes = append(v.Goes, ErasedText{Seq: x.Seq, Kind: entries[n].Kind, Name: x.Name, Text: record.ErasedMark})
			}
		}
	}
}

func keptWhy(k record.Kind, name string) string {
	switch {
	case record.ErasedWithExhibit(k, name):
		return "it goes only with its exhibit"
	case record.Erasable(k, name):
		return "the action has not come to an end"
	}
	return "it holds up the record"
}

func shorten(s string) string {
	if len(s) <= maxShown {
		return s
	}
	return strings.ToValidUTF8(s[:maxShown], "") + "…"
}

// exhibitsOf describes exhibits that go.
func exhibitsOf(tx *store.Tx, ids []string) ([]ErasedExhibit, error) {
	out := []ErasedExhibit{}
	all, err := tx.Exhibits()
	if err != nil {
		return out, err
	}
	for _, x := range all {
		if !slices.Contains(ids, x.ID) {
			continue
		}
		e := ErasedExhibit{Exhibit: x.ID, Title: x.Title}
		for _, other := range all {
			if other.Blob == x.Blob && x.Blob != "" && other.Erased == "" && !slices.Contains(ids, other.ID) {
				e.Shared = other.ID
			}
		}
		out = append(out, e)
	}
	return out, nil
}

// copiesWith lists the bundles and backups that were made when what is to go
// was there, and what a restore moved aside: it is another record, and goes by
// hand.
func (f *folder) copiesWith(tx *store.Tx, r record.ErasureRequest) ([]string, error) {
	entries, err := tx.EntriesOf(record.BundleMade, record.BackupMade)
	if err != nil {
		return nil, err
	}
	var out []string
	aside, err := filepath.Glob(filepath.Join(filepath.Dir(f.dir), ".replaced-"+string(f.id)+"-*"))
	if err != nil {
		return nil, err
	}
	for _, path := range aside {
		out = append(out, "incidents/"+filepath.Base(path)+", which a restore moved aside")
	}
	for _, e := range entries {
		var c record.Copy
		if err := e.Decode(&c); err != nil {
			return nil, err
		}
		holds := slices.ContainsFunc(r.Fields, func(f record.ErasedField) bool { return f.Seq <= c.Size })
		holds = holds || slices.ContainsFunc(r.Exhibits, func(id string) bool { return slices.Contains(c.Exhibits, id) })
		if holds {
			what := "bundle"
			if e.Kind == record.BackupMade {
				what = "backup"
			}
			out = append(out, fmt.Sprintf("%s %s of %s (entry %d)", what, c.Name, e.Time.UTC().Format("2006-01-02"), e.Seq))
		}
	}
	return out, nil
}

// countErased counts the events of the timeline that go, or that name a person.
func (s *Session) countErased(ctx context.Context, f *folder, v *ErasureView, person string) error {
	db, err := s.s.timeline(ctx, f)
	if CodeOf(err) == CodeIntegrity {
		return nil // damaged: it is made again without them
	}
	if err != nil {
		return err
	}
	for i := range v.Evidence {
		n, err := db.CountExhibit(ctx, v.Evidence[i].Exhibit)
		if err != nil {
			return err
		}
		v.Evidence[i].Events = n
		v.Events += n
	}
	if person != "" && len(v.Evidence) == 0 {
		v.Events, err = s.Count(ctx, f.id, textFilter(person))
	}
	return err
}

// quoting lists the files of the incident's folder that may quote what goes, by
// their paths below it: everything that was exported. In a drill also the state
// of its stand-ins, when one of the values is in it or some of what goes is of
// an action.
func (f *folder) quoting(values []string, acts bool) ([]string, error) {
	out, err := f.exported()
	if err != nil {
		return nil, err
	}
	if !f.drill {
		return out, nil
	}
	quotes, err := folderHolds(filepath.Join(f.dir, drillFolder), values, f.key.Subkey(keys.ForDrill))
	if quotes || acts { // what the stand-ins got came from actions
		out = append(out, drillFolder)
	}
	return out, err
}

// exported lists what was exported, by the paths below the incident's folder.
func (f *folder) exported() ([]string, error) {
	out := []string{}
	entries, err := os.ReadDir(filepath.Join(f.dir, exportsDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("look at the exports: %w", err)
	}
	for _, e := range entries {
		out = append(out, filepath.Join(exportsDir, e.Name()))
	}
	return out, nil
}

// drillFolder is where the state of a drill's stand-ins is.
const drillFolder = "drill"
