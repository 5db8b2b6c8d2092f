package problem

import (
	"fmt"
	"strings"
)

// mostWork bounds what a hint may cost: 200 names of 16 letters against one.
const mostWork = 50_000

// Nearest returns the known word that differs least from got, or "" when none
// is near enough to be what the author meant.
func Nearest(got string, known []string) string {
	work := 0
	for _, k := range known {
		work += len(got) * len(k)
	}
	if len(got) > 64 || work > mostWork {
		return ""
	}
	best, at := "", 1+len(got)/3
	low := []rune(strings.ToLower(got))
	for _, k := range known {
		if len(k) > 128 || len(k) > 4*(len(low)+at) || len(low)-len(k) > at {
			continue
		}
		if d := distance(low, []rune(strings.ToLower(k)), at); d <= at && d < len(k) {
			if best == "" || d < at {
				best, at = k, d
			}
		}
	}
	return best
}

// distance is the number of single-character edits, a swap of neighbours
// counting as one, between a and b; what is more than most counts as most+1.
func distance(a, b []rune, most int) int {
	if len(a)-len(b) > most || len(b)-len(a) > most {
		return most + 1
	}
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, above, row = above, row, before
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > most+1 {
			return most + 1
		}
	}
	return min(row[len(b)], most+1)
}

// DidYouMean is the hint for an unknown word: the nearest known one, else the
// whole list when it is short.
func DidYouMean(got string, known []string) string {
	if n := Nearest(got, known); n != "" {
		return fmt.Sprintf("did you mean %q?", n)
	}
	if len(known) > 0 && len(known) <= 12 {
		return "known: " + strings.Join(known, ", ")
	}
	return ""
}
