package response

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/record"
	"firebreak/store/keys"
)

// maxOpened bounds what is in an age file of secrets.
const maxOpened = 64 << 10

// OpenAge opens an age file with the keys in those files. A key with a passphrase
// asks for it.
func OpenAge(files []string, ask func(question string) ([]byte, error), sealed []byte) ([]byte, error) {
	if len(files) == 0 {
		return nil, usage("list the files of your age or ssh keys under age_keys in the configuration", "no key opens it")
	}
	ids, err := identities(files, ask)
	if err != nil {
		return nil, err
	}
	plain, err := keys.Decrypt(bytes.NewReader(sealed), ids...)
	if err != nil {
		return nil, keyError(err)
	}
	b, err := io.ReadAll(io.LimitReader(plain, maxOpened+1))
	if err == nil && len(b) > maxOpened {
		err = fmt.Errorf("more than %d bytes", maxOpened)
	}
	return b, err
}

// KeyringOpener asks the keyring of the system.
func KeyringOpener(u Unlock) func(ctx context.Context, service, user string) (string, error) {
	return func(_ context.Context, service, user string) (string, error) {
		return u.keyring().Secret(service, user)
	}
}

// secretFor fetches the secret of a connection's setting.
func (s *Service) secretFor(ctx context.Context, ref config.Reference, connection, setting string) (string, error) {
	v, err := s.o.Secrets.ResolveFor(ctx, ref, config.Need{Connection: connection, Field: setting})
	if err != nil {
		return "", &Error{Code: CodeAuth, Err: fmt.Errorf("connection %s: secret %s: %w", connection, setting, err)}
	}
	return v.Reveal(), nil
}

// newDraft is an entry without the secrets that this process has fetched. What is
// covered by a digest is refused instead: it would no longer be what the digest is
// of.
func (s *Session) newDraft(kind record.Kind, phase incident.Phase, step string, payload any) (record.Draft, error) {
	d, err := record.NewDraft(s.by, kind, phase, step, payload)
	if err != nil {
		return d, err
	}
	for name, raw := range d.Fields {
		clean := s.s.o.Secrets.Sink.Text(string(raw))
		switch {
		case clean == string(raw):
			continue
		case kind == record.ActionPlanned, kind == record.RunStarted, kind == record.StepStarted, !json.Valid([]byte(clean)):
			return record.Draft{}, refused("write a reference there: env:NAME or file:/path", "record %s: its %s holds a secret of a connection", kind, name)
		}
		d.Fields[name] = json.RawMessage(clean)
	}
	return d, nil
}
