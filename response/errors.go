package response

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"firebreak/forensics"
	"firebreak/store"
	"firebreak/store/events"
)

// Code sorts errors by what a caller has to do; package cmd maps each to an
// exit code.
type Code string

// The codes.
const (
	CodeInternal  Code = "internal"
	CodeUsage     Code = "usage"        // the request itself is wrong
	CodeNotFound  Code = "not-found"    // what it names is not there
	CodeRefused   Code = "refused"      // approval, role, state or read-only forbids it
	CodeAuth      Code = "auth"         // the other side does not accept our credential
	CodePartial   Code = "partial"      // done in part; the message says which
	CodeUnknown   Code = "unknown"      // it may have happened: look first
	CodeIntegrity Code = "verification" // the record or the evidence is damaged
)

// Error is an error with a code and, where there is one, a hint: what the
// responder can do about it.
type Error struct {
	Code Code
	Hint string
	Err  error
}

// Error is the cause's message; the hint is printed once, at the edge.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code err carries, CodeInternal when it carries none.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	if errors.Is(err, store.ErrReadOnly) {
		return CodeRefused
	}
	if errors.Is(err, events.ErrDamaged) { // found in the middle of an answer
		return CodeIntegrity
	}
	return CodeInternal
}

// onLocalDisk is what to do about a file system without locks.
const onLocalDisk = "it can be looked at, searched and verified here; to write, set FIREBREAK_HOME to a folder on a local disk"

// unwritable sorts out the errors of a workspace that cannot be written to.
func unwritable(err error) error {
	if errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: %w", store.ErrReadOnly, err)
	}
	return err
}

// HintOf returns the hint err carries, or the one that belongs to what is
// wrong with the disk, or "".
func HintOf(err error) string {
	if errors.Is(err, store.ErrReadOnly) && errors.Is(err, fs.ErrPermission) {
		return "your account may not read or write it: look at its owner and mode (ls -ld)"
	}
	var e *Error
	for rest := err; errors.As(rest, &e); rest = e.Err {
		if e.Hint != "" {
			return e.Hint
		}
	}
	switch {
	case errors.Is(err, store.ErrFull), errors.Is(err, forensics.ErrFull), errors.Is(err, events.ErrDiskFull),
		errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "free some space and repeat: what was acknowledged is safe"
	case errors.Is(err, store.ErrFileSystem):
		return onLocalDisk
	case errors.Is(err, store.ErrReadOnly):
		return "the folder cannot be written to: it can be looked at, searched and verified, not changed"
	case errors.Is(err, store.ErrDisk), errors.Is(err, forensics.ErrDisk), errors.Is(err, events.ErrDisk), errors.Is(err, syscall.EIO):
		return "the disk failed, see the system's log (dmesg): copy the folder to a sound disk and let firebreak verify the copy"
	case errors.Is(err, events.ErrDamaged):
		return "firebreak ingest INCIDENT --rebuild makes the timeline again from the evidence"
	case errors.Is(err, store.ErrDamaged):
		return "firebreak verify says what is damaged; restore the folder from a copy"
	}
	return ""
}

func fail(code Code, hint, format string, args ...any) error {
	return &Error{Code: code, Hint: hint, Err: fmt.Errorf(format, args...)}
}

func usage(hint, format string, args ...any) error { return fail(CodeUsage, hint, format, args...) }

func refused(hint, format string, args ...any) error {
	return fail(CodeRefused, hint, format, args...)
}

func notFound(hint, format string, args ...any) error {
	return fail(CodeNotFound, hint, format, args...)
}

// noAction says that an incident has no such action; err names it.
func noAction(err error) error {
	return notFound("firebreak show INCIDENT lists the actions", "%w", err)
}
