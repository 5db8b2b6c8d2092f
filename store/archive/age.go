package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"
	"golang.org/x/crypto/ssh"
)

// Recipient is a key that an archive is encrypted to, and its name in the
// record.
type Recipient struct {
	age.Recipient
	Name string
}

// ParseRecipients reads recipients: age1… or an ssh public key, one a line. A
// # begins a line of comment.
func ParseRecipients(text string) ([]Recipient, error) {
	var out []Recipient
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		r, err := parseRecipient(line)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	if len(out) == 0 {
		return nil, errors.New("no recipient in it")
	}
	return out, nil
}

func parseRecipient(line string) (Recipient, error) {
	if strings.HasPrefix(line, "ssh-") {
		r, err := agessh.ParseRecipient(line)
		if err != nil {
			return Recipient{}, errors.New("not an ssh key that can be encrypted to (ssh-ed25519 or ssh-rsa)")
		}
		k, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
		if err != nil {
			return Recipient{}, fmt.Errorf("read ssh key: %w", err)
		}
		return Recipient{r, k.Type() + " " + ssh.FingerprintSHA256(k)}, nil
	}
	rs, err := age.ParseRecipients(strings.NewReader(line))
	if err != nil || len(rs) != 1 {
		return Recipient{}, errors.New("not a recipient: want age1… or ssh-ed25519 …") // not repeated: it could be a secret key
	}
	return Recipient{rs[0], line}, nil
}

// Passphrase is the recipient for a passphrase; it goes alone.
func Passphrase(secret string) (Recipient, error) {
	r, err := age.NewScryptRecipient(secret)
	if err != nil {
		return Recipient{}, err
	}
	return Recipient{r, "passphrase"}, nil
}

// PassphraseIdentity opens what Passphrase closed.
func PassphraseIdentity(secret string) (age.Identity, error) {
	i, err := age.NewScryptIdentity(secret)
	if err != nil {
		return nil, err
	}
	i.SetMaxWorkFactor(20) // a hostile archive must not make us work for minutes
	return i, nil
}

// ParseIdentities reads a file of age identities, plain or encrypted with a
// passphrase, or an ssh private key. ask is called for a passphrase where the
// file has one.
func ParseIdentities(text []byte, ask func() (string, error)) ([]age.Identity, error) {
	switch {
	case bytes.HasPrefix(text, []byte(starts[binary])), bytes.HasPrefix(text, []byte(armor.Header)):
		return lockedIdentities(text, ask)
	case bytes.Contains(text, []byte("-----BEGIN ")):
		i, err := sshIdentity(text, ask)
		return []age.Identity{i}, err
	}
	is, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		return nil, errors.New("no age identity and no ssh private key") // not repeated: it is secret
	}
	return is, nil
}

func lockedIdentities(text []byte, ask func() (string, error)) ([]age.Identity, error) {
	secret, err := ask()
	if err != nil {
		return nil, err
	}
	key, err := PassphraseIdentity(secret)
	if err != nil {
		return nil, err
	}
	in := io.Reader(bytes.NewReader(text))
	if bytes.HasPrefix(text, []byte(armor.Header)) {
		in = armor.NewReader(in)
	}
	plain, err := age.Decrypt(in, key)
	if err != nil {
		return nil, fmt.Errorf("%w: the identity file: %w", ErrLocked, err)
	}
	return age.ParseIdentities(io.LimitReader(plain, 1<<20))
}

func sshIdentity(text []byte, ask func() (string, error)) (age.Identity, error) {
	i, err := agessh.ParseIdentity(text)
	var missing *ssh.PassphraseMissingError
	if !errors.As(err, &missing) || missing.PublicKey == nil {
		return i, err
	}
	return agessh.NewEncryptedSSHIdentity(missing.PublicKey, text, func() ([]byte, error) {
		secret, err := ask()
		return []byte(secret), err
	})
}

// TestKey makes a key pair that goes beside the recipients, so that what was
// written can be read back and tested here although the recipients' own keys
// are elsewhere. It is nil where none can go beside them. Whoever calls forgets
// it after the test.
func TestKey(recipients []Recipient) (age.Recipient, age.Identity, error) {
	for _, r := range recipients {
		switch r.Recipient.(type) {
		case *age.ScryptRecipient:
			return nil, nil, nil
		case *age.HybridRecipient: // these go with their like only
			i, err := age.GenerateHybridIdentity()
			if err != nil {
				return nil, nil, err
			}
			return i.Recipient(), i, nil
		}
	}
	i, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, nil, err
	}
	return i.Recipient(), i, nil
}
