package parse

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"firebreak/timeline"
)

func TestWhole(t *testing.T) {
	r := rand.NewChaCha8([32]byte{7})
	for _, n := range []int{0, 1, wholeInMemory - 1, wholeInMemory, wholeInMemory + 70001} {
		want := make([]byte, n)
		_, _ = r.Read(want)
		j := newJob(t.Context(), Source{}, nil, func([]timeline.Event) error { return nil })
		at, size, done, err := j.whole(bytes.NewReader(want))
		if err != nil || size != int64(n) {
			t.Fatalf("%d bytes: size %d, %v", n, size, err)
		}
		got := make([]byte, n)
		if _, err := at.ReadAt(got, 0); n > 0 && err != nil && !errors.Is(err, io.EOF) || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: not what was written (%v)", n, err)
		}
		for off := max(0, n-300); off < n; off += 37 {
			part := make([]byte, 5)
			if k, err := at.ReadAt(part, int64(off)); err != nil && !errors.Is(err, io.EOF) || !bytes.Equal(part[:k], want[off:min(n, off+5)]) {
				t.Errorf("%d bytes at %d: %x, want %x (%v)", n, off, part[:k], want[off:min(n, off+5)], err)
			}
		}
		if s, ok := at.(*spool); ok != (n >= wholeInMemory) {
			t.Errorf("%d bytes: in a file is %v", n, ok)
		} else if ok {
			raw := make([]byte, 1<<16)
			if _, err := s.file.ReadAt(raw, 0); err != nil || bytes.Contains(raw, want[64:96]) {
				t.Errorf("the temporary file is not encrypted (%v)", err)
			}
		}
		done()
	}
}

// cutAfter gives zeros, then an error.
type cutAfter struct {
	n   int
	err error
}

func (c *cutAfter) Read(p []byte) (int, error) {
	if c.n == 0 {
		return 0, c.err
	}
	k := min(len(p), c.n)
	clear(p[:k])
	c.n -= k
	return k, nil
}

func TestWholeThatIsCut(t *testing.T) {
	for _, n := range []int{100, wholeInMemory + 100} {
		j := newJob(t.Context(), Source{}, nil, func([]timeline.Event) error { return nil })
		_, size, done, err := j.whole(&cutAfter{n, errDamaged})
		if err != nil || size != int64(n) || j.done.Rejected != 1 {
			t.Errorf("%d bytes: size %d, %d rejected, %v", n, size, j.done.Rejected, err)
		}
		done()
		if _, _, _, err := j.whole(&cutAfter{n, io.ErrUnexpectedEOF}); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	j := newJob(ctx, Source{}, nil, func([]timeline.Event) error { return nil })
	if _, _, _, err := j.whole(&cutAfter{100, io.EOF}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
