package testkit

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// Turns does each of several things in turn, rounds times, and returns the
// median time of each. Taken in turn and compared as ratios, they say the same
// on a busy machine as on an idle one.
func Turns(t testing.TB, rounds int, do ...func() error) []time.Duration {
	t.Helper()
	took := make([][]time.Duration, len(do))
	for range rounds {
		for i, f := range do {
			start := time.Now()
			if err := f(); err != nil {
				t.Fatal(err)
			}
			took[i] = append(took[i], time.Since(start))
		}
	}
	medians := make([]time.Duration, len(do))
	for i := range took {
		slices.Sort(took[i])
		medians[i] = took[i][len(took[i])/2]
	}
	return medians
}

// Ratio is a compared to b, as text.
func Ratio(a, b time.Duration) string { return fmt.Sprintf("%.2f", float64(a)/float64(b)) }
