package keys

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"filippo.io/age"
	"github.com/zalando/go-keyring"
)

// service is the name that the system's keyring shows.
const service = "firebreak"

// Keyring is the keyring of the system: Secret Service, macOS keychain or
// Windows credentials.
type Keyring struct {
	Rand io.Reader // names the items
	// Unreachable says why there is no keyring to be asked; nil when there is
	// one. The library would start a message bus of its own without it.
	Unreachable error
	// Stop ends the wait for an answer; nil does not.
	Stop <-chan struct{}
	// Patience is how long the keyring is waited for; 0 is two minutes.
	Patience time.Duration
}

// errSilent says that the keyring gave no answer.
var errSilent = errors.New("the keyring does not answer; it may be asking you on another screen")

// patient does what may wait for a person who is not there: a locked keyring
// asks in a window of its own, and its library waits without end.
func (k *Keyring) patient(do func() error) error {
	if k.Unreachable != nil {
		return k.Unreachable
	}
	patience := k.Patience
	if patience == 0 {
		patience = 2 * time.Minute
	}
	t := time.NewTimer(patience)
	defer t.Stop()
	done := make(chan error, 1)
	go func() { done <- do() }() // the call cannot be cancelled; the process ends with it
	select {
	case err := <-done:
		return err
	case <-k.Stop:
		return context.Canceled
	case <-t.C:
		return fmt.Errorf("%w: after %s: %w", ErrLocked, patience, errSilent)
	}
}

func (k *Keyring) get(item string) ([]byte, error) {
	secret, err := k.Secret(service, item)
	if errors.Is(err, keyring.ErrNotFound) {
		return nil, fmt.Errorf("%w: %w", err, ErrLocked)
	}
	return []byte(secret), err
}

// Secret is what another program, or a person, has put into the keyring.
func (k *Keyring) Secret(service, user string) (string, error) {
	var secret string
	err := k.patient(func() (err error) {
		secret, err = keyring.Get(service, user)
		return err
	})
	if errors.Is(err, keyring.ErrNotFound) {
		return "", fmt.Errorf("the keyring does not hold it: %w", keyring.ErrNotFound)
	}
	if err != nil {
		return "", fmt.Errorf("ask the keyring: %w", err)
	}
	return secret, nil
}

func (k *Keyring) set(item, secret string) error {
	if err := k.patient(func() error { return keyring.Set(service, item, secret) }); err != nil {
		return fmt.Errorf("store in the keyring: %w", err)
	}
	return nil
}

// forget is right when the item is not there any more.
func (k *Keyring) forget(item string) error {
	if err := k.patient(func() error { return keyring.Delete(service, item) }); err != nil && !errors.Is(err, keyring.ErrNotFound) {
		return fmt.Errorf("clear the keyring: %w", err)
	}
	return nil
}

// keyringSlot stores a fresh secret under a fresh name: the one before stays
// until what replaces it is on the disk.
func (w *Workspace) keyringSlot(k *Keyring) (Slot, error) {
	var name [8]byte
	if _, err := io.ReadFull(k.Rand, name[:]); err != nil {
		return Slot{}, fmt.Errorf("name the item of the keyring: %w", err)
	}
	secret, err := age.GenerateX25519Identity()
	if err != nil {
		return Slot{}, fmt.Errorf("make the keyring's secret: %w", err)
	}
	s := Slot{Kind: ByKeyring, Item: "workspace " + hex.EncodeToString(name[:])}
	if s.Sealed, err = w.seal(secret.Recipient()); err != nil {
		return Slot{}, err
	}
	return s, k.set(s.Item, secret.String())
}

// Forget clears what the keyring holds for the workspace.
func (l *Lock) Forget(k *Keyring) error {
	var errs []error
	for _, s := range l.Slots {
		if s.Kind == ByKeyring && k != nil {
			errs = append(errs, k.forget(s.Item))
		}
	}
	return errors.Join(errs...)
}

// ClearKeyring makes the keyring forget the workspace and saves that. It is
// refused where nothing else would open the workspace: it would be lost.
func (l *Lock) ClearKeyring(dir string, k *Keyring) error {
	others := false
	for _, s := range l.Slots {
		others = others || s.Kind != ByKeyring
	}
	if !others {
		return errors.New("the keyring holds the only key of this workspace: clearing it would lose everything")
	}
	if err := l.Forget(k); err != nil {
		return err
	}
	for i := range l.Slots {
		if l.Slots[i].Kind == ByKeyring {
			l.Slots[i] = Slot{Kind: ByKeyring}
		}
	}
	return l.Save(dir)
}

// Remember puts a fresh secret into the keyring, after ClearKeyring or where
// the keyring was lost.
func (w *Workspace) Remember(dir string, l *Lock, k *Keyring) error {
	for i, old := range l.Slots {
		if old.Kind != ByKeyring {
			continue
		}
		s, err := w.keyringSlot(k)
		if err != nil {
			return err
		}
		l.Slots[i] = s
		if err := l.Save(dir); err != nil {
			return errors.Join(err, k.forget(s.Item))
		}
		if old.Item != "" {
			return k.forget(old.Item)
		}
		return nil
	}
	return errors.New("the workspace is not kept in a keyring")
}
