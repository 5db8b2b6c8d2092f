package parse

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// Limits on compressed input: past freeBytes of output the ratio counts, and no
// stream gives more than maxBytes. Windows bound the decoders' memory.
const (
	freeBytes = 512 << 20
	maxRatio  = 100
	maxBytes  = 256 << 30
	maxWindow = 64 << 20
)

// errDamaged marks compressed input that cannot be read on: cut, corrupt, or
// over a limit. What came before it stands.
var errDamaged = errors.New("compressed stream ends early")

// stream is an artefact opened: plain bytes, with the compression taken off.
type stream struct {
	src     *counter
	plain   io.Reader
	packed  bool
	stop    func()
	written int64
	failed  error
}

// counter counts what was read and remembers the reader's own error, so that
// it is not taken for damage of the compressed stream.
type counter struct {
	r   io.Reader
	n   int64
	err error
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

var (
	magicGzip  = []byte{0x1f, 0x8b}
	magicXz    = []byte{0xfd, '7', 'z', 'X', 'Z', 0}
	magicZstd  = []byte{0x28, 0xb5, 0x2f, 0xfd}
	magicBzip2 = []byte("BZh")
)

// open takes the compression off by its magic. One layer only.
func open(r io.Reader) (*stream, error) {
	c := &counter{r: r}
	br := bufio.NewReaderSize(c, headSize)
	head, err := br.Peek(12)
	if err != nil && c.err != nil {
		return nil, c.err
	}
	s := &stream{src: c, plain: br, stop: func() {}}
	plain, stop, err := unpack(head, br)
	switch {
	case err != nil && c.err != nil:
		return nil, c.err
	case err != nil:
		s.packed, s.failed = true, fmt.Errorf("%w: %w", errDamaged, err)
	case plain != nil:
		s.packed, s.plain, s.stop = true, plain, stop
	}
	return s, nil
}

// unpack returns a decompressor, or nil when head has no known magic.
func unpack(head []byte, r *bufio.Reader) (plain io.Reader, stop func(), err error) {
	none := func() {}
	switch {
	case bytes.HasPrefix(head, magicGzip):
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, none, err
		}
		return z, none, nil
	case bytes.HasPrefix(head, magicZstd):
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, none, err
		}
		return z, z.Close, nil
	case bytes.HasPrefix(head, magicXz):
		if err := checkXz(head, r); err != nil {
			return nil, none, err
		}
		z, err := xz.NewReader(r)
		if err != nil {
			return nil, none, err
		}
		return z, none, nil
	case bytes.HasPrefix(head, magicBzip2) && len(head) >= 10 && bytes.Equal(head[4:10], []byte{0x31, 0x41, 0x59, 0x26, 0x53, 0x59}):
		return bzip2.NewReader(r), none, nil
	}
	return nil, none, nil
}

// checkXz refuses a stream whose first block asks for a larger dictionary than
// we give: the decoder would allocate whatever the header says.
func checkXz(head []byte, r *bufio.Reader) error {
	if len(head) < 12 {
		return errors.New("xz header is cut")
	}
	size, err := r.Peek(13)
	if err != nil || size[12] == 0 { // no block: an empty stream
		return nil //nolint:nilerr // a cut stream is the decoder's to report
	}
	block, err := r.Peek(12 + (int(size[12])+1)*4)
	if err != nil {
		return fmt.Errorf("xz block header is cut: %w", err)
	}
	// flags, optional sizes, then the filters; LZMA2 is id 0x21, size 1.
	i := bytes.Index(block[13:], []byte{0x21, 0x01})
	if i < 0 || 13+i+2 >= len(block) {
		return errors.New("xz block uses a filter other than LZMA2")
	}
	bits := block[13+i+2]
	if bits > 40 {
		return errors.New("xz dictionary size is invalid")
	}
	dict := (uint64(2) | uint64(bits)&1) << (bits/2 + 11)
	if dict > maxWindow {
		return fmt.Errorf("xz dictionary of %d MiB is over the limit of %d MiB", dict>>20, maxWindow>>20)
	}
	return nil
}

func (s *stream) Read(p []byte) (int, error) {
	if s.failed != nil {
		return 0, s.failed
	}
	n, err := s.plain.Read(p)
	s.written += int64(n)
	if !s.packed {
		return n, err
	}
	switch {
	case s.src.err != nil:
		err = s.src.err
	case err != nil && !errors.Is(err, io.EOF):
		err = fmt.Errorf("%w: %w", errDamaged, err)
	case s.written > maxBytes, s.written > freeBytes && s.written/maxRatio > s.src.n:
		err = fmt.Errorf("%w: %d bytes out of %d are over the limit", errDamaged, s.written, s.src.n)
	}
	if err != nil {
		s.failed = err
	}
	return n, err
}

func (s *stream) close() { s.stop() }

// plainHead is the beginning of what a compressed head holds.
func plainHead(head []byte) []byte {
	s, err := open(bytes.NewReader(head))
	if err != nil || !s.packed {
		return head
	}
	defer s.close()
	out := make([]byte, headSize)
	n, err := io.ReadFull(s, out)
	if err != nil && n == 0 {
		return nil
	}
	return out[:n]
}

// plainName takes folders, a compression suffix and a rotation number off a
// file's name: /var/log/auth.log.2.gz is auth.log.
func plainName(name string) string {
	name = path.Base(strings.ReplaceAll(name, "\\", "/"))
	for _, ext := range []string{".gz", ".xz", ".zst", ".bz2"} {
		name = strings.TrimSuffix(name, ext)
	}
	if i := strings.LastIndexAny(name, ".-"); i > 0 && i+1 < len(name) && strings.Trim(name[i+1:], "0123456789") == "" {
		name = name[:i]
	}
	return name
}
