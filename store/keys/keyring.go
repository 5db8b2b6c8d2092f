package keys

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"

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
}

func (k *Keyring) get(item string) ([]byte, error) {
	if k.Unreachable != nil {
		return nil, k.Unreachable
	}
	secret, err := keyring.Get(service, item)
	if errors.Is(err, keyring.ErrNotFound) {
		return nil, fmt.Errorf("the keyring does not hold it: %w", ErrLocked)
	}
	if err != nil {
		return nil, fmt.Errorf("ask the keyring: %w", err)
	}
	return []byte(secret), nil
}

func (k *Keyring) set(item, secret string) error {
	if k.Unreachable != nil {
		return k.Unreachable
	}
	if err := keyring.Set(service, item, secret); err != nil {
		return fmt.Errorf("store in the keyring: %w", err)
	}
	return nil
}

// forget is right when the item is not there any more.
func (k *Keyring) forget(item string) error {
	if k.Unreachable != nil {
		return k.Unreachable
	}
	if err := keyring.Delete(service, item); err != nil && !errors.Is(err, keyring.ErrNotFound) {
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
