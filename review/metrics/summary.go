package metrics

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"firebreak/review"
)

// MinTrend is how many incidents there have to be before anything is said of how
// a metric went over time.
const MinTrend = 20

// Caution stands beside every comparison over time.
const Caution = "Two medians beside each other are no proof of a change: look at the dots, and at what kinds of incidents they were."

// Method is how quartiles and medians are worked out.
const Method = "Quartiles and medians are interpolated between the two nearest values (type 7 of Hyndman and Fan, as in QUARTILE.INC of spreadsheets): of n sorted values, counted from 0, the quartiles are at (n-1)/4, (n-1)/2 and 3(n-1)/4."

// Summary sums up values, without a mean.
type Summary struct {
	N       int      `json:"n"`
	Running int      `json:"running"` // their end has not come yet
	Unknown int      `json:"unknown"` // nobody recorded one of their ends
	Min     *float64 `json:"min,omitempty"`
	Q1      *float64 `json:"q1,omitempty"`
	Median  *float64 `json:"median,omitempty"`
	Q3      *float64 `json:"q3,omitempty"`
	Max     *float64 `json:"max,omitempty"`
}

// summarize sums up what is known; the values need no order.
func summarize(values []float64, running, unknown int) Summary {
	s := Summary{N: len(values), Running: running, Unknown: unknown}
	if len(values) == 0 {
		return s
	}
	v := slices.Clone(values)
	slices.Sort(v)
	at := func(p float64) *float64 { q := quantile(v, p); return &q }
	s.Min, s.Q1, s.Median, s.Q3, s.Max = at(0), at(.25), at(.5), at(.75), at(1)
	return s
}

// quantile interpolates in sorted values, see Method.
func quantile(sorted []float64, p float64) float64 {
	h := float64(len(sorted)-1) * p
	low := math.Floor(h)
	i := int(low)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (h-low)*(sorted[i+1]-sorted[i])
}

// Trend says how a metric went over time, as far as that can be said.
type Trend struct {
	Incidents int    `json:"incidents"` // that have a value
	Says      string `json:"says"`
	Earlier   *Half  `json:"earlier,omitempty"` // only with MinTrend incidents or more
	Later     *Half  `json:"later,omitempty"`
}

// Half is one half of the incidents, by when they were opened.
type Half struct {
	N         int       `json:"n"` // values
	Incidents int       `json:"incidents"`
	From      time.Time `json:"from"` // the opening of the first and the last of them
	To        time.Time `json:"to"`
	Median    float64   `json:"median"`
}

// trend compares the earlier half of the incidents with the later one. With an odd
// number the middle one is in the later half.
func trend(d Definition, cases []Case, dots []Dot, running int) Trend {
	has := map[string][]float64{}
	for _, dot := range dots {
		has[string(dot.Incident)] = append(has[string(dot.Incident)], dot.Value)
	}
	var with []Case
	for _, c := range cases {
		if len(has[string(c.ID)]) > 0 {
			with = append(with, c)
		}
	}
	t := Trend{Incidents: len(with)}
	if t.Incidents < MinTrend {
		t.Says = fmt.Sprintf("%s: fewer than %d, so nothing is said of how this went over time", count(t.Incidents, "incident"), MinTrend)
		return t
	}
	slices.SortStableFunc(with, func(a, b Case) int {
		return cmp.Or(a.Opened.Compare(b.Opened), strings.Compare(string(a.ID), string(b.ID)))
	})
	half := func(cs []Case) *Half {
		h := &Half{Incidents: len(cs), From: cs[0].Opened.UTC(), To: cs[len(cs)-1].Opened.UTC()}
		var values []float64
		for _, c := range cs {
			values = append(values, has[string(c.ID)]...)
		}
		h.N, h.Median = len(values), *summarize(values, 0, 0).Median
		return h
	}
	t.Earlier, t.Later = half(with[:len(with)/2]), half(with[len(with)/2:])
	t.Says = fmt.Sprintf("%d opened up to %s: median %s (n %d); %d since %s: median %s (n %d)",
		t.Earlier.Incidents, day(t.Earlier.To), Show(d.Unit, t.Earlier.Median), t.Earlier.N,
		t.Later.Incidents, day(t.Later.From), Show(d.Unit, t.Later.Median), t.Later.N)
	if running > 0 {
		t.Says += fmt.Sprintf("; %d not over would lengthen the later one", running)
	}
	return t
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// Show writes a value of that unit for people.
func Show(unit string, v float64) string {
	if unit == Time {
		return Span(time.Duration(v * float64(time.Second)))
	}
	s := fmt.Sprintf("%.2f", v)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// Span writes a length of time in at most two units.
func Span(d time.Duration) string { return review.Span(d.Round(time.Second)) }
