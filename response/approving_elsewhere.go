package response

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/record/sshsig"
	"firebreak/store"
)

// ApprovalRequest is what a person signs on another machine to approve a plan:
// canonical JSON. It holds until the approval would run out.
func (s *Session) ApprovalRequest(ctx context.Context, id incident.ID, action, principal string) ([]byte, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return nil, err
	}
	roster, _ := s.s.Roster()
	if principal == "" {
		principal = s.by.Name
	}
	if !roster.Names(principal) {
		return nil, usage("firebreak trust list shows who is on the roster; --of NAME names one", "approve %s: nobody called %q is on the roster", action, principal)
	}
	var a store.Action
	err = f.store.View(ctx, func(tx *store.Tx) (err error) {
		if a, err = tx.Action(action); err != nil {
			return noAction(err)
		}
		if st := ActionState(a.State); st != Planned && st != Approved && !notDone(a) {
			return refused("", "action %s is %s", action, a.State)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.s.issued(f.id, a, principal, s.s.o.Now().Add(approvalLasts).Truncate(time.Minute)).Bytes()
}

// issued is the request that this workspace makes for a plan, a person and a
// minute: the nonce follows from these and a key of the workspace, so that
// nothing has to be kept until the answer comes, and no request that was not
// made here can be answered.
func (s *Service) issued(id incident.ID, a store.Action, principal string, expires time.Time) record.ApprovalRequest {
	key := s.key.derive("approval requests")
	m := hmac.New(sha256.New, key[:])
	m.Write([]byte(strings.Join([]string{string(id), a.Action, a.Digest, principal, expires.UTC().Format(time.RFC3339)}, "\x00")))
	return record.NewApprovalRequest(id, a.Planned, principal, hex.EncodeToString(m.Sum(nil)[:16]), expires)
}

// ApprovePasted records the approval of whoever signed a request elsewhere.
// The signature must be over a request that this workspace made for the plan
// as it is, and not older than an approval lasts.
func (s *Session) ApprovePasted(ctx context.Context, id incident.ID, action string, armored []byte, reason string) error {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	got, err := sshsig.Parse(armored)
	if err != nil {
		return usage("ssh-keygen writes it beside the file that was signed, with .sig behind its name", "approve %s: %w", action, err)
	}
	if got.Namespace != record.ApprovalNamespace {
		return refused("sign it with -n "+record.ApprovalNamespace, "approve %s: it was signed for %.60q", action, got.Namespace)
	}
	var a store.Action
	err = f.store.View(ctx, func(tx *store.Tx) (err error) {
		if a, err = tx.Action(action); err != nil {
			return noAction(err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	roster, _ := s.s.Roster()
	now := s.s.o.Now()
	names := roster.Principals(got.Key, record.ApprovalNamespace, now)
	if len(names) == 0 {
		return refused("firebreak trust list shows the roster", "approve %s: the roster gives the key %s to nobody who may approve now", action, got.Fingerprint())
	}
	last := now.Add(approvalLasts).Truncate(time.Minute)
	for _, name := range names {
		for expires := last; expires.After(now); expires = expires.Add(-time.Minute) {
			r := s.s.issued(f.id, a, name, expires)
			text, err := r.Bytes()
			if err != nil {
				return err
			}
			if got.Check(record.ApprovalNamespace, text) != nil {
				continue
			}
			sig := &record.Signature{
				Principal: name, Key: got.Fingerprint(), Type: got.Type(), Namespace: record.ApprovalNamespace,
				Text: string(text), Armored: string(armored), Strength: record.Pasted, Verified: got.Verified(),
			}
			return s.approve(ctx, f, action, a.Digest, reason, record.Decision{Signature: sig, Expires: expires.UTC()})
		}
	}
	return refused("make a new one: firebreak approve "+string(id)+" "+action+" --request --of "+names[0],
		"approve %s: it signs no request that was made here for this plan in the last %s", action, approvalLasts)
}
