package timeline

import (
	"math"
	"strings"
)

// stripMarks rise from none to most.
const stripMarks = " .:|#"

// Strip draws counts as one line of ASCII, a character each: a space for
// none, then . : | and # for the most. The scale is logarithmic, so that a
// single event still shows beside ten thousand.
func Strip(counts []int64) string {
	var most int64
	for _, n := range counts {
		most = max(most, n)
	}
	var b strings.Builder
	for _, n := range counts {
		level := 0
		if n > 0 {
			top := len(stripMarks) - 1
			level = top
			if n < most {
				level = 1 + int(float64(top-1)*math.Log(float64(n))/math.Log(float64(most)))
			}
		}
		b.WriteByte(stripMarks[min(level, len(stripMarks)-1)])
	}
	return b.String()
}
