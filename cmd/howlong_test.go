package cmd

import (
	"testing"
	"time"

	"firebreak/timeline"
)

func TestHowLong(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Hour:                         "1h",
		90 * time.Second:                  "1m30s",
		5498*time.Hour + 37*time.Minute:   "229d2h37m",
		24*time.Hour + 59*time.Second:     "1d",
		1500 * time.Millisecond:           "2s",
		250 * time.Millisecond:            "250ms",
		1798*time.Hour + 1505*time.Second: "74d22h25m",
	} {
		if got := howLong(d); got != want {
			t.Errorf("howLong(%s) = %s, want %s", d, got, want)
		}
		if _, ok := timeline.ReadDuration(want); !ok && d >= time.Second {
			t.Errorf("a filter does not read %s", want)
		}
	}
}
