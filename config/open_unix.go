//go:build unix

package config

import "syscall"

const nonblock = syscall.O_NONBLOCK

// The mode bits by which others may write a file, or do anything with it.
const (
	othersWrite = 0o002
	othersAny   = 0o077
)
