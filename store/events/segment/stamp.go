package segment

import (
	"math"
	"time"
)

// Fits reports whether the time is none or can be kept as nanoseconds.
func Fits(t time.Time) bool {
	return t.IsZero() || t.After(time.Unix(0, math.MinInt64)) && t.Before(time.Unix(0, math.MaxInt64-1))
}

// Stamp is the time as it is kept and sorted: nanoseconds since 1970. Times out of
// range are as far out as can be, yet before the undated.
func Stamp(t time.Time) int64 {
	switch {
	case t.IsZero():
		return Undated
	case Fits(t):
		return t.UnixNano()
	case t.Year() < 1970:
		return math.MinInt64
	default:
		return Undated - 1
	}
}

// isFar reports whether the stamp may stand for a time that is out of range.
func isFar(stamp int64) bool { return stamp == math.MinInt64 || stamp == Undated-1 }
