package response

import (
	"context"
	"io"
	"os"
)

// Interruptible reads from r until the context ends, also while r has nothing
// to give: a pipe whose other side is silent, a terminal. The read that waits
// then goes on in the background, and what it gets is lost; so nothing else
// reads from r afterwards. It is for one reader at a time.
func Interruptible(ctx context.Context, r io.Reader) io.Reader {
	return &interruptible{ctx: ctx, r: r}
}

type interruptible struct {
	ctx     context.Context //nolint:containedctx // it lives as long as one stream is read
	r       io.Reader
	held    []byte // read, and not handed over yet
	err     error  // behind what is held
	waiting chan struct{}
	buf     []byte // the other side's while it waits
	n       int
	got     error
}

// aRead is how much is asked for at a time.
const aRead = 64 << 10

func (s *interruptible) Read(b []byte) (int, error) {
	if err := context.Cause(s.ctx); err != nil {
		return 0, err
	}
	if len(s.held) == 0 && s.err == nil && len(b) > 0 {
		if s.waiting == nil {
			if s.buf == nil {
				s.buf = make([]byte, aRead)
			}
			done := make(chan struct{})
			s.waiting = done
			go func() {
				defer close(done)
				s.n, s.got = s.r.Read(s.buf)
			}()
		}
		select {
		case <-s.ctx.Done():
			return 0, context.Cause(s.ctx)
		case <-s.waiting:
			s.waiting = nil
			s.held, s.err = s.buf[:s.n], s.got
		}
	}
	n := copy(b, s.held)
	s.held = s.held[n:]
	if len(s.held) > 0 {
		return n, nil
	}
	return n, s.err
}

// openPatiently opens a file; a named pipe that nobody writes to is waited for
// until the context ends.
func openPatiently(ctx context.Context, path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil || info.Mode().IsRegular() || info.IsDir() {
		return os.Open(path)
	}
	type opened struct {
		f   *os.File
		err error
	}
	done := make(chan opened, 1)
	go func() {
		f, err := os.Open(path)
		done <- opened{f, err}
	}()
	select {
	case o := <-done:
		return o.f, o.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
