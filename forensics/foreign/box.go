package foreign

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"firebreak/forensics/parse"
	"firebreak/record"
)

// box is a form of archive: tar, zip, folder.
type box interface {
	// walk hands out every entry in order. open may be called until fn returns.
	walk(ctx context.Context, fn func(e *entry, open func() (io.ReadCloser, error)) error) error
	io.Closer
}

// entry is one thing in an archive.
type entry struct {
	name    string // with slashes, no ./ in front; valid UTF-8
	is      what
	target  string // of a link
	stat    record.Stat
	packed  int64  // its packed size, 0 where it has none of its own
	refused string // why it cannot be read
	notes   []string
}

type what int

const (
	isFile what = iota
	isFolder
	isLink
	isOther
)

// damage is what is wrong with an archive as a whole.
type damage struct{ err error }

func (d *damage) Error() string { return "the archive is damaged: " + d.err.Error() }

func (d *damage) Unwrap() error { return d.err }

// errOurs marks errors of our own disk: no property of the archive.
var errOurs = errors.New("the archive cannot be read")

// nameOf makes a name of an archive safe to be recorded, and says what is odd.
// Nothing is ever written below a member's name.
func nameOf(raw string) (name string, notes []string) {
	name = raw
	if strings.Contains(name, `\`) && !strings.Contains(name, "/") { // Windows tools before 2017
		name = strings.ReplaceAll(name, `\`, "/")
	}
	if !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		name = escaped(name)
		notes = append(notes, `its name is not UTF-8: other bytes are shown as \xHH, a backslash as \\`)
	}
	for strings.HasPrefix(name, "./") {
		name = name[2:]
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			notes = append(notes, "its name leads out of the archive (..); it was followed nowhere")
			break
		}
	}
	return name, notes
}

// escaped shows bytes that are no text as \xHH, and a backslash as two.
func escaped(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1, r == 0:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case r == '\\':
			b.WriteString(`\\`)
		default:
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// openBox finds out which form an archive has.
func openBox(path string, o Options) (box, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:gosec // a file that a person names
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if info.IsDir() {
		if err := f.Close(); err != nil {
			return nil, err
		}
		return openFolder(path)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.Join(fmt.Errorf("not a regular file (%s)", info.Mode().Type()), f.Close())
	}
	head := make([]byte, 64<<10)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.Join(err, f.Close())
	}
	head = head[:n]
	if isZip(head) {
		b, err := openZip(f, info.Size(), o)
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return b, nil
	}
	if name := otherForm(head); name != "" {
		return nil, errors.Join(fmt.Errorf("%w: it is %s", ErrForm, name), f.Close())
	}
	if !isTar(head) {
		return nil, errors.Join(fmt.Errorf("%w: neither tar nor zip", ErrForm), f.Close())
	}
	return &tarBox{f: f, size: info.Size(), o: o}, nil
}

// IsArchive says whether a file that begins so is an archive of logs: what ingest
// does not open, and import does.
func IsArchive(head []byte) bool { return isZip(head) || isTar(head) || otherForm(head) != "" }

func isZip(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06"))
}

// isTar looks for a tar header, below a compression too: the magic at 257, or,
// in the oldest form, a checksum that is right.
func isTar(head []byte) bool {
	r, err := parse.Unpacked(bytes.NewReader(head))
	if err != nil {
		return false
	}
	defer r.Close() //nolint:errcheck // in memory
	block := make([]byte, 512)
	if _, err := io.ReadFull(r, block); err != nil {
		return false
	}
	if bytes.HasPrefix(block[257:], []byte("ustar")) {
		return true
	}
	_, err = tar.NewReader(io.MultiReader(bytes.NewReader(block), zeros{})).Next()
	return err == nil && block[0] != 0
}

// zeros is what stands behind the last member.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// otherForm names a form that is known and not read.
func otherForm(head []byte) string {
	for magic, name := range map[string]string{
		"7z\xbc\xaf\x27\x1c": "a 7-Zip archive: unpack it with 7z and import the folder",
		"Rar!\x1a\x07":       "a RAR archive: unpack it and import the folder",
		"vhdxfile":           "a VHDX disk, as KAPE writes it: mount it read-only and import the folder",
		"conectix":           "a VHD disk: mount it read-only and import the folder",
		"MSCF":               "a cabinet file: unpack it and import the folder",
	} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return name
		}
	}
	return ""
}

// tarBox is a tar file, compressed or not.
type tarBox struct {
	f    *os.File
	size int64
	o    Options
}

func (b *tarBox) Close() error { return b.f.Close() }

// disk marks the errors of our own disk.
type disk struct {
	r    io.Reader
	ctx  context.Context //nolint:containedctx // it lives for one pass only
	done int64
	size int64
	tell func(done, total int64)
}

func (d *disk) Read(p []byte) (int, error) {
	if err := context.Cause(d.ctx); err != nil {
		return 0, fmt.Errorf("%w: %w", errOurs, err)
	}
	n, err := d.r.Read(p)
	d.done += int64(n)
	if d.tell != nil {
		d.tell(d.done, d.size)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %w", errOurs, err)
	}
	return n, err
}

func (b *tarBox) walk(ctx context.Context, fn func(e *entry, open func() (io.ReadCloser, error)) error) error {
	if _, err := b.f.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("%w: %w", errOurs, err)
	}
	plain, err := parse.Unpacked(&disk{r: b.f, ctx: ctx, size: b.size, tell: b.o.Progress})
	if err != nil {
		return err
	}
	defer plain.Close() //nolint:errcheck // a reader
	last := &tail{r: plain}
	t := tar.NewReader(last)
	for {
		h, err := t.Next()
		switch {
		case errors.Is(err, io.EOF):
			return last.end()
		case errors.Is(err, errOurs):
			return err
		case err != nil && h == nil:
			return &damage{err}
		}
		e := tarEntry(h)
		err = fn(e, func() (io.ReadCloser, error) { return io.NopCloser(t), nil })
		if err != nil {
			return err
		}
	}
}

// tail counts the zeros that a stream ends with.
type tail struct {
	r     io.Reader
	zeros int64
}

func (t *tail) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	for _, b := range p[:n] {
		if t.zeros++; b != 0 {
			t.zeros = 0
		}
	}
	return n, err
}

// end reads what stands behind the archive's end, of which two blocks of zeros
// are the mark.
func (t *tail) end() error {
	marked := t.zeros >= 1024
	t.zeros = 0
	n, err := io.Copy(io.Discard, t)
	switch {
	case errors.Is(err, errOurs):
		return err
	case err != nil:
		return &damage{err}
	case !marked:
		return &damage{errors.New("it ends without the mark of its end: it may be cut")}
	case t.zeros != n:
		return &damage{fmt.Errorf("%d bytes stand behind its end, and not all are zeros: they were not read", n)}
	}
	return nil
}

func tarEntry(h *tar.Header) *entry {
	e := &entry{}
	e.name, e.notes = nameOf(h.Name)
	e.stat = record.Stat{
		Size: h.Size, Mode: h.FileInfo().Mode().String(), UID: uint32(h.Uid), GID: uint32(h.Gid), //nolint:gosec // a tar's numbers are octal or base 256
		Modified: utcTime(h.ModTime), Accessed: utcTime(h.AccessTime), Changed: utcTime(h.ChangeTime),
	}
	switch h.Typeflag {
	case tar.TypeReg, '\x00', tar.TypeCont, tar.TypeGNUSparse:
		if strings.HasSuffix(h.Name, "/") {
			e.is = isFolder
		}
	case tar.TypeDir:
		e.is = isFolder
	case tar.TypeSymlink, tar.TypeLink:
		e.is = isLink
		e.target, _ = nameOf(h.Linkname)
	default:
		e.is = isOther
	}
	return e
}

func utcTime(t time.Time) time.Time {
	if t.IsZero() || t.Unix() == 0 {
		return time.Time{}
	}
	return t.UTC()
}

// folderBox is a folder that is taken for an archive.
type folderBox struct {
	root *os.Root
}

func openFolder(path string) (box, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	return &folderBox{root}, nil
}

func (b *folderBox) Close() error { return b.root.Close() }

func (b *folderBox) walk(ctx context.Context, fn func(e *entry, open func() (io.ReadCloser, error)) error) error {
	return fs.WalkDir(b.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if cerr := context.Cause(ctx); cerr != nil {
			return cerr
		}
		e := &entry{}
		e.name, e.notes = nameOf(name)
		if err != nil {
			e.refused = err.Error()
			return fn(e, nil)
		}
		if name == "." {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			e.refused = err.Error()
			return fn(e, nil)
		}
		e.stat = record.Stat{Size: info.Size(), Mode: info.Mode().String(), Modified: utcTime(info.ModTime())}
		switch {
		case d.IsDir():
			e.is = isFolder
		case info.Mode()&fs.ModeSymlink != 0:
			e.is = isLink
			if target, err := b.root.Readlink(name); err == nil {
				e.target, _ = nameOf(target)
			}
		case !info.Mode().IsRegular():
			e.is = isOther
		}
		return fn(e, func() (io.ReadCloser, error) { return b.open(ctx, name, info) })
	})
}

// open opens the file that was looked at, and no other.
func (b *folderBox) open(ctx context.Context, name string, looked fs.FileInfo) (io.ReadCloser, error) {
	f, err := b.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !os.SameFile(info, looked) {
		err = errors.New("replaced while it was being opened")
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{&alive{f, ctx}, f}, nil
}

// alive is a reader that ends with its context.
type alive struct {
	r   io.Reader
	ctx context.Context //nolint:containedctx // it lives for one file only
}

func (a *alive) Read(p []byte) (int, error) {
	if err := context.Cause(a.ctx); err != nil {
		return 0, fmt.Errorf("%w: %w", errOurs, err)
	}
	return a.r.Read(p)
}
