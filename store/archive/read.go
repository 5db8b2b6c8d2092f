package archive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/klauspost/compress/zstd"

	"firebreak/store/keys"
)

// maxWindow bounds the memory that a hostile archive can ask for.
const maxWindow = 64 << 20

// Reader reads one archive from its beginning to its end.
type Reader struct {
	Manifest  Manifest
	Encrypted bool

	z   *zstd.Decoder
	tar *tar.Reader
}

// Open reads up to the manifest. archive is the length of in, 0 when it is not
// known. Errors: ErrFormat, ErrNewer, ErrDamaged, and
// keys.ErrKey and keys.ErrUnasked where no identity opens it.
func Open(in io.Reader, archive int64, identities ...age.Identity) (*Reader, error) {
	kind, rest, err := sniff(in)
	if err != nil {
		return nil, err
	}
	r := &Reader{Encrypted: kind != plain}
	if kind == armored {
		rest = armor.NewReader(rest)
	}
	if r.Encrypted {
		if len(identities) == 0 {
			return nil, fmt.Errorf("%w: there is none", keys.ErrKey)
		}
		rest, err = keys.Decrypt(rest, identities...)
		if errors.Is(err, keys.ErrDamaged) {
			return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if err != nil {
			return nil, err
		}
	}
	r.z, err = zstd.NewReader(rest, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	r.tar = tar.NewReader(r.z)
	if r.Manifest, err = readManifest(r.tar, archive); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Close lets go of the decoder's memory.
func (r *Reader) Close() { r.z.Close() }

type kind int

const (
	plain kind = iota
	binary
	armored
)

// The first bytes of the three forms.
var starts = map[kind]string{plain: "\x28\xb5\x2f\xfd", binary: keys.Begins, armored: armor.Header}

func sniff(in io.Reader) (kind, io.Reader, error) {
	b := bufio.NewReader(in)
	for kind, start := range starts {
		got, err := b.Peek(len(start))
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, nil, fmt.Errorf("read backup: %w", err)
		}
		if string(got) == start {
			return kind, b, nil
		}
	}
	return 0, nil, fmt.Errorf("%w: it begins otherwise", ErrFormat)
}

// NeedsPassphrase says whether the archive is encrypted with a passphrase.
// Only its beginning is read.
func NeedsPassphrase(in io.Reader) (bool, error) {
	kind, rest, err := sniff(in)
	if err != nil || kind == plain {
		return false, err
	}
	if kind == armored {
		rest = armor.NewReader(rest)
	}
	header, err := age.ExtractHeader(rest)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return bytes.Contains(header, []byte("\n-> scrypt ")), nil
}

func readManifest(t *tar.Reader, archive int64) (Manifest, error) {
	h, err := t.Next()
	if err != nil {
		return Manifest{}, fmt.Errorf("%w: before its manifest: %w", ErrDamaged, cut(err))
	}
	if h.Name != ManifestName || h.Typeflag != tar.TypeReg || h.Size > MaxManifest {
		return Manifest{}, fmt.Errorf("%w: it does not begin with its manifest", ErrFormat)
	}
	b, err := io.ReadAll(t)
	if err != nil {
		return Manifest{}, fmt.Errorf("%w: in its manifest: %w", ErrDamaged, cut(err))
	}
	return ParseManifest(b, archive)
}

// cut takes an early end for what it is.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Fault is a file that the archive lists and does not give back whole.
type Fault struct {
	File
	Why string
}

// Outcome says of every file of the manifest whether it is whole.
type Outcome struct {
	Whole  []File
	Faults []Fault
	Note   string // what else is wrong
}

// OK says whether the archive is whole.
func (o Outcome) OK() bool { return len(o.Faults) == 0 && o.Note == "" }

// Each hands every file of the manifest to take, in order. take must read it
// to its end; only when whole says so is what it read the file. Damage ends up
// in the outcome; an error is the context's or take's own.
func (r *Reader) Each(ctx context.Context, take func(f File, content io.Reader) (whole func(bool) error, err error)) (Outcome, error) {
	var o Outcome
	for i, f := range r.Manifest.Files {
		h, err := r.tar.Next()
		if err == nil {
			err = fits(h, f)
		}
		if err != nil {
			o.rest(r.Manifest.Files[i:], "the backup ends or is damaged before it: "+cut(err).Error())
			return o, ctx.Err()
		}
		c := &content{ctx: ctx, r: r.tar}
		sum := sha256.New()
		done, err := take(f, io.TeeReader(c, sum))
		if c.err == nil && err != nil {
			return o, err
		}
		why := ""
		switch {
		case c.err != nil:
			why = "it ends or is damaged inside: " + c.err.Error()
		case c.n != f.Size || hex.EncodeToString(sum.Sum(nil)) != f.SHA256:
			why = "its content has another hash"
		}
		if done != nil {
			if err := done(why == ""); err != nil {
				return o, err
			}
		}
		if ctx.Err() != nil {
			return o, context.Cause(ctx)
		}
		if why == "" {
			o.Whole = append(o.Whole, f)
			continue
		}
		o.Faults = append(o.Faults, Fault{f, why})
		if c.err != nil {
			o.rest(r.Manifest.Files[i+1:], "the backup ends or is damaged before it")
			return o, nil
		}
	}
	o.Note = r.end()
	return o, ctx.Err()
}

func (o *Outcome) rest(files []File, why string) {
	for _, f := range files {
		o.Faults = append(o.Faults, Fault{f, why})
	}
}

// end wants nothing behind the last file: what is there is not of the backup,
// and reading up to it is what checks the last bytes.
func (r *Reader) end() string {
	if h, err := r.tar.Next(); err == nil {
		return fmt.Sprintf("the member %.100q is not in the manifest", h.Name)
	} else if !errors.Is(err, io.EOF) {
		return "its end is damaged: " + err.Error()
	}
	n, err := io.Copy(io.Discard, io.LimitReader(r.z, 1<<20)) // tar pads with zeros
	if err != nil {
		return "its end is damaged: " + err.Error()
	}
	if n == 1<<20 {
		return "there are foreign bytes behind its end"
	}
	return ""
}

func fits(h *tar.Header, f File) error {
	if h.Typeflag != tar.TypeReg || h.Name != f.Path || h.Size != f.Size {
		return fmt.Errorf("%w: the member %.100q is not what the manifest says", ErrFormat, h.Name)
	}
	return nil
}

// content is one member; it remembers how its reading ended.
type content struct {
	ctx context.Context //nolint:containedctx // it lives for one member only
	r   io.Reader
	n   int64
	err error
}

func (c *content) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, context.Cause(c.ctx)
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		c.err = err
	}
	return n, err
}
