package cmd

import (
	"bufio"
	"io"
	"time"
)

// flow passes lines on: the first ones at once, then many together, since a call
// of the system for each of a million lines takes as long as finding them.
type flow struct {
	buf   *bufio.Writer
	now   func() time.Time
	lines int
	last  time.Time
}

const (
	flowAtOnce = 200 // lines
	flowEvery  = 100 * time.Millisecond
)

func newFlow(w io.Writer, now func() time.Time) *flow {
	return &flow{buf: bufio.NewWriterSize(w, 64<<10), now: now}
}

// Write takes one line.
func (f *flow) Write(b []byte) (int, error) {
	n, err := f.buf.Write(b)
	if err != nil {
		return n, err
	}
	if f.lines++; f.lines > flowAtOnce {
		if f.lines%64 != 0 {
			return n, nil
		}
		now := f.now()
		if now.Sub(f.last) < flowEvery {
			return n, nil
		}
		f.last = now
	}
	return n, f.buf.Flush()
}
