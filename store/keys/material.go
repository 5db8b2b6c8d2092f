package keys

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

// AskFunc asks a person for a secret, without echo.
type AskFunc func(question string) ([]byte, error)

// Recipient is a public key that is encrypted to, and its name in a record: an
// age key as it is, an ssh key by its kind and fingerprint.
type Recipient struct {
	age.Recipient
	Name string
}

// isIdentities says whether a text is keys and not a passphrase.
func isIdentities(text []byte) bool {
	return bytes.Contains(text, []byte("AGE-SECRET-KEY-")) || bytes.HasPrefix(bytes.TrimSpace(text), []byte("-----BEGIN "))
}

// ParseIdentities reads a file of age identities, plain or encrypted with a
// passphrase, or one ssh private key. An ssh key with a passphrase asks for it
// when it is used. Errors: ErrKey, ErrUnasked; another says that there is no key.
func ParseIdentities(name string, text []byte, ask AskFunc) ([]age.Identity, error) {
	if IsSealed(text) || bytes.HasPrefix(text, []byte(armor.Header)) {
		return lockedIdentities(name, text, ask)
	}
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

// lockedIdentities reads identities that age encrypted with a passphrase.
func lockedIdentities(name string, text []byte, ask AskFunc) ([]age.Identity, error) {
	if ask == nil {
		return nil, fmt.Errorf("%s: %w", name, ErrUnasked)
	}
	secret, err := ask("Passphrase of " + name + ": ")
	if err != nil {
		return nil, err
	}
	defer clear(secret)
	key, err := PassphraseIdentity(secret)
	if err != nil {
		return nil, err
	}
	in := io.Reader(bytes.NewReader(text))
	if !IsSealed(text) {
		in = armor.NewReader(in)
	}
	r, err := Decrypt(in, key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxFile))
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", name, ErrDamaged, err)
	}
	defer clear(plain)
	ids, err := age.ParseIdentities(bytes.NewReader(plain))
	if err != nil { // not repeated, as above
		return nil, fmt.Errorf("%s holds no age identity that can be read", name)
	}
	return ids, nil
}

// IsRecipient says whether a text is a public key itself, and not the name of a
// file of such.
func IsRecipient(text string) bool {
	return strings.HasPrefix(text, "age1") || strings.HasPrefix(text, "ssh-")
}

// IsIdentity says whether a text is a secret key itself, and not the name of a
// file of such.
func IsIdentity(text string) bool {
	return strings.HasPrefix(strings.ToUpper(text), "AGE-SECRET-KEY-")
}

// ParseRecipient reads the public key of somebody: age1… or a line "ssh-ed25519 …".
func ParseRecipient(text string) (Recipient, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "ssh-") {
		r, err := agessh.ParseRecipient(text)
		if err != nil {
			return Recipient{}, fmt.Errorf("no ssh key that can be encrypted to (ed25519 and RSA can): %w", err)
		}
		k, _, _, _, err := ssh.ParseAuthorizedKey([]byte(text))
		if err != nil {
			return Recipient{}, fmt.Errorf("ssh key: %w", err)
		}
		return Recipient{r, k.Type() + " " + ssh.FingerprintSHA256(k)}, nil
	}
	if strings.Contains(strings.ToUpper(text), "SECRET") {
		return Recipient{}, errors.New("that is a secret key; the public one is wanted, which begins with age1")
	}
	rs, err := age.ParseRecipients(strings.NewReader(text))
	if err != nil || len(rs) != 1 { // not repeated: it could be a secret
		return Recipient{}, errors.New("neither an age key (age1…) nor an ssh key (ssh-ed25519 …)")
	}
	return Recipient{rs[0], text}, nil
}

// ParseRecipients reads public keys, one a line. A # begins a line of comment.
func ParseRecipients(text string) ([]Recipient, error) {
	var out []Recipient
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		r, err := ParseRecipient(line)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	if len(out) == 0 {
		return nil, errors.New("there is no key in it")
	}
	return out, nil
}

// Encrypt begins to write an age file to the recipients; Close ends it.
func Encrypt(out io.Writer, to []Recipient) (io.WriteCloser, error) {
	rs := make([]age.Recipient, len(to))
	for i, r := range to {
		rs[i] = r.Recipient
	}
	return age.Encrypt(out, rs...)
}

// Passphrase is the recipient for a passphrase, with 2^work rounds of scrypt; 0
// is age's own measure. It goes alone.
func Passphrase(secret []byte, work int) (Recipient, error) {
	r, err := age.NewScryptRecipient(string(secret))
	if err != nil {
		return Recipient{}, err
	}
	if work != 0 {
		r.SetWorkFactor(work)
	}
	return Recipient{r, "passphrase"}, nil
}

// PassphraseIdentity opens what Passphrase closed.
func PassphraseIdentity(secret []byte) (age.Identity, error) {
	id, err := age.NewScryptIdentity(string(secret))
	if err != nil {
		return nil, err
	}
	id.SetMaxWorkFactor(mostWork + 2) // a hostile file must not make us work for minutes
	return id, nil
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

// PublicOf returns the public keys, as ParseRecipient reads them, of a file of age
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
	ids, err := ParseIdentities(name, text, nil)
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
			l.err = fmt.Errorf("%s: %w", name, ErrUnasked)
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
		return nil, fmt.Errorf("%w: the passphrase of the ssh key is another", ErrKey)
	}
	return nil, fmt.Errorf("ssh key: %w", err)
}
