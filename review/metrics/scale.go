package metrics

import (
	"math"
	"time"
)

// scale places values between 0 and 1: lengths of time by their logarithm, for
// they differ by orders of magnitude; numbers evenly.
type scale struct {
	log       bool
	low, high float64
}

// floor is the shortest time that has a place of its own.
const floor = 1.0

// scaleOf is one scale for all metrics of a unit, so that they can be compared by
// eye. A number's scale begins at 0.
func scaleOf(unit string, ms []Metric) scale {
	s := scale{log: unit == Time, low: math.Inf(1)}
	for _, m := range ms {
		if m.Unit != unit || m.N == 0 {
			continue
		}
		s.low, s.high = min(s.low, *m.Min), max(s.high, *m.Max)
	}
	if !s.log {
		s.low, s.high = 0, max(s.high, 1)
		return s
	}
	s.low = max(min(s.low, s.high), floor)
	if s.high <= s.low {
		s.low, s.high = max(s.low/2, floor), max(s.low*2, floor*4)
	}
	return s
}

// at is the place of a value, from 0 to 1.
func (s scale) at(v float64) float64 {
	if s.log {
		v = max(v, s.low)
		return min(math.Log(v/s.low)/math.Log(s.high/s.low), 1)
	}
	return min(max((v-s.low)/(s.high-s.low), 0), 1)
}

// marks are round values within the scale.
func (s scale) marks() []float64 {
	var out []float64
	if s.log {
		for _, d := range []time.Duration{
			time.Second, 10 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour,
			7 * 24 * time.Hour, 30 * 24 * time.Hour, 180 * 24 * time.Hour, 720 * 24 * time.Hour, 3600 * 24 * time.Hour,
		} {
			if v := d.Seconds(); v >= s.low && v <= s.high {
				out = append(out, v)
			}
		}
		return out
	}
	step := math.Pow(10, math.Floor(math.Log10(s.high)))
	for s.high/step < 4 && step > 1 {
		step = math.Ceil(step / 2)
	}
	for v := 0.0; v <= s.high; v += max(step, 1) {
		out = append(out, v)
	}
	return out
}
