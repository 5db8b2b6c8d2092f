package review

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

// CustodyFormat names the shape of the JSON form, as Format does a review's.
const CustodyFormat = "firebreak.custody/1"

// Custody is the chain of custody of an incident's exhibits: who took them, who
// held them, who looked at them, and what of that is not as it should be. It is
// derived from the record, and the same record gives the same chain.
type Custody struct {
	Format    string            `json:"format"`
	Made      time.Time         `json:"made,omitzero"`
	Tool      string            `json:"tool,omitempty"`
	Incident  incident.Incident `json:"incident"`
	Exhibits  []Chain           `json:"exhibits"`
	Transfers []Transfer        `json:"transfers"`
	Gaps      []string          `json:"gaps"` // that belong to no one exhibit
	Roster    bool              `json:"roster"`
	Integrity Integrity         `json:"integrity"`

	origin string // of the head: what tells this incident from another workspace's of the same number
}

// Chain is one exhibit with its history.
type Chain struct {
	record.Exhibit
	Seq      int64          `json:"seq"`
	SealedAt time.Time      `json:"sealed_at"`
	SealedBy string         `json:"sealed_by"`
	Holder   string         `json:"holder"`
	Since    time.Time      `json:"holder_since"`
	Open     string         `json:"open_transfer,omitempty"` // offered, and not answered
	Erased   string         `json:"erased,omitempty"`        // by which erasure
	Unsigned []string       `json:"unsigned_transfers,omitempty"`
	Gaps     []string       `json:"gaps,omitempty"`
	Events   []CustodyEvent `json:"events"`

	absent map[string]string // field that was erased or withheld → the mark in its place
}

// CustodyEvent is a link of a chain: one entry of the record.
type CustodyEvent struct {
	Act
	What     string   `json:"what"` // collected, sealed, checked, read, copied, offered, accepted, refused, erased
	Text     string   `json:"text"`
	Bad      bool     `json:"bad,omitempty"`
	Transfer string   `json:"transfer,omitempty"`
	Signers  []Signer `json:"signers,omitempty"`
}

// Signer is one side of a transfer. Holds says that there is a signature and
// that it was checked; Problem why it does not hold.
type Signer struct {
	Side      string          `json:"side"` // gives, takes, refuses
	Person    string          `json:"person"`
	Signed    bool            `json:"signed"`
	Holds     bool            `json:"holds"`
	Principal string          `json:"principal,omitempty"`
	Key       string          `json:"key,omitempty"`
	Type      string          `json:"type,omitempty"`
	Strength  record.Strength `json:"strength,omitempty"`
	Stranger  bool            `json:"stranger,omitempty"` // it is good, and nobody here vouches for the key
	Absent    string          `json:"absent,omitempty"`   // "(erased)", "(withheld)": there was a signature
	Problem   string          `json:"problem,omitempty"`
}

// The states of a transfer.
const (
	TransferOpen     = "open"
	TransferAccepted = "accepted"
	TransferRefused  = "refused"
)

// Transfer is one handover with its answer.
type Transfer struct {
	record.Transfer
	State    string `json:"state"`
	Offered  Act    `json:"offered"`
	Answered Act    `json:"answered,omitzero"`
	Gives    Signer `json:"gives"`
	Takes    Signer `json:"takes"`
}

// Open says that the receiver has not answered yet.
func (t Transfer) Open() bool { return t.State == TransferOpen }

// SignatureCheck says whether a signature holds over that text at that time;
// the answer comes from a roster that this package does not have.
type SignatureCheck func(sig record.Signature, namespace, text string, at time.Time) error

// CustodyExtra is what a chain needs besides the entries.
type CustodyExtra struct {
	Incident incident.Incident
	Head     record.Head
	Now      time.Time
	Tool     string
	Check    SignatureCheck // nil: signatures are shown as not checked
	// Masked says that names in the entries are stand-ins: no gap is found by comparing
	// one with another.
	Masked bool
}

// CustodyKinds are the kinds of entries that a chain is made of. Of the entries
// of the exhibits only what is absent from them is read.
func CustodyKinds() []record.Kind {
	return []record.Kind{
		record.EvidenceSealed, record.EvidenceChecked, record.EvidenceAccessed, record.CustodyTransferred, record.CustodyAccepted,
		record.BundleMade, record.ErasureDone,
	}
}

// Sealed are the exhibits that those entries sealed, as BuildCustody wants them.
func Sealed(entries []record.Entry) ([]Chain, error) {
	var out []Chain
	for _, e := range entries {
		if e.Kind != record.EvidenceSealed {
			continue
		}
		x := Chain{Seq: e.Seq, SealedAt: e.Time, SealedBy: called(e.Actor)}
		if err := e.Decode(&x.Exhibit); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

// BuildCustody makes the chains of the exhibits, in their order; of a Chain
// that comes in, the exhibit and who sealed it when in which entry are read.
func BuildCustody(sealed []Chain, entries []record.Entry, extra CustodyExtra) Custody {
	l := &links{check: extra.Check, masked: extra.Masked, at: map[string]int{}, transfers: map[string]int{}}
	l.c = Custody{
		Format: CustodyFormat, Made: extra.Now.UTC(), Tool: extra.Tool, Incident: extra.Incident, Roster: extra.Check != nil,
		Exhibits: []Chain{}, Transfers: []Transfer{}, Gaps: []string{},
		Integrity: Integrity{Size: extra.Head.Size, Entries: extra.Head.Size, Root: extra.Head.Root, Seal: extra.Head.Seal(), Signed: string(extra.Head.Signed)},
	}
	l.c.origin = extra.Head.Origin
	for _, x := range sealed {
		l.begin(x)
	}
	for _, e := range entries {
		if err := l.entry(e); err != nil {
			l.c.Gaps = append(l.c.Gaps, fmt.Sprintf("entry %d, %s, cannot be read: %v", e.Seq, e.Kind, err))
		}
	}
	l.end()
	return l.c
}

// Only keeps the exhibits with those ids; missing are ids that there are not.
func (c Custody) Only(ids []string) (out Custody, missing []string) {
	if len(ids) == 0 {
		return c, nil
	}
	out = c
	out.Exhibits, out.Transfers = []Chain{}, []Transfer{}
	for _, id := range ids {
		at := slices.IndexFunc(c.Exhibits, func(x Chain) bool { return x.ID == id })
		switch {
		case at < 0:
			missing = append(missing, id)
		case !slices.ContainsFunc(out.Exhibits, func(x Chain) bool { return x.ID == id }):
			out.Exhibits = append(out.Exhibits, c.Exhibits[at])
		}
	}
	for _, t := range c.Transfers {
		if slices.ContainsFunc(t.Exhibits, func(id string) bool { return slices.Contains(ids, id) }) {
			out.Transfers = append(out.Transfers, t)
		}
	}
	return out, missing
}

// Notes are what a verification says of the chains: it changes no exhibit, and
// an auditor asks about each.
func (c Custody) Notes() []string {
	out := slices.Clone(c.Gaps)
	for _, t := range c.Transfers {
		if t.Open() {
			out = append(out, fmt.Sprintf("custody: transfer %s of %s from %s to %s was never answered", t.ID, strings.Join(t.Exhibits, ", "), given(t.From), given(t.To)))
		}
	}
	for _, x := range c.Exhibits {
		for _, g := range x.Gaps {
			out = append(out, "custody of exhibit "+x.ID+": "+g)
		}
	}
	return out
}

// links puts the entries on the chains.
type links struct {
	c         Custody
	check     SignatureCheck
	masked    bool
	at        map[string]int // exhibit → place in c.Exhibits
	transfers map[string]int
}

func (l *links) begin(x Chain) {
	who := Act{x.Seq, x.SealedAt.UTC(), x.SealedBy}
	took := Act{x.Seq, x.Started.UTC(), x.SealedBy}
	if x.Started.IsZero() {
		took.Time = who.Time
	}
	x.Holder, x.Since, x.Open, x.Erased, x.Unsigned, x.Gaps = x.SealedBy, who.Time, "", "", nil, nil
	x.Events = []CustodyEvent{
		{Act: took, What: "collected", Text: fmt.Sprintf("taken from %s by %s", whereFrom(x.Exhibit), given(x.Collector))},
		{Act: who, What: "sealed", Text: fmt.Sprintf("%s, sha256 %s", counted64(x.Size, "byte", "bytes"), given(x.SHA256))},
	}
	l.at[x.ID] = len(l.c.Exhibits)
	l.c.Exhibits = append(l.c.Exhibits, x)
}

// whereFrom is where an exhibit came from, in words.
func whereFrom(x record.Exhibit) string {
	switch x.Origin {
	case record.OriginImage:
		return fmt.Sprintf("%s of the image at %s (%s)", given(x.Source), given(x.Root), first(x.Host, "its host is not named"))
	case record.OriginArchive:
		in := "exhibit " + x.Within
		if x.Within == "" {
			in = "the folder " + given(x.Root) + " on " + given(x.Stored)
		}
		return fmt.Sprintf("%s, the member %s of %s (%s)", given(x.Source), given(x.Member), in, first(x.Host, "its host is not named"))
	case record.OriginSystem:
		return fmt.Sprintf("%s, %s", given(x.Source), given(x.Method))
	case record.OriginInput:
		return fmt.Sprintf("%s of firebreak on %s", given(x.Source), given(x.Stored))
	case record.OriginFile:
		piece := ""
		if x.Piece != nil {
			piece = fmt.Sprintf("bytes %d to %d of ", x.Piece.From, x.Piece.To)
		}
		return fmt.Sprintf("%sthe file %s on %s", piece, given(x.Source), given(x.Stored))
	}
	if x.Host == "" {
		return given(x.Source)
	}
	return fmt.Sprintf("%s on %s", given(x.Source), x.Host)
}

// add puts an event on the chain of an exhibit.
func (l *links) add(exhibit string, ev CustodyEvent) *Chain {
	i, ok := l.at[exhibit]
	if !ok {
		l.c.Gaps = append(l.c.Gaps, fmt.Sprintf("entry %d speaks of exhibit %s, which there is not", ev.Seq, given(exhibit)))
		return nil
	}
	x := &l.c.Exhibits[i]
	x.Events = append(x.Events, ev)
	return x
}

func (l *links) entry(e record.Entry) error {
	ev := CustodyEvent{Act: act(e)}
	switch e.Kind { //nolint:exhaustive // the other kinds are not about custody
	case record.EvidenceSealed:
		l.lost(e)
	case record.EvidenceChecked:
		var p record.Check
		if err := e.Decode(&p); err != nil {
			return err
		}
		ev.What, ev.Text, ev.Bad = "checked", "as it was sealed", !p.OK
		if !p.OK {
			ev.Text = "NOT as it was sealed: " + given(p.Found)
		}
		if x := l.add(p.Exhibit, ev); x != nil && !p.OK && x.Erased == "" {
			x.Gaps = append(x.Gaps, fmt.Sprintf("entry %d found it changed: %s", e.Seq, given(p.Found)))
		}
	case record.EvidenceAccessed:
		var p record.Access
		if err := e.Decode(&p); err != nil {
			return err
		}
		ev.What, ev.Text = "read", given(p.Purpose)
		if to := first(p.To, e.Absent("to")); to != "" {
			ev.What, ev.Text = "copied", fmt.Sprintf("to %s: %s", to, given(p.Purpose))
		}
		l.add(p.Exhibit, ev)
	case record.CustodyTransferred:
		return l.offered(e, ev)
	case record.CustodyAccepted:
		return l.answered(e, ev)
	case record.BundleMade:
		var p record.Copy
		if err := e.Decode(&p); err != nil {
			return err
		}
		ev.What, ev.Text = "copied", fmt.Sprintf("into the bundle %s, sha256 %s", given(p.Name), given(p.SHA256))
		for _, id := range p.Exhibits {
			l.add(id, ev)
		}
	case record.ErasureDone:
		var p record.Erasure
		if err := e.Decode(&p); err != nil {
			return err
		}
		ev.What, ev.Text = "erased", fmt.Sprintf("%s, basis: %s, agreed by %s", given(p.ID), given(p.Basis), first(strings.Join(p.Approvers, ", "), withheld))
		for _, id := range p.Exhibits {
			if x := l.add(id, ev); x != nil {
				x.Erased = first(p.ID, withheld)
			}
		}
	}
	return nil
}

// lost notes what of an exhibit's entry was erased or withheld, so that no form
// says that it was never recorded.
func (l *links) lost(e record.Entry) {
	for i := range l.c.Exhibits {
		x := &l.c.Exhibits[i]
		if x.Seq != e.Seq {
			continue
		}
		x.absent = map[string]string{}
		for _, name := range slices.Concat(e.Erased, e.Withheld) {
			x.absent[name] = e.Absent(name)
		}
	}
}

// or is the mark of a field that was erased or withheld, else the word.
func (x Chain) or(field, word string) string { return first(x.absent[field], word) }

// NoDeviations says why none are listed.
func (x Chain) NoDeviations() string { return x.or("deviations", "none was noticed") }
