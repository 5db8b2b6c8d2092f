// Package ask times the same question asked again and again inside one process,
// for questions that are answered faster than a process starts.
package ask

import (
	"fmt"
	"slices"
	"syscall"
	"time"
)

// Answer is what one question took. Times are in seconds.
type Answer struct {
	Name  string  `json:"name"`
	Times int     `json:"times"`
	P50   float64 `json:"p50"`
	P95   float64 `json:"p95"`
	CPU   float64 `json:"cpu"` // of all threads, the mean of one
	Said  string  `json:"said,omitempty"`
	Error string  `json:"error,omitempty"`
	Took  []float64
}

// Again asks n times. What do answers last is kept.
func Again(name string, n int, do func(i int) (said string, err error)) Answer {
	return Paused(name, n, nil, do)
}

// Paused is Again with something to be done before each time that is not timed.
func Paused(name string, n int, before func(i int) error, do func(i int) (said string, err error)) Answer {
	a := Answer{Name: name, Times: n}
	var used time.Duration
	for i := range n {
		if before != nil {
			if err := before(i); err != nil {
				a.Error = err.Error()
				return a
			}
		}
		cpu, began := CPU(), time.Now() //nolint:forbidigo // a clock is what this is
		said, err := do(i)
		took := time.Since(began)
		used += CPU() - cpu
		if err != nil {
			a.Error = err.Error()
			return a
		}
		a.Said = said
		a.Took = append(a.Took, took.Seconds())
	}
	a.Sum()
	a.CPU = used.Seconds() / float64(max(1, n))
	return a
}

// Sum works out the percentiles of what was taken.
func (a *Answer) Sum() {
	a.Times = len(a.Took)
	a.P50, a.P95 = Percentile(a.Took, 0.5), Percentile(a.Took, 0.95)
}

// Percentile is the smallest of the values that so many are not above.
func Percentile(of []float64, p float64) float64 {
	if len(of) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(of))
	return sorted[min(len(sorted)-1, int(p*float64(len(sorted))))]
}

// CPU is what this process has used so far, all threads, user and system.
func CPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(fmt.Sprint("getrusage: ", err)) // it cannot fail with these arguments
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
