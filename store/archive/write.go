package archive

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

// Source is a file to put into an archive: that of the name File, or Content.
type Source struct {
	Path    string
	File    string
	Content []byte
}

func (s Source) open() (io.ReadCloser, error) {
	if s.File == "" {
		return io.NopCloser(bytes.NewReader(s.Content)), nil
	}
	f, err := openPlain(s.File)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", s.File)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Write writes an archive to w: encrypted to the recipients, or in the clear
// when there are none. The sources are read twice, for their hashes and for
// the archive; one that changed in between is ErrChanged. It returns the whole
// manifest. progress counts the bytes read, both times, and may be nil.
func Write(ctx context.Context, w io.Writer, m Manifest, sources []Source, recipients []age.Recipient, progress func(done int64)) (Manifest, error) {
	m.Format, m.Version = format, version
	r := &reading{ctx: ctx, progress: progress}
	m.Files = make([]File, 0, len(sources))
	for _, s := range sources {
		f, err := r.hash(s)
		if err != nil {
			return m, fmt.Errorf("read %s: %w", s.Path, err)
		}
		m.Files = append(m.Files, f)
	}
	if err := m.check(0); err != nil {
		return m, err
	}
	return m, write(w, m, sources, recipients, r)
}

func write(w io.Writer, m Manifest, sources []Source, recipients []age.Recipient, r *reading) error {
	out := w
	finish := []func() error{}
	if len(recipients) > 0 {
		sealed, err := age.Encrypt(w, recipients...)
		if err != nil {
			return fmt.Errorf("encrypt: %w", err)
		}
		out, finish = sealed, append(finish, sealed.Close)
	}
	z, err := zstd.NewWriter(out, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true))
	if err != nil {
		return err
	}
	finish = append(finish, z.Close)
	t := tar.NewWriter(z)
	finish = append(finish, t.Close)
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return err
	}
	if len(text) > MaxManifest {
		return fmt.Errorf("%w: too many files: the manifest would have %d bytes", ErrFormat, len(text))
	}
	if err := member(t, ManifestName, int64(len(text)), m.Made, bytes.NewReader(text)); err != nil {
		return err
	}
	for i, s := range sources {
		if err := r.into(t, s, m.Files[i], m.Made); err != nil {
			return fmt.Errorf("write %s: %w", s.Path, err)
		}
	}
	for i := len(finish) - 1; i >= 0; i-- {
		if err := finish[i](); err != nil {
			return err
		}
	}
	return nil
}

func member(t *tar.Writer, name string, size int64, made time.Time, content io.Reader) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: made.Truncate(time.Second)}
	if err := t.WriteHeader(h); err != nil {
		return err
	}
	_, err := io.Copy(t, content)
	return err
}

// reading reads sources, with an eye on the context.
type reading struct {
	ctx      context.Context //nolint:containedctx // it lives as long as the call that made it
	progress func(done int64)
	done     int64
}

func (r *reading) hash(s Source) (File, error) {
	in, err := s.open()
	if err != nil {
		return File{}, err
	}
	h := sha256.New()
	n, err := io.Copy(h, r.watched(in))
	return File{s.Path, n, hex.EncodeToString(h.Sum(nil))}, errors.Join(err, in.Close())
}

// into writes one member. The hash is compared on the way: what does not match
// makes the whole archive void.
func (r *reading) into(t *tar.Writer, s Source, f File, made time.Time) error {
	in, err := s.open()
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: it is gone", ErrChanged)
	}
	if err != nil {
		return err
	}
	h := sha256.New()
	content := &counted{r: io.TeeReader(io.LimitReader(r.watched(in), f.Size), h)}
	err = member(t, f.Path, f.Size, made, content)
	if err == nil && (content.n != f.Size || hex.EncodeToString(h.Sum(nil)) != f.SHA256) {
		err = ErrChanged
	}
	return errors.Join(err, in.Close())
}

type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func (r *reading) watched(in io.Reader) io.Reader { return watched{r, in} }

type watched struct {
	*reading
	in io.Reader
}

func (w watched) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, context.Cause(w.ctx)
	}
	n, err := w.in.Read(p)
	w.done += int64(n)
	if w.progress != nil {
		w.progress(w.done)
	}
	return n, err
}

// Length is the source's length as far as it can be told, for progress.
func (s Source) Length() int64 {
	if s.File == "" {
		return int64(len(s.Content))
	}
	info, err := os.Lstat(s.File)
	if err != nil {
		return 0
	}
	return info.Size()
}
