// Package testkit is what many packages' tests share: a clock that stands
// still, randomness that repeats, golden files, and the corpus of real
// evidence. Nothing in it imitates a part of Firebreak: tests use the real
// parts in a temporary folder.
package testkit

import (
	"sync"
	"time"
)

// Start is the time that a new Clock shows: a Friday night at three.
func Start() time.Time { return time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC) }

// Clock is a clock in the hands of a test. It can be used from many goroutines.
type Clock struct {
	mu   sync.Mutex
	now  time.Time
	mono int64
	step time.Duration
	boot string
}

// NewClock returns a clock at Start that goes on by step each time it is read.
// With step 0 it stands still.
func NewClock(step time.Duration) *Clock {
	return &Clock{now: Start(), mono: int64(time.Hour), step: step, boot: "boot-1"}
}

// Now is the time, in UTC, and then moves the clock by its step.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.now
	c.now = c.now.Add(c.step)
	c.mono += int64(c.step)
	return t
}

// Monotonic is nanoseconds since the machine's boot, and the boot's name.
func (c *Clock) Monotonic() (ns int64, boot string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mono, c.boot
}

// Advance lets time pass on both clocks.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.mono += int64(d)
}

// Set moves the wall clock alone, as an administrator or an intruder does.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t.UTC()
}

// Reboot starts the monotonic clock again under another boot name.
func (c *Clock) Reboot(boot string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mono, c.boot = 0, boot
}
