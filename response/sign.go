package response

import (
	"context"
	"errors"
	"fmt"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/record"
	"firebreak/record/sshsig"
	"firebreak/store"
)

// SignHead has the person of the session sign the record as it is now: the
// newest head's checkpoint text. The signature is an entry, so the next head
// covers it.
func (s *Session) SignHead(ctx context.Context, id incident.ID, reason string) (record.Signed, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return record.Signed{}, err
	}
	head, err := s.newestHead(ctx, f)
	if err != nil {
		return record.Signed{}, err
	}
	sig, err := s.Sign(ctx, record.HeadNamespace, head.Text())
	if err != nil {
		return record.Signed{}, fmt.Errorf("sign the record of %s: %w", id, err)
	}
	signed := record.Signed{Size: head.Size, Root: head.Root, Reason: reason, Signature: *sig}
	return signed, s.actIn(ctx, f, record.HeadSigned, "", signed, nil)
}

// SignDecision signs the record where the configuration asks for it at such a
// moment: closing, handing out. Without a key nothing is signed. What it was
// done for has happened already, so a failure is one in part.
func (s *Session) SignDecision(ctx context.Context, id incident.ID, reason string) error {
	if s.s.o.Config.Sign == config.SignNever && s.signWith == "" {
		return nil
	}
	_, err := s.SignHead(ctx, id, reason)
	if err == nil || errors.Is(err, ErrNoSigningKey) && s.signWith == "" {
		return nil
	}
	return &Error{Code: CodePartial, Hint: "it can be signed later: firebreak sign " + string(id), Err: fmt.Errorf("it is done, and the record is not signed: %w", err)}
}

// signsDecisions says whether SignDecision would sign, or say why it cannot.
func (s *Session) signsDecisions(ctx context.Context) bool {
	if s.signWith != "" {
		return true
	}
	if s.s.o.Config.Sign == config.SignNever {
		return false
	}
	_, err := s.signer(ctx, record.HeadNamespace)
	return !errors.Is(err, ErrNoSigningKey)
}

func (s *Session) newestHead(ctx context.Context, f *folder) (head record.Head, err error) {
	err = f.store.View(ctx, func(tx *store.Tx) error {
		head, err = tx.Head()
		return err
	})
	if err == nil && head.Text() == "" {
		err = &Error{Code: CodeIntegrity, Err: fmt.Errorf("%s: the newest head has no root", f.id)}
	}
	return head, err
}

// HeadToSign is the newest head, for a person who signs it on another machine.
func (s *Session) HeadToSign(ctx context.Context, id incident.ID) (record.Head, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return record.Head{}, err
	}
	return s.newestHead(ctx, f)
}

// SignHeadPasted records a signature that was made elsewhere. It must be over a
// head that this record really had, by a key of the roster.
func (s *Session) SignHeadPasted(ctx context.Context, id incident.ID, armored []byte, reason string) (record.Signed, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return record.Signed{}, err
	}
	got, err := sshsig.Parse(armored)
	if err != nil {
		return record.Signed{}, usage("ssh-keygen writes it beside the file that was signed, with .sig behind its name", "sign %s: %w", id, err)
	}
	if got.Namespace != record.HeadNamespace {
		return record.Signed{}, refused("sign it with -n "+record.HeadNamespace, "sign %s: it was signed for %.60q", id, got.Namespace)
	}
	roster, _ := s.s.Roster()
	names := roster.Principals(got.Key, record.HeadNamespace, s.s.o.Now())
	if len(names) == 0 && roster.Knows(got.Key) {
		return record.Signed{}, refused("firebreak trust list shows the roster", "sign %s: the roster gives the key %s to nobody who may sign heads now", id, got.Fingerprint())
	}
	if len(names) == 0 {
		return record.Signed{}, refused("firebreak trust add NAME KEYFILE.pub, once you know whose it is", "sign %s: the roster gives the key %s to nobody", id, got.Fingerprint())
	}
	name := names[0]
	for _, n := range names {
		if record.SameName(n, s.by.Name) {
			name = n
		}
	}
	head, err := s.headThat(ctx, f, func(h record.Head) bool { return got.Check(record.HeadNamespace, []byte(h.Text())) == nil })
	if err != nil {
		return record.Signed{}, err
	}
	if head.Size == 0 {
		return record.Signed{}, refused("firebreak sign "+string(id)+" --request prints what is to be signed", "sign %s: the signature is over no head that this record had", id)
	}
	signed := record.Signed{Size: head.Size, Root: head.Root, Reason: reason, Signature: record.Signature{
		Principal: name, Key: got.Fingerprint(), Type: got.Type(), Namespace: record.HeadNamespace,
		Text: head.Text(), Armored: string(armored), Strength: record.Pasted, Verified: got.Verified(),
	}}
	return signed, s.actIn(ctx, f, record.HeadSigned, "", signed, func(tx *store.Tx) error { return notYetSigned(tx, signed) })
}

// headThat finds the newest head with that property; the zero Head when there
// is none.
func (s *Session) headThat(ctx context.Context, f *folder, is func(record.Head) bool) (record.Head, error) {
	var found record.Head
	err := f.store.View(ctx, func(tx *store.Tx) error {
		heads, err := tx.Heads(-1)
		for _, h := range heads {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if is(h) {
				found = h
				return nil
			}
		}
		return err
	})
	return found, err
}

// notYetSigned refuses a pasted signature that is in the record already.
func notYetSigned(tx *store.Tx, signed record.Signed) error {
	entries, err := tx.EntriesOf(record.HeadSigned)
	if err != nil {
		return err
	}
	for _, e := range entries {
		var old record.Signed
		if e.Decode(&old) == nil && old.Signature.Armored == signed.Signature.Armored {
			return refused("", "this signature is in the record already, as entry %d", e.Seq)
		}
	}
	return nil
}
