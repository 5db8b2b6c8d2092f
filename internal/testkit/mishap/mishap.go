// Package mishap lets the kernel fail for one process: the n-th fsync of a file
// says EIO, a write finds the disk full or writes the half, the process is
// killed at the moment it asks for something. It uses seccomp's notifications
// (seccomp_unotify(2)), and so catches what Go asks for as well as what SQLite
// does. Tests only.
package mishap

import "syscall"

// Kind is a group of system calls.
type Kind string

// The kinds.
const (
	Sync     Kind = "sync"     // fsync, fdatasync
	Write    Kind = "write"    // write, pwrite64
	Truncate Kind = "truncate" // ftruncate, fallocate
	Rename   Kind = "rename"
	Remove   Kind = "remove" // unlink
)

// Then is what happens.
type Then int

// What happens instead of the call.
const (
	Fail  Then = iota // the call answers with Plan.Errno
	Kill              // the process is killed before the call is made
	Short             // half of what was to be written is written
)

// Plan says which call fails. The zero Nth lets all pass and only counts.
type Plan struct {
	Kinds  []Kind // none: all
	Name   string // part of the file's path; "" matches all files
	Nth    int    // counted from 1, over the calls that match
	Onward bool   // and all after it
	Then   Then
	Errno  syscall.Errno
}

// execEnv names the program that Main becomes.
const execEnv = "FIREBREAK_MISHAP_EXEC"
