package triage

import (
	"slices"
	"testing"
	"time"
)

// A disk that was listed twice has no more files for that.
func TestCrowdCountsOnce(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	got := once([]instant{
		{at(2), 0, 7}, {at(1), 0, 5}, {at(1), 0, 5}, {at(1), 1, 5}, // one listing: three at once, and one
		{at(1), 0, 6}, {at(1), 0, 6}, {at(1), 1, 6}, {at(2), 0, 6}, // the other, the same
		{at(1), 0, 9}, {at(3), 0, 9},
	})
	if want := []time.Time{at(1), at(1), at(1), at(2), at(3)}; !slices.EqualFunc(got, want, time.Time.Equal) {
		t.Errorf("%v, want %v", got, want)
	}
	if once(nil) != nil {
		t.Error("something comes of nothing")
	}
}
