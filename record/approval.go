package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/internal/lazyre"
)

// ApprovalRequest is what a person signs who agrees to a plan. Everything that
// the yes is bound to stands in it in words, so that it can be read on another
// machine before it is signed. Times have whole seconds.
//
// The fields stand in the order of their JSON names: encoding/json writes them
// so, and RFC 8785 asks for that order.
type ApprovalRequest struct {
	Action   string      `json:"action"`
	Approver string      `json:"approver"` // the principal who is asked
	Danger   string      `json:"danger"`
	Digest   string      `json:"digest"` // of the plan, SHA-256, hex
	Expires  string      `json:"expires"`
	Incident incident.ID `json:"incident"`
	Name     string      `json:"name"`
	Nonce    string      `json:"nonce"` // 32 hex digits
	Purpose  string      `json:"purpose"`
	Target   string      `json:"target"`
}

// approvalPurpose tells the request from any other JSON that people may sign.
const approvalPurpose = "firebreak approval v1"

// maxRequest limits a request that is read.
const maxRequest = 16 << 10

// NewApprovalRequest is the request for one person's yes to a plan.
func NewApprovalRequest(id incident.ID, p Planned, approver, nonce string, expires time.Time) ApprovalRequest {
	return ApprovalRequest{
		Action: p.Action, Approver: approver, Danger: p.Danger.String(), Digest: p.Digest,
		Expires: expires.UTC().Truncate(time.Second).Format(time.RFC3339), Incident: id, Name: p.Name, Nonce: nonce,
		Purpose: approvalPurpose, Target: p.Target,
	}
}

// Bytes is the request as it is signed: JSON in the canonical form of RFC 8785
// and a line break, so that it is a text file.
func (r ApprovalRequest) Bytes() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b) // it ends in the line break
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return nil, fmt.Errorf("encode request: %w", err)
	}
	return unescape(b.Bytes()), nil
}

// unescape writes out the two line separators that encoding/json escapes and
// RFC 8785 does not.
func unescape(in []byte) []byte {
	out := make([]byte, 0, len(in))
	for i := 0; i < len(in); i++ {
		if in[i] != '\\' || i+1 == len(in) {
			out = append(out, in[i])
			continue
		}
		switch rest := in[i:]; {
		case bytes.HasPrefix(rest, []byte(`\u2028`)):
			out, i = append(out, "\u2028"...), i+5
		case bytes.HasPrefix(rest, []byte(`\u2029`)):
			out, i = append(out, "\u2029"...), i+5
		default:
			out, i = append(out, in[i], in[i+1]), i+1
		}
	}
	return out
}

var nonceShape = lazyre.New(`^[0-9a-f]{32}$`)

// ReadApprovalRequest reads what Bytes wrote, and nothing else: another
// spelling of the same JSON is refused.
func ReadApprovalRequest(b []byte) (ApprovalRequest, error) {
	var r ApprovalRequest
	if len(b) > maxRequest {
		return r, fmt.Errorf("approval request: longer than %d bytes: %w", maxRequest, ErrMalformed)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, fmt.Errorf("approval request: %w: %w", ErrMalformed, err)
	}
	again, err := r.Bytes()
	if err != nil {
		return r, err
	}
	if !bytes.Equal(again, b) {
		return r, fmt.Errorf("approval request: not in its canonical form: %w", ErrMalformed)
	}
	if r.Purpose != approvalPurpose || !nonceShape.MatchString(r.Nonce) || r.Approver == "" {
		return r, fmt.Errorf("approval request: purpose, nonce or approver: %w", ErrMalformed)
	}
	if _, err := time.Parse(time.RFC3339, r.Expires); err != nil {
		return r, fmt.Errorf("approval request: expiry %.40q: %w", r.Expires, ErrMalformed)
	}
	return r, nil
}

// Until is when the request runs out.
func (r ApprovalRequest) Until() time.Time {
	t, _ := time.Parse(time.RFC3339, r.Expires) // ReadApprovalRequest has checked it
	return t.UTC()
}

// Agrees says whether the request is the one that the decision shows, and was
// good at that time.
func (r ApprovalRequest) Agrees(d Decision, at time.Time) error {
	switch {
	case r.Action != d.Action:
		return fmt.Errorf("it is signed for action %.20q", r.Action)
	case r.Digest != d.Digest:
		return errors.New("it is signed for another plan")
	case d.Signature == nil || r.Approver != d.Signature.Principal:
		return fmt.Errorf("it is signed in the name of %.100q", r.Approver)
	case !r.Until().Equal(d.Expires.UTC()):
		return errors.New("it is signed for another time")
	case !at.Before(r.Until()):
		return fmt.Errorf("it ran out at %s", r.Expires)
	}
	return nil
}

// AgreesWith says whether the request shows the plan as it is.
func (r ApprovalRequest) AgreesWith(p Planned) error { return r.agrees(p, p.Danger.String()) }

func (r ApprovalRequest) agrees(p Planned, danger string) error {
	if r.Action != p.Action || r.Digest != p.Digest || r.Name != p.Name || r.Target != p.Target || r.Danger != danger {
		return errors.New("it is signed for another plan")
	}
	return nil
}

// SamePerson says whether two yeses are one person's. Signatures tell people
// apart by principal and key; where one is missing the name has to do, and
// between two names the actor's id.
func SamePerson(a incident.Actor, as *Signature, b incident.Actor, bs *Signature) bool {
	switch {
	case as == nil && bs == nil:
		return a.ID == b.ID
	case as != nil && bs != nil:
		return as.Principal == bs.Principal || as.Key == bs.Key
	case as != nil:
		return IsPerson(a, as, b)
	}
	return IsPerson(b, bs, a)
}

// IsPerson says whether the yes of actor a, signed with sig or not, may be that
// of actor b. A pasted signature is the signer's, whoever brought it.
func IsPerson(a incident.Actor, sig *Signature, b incident.Actor) bool {
	if sig != nil && SameName(sig.Principal, b.Name) {
		return true
	}
	if sig != nil && sig.Strength == Pasted {
		return false
	}
	return a.ID == b.ID || a.Name != "" && strings.EqualFold(a.Name, b.Name)
}

// SameName says whether a principal of a roster is the person of that name:
// the same word, or what stands before the @.
func SameName(principal, name string) bool {
	local, _, _ := strings.Cut(principal, "@")
	return name != "" && (strings.EqualFold(principal, name) || strings.EqualFold(local, name))
}
