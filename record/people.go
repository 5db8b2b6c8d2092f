package record

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"firebreak/incident"
)

// ErrStranger says that a signature is good, by a key that nobody here vouches
// for.
var ErrStranger = errors.New("signed by a key nobody here vouches for")

// Roster vouches for people's keys: sshsig.Roster is one.
type Roster interface {
	// Check checks the signature over text and that its key was the
	// principal's, for that namespace, at that time. The error is ErrStranger
	// where the signature is good and no line of the roster has the key.
	Check(sig Signature, namespace string, text []byte, at time.Time) error
}

// PersonSignature is one signature by a person in a record, and what a check
// found.
type PersonSignature struct {
	Seq       int64    `json:"seq"`
	What      string   `json:"what"` // in words: "the head of 12 entries", "approval of a1"
	Principal string   `json:"principal"`
	Key       string   `json:"key"`
	Strength  Strength `json:"strength"`
	Verified  bool     `json:"verified,omitempty"` // the token asked for a PIN or a finger
	OK        bool     `json:"ok"`
	// Stranger says that the signature is good and nobody here vouches for its
	// key: no fault, and no proof of who it was.
	Stranger bool   `json:"stranger,omitempty"`
	Why      string `json:"why,omitempty"`
}

// StampCheck is one time-stamp in a record, and what a check found.
type StampCheck struct {
	Seq       int64     `json:"seq"`
	Size      int64     `json:"size"` // of the head that was stamped
	Authority string    `json:"authority"`
	Time      time.Time `json:"time"` // the authority's
	OK        bool      `json:"ok"`
	// Stranger says that the stamp is good and no certificate in trust/tsa.pem
	// vouches for who made it.
	Stranger bool   `json:"stranger,omitempty"`
	Why      string `json:"why,omitempty"`
}

// Text is the checkpoint text of a head, three lines: what people sign and
// time-stamping authorities stamp.
func (h Head) Text() string {
	root, err := hex.DecodeString(h.Root)
	if err != nil || len(root) != 32 {
		return ""
	}
	return fmt.Sprintf("%s\n%d\n%s\n", h.Origin, h.Size, base64.StdEncoding.EncodeToString(root))
}

// ReadText reads a checkpoint text as Head.Text wrote it.
func ReadText(text string) (Head, error) { return parseCheckpoint(text) }

// CheckPeople checks every signature by a person that the entries carry,
// against the roster at the time of each entry. That a signed head is one of
// this record is Verify's to say: it has the lines.
func CheckPeople(entries []Entry, roster Roster) []PersonSignature {
	c := peopleCheck{roster: roster, plans: map[string]planOf{}, nonces: map[string]int64{}, offers: map[string]string{}}
	for _, e := range entries {
		c.entry(e)
	}
	return c.out
}

// planOf is what an approval has to agree with.
type planOf struct {
	Planned
	fields map[string]json.RawMessage
}

type peopleCheck struct {
	roster Roster
	plans  map[string]planOf
	nonces map[string]int64 // of approvals, with the entry that used it first
	offers map[string]string
	out    []PersonSignature
}

// entry looks at one entry. A payload that cannot be read carries no signature
// that could be checked; it was erased, withheld, or has a fault of its own.
func (c *peopleCheck) entry(e Entry) {
	switch e.Kind { //nolint:exhaustive // the other kinds carry no signature
	case ActionPlanned:
		var p Planned
		if e.Decode(&p) == nil {
			c.plans[p.Action] = planOf{p, e.Fields}
		}
	case HeadSigned:
		var s Signed
		if e.Decode(&s) == nil && s.Signature.Armored != "" {
			c.check(e, s.Signature, HeadNamespace, headOf(s.Size), headAgrees(e, s))
		}
	case ActionApproved:
		var d Decision
		if e.Decode(&d) == nil && d.Signature != nil {
			c.check(e, *d.Signature, ApprovalNamespace, "approval of "+d.Action, c.approvalAgrees(e, d))
		}
	case CustodyTransferred:
		var t Transfer
		if e.Decode(&t) != nil {
			return
		}
		c.offers[t.ID] = t.Statement
		for _, side := range []struct {
			word string
			sig  *Signature
		}{{"handing over", t.FromSig}, {"taking over", t.ToSig}} {
			if side.sig == nil {
				continue
			}
			var wrong error
			if !Gone(t.Statement) && side.sig.Text != t.Statement {
				wrong = errors.New("it signs another statement than the entry shows")
			}
			c.check(e, *side.sig, CustodyNamespace, side.word+" "+t.ID, wrong)
		}
	case CustodyAccepted:
		var a Acceptance
		if e.Decode(&a) == nil && a.Signature != nil {
			c.check(e, *a.Signature, CustodyNamespace, "answer to "+a.ID, c.answerAgrees(a))
		}
	case ErasureAgreed:
		var g ErasureConsent
		if e.Decode(&g) == nil && g.Signature != nil {
			var wrong error
			if sum := sha256.Sum256([]byte(g.Signature.Text)); hex.EncodeToString(sum[:]) != g.Digest {
				wrong = errors.New("it signs another request than the one agreed to")
			}
			c.check(e, *g.Signature, ErasureNamespace, "consent to erasure "+g.ID, wrong)
		}
	case ReviewMoved:
		var m ReviewMove
		if e.Decode(&m) == nil && m.Signature != nil {
			c.check(e, *m.Signature, ReviewNamespace, "the review is "+string(m.To), moveAgrees(e, m))
		}
	default:
	}
}

// answerAgrees compares a signed answer with what was offered.
func (c *peopleCheck) answerAgrees(a Acceptance) error {
	text := c.offers[a.ID]
	if Gone(text) {
		return nil // withheld or erased: it cannot disagree
	}
	agrees := a.Signature.Text == text
	if a.No {
		h, err := ParseHandover(text)
		agrees = err == nil && h.Refuses(a.Signature.Text, a.Reason)
	}
	if !agrees {
		return errors.New("it signs another statement than was offered")
	}
	return nil
}

// check adds one signature. wrong is what its text and the entry disagree
// about.
func (c *peopleCheck) check(e Entry, sig Signature, namespace, what string, wrong error) {
	p := PersonSignature{Seq: e.Seq, What: what, Principal: sig.Principal, Key: sig.Key, Strength: sig.Strength, Verified: sig.Verified}
	err := wrong
	if err == nil && sig.Strength == Hardware && !strings.HasPrefix(sig.Type, "sk-") {
		err = fmt.Errorf("it claims a hardware token and its key is of type %.60s", sig.Type)
	}
	if err == nil {
		err = c.roster.Check(sig, namespace, []byte(sig.Text), e.Time)
	}
	p.OK, p.Stranger = err == nil, errors.Is(err, ErrStranger)
	if err != nil {
		p.Why = err.Error()
	}
	c.out = append(c.out, p)
}

func headOf(size int64) string {
	if size == 1 {
		return "the head of 1 entry"
	}
	return fmt.Sprintf("the head of %d entries", size)
}

// headAgrees compares a signed checkpoint text with the entry that carries it.
func headAgrees(e Entry, s Signed) error {
	h, err := ReadText(s.Signature.Text)
	switch {
	case err != nil:
		return fmt.Errorf("what is signed is no head: %w", err)
	case h.Size != s.Size || h.Root != s.Root:
		return errors.New("it signs another head than the entry shows")
	case h.Size >= e.Seq:
		return errors.New("it signs a head that was not there yet")
	}
	return nil
}

// moveAgrees compares a signed statement with the move that carries it.
func moveAgrees(e Entry, m ReviewMove) error {
	s, err := ParseSignOff(m.Signature.Text)
	switch {
	case err != nil:
		return fmt.Errorf("what is signed is no sign-off: %w", err)
	case !Gone(m.Statement) && m.Signature.Text != m.Statement:
		return errors.New("it signs another statement than the entry shows")
	case !s.Over(m):
		return errors.New("it signs another move than the entry shows")
	case s.Size >= e.Seq:
		return errors.New("it signs a head that was not there yet")
	}
	return nil
}

// approvalAgrees compares a signed request with the decision, the plan and the
// approvals before it.
func (c *peopleCheck) approvalAgrees(e Entry, d Decision) error {
	r, err := ReadApprovalRequest([]byte(d.Signature.Text))
	if err != nil {
		return fmt.Errorf("what is signed is no request: %w", err)
	}
	// What was withheld or erased cannot disagree: the digests say that it was there.
	fill(e.Fields, "action", &d.Action, r.Action)
	fill(e.Fields, "digest", &d.Digest, r.Digest)
	fill(e.Fields, "expires", &d.Expires, r.Until())
	if err := r.Agrees(d, e.Time); err != nil {
		return err
	}
	if first := c.nonces[r.Nonce]; first != 0 {
		return fmt.Errorf("its nonce was used at entry %d already", first)
	}
	c.nonces[r.Nonce] = e.Seq
	plan, ok := c.plans[d.Action]
	if !ok {
		return nil // withheld or erased whole
	}
	fill(plan.fields, "digest", &plan.Digest, r.Digest)
	fill(plan.fields, "name", &plan.Name, r.Name)
	fill(plan.fields, "target", &plan.Target, r.Target)
	if _, ok := plan.fields["danger"]; !ok {
		return r.agrees(plan.Planned, r.Danger)
	}
	return r.AgreesWith(plan.Planned)
}

// fill puts a value into a field that the entry does not carry.
func fill[T any](fields map[string]json.RawMessage, name string, field *T, value T) {
	if _, ok := fields[name]; !ok {
		*field = value
	}
}

// people checks the signatures and puts what is wrong into the report. A good
// one by a stranger is a note: it is no fault of the record.
func (r *Report) people(id incident.ID, lines []*Line, sealed []Sealed, tree *Tree, roster Roster) {
	entries := make([]Entry, 0, len(sealed))
	for i, l := range lines {
		if l == nil {
			continue
		}
		switch l.Kind { //nolint:exhaustive // only what a signature can hang on
		case ActionPlanned, ActionApproved, HeadSigned, HeadStamped, CustodyTransferred, CustodyAccepted, ErasureAgreed, ReviewMoved:
			if e, missing, err := Unseal(sealed[i].Line, sealed[i].Disclosures); err == nil {
				entries = append(entries, e)
				r.claimed(e, len(missing) == 0)
			}
		default:
		}
	}
	for _, e := range entries {
		r.vouched(id, e, tree)
	}
	if roster == nil {
		return
	}
	r.Signatures = CheckPeople(entries, roster)
	for _, s := range r.Signatures {
		switch {
		case s.Stranger:
			r.note("entry %d: %s, as %.100s: %s (%s)", s.Seq, s.What, s.Principal, s.Why, s.Key)
		case !s.OK:
			r.fault(s.Seq, BadPerson, "%s by %.100s: %s", s.What, s.Principal, s.Why)
		}
	}
}

// claimed checks that a yes is no stronger than its signature: one that was
// signed has its signature, unless that was withheld or erased.
func (r *Report) claimed(e Entry, whole bool) {
	var strength Strength
	var sig *Signature
	switch e.Kind { //nolint:exhaustive // what says a strength beside its signature
	case ActionApproved:
		var d Decision
		if e.Decode(&d) != nil {
			return
		}
		strength, sig = d.Strength, d.Signature
	case ErasureAgreed:
		var c ErasureConsent
		if e.Decode(&c) != nil {
			return
		}
		strength, sig = c.Strength, c.Signature
	default:
		return
	}
	signed := strength == Pasted || strength == KeyFile || strength == Agent || strength == Hardware
	switch {
	case signed && sig == nil && whole:
		r.fault(e.Seq, BadPerson, "it says that it was signed (%s), and there is no signature", strength)
	case signed && sig != nil && sig.Strength != strength:
		r.fault(e.Seq, BadPerson, "it says %.20q of its strength, and its signature says %.20q", strength, sig.Strength)
	}
}

// vouched checks that a head that a person signed or an authority stamped is
// one of this record, and that an approval was signed for this incident.
func (r *Report) vouched(id incident.ID, e Entry, tree *Tree) {
	var h Head
	what := "signed"
	switch e.Kind { //nolint:exhaustive // what names a head, or an incident
	case ActionApproved:
		var d Decision
		if e.Decode(&d) != nil || d.Signature == nil {
			return
		}
		if q, err := ReadApprovalRequest([]byte(d.Signature.Text)); err == nil && q.Incident != id {
			r.fault(e.Seq, BadPerson, "the approval of %.20q was signed for incident %.40q", d.Action, q.Incident)
		}
		return
	case HeadSigned:
		var s Signed
		if e.Decode(&s) != nil {
			return
		}
		t, err := ReadText(s.Signature.Text)
		if err != nil {
			return // CheckPeople says so
		}
		h = t
	case ReviewMoved:
		var m ReviewMove
		if e.Decode(&m) != nil || m.Signature == nil {
			return
		}
		o, err := ParseSignOff(m.Signature.Text)
		if err != nil {
			return // as above
		}
		if o.Incident != id {
			r.fault(e.Seq, BadPerson, "the move of the review was signed for incident %.40q", o.Incident)
		}
		h = Head{Origin: string(o.Incident), Size: o.Size, Root: o.Root}
	case HeadStamped:
		var s Stamped
		if e.Decode(&s) != nil {
			return
		}
		if s.Root == "" {
			return // withheld
		}
		h, what = Head{Origin: string(id), Size: s.Size, Root: s.Root}, "time-stamped"
	default:
		return
	}
	switch {
	case h.Incident() != id, e.Kind == HeadSigned && r.Head.Origin != "" && h.Origin != r.Head.Origin:
		r.fault(e.Seq, BadPerson, "the head that was %s is of another record: %.100q", what, h.Origin)
	case h.Size < 1 || h.Size >= e.Seq || !rootIs(tree, h):
		r.fault(e.Seq, Rewritten, "the head of %d entries that was %s is not one of this record", h.Size, what)
	}
}

// Stamped puts the result of checking the time-stamps into the report.
func (r *Report) Stamped(checks []StampCheck) {
	r.Stamps = checks
	for _, s := range checks {
		switch {
		case s.Stranger:
			r.note("entry %d: the time-stamp of %s is %.300s; put the certificate of its authority into trust/tsa.pem if you know it", s.Seq, s.Time.Format(time.RFC3339), s.Why)
		case !s.OK:
			r.fault(s.Seq, BadStamp, "%.300s", s.Why)
		}
	}
}
