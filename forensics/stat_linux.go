package forensics

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"firebreak/record"
)

// statx asks for everything, birth time included. It triggers no automount, and
// takes what a network file system remembers instead of asking its server.
func statx(dir int, name string, flags int, to *unix.Statx_t) error {
	const mask = unix.STATX_BASIC_STATS | unix.STATX_BTIME
	for {
		err := unix.Statx(dir, name, flags|unix.AT_NO_AUTOMOUNT|unix.AT_STATX_DONT_SYNC, mask, to)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// statOf puts a statx answer into the record's words.
func statOf(s *unix.Statx_t) record.Stat {
	out := record.Stat{
		Size:     int64(s.Size), //nolint:gosec // the kernel's sizes are signed
		Mode:     modeString(s.Mode),
		UID:      s.Uid,
		GID:      s.Gid,
		Inode:    s.Ino,
		Links:    uint64(s.Nlink),
		Modified: timeOf(s.Mtime),
		Accessed: timeOf(s.Atime),
		Changed:  timeOf(s.Ctime),
	}
	if s.Mask&unix.STATX_BTIME != 0 {
		out.Born = timeOf(s.Btime)
	}
	return out
}

// timeOf is a file's time. Some file systems take times that no calendar (and no
// JSON) has: those become the nearest of the years 1 to 9999.
func timeOf(t unix.StatxTimestamp) time.Time {
	const first, last = -62135596799, 253402300799 // a second more than the zero Time
	return time.Unix(min(max(t.Sec, first), last), int64(t.Nsec)).UTC()
}

// modeString writes a mode as ls does: type, nine letters, with s, S, t and T.
func modeString(mode uint16) string {
	const kinds = "?pc?d?b?-?l?s???" // by the four type bits
	out := []byte("?rwxrwxrwx")
	out[0] = kinds[mode>>12]
	for i := range 9 {
		if mode&(1<<(8-i)) == 0 {
			out[i+1] = '-'
		}
	}
	for _, s := range []struct {
		bit    uint16
		at     int
		letter byte
	}{{unix.S_ISUID, 3, 's'}, {unix.S_ISGID, 6, 's'}, {unix.S_ISVTX, 9, 't'}} {
		if mode&s.bit == 0 {
			continue
		}
		if out[s.at] == '-' {
			out[s.at] = s.letter - 'a' + 'A'
		} else {
			out[s.at] = s.letter
		}
	}
	return string(out)
}

// readlinkAt returns a link's whole target; an empty name means the descriptor.
func readlinkAt(dir int, name string) (string, error) {
	for size := 256; ; size *= 2 {
		b := make([]byte, size)
		n, err := unix.Readlinkat(dir, name, b)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return "", err
		}
		if n < size {
			return string(b[:n]), nil
		}
	}
}
