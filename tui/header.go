package tui

import (
	"fmt"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/response"
)

// The smallest terminal that is drawn on; the sizes from which more is shown.
const (
	leastW, leastH = 60, 15
	twoPanes       = 80
	wide           = 100
)

// View draws the whole screen.
func (m *Model) View() string {
	w, h := m.w, m.h
	if w == 0 || h == 0 {
		return ""
	}
	if m.veil != nil {
		return m.veil.view(m.paint, w, h)
	}
	if w < leastW || h < leastH {
		return m.paint.line(say("need 60x15, try: firebreak run --plain"), w)
	}
	bodyH := h - 5
	if m.dirty || m.bodyAt != [2]int{w, bodyH} {
		m.body = m.drawBody(w, bodyH)
		m.dirty, m.bodyAt = false, [2]int{w, bodyH}
		if l := m.front(); l != nil && l.grace.holds(m.now()) {
			m.dirty = true // the notice goes when the time is over
		}
	}
	return strings.Join([]string{
		m.paint.line(m.headline(w), w),
		m.paint.line(m.phases(w), w),
		m.paint.line(m.paint.ruled(nil, w), w),
		m.body,
		m.paint.line(m.paint.ruled(m.status(), w), w),
		m.paint.line(m.footer(w), w),
	}, "\n")
}

func (m *Model) drawBody(w, h int) string {
	if l := m.front(); l != nil {
		return m.paint.block(l.View(w, h), w, h)
	}
	return m.shown.View(w, h)
}

// headline is what must be in sight at any hour: which incident, how bad, is
// it real, how long, what time.
func (m *Model) headline(w int) line {
	now := m.now().UTC()
	clock := now.Format("15:04:05Z")
	if m.id == "" {
		r := look(usual, clock)
		if m.ro {
			r = append(look(quiet, " READ ONLY "), sp(usual, "  "+clock))
		}
		who := ""
		if m.desk != nil {
			who = m.desk.Actor().Name
		}
		return ends(line{{strong, "FIREBREAK"}, {usual, "  incidents  "}, {faint, who}}, r, w)
	}
	i := m.board.value.Incident
	if !m.board.loaded {
		return ends(line{{strong, string(m.id)}, {faint, "  reading"}}, look(usual, clock), w)
	}
	mode, word := live, i.Mode()
	switch {
	case m.readOnly() != "":
		mode, word = quiet, "READ ONLY"
	case i.Drill:
		mode = drill
	}
	sev := warn
	if i.Severity == incident.SEV1 {
		sev = bad
	}
	end := now
	if !i.Closed.IsZero() {
		end = i.Closed
	}
	r := line{{mode, " " + word + " "}, {usual, "  " + elapsed(end.Sub(i.Opened), w >= wide) + "  "}, {usual, clock}}
	if i.Drill && word != "DRILL" {
		r = append(line{{drill, " DRILL "}, {usual, " "}}, r...)
	}
	return ends(line{{strong, string(i.ID)}, {usual, " "}, {sev, i.Severity.String()}, {usual, " " + i.Title}}, r, w)
}

// phases is the way from identify to learn, and what waits. It is written in
// the longest form that fits.
func (m *Model) phases(w int) line {
	if m.id == "" {
		return look(faint, "identify > contain > eradicate > recover > learn")
	}
	long, short := m.pending(" waiting"), m.pending("")
	if roles := roleNames(m.board.value.Incident); len(roles) > 0 && w >= wide+10 {
		long = append(long, sp(faint, "   "+strings.Join(roles, "   ")))
	}
	whole, brief := m.phaseLine(false), m.phaseLine(true)
	for _, form := range [][2]line{{whole, long}, {whole, short}, {brief, short}} {
		if form[0].width()+form[1].width()+2 <= w {
			return ends(form[0], form[1], w)
		}
	}
	return ends(m.phaseNow(), short, w)
}

// injectFor says for whom the one inject is that waits; or is said of several,
// and of one that is for nobody in particular.
func (m *Model) injectFor(x *response.ExerciseView, or string) string {
	for _, i := range x.Injects {
		if who := m.board.value.Incident.Roles[i.To]; x.Open == 1 && (i.State == "open" || i.State == "late") && who != "" {
			if who == m.desk.Actor().Name {
				who = "you"
			}
			return " for " + who
		}
	}
	return or
}

// pending is what waits for somebody.
func (m *Model) pending(waiting string) line {
	b := m.board.value
	var parts line
	add := func(mk mark, text string) {
		if len(parts) > 0 {
			parts = append(parts, sp(usual, "  "))
		}
		parts = append(parts, sp(mk, text))
	}
	if x := b.Exercise; x != nil && x.Open > 0 {
		add(warn, plural(int64(x.Open), "inject")+m.injectFor(x, waiting))
	}
	if b.Approvals > 0 {
		add(warn, plural(int64(b.Approvals), "approval")+waiting)
	}
	if over, next := ending(b.Contained, m.now()); over > 0 {
		add(bad, number(over)+" OVER TIME")
	} else if next != nil && next.Until.Sub(m.now()) <= soon {
		add(warn, next.Action+" ends in "+lasted(next.Until.Sub(m.now())))
	}
	if b.Unknown > 0 {
		add(bad, number(int64(b.Unknown))+" unknown")
	}
	if b.Queued > 0 {
		add(warn, number(int64(b.Queued))+" in the outbox")
	}
	if b.Failures > 0 {
		add(bad, number(int64(b.Failures))+" failed")
	}
	if b.LowRoom != "" {
		if waiting != "" {
			add(bad, "LOW DISK: "+b.LowRoom)
		} else {
			add(bad, "LOW DISK")
		}
	}
	return parts
}

// phaseLine names the five phases; brief shortens those that do not go on now.
func (m *Model) phaseLine(brief bool) line {
	var l line
	for i, p := range m.board.value.Phases {
		name := strings.ToUpper(p.Phase.String())
		if brief && p.State != "current" {
			name = name[:min(len(name), 4)]
		}
		if i > 0 {
			l = append(l, sp(faint, " > "))
		}
		switch p.State {
		case "done":
			l = append(l, sp(good, name+" ok"))
		case "current":
			l = append(l, sp(strong, "["+name+" "+counted(p)+"]"))
		default:
			l = append(l, sp(faint, name))
		}
	}
	return l
}

// phaseNow names only the phase that goes on.
func (m *Model) phaseNow() line {
	ps := m.board.value.Phases
	for i, p := range ps {
		if p.State == "current" {
			return line{{faint, fmt.Sprintf("phase %d of %d ", i+1, len(ps))}, {strong, "[" + strings.ToUpper(p.Phase.String()) + " " + counted(p) + "]"}}
		}
	}
	return look(good, "every phase is over")
}

func counted(p response.PhaseView) string { return fmt.Sprintf("%d/%d", p.Done, p.Total) }

// status is what the line above the footer says: failures until they are read,
// for four seconds the last success, and always the work under way.
func (m *Model) status() line {
	room := max(m.w-4, 10)
	l, working := m.word(), m.working()
	switch {
	case len(working) == 0 && len(m.failed) > 0:
		return ends(l, line{{hotkey, " !"}, {usual, " reads"}}, room)
	case len(working) == 0 && m.toast != "":
		return l
	case len(working) > 0:
		keys := line{{hotkey, " ctrl+c"}, {usual, " cancels"}}
		if len(m.failed) > 0 {
			keys = append(line{{hotkey, " !"}, {usual, " reads"}}, keys...)
		}
		if n := len(m.jobs); n > 1 {
			keys = append(look(faint, " +"+number(int64(n-1))+" more "), keys...)
		}
		if len(l) == 0 {
			return ends(working, keys, min(working.width()+keys.width()+1, room))
		}
		if most := room/2 - keys.width(); working.width() > most {
			working = clip(working, max(most, 8))
		}
		return ends(l, append(append(line{{usual, " "}}, working...), keys...), room)
	}
	if m.board.busy && !m.board.loaded {
		return line{{faint, "reading"}}
	}
	return nil
}

// word is what was said last: a failure that nobody has read, else the toast.
func (m *Model) word() line {
	n := len(m.failed)
	if n == 0 {
		if m.toast == "" {
			return nil
		}
		return look(good, m.toast)
	}
	f := m.failed[n-1]
	l := look(bad, "! "+f.what+": "+f.err)
	if n > 1 {
		l = append(l, sp(bad, " (+"+number(int64(n-1))+")"))
	}
	return l
}

// working is the job that was started last.
func (m *Model) working() line {
	n := len(m.jobs)
	if n == 0 {
		return nil
	}
	return line{{warn, ".. "}, {usual, m.jobs[n-1].says(m.now())}}
}

// footer names the keys that do something here and now, most wanted first.
func (m *Model) footer(w int) line {
	var table []action
	if l := m.front(); l != nil {
		table = append(l.Actions(), action{id: "esc", foot: "back", keys: []string{"esc"}})
	} else if m.shown.Typing() {
		table = []action{{foot: "keep", keys: []string{"enter"}}, {foot: "clear", keys: []string{"esc"}}}
		if t, ok := m.shown.(*timelineScreen); ok {
			table = t.typingKeys()
		}
	} else {
		table = m.table()
		for _, id := range []string{"approvals", "injects"} {
			if i := slices.IndexFunc(table, func(act action) bool { return act.id == id }); i > 1 { // what waits for somebody is not crowded out
				act := table[i]
				table = slices.Insert(slices.Delete(table, i, i+1), 1, act)
			}
		}
	}
	rest := 34 // what the screens, the commands and the help take
	if m.id == "" {
		rest = 21
	}
	var l, tail line
	for _, act := range table {
		if act.foot == "" || len(act.keys) == 0 || m.why(act) != "" {
			continue
		}
		part := line{{hotkey, " " + act.keys[0]}, {usual, " " + act.foot + " "}}
		if act.id == "palette" || act.id == "help" {
			tail = append(tail, part...)
			continue
		}
		if l.width()+part.width()+rest <= w || m.front() != nil || m.shown.Typing() {
			l = append(l, part...)
		}
	}
	if m.front() == nil && !m.shown.Typing() && m.id != "" {
		all := line{{hotkey, " 1"}, {usual, " dash "}, {hotkey, "2"}, {usual, " steps "}, {hotkey, "3"}, {usual, " timeline "}, {hotkey, "4"}, {usual, " evidence "}, {hotkey, "5"}, {usual, " activity "}, {hotkey, "6"}, {usual, " triage "}, {hotkey, "7"}, {usual, " clocks "}, {hotkey, "8"}, {usual, " review "}}
		short := line{{hotkey, " 1-8"}, {usual, " screens "}}
		for _, extra := range []line{all, short} {
			if l.width()+extra.width()+tail.width() <= w {
				l = append(l, extra...)
				break
			}
		}
	}
	return append(l, tail...)
}

// activityPane is the strip of what happened last, under a screen that has
// room for it.
func (a *app) activityPane(w, h int) []line {
	out := []line{a.paint.ruled(nil, w)}
	recent := a.board.value.Recent
	recent = recent[max(len(recent)-(h-1), 0):]
	for _, e := range recent {
		out = append(out, activityLine(a.brief(e), w, a.now()))
	}
	return fit(out, h)
}
