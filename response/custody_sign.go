package response

import (
	"context"
	"errors"
	"strings"
	"time"

	"firebreak/record"
	"firebreak/record/sshsig"
	"firebreak/review"
)

// signOwn is the session's own signature under a text; nil when no key is set
// up. A key that was named and cannot be had is an error.
func (s *Session) signOwn(ctx context.Context, namespace, text string) (*record.Signature, error) {
	sig, err := s.Sign(ctx, namespace, text)
	if errors.Is(err, ErrNoSigningKey) {
		return nil, nil //nolint:nilnil // known by name only: whoever shows it says so
	}
	if err != nil {
		return nil, err
	}
	if !record.SameName(sig.Principal, s.by.Name) {
		name, _, _ := strings.Cut(sig.Principal, "@")
		return nil, refused("--as "+name+" says that you are the key's owner; --key names another key", "the signing key is %s's, and you act as %s", sig.Principal, s.by.Name)
	}
	return sig, nil
}

// custodyPasted is a signature that was made elsewhere, by the key that the
// roster gives to that person.
func (s *Session) custodyPasted(text, armored, person string, at time.Time) (*record.Signature, error) {
	got, err := sshsig.Parse([]byte(armored))
	if err != nil {
		return nil, usage("ssh-keygen writes it beside the file that was signed, with .sig behind its name", "read the signature: %w", err)
	}
	sig := &record.Signature{
		Key: got.Fingerprint(), Type: got.Type(), Namespace: got.Namespace, Text: text, Armored: armored, Strength: record.Pasted,
	}
	if got.Namespace != record.CustodyNamespace {
		return nil, refused("sign it with -n "+record.CustodyNamespace, "it was signed for %.60q", got.Namespace)
	}
	roster, _ := s.s.Roster() // verify and trust list tell what in it cannot be read
	names := roster.Principals(got.Key, record.CustodyNamespace, at)
	for _, name := range names {
		if record.SameName(name, person) {
			sig.Principal = name
		}
	}
	switch {
	case sig.Principal == "" && len(names) == 0:
		return nil, refused("firebreak trust list shows the roster", "the roster gives the key %s to nobody who may sign a transfer now", sig.Key)
	case sig.Principal == "":
		return nil, refused("", "it is the signature of %s, not of %s", names[0], person)
	}
	if err := s.s.CheckSignature(*sig, record.CustodyNamespace, text, at); err != nil {
		return nil, refused("sign exactly what --request printed", "the signature does not hold: %w", err)
	}
	return sig, nil
}

// custodyCheck holds signatures against the roster; nil when nobody is on it.
func (s *Service) custodyCheck() review.SignatureCheck {
	if roster, _ := s.Roster(); len(roster.Lines) == 0 {
		return nil
	}
	return s.CheckSignature
}
