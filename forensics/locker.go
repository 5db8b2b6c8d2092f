package forensics

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"firebreak/internal/durable"
	"firebreak/record"
)

// Errors of the locker.
var (
	// ErrFull says that the file system of the locker has no room left, or less
	// than the reserve. Nothing of the exhibit stays behind.
	ErrFull = errors.New("the disk has no room for evidence")
	// ErrDamaged says that a sealed blob is not what its name says.
	ErrDamaged = errors.New("sealed evidence is damaged")
	// ErrDisk says that a sync failed. What lies on the disk is not known then,
	// and asking again would not tell: the locker seals nothing more until the
	// program is started again.
	ErrDisk = errors.New("the disk failed under the evidence locker")
	// ErrNoKey says that a blob is encrypted and the locker has no secret.
	ErrNoKey = errors.New("evidence is encrypted, and its key is not at hand")
)

// DefaultReserve is the room that sealing leaves free, so that the record can
// still be written when evidence has filled the disk.
const DefaultReserve = 8 << 20

// Locker keeps sealed evidence below one folder: compressed blobs (zstd) at
// 3f/3f9a…, read-only, named by HMAC-SHA256(key, SHA-256 of the plain content),
// so that a name tells nothing of a guessable file to people without the key.
// Equal content is stored once. It is safe for concurrent use, by several
// processes too.
//
// With Secret a blob is a standard age file with the compressed content in it,
// to a key of its own that lies beside it in 3f/3f9a….key, sealed with Secret:
// whoever destroys that small file destroys the blob. A locker may hold blobs
// of both forms; each says itself what it is.
type Locker struct {
	// Now gives Exhibit.Finished; nil takes the time the file system gave the
	// sealed blob.
	Now func() time.Time
	// Reserve is the room in bytes that Seal leaves free on the file system.
	Reserve int64
	// Secret seals the keys of blobs; nil leaves blobs unencrypted.
	Secret *[32]byte

	dir      string
	key      [32]byte
	serial   atomic.Uint64
	encoders sync.Pool
	failed   atomic.Pointer[error] // the sync that failed
}

// NewLocker returns the locker in folder dir, which is made when first needed.
func NewLocker(dir string, key [32]byte) *Locker {
	return &Locker{dir: dir, key: key, Reserve: DefaultReserve}
}

// Seal reads r to its end in one pass, hashing, compressing and storing it, and
// returns meta with Size, SHA256, Blob and Finished filled in. When it returns
// without an error the blob is on disk (file and folders are synced); when it
// fails nothing is left behind. Errors: ErrFull; the context's; r's own.
//
// It works in one thread: the machine under examination has other work to do.
func (l *Locker) Seal(ctx context.Context, r io.Reader, meta record.Exhibit) (record.Exhibit, error) {
	return l.sealAs(ctx, r, meta, unhurried)
}

// SealInput is Seal of what a person hands over and waits for: it hashes and
// compresses at the same time.
func (l *Locker) SealInput(ctx context.Context, r io.Reader, meta record.Exhibit) (record.Exhibit, error) {
	return l.sealAs(ctx, r, meta, hurried)
}

// Together is how many exhibits may be sealed at a time: small ones wait for the
// disk most of the time.
func (l *Locker) Together() int { return 8 }

func (l *Locker) sealAs(ctx context.Context, r io.Reader, meta record.Exhibit, how haste) (record.Exhibit, error) {
	if why := l.failed.Load(); why != nil {
		return meta, fmt.Errorf("seal %s: start firebreak again: %w", meta.Source, *why)
	}
	d, err := l.seal(ctx, r, how)
	if err != nil {
		return meta, fmt.Errorf("seal %s: %w", meta.Source, full(err))
	}
	meta.Size, meta.SHA256, meta.Blob = d.size, hex.EncodeToString(d.sum), d.blob
	meta.Finished = d.written
	if l.Now != nil {
		meta.Finished = l.Now().UTC()
	}
	return meta, nil
}

// sealed is what came of one pass over the plain content.
type sealed struct {
	blob    string
	sum     []byte
	size    int64
	written time.Time
	key     string // the blob's own; "" when it is not encrypted
}

func (l *Locker) seal(ctx context.Context, r io.Reader, how haste) (d sealed, err error) {
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return d, err
	}
	root, err := os.OpenRoot(l.dir)
	if err != nil {
		return d, err
	}
	defer func() { _ = root.Close() }()
	f, temp, err := l.temp(root)
	if err != nil {
		return d, err
	}
	// The name goes first and the lock, which closing gives up, last: no other
	// process may think the file abandoned while it is in use.
	named := true
	defer func() {
		if named {
			err = errors.Join(err, gone(root.Remove(temp)))
		}
		err = errors.Join(err, f.Close())
	}()
	if d, err = l.write(ctx, f, r, how); err != nil {
		return d, err
	}
	folder := d.blob[:2]
	if err := root.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return d, err
	}
	moved, err := l.publish(ctx, root, temp, d)
	named = !moved
	return d, err
}

// publish gives the finished blob its name, if the same content does not lie
// there already. The key of an encrypted one is on the disk before it: a blob
// without its key would be lost.
func (l *Locker) publish(ctx context.Context, root *os.Root, temp string, d sealed) (moved bool, err error) {
	folder := d.blob[:2]
	if d.key != "" {
		release, err := hold(ctx, root, folder) // a pair of files has no atomic rename
		if err != nil {
			return false, err
		}
		defer func() { err = errors.Join(err, release()) }()
	}
	there, err := l.sound(ctx, root, d)
	if err != nil {
		return false, err
	}
	if there { // whoever put it there may not have come to syncing it
		errs := []error{syncFile(root, place(d.blob)), durable.SyncIn(root, folder), durable.SyncIn(root, ".")}
		if d.key != "" {
			errs = append(errs, syncFile(root, keyPlace(d.blob)))
		}
		return false, l.synced(errs...)
	}
	if d.key != "" {
		if err := l.writeKey(root, d.blob, d.key); err != nil {
			return false, err
		}
	}
	if err := durable.ReplaceIn(root, temp, place(d.blob)); err != nil {
		return false, err
	}
	if err := l.synced(durable.SyncIn(root, folder), durable.SyncIn(root, ".")); err != nil {
		return true, errors.Join(err, gone(root.Remove(place(d.blob))))
	}
	return true, nil
}

// synced is nil when every sync went well. Otherwise the locker is done.
func (l *Locker) synced(errs ...error) error {
	err := errors.Join(errs...)
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%w: %w", ErrDisk, err)
	l.failed.CompareAndSwap(nil, &err)
	return err
}

// write brings r into the temporary file f and onto the disk.
func (l *Locker) write(ctx context.Context, f *os.File, r io.Reader, how haste) (d sealed, err error) {
	out, err := l.encrypter(f, &d)
	if err != nil {
		return d, err
	}
	z, err := l.encoder(out)
	if err != nil {
		return d, err
	}
	defer func() {
		z.Reset(nil)
		l.encoders.Put(z)
	}()
	sum := sha256.New()
	in := &guarded{ctx: ctx, r: r, room: func() error { return l.room(f) }}
	if err := in.room(); err != nil {
		return d, err
	}
	if d.size, err = how.copy(sum, z, in); err != nil {
		return d, err
	}
	if err := z.Close(); err != nil {
		return d, fmt.Errorf("compress: %w", err)
	}
	if err := out.Close(); err != nil {
		return d, fmt.Errorf("encrypt: %w", err)
	}
	if err := f.Chmod(0o400); err != nil {
		return d, err
	}
	if err := l.synced(f.Sync()); err != nil {
		return d, err
	}
	info, err := f.Stat()
	if err != nil {
		return d, err
	}
	d.sum, d.written = sum.Sum(nil), info.ModTime().UTC()
	d.blob = l.name(d.sum)
	return d, nil
}

// sound says whether the same content lies in the locker already, unharmed. A
// harmed one is about to be replaced by the good copy at hand.
func (l *Locker) sound(ctx context.Context, root *os.Root, d sealed) (bool, error) {
	if _, err := root.Lstat(place(d.blob)); err != nil {
		return false, gone(err)
	}
	plain, err := l.open(d.blob)
	if err != nil {
		return false, damaged(err)
	}
	if d.key != "" && !plain.encrypted {
		return false, plain.Close() // from before the incident was encrypted
	}
	_, err = io.Copy(io.Discard, &guarded{ctx: ctx, r: io.LimitReader(plain, d.size+1)})
	if err = errors.Join(err, plain.Close()); err != nil {
		return false, damaged(err)
	}
	return true, nil
}

// name is the blob's name for content of that SHA-256.
func (l *Locker) name(sum []byte) string {
	mac := hmac.New(sha256.New, l.key[:])
	mac.Write(sum)
	return hex.EncodeToString(mac.Sum(nil))
}

// place is the blob's path below the locker's folder.
func place(blob string) string { return blob[:2] + "/" + blob }

// temp makes a locked temporary file: the lock tells Sweep that its writer is
// alive.
func (l *Locker) temp(root *os.Root) (*os.File, string, error) {
	for range 10_000 {
		name := fmt.Sprintf("tmp-%d-%d", os.Getpid(), l.serial.Add(1))
		f, err := root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		ours, err := claim(f)
		if err == nil && ours {
			if _, err = root.Lstat(name); err == nil {
				return f, name, nil
			}
		}
		if err = errors.Join(gone(err), f.Close()); err != nil {
			return nil, "", err
		}
	}
	return nil, "", errors.New("no free name for a temporary file")
}

// claim takes the file's lock, which lasts as long as the file is open, and
// says whether it was free.
func claim(f *os.File) (bool, error) {
	free, err := durable.Claim(f)
	if err != nil {
		return false, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return free, nil
}

// room is an error when less than the reserve is free where f lies.
func (l *Locker) room(f *os.File) error {
	free, known := freeBytes(f)
	if known && free < l.Reserve {
		return fmt.Errorf("%d bytes free, %d are kept in reserve: %w", free, l.Reserve, ErrFull)
	}
	return nil
}

// roomEvery is how many bytes are read between two looks at the free space.
const roomEvery = 4 << 20

// guarded is a reader that ends with its context and, where room is set, with
// the free space.
type guarded struct {
	ctx  context.Context //nolint:containedctx // it lives for one copy only
	r    io.Reader
	room func() error
	read int
}

func (g *guarded) Read(p []byte) (int, error) {
	if err := g.ctx.Err(); err != nil {
		return 0, context.Cause(g.ctx)
	}
	if g.room != nil && g.read >= roomEvery {
		g.read = 0
		if err := g.room(); err != nil {
			return 0, err
		}
	}
	n, err := g.r.Read(p)
	g.read += n
	return n, err
}

// full turns the system's ways of saying "no room" into ErrFull.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// gone takes "does not exist" for done.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// damaged takes damage for no error.
func damaged(err error) error {
	if errors.Is(err, ErrDamaged) {
		return nil
	}
	return err
}
