package forensics

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"filippo.io/age"

	"firebreak/internal/durable"
)

// Convert brings every blob to the locker's Secret: what is not encrypted is
// encrypted, and the keys of what is are sealed anew, from the secret from;
// nil when there was none. It can be stopped at any moment, by a power cut too,
// and called again: each blob can be read all the time, with the old secret or
// the new. Old bytes are overwritten once the new ones are on the disk, as far
// as the file system lets them be.
func (l *Locker) Convert(ctx context.Context, from *[32]byte, progress func(done, total int64)) error {
	if l.Secret == nil {
		return errors.New("convert evidence: no secret to convert it to")
	}
	blobs, err := l.Blobs()
	if err != nil {
		return err
	}
	if len(blobs) == 0 {
		return nil
	}
	root, err := os.OpenRoot(l.dir)
	if err != nil {
		return fmt.Errorf("convert evidence: %w", err)
	}
	defer func() { _ = root.Close() }() // only a handle
	for i, blob := range blobs {
		if progress != nil {
			progress(int64(i), int64(len(blobs)))
		}
		if err := l.convert(ctx, root, blob, from); err != nil {
			return fmt.Errorf("convert blob %s: %w", blob, full(err))
		}
	}
	return nil
}

// Blobs lists the names of the sealed blobs.
func (l *Locker) Blobs() ([]string, error) {
	var out []string
	folders, err := os.ReadDir(l.dir)
	if err != nil {
		return nil, gone(err)
	}
	for _, d := range folders {
		if !d.IsDir() || len(d.Name()) != 2 {
			continue
		}
		files, err := os.ReadDir(filepath.Join(l.dir, d.Name()))
		if err != nil {
			return nil, fmt.Errorf("list evidence: %w", err)
		}
		for _, f := range files {
			if blobShape.MatchString(f.Name()) && f.Name()[:2] == d.Name() {
				out = append(out, f.Name())
			}
		}
	}
	slices.Sort(out)
	return out, nil
}

func (l *Locker) convert(ctx context.Context, root *os.Root, blob string, from *[32]byte) (err error) {
	release, err := hold(ctx, root, blob[:2])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	f, err := root.Open(place(blob))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // destroyed meanwhile
	}
	if err != nil {
		return err
	}
	sealed := encrypted(bufio.NewReader(f))
	if err := f.Close(); err != nil {
		return err
	}
	if sealed {
		return l.reseal(root, blob, from)
	}
	return l.encrypt(ctx, root, blob)
}

// reseal seals the blob's key with the new secret, unless it is already.
func (l *Locker) reseal(root *os.Root, blob string, from *[32]byte) error {
	if _, err := readKey(root, blob, l.Secret); err == nil {
		return nil
	}
	if from == nil {
		return fmt.Errorf("%w: its key is sealed with an unknown secret", ErrDamaged)
	}
	id, err := readKey(root, blob, from)
	if errors.Is(err, ErrDamaged) {
		return nil // it was unreadable before, and verify says so
	}
	if err != nil {
		return err
	}
	old, err := wipeable(root, keyPlace(blob))
	if err != nil {
		return err
	}
	if err := l.writeKey(root, blob, id.String()); err != nil {
		return errors.Join(err, old.Close())
	}
	return wipe(old)
}

// encrypt puts the blob's bytes as they are, compressed, into an age file.
func (l *Locker) encrypt(ctx context.Context, root *os.Root, blob string) (err error) {
	old, err := wipeable(root, place(blob))
	if err != nil {
		return err
	}
	done := false
	defer func() {
		if !done {
			err = errors.Join(err, old.Chmod(0o400), old.Close())
		}
	}()
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
	var d sealed
	out, err := l.encrypter(f, &d)
	if err != nil {
		return err
	}
	was := sha256.New()
	if _, err := io.Copy(io.MultiWriter(was, out), &guarded{ctx: ctx, r: old, room: func() error { return l.room(f) }}); err != nil {
		return err
	}
	if err := errors.Join(out.Close(), f.Chmod(0o400), l.synced(f.Sync())); err != nil {
		return err
	}
	if err := reads(ctx, f, d.key, was.Sum(nil)); err != nil {
		return err
	}
	if err := l.writeKey(root, blob, d.key); err != nil {
		return err
	}
	if err := durable.ReplaceIn(root, temp, place(blob)); err != nil {
		return err
	}
	named = false
	if err := l.synced(durable.SyncIn(root, blob[:2])); err != nil {
		return err
	}
	done = true
	return wipe(old)
}

// reads wants the file to decrypt to bytes of that hash.
func reads(ctx context.Context, f *os.File, key string, want []byte) error {
	id, err := age.ParseX25519Identity(key)
	if err != nil {
		return errors.New("the blob's key cannot be read")
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	plain, err := age.Decrypt(bufio.NewReader(f), id)
	if err != nil {
		return fmt.Errorf("read what was encrypted: %w", err)
	}
	got := sha256.New()
	if _, err := io.Copy(got, &guarded{ctx: ctx, r: plain}); err != nil {
		return fmt.Errorf("read what was encrypted: %w", err)
	}
	if string(got.Sum(nil)) != string(want) {
		return errors.New("what was encrypted reads otherwise")
	}
	return nil
}

// wipeable opens a file of the locker to be read, replaced and then wiped.
func wipeable(root *os.Root, path string) (*os.File, error) {
	if err := root.Chmod(path, 0o600); err != nil {
		return nil, err
	}
	return root.OpenFile(path, os.O_RDWR, 0)
}

// wipe overwrites a file that has no name any more, and lets go of it.
func wipe(f *os.File) error {
	info, err := f.Stat()
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err == nil {
		_, err = io.CopyN(f, zeros{}, info.Size())
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
