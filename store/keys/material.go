package keys

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"golang.org/x/crypto/ssh"
)

// AskFunc asks a person for a secret, without echo.
type AskFunc func(question string) ([]byte, error)

// isIdentities says whether a text is keys and not a passphrase.
func isIdentities(text []byte) bool {
	return bytes.Contains(text, []byte("AGE-SECRET-KEY-")) || bytes.HasPrefix(bytes.TrimSpace(text), []byte("-----BEGIN "))
}

// parseIdentities reads a file of age identities or one ssh private key. An ssh
// key with a passphrase asks for it when it is used.
func parseIdentities(name string, text []byte, ask AskFunc) ([]age.Identity, error) {
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("-----BEGIN ")) {
		ids, err := age.ParseIdentities(bytes.NewReader(text))
		if err != nil { // not repeated: the library's error shows the line, which is a secret
			return nil, fmt.Errorf("%s holds no age identity that can be read", name)
		}
		return ids, nil
	}
	id, err := agessh.ParseIdentity(text)
	var missing *ssh.PassphraseMissingError
	if errors.As(err, &missing) {
		if missing.PublicKey == nil {
			return nil, fmt.Errorf("%s has a passphrase and is in the old PEM form: ssh-keygen -p -o -f %s brings it to the new one", name, name)
		}
		var l *lockedKey
		if l, err = newLockedKey(name, missing.PublicKey, text, ask); err == nil {
			id = l
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s is no ssh key that can encrypt (ed25519 and RSA can): %w", name, err)
	}
	return []age.Identity{id}, nil
}

// Recipient reads the public key of somebody: age1… or a line "ssh-ed25519 …".
func Recipient(text string) (age.Recipient, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "ssh-") {
		r, err := agessh.ParseRecipient(text)
		if err != nil {
			return nil, fmt.Errorf("ssh key: %w", err)
		}
		return r, nil
	}
	if strings.Contains(strings.ToUpper(text), "SECRET") {
		return nil, errors.New("that is a secret key; the public one is wanted, which begins with age1")
	}
	rs, err := age.ParseRecipients(strings.NewReader(text))
	if err != nil || len(rs) != 1 {
		return nil, fmt.Errorf("%.80q is neither an age key (age1…) nor an ssh key (ssh-ed25519 …)", text)
	}
	return rs[0], nil
}

// PublicOf returns the public keys, as Recipient reads them, of a file of age
// identities, an ssh private key, or an ssh public key.
func PublicOf(name string, text []byte) ([]string, error) {
	if bytes.HasPrefix(text, []byte("ssh-")) {
		key, comment, _, _, err := ssh.ParseAuthorizedKey(text)
		if err != nil {
			return nil, fmt.Errorf("%s is no ssh public key: %w", name, err)
		}
		return []string{strings.TrimSpace(strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))) + " " + comment)}, nil
	}
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("-----BEGIN ")) {
		key, err := sshPublic(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return []string{strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))}, nil
	}
	ids, err := parseIdentities(name, text, nil)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, id := range ids {
		switch id := id.(type) {
		case *age.X25519Identity:
			out = append(out, id.Recipient().String())
		case *age.HybridIdentity:
			out = append(out, id.Recipient().String())
		default:
			return nil, fmt.Errorf("%s holds a key of a kind that is not used here", name)
		}
	}
	return out, nil
}

func sshPublic(private []byte) (ssh.PublicKey, error) {
	signer, err := ssh.ParsePrivateKey(private)
	var missing *ssh.PassphraseMissingError
	switch {
	case err == nil:
		return signer.PublicKey(), nil
	case errors.As(err, &missing) && missing.PublicKey != nil:
		return missing.PublicKey, nil
	case errors.As(err, &missing):
		return nil, errors.New("the key has a passphrase and is in the old PEM form; name its .pub file")
	}
	return nil, errors.New("no ssh private key that can be read")
}

// lockedKey is an ssh key with a passphrase, which is asked for when the key is
// needed. It tells what the person said, and what the key said to that, apart
// from damage: the library makes one text of it all.
type lockedKey struct {
	*agessh.EncryptedSSHIdentity
	asked bool
	err   error // of asking
}

func newLockedKey(name string, public ssh.PublicKey, text []byte, ask AskFunc) (*lockedKey, error) {
	l := &lockedKey{}
	id, err := agessh.NewEncryptedSSHIdentity(public, bytes.Clone(text), func() ([]byte, error) {
		if ask == nil {
			l.err = fmt.Errorf("%s has a passphrase, and nobody can be asked for it: %w", name, ErrLocked)
			return nil, l.err
		}
		l.asked = true
		var b []byte
		b, l.err = ask("Passphrase of " + name + ": ")
		return b, l.err
	})
	if err != nil {
		return nil, fmt.Errorf("ssh key %s: %w", name, err)
	}
	l.EncryptedSSHIdentity = id
	return l, nil
}

// Unwrap asks for the passphrase when the file is sealed to this key.
func (l *lockedKey) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	b, err := l.EncryptedSSHIdentity.Unwrap(stanzas)
	switch {
	case err == nil || errors.Is(err, age.ErrIncorrectIdentity):
		return b, err //nolint:wrapcheck // the library knows its own sentinel
	case l.err != nil:
		return nil, l.err
	case l.asked:
		return nil, fmt.Errorf("%w: the passphrase of the ssh key is another", ErrWrong)
	}
	return nil, fmt.Errorf("ssh key: %w", err)
}
