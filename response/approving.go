package response

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/record"
	"firebreak/store"
)

// drilled is the strength of an approval that a drill gives by itself.
const drilled record.Strength = "drill"

// hintUnsigned is what can be done where an approval has to be signed.
const hintUnsigned = "the configuration says approvals: signed, so it has to be signed by a key of the roster: set signing_key or give --key, or sign it elsewhere: firebreak approve --request"

// Approve agrees to exactly the plan with that digest. For high danger confirm
// must be the target's name, typed. With a signing key the yes is signed, as
// the configuration asks.
func (s *Session) Approve(ctx context.Context, id incident.ID, action, digest, confirm, reason string) error {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	var a store.Action
	err = f.store.View(ctx, func(tx *store.Tx) (err error) {
		if a, err = s.mayApprove(tx, f, action, digest, nil); err == nil {
			err = confirmed(a, confirm)
		}
		return err
	})
	if err != nil {
		return err
	}
	sig, expires, err := s.signApproval(ctx, f, a)
	if err != nil {
		return err
	}
	return s.approve(ctx, f, action, digest, reason, record.Decision{Strength: record.Local, Signature: sig, Expires: expires})
}

func confirmed(a store.Action, confirm string) error {
	if a.MustType() && confirm != a.Target {
		why := "is dangerous"
		if a.Danger < incident.High {
			why = "cannot be taken back, or reaches far"
		}
		return refused("", "action %s %s: type its target, %q, to approve it", a.Action, why, a.Target)
	}
	return nil
}

// approve records a yes, signed or not.
func (s *Session) approve(ctx context.Context, f *folder, action, digest, reason string, d record.Decision) error {
	d.Action, d.Digest, d.Reason, d.BreakGlass = action, digest, reason, s.glass
	if d.Expires.IsZero() {
		d.Expires = s.s.o.Now().UTC().Add(approvalLasts)
	}
	if d.Signature != nil {
		d.Strength = d.Signature.Strength
	}
	return s.decide(ctx, f.id, action, func(tx *store.Tx, _ store.Action) (record.Kind, record.Decision, error) {
		a, err := s.mayApprove(tx, f, action, digest, d.Signature)
		if err != nil {
			return "", d, err
		}
		if err := s.mayBreakGlass(a, d); err != nil {
			return "", d, err
		}
		if self := d.Strength != drilled && s.selfApproved(a, asApproval(s.by, d, s.s.o.Now())); self {
			return "", d, refused(s.hintSecond(f, a), "action %s needs %s, and %s planned it", action, needed(a.Planned), a.PlannedBy)
		}
		if d.Signature != nil {
			if err := unusedNonce(tx, d.Signature); err != nil {
				return "", d, err
			}
		}
		if y := asApproval(s.by, d, s.s.o.Now()); d.Strength != drilled {
			if err := s.counts(f, a, y); err != nil {
				return "", d, refused(hintFor(err), "approve %s: %w", action, err)
			}
		}
		return record.ActionApproved, d, nil
	})
}

func hintFor(err error) string {
	if errors.Is(err, errUnsigned) {
		return hintUnsigned
	}
	return ""
}

func asApproval(by incident.Actor, d record.Decision, at time.Time) store.Approval {
	return store.Approval{
		Actor: by, At: at, Expires: d.Expires, Digest: d.Digest, Strength: d.Strength, Signature: d.Signature,
		Reason: d.Reason, BreakGlass: d.BreakGlass,
	}
}

// mayApprove says whether a person may approve the plan now: the session's, or
// who signed.
func (s *Session) mayApprove(tx *store.Tx, f *folder, action, digest string, sig *record.Signature) (store.Action, error) {
	a, err := tx.Action(action)
	if err != nil {
		return a, noAction(err)
	}
	if err := mayAct(tx, a.Planned); err != nil {
		return a, err
	}
	if ActionState(a.State) != Planned && ActionState(a.State) != Approved && !notDone(a) {
		return a, refused("", "action %s is %s", action, a.State)
	}
	if a.Digest != digest {
		return a, refused("look at the plan as it is now, then approve that", "action %s: the plan's digest is %.12s…, not %.12s…", action, a.Digest, digest)
	}
	inc, err := tx.Incident()
	if err != nil {
		return a, err
	}
	if who := inc.Roles[a.By]; a.By != "" && who != "" && !s.isNamed(who, sig) {
		return a, refused("they can approve it, or the role is handed over: firebreak change "+string(f.id)+" --assign "+string(a.By)+"=NAME", "action %s is for the %s to approve: %s", action, a.By, who)
	}
	for _, ap := range a.Approvals {
		if ap.Expires.After(s.s.o.Now()) && record.SamePerson(ap.Actor, ap.Signature, s.by, sig) && s.counts(f, a, ap) == nil {
			return a, refused("somebody else has to agree too", "you have approved action %s already", action)
		}
	}
	return a, nil
}

// isNamed says whether the person who approves is the one of that name.
func (s *Session) isNamed(who string, sig *record.Signature) bool {
	if sig != nil && sig.Strength == record.Pasted {
		return record.SameName(sig.Principal, who)
	}
	return who == s.by.Name
}

// unusedNonce refuses a signature that was used already.
func unusedNonce(tx *store.Tx, sig *record.Signature) error {
	r, err := record.ReadApprovalRequest([]byte(sig.Text))
	if err != nil {
		return err
	}
	entries, err := tx.EntriesOf(record.ActionApproved)
	if err != nil {
		return err
	}
	for _, e := range entries {
		var d record.Decision
		if e.Decode(&d) != nil || d.Signature == nil {
			continue
		}
		if old, err := record.ReadApprovalRequest([]byte(d.Signature.Text)); err == nil && old.Nonce == r.Nonce {
			return refused("ask for a new one: firebreak approve --request", "this signature was used already, in entry %d", e.Seq)
		}
	}
	return nil
}

// errUnsigned says that an approval does not count because nobody signed it.
var errUnsigned = errors.New("it is not signed by a key of the roster")

// errRunOut says that an approval is too old.
var errRunOut = fmt.Errorf("it has run out (it lasts %s)", approvalLasts)

// counts says why an approval does not count now, nil when it does. A signed
// one is judged by its signed bytes, never by what is kept beside them.
func (s *Session) counts(f *folder, a store.Action, y store.Approval) error {
	now := s.s.o.Now()
	mustSign := s.s.o.Config.Approvals == config.ApprovalsSigned
	switch {
	case !y.Expires.After(now):
		return errRunOut
	case y.Digest != a.Digest:
		return errors.New("it is for another plan")
	case y.Strength == drilled && f.drill:
		return nil
	case y.Signature == nil && mustSign:
		return errUnsigned
	case y.Signature == nil:
		return nil
	}
	r, err := record.ReadApprovalRequest([]byte(y.Signature.Text))
	if err != nil {
		return tampered(err)
	}
	if r.Incident != f.id {
		return tampered(fmt.Errorf("it is signed for incident %s", r.Incident))
	}
	if err := r.Agrees(record.Decision{Action: a.Action, Digest: a.Digest, Expires: y.Expires, Signature: y.Signature}, now); err != nil {
		return tampered(err)
	}
	if err := r.AgreesWith(a.Planned); err != nil {
		return tampered(err)
	}
	err = s.s.CheckSignature(*y.Signature, record.ApprovalNamespace, y.Signature.Text, now)
	switch {
	case errors.Is(err, record.ErrStranger) && mustSign:
		return fmt.Errorf("%w: %w", errUnsigned, err)
	case errors.Is(err, record.ErrStranger):
		return nil // no better than an unsigned one, and shown as what it is
	case err != nil:
		return tampered(err)
	}
	return nil
}

// wrongSignature is a signature that does not hold.
type wrongSignature struct{ error }

func tampered(err error) error { return wrongSignature{err} }

// count says how many people's approvals hold now, and why others do not. A
// signature that is wrong stops everything: somebody changed something.
func (s *Session) count(f *folder, a store.Action) (n int, left []string, err error) {
	var people []store.Approval
next:
	for _, y := range a.Approvals {
		err := s.counts(f, a, y)
		var wrong wrongSignature
		if errors.As(err, &wrong) {
			return 0, nil, fail(CodeRefused, "firebreak verify "+string(f.id)+" says what is wrong with the record", "action %s: the approval of %s does not hold: %w", a.Action, approver(y), err)
		}
		if err == nil && y.Strength != drilled && s.selfApproved(a, y) {
			err = errors.New("who planned it cannot be one of those who have to agree")
		}
		if err == nil && y.Strength != drilled && len(a.Overrides) > 0 && !y.BreakGlass {
			err = errors.New("the plan goes around a rule, and it does not say so")
		}
		if err != nil {
			left = append(left, "the approval of "+approver(y)+" does not count: "+err.Error())
			continue
		}
		for _, p := range people {
			if record.SamePerson(p.Actor, p.Signature, y.Actor, y.Signature) {
				continue next
			}
		}
		people = append(people, y)
	}
	return len(people), left, nil
}

// approver is who an approval is of.
func approver(y store.Approval) string {
	if y.Signature != nil && y.Signature.Strength == record.Pasted {
		return y.Signature.Principal
	}
	return y.Actor.Name
}

// WillSign says whether approving that plan is to be signed, if there is a key.
func (s *Session) WillSign(a ActionView) bool {
	wanted, _ := s.signs(store.Action{Planned: a.Planned})
	return wanted
}

// signs says whether an approval of that action is to be signed, and whether
// it has to be.
func (s *Session) signs(a store.Action) (wanted, must bool) {
	if s.s.o.Config.Approvals == config.ApprovalsSigned {
		return true, true
	}
	byRule := a.By != "" || a.Second || a.Planned.Approvals > 1 || a.Danger < incident.Medium && a.Planned.Approvals > 0
	switch s.s.o.Config.Sign {
	case config.SignNever:
		return s.signWith != "", false
	case config.SignAlways:
		return true, false
	}
	return a.Danger >= incident.High || byRule || s.signWith != "", false
}

// signApproval signs the request for the plan. Without a key, and where none
// is asked for, there is no signature.
func (s *Session) signApproval(ctx context.Context, f *folder, a store.Action) (*record.Signature, time.Time, error) {
	wanted, must := s.signs(a)
	if !wanted {
		return nil, time.Time{}, nil
	}
	k, err := s.signer(ctx, record.ApprovalNamespace)
	if errors.Is(err, ErrNoSigningKey) && !must {
		return nil, time.Time{}, nil
	}
	if errors.Is(err, ErrNoSigningKey) {
		return nil, time.Time{}, refused(hintUnsigned, "approve %s: %w", a.Action, err)
	}
	if err != nil {
		return nil, time.Time{}, err
	}
	if must && !k.Known {
		return nil, time.Time{}, refused(hintUnsigned, "approve %s: %w", a.Action, record.ErrStranger)
	}
	nonce, err := s.nonce()
	if err != nil {
		return nil, time.Time{}, err
	}
	r := record.NewApprovalRequest(f.id, a.Planned, k.Principal, nonce, s.s.o.Now().Add(approvalLasts))
	text, err := r.Bytes()
	if err != nil {
		return nil, time.Time{}, err
	}
	sig, err := k.over(ctx, record.ApprovalNamespace, string(text))
	return sig, r.Until(), err
}

func (s *Session) nonce() (string, error) {
	var b [16]byte
	if err := s.s.draws(b[:]); err != nil {
		return "", err
	}
	return hex.EncodeToString(b[:]), nil
}
