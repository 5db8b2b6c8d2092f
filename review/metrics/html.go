package metrics

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"
	"time"

	"firebreak/review"
	"firebreak/review/look"
)

//go:embed stats.html.tmpl
var pageText string

//go:embed stats.css
var pageStyle string

// HTML writes the statistics as one self-contained page that looks like the page
// of a review: no script, nothing loaded from anywhere, light and dark, and fit
// to print. What a picture shows stands in a table beside it.
func (s Stats) HTML() ([]byte, error) {
	t, err := template.New("stats").Funcs(template.FuncMap{
		"safe": review.Harmless, "day": day, "show": Show, "count": count, "some": some, "upper": strings.ToUpper, "box": look.Box,
		"stamp": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") },
		"role":  func(r string) string { return strings.ReplaceAll(r, "none", "without a role") },
		"named": func(of string) string { return review.Harmless(of) },
	}).Parse(pageText)
	if err != nil {
		return nil, fmt.Errorf("parse page: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, s.sheet()); err != nil {
		return nil, fmt.Errorf("write page: %w", err)
	}
	return b.Bytes(), nil
}

// sheet is what the template reads.
type sheet struct {
	S       Stats
	Head    template.HTML
	Kind    string
	First   time.Time
	Last    time.Time
	Blocks  []sheetBlock
	Empty   []string
	Ways    []way
	Repeat  []Factor
	Once    int
	Figures []sheetFigure
	Trend   int
	Caution string
	BoxFrom int
}

// way is one way of grouping, with its groups.
type way struct {
	By     string
	Groups []Group
}

type sheetFigure struct{ Value, Label string }

type sheetBlock struct {
	ID, Title, Note string
	Metrics         []sheetMetric
}

type sheetMetric struct {
	Metric
	Chart template.HTML
	Rows  []sheetRow
}

// sheetRow is a row of a metric's table.
type sheetRow struct {
	Name string
	Summary
	Low, Q1, Mid, Q3, High string
}

func (s Stats) sheet() sheet {
	out := sheet{
		S: s, Head: look.Head("Incident statistics: "+count(len(s.Incidents), s.kind()), look.Base(), look.Chart(), pageStyle),
		Kind: s.kind(), Trend: MinTrend, Caution: Caution, BoxFrom: boxFrom,
	}
	out.First, out.Last = s.span()
	for _, by := range []string{BySeverity, ByPlaybook, ByQuarter} {
		w := way{By: by}
		for _, g := range s.Groups {
			if g.By == by {
				w.Groups = append(w.Groups, Group{by, review.Harmless(g.Shown()), g.Incidents})
			}
		}
		if len(w.Groups) > 0 {
			out.Ways = append(out.Ways, w)
		}
	}
	for _, b := range []struct{ unit, id, title, note string }{
		{Time, "times", "Lengths of time", "Drawn by their logarithm, all on one scale. Each dot is one value."},
		{Steps, "steps", "Steps of playbooks, in each incident", "Each dot is one incident."},
		{Acts, "nights", "Acts of people at night, in each incident", "From 22:00 to 6:00, " + review.Harmless(s.Zone) + ". Each dot is one incident."},
	} {
		block := sheetBlock{ID: b.id, Title: b.title, Note: b.note}
		sc := scaleOf(b.unit, s.Metrics)
		for _, m := range s.Metrics {
			switch {
			case m.Unit != b.unit:
			case m.N == 0 && m.Running+m.Unknown == 0:
				out.Empty = append(out.Empty, m.Title)
			case m.N == 0:
				out.Empty = append(out.Empty, m.Title+" ("+absent(m.Summary)+")")
			default:
				block.Metrics = append(block.Metrics, sheetMetric{m, s.plot(m, sc), rowsOf(m)})
			}
		}
		if len(block.Metrics) > 0 {
			out.Blocks = append(out.Blocks, block)
		}
	}
	for _, f := range s.Factors {
		if len(f.Incidents) > 1 {
			out.Repeat = append(out.Repeat, f)
		} else {
			out.Once++
		}
	}
	out.figures()
	return out
}

// figures are the numbers on top.
func (h *sheet) figures() {
	add := func(value, label string) { h.Figures = append(h.Figures, sheetFigure{value, label}) }
	add(fmt.Sprint(len(h.S.Incidents)), h.Kind+"s counted")
	if n := len(h.S.NotCounted); n > 0 {
		add(fmt.Sprint(n), "not counted")
	}
	for _, key := range []string{"opened-acknowledged", "opened-contained", "opened-recovered", "approval-wait"} {
		if m, ok := h.S.Metric(key); ok && m.N > 0 {
			add(Show(m.Unit, *m.Median), fmt.Sprintf("%s, median of %d", strings.ToLower(m.Title[:1])+m.Title[1:], m.N))
		}
	}
	for _, t := range h.S.Tallies {
		if t.N > 0 && (t.Key == "clocks" || t.Key == "items") {
			add(fmt.Sprintf("%d of %d", t.Counts[0].N, t.N), strings.ToLower(t.Title)+" "+t.Counts[0].Word)
		}
	}
}

func rowsOf(m Metric) []sheetRow {
	row := func(name string, s Summary) sheetRow {
		r := sheetRow{Name: name, Summary: s}
		if s.N > 0 {
			r.Low, r.Q1, r.Mid, r.Q3, r.High = Show(m.Unit, *s.Min), Show(m.Unit, *s.Q1), Show(m.Unit, *s.Median), Show(m.Unit, *s.Q3), Show(m.Unit, *s.Max)
		}
		return r
	}
	out := []sheetRow{row("all", m.Summary)}
	for _, g := range m.Groups {
		out = append(out, row(review.Harmless(g.group().Shown()), g.Summary))
	}
	return out
}
