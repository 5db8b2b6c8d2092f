package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/internal/term"
	"firebreak/record"
	"firebreak/response"
)

// findings are what triage says to look at first: a list, and below it why, what
// else it may be, and what to look at next.
type findings struct {
	*app
	report query[response.TriageReport]
	asked  int64 // how many events the timeline had then; -1 for never
	all    bool  // dismissed ones too
	filter filter
	place
	page int
	open func(filter string) tea.Cmd // the timeline with that filter; the model sets it
}

func newFindings(a *app) *findings { return &findings{app: a, asked: -1, page: 10} }

func (v *findings) Title() string { return "Triage" }
func (v *findings) Typing() bool  { return v.filter.on }

func (v *findings) Back() (tea.Cmd, bool) { return nil, v.filter.back() }

// Load asks the rules again when the timeline has other events than before.
func (v *findings) Load() tea.Cmd {
	n := v.board.value.Events
	if !v.board.loaded || v.asked == n && (v.report.loaded || v.report.busy) {
		return nil
	}
	v.asked = n
	return v.again()
}

func (v *findings) again() tea.Cmd {
	id, o := v.id, response.TriageOptions{All: v.all}
	return v.report.ask(v.ctx, func(ctx context.Context) (response.TriageReport, error) {
		return v.desk.Triage(ctx, id, o, nil)
	}, func() tea.Cmd {
		if err := v.report.err; err != nil && !errors.Is(err, context.Canceled) {
			v.asked = -1
			return v.fail("triage", err)
		}
		return nil
	})
}

func (v *findings) found() []response.TriageFinding {
	var out []response.TriageFinding
	for _, f := range v.report.value.Findings {
		if v.filter.fits(string(f.Severity), f.ID, f.Title, f.About, f.Host, f.Reason, f.Rule, f.Technique) {
			out = append(out, f)
		}
	}
	return out
}

func (v *findings) selected() (response.TriageFinding, bool) {
	fs := v.found()
	if len(fs) == 0 {
		return response.TriageFinding{}, false
	}
	return fs[min(v.at, len(fs)-1)], true
}

func (v *findings) on(do func(response.TriageFinding) tea.Cmd) func() tea.Cmd {
	return func() tea.Cmd {
		f, ok := v.selected()
		if !ok {
			return v.tell("no finding is selected")
		}
		return do(f)
	}
}

func (v *findings) Actions() []action {
	table := []action{
		{id: "finding.events", title: "the events behind the finding, on the timeline", foot: "events", keys: []string{"enter"}, run: v.on(func(f response.TriageFinding) tea.Cmd { return v.open(f.Filter) })},
		{id: "finding.read", title: "read the finding whole", foot: "read", keys: []string{"o"}, run: v.on(func(f response.TriageFinding) tea.Cmd {
			return v.push(v.read("Finding "+f.ID, func(w int) []line { return findingText(f, w) }))
		})},
		{id: "finding.star", title: "star its events", foot: "star", keys: []string{"*"}, writes: true, run: v.on(v.star)},
		{id: "finding.tag", title: "tag its events", foot: "tag", keys: []string{"t"}, writes: true, run: v.on(v.tag)},
		{id: "finding.confirm", title: "confirm the finding, with a reason", foot: "confirm", keys: []string{"c"}, writes: true, run: v.on(func(f response.TriageFinding) tea.Cmd { return v.judge(f, true) })},
		{id: "finding.dismiss", title: "dismiss the finding, with a reason", foot: "dismiss", keys: []string{"d"}, writes: true, run: v.on(func(f response.TriageFinding) tea.Cmd { return v.judge(f, false) })},
		{id: "finding.all", title: "show dismissed findings too, or leave them out", keys: []string{"u"}, run: func() tea.Cmd { v.all = !v.all; return v.again() }},
		{id: "finding.again", title: "ask the rules again", keys: []string{"r"}, run: func() tea.Cmd { return v.again() }},
		{id: "finding.filter", title: "filter as you type", foot: "filter", keys: []string{"/"}, run: func() tea.Cmd { v.filter.on = true; return nil }},
	}
	return append(table, mover(func(n int) tea.Cmd { v.move(n, len(v.found())); return nil }, func() int { return v.page }, nil, nil)...)
}

func (v *findings) Update(msg tea.Msg) tea.Cmd {
	if k, ok := msg.(tea.KeyMsg); ok {
		v.filter.key(k)
		v.place = place{}
	}
	return nil
}

// events reads those behind a finding, and says when there are more.
func (v *findings) events(f response.TriageFinding, key, title string, do func(context.Context, []response.MarkedEvent) error, then func()) tea.Cmd {
	id := v.id
	return v.start(errand{
		key: key + ":" + f.ID, title: title,
		do: func(ctx context.Context, _ response.ProgressFunc) (string, error) {
			es, err := v.desk.Page(ctx, id, response.PageRequest{Filter: f.Filter, Limit: response.MaxMarks})
			if err != nil {
				return "", err
			}
			says := title + ": " + plural(int64(len(es)), "event")
			if f.Count > int64(len(es)) {
				says += " of " + number(f.Count)
			}
			return says, do(ctx, es)
		},
		then: func() tea.Cmd {
			if then != nil {
				then()
			}
			return nil
		},
	})
}

func (v *findings) star(f response.TriageFinding) tea.Cmd {
	id, yes := v.id, true
	return v.events(f, "star", "starred", func(ctx context.Context, es []response.MarkedEvent) error {
		return v.desk.MarkAll(ctx, id, es, response.MarkRequest{Star: &yes})
	}, nil)
}

func (v *findings) tag(f response.TriageFinding) tea.Cmd {
	id, draft := v.id, "tag:finding:"+f.ID
	return v.typed(&prompt{
		title: "Tag the events of the finding", text: f.Title + ": " + f.About + "\n-TAG takes a tag away.", draft: draft,
		submit: func(text string, _ bool) tea.Cmd {
			tags := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' })
			return v.events(f, "tag", "tagged", func(ctx context.Context, es []response.MarkedEvent) error {
				return v.desk.MarkAll(ctx, id, es, response.MarkRequest{Tags: tags})
			}, func() { v.draft(draft, "") })
		},
	})
}

// judge records a person's word on a finding, and asks again.
func (v *findings) judge(f response.TriageFinding, confirmed bool) tea.Cmd {
	id, verb, done := v.id, "Dismiss", record.Dismissed
	if confirmed {
		verb, done = "Confirm", record.Confirmed
	}
	draft := "judge:" + string(id) + ":" + f.ID
	return v.typed(&prompt{
		title: verb + " the finding", text: f.Title + ": " + f.About + "\nWhy? The reason is recorded.", draft: draft,
		submit: func(text string, _ bool) tea.Cmd {
			return v.start(errand{
				key: "judge:" + f.ID, title: strings.ToLower(verb) + " the finding",
				do: func(ctx context.Context, _ response.ProgressFunc) (string, error) {
					return done + ": " + bound(f.About, 60), v.desk.JudgeFinding(ctx, id, f, confirmed, text)
				},
				then: func() tea.Cmd { v.draft(draft, ""); return v.again() },
			})
		},
	})
}

func (v *findings) View(w, h int) string {
	fs, r := v.found(), v.report.value
	head := line{{strong, " Triage  "}, {usual, plural(int64(len(r.Findings)), "finding")}}
	if r.Dismissed > 0 {
		head = head.with(sp(faint, ", "+number(int64(r.Dismissed))+" dismissed (u)"))
	}
	var right line
	switch {
	case v.report.busy:
		right = look(faint, " asking the rules ")
	case len(r.Notes) > 0:
		right = look(warn, " not all was looked at (o) ")
	case v.report.loaded:
		right = look(faint, " "+plural(int64(r.Rules), "rule")+" ")
	}
	out := append([]line{ends(head, right, w)}, v.filter.line(w)...)
	var foot []line
	if f, ok := v.selected(); ok && h >= 12 {
		foot = append(foot, v.paint.ruled(nil, w))
		for _, l := range fit(findingText(f, w-2), h/2) {
			foot = append(foot, append(line{{usual, " "}}, l...))
		}
	}
	switch {
	case !v.report.loaded && v.report.err != nil:
		out = append(out, look(bad, " the rules could not be asked: ! has the reason"))
	case !v.report.loaded:
		out = append(out, look(faint, " asking the rules"))
	case v.board.value.Events == 0:
		out = append(out, nil, say("  Nothing is on the timeline yet: 4 leads to the evidence."))
	case len(r.Findings) == 0:
		out = append(out, nil, say("  The rules found nothing. That does not say that nothing is there."))
	case len(fs) == 0:
		out = append(out, look(faint, "  no finding has that in it; esc clears the filter"))
	default:
		out = append(out, look(faint, v.columns("SEVERITY", "FINDING", "HOST", "FIRST", w)))
	}
	v.page = max(h-len(out)-len(foot), 1)
	from, to := v.visible(len(fs), v.page)
	for i := from; i < to; i++ {
		out = append(out, row(v.line(fs[i], w), i == v.at, w))
	}
	return v.paint.block(append(fit(out, h-len(foot)), foot...), w, h)
}

// line is one finding in a row.
func (v *findings) line(f response.TriageFinding, w int) line {
	what := bound(f.About, w/2) + "  " + f.Title // the thing first: titles are alike
	if f.Judged != nil {
		what = f.Judged.Verdict + "  " + what
	}
	text := v.columns(strings.ToUpper(string(f.Severity)), what, f.Host, clock(f.First, v.now()), w)[1:]
	const severity = 9 // cells, with the gap before
	return line{{severityMark(string(f.Severity)), text[:severity]}, {usual, text[severity:]}}
}

// severityMark is the colour of a severity; the word stands there too.
func severityMark(s string) mark {
	switch s {
	case "critical":
		return bad
	case "high":
		return warn
	case "info":
		return faint
	}
	return usual
}

// columns lays out one row, dropping what does not fit a narrow screen.
func (v *findings) columns(severity, what, host, at string, w int) string {
	cell := func(s string, n int) string { return term.Pad(term.Safe(bound(s, n)), n) }
	rest := w - 2 - 10 - 13
	if w >= wide {
		rest -= 14
	}
	s := "  " + term.Pad(severity, 8) + "  " + cell(what, max(rest, 8)) + "  "
	if w >= wide {
		s += cell(host, 12) + "  "
	}
	return s + term.Pad(at, 11)
}

// findingText is a finding whole.
func findingText(f response.TriageFinding, w int) []line {
	out := wrap(strong, f.Title+": "+f.About, w)
	add := func(label, text string) { out = append(out, labelled(pad(label, 8), text, w)...) }
	add("Why", f.Reason)
	for _, a := range f.Also {
		add("Also", a.Title+": "+a.Reason)
	}
	if f.Judged != nil {
		add("Judged", f.Judged.Verdict+" by "+f.Judged.By+", "+stamp(f.Judged.Time)+": "+f.Judged.Reason)
	}
	add("May be", f.FalsePositive)
	for i, n := range f.Next {
		add(map[bool]string{true: "Next", false: ""}[i == 0], n)
	}
	when := "undated"
	if !f.First.IsZero() {
		when = stamp(f.First)
		if f.Last.After(f.First) {
			when += " to " + stamp(f.Last)
		}
	}
	add("When", when)
	add("Rule", strings.TrimSpace(strings.Join(f.Rules(), ", ")+"  "+f.Technique))
	add("Events", fmt.Sprintf("%s, from %s", number(f.Count), strings.Join(f.Exhibits, ", ")))
	return out
}
