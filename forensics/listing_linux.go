package forensics

import (
	"bufio"
	"strconv"

	"golang.org/x/sys/unix"
)

// listingRows writes the lines of AppendBodyLine straight from what the kernel
// answered: there may be millions.
type listingRows struct {
	w    *bufio.Writer
	rows int64
	dir  []byte // of the folder at work, escaped
	line []byte
}

// enter begins a folder.
func (l *listingRows) enter(dir string) { l.dir = append(appendEscaped(l.dir[:0], dir), '/') }

// add writes a line; the folder is the one that was entered, or none.
func (l *listingRows) add(name, link string, s *unix.Statx_t) error {
	l.rows++
	b := append(l.line[:0], "0|"...)
	if name != "/" {
		b = append(b, l.dir...)
	}
	b = appendEscaped(b, name)
	if link != "" {
		b = append(b, " -> "...)
		b = appendEscaped(b, link)
	}
	b = append(b, '|')
	b = strconv.AppendUint(b, s.Ino, 10)
	b = append(b, '|')
	b = append(b, bodyMode(modeString(s.Mode))...)
	b = append(b, '|')
	b = strconv.AppendUint(b, uint64(s.Uid), 10)
	b = append(b, '|')
	b = strconv.AppendUint(b, uint64(s.Gid), 10)
	b = append(b, '|')
	b = strconv.AppendInt(b, int64(s.Size), 10) //nolint:gosec // the kernel's sizes are signed
	for _, t := range []*unix.StatxTimestamp{&s.Atime, &s.Mtime, &s.Ctime} {
		b = appendSeconds(append(b, '|'), timeOf(*t))
	}
	b = append(b, '|')
	if s.Mask&unix.STATX_BTIME != 0 {
		b = appendSeconds(b, timeOf(s.Btime))
	} else {
		b = append(b, '0')
	}
	b = append(b, '\n')
	l.line = b
	_, err := l.w.Write(b)
	return err
}
