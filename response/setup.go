package response

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"firebreak/config"
	"firebreak/store/keys"
)

// Setup is how a workspace shall be protected. The ways add up: any of them
// opens it.
type Setup struct {
	Plain      bool // not at all
	Keyring    bool
	Passphrase []byte // nil: without
	Recipients []string
	KeyFiles   []string // age identities, ssh private or public keys
	// Existing encrypts what is in the workspace already.
	Existing bool
}

func (s Setup) named() bool {
	return s.Keyring || s.Passphrase != nil || len(s.Recipients) > 0 || len(s.KeyFiles) > 0
}

// leastPassphrase is what scrypt can be expected to protect.
const leastPassphrase = 10

// protection turns what a person named into what the keys package wants.
func (s Setup) protection(u Unlock) (keys.Protection, error) {
	p := keys.Protection{Passphrase: s.Passphrase, Work: u.Work, To: s.Recipients}
	if s.Passphrase != nil && len(s.Passphrase) < leastPassphrase {
		return p, usage("a few words that nobody would guess are easy to type: four of them, say", "the passphrase has %d characters; at least %d are wanted", len(s.Passphrase), leastPassphrase)
	}
	if s.Keyring {
		p.Keyring = u.keyring()
	}
	for _, r := range s.Recipients {
		if _, err := keys.ParseRecipient(r); err != nil {
			return p, usage("age-keygen makes age keys; ssh keys go in with --ssh FILE", "recipient: %w", err)
		}
	}
	for _, path := range s.KeyFiles {
		to, err := keyFile(path)
		if err != nil {
			return p, usage("a file of age identities, or an ed25519 or RSA ssh key", "%w", err)
		}
		p.To = append(p.To, to...)
		if private, err := filepath.Abs(strings.TrimSuffix(path, ".pub")); err == nil {
			p.Files = append(p.Files, private)
		}
	}
	return p, nil
}

func keyFile(path string) ([]string, error) {
	f, err := config.OpenFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	defer clear(text)
	to, err := keys.PublicOf(path, text)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	return to, nil
}

// wrapError says what else there is where the keyring is not.
func wrapError(err error, s Setup) error {
	if !s.Keyring {
		return err
	}
	return &Error{Code: CodeRefused, Hint: "a machine without a desktop has no keyring: choose --passphrase, --ssh FILE or --recipient KEY", Err: err}
}

// Init makes the keys of a workspace. One that is in use already is encrypted
// with Setup.Existing only; that can be interrupted at any moment and gone on
// with by calling it again.
func Init(ctx context.Context, o Options, s Setup, p ProgressFunc) (Protection, error) {
	was, err := ProtectionOf(o.Home)
	if err != nil {
		return was, err
	}
	if was.Encrypted && s.Existing && !s.named() {
		return goOn(ctx, o, p) // also for an incident that was brought here since
	}
	if was.Unfinished {
		return was, refused("firebreak init --encrypt-existing, and nothing else, goes on", "how the workspace opens was chosen already: %s", was.Opens)
	}
	if was.Encrypted {
		return was, refused("firebreak rekey changes what opens it", "the workspace is encrypted already; it opens with: %s", was.Opens)
	}
	used, err := inUse(o.Home)
	if err != nil {
		return was, err
	}
	switch {
	case s.Plain && used:
		return was, refused("firebreak init --passphrase --encrypt-existing encrypts what is there", "the workspace is set up already, and is not encrypted")
	case !s.Plain && !s.named():
		return was, usage("--passphrase, --keyring, --ssh FILE, --recipient KEY, several of them, or --plain", "say how the workspace shall be protected")
	case !s.Plain && used && !s.Existing:
		return was, refused("add --encrypt-existing to encrypt it; nothing is lost if that is interrupted", "there is something in the workspace already, not encrypted")
	}
	if err := makeHome(o.Home); err != nil {
		return was, err
	}
	if s.Plain {
		_, err := loadInstanceKey(keysDir(o.Home), o.Rand, nil)
		return was, err
	}
	leave, err := alone(o.Home)
	if err != nil {
		return was, err
	}
	defer leave()
	v, err := makeVault(o, s, used)
	if err != nil {
		return was, err
	}
	return encryptAll(ctx, o, v, p)
}

// makeHome makes the workspace's folders.
func makeHome(home string) error {
	for _, d := range []string{"", "incidents", "keys", "playbooks"} {
		if err := os.MkdirAll(filepath.Join(home, d), 0o700); err != nil {
			return &Error{Code: CodeInternal, Hint: "set FIREBREAK_HOME to a folder you can write to", Err: fmt.Errorf("open workspace: %w", err)}
		}
	}
	return nil
}

// inUse says whether a workspace holds anything.
func inUse(home string) (bool, error) {
	if _, err := os.Lstat(filepath.Join(keysDir(home), "instance")); err == nil {
		return true, nil
	}
	entries, err := os.ReadDir(filepath.Join(home, "incidents"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at the workspace: %w", err)
	}
	return len(entries) > 0, nil
}

// makeVault draws the workspace's identity and saves it, wrapped.
func makeVault(o Options, s Setup, unfinished bool) (*vault, error) {
	p, err := s.protection(o.Unlock)
	if err != nil {
		return nil, err
	}
	ws, err := keys.Generate()
	if err != nil {
		return nil, err
	}
	l, err := ws.Wrap(p, o.Now)
	if err != nil {
		return nil, wrapError(err, s)
	}
	l.Unfinished = unfinished
	if err := l.Save(keysDir(o.Home)); err != nil {
		return nil, errors.Join(err, l.Forget(p.Keyring))
	}
	return &vault{ws: ws, lock: l}, nil
}

// Rewrap changes what opens a workspace, at once: before it is the old, after
// it the new. What is encrypted stays as it is.
func Rewrap(o Options, s Setup) (Protection, error) {
	was, err := ProtectionOf(o.Home)
	if err != nil {
		return was, err
	}
	if !was.Encrypted {
		return was, refused("firebreak init --passphrase --encrypt-existing encrypts it", "the workspace is not encrypted")
	}
	if s.Plain || !s.named() {
		return was, usage("--passphrase, --keyring, --ssh FILE or --recipient KEY, or several of them", "say what shall open the workspace")
	}
	release, err := lockFile(filepath.Join(keysDir(o.Home), keys.WorkspaceFile+".lock"))
	if err != nil {
		return was, err
	}
	defer release()
	v, err := unlock(o)
	if err != nil {
		return was, err
	}
	p, err := s.protection(o.Unlock)
	if err != nil {
		return was, err
	}
	l, err := v.ws.Wrap(p, o.Now)
	if err != nil {
		return was, wrapError(err, s)
	}
	l.Unfinished, l.Renewing = v.lock.Unfinished, v.lock.Renewing
	if err := l.Save(keysDir(o.Home)); err != nil {
		return was, errors.Join(err, l.Forget(p.Keyring))
	}
	if v.lock.Has(keys.ByKeyring) {
		if err := v.lock.Forget(o.Unlock.keyring()); err != nil {
			return was, fmt.Errorf("the new ways are in force; the old item in the keyring stays: %w", err)
		}
	}
	return ProtectionOf(o.Home)
}

// ClearKeyring makes the keyring forget the workspace, where something else
// opens it too. cleared is false where the keyring holds nothing.
func ClearKeyring(o Options) (cleared bool, err error) {
	l, err := keys.Load(keysDir(o.Home))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, keysError(err)
	}
	if !l.Has(keys.ByKeyring) {
		return false, nil
	}
	if len(l.Slots) == 1 {
		return false, refused("firebreak rekey --keyring --passphrase adds a second way first", "the keyring holds the only key of this workspace: clearing it would lose everything")
	}
	return true, l.ClearKeyring(keysDir(o.Home), o.Unlock.keyring())
}

// FillKeyring unlocks the workspace and puts a fresh key into the keyring, so
// that it opens without asking until ClearKeyring.
func FillKeyring(o Options) error {
	v, err := unlock(o)
	if err != nil {
		return err
	}
	if v == nil || !v.lock.Has(keys.ByKeyring) {
		return refused("firebreak rekey --keyring --passphrase keeps it there", "this workspace is not kept in a keyring")
	}
	return v.ws.Remember(keysDir(o.Home), v.lock, o.Unlock.keyring())
}

// LockAfter is how long nobody touches a key before the screens lock, and
// whether they do: as configured, else where a person typed what opened the
// workspace.
func (s *Service) LockAfter() time.Duration {
	switch {
	case s.vault == nil:
		return 0
	case s.o.Config.LockAfter != nil:
		return time.Duration(*s.o.Config.LockAfter)
	case s.vault.typed:
		return 15 * time.Minute
	}
	return 0
}
