package review

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

//go:embed page.html.tmpl
var pageText string

//go:embed page.css
var pageStyle string

// HTML writes the review as one self-contained page: no script, nothing loaded
// from anywhere (a content security policy says so too), charts drawn in place,
// light and dark after the reader's own setting, and fit to print.
func (r Review) HTML() ([]byte, error) {
	p := newPage(r.shown())
	t, err := template.New("page").Funcs(p.functions()).Parse(pageText)
	if err != nil {
		return nil, fmt.Errorf("parse page: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("write page: %w", err)
	}
	return b.Bytes(), nil
}

// page is what the template reads. R is already harmless.
type page struct {
	R             Review
	Style         template.CSS
	Open          bool
	TLP           string
	Figures       []figure
	Rows          []pageRow
	Bars          template.HTML
	Lanes         template.HTML
	Histogram     template.HTML
	HistogramSpan string
	TimelineNote  string
	Collections   []pageCollection
	IngestWords   string
	VerifyWords   string
	Broken        []string // exhibits that do not match their seal

	anchors map[int64]int64
}

type figure struct {
	Label string
	Value string
	Alarm bool
}

type pageRow struct {
	Row    Row
	Anchor int64
	Day    string
}

type pageCollection struct {
	Seq     int64
	Words   string
	Refused []record.Refusal
	More    int
}

func newPage(r Review) *page {
	p := &page{
		R: r, Style: template.CSS(pageStyle), Open: r.Incident.Status != incident.Closed, //nolint:gosec // our own style sheet
		TLP:  strings.TrimSuffix(string(r.Incident.TLP), "+strict"),
		Bars: barChart(r), Lanes: laneChart(r), Histogram: histogram(r),
		TimelineNote: r.timelineNote(), IngestWords: ingestSentence(r.Ingested), VerifyWords: verifyWords,
		Broken: r.broken(), anchors: map[int64]int64{},
	}
	if a := r.Activity; a != nil {
		p.HistogramSpan = stamp(a.From) + " to " + stamp(a.To)
	}
	p.rows()
	p.figures()
	shown := 0
	for _, c := range r.Collections {
		n := min(len(c.Refused), maxRows-shown)
		shown += n
		p.Collections = append(p.Collections, pageCollection{c.Seq, collectionSentence(c), c.Refused[:n], len(c.Refused) - n})
	}
	return p
}

func (p *page) rows() {
	today := ""
	for _, r := range p.R.Timeline[:min(len(p.R.Timeline), maxRows)] {
		row := pageRow{Row: r}
		if d := r.Time.Format("Monday, 2 January 2006"); !r.Time.IsZero() && d != today {
			row.Day, today = d, d
		}
		if !r.Evidence {
			row.Anchor = r.Seq
			for seq := r.Seq; seq <= max(r.Seq, r.LastSeq); seq++ {
				p.anchors[seq] = r.Seq
			}
		}
		p.Rows = append(p.Rows, row)
	}
}

// figures are the numbers that stand on top, alarms first.
func (p *page) figures() {
	var alarms, calm []figure
	for _, d := range p.R.Durations {
		if d.Key == "contain" || d.Key == "total" {
			calm = append(calm, figure{Label: map[string]string{"contain": "to contain", "total": "whole response"}[d.Key], Value: d.Shown()})
		}
	}
	done, all := 0, 0
	for _, r := range p.R.Runs {
		done += r.Counts.Done
		all += r.Counts.Done + r.Counts.Skipped + r.Counts.Failed + r.Counts.Open + r.Counts.Unreached
	}
	if all > 0 {
		calm = append(calm, figure{Label: "steps done", Value: fmt.Sprintf("%d of %d", done, all)})
	}
	verified, unknown := 0, 0
	for _, a := range p.R.Actions {
		if a.State == stateVerified {
			verified++
		}
		if a.open() {
			unknown++
		}
	}
	if unknown > 0 {
		alarms = append(alarms, figure{"unknown outcome", fmt.Sprint(unknown), true})
	}
	if n := len(p.Broken); n > 0 {
		alarms = append(alarms, figure{"broken exhibits", fmt.Sprint(n), true})
	}
	calm = append(calm,
		figure{Label: "actions verified", Value: fmt.Sprintf("%d of %d", verified, len(p.R.Actions))},
		figure{Label: "exhibits", Value: grouped(int64(len(p.R.Evidence)))},
		figure{Label: "events", Value: grouped(p.R.Ingested.Added)},
		figure{Label: "follow-ups", Value: fmt.Sprint(len(p.R.Items))},
	)
	p.Figures = append(alarms, calm...)
	p.Figures = p.Figures[:min(len(p.Figures), 8)] // one row
}

// PhaseNumber is the number of a phase, for its colour.
func (p *page) PhaseNumber(name string) int {
	phase, err := incident.ParsePhase(name)
	if err != nil {
		return 0
	}
	return int(phase)
}

// Progress draws what became of a run's steps.
func (p *page) Progress(r Run) template.HTML { return progressChart(r) }

func (p *page) functions() template.FuncMap {
	return template.FuncMap{
		"anchor": func(seq int64) int64 { return p.anchors[seq] },
		"stamp":  stamp,
		"day":    day,
		"clock":  clockOf,
		"span":   span,
		"size":   size,
		"group":  grouped,
		"brief":  brief,
		"count":  counted, "count64": counted64,
		"upper": func(v any) string { return strings.ToUpper(fmt.Sprint(v)) },
		"title": func(v any) string {
			s := fmt.Sprint(v)
			return strings.ToUpper(s[:min(1, len(s))]) + s[min(1, len(s)):]
		},
		"unsure":     func(a Action) bool { return a.open() },
		"final":      func(a Action) bool { return a.HowUndone() == irrevocable },
		"tone":       func(a Action) string { return first(stateTone(a.State), "plain") },
		"statetone":  stateTone,
		"resultword": ResultWord,
		"steptone":   stepTone,
		"remark":     stepRemark,
		"xremark":    exhibitRemark,
		"depth":      func(n int) int { return min(n, 3) },
		"few":        func(s []string) []string { return s[:min(len(s), 5)] },
	}
}

// clockOf is the time of day of a row; an event's with the precision it has.
func clockOf(r Row) string {
	switch {
	case r.Fine == "d":
		return "that day"
	case r.Fine == "m":
		return r.Time.Format("15:04")
	case r.Evidence && r.Time.Nanosecond() != 0:
		return r.Time.Round(time.Millisecond).Format("15:04:05.000")
	}
	return r.Time.Format("15:04:05")
}

func stateTone(state string) string {
	switch state {
	case stateVerified:
		return "ok"
	case stateSent, stateQueued:
		return "warn"
	case stateFailed, stateDropped:
		return "bad"
	case stateUnknown, stateSending:
		return "unknown"
	}
	return ""
}

func stepTone(state string) string {
	switch state {
	case stepDone:
		return "ok"
	case stepFailed:
		return "bad"
	case stepOpen, stepUnreached:
		return "warn"
	}
	return ""
}
