// Package squash compresses with zstd at its fastest level, where that costs more
// than all else: sealed evidence and the texts of the timeline. Any reader of zstd
// reads what it writes (RFC 8878). Reading is left to a decoder in Go: what is
// read may be hostile.
package squash

import (
	"fmt"
	"io"
)

// level is zstd's own: a thousand lines of a log are too few for others to win
// much, and negative ones give up a quarter of the size for a tenth of the time.
const level = 1

// FrameSize is how much content is in one frame of a Writer. A frame refers to
// nothing before it; beyond a MiB the fastest level remembers nothing anyway.
const FrameSize = 1 << 20

// Writer compresses a stream, a frame for each MiB. Close writes the last one; it
// does not close what it writes to.
type Writer struct {
	to  io.Writer
	c   *Compressor
	in  []byte
	out []byte
	any bool // a frame was written
	err error
}

// NewWriter returns one that writes to w.
func NewWriter(w io.Writer) (*Writer, error) {
	c, err := New()
	if err != nil {
		return nil, err
	}
	return &Writer{to: w, c: c}, nil
}

// Reset begins a new stream, whatever became of the one before.
func (w *Writer) Reset(to io.Writer) { w.to, w.in, w.any, w.err = to, w.in[:0], false, nil }

func (w *Writer) Write(p []byte) (n int, err error) {
	for len(p) > 0 && w.err == nil {
		if len(w.in) == 0 && len(p) >= FrameSize { // no need to gather it
			w.frame(p[:FrameSize])
			n, p = n+FrameSize, p[FrameSize:]
			continue
		}
		if cap(w.in) < FrameSize {
			w.in = append(make([]byte, 0, FrameSize), w.in...)
		}
		took := min(len(p), FrameSize-len(w.in))
		w.in = append(w.in, p[:took]...)
		n, p = n+took, p[took:]
		if len(w.in) == FrameSize {
			w.frame(w.in)
			w.in = w.in[:0]
		}
	}
	return n, w.err
}

// Close ends the stream: one without content has a frame too.
func (w *Writer) Close() error {
	if w.err == nil && (len(w.in) > 0 || !w.any) {
		w.frame(w.in)
		w.in = w.in[:0]
	}
	return w.err
}

func (w *Writer) frame(content []byte) {
	if w.out, w.err = w.c.Append(w.out[:0], content); w.err != nil {
		w.err = fmt.Errorf("compress: %w", w.err)
		return
	}
	w.any = true
	_, w.err = w.to.Write(w.out)
}
