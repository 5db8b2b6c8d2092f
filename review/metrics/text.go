package metrics

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/internal/term"
)

// Style says how the page for a terminal looks.
type Style struct {
	Width int
	Plain bool   // letters and ASCII only
	By    string // severity, playbook or quarter: a line for each group; "" for none
}

// narrowest is the width that the page is made for at least.
const narrowest = 40

// boxFrom is from how many values on a box is drawn: below, the quartiles say
// less than the dots.
const boxFrom = 5

// page writes lines of one style. Foreign text is made safe by whoever says it.
type page struct {
	out strings.Builder
	Style
}

func (p *page) say(format string, args ...any) {
	line := strings.TrimRight(fmt.Sprintf(format, args...), " ")
	if term.Width(line) <= p.Width {
		p.out.WriteString(line + "\n")
		return
	}
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
	for i, part := range term.Wrap(strings.TrimLeft(line, " "), p.Width-len(indent)-2) {
		if i > 0 {
			part = "  " + part
		}
		p.out.WriteString(indent + strings.TrimRight(part, " ") + "\n")
	}
}

func (p *page) head(text string) { p.say("\n%s", text) }

// Text is the page for a terminal.
func (s Stats) Text(st Style) string {
	st.Width = max(st.Width, narrowest)
	p := &page{Style: st}
	s.top(p)
	if len(s.Incidents) > 0 {
		s.block(p, Time, "Lengths of time")
		s.block(p, Steps, "Steps of playbooks, in each incident")
		s.block(p, Acts, "Acts of people at night, in each incident")
		s.tallies(p)
		s.factorsText(p)
		s.loadsText(p)
	}
	s.notCountedText(p)
	s.bottom(p)
	return p.out.String()
}

func (s Stats) kind() string {
	if s.Drills {
		return "drill"
	}
	return "incident"
}

func (s Stats) top(p *page) {
	title := count(len(s.Incidents), s.kind())
	if n := len(s.Incidents); n > 0 {
		first, last := s.span()
		title += " opened from " + day(first) + " to " + day(last)
	}
	p.say("%s", title)
	for _, by := range []string{BySeverity, ByPlaybook, ByQuarter} {
		var parts []string
		for _, g := range s.Groups {
			if g.By == by {
				parts = append(parts, fmt.Sprintf("%s %d", term.Safe(g.Shown()), g.Incidents))
			}
		}
		if len(parts) > 0 {
			p.say("  %-9s %s", by, strings.Join(parts, "  "))
		}
	}
	var left []string
	if s.OtherMode > 0 {
		left = append(left, map[bool]string{
			false: count(s.OtherMode, "drill") + " (--drills)", true: count(s.OtherMode, "real incident") + " (without --drills)",
		}[s.Drills])
	}
	if s.Outside > 0 {
		left = append(left, fmt.Sprintf("%d not asked for", s.Outside))
	}
	if n := len(s.NotCounted); n > 0 {
		left = append(left, fmt.Sprintf("%d NOT COUNTED: see below", n))
	}
	if len(left) > 0 {
		p.say("  left out  %s", strings.Join(left, ", "))
	}
	if len(s.Incidents) == 0 {
		p.say("\nThere is nothing to compare.")
	}
}

// span is when the first and the last of the incidents were opened.
func (s Stats) span() (first, last time.Time) {
	for _, c := range s.Incidents {
		if first.IsZero() || c.Opened.Before(first) {
			first = c.Opened
		}
		if c.Opened.After(last) {
			last = c.Opened
		}
	}
	return first, last
}

// block shows the metrics of one unit on one scale.
func (s Stats) block(p *page, unit, title string) {
	sc := scaleOf(unit, s.Metrics)
	var empty []string
	shown := false
	for _, m := range s.Metrics {
		if m.Unit != unit {
			continue
		}
		if m.N == 0 {
			if m.Running+m.Unknown > 0 {
				empty = append(empty, fmt.Sprintf("%s (%s)", m.Title, absent(m.Summary)))
			} else {
				empty = append(empty, m.Title)
			}
			continue
		}
		if !shown {
			p.head(title)
			p.say("%s", p.axis(sc, unit, p.Width-4))
			shown = true
		}
		s.metric(p, m, sc)
	}
	if shown {
		p.say("%s", p.axis(sc, unit, p.Width-4))
	}
	if len(empty) > 0 {
		p.say("  without a value: %s", strings.Join(empty, "; "))
	}
}

// absent says how many values are not there.
func absent(s Summary) string {
	var parts []string
	if s.Unknown > 0 {
		parts = append(parts, fmt.Sprintf("%d unknown", s.Unknown))
	}
	if s.Running > 0 {
		parts = append(parts, fmt.Sprintf("%d not over", s.Running))
	}
	return strings.Join(parts, ", ")
}

func (s Stats) metric(p *page, m Metric, sc scale) {
	head := fmt.Sprintf("%s  n %d", m.Title, m.N)
	if m.Per != "incident" {
		head = fmt.Sprintf("%s  n %s", m.Title, count(m.N, m.Per))
	}
	if a := absent(m.Summary); a != "" {
		head += ", " + a
	}
	p.say("%s", head)
	values := make([]float64, len(m.Dots))
	for i, d := range m.Dots {
		values[i] = d.Value
	}
	w := p.Width - 4
	p.say("  %s", p.strip(values, sc, w))
	if m.N >= boxFrom {
		p.say("  %s", p.box(m.Summary, sc, w))
	}
	p.say("    %s", s.numbers(m.Definition, m.Summary))
	if p.By != "" {
		s.groupLines(p, m, sc)
	}
	if m.Trend.Earlier != nil {
		p.say("    over time: %s.", m.Trend.Says)
	}
}

func (s Stats) numbers(d Definition, m Summary) string {
	show := func(v *float64) string { return Show(d.Unit, *v) }
	switch {
	case m.N == 1:
		return "one value: " + show(m.Median)
	case *m.Min == *m.Max:
		return "all " + show(m.Median)
	case m.N < boxFrom:
		return fmt.Sprintf("median %s; all %s to %s", show(m.Median), show(m.Min), show(m.Max))
	}
	return fmt.Sprintf("median %s; middle half %s to %s; all %s to %s", show(m.Median), show(m.Q1), show(m.Q3), show(m.Min), show(m.Max))
}

// groupLines has a strip for each group, on the scale of the metric.
func (s Stats) groupLines(p *page, m Metric, sc scale) {
	wide := 0
	for _, g := range m.Groups {
		if g.By == p.By {
			wide = max(wide, term.Width(term.Safe(g.group().Shown())))
		}
	}
	wide = min(wide, 16)
	const tail = 24
	w := max(p.Width-wide-6-tail, 10)
	for _, g := range m.Groups {
		if g.By != p.By {
			continue
		}
		var values []float64
		for _, d := range m.Dots {
			if s.caseOf(d.Incident).in(p.By) == g.Name {
				values = append(values, d.Value)
			}
		}
		says := fmt.Sprintf("n %d", g.N)
		if g.N > 0 {
			says += "  med. " + Show(m.Unit, *g.Median)
		} else if a := absent(g.Summary); a != "" {
			says = a
		}
		p.say("    %s  %s  %s", term.Pad(term.Cut(term.Safe(g.group().Shown()), wide), wide), term.Pad(p.strip(values, sc, w), w), says)
	}
}

func (s Stats) tallies(p *page) {
	p.head("Counted")
	for _, t := range s.Tallies {
		if t.N == 0 {
			p.say("  %s: none", t.Title)
			continue
		}
		var parts []string
		for _, c := range t.Counts {
			if c.N > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", c.N, c.Word))
			}
		}
		p.say("  %s, %d: %s", t.Title, t.N, strings.Join(parts, ", "))
	}
}

func (s Stats) factorsText(p *page) {
	p.head("Contributing factors in more than one incident")
	once := 0
	for _, f := range s.Factors {
		if len(f.Incidents) < 2 {
			once++
			continue
		}
		p.say("  %s  %d  %s", term.Safe(f.Key), len(f.Incidents), some(f.Incidents))
	}
	if once == len(s.Factors) {
		p.say("  none")
	}
	var rest []string
	if once > 0 {
		rest = append(rest, fmt.Sprintf("%d in one incident only", once))
	}
	if s.Unkeyed > 0 {
		rest = append(rest, fmt.Sprintf("%d without a key, which cannot be found again", s.Unkeyed))
	}
	if len(rest) > 0 {
		p.say("  (%s)", strings.Join(rest, ", "))
	}
}

// some lists the first twelve.
func some(ids []incident.ID) string {
	const most = 12
	var parts []string
	for _, id := range ids[:min(len(ids), most)] {
		parts = append(parts, string(id))
	}
	if n := len(ids) - most; n > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(parts, " ")
}

func (s Stats) loadsText(p *page) {
	if len(s.Loads) == 0 {
		return
	}
	p.head("Acts of people by role, and at night (22:00 to 6:00, " + term.Safe(s.Zone) + ")")
	for _, l := range s.Loads {
		p.say("  %-12s %6d acts in %-14s %6d at night in %s", roleWord(l.Role), l.Acts, count(l.Incidents, s.kind()), l.Night, count(l.NightIncidents, s.kind()))
	}
}

func roleWord(role string) string {
	if role == "none" {
		return "without one"
	}
	return term.Safe(role)
}

func (s Stats) notCountedText(p *page) {
	if len(s.NotCounted) == 0 {
		return
	}
	p.head("NOT COUNTED")
	for _, n := range s.NotCounted {
		p.say("  %s  %s", n.Incident, term.Safe(n.Why))
	}
}

func (s Stats) bottom(p *page) {
	if len(s.Incidents) == 0 {
		return
	}
	p.say("")
	one, many := "•", "#"
	if p.Plain {
		one = "o"
	}
	p.say("%s one value, 2 to 9 so many, %s ten or more. Lengths of time are drawn by their logarithm, all on one scale. No mean is shown: one long incident moves it far.", one, many)
	if len(s.Incidents) >= MinTrend {
		p.say("%s", Caution)
	} else {
		p.say("With fewer than %d incidents nothing is said of how anything went over time.", MinTrend)
	}
	p.say("firebreak stats --explain METRIC says what is meant, and lists each value: %s.", strings.Join(Keys(), ", "))
}

// Explain says what a metric or a tally is, and lists each of its values. ok is
// false where there is none of that name.
func (s Stats) Explain(key string, st Style) (text string, ok bool) {
	st.Width = max(st.Width, narrowest)
	p := &page{Style: st}
	if m, ok := s.Metric(key); ok {
		s.explainMetric(p, m)
		return p.out.String(), true
	}
	i := slices.IndexFunc(s.Tallies, func(t Tally) bool { return t.Key == key })
	if i < 0 {
		return "", false
	}
	t := s.Tallies[i]
	p.say("%s (%s)", t.Title, t.Key)
	p.say("  %s", t.Meaning)
	for _, c := range t.Counts {
		means := ""
		if c.Means != "" {
			means = ", " + c.Means
		}
		p.say("  %d %s%s", c.N, c.Word, means)
		if c.N > 0 {
			p.say("      %s", some(c.Incidents))
		}
	}
	return p.out.String(), true
}

func (s Stats) explainMetric(p *page, m Metric) {
	p.say("%s (%s), for each %s", m.Title, m.Key, m.Per)
	if m.From != "" {
		p.say("  from: %s", m.From)
		p.say("  to: %s", m.To)
	}
	if m.Meaning != "" {
		p.say("  %s", m.Meaning)
	}
	p.say("  %s", Method)
	if m.N > 0 {
		p.say("\n  n %d: %s", m.N, s.numbers(m.Definition, m.Summary))
		p.say("  over time: %s.", m.Trend.Says)
		if m.Trend.Earlier != nil {
			p.say("  %s", Caution)
		}
	}
	p.say("")
	for _, d := range m.Dots {
		p.say("  %s  %s", term.Pad(named(d.Incident, d.Of), 16), Show(m.Unit, d.Value))
		if !d.From.Time.IsZero() {
			p.say("      %s", pointText(d.From))
			p.say("      %s", pointText(d.To))
		}
	}
	for _, x := range m.Missing {
		word := map[Knowledge]string{Running: "not over", Unknown: "unknown"}[x.State]
		p.say("  %s  %s: %s", term.Pad(named(x.Incident, x.Of), 16), word, term.Safe(x.Why))
	}
	if len(m.Dots)+len(m.Missing) == 0 {
		p.say("  No incident has this.")
	}
}

func named(id incident.ID, of string) string {
	if of == "" {
		return string(id)
	}
	return string(id) + " " + term.Safe(of)
}

func pointText(p Point) string {
	out := p.Time.UTC().Format("2006-01-02 15:04:05Z") + "  " + term.Safe(p.What)
	if p.Seq > 0 {
		out += fmt.Sprintf(" (#%d)", p.Seq)
	}
	return out
}
