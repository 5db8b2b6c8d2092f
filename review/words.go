package review

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

// withheld stands where a field is not there to be shown.
const withheld = record.WithheldMark

func given(s string) string { return first(s, withheld) }

func quoted(s string) string {
	if s == "" {
		return withheld
	}
	return `"` + s + `"`
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

// first is the first text that is not empty.
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// brief is the beginning of a hash, enough to compare by eye.
func brief(hash string) string {
	if r := []rune(hash); len(r) > 12 {
		return string(r[:12]) + "..."
	}
	return given(hash)
}

func values(m map[string]any) string {
	if len(m) == 0 {
		return withheld
	}
	parts := make([]string, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s = %v", k, m[k]))
	}
	return strings.Join(parts, ", ")
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

func day(t time.Time) string { return t.UTC().Format("2006-01-02") }

func counted(n int, one, many string) string { return counted64(int64(n), one, many) }

func counted64(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}

// grouped writes 4812331 as 4,812,331.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// size writes a number of bytes for people.
func size(n int64) string {
	if n < 1000 {
		return counted64(n, "byte", "bytes")
	}
	f, unit := float64(n), ""
	for _, unit = range []string{"kB", "MB", "GB", "TB", "PB"} {
		if f /= 1000; f < 999.5 {
			break
		}
	}
	if f < 9.95 {
		return fmt.Sprintf("%.1f %s", f, unit)
	}
	return fmt.Sprintf("%.0f %s", f, unit)
}

// span writes a duration for people, in at most two units.
func span(d time.Duration) string {
	if d < 0 {
		return "-" + span(-d)
	}
	units := []struct {
		d    time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}}
	for i, u := range units {
		if d < u.d {
			continue
		}
		if u.d == time.Second && d < 10*time.Second {
			return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Truncate(100*time.Millisecond).Seconds()), ".0") + " s"
		}
		s := fmt.Sprintf("%d %s", d/u.d, u.name)
		if i+1 < len(units) {
			if rest := (d % u.d) / units[i+1].d; rest > 0 {
				s += fmt.Sprintf(" %d %s", rest, units[i+1].name)
			}
		}
		return s
	}
	if d == 0 {
		return "0 s"
	}
	return fmt.Sprintf("%d ms", max(d.Milliseconds(), 1))
}

// PhaseWord is the name of a phase in a table.
func PhaseWord(p incident.Phase) string {
	if p == incident.NoPhase {
		return "-"
	}
	return p.String()
}
