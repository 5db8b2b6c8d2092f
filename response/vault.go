package response

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/internal/durable"
	"firebreak/store/keys"
)

// Unlock is what there is to open an encrypted workspace with. The zero value
// opens those that need nobody: a key file they remember.
type Unlock struct {
	// Secret resolves what the configuration or the command line refers to; nil
	// where it refers to nothing.
	Secret func() (config.Secret, error)
	// Ask asks the person for a secret, without echo; nil where nobody is there.
	Ask func(question string) ([]byte, error)
	// NoKeyring says why the system's keyring cannot be reached; nil where it
	// can be tried.
	NoKeyring error
	// Stop ends the wait for a keyring that does not answer; nil does not.
	Stop <-chan struct{}
	// Work is for new passphrases, as keys.Protection has it.
	Work int
}

// Protection says how a workspace is protected.
type Protection struct {
	Encrypted  bool   `json:"encrypted"`
	Opens      string `json:"opens,omitempty"` // what opens it, in words
	Recipient  string `json:"recipient,omitempty"`
	Keyring    bool   `json:"keyring,omitempty"`
	Unfinished bool   `json:"unfinished,omitempty"` // what was there before is not encrypted yet
	Renewing   bool   `json:"renewing,omitempty"`   // what opened it before may still open some of it
}

// String says it in a sentence.
func (p Protection) String() string {
	switch {
	case !p.Encrypted:
		return "not encrypted: whoever has this disk or a copy can read everything; firebreak init says how to change that"
	case p.Renewing:
		return "encrypted; its old key may still open some of it: firebreak rekey --renew goes on; opens with " + p.Opens
	case p.Unfinished:
		return "encrypted in part: firebreak init --encrypt-existing goes on; opens with " + p.Opens
	}
	return "encrypted; opens with " + p.Opens
}

// ProtectionOf looks at a workspace without unlocking it.
func ProtectionOf(home string) (Protection, error) {
	l, err := keys.Load(keysDir(home))
	if errors.Is(err, fs.ErrNotExist) {
		return Protection{}, nil
	}
	if err != nil {
		return Protection{}, keysError(err)
	}
	return Protection{Encrypted: true, Opens: l.String(), Recipient: l.Recipient, Keyring: l.Has(keys.ByKeyring), Unfinished: l.Unfinished, Renewing: l.Renewing}, nil
}

func keysDir(home string) string { return filepath.Join(home, "keys") }

// vault is the unlocked workspace. The methods of a nil one are those of a
// plain workspace.
type vault struct {
	ws    *keys.Workspace
	lock  *keys.Lock
	typed bool // a person typed what opened it
}

// unlock opens the workspace's keys; nil for a plain one.
func unlock(o Options) (*vault, error) {
	l, err := keys.Load(keysDir(o.Home))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, keysError(err)
	}
	return open(l, o.Unlock)
}

func open(l *keys.Lock, u Unlock) (*vault, error) {
	ws, typed, err := l.Unlock(u.opener())
	if err != nil {
		return nil, keysError(err)
	}
	return &vault{ws: ws, lock: l, typed: typed}, nil
}

func (u Unlock) opener() keys.Opener {
	o := keys.Opener{Ask: u.Ask, Keyring: u.keyring()}
	if u.Secret != nil {
		o.Secret = func() ([]byte, bool, error) {
			v, err := u.Secret()
			return []byte(v.Reveal()), true, err
		}
	}
	return o
}

func (u Unlock) keyring() *keys.Keyring {
	return &keys.Keyring{Rand: rand.Reader, Unreachable: u.NoKeyring, Stop: u.Stop}
}

// keysError gives the sentinels of the keys their codes and hints.
func keysError(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, keys.ErrWrong):
		return &Error{Code: CodeAuth, Hint: "try again; what opens this workspace: firebreak doctor", Err: err}
	case errors.Is(err, keys.ErrLocked):
		return &Error{Code: CodeAuth, Hint: "run it in a terminal to be asked, or say where the key is: --unlock file:/path, or unlock: in the configuration", Err: err}
	case errors.Is(err, keys.ErrDamaged):
		return &Error{Code: CodeIntegrity, Hint: "restore the folder keys from a backup", Err: err}
	}
	return err
}

// Protection says how the open workspace is protected.
func (s *Service) Protection() Protection {
	if s.vault == nil {
		return Protection{}
	}
	l := s.vault.lock
	return Protection{Encrypted: true, Opens: l.String(), Recipient: l.Recipient, Keyring: l.Has(keys.ByKeyring), Unfinished: l.Unfinished, Renewing: l.Renewing}
}

// Typed says whether a person typed what opened the workspace: then it makes
// sense to forget the keys when nobody is there.
func (s *Service) Typed() bool { return s.vault != nil && s.vault.typed }

// opened takes the seal from a file of the workspace. One from before the
// workspace was encrypted has none.
func (v *vault) opened(b []byte) ([]byte, error) {
	if v == nil || !keys.IsSealed(b) {
		return b, nil
	}
	return v.ws.Open(b)
}

// instancePublic is the file with the public half of the instance key, for
// colleagues: the key itself cannot be read any more.
const instancePublic = "instance.pub"

func (v *vault) sealInstanceKey(path, secret, public string) error {
	b, err := v.ws.Seal([]byte(secret))
	if err != nil {
		return err
	}
	if err := durable.Replace(filepath.Join(filepath.Dir(path), instancePublic), []byte(public+"\n"), 0o600); err != nil {
		return err
	}
	return keys.Replace(path, b)
}

// newDataKey draws the key of a new incident; nil in a plain workspace.
func (s *Service) newDataKey() (*keys.DataKey, error) {
	if s.vault == nil {
		return nil, nil
	}
	return keys.NewDataKey(s.o.Rand)
}

// keepDataKey seals the key of a new incident into its folder.
func (s *Service) keepDataKey(dir string, data *keys.DataKey) error {
	if data == nil {
		return nil
	}
	return s.vault.ws.WriteDataKey(dir, keys.DataKeyFile, data)
}

// dataKey reads the key of an incident; nil for a plain one.
func (s *Service) dataKey(id incident.ID, dir string) (*keys.DataKey, error) {
	if _, err := os.Lstat(filepath.Join(dir, keys.NextKeyFile)); err == nil {
		hint := "firebreak init --encrypt-existing goes on"
		if _, err := os.Lstat(filepath.Join(dir, keys.DataKeyFile)); err == nil {
			hint = "firebreak rekey --data " + string(id) + " goes on"
		}
		return nil, refused(hint, "%s is being encrypted, and that was interrupted", id)
	}
	if s.vault == nil {
		if _, err := os.Lstat(filepath.Join(dir, keys.DataKeyFile)); err == nil {
			return nil, fail(CodeAuth, "its key is in the workspace it comes from; one that was handed to you is taken over in an encrypted workspace: firebreak init, then firebreak rekey "+string(id)+" --identity FILE", "%s is encrypted, and this workspace has no keys", id)
		}
		return nil, nil
	}
	k, err := s.vault.ws.ReadDataKey(dir, keys.DataKeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if errors.Is(err, keys.ErrDamaged) {
		return nil, &Error{Code: CodeIntegrity, Hint: "it was sealed for another workspace, or changed: firebreak rekey " + string(id) + " --identity FILE takes it over with a key it was handed to; or restore it from a copy", Err: fmt.Errorf("open %s: %w", id, err)}
	}
	return k, err
}
