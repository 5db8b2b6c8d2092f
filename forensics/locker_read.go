package forensics

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/klauspost/compress/zstd"

	"firebreak/internal/lazyre"
	"firebreak/record"
)

var blobShape = lazyre.New(`^[0-9a-f]{64}$`)

// maxWindow bounds the memory a damaged blob can ask for. Our own blobs stay
// far below it.
const maxWindow = 64 << 20

// Open returns the plain content of a blob. Reading on after the last byte
// gives io.EOF only if the content is what the blob's name says; otherwise
// ErrDamaged. A missing blob is fs.ErrNotExist; a missing key ErrDamaged, and
// ErrNoKey says that the locker has no secret to open it with.
func (l *Locker) Open(blob string) (io.ReadCloser, error) {
	c, err := l.open(blob)
	if err != nil {
		return nil, err // not c: a nil *content is no nil io.ReadCloser
	}
	return c, nil
}

func (l *Locker) open(blob string) (*content, error) {
	if !blobShape.MatchString(blob) {
		return nil, fmt.Errorf("open blob %q: want 64 hexadecimal digits", blob)
	}
	root, err := os.OpenRoot(l.dir)
	if err != nil {
		return nil, fmt.Errorf("open blob %s: %w", blob, err)
	}
	defer func() { _ = root.Close() }() // only a handle
	f, err := root.Open(place(blob))
	if err != nil {
		return nil, fmt.Errorf("open blob %s: %w", blob, err)
	}
	packed, encrypted, err := l.decrypter(root, blob, f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open blob %s: %w", blob, err), f.Close())
	}
	z, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open blob %s: %w", blob, err), f.Close())
	}
	return &content{l: l, blob: blob, file: f, plain: z, sum: sha256.New(), encrypted: encrypted}, nil
}

// content is the plain side of a blob.
type content struct {
	l     *Locker
	blob  string
	file  *os.File
	plain *zstd.Decoder
	sum   hash.Hash
	end   error

	encrypted bool
}

// Read gives plain bytes; its last answer judges the whole.
func (c *content) Read(p []byte) (int, error) {
	if c.end != nil {
		return 0, c.end
	}
	n, err := c.plain.Read(p)
	c.sum.Write(p[:n])
	switch {
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		c.end = fmt.Errorf("blob %s: %w: %w", c.blob, ErrDamaged, err)
	case c.l.name(c.sum.Sum(nil)) != c.blob:
		c.end = fmt.Errorf("blob %s: %w: its content has another hash", c.blob, ErrDamaged)
	default:
		c.end = io.EOF
	}
	return n, c.end
}

// Close lets go of the file.
func (c *content) Close() error {
	c.plain.Close()
	if err := c.file.Close(); err != nil {
		return fmt.Errorf("close blob %s: %w", c.blob, err)
	}
	return nil
}

// Check reads a sealed exhibit again and compares its hash and size with what
// was recorded. Damage is the answer, with what was found, and not an error;
// errors are the context's and those of reading itself.
func (l *Locker) Check(ctx context.Context, e record.Exhibit) (record.Check, error) {
	c := record.Check{Exhibit: e.ID}
	want, err := hex.DecodeString(e.SHA256)
	switch {
	case err != nil || len(want) != sha256.Size:
		c.Found = fmt.Sprintf("the recorded hash %q is not a SHA-256", e.SHA256)
		return c, nil
	case l.name(want) != e.Blob:
		c.Found = fmt.Sprintf("blob %s does not belong to the recorded hash", e.Blob)
		return c, nil
	}
	plain, err := l.Open(e.Blob)
	if errors.Is(err, fs.ErrNotExist) {
		c.Found = "the blob is missing"
		return c, nil
	}
	if errors.Is(err, ErrDamaged) || errors.Is(err, syscall.EIO) {
		c.Found = err.Error()
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("check %s: %w", e.ID, err)
	}
	sum := sha256.New()
	size, err := io.Copy(sum, &guarded{ctx: ctx, r: io.LimitReader(plain, e.Size+1)})
	err = errors.Join(err, plain.Close())
	got := sum.Sum(nil)
	switch {
	case errors.Is(err, ErrDamaged), errors.Is(err, syscall.EIO): // the disk no longer gives it back
		c.Found = err.Error()
	case err != nil:
		return c, fmt.Errorf("check %s: %w", e.ID, err)
	case size != e.Size:
		c.Found = fmt.Sprintf("%d bytes or more, %d were recorded", size, e.Size)
	case !bytes.Equal(got, want):
		c.Found = "sha256 " + hex.EncodeToString(got)
	default:
		c.OK, c.Found = true, "sha256 "+e.SHA256
	}
	return c, nil
}

// Sweep removes temporary files whose writers have died, and says how many.
// Files that a living process is writing stay.
func (l *Locker) Sweep() (int, error) {
	root, err := os.OpenRoot(l.dir)
	if err != nil {
		return 0, gone(err)
	}
	defer func() { _ = root.Close() }()
	dir, err := root.Open(".")
	if err != nil {
		return 0, fmt.Errorf("sweep locker: %w", err)
	}
	names, err := dir.Readdirnames(-1)
	if err = errors.Join(err, dir.Close()); err != nil {
		return 0, fmt.Errorf("sweep locker: %w", err)
	}
	swept := 0
	for _, name := range names {
		if !strings.HasPrefix(name, "tmp-") {
			continue
		}
		dead, err := abandoned(root, name)
		if err != nil {
			return swept, fmt.Errorf("sweep locker: %w", err)
		}
		if dead {
			swept++
		}
	}
	return swept, nil
}

// abandoned removes the temporary file if nobody holds its lock.
func abandoned(root *os.Root, name string) (bool, error) {
	f, err := root.Open(name)
	if err != nil {
		return false, gone(err)
	}
	free, err := claim(f)
	if err == nil && free {
		err = gone(root.Remove(name))
	}
	return free && err == nil, errors.Join(err, f.Close())
}
