package cmd

import (
	"math"
	"runtime"
	"runtime/debug"
)

const (
	// thriftyPercent is how much garbage may lie about before it is collected, of
	// what is in use. Reading evidence makes little of it, and what it holds is
	// mostly text, which is not walked.
	thriftyPercent = 15

	// Beyond so much, and so much for each of the cores that are made use of, free
	// memory goes back to the system at once and garbage is collected sooner. It is
	// no bound: what is in use stays.
	thriftyMemory, thriftyCore, thriftyCores = 40 << 20, 20 << 20, 8
)

// thrifty keeps memory small while evidence is read. What it returns gives back
// what was set before. Who asked for less by GOGC or GOMEMLIMIT gets it.
func thrifty() (restore func()) {
	limit := debug.SetMemoryLimit(-1)
	if limit == math.MaxInt64 {
		debug.SetMemoryLimit(thriftyMemory + thriftyCore*int64(min(runtime.GOMAXPROCS(0), thriftyCores)))
	}
	percent := debug.SetGCPercent(thriftyPercent)
	if percent < thriftyPercent { // off is -1: the limit alone was wanted
		debug.SetGCPercent(percent)
	}
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}
