package playbooks

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time as playbooks write it: 30s, 10m, 4h, 3d or 5bd.
// A business day is what a Calendar says, without one Monday to Friday.
type Duration struct {
	Text         string        `json:"text"`
	Time         time.Duration `json:"time_ns,omitempty"` // 0 when BusinessDays is set
	BusinessDays int           `json:"business_days,omitempty"`
}

const longest = 366 * 24 * time.Hour

// ParseDuration reads one whole number and one unit: s, m, h, d or bd.
func ParseDuration(s string) (Duration, error) {
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	n, err := strconv.Atoi(s[:digits])
	if err != nil || digits > 8 {
		return Duration{}, fmt.Errorf("duration %q: want a number and a unit, as in 30s, 10m, 4h, 3d or 5bd", s)
	}
	var unit time.Duration
	switch s[digits:] {
	case "s":
		unit = time.Second
	case "m":
		unit = time.Minute
	case "h":
		unit = time.Hour
	case "d":
		unit = 24 * time.Hour
	case "bd":
		if n > 366 {
			return Duration{}, fmt.Errorf("duration %q: more than 366 business days", s)
		}
		return Duration{Text: s, BusinessDays: n}, nil
	case "ms":
		return Duration{}, fmt.Errorf("duration %q: no milliseconds; the smallest unit is s", s)
	default:
		return Duration{}, fmt.Errorf("duration %q: unknown unit %q; want s, m, h, d or bd", s, s[digits:])
	}
	d := time.Duration(n) * unit
	if d > longest {
		return Duration{}, fmt.Errorf("duration %q: more than 366 days", s)
	}
	return Duration{Text: s, Time: d}, nil
}

// IsZero says that no duration was given.
func (d Duration) IsZero() bool { return d.Text == "" }

// String is the duration as the author wrote it.
func (d Duration) String() string { return d.Text }

// After is the moment d after t; business days are Monday to Friday. See
// Calendar.After for those of a country.
func (d Duration) After(t time.Time) time.Time { return Calendar{}.After(t, d) }
