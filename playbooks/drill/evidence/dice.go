// Package evidence makes the logs of an exercise: what a place of work writes on
// an ordinary day, and within it an attack whose lines it knows. All of it is
// invented; addresses are those that documents may use (RFC 5737, RFC 1918), and
// names end in .example.
//
// It is pure: the same parameters give the same bytes. Logs are written as a
// stream; what is kept of each line before is a few dozen bytes.
package evidence

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"
)

// dice draws numbers that depend on nothing but the seed and the label: the
// algorithm is here (splitmix64), so that no later library changes an exercise.
type dice struct{ state uint64 }

// Dice are dice for one purpose.
func Dice(seed int64, label string) *dice { //nolint:revive // they are only thrown
	sum := sha256.Sum256(fmt.Appendf(nil, "%d\x00%s", seed, label))
	return &dice{binary.BigEndian.Uint64(sum[:8])}
}

func (d *dice) next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	z := d.state
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

// N is a number from 0 to n-1.
func (d *dice) N(n int) int {
	if n <= 1 {
		return 0
	}
	return int(d.next() % uint64(n)) //nolint:gosec // n is small and positive
}

// small is N for what is kept in few bytes.
func (d *dice) small(n uint32) uint32 { return uint32(d.next() % uint64(max(n, 1))) } //nolint:gosec // it is less than n

// between is a number from low to high, both included.
func (d *dice) between(low, high int) int { return low + d.N(high-low+1) }

// within is a stretch of time shorter than t.
func (d *dice) within(t time.Duration) time.Duration {
	if t <= 0 {
		return 0
	}
	return time.Duration(d.next() % uint64(t)) //nolint:gosec // t is positive
}

// chance is true in one of n throws.
func (d *dice) chance(n int) bool { return d.N(n) == 0 }

func pick[T any](d *dice, from []T) T { return from[d.N(len(from))] }

// hex is n hexadecimal digits.
func (d *dice) hex(n int) string {
	const digits = "0123456789abcdef"
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[d.N(16)]
	}
	return string(b)
}
