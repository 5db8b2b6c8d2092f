package intake

import (
	"bufio"
	"io"
	"strings"
)

func newValuesOf(text string) *values { return newValues(bufio.NewReader(strings.NewReader(text))) }

// repeated is a text that would be too long to keep.
type repeated struct {
	head, text, between, tail string
	n                         int
	left                      string
	begun                     bool
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.left == "" {
		switch {
		case !r.begun:
			r.begun = true
			r.left = r.head + r.text
			r.n--
		case r.n > 0:
			r.left = r.between + r.text
			r.n--
		case r.tail != "":
			r.left, r.tail = r.tail, ""
		default:
			return 0, io.EOF
		}
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}
