//go:build !unix

package config

const nonblock = 0

// The mode bits by which others may write a file, or do anything with it: there
// are none, an access list decides instead.
const (
	othersWrite = 0
	othersAny   = 0
)
