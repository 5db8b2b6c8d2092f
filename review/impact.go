package review

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/record"
)

// Measures are what an incident can have done something to.
func Measures() []string {
	return []string{"systems", "people", "records", "money", "downtime", "service", "other"}
}

// Certainties are how sure somebody is of a number, the surest first.
func Certainties() []string { return []string{"confirmed", "estimated", "suspected", "excluded"} }

// impact gathers the measures: the latest word on each counts, and one that was
// taken back is gone.
func (b *builder) impact() {
	each(b, func(e record.Entry, p record.Impact) {
		at := slices.IndexFunc(b.r.Impact, func(m Measured) bool { return m.Measure == p.Measure && m.Class == p.Class && m.Place == p.Place })
		p.From, p.To = p.From.UTC(), p.To.UTC()
		m := Measured{Impact: p, Act: act(e)}
		if p.Low == nil && p.High == nil {
			m.Shown = first(e.Absent("low"), e.Absent("high"))
		}
		m.Shown = first(m.Shown, ShowImpact(p))
		if at < 0 {
			b.r.Impact = append(b.r.Impact, m)
			return
		}
		m.Earlier = append(slices.Clone(b.r.Impact[at].Earlier), b.r.Impact[at].Seq)
		b.r.Impact[at] = m
	}, record.ImpactStated)
	b.r.Impact = slices.DeleteFunc(b.r.Impact, func(m Measured) bool { return m.Withdrawn })
	order := Measures()
	slices.SortStableFunc(b.r.Impact, func(x, y Measured) int {
		return slices.Index(order, x.Measure) - slices.Index(order, y.Measure)
	})
}

// ShowImpact is the number of a measure with its unit, for people; "unknown"
// where only words are known.
func ShowImpact(p record.Impact) string {
	if s := impactNumber(p); s != "" {
		return s
	}
	switch {
	case p.Measure == "downtime" && !p.From.IsZero() && !p.To.IsZero():
		return span(p.To.Sub(p.From))
	case p.Certainty == "excluded":
		return "none"
	}
	return "unknown"
}

func impactNumber(p record.Impact) string {
	if p.Low == nil && p.High == nil {
		return ""
	}
	show := func(f float64) string {
		if p.Measure == "downtime" && (p.Unit == "" || p.Unit == "minutes") {
			return span(time.Duration(f * float64(time.Minute)))
		}
		return amount(f)
	}
	unit := p.Unit
	if p.Measure == "downtime" && unit == "minutes" {
		unit = ""
	}
	var s string
	switch {
	case p.Low == nil:
		s = "at most " + show(*p.High)
	case p.High == nil:
		s = "at least " + show(*p.Low)
	case *p.Low == *p.High:
		s = show(*p.Low)
	default:
		s = show(*p.Low) + " to " + show(*p.High)
	}
	return strings.TrimSpace(s + " " + unit)
}

// amount writes 1204331.5 as 1,204,331.50.
func amount(f float64) string {
	const exact = 1 << 53 // beyond it a float64 leaves out whole numbers
	if f >= exact || f <= -exact {
		return fmt.Sprintf("%g", f)
	}
	whole := int64(f)
	if f == float64(whole) {
		return grouped(whole)
	}
	s := fmt.Sprintf("%.2f", f)
	_, cents, _ := strings.Cut(s, ".")
	sign := ""
	if f < 0 && whole == 0 {
		sign = "-"
	}
	return sign + grouped(wholeOf(s)) + "." + cents
}

// wholeOf is the whole part of a number that was rounded when it was written.
func wholeOf(s string) int64 {
	var n int64
	_, _ = fmt.Sscanf(s, "%d", &n) // it is what Sprintf wrote
	return n
}

// impactSentence is what the incident did, in one sentence; "" when nobody stated
// anything in numbers.
func (b *builder) impactSentence() string {
	var parts []string
	for _, m := range b.r.Impact {
		if m.Certainty == "excluded" {
			continue
		}
		s := m.Measure + " " + m.Shown
		if m.Class != "" {
			s += " (" + oneLine(m.Class) + ")"
		}
		parts = append(parts, s+", "+given(m.Certainty))
	}
	if len(parts) == 0 {
		return ""
	}
	const most = 4
	if more := len(parts) - most; more > 0 {
		parts = append(parts[:most], fmt.Sprintf("and %d more", more))
	}
	return "Impact as stated: " + strings.Join(parts, "; ") + "."
}
