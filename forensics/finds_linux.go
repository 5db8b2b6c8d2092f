package forensics

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// How many hash at a time, at most and not more than there are processors; how
// old a file is that is recent.
const (
	hashers = 4
	youth   = 30 * 24 * time.Hour
)

// finds gathers the lines of "fb.files". Files are hashed while the walk goes
// on; the lines wait compressed until their exhibit's turn comes.
type finds struct {
	c      *collection
	wanted bool            // executables and the like are looked for in all that is listed
	ctx    context.Context //nolint:containedctx // of the collection, for its workers
	cancel context.CancelFunc
	jobs   chan job
	work   sync.WaitGroup
	once   sync.Once
	hashed atomic.Int64

	mine sync.Mutex // of what follows
	rows int64
	more int64
	text bytes.Buffer
	pack *flate.Writer
	enc  *json.Encoder
	err  error
}

type job struct {
	id   inode
	file File
}

func newFinds(c *collection, which []Description) *finds {
	f := &finds{c: c, wanted: slices.ContainsFunc(which, func(d Description) bool { return d.Name == "linux.finds" })}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	f.pack, f.err = flate.NewWriter(&f.text, flate.BestSpeed)
	f.enc = json.NewEncoder(f.pack)
	f.enc.SetEscapeHTML(false)
	f.jobs = make(chan job, 4096)
	for range max(1, min(hashers, runtime.GOMAXPROCS(0))) {
		f.work.Go(f.hash)
	}
	return f
}

// stop ends the workers; what they had not done is lost.
func (f *finds) stop() {
	f.cancel()
	f.finish()
}

// finish lets the workers do what there is.
func (f *finds) finish() {
	f.once.Do(func() { close(f.jobs) })
	f.work.Wait()
}

// add notes a file that an artefact means.
func (f *finds) add(full, why string, s *unix.Statx_t, link string, hash bool) {
	f.note(full, []string{why}, s, link, hash && s.Mode&unix.S_IFMT == unix.S_IFREG)
}

// look notes a listed file if there is a reason to.
func (f *finds) look(dir, name string, s *unix.Statx_t, link string) {
	m := seenMode{mode: uint32(s.Mode), recent: newer(s, f.c.began.Add(-youth))}
	m.immutable, m.appends = s.Attributes&unix.STATX_ATTR_IMMUTABLE != 0, s.Attributes&unix.STATX_ATTR_APPEND != 0
	if why, hash := m.reasons(dir, name); len(why) > 0 {
		f.note(dir+"/"+name, why, s, link, hash)
	}
}

// note begins a line.
func (f *finds) note(full string, why []string, s *unix.Statx_t, link string, hash bool) {
	f.mine.Lock()
	f.rows++
	over := f.rows > maxFinds
	if over {
		f.more++
	}
	f.mine.Unlock()
	if over {
		return
	}
	row := File{Path: full, Why: why, Stat: statOf(s), User: f.c.users[s.Uid], Target: link}
	row.Raw = raw(row.Raw, "path", full)
	row.Raw = raw(row.Raw, "target", link)
	if !hash {
		f.write(row)
		return
	}
	select {
	case f.jobs <- job{inodeOf(s), row}:
	case <-f.ctx.Done():
	}
}

// hash works through the files to be hashed.
func (f *finds) hash() {
	buf := make([]byte, 256<<10)
	for j := range f.jobs {
		if f.ctx.Err() != nil {
			continue
		}
		if err := f.open(&j, buf); err != nil {
			j.file.Refused = err.Error()
		}
		f.write(j.file)
	}
}

// open reads a file that the walk met.
func (f *finds) open(j *job, buf []byte) error {
	size, file := j.file.Stat.Size, &j.file
	if size > f.c.Limits.File {
		return refuse("%d bytes: over the limit of %d for one file: not hashed", size, f.c.Limits.File)
	}
	if f.hashed.Add(size) > maxHashed {
		return refuse("the limit of %d bytes for all that is hashed is reached", int64(maxHashed))
	}
	h, err := f.c.tree.at("/", file.Path, true)
	if missing(err) {
		return refuse("gone since the walk met it")
	}
	if err != nil {
		return err
	}
	defer func() { _ = h.close() }()
	if err := f.c.tree.regular(h); err != nil {
		return err
	}
	if inodeOf(&h.raw) != j.id {
		return refuse("another file than the walk met under this name: not hashed")
	}
	in, err := f.c.tree.open(h, false)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	var attr [64]byte
	if n, err := unix.Fgetxattr(int(in.Fd()), "security.capability", attr[:]); err == nil {
		text, err := fileCapabilities(attr[:n])
		if err != nil {
			text = "unreadable: " + err.Error()
		}
		file.Capabilities, file.Why = text, append(file.Why, "capabilities")
	}
	sum, first := sha256.New(), true
	for b := (&bounded{f: in, left: size + 64<<20}); ; {
		if err := f.ctx.Err(); err != nil {
			return err
		}
		n, err := b.Read(buf)
		if first && n > 0 {
			file.Content, file.Interpreter = contentOf(buf[:n])
			first = false
		}
		sum.Write(buf[:n])
		if errors.Is(err, io.EOF) {
			file.SHA256 = hex.EncodeToString(sum.Sum(nil))
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// write puts a line aside.
func (f *finds) write(row File) {
	f.mine.Lock()
	defer f.mine.Unlock()
	if f.err == nil {
		f.err = f.enc.Encode(row)
	}
}

// seal seals the lines, when all files are hashed.
func (f *finds) seal(ctx context.Context) error {
	f.c.Progress(f.c.now.Name+": hashing what is left", f.c.at, f.c.of)
	ended := context.AfterFunc(ctx, f.cancel)
	f.finish()
	ended()
	if err := ctx.Err(); err != nil {
		return err
	}
	if f.more > 0 {
		f.c.refuse("/", refuse("%d more files worth a look: the limit of %d is reached", f.more, maxFinds))
	}
	if f.rows == 0 {
		return nil
	}
	if f.err = errors.Join(f.err, f.pack.Close()); f.err != nil {
		return f.err
	}
	e := f.c.exhibit("Files worth a look, with hashes of executables", "executables, setuid, capabilities, hidden, immutable", FormatFiles,
		"statx of every name of the listing; what is hashed is read once through one descriptor, O_NOATIME|O_NONBLOCK, no link on its way followed")
	e, err := f.c.Sink.Seal(ctx, flate.NewReader(&f.text), e)
	ok, err := f.c.judge(ctx, e.Source, err)
	if err != nil || !ok {
		return err
	}
	return f.c.hand(e)
}
