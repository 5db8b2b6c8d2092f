package review_test

import (
	"testing"
	"time"

	"firebreak/record"
	"firebreak/review"
)

// Between two moments that are shown to the hour nothing is said of minutes.
func TestLengthToTheHour(t *testing.T) {
	public := review.Review{Readers: review.Readers{Profile: record.PublicProfile}}
	for d, want := range map[time.Duration]string{0: "less than an hour", time.Hour: "about 1 h", 26 * time.Hour: "about 1 d 2 h"} {
		if got := public.Length(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
	if got := (review.Review{}).Length(90 * time.Second); got != "1 min 30 s" {
		t.Error(got)
	}
}
