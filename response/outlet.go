package response

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"firebreak/forensics"
	"firebreak/internal/durable"
	"firebreak/store"
)

// A container leaves by an outlet: a file, a stream, or a carrier that brings it
// to another machine in parts.

// carrier takes a stream to a place, part by part.
type carrier interface {
	// Put makes the bytes that belong at this offset last before it returns. The
	// same part may be put again.
	Put(ctx context.Context, at int64, b []byte) error
	// Finish gives the whole its name. It may be called again.
	Finish(ctx context.Context, size int64) error
	// Note is what another process needs to go on: no secret.
	Note() json.RawMessage
	io.Closer
}

// carried is the size of a part. S3 takes 10,000 parts of at least 5 MiB: these
// make 156 GiB.
const carried = 16 << 20

// Suffix ends the names that containers get by themselves.
const Suffix = ".tar.zst.age"

// local is a container that is written to a file. Until it is whole the file is
// called FILE.part: whoever finds that has a container that was cut.
type local struct {
	f       *os.File
	n       int64 // that was written
	list    *takenList
	to      string
	reserve int64
}

const part = ".part"

// createLocal begins a file. There must be room, and neither name be taken.
func createLocal(to string, reserve int64) (*local, error) {
	if _, err := os.Lstat(to); err == nil {
		return nil, refused("name another file: a container replaces none", "write %s: %w", to, fs.ErrExist)
	}
	f, err := os.OpenFile(to+part, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		hint := "move it away, or name another file"
		if _, err := os.Lstat(listBeside(to)); err == nil {
			hint = takeRest(listBeside(to))
		}
		return nil, refused(hint, "write %s: %s is there: a container that was cut, or one that is being written", to, to+part)
	}
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", to, err)
	}
	l := &local{f: f, to: to, reserve: reserve}
	if err := l.room(carried); err != nil {
		return nil, errors.Join(refused("choose a file on another disk, or leave less free: --reserve", "write %s: %w", to, err), f.Close(), os.Remove(f.Name()))
	}
	return l, nil
}

// room is an error when less than the reserve and so much more is free.
func (l *local) room(more int64) error {
	free, known := store.FreeBytes(filepath.Dir(l.f.Name()))
	if known && free < l.reserve+more {
		return fmt.Errorf("%w: %d MiB are free; %d MiB are needed, %d of them to be kept free", forensics.ErrFull, free>>20, (l.reserve+more)>>20, l.reserve>>20)
	}
	return nil
}

func (l *local) Write(p []byte) (int, error) {
	n, err := l.f.Write(p)
	l.n += int64(n)
	l.list.grown()
	return n, err
}

// publish gives the file its name once it is on the disk.
func (l *local) publish() error {
	err := errors.Join(l.f.Sync(), l.f.Close()) // Windows gives an open file no other name
	if err == nil {
		if _, err = os.Lstat(l.to); err == nil {
			err = fs.ErrExist
		} else if errors.Is(err, fs.ErrNotExist) {
			err = os.Rename(l.f.Name(), l.to)
		}
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", l.to, err)
	}
	if err := durable.SyncDir(filepath.Dir(l.to)); err != nil {
		return fmt.Errorf("write %s: %w", l.to, err)
	}
	return nil
}

// leave lets go of a file that did not become whole. What is in it stays.
func (l *local) leave() error { return errors.Join(l.f.Sync(), l.f.Close()) }

// rest is what is noted beside a file that belongs behind the first At bytes of a
// container, which are elsewhere already.
type rest struct {
	Format string          `json:"format"`
	To     string          `json:"to"`
	At     int64           `json:"at"`             // where the file's first byte belongs
	Done   int64           `json:"done,omitempty"` // of the file, which is there too
	Note   json.RawMessage `json:"note,omitempty"`
}

const restFormat = "firebreak send v1"

// noteBeside is the name of that note.
func noteBeside(file string) string { return file + ".send.json" }

// writeRest writes the note, whole or not at all.
func writeRest(file string, r rest) error {
	r.Format = restFormat
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", noteBeside(file), err)
	}
	if err := durable.Replace(noteBeside(file), append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("write %s: %w", noteBeside(file), err)
	}
	return nil
}

// readRest reads the note; without one the file is a whole that was sent nowhere.
func readRest(file string) (rest, bool, error) {
	b, err := readSmall(noteBeside(file))
	if errors.Is(err, fs.ErrNotExist) {
		return rest{}, false, nil
	}
	var r rest
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err == nil && (r.Format != restFormat || r.At < 0 || r.Done < 0) {
		err = fmt.Errorf("format %.40q: want %q", r.Format, restFormat)
	}
	if err != nil {
		return r, false, fmt.Errorf("read %s: %w", noteBeside(file), err)
	}
	return r, true, nil
}

// sending is a stream on its way through a carrier. When the carrier fails for
// good, what has not arrived goes into a local file. A part is under way while the
// next is filled.
type sending struct {
	ctx      context.Context //nolint:containedctx // of one stream
	c        carrier
	to       string
	fallback string // "" has none
	reserve  int64
	sleep    func(context.Context, time.Duration) error
	now      func() time.Time
	tell     func(what string)

	buf     []byte
	parts   chan []byte
	free    chan []byte
	ended   chan struct{}
	at      int64 // that has arrived
	lost    error // why the carrier failed
	file    *local
	err     error // neither way is left
	finish  bool
	stopped bool
}

func newSending(ctx context.Context, c carrier, to, fallback string, reserve int64, now func() time.Time, sleep func(context.Context, time.Duration) error, tell func(string)) *sending {
	s := &sending{
		ctx: context.WithoutCancel(ctx), c: c, to: to, fallback: fallback, reserve: reserve, now: now, sleep: sleep, tell: tell,
		parts: make(chan []byte), free: make(chan []byte, 1), ended: make(chan struct{}),
		buf: make([]byte, 0, carried),
	}
	s.free <- make([]byte, 0, carried)
	go s.run()
	return s
}

// Write implements io.Writer.
func (s *sending) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		n := copy(s.buf[len(s.buf):cap(s.buf)], p[done:])
		s.buf = s.buf[:len(s.buf)+n]
		done += n
		if len(s.buf) == cap(s.buf) {
			if err := s.hand(); err != nil {
				return done, err
			}
		}
	}
	return done, nil
}

// hand gives the part to the one who carries it.
func (s *sending) hand() error {
	select {
	case s.parts <- s.buf:
	case <-s.ended:
		return s.err
	}
	select {
	case s.buf = <-s.free:
		s.buf = s.buf[:0]
		return nil
	case <-s.ended:
		return s.err
	}
}

func (s *sending) run() {
	defer close(s.ended)
	for b := range s.parts {
		if s.err = s.carry(b); s.err != nil {
			return
		}
		s.free <- b
	}
	if s.finish {
		s.err = s.last()
	}
}

// Attempts on a part, with fifteen seconds of waiting between them in all. Once
// they took carryPatience, no further one is made: a peer that is silent, not
// gone, takes long to fail, and the host is still being read.
const (
	carryAttempts = 5
	carryPatience = 2 * time.Minute
)

// carry brings one part to the carrier, or into the file.
func (s *sending) carry(b []byte) error {
	if s.file == nil && s.lost == nil {
		err := s.again(func() error { return s.c.Put(s.ctx, s.at, b) })
		if err == nil {
			s.at += int64(len(b))
			return nil
		}
		if err := s.fall(err); err != nil {
			return err
		}
	}
	if err := s.file.room(int64(len(b))); err != nil {
		return err
	}
	_, err := s.file.Write(b)
	return err
}

// again tries until it goes, or will not.
func (s *sending) again(f func() error) error {
	wait, began := time.Second, s.now()
	for n := 1; ; n++ {
		err := f()
		var never *hopeless
		if err == nil || n == carryAttempts || errors.As(err, &never) || s.now().Sub(began) >= carryPatience {
			return err
		}
		s.tell(fmt.Sprintf("%s: %v; trying again in %s", s.to, err, wait))
		if err := s.sleep(s.ctx, wait); err != nil {
			return err
		}
		wait *= 2
	}
}

// hopeless is an error that trying again does not change.
type hopeless struct{ error }

func (h *hopeless) Unwrap() error { return h.error }

// fall begins the local file.
func (s *sending) fall(why error) error {
	s.lost = why
	if s.fallback == "" {
		return fmt.Errorf("send to %s: %w", s.to, why)
	}
	s.tell(fmt.Sprintf("%s: %v; from here on it goes to %s", s.to, why, s.fallback))
	name := s.fallback
	if s.at > 0 {
		name += ".rest"
	}
	var err error
	if s.file, err = createLocal(name, s.reserve); err != nil {
		return errors.Join(fmt.Errorf("send to %s: %w", s.to, why), err)
	}
	if err := writeRest(name, rest{To: s.to, At: s.at, Note: s.c.Note()}); err != nil {
		return err
	}
	return nil
}

// last finishes what was carried, or the file.
func (s *sending) last() error {
	if s.lost == nil {
		err := s.again(func() error { return s.c.Finish(s.ctx, s.at) })
		if err == nil {
			return nil
		}
		if err := s.fall(err); err != nil {
			return err
		}
	}
	return s.file.publish()
}

// end sends what is left. whole says that the stream came to its end: only then it
// gets its name.
func (s *sending) end(whole bool) error {
	if s.stopped {
		return s.err
	}
	s.stopped, s.finish = true, whole
	var err error
	if len(s.buf) > 0 {
		err = s.hand()
	}
	close(s.parts)
	<-s.ended
	if !whole && s.file != nil {
		err = errors.Join(err, s.file.leave())
	}
	if !whole && s.file == nil || s.err != nil {
		s.forget()
	}
	return errors.Join(err, s.err, s.c.Close())
}

// forgetting is a carrier that can take back what nobody will go on with and
// nobody can read: the parts of an upload that has no end yet.
type forgetting interface {
	Abort(ctx context.Context) error
}

// forget takes back what was sent, where no note is left to go on with it.
func (s *sending) forget() {
	f, can := s.c.(forgetting)
	if !can || s.file != nil {
		return
	}
	const patience = 30 * time.Second
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	if err := f.Abort(ctx); err != nil {
		s.tell(fmt.Sprintf("%s: parts of it stay there: %v", s.to, err))
	}
}

// drop takes away a file in which nothing was written yet.
func (l *local) drop() error { return errors.Join(l.f.Close(), os.Remove(l.f.Name())) }
