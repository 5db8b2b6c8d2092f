package forensics

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"filippo.io/age"

	"firebreak/internal/box"
	"firebreak/internal/durable"
)

// keyPlace is the path of a blob's own key below the locker's folder.
func keyPlace(blob string) string { return place(blob) + ".key" }

// The limits of what is read before anything is known to be ours. The header
// that is written here has about 200 bytes, a key 150.
const (
	maxHeader  = 4 << 10
	maxSidecar = 4 << 10
)

// nothing is the closer of a blob that is not encrypted.
type nothing struct{ io.Writer }

func (nothing) Close() error { return nil }

// encrypter returns what the compressed content is written to: w itself, or an
// age file in it to a fresh key, which goes into d.
func (l *Locker) encrypter(w io.Writer, d *sealed) (io.WriteCloser, error) {
	if l.Secret == nil {
		return nothing{w}, nil
	}
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, fmt.Errorf("make the key of a blob: %w", err)
	}
	out, err := age.Encrypt(w, id.Recipient())
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	d.key = id.String()
	return out, nil
}

// sidecar is the context that a blob's key is sealed in: it is the key of no
// other blob.
func sidecar(blob string) string { return "evidence " + blob }

// writeKey seals a blob's key and puts it in its place, and onto the disk.
func (l *Locker) writeKey(root *os.Root, blob, key string) (err error) {
	b, err := box.Seal(l.Secret, sidecar(blob), []byte(key), rand.Reader)
	if err != nil {
		return fmt.Errorf("seal the key of a blob: %w", err)
	}
	f, temp, err := l.temp(root)
	if err != nil {
		return err
	}
	named := true
	defer func() {
		if named {
			err = errors.Join(err, gone(root.Remove(temp)))
		}
		err = errors.Join(err, f.Close())
	}()
	if _, err := f.Write(b); err != nil {
		return err
	}
	if err := errors.Join(f.Chmod(0o400), l.synced(f.Sync())); err != nil {
		return err
	}
	if err := durable.ReplaceIn(root, temp, keyPlace(blob)); err != nil {
		return err
	}
	named = false
	return l.synced(durable.SyncIn(root, blob[:2]))
}

// readKey returns the key of a blob.
func readKey(root *os.Root, blob string, secret *[32]byte) (*age.X25519Identity, error) {
	f, err := root.Open(keyPlace(blob))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: its key is missing", ErrDamaged)
	}
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxSidecar+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if len(b) > maxSidecar {
		return nil, fmt.Errorf("%w: its key is too long", ErrDamaged)
	}
	text, err := box.Open(secret, sidecar(blob), b)
	if err != nil {
		return nil, fmt.Errorf("%w: its key: %w", ErrDamaged, err)
	}
	defer clear(text)
	id, err := age.ParseX25519Identity(string(text))
	if err != nil {
		return nil, fmt.Errorf("%w: its key is none", ErrDamaged) // not repeated: it may be one
	}
	return id, nil
}

// decrypter returns what the compressed content is read from, and says whether
// the blob is encrypted.
func (l *Locker) decrypter(root *os.Root, blob string, f io.Reader) (io.Reader, bool, error) {
	in := bufio.NewReaderSize(f, 64<<10)
	if !encrypted(in) {
		return in, false, nil
	}
	head, err := in.Peek(maxHeader)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, true, err
	}
	if !bytes.Contains(head, []byte("\n---")) {
		return nil, true, fmt.Errorf("%w: it has no header", ErrDamaged)
	}
	if l.Secret == nil {
		return nil, true, ErrNoKey
	}
	id, err := readKey(root, blob, l.Secret)
	if err != nil {
		return nil, true, err
	}
	plain, err := age.Decrypt(in, id)
	if err != nil {
		return nil, true, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return plain, true, nil
}

// encrypted says whether what follows is an age file. One that cannot be read
// is not, and says why when it is read on.
func encrypted(in *bufio.Reader) bool {
	const begins = "age-encryption.org/"
	b, err := in.Peek(len(begins))
	return err == nil && string(b) == begins
}
