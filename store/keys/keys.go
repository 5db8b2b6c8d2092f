// Package keys keeps the keys of data at rest. A workspace has one identity
// (age, X25519); it lies in keys/workspace, wrapped so that a passphrase, the
// keyring of the system, or the age or ssh keys of people open it. An incident
// has a data key in key.age, sealed to the workspace; everything in the
// incident's folder is sealed with keys derived from it.
//
// The package knows files and keys, not databases, evidence or people. It
// promises that a change of the wrapping is whole or not at all, and that an
// error never repeats a secret.
package keys

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"

	"firebreak/internal/durable"
)

// Errors of this package.
var (
	// ErrLocked says that the workspace is locked and nothing at hand opens it.
	ErrLocked = errors.New("the workspace is locked")
	// ErrWrong says that what was given does not open the workspace.
	ErrWrong = errors.New("that does not open the workspace")
	// ErrDamaged says that a file of keys is not what it should be.
	ErrDamaged = errors.New("the keys are damaged")
	// ErrKey says of any sealed file that none of the keys at hand opens it.
	ErrKey = errors.New("no key at hand opens it")
	// ErrUnasked says that a key has a passphrase and nobody is there to ask.
	ErrUnasked = errors.New("nobody can be asked for its passphrase")

	errOther = errors.New("it is encrypted to other keys")
)

// The files.
const (
	WorkspaceFile = "workspace"   // in the folder keys
	DataKeyFile   = "key.age"     // in the folder of an incident
	NextKeyFile   = "key.age.new" // beside it while the incident changes its key
	OthersFile    = "key.to"      // beside it, sealed: to whom else the incident's key is sealed
	FormerFile    = "former"      // in the folder keys: identities the workspace had before
)

// The purposes of subkeys. Each file of an incident is sealed with its own.
const (
	ForDatabase = "firebreak/incident.db"
	ForTimeline = "firebreak/timeline.db"
	ForEvidence = "firebreak/evidence"     // the sidecars of blobs
	ForNames    = "firebreak/evidence.key" // what blobs are named with
	ForExports  = "firebreak/exports"
	ForDrill    = "firebreak/drill"
	ForOthers   = "firebreak/key.to" // to whom else the data key is sealed
)

// maxFile bounds what is read of a file of keys.
const maxFile = 256 << 10

// DataKey is the key of one incident. Subkeys are derived from it, and nothing
// is sealed with it itself.
type DataKey struct{ b [32]byte }

// NewDataKey draws a key.
func NewDataKey(random io.Reader) (*DataKey, error) {
	k := &DataKey{}
	if _, err := io.ReadFull(random, k.b[:]); err != nil {
		return nil, fmt.Errorf("draw data key: %w", err)
	}
	return k, nil
}

// Subkey is the key for one purpose: HKDF-SHA256 (RFC 5869) without salt, with
// the purpose as info. The subkeys of no key, of a plain incident, are nil.
func (k *DataKey) Subkey(purpose string) *[32]byte {
	if k == nil {
		return nil
	}
	b, err := hkdf.Key(sha256.New, k.b[:], nil, purpose, 32)
	if err != nil {
		panic("hkdf: " + err.Error()) // only for a length beyond 8160 bytes
	}
	defer clear(b)
	sub := [32]byte(b)
	return &sub
}

// Wipe overwrites the key.
func (k *DataKey) Wipe() {
	if k != nil {
		clear(k.b[:])
	}
}

// Reveal is the key as text, for a place that is encrypted itself; "" for none.
func (k *DataKey) Reveal() string {
	if k == nil {
		return ""
	}
	return hex.EncodeToString(k.b[:])
}

// ParseDataKey reads what Reveal returned. Errors: ErrDamaged.
func ParseDataKey(text string) (*DataKey, error) {
	b, err := hex.DecodeString(text)
	defer clear(b)
	if err != nil || len(b) != 32 {
		return nil, fmt.Errorf("read data key: %w", ErrDamaged) // not repeated
	}
	return &DataKey{[32]byte(b)}, nil
}

// String shows nothing.
func (k *DataKey) String() string { return "***" }

// GoString shows nothing.
func (k *DataKey) GoString() string { return "***" }

// Exports is the age identity that an incident's exports are sealed to.
func (k *DataKey) Exports() (*age.X25519Identity, error) {
	sub := k.Subkey(ForExports)
	defer clear(sub[:])
	id, err := age.ParseX25519Identity(bech32("AGE-SECRET-KEY-", sub[:]))
	if err != nil {
		return nil, fmt.Errorf("derive the key of exports: %w", err)
	}
	return id, nil
}

// Workspace is an unlocked workspace. Whoever holds it reads every incident.
type Workspace struct{ id *age.X25519Identity }

// Generate makes the identity of a new workspace.
func Generate() (*Workspace, error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, fmt.Errorf("make the workspace's key: %w", err)
	}
	return &Workspace{id}, nil
}

// Recipient is the public half: what is sealed to it the workspace can open.
func (w *Workspace) Recipient() string { return w.id.Recipient().String() }

// String is Recipient.
func (w *Workspace) String() string { return w.Recipient() }

// GoString is Recipient.
func (w *Workspace) GoString() string { return w.Recipient() }

// Seal makes a standard age file that the workspace can open.
func (w *Workspace) Seal(plain []byte) ([]byte, error) { return SealTo(plain, w.id.Recipient()) }

// Open returns what Seal sealed. Errors: ErrDamaged.
func (w *Workspace) Open(sealed []byte) ([]byte, error) { return OpenWith(sealed, w.id) }

// SealTo makes a standard age file.
func SealTo(plain []byte, to ...age.Recipient) ([]byte, error) {
	var out bytes.Buffer
	in, err := age.Encrypt(&out, to...)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	if _, err := in.Write(plain); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	if err := in.Close(); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return out.Bytes(), nil
}

// OpenWith opens an age file whole.
func OpenWith(sealed []byte, ids ...age.Identity) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(sealed), ids...)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return plain, nil
}

// Decrypt begins to read an age file. What it returns tells of damage while it
// is read. Errors: ErrKey, ErrUnasked, ErrDamaged.
func Decrypt(in io.Reader, ids ...age.Identity) (io.Reader, error) {
	r, err := age.Decrypt(in, ids...)
	var none *age.NoIdentityMatchError
	switch {
	case errors.As(err, &none):
		return nil, fmt.Errorf("%w: %w (%s)", ErrKey, errOther, strings.Join(none.StanzaTypes, ", "))
	case errors.Is(err, ErrKey), errors.Is(err, ErrUnasked), errors.Is(err, context.Canceled):
		return nil, err //nolint:wrapcheck // an error of a key of ours
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return r, nil
}

// Begins is how an age file begins.
const Begins = "age-encryption.org/"

// IsSealed says whether b begins as an age file does.
func IsSealed(b []byte) bool { return bytes.HasPrefix(b, []byte(Begins)) }

// ReadDataKey reads a data key from that file of an incident's folder. A
// missing file is fs.ErrNotExist: the incident is plain.
func (w *Workspace) ReadDataKey(dir, file string) (*DataKey, error) {
	return ReadDataKey(dir, file, w.id)
}

// ReadDataKey reads a data key that is sealed to one of those identities.
func ReadDataKey(dir, file string, ids ...age.Identity) (*DataKey, error) {
	path := filepath.Join(dir, file)
	b, err := read(path)
	if err != nil {
		return nil, err
	}
	plain, err := OpenWith(b, ids...)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	defer clear(plain)
	if len(plain) != 32 {
		return nil, fmt.Errorf("open %s: %w: it holds %d bytes", path, ErrDamaged, len(plain))
	}
	return &DataKey{[32]byte(plain)}, nil
}

// WriteDataKey seals a data key into that file of an incident's folder, and
// onto the disk: to the workspace, and to whoever else shall open the folder.
func (w *Workspace) WriteDataKey(dir, file string, k *DataKey, others ...age.Recipient) error {
	b, err := SealTo(k.b[:], append([]age.Recipient{w.id.Recipient()}, others...)...)
	if err != nil {
		return fmt.Errorf("write data key: %w", err)
	}
	return Replace(filepath.Join(dir, file), b)
}

// Part ends the name of a file that is being written and has no name yet.
const Part = ".part"

// read reads a small file.
func read(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // a file of the workspace
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	if len(b) > maxFile {
		return nil, fmt.Errorf("read keys %s: %w: larger than %d KiB", path, ErrDamaged, maxFile>>10)
	}
	return b, nil
}

// Replace writes a file that only its owner can read. Its name leads to the
// whole of the old content or the whole of the new, and when it returns the
// new one is on the disk. Callers do not replace the same file at once: what a
// killed one left in the file path.part the next one writes over.
func Replace(path string, content []byte) (err error) {
	dir := filepath.Dir(path)
	tmp, err := os.OpenFile(path+Part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // a file of the workspace
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = tmp.Write(content)
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, errors.Join(err, os.Remove(tmp.Name())))
	}
	if err := durable.SyncDir(dir); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
