package cmd

import (
	"math"
	"runtime/debug"
	"testing"
)

// set says what holds now, and leaves it.
func set() (percent int, limit int64) {
	percent = debug.SetGCPercent(100)
	debug.SetGCPercent(percent)
	return percent, debug.SetMemoryLimit(-1)
}

func TestThriftIsGivenBack(t *testing.T) {
	was, limit := set()
	defer func() {
		debug.SetGCPercent(was)
		debug.SetMemoryLimit(limit)
	}()
	for _, test := range []struct {
		percent, thrifty int
		limit            int64
	}{
		{100, thriftyPercent, math.MaxInt64},
		{10, 10, 1 << 40},
		{-1, -1, 1 << 40},
	} {
		debug.SetGCPercent(test.percent)
		debug.SetMemoryLimit(test.limit)
		restore := thrifty()
		percent, limit := set()
		if percent != test.thrifty {
			t.Errorf("with GOGC %d it reads with %d, want %d", test.percent, percent, test.thrifty)
		}
		if own := test.limit == math.MaxInt64; own && limit >= 1<<30 || !own && limit != test.limit {
			t.Errorf("with a limit of %d it reads with %d", test.limit, limit)
		}
		restore()
		if percent, limit := set(); percent != test.percent || limit != test.limit {
			t.Errorf("afterwards GOGC is %d and the limit %d, want %d and %d", percent, limit, test.percent, test.limit)
		}
	}
}
