package forensics

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"firebreak/record"
)

// openGiven opens without waiting for a pipe's writer and, where that is
// allowed, without touching the access time. The notes say what is to be known
// of how it was opened.
func openGiven(path string) (f *os.File, notes []string, err error) {
	if to, err := os.Readlink(path); err == nil {
		notes = append(notes, "a symbolic link to "+shown(to)+", which was followed")
	}
	f, err = os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOATIME, 0)
	if errors.Is(err, os.ErrPermission) {
		f, err = os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
		notes = append(notes, "opened without O_NOATIME, which only its owner may: reading it may have moved its access time")
	}
	return f, notes, err
}

func statGiven(f *os.File) (record.Stat, error) {
	var st unix.Statx_t
	if err := statx(int(f.Fd()), "", unix.AT_EMPTY_PATH, &st); err != nil {
		return record.Stat{}, err
	}
	return statOf(&st), nil
}
