package loggen

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
)

// Bodyfile is an io.Reader of a body file of Sleuth Kit 3: the files of one
// machine with their four times. Many files came with a package, so that their
// times are equal or nearly so.
type Bodyfile struct {
	*pools
	r    *rand.Rand
	left int
	line []byte
	room []byte
}

// NewBodyfile prepares a body file of that many lines.
func NewBodyfile(lines int, seed uint64) (*Bodyfile, error) {
	p, err := newPools("")
	if err != nil {
		return nil, err
	}
	return &Bodyfile{pools: p, r: rand.New(rand.NewPCG(seed, 3)), left: lines}, nil
}

func (f *Bodyfile) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(f.line) == 0 {
			if f.left == 0 {
				if n == 0 {
					return 0, io.EOF
				}
				return n, nil
			}
			f.left--
			f.room = f.add(f.room[:0])
			f.line = f.room
		}
		c := copy(p[n:], f.line)
		n, f.line = n+c, f.line[c:]
	}
	return n, nil
}

// add makes one line: MD5|name|inode|mode|UID|GID|size|atime|mtime|ctime|crtime.
func (f *Bodyfile) add(b []byte) []byte {
	r := f.r
	if r.IntN(5) == 0 {
		b = fmt.Appendf(b, "%016x%016x", r.Uint64(), r.Uint64())
	} else {
		b = append(b, '0')
	}
	b = append(append(b, '|'), f.paths[r.IntN(len(f.paths))]...)
	if r.IntN(3) != 0 { // more files than there are paths
		b = strconv.AppendInt(append(b, '.'), int64(r.IntN(100)), 10)
	}
	born := Begin.Unix() + r.Int64N(int64(Span.Seconds()))
	modified, changed, accessed := born, born, born
	if r.IntN(2) == 0 {
		modified -= r.Int64N(3 * 365 * 86400) // as it was packed
	}
	if r.IntN(4) == 0 {
		changed += r.Int64N(20 * 86400)
	}
	if r.IntN(3) == 0 {
		accessed += r.Int64N(40 * 86400)
	}
	b = strconv.AppendInt(append(b, '|'), r.Int64N(9_000_000), 10)
	b = append(b, "|r/rrw-r--r--|"...)
	owner := int64(0)
	if r.IntN(4) == 0 {
		owner = 1000 + r.Int64N(30)
	}
	for _, n := range []int64{owner, owner, r.Int64N(1 << 20), accessed, modified, changed, born} {
		b = append(strconv.AppendInt(b, n, 10), '|')
	}
	b[len(b)-1] = '\n'
	return b
}
