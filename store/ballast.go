package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"firebreak/record"
)

// BallastFile keeps room in the incident's folder. It holds nothing: it is
// given up when the disk is full, so that this and the decision what to do
// about it can still be recorded. A copy of the incident does not need it.
const BallastFile = "ballast"

const (
	ballastSize = 1 << 20
	// ballastMargin is the room that must be free besides before it is made
	// (again): otherwise it would be taken and given up in turns.
	ballastMargin = 8 << 20
)

// Room is what is left on the file system of an incident.
type Room struct {
	Free    int64 `json:"free"`    // bytes; -1 when it is not known
	Ballast bool  `json:"ballast"` // there is something to give up
}

// Room looks at the disk.
func (s *Store) Room() Room {
	r := Room{Free: -1, Ballast: s.hasBallast()}
	if free, ok := FreeBytes(s.dir); ok {
		r.Free = free
	}
	return r
}

func (s *Store) ballast() string { return filepath.Join(s.dir, BallastFile) }

func (s *Store) hasBallast() bool {
	info, err := os.Lstat(s.ballast())
	return err == nil && info.Mode().IsRegular() && info.Size() > 0
}

// keepBallast makes the ballast where none is and the disk has room. That it
// cannot be made is no failure: Room tells that there is none. The caller
// holds the lock.
func (s *Store) keepBallast() {
	if s.hasBallast() {
		return
	}
	if free, known := FreeBytes(s.dir); !known || free < ballastSize+ballastMargin {
		return
	}
	_ = makeBallast(s.ballast())
}

// makeBallast takes the margin too, for a moment: a quota is seen only so.
func makeBallast(path string) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // a file of the incident's own folder
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	if err := allocate(f, ballastSize+ballastMargin); err != nil {
		return err
	}
	return f.Truncate(ballastSize)
}

// fill takes room by writing what no file system makes smaller.
func fill(f *os.File, size int64) error {
	block, x := make([]byte, 64<<10), uint64(88172645463325252)
	for done := int64(0); done < size; done += int64(len(block)) {
		for i := range block {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			block[i] = byte(x) //nolint:gosec // the low byte is wanted
		}
		if _, err := f.WriteAt(block[:min(int64(len(block)), size-done)], done); err != nil {
			return err
		}
	}
	return nil
}

// giveUp frees the ballast and says how much that was, 0 when there is none.
func (s *Store) giveUp() (int64, error) {
	info, err := os.Lstat(s.ballast())
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err == nil {
		err = os.Remove(s.ballast())
	}
	if err != nil {
		return 0, fmt.Errorf("give up the ballast: %w", err)
	}
	return info.Size(), nil
}

// fullness is the entry that says that the disk was full.
func (s *Store) fullness(tx *Tx, a *act) (*record.Draft, error) {
	var kinds []string
	if a.failed != "" {
		kinds = append(kinds, a.failed)
	}
	for _, d := range a.drafts {
		if !slices.Contains(kinds, string(d.Kind)) {
			kinds = append(kinds, string(d.Kind))
		}
	}
	return s.remark(tx, record.DiskFull, record.Fullness{
		Path: filepath.Base(s.dir), Failed: strings.Join(kinds, ", "), Recorded: !a.alone || a.kept, Ballast: a.freed,
	})
}

// FullError is ErrFull with what the responder can count on.
type FullError struct {
	Room  Room
	Entry int64 // of disk.full; 0 when even that could not be recorded
	Err   error
}

// Error says what is left and what was recorded of it.
func (e *FullError) Error() string {
	text := e.Err.Error()
	if e.Room.Free >= 0 {
		text += fmt.Sprintf("; %d KiB are free", e.Room.Free>>10)
	}
	switch {
	case e.Entry > 0:
		text += fmt.Sprintf("; entry %d says that the disk was full", e.Entry)
	case !e.Room.Ballast:
		text += "; the reserve for this case is used up"
	}
	return text
}

// Unwrap returns the cause, which is ErrFull.
func (e *FullError) Unwrap() error { return e.Err }
