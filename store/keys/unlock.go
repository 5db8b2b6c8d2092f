package keys

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// Opener is what there is to unlock a workspace with.
type Opener struct {
	// Secret is what the configuration refers to: a passphrase, or the text of
	// age identities or of an ssh key. ok is false where it refers to nothing.
	Secret func() (secret []byte, ok bool, err error)
	// Ask asks a person; nil where nobody is there.
	Ask AskFunc
	// Keyring is the system's.
	Keyring *Keyring
}

// Unlock opens the workspace: with the secret that the configuration refers
// to, where there is one, and else with the keyring, the key files it
// remembers, and last by asking for the passphrase. typed says that a person
// was asked: that a lock after some idle time makes sense.
// Errors: ErrWrong, ErrLocked, ErrDamaged.
func (l *Lock) Unlock(o Opener) (w *Workspace, typed bool, err error) {
	if o.Secret != nil {
		secret, ok, err := o.Secret()
		if err != nil {
			return nil, false, err
		}
		if ok {
			defer clear(secret)
			w, err := l.withSecret(secret, o.Ask)
			return w, false, err
		}
	}
	var tried []error
	asked := false
	ask := o.Ask
	if ask != nil {
		ask = func(question string) ([]byte, error) {
			asked = true
			return o.Ask(question)
		}
	}
	for _, s := range l.Slots {
		var err error
		switch {
		case s.Kind == ByKeyring && s.Sealed != "" && o.Keyring != nil:
			w, err = l.withKeyring(s, o.Keyring)
		case s.Kind == ByKeys:
			w, err = l.withFiles(s, ask)
		default:
			continue
		}
		if w != nil {
			return w, asked, nil
		}
		if asked { // a person was asked, and what they said was wrong
			return nil, true, err
		}
		tried = append(tried, err)
	}
	if !l.Has(ByPassphrase) || ask == nil {
		return nil, false, errors.Join(append([]error{ErrLocked}, tried...)...)
	}
	passphrase, err := ask("Passphrase of the workspace: ")
	if err != nil {
		return nil, true, err
	}
	defer clear(passphrase)
	w, err = l.withSecret(passphrase, nil)
	return w, true, err
}

// withSecret opens with identities or a passphrase.
func (l *Lock) withSecret(secret []byte, ask AskFunc) (*Workspace, error) {
	if isIdentities(secret) {
		ids, err := ParseIdentities("the key to unlock with", secret, ask)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrWrong, err)
		}
		return l.withIdentities(ids)
	}
	for _, s := range l.Slots {
		if s.Kind != ByPassphrase {
			continue
		}
		id, err := PassphraseIdentity(secret)
		if err != nil {
			return nil, fmt.Errorf("%w: the passphrase is empty", ErrWrong)
		}
		return l.open(s, id)
	}
	return nil, fmt.Errorf("%w: it has no passphrase; it opens with: %s", ErrWrong, l)
}

func (l *Lock) withIdentities(ids []age.Identity) (*Workspace, error) {
	err := fmt.Errorf("%w: it opens with: %s", ErrWrong, l)
	for _, s := range l.Slots {
		if s.Kind != ByKeys {
			continue
		}
		var w *Workspace
		if w, err = l.open(s, ids...); err == nil {
			return w, nil
		}
	}
	return nil, err
}

func (l *Lock) withKeyring(s Slot, k *Keyring) (*Workspace, error) {
	secret, err := k.get(s.Item)
	if err != nil {
		return nil, fmt.Errorf("keyring: %w", err)
	}
	defer clear(secret)
	ids, err := ParseIdentities("the keyring", secret, nil)
	if err != nil {
		return nil, err
	}
	return l.open(s, ids...)
}

// withFiles tries the key files that were there when the workspace was made.
func (l *Lock) withFiles(s Slot, ask AskFunc) (*Workspace, error) {
	var errs []error
	for _, path := range s.Files {
		text, err := readKey(path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		ids, err := ParseIdentities(path, text, ask)
		clear(text)
		if err == nil {
			var w *Workspace
			if w, err = l.open(s, ids...); err == nil {
				return w, nil
			}
		}
		errs = append(errs, fmt.Errorf("%s: %w", path, err))
	}
	if len(s.Files) == 0 {
		errs = append(errs, errors.New("the workspace does not know where the keys are that open it"))
	}
	return nil, errors.Join(errs...)
}

// readKey reads a file of a person's keys.
func readKey(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the person named it
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(fmt.Errorf("read key %s: not a regular file", path), err)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	return b, nil
}

// open opens one slot.
func (l *Lock) open(s Slot, ids ...age.Identity) (*Workspace, error) {
	r, err := Decrypt(armor.NewReader(strings.NewReader(s.Sealed)), ids...)
	switch {
	case errors.Is(err, errOther):
		return nil, ErrWrong
	case errors.Is(err, ErrKey):
		return nil, fmt.Errorf("%w: %w", ErrWrong, err)
	case errors.Is(err, ErrUnasked):
		return nil, fmt.Errorf("%w: %w", ErrLocked, err)
	case err != nil:
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(r, 1024))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	defer clear(text)
	id, err := age.ParseX25519Identity(string(text))
	if err != nil {
		return nil, fmt.Errorf("%w: what was sealed is no key", ErrDamaged)
	}
	w := &Workspace{id}
	if w.Recipient() != l.Recipient {
		return nil, fmt.Errorf("%w: what was sealed is the key of another workspace", ErrDamaged)
	}
	return w, nil
}
