package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/record"
	"firebreak/response"
	"firebreak/review/clocks"
)

// clocksScreen are the deadlines of an incident: a list, and below it all of the one
// that is selected.
type clocksScreen struct {
	*app
	sheet query[response.ClockSheet]
	size  int64 // entries of the record when the sheet was asked for
	all   bool  // those that do not apply too
	place
	page int
}

func newClocks(a *app) *clocksScreen { return &clocksScreen{app: a, size: -1, page: 10} }

func (v *clocksScreen) Title() string          { return "Clocks" }
func (v *clocksScreen) Typing() bool           { return false }
func (v *clocksScreen) Back() (tea.Cmd, bool)  { return nil, false }
func (v *clocksScreen) Update(tea.Msg) tea.Cmd { return nil }

// Load reads the deadlines again when the record has grown.
func (v *clocksScreen) Load() tea.Cmd {
	size := v.board.value.Head.Size
	if !v.board.loaded || v.size == size && (v.sheet.loaded || v.sheet.busy) {
		return nil
	}
	v.size = size
	return v.again()
}

func (v *clocksScreen) again() tea.Cmd {
	id := v.id
	return v.sheet.ask(v.ctx, func(ctx context.Context) (response.ClockSheet, error) { return v.desk.Clocks(ctx, id) }, func() tea.Cmd {
		if err := v.sheet.err; err != nil && !errors.Is(err, context.Canceled) {
			v.size = -1
			return v.fail("read the deadlines", err)
		}
		return nil
	})
}

func (v *clocksScreen) shown() []clocks.Line {
	var out []clocks.Line
	for _, l := range v.sheet.value.Lines {
		if v.all || l.State != clocks.NotApplicable {
			out = append(out, l)
		}
	}
	return out
}

func (v *clocksScreen) selected() (clocks.Line, bool) {
	ls := v.shown()
	if len(ls) == 0 {
		return clocks.Line{}, false
	}
	return ls[min(v.at, len(ls)-1)], true
}

func (v *clocksScreen) on(do func(clocks.Line) tea.Cmd) func() tea.Cmd {
	return func() tea.Cmd {
		l, ok := v.selected()
		if !ok {
			return v.tell("no deadline is selected")
		}
		return do(l)
	}
}

// law keeps acts from the deadlines of the house: what becomes of those follows from
// the record.
func (v *clocksScreen) law(do func(clocks.Line) tea.Cmd) func() tea.Cmd {
	return v.on(func(l clocks.Line) tea.Cmd {
		if l.Regime == clocks.House {
			return v.tell(l.Clock + " follows from the record by itself")
		}
		return do(l)
	})
}

func (v *clocksScreen) Actions() []action {
	table := []action{
		{id: "clock.open", title: "read all that is known of the deadline", foot: "read", keys: []string{"enter"}, run: v.on(func(l clocks.Line) tea.Cmd {
			return v.push(v.read(l.Clock, func(w int) []line { return clockText(l, v.now(), w, true) }))
		})},
		{id: "clock.start", title: "say when something happened that deadlines count from", foot: "start", keys: []string{"s"}, writes: true, after: true, run: v.startClock},
		{id: "clock.met", title: "say that what the deadline asks for was done", foot: "met", keys: []string{"m"}, writes: true, after: true, run: v.law(v.metClock)},
		{id: "clock.applies", title: "say that the deadline applies, with a reason", foot: "applies", keys: []string{"+", "="}, writes: true, after: true, run: v.law(func(l clocks.Line) tea.Cmd { return v.judge(l, true) })},
		{id: "clock.not", title: "say that it does not apply, with a reason", foot: "not", keys: []string{"-"}, writes: true, after: true, run: v.law(func(l clocks.Line) tea.Cmd { return v.judge(l, false) })},
		{id: "clock.draft", title: "draft the notification: nothing is sent", foot: "draft", keys: []string{"d"}, run: v.law(v.draftClock)},
		{id: "clock.all", title: "show those that do not apply too, or leave them out", keys: []string{"u"}, run: func() tea.Cmd { v.all = !v.all; v.dirty = true; return nil }},
	}
	return append(table, mover(func(n int) tea.Cmd { v.move(n, len(v.shown())); return nil }, func() int { return v.page }, nil, nil)...)
}

// typedMoment reads a time as people type it into a form: nothing is now.
func typedMoment(text string, now time.Time) (time.Time, error) {
	now = now.UTC().Truncate(time.Second)
	if text == "" {
		return now, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04Z", "2006-01-02 15:04", "2006-01-02 15:04:05Z"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	for _, layout := range []string{"15:04Z", "15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			t = time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), 0, 0, time.UTC)
			if t.After(now) { // 23:50, said after midnight
				t = t.AddDate(0, 0, -1)
			}
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("time %q: want 2026-11-21 03:12 or 03:12, in UTC", text)
}

const whenHint = "UTC: 2026-11-21 03:12, or 03:12; empty: now"

// startClock asks what happened, when, and who says so.
func (v *clocksScreen) startClock() tea.Cmd {
	id := v.id
	var events []string
	for _, e := range clocks.Events() {
		events = append(events, string(e))
	}
	f := &form{title: "Deadlines count from it", draft: "clock.start:" + string(id), send: "Record", text: "A deadline counts from what people judge. What is said here is recorded with your name; a later word on the same replaces it."}
	f.entries = []*entry{
		{name: "event", label: "What happened", hint: strings.Join(events, ", ")},
		{name: "at", label: "When", hint: whenHint},
		{name: "reason", label: "Who judged so, and by what"},
		{name: "only", label: "Only for", hint: "a clock; empty: for all that begin so"},
	}
	f.submit = func(in map[string]string) (tea.Cmd, error) {
		at, err := typedMoment(in["at"], v.now())
		if err != nil {
			return nil, err
		}
		if in["event"] == "" || in["reason"] == "" {
			return nil, errors.New("say what happened, and who judged so")
		}
		c := record.ClockStart{Event: in["event"], At: at, Reason: in["reason"]}
		if in["only"] != "" {
			c.Clocks = strings.FieldsFunc(in["only"], func(r rune) bool { return r == ' ' || r == ',' })
		}
		return v.start(errand{
			key: "clock.start", title: "deadlines from " + c.Event,
			do: func(ctx context.Context, _ response.ProgressFunc) (string, error) {
				return c.Event + " at " + stamp(at), v.desk.StartClock(ctx, id, c)
			},
			then: func() tea.Cmd { f.sent(); return v.again() },
		}), nil
	}
	cmd := v.fill(f)
	if l, ok := v.selected(); ok && l.State == clocks.NotStarted && l.Start != clocks.Previous {
		from := l.Start
		if from == clocks.YearEnd {
			from = clocks.Discovered
		}
		f.offer("event", string(from))
	}
	return cmd
}

// metClock asks when what a deadline asks for was done, and by what that is shown.
func (v *clocksScreen) metClock(l clocks.Line) tea.Cmd {
	id := v.id
	f := &form{title: "Done: " + l.Clock, draft: "clock.met:" + string(id) + ":" + l.Clock, send: "Record", text: l.Duty + ", to " + l.To + ". It is your word that it was done: the program sends nothing."}
	f.entries = []*entry{
		{name: "at", label: "When", hint: whenHint},
		{name: "to", label: "To whom"},
		{name: "how", label: "How", hint: "portal, mail, by phone"},
		{name: "proof", label: "Proof", hint: "an exhibit (e4), an action (a2), their number"},
	}
	f.submit = func(in map[string]string) (tea.Cmd, error) {
		at, err := typedMoment(in["at"], v.now())
		if err != nil {
			return nil, err
		}
		m := record.Submission{Clock: l.Clock, At: at, To: in["to"], How: in["how"], Proof: in["proof"]}
		return v.start(errand{
			key: "clock.met:" + l.Clock, title: "done: " + l.Clock,
			do: func(ctx context.Context, _ response.ProgressFunc) (string, error) {
				return l.Clock + " done at " + stamp(at), v.desk.MeetClock(ctx, id, m)
			},
			then: func() tea.Cmd { f.sent(); return v.again() },
		}), nil
	}
	return v.fill(f)
}

func (v *clocksScreen) judge(l clocks.Line, applies bool) tea.Cmd {
	id, word := v.id, "does not apply"
	if applies {
		word = "applies"
	}
	draft := "clock.choose:" + string(id) + ":" + l.Clock
	return v.typed(&prompt{
		title: l.Clock + " " + word, text: l.Duty + "\nIt is for: " + l.Rule().Who + ", where there is " + l.Rule().When + ".\nWhy, and who says so? The reason is recorded.", draft: draft,
		submit: func(text string, _ bool) tea.Cmd {
			return v.start(errand{
				key: "clock.choose:" + l.Clock, title: l.Clock + " " + word,
				do: func(ctx context.Context, _ response.ProgressFunc) (string, error) {
					return l.Clock + " " + word, v.desk.ChooseClock(ctx, id, l.Clock, applies, text)
				},
				then: func() tea.Cmd { v.draft(draft, ""); return v.again() },
			})
		},
	})
}

// draftClock shows the notification as far as the record has it.
func (v *clocksScreen) draftClock(l clocks.Line) tea.Cmd {
	id := v.id
	var d clocks.Draft
	return v.start(errand{
		key: "clock.draft:" + l.Clock, title: "draft: " + l.Clock,
		do: func(ctx context.Context, _ response.ProgressFunc) (says string, err error) {
			d, err = v.desk.DraftClock(ctx, id, l.Clock)
			return fmt.Sprintf("%d missing, marked in it", len(d.Missing)), err
		},
		then: func() tea.Cmd {
			if v.id != id {
				return nil
			}
			return v.pushSelf(v.read("Draft: "+l.Clock, func(w int) []line {
				var out []line
				for text := range strings.SplitSeq(d.Text, "\n") {
					tone := usual
					if strings.Contains(text, "[MISSING:") {
						tone = warn
					}
					if text == "" {
						out = append(out, nil)
						continue
					}
					out = append(out, wrap(tone, text, w)...)
				}
				return append(out, wrap(faint, fmt.Sprintf("firebreak clocks draft %s %s --to FILE writes it for you to complete. Nothing is sent.", id, l.Clock), w)...)
			}))
		},
	})
}

func (v *clocksScreen) View(w, h int) string {
	ls, sheet := v.shown(), v.sheet.value
	running, late := clockCounts(sheet.Lines, v.now())
	head := line{{strong, " Clocks  "}, {usual, plural(int64(running), "deadline") + " running"}}
	if late > 0 {
		head = head.with(sp(bad, ", "+number(int64(late))+" LATE"))
	}
	right := look(faint, " advice, not legal advice ")
	switch {
	case v.sheet.busy && !v.sheet.loaded:
		right = look(faint, " reading ")
	case sheet.Stale:
		right = look(warn, " looked at "+sheet.Checked+": too long ago ")
	case sheet.Checked != "":
		right = look(faint, " advice; looked at "+sheet.Checked+" ")
	}
	out := []line{ends(head, right, w)}
	var foot []line
	if l, ok := v.selected(); ok && h >= 12 {
		foot = append(foot, v.paint.ruled(nil, w))
		for _, t := range scrolled(clockText(l, v.now(), w-2, false), 0, max(h/2-1, 4)) {
			foot = append(foot, append(line{{usual, " "}}, t...))
		}
	}
	v.page = max(h-len(out)-len(foot), 1)
	from, to := v.visible(len(ls), v.page)
	for i := from; i < to; i++ {
		out = append(out, row(clockRow(ls[i], v.now(), w-1), i == v.at, w))
	}
	switch hidden := len(sheet.Lines) - len(ls); {
	case hidden > 0:
		out = append(out, look(faint, "  "+plural(int64(hidden), "deadline")+map[bool]string{true: " does", false: " do"}[hidden == 1]+" not apply: u shows what was said"))
	case len(ls) == 0 && v.sheet.loaded:
		out = append(out, wrap(faint, "  No deadline is shown. clocks: {regimes: [GDPR]} in the configuration turns a regime on; firebreak clocks list shows what is known; firebreak clocks applies puts one on this incident.", w)...)
	}
	for _, n := range sheet.Named {
		out = append(out, wrap(faint, "  The playbook names "+n.Clock+" "+whereTrue(n.When), w)...)
	}
	return v.paint.block(append(fit(out, h-len(foot)), foot...), w, h)
}

func whereTrue(condition string) string {
	if condition == "" {
		return ""
	}
	return "where " + condition
}

// clockCounts counts those that run, and those that are late by now.
func clockCounts(ls []clocks.Line, now time.Time) (running, late int) {
	for _, l := range ls {
		switch {
		case !l.State.Running():
		case now.After(l.Due):
			late++
			running++
		default:
			running++
		}
	}
	return running, late
}

// clockState is where a deadline stands now, in the first column's words.
func clockState(l clocks.Line, now time.Time) span {
	switch l.State {
	case clocks.Late, clocks.DueSoon, clocks.Running:
		left := l.Due.Sub(now)
		switch {
		case left < 0:
			return sp(bad, "LATE "+lasted(-left))
		case l.State == clocks.DueSoon:
			return sp(warn, lasted(left)+" left")
		}
		return sp(usual, lasted(left)+" left")
	case clocks.MetLate:
		return sp(warn, "met late")
	case clocks.MetInTime:
		return sp(good, "met in time")
	case clocks.OpenDuty:
		return sp(strong, "open duty")
	case clocks.Done:
		return sp(good, "done")
	case clocks.NotStarted, clocks.NotApplicable:
	}
	return sp(faint, string(l.State))
}

func clockRow(l clocks.Line, now time.Time, w int) line {
	state := clockState(l, now)
	state.text = " " + pad(state.text, 15)
	who := l.Regime
	if l.Applies == clocks.Undecided && l.Sure != clocks.Own && l.State != clocks.NotApplicable {
		who += " ?"
	}
	return ends(line{state, {usual, l.Clock + "  "}, {faint, l.Duty}}, look(faint, " "+who+" "), w)
}

// clockText is a deadline in words; all is everything that is known of it.
func clockText(l clocks.Line, now time.Time, w int, all bool) []line {
	state := clockState(l, now)
	out := wrap(strong, l.Duty, w)
	out = append(out, line{state, {faint, "  " + l.Clock}})
	add := func(label, text string) { out = append(out, labelled(label, text, w)...) }
	if !l.Due.IsZero() {
		add("Due     ", strings.Trim(stamp(l.Due)+", "+l.DueLocal, ", "))
	}
	add("Limit   ", l.Limit)
	if !l.Started.IsZero() {
		add("From    ", string(l.Start)+" at "+stamp(l.Started))
	}
	add("Waits   ", l.WaitsFor)
	if !l.Latest.IsZero() {
		add("Latest  ", "if that is before, it is due at "+stamp(l.Latest)+" at the latest")
	}
	if !l.Met.IsZero() {
		add("Done    ", strings.TrimSpace(stamp(l.Met)+" "+l.Submitted))
		add("Proof   ", l.Proof)
	}
	switch {
	case l.Applies == clocks.Undecided && l.Sure != clocks.Own:
		add("Applies ", "nobody has said so (+ or -)")
	case l.Why != "":
		add("Applies ", l.Applies+": "+l.Why)
	}
	for _, n := range l.Notes {
		out = append(out, wrap(warn, "! "+n, w)...)
	}
	add("To      ", l.To)
	if l.Regime != clocks.House {
		sure := string(l.Sure)
		if l.Checked != "" && l.Sure != clocks.Own {
			sure += ", looked at on " + l.Checked
		}
		add("By      ", strings.Trim(l.Regime+", "+l.Citation, ", ")+" ["+sure+"]")
	}
	if !all {
		return out
	}
	r := l.Rule()
	add("Said    ", l.Reason)
	add("For     ", r.Who)
	add("Where   ", r.When)
	add("Counted ", r.Counting)
	for _, a := range r.Content {
		add("Wants   ", a.Text)
	}
	for _, e := range r.Exceptions {
		add("Except  ", e)
	}
	add("Also    ", r.Also)
	add("Note    ", l.About)
	add("Watch   ", l.Watch)
	for _, s := range l.Sources {
		add("Source  ", s)
	}
	return out
}

// minutePassed has the screen drawn anew each minute while a deadline runs: how long
// is left must not stand still.
func (m *Model) minutePassed() {
	now := m.now().Unix() / 60
	if now != m.minute && len(m.board.value.Clocks) > 0 {
		m.dirty = true
	}
	m.minute = now
}

// deadlines are the nearest ones for the dashboard, at most n lines.
func (d *dashboard) deadlines(n int) []line {
	b := d.board.value
	if b.NoClocks != "" {
		return []line{{{bad, "  deadlines are not known: "}, {usual, b.NoClocks}}}
	}
	var out []line
	duties, more := 0, 0
	for _, l := range b.Clocks {
		switch {
		case l.State == clocks.OpenDuty:
			duties++
		case len(out) >= n:
			more++
		default:
			out = append(out, line{{usual, "  "}, clockState(l, d.now()), {usual, "  " + l.Clock}})
		}
	}
	for i, l := range b.Unjudged {
		if i == n {
			break
		}
		out = append(out, line{{warn, "  ? "}, {usual, l.Clock}, {faint, "  judge: 7"}})
	}
	if more+duties > 0 {
		var parts []string
		if more > 0 {
			parts = append(parts, number(int64(more))+" more running")
		}
		if duties > 0 {
			parts = append(parts, plural(int64(duties), "open duty"))
		}
		text := strings.ReplaceAll(strings.Join(parts, ", "), "dutys", "duties")
		out = append(out, line{{usual, "  " + text}, {faint, "  7"}})
	}
	return out
}
