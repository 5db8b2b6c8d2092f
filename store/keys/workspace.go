package keys

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// Kind is a way in which a workspace is protected.
type Kind string

// The kinds.
const (
	ByKeyring    Kind = "keyring"    // a secret in the keyring of the system
	ByPassphrase Kind = "passphrase" // scrypt
	ByKeys       Kind = "keys"       // age or ssh keys of people
)

// Lock is what the file keys/workspace says. It holds no secret in the clear:
// each slot is the workspace's identity, sealed in one way; any of them opens.
type Lock struct {
	Format    string `json:"format"`
	Recipient string `json:"recipient"` // public; whoever has it can seal for the workspace
	Slots     []Slot `json:"slots"`
	// Unfinished says that what was there before is still being encrypted.
	Unfinished bool `json:"unfinished,omitempty"`
	// Renewing says that the workspace has a new identity, and that something may
	// still be sealed to the one before.
	Renewing bool `json:"renewing,omitempty"`
}

const format = "firebreak workspace keys v1"

// Slot is one way to open the workspace.
type Slot struct {
	Kind   Kind     `json:"kind"`
	Work   int      `json:"work,omitempty"`   // passphrase: scrypt with 2^Work rounds
	Item   string   `json:"item,omitempty"`   // keyring: the name the secret is kept under
	To     []string `json:"to,omitempty"`     // keys: the public ones
	Files  []string `json:"files,omitempty"`  // keys: where the secret ones were found
	Sealed string   `json:"sealed,omitempty"` // an age file in armor; "" after the keyring was cleared
}

// String says in a few words how the slot opens.
func (s Slot) String() string {
	switch s.Kind {
	case ByKeyring:
		if s.Sealed == "" {
			return "keyring (cleared)"
		}
		return "keyring"
	case ByPassphrase:
		return fmt.Sprintf("passphrase (scrypt 2^%d)", s.Work)
	case ByKeys:
		names := make([]string, len(s.To))
		for i, to := range s.To {
			names[i] = short(to)
		}
		return "keys " + strings.Join(names, ", ")
	}
	return string(s.Kind)
}

// short is a public key without its middle.
func short(key string) string {
	kind, rest, isSSH := strings.Cut(key, " ")
	if !isSSH {
		if len(key) > 16 {
			return key[:10] + "…" + key[len(key)-4:]
		}
		return key
	}
	body, comment, _ := strings.Cut(rest, " ")
	if comment != "" {
		return kind + " " + comment
	}
	return kind + " …" + body[max(0, len(body)-8):]
}

// String says how the workspace is protected.
func (l *Lock) String() string {
	ways := make([]string, len(l.Slots))
	for i, s := range l.Slots {
		ways[i] = s.String()
	}
	return strings.Join(ways, "; or ")
}

// Has says whether a slot of that kind is there.
func (l *Lock) Has(k Kind) bool {
	return slices.ContainsFunc(l.Slots, func(s Slot) bool { return s.Kind == k })
}

// Load reads keys/workspace. Where it is missing the error is fs.ErrNotExist:
// the workspace is plain.
func Load(dir string) (*Lock, error) {
	path := filepath.Join(dir, WorkspaceFile)
	b, err := read(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, b)
}

// Parse reads the text of keys/workspace.
func Parse(path string, b []byte) (*Lock, error) {
	l := &Lock{}
	if err := json.Unmarshal(b, l); err != nil {
		return nil, fmt.Errorf("read %s: %w: %w", path, ErrDamaged, err)
	}
	if l.Format != format {
		return nil, fmt.Errorf("read %s: %w: format %.60q; this program knows %q", path, ErrDamaged, l.Format, format)
	}
	if len(l.Slots) == 0 || len(l.Slots) > 16 {
		return nil, fmt.Errorf("read %s: %w: %d ways to open it", path, ErrDamaged, len(l.Slots))
	}
	if _, err := age.ParseX25519Recipient(l.Recipient); err != nil {
		return nil, fmt.Errorf("read %s: %w: its recipient is no age key", path, ErrDamaged)
	}
	return l, nil
}

// Save writes keys/workspace, whole or not at all.
func (l *Lock) Save(dir string) error {
	b, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return fmt.Errorf("write keys: %w", err)
	}
	return Replace(filepath.Join(dir, WorkspaceFile), append(b, '\n'))
}

// Protection is how a workspace shall be protected: at least one way.
type Protection struct {
	Keyring    *Keyring // nil: not in the keyring
	Passphrase []byte   // nil: without
	Work       int      // scrypt with 2^Work rounds; 0 is measured; others are for tests
	To         []string // public keys, as ParseRecipient reads them
	Files      []string // where their secret halves lie, to be tried when unlocking
}

// Wrap seals the workspace's identity in every way that p names. The secret of
// the keyring is stored before it returns; Forget takes it back.
func (w *Workspace) Wrap(p Protection, now func() time.Time) (*Lock, error) {
	l := &Lock{Format: format, Recipient: w.Recipient()}
	if p.Keyring != nil {
		s, err := w.keyringSlot(p.Keyring)
		if err != nil {
			return nil, err
		}
		l.Slots = append(l.Slots, s)
	}
	if len(p.To) > 0 {
		s, err := w.keysSlot(p.To, p.Files)
		if err != nil {
			return nil, errors.Join(err, l.Forget(p.Keyring))
		}
		l.Slots = append(l.Slots, s)
	}
	if p.Passphrase != nil {
		s, err := w.passphraseSlot(p.Passphrase, p.Work, now)
		if err != nil {
			return nil, errors.Join(err, l.Forget(p.Keyring))
		}
		l.Slots = append(l.Slots, s)
	}
	if len(l.Slots) == 0 {
		return nil, errors.New("wrap the workspace's key: no way to open it was named")
	}
	return l, nil
}

// seal makes the text of a slot.
func (w *Workspace) seal(to ...age.Recipient) (string, error) {
	secret := []byte(w.id.String())
	defer clear(secret)
	b, err := SealTo(secret, to...)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	a := armor.NewWriter(&out)
	if _, err := a.Write(b); err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	if err := a.Close(); err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	return out.String(), nil
}

func (w *Workspace) keysSlot(to, files []string) (Slot, error) {
	rs := make([]age.Recipient, len(to))
	for i, text := range to {
		r, err := ParseRecipient(text)
		if err != nil {
			return Slot{}, err
		}
		rs[i] = r
	}
	sealed, err := w.seal(rs...)
	if err != nil {
		return Slot{}, err
	}
	return Slot{Kind: ByKeys, To: to, Files: files, Sealed: sealed}, nil
}

// The work of scrypt. 2^17 is the least that OWASP advises for r=8; 2^18 is
// age's own default, and wants 256 MiB for the moment of unlocking.
const (
	leastWork = 17
	mostWork  = 18
	// patience is what unlocking may take on the machine that set the passphrase.
	patience = 700 * time.Millisecond
)

func (w *Workspace) passphraseSlot(passphrase []byte, work int, now func() time.Time) (Slot, error) {
	if work == 0 {
		work = Calibrate(now)
	}
	r, err := age.NewScryptRecipient(string(passphrase))
	if err != nil {
		return Slot{}, fmt.Errorf("passphrase: %w", err)
	}
	r.SetWorkFactor(work)
	sealed, err := w.seal(r)
	if err != nil {
		return Slot{}, err
	}
	return Slot{Kind: ByPassphrase, Work: work, Sealed: sealed}, nil
}

// Calibrate measures how much work of scrypt this machine does in the time
// that unlocking may take.
func Calibrate(now func() time.Time) int {
	const sample = 14
	r, err := age.NewScryptRecipient("measure")
	if err != nil {
		return leastWork
	}
	r.SetWorkFactor(sample)
	start := now()
	if _, err := r.Wrap(make([]byte, 16)); err != nil {
		return leastWork
	}
	took := now().Sub(start)
	work := leastWork
	for work < mostWork && took<<(work+1-sample) <= patience {
		work++
	}
	return work
}
