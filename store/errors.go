package store

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	sqlite3 "github.com/mattn/go-sqlite3"

	"firebreak/store/cryptvfs"
)

// The errors that callers tell apart, by errors.Is.
var (
	// ErrNewer: a newer Firebreak wrote the incident; nothing was touched.
	ErrNewer = errors.New("written by a newer version of firebreak")
	// ErrFull: no space is left; nothing of the update was kept.
	ErrFull = errors.New("disk full")
	// ErrReadOnly: the file system, or the way the incident was opened, does
	// not allow writing.
	ErrReadOnly = errors.New("read-only")
	// ErrTruncated: the heads know of more entries than the database holds. It
	// was cut, or an old backup was put in its place.
	ErrTruncated = errors.New("record is shorter than its heads")
	// ErrTampered: the record and its heads disagree in another way.
	ErrTampered = errors.New("record and heads disagree")
	// ErrUntrusted: the newest head is signed with a key that only the incident
	// itself names, so the whole of it may be a stranger's. It can be looked at;
	// it is written to once that key is in Options.Trust.
	ErrUntrusted = errors.New("incident is not of this workspace")
	// ErrDamaged: SQLite cannot make sense of the file, or the disk failed.
	// The handle writes nothing more, and what it shows may not be on the disk:
	// a failed fsync is not tried again, the next start reads and compares.
	ErrDamaged = errors.New("damaged")
	// ErrDisk comes with ErrDamaged where the disk itself failed.
	ErrDisk = errors.New("the disk failed")
	// ErrUnsealed comes back beside entries that ARE recorded, when their head
	// could not be written to the heads file. The next update writes it first.
	ErrUnsealed = errors.New("recorded, but its head is not yet in the heads file")
	// ErrRefused: the entry does not fit the state of the incident, as an
	// approval of a plan that is not there.
	ErrRefused = errors.New("entry refused")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("store is closed")
)

// MismatchError says how the record and its heads disagree. It is ErrTruncated
// when entries are missing, ErrTampered otherwise.
type MismatchError struct {
	Entries int64  // in the database
	Heads   int64  // entries that the last head outside it vouches for
	Why     string // "" for missing entries
}

// Error names the two sizes and what can be done.
func (e *MismatchError) Error() string {
	if e.Why == "" {
		return fmt.Sprintf("%v: %d entries, the heads vouch for %d; open it read-only to look, put back the newer database to go on",
			ErrTruncated, e.Entries, e.Heads)
	}
	return fmt.Sprintf("%v: %s (%d entries, heads up to %d); open it read-only to look", ErrTampered, e.Why, e.Entries, e.Heads)
}

// Is makes errors.Is work with the two sentinels.
func (e *MismatchError) Is(target error) bool {
	if e.Why == "" {
		return target == ErrTruncated
	}
	return target == ErrTampered
}

// explain adds the sentinel that tells a caller what kind of failure err is.
func explain(err error) error {
	switch {
	case err == nil, errors.Is(err, ErrFull), errors.Is(err, ErrReadOnly), errors.Is(err, ErrDamaged):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return fmt.Errorf("%w: %w", ErrFull, err)
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	case errors.Is(err, syscall.EIO):
		return fmt.Errorf("%w: %w: %w", ErrDamaged, ErrDisk, err)
	case errors.Is(err, cryptvfs.ErrOtherLog):
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case e.ExtendedCode == sqlite3.ErrIoErr.Extend(32): // SQLITE_IOERR_DATA: it does not decrypt, the disk is well
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	case e.ExtendedCode == sqlite3.ErrIoErrFsync, e.ExtendedCode == sqlite3.ErrIoErrDirFsync, e.ExtendedCode == sqlite3.ErrIoErrRead:
		return fmt.Errorf("%w: %w: %w", ErrDamaged, ErrDisk, err) // whatever the cause
	case e.Code == sqlite3.ErrFull, e.SystemErrno == syscall.ENOSPC, e.SystemErrno == syscall.EDQUOT, e.SystemErrno == syscall.EFBIG:
		return fmt.Errorf("%w: %w", ErrFull, err)
	case e.Code == sqlite3.ErrReadonly, e.Code == sqlite3.ErrPerm, e.SystemErrno == syscall.EROFS, e.SystemErrno == syscall.EACCES:
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	case e.Code == sqlite3.ErrIoErr:
		return fmt.Errorf("%w: %w: %w", ErrDamaged, ErrDisk, err)
	case e.Code == sqlite3.ErrCorrupt, e.Code == sqlite3.ErrNotADB:
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// placed adds where the file did not decrypt, if that is what err is about.
func (s *Store) placed(err error) error {
	damage := s.key.Damage()
	if err == nil || damage == nil {
		return err
	}
	if err = explain(err); errors.Is(err, ErrDamaged) || errors.Is(err, ErrTruncated) {
		return fmt.Errorf("%w: %w", err, damage)
	}
	return err
}
