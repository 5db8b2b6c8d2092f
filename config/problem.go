package config

import (
	"fmt"
	"slices"
	"strings"

	"firebreak/internal/problem"
)

// Problem is one thing wrong with the file.
type Problem = problem.Problem

// Problems is all that is wrong with the file: the error that Parse returns.
type Problems = problem.Problems

// nearest is the known word closest to got, "" when none is close.
func nearest(got string, known []string) string {
	best, distance := "", 3
	for _, k := range known {
		if d := edits(strings.ToLower(got), k); d < distance && d < len(k) {
			best, distance = k, d
		}
	}
	return best
}

// edits is the Levenshtein distance of two short words.
func edits(a, b string) int {
	if len(a) > 64 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := last
			if a[i] != b[j] {
				cost++
			}
			last = row[j+1]
			row[j+1] = min(cost, row[j]+1, last+1)
		}
	}
	return row[len(b)]
}

// didYouMean is the hint for an unknown word among the known ones.
func didYouMean(got string, known []string) string {
	if k := nearest(got, known); k != "" {
		return fmt.Sprintf("did you mean %s?", k)
	}
	known = slices.Sorted(slices.Values(known))
	return "known here: " + strings.Join(known, ", ")
}
