package tui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/internal/lazyre"
	"firebreak/playbooks"
	"firebreak/response"
	"firebreak/timeline"
)

// number writes thousands apart: 4 812 331.
func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return sign + s
}

// bytesOf writes a size with one digit after the point.
func bytesOf(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	f, i := float64(n)/unit, 0
	for f >= unit && i < 4 {
		f /= unit
		i++
	}
	return fmt.Sprintf("%.1f %cB", f, "KMGTP"[i])
}

// clock is the time of day; with the date when it is not today.
func clock(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.UTC()
	if t.Format(time.DateOnly) == now.UTC().Format(time.DateOnly) {
		return t.Format("15:04:05")
	}
	return t.Format("01-02 15:04")
}

// minute is the time of day without its seconds.
func minute(t, now time.Time) string {
	s := clock(t, now)
	if len(s) == len("15:04:05") {
		return s[:len("15:04")]
	}
	return s
}

// stamp is a whole time with its zone, "unknown" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// lasted writes a duration in its two largest units.
func lasted(d time.Duration) string {
	d = max(d, 0).Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd%02dh", int(d.Hours())/24, int(d.Hours())%24)
}

// elapsed is the T+ of the header.
func elapsed(d time.Duration, seconds bool) string {
	d = max(d, 0)
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	if seconds {
		return fmt.Sprintf("T+%02d:%02d:%02d", h, m, s)
	}
	return fmt.Sprintf("T+%02d:%02d", h, m)
}

// short is a digest as people compare it: its first and last digits.
func short(digest string) string {
	if len(digest) <= 12 {
		return digest
	}
	return digest[:8] + ".." + digest[len(digest)-4:]
}

// eventTime writes a time as finely as its source did.
func eventTime(t time.Time, p timeline.Precision, layout string) string {
	if t.IsZero() {
		return "undated"
	}
	switch p {
	case timeline.Nanosecond, timeline.Microsecond, timeline.Millisecond:
		layout += ".000"
	case timeline.Minute:
		layout = strings.TrimSuffix(layout, ":05")
	case timeline.Day:
		layout, _, _ = strings.Cut(layout, " 15")
	case timeline.Second:
	}
	return t.UTC().Format(layout)
}

// stepMark is the two characters in front of a step, and how they look. undo is
// the action that undoes the step's, when there is one.
func stepMark(s response.StepView, v, undo response.ActionView) span {
	switch undo.State { //nolint:exhaustive // the others have changed nothing
	case response.Planned:
		return sp(warn, "!!")
	case response.Approved, response.Queued, response.Sending:
		return sp(warn, "..")
	case response.Unknown:
		return sp(bad, "??")
	}
	if v.RevertedBy != "" && over(s) {
		return sp(warn, "<-")
	}
	switch s.State {
	case playbooks.Done:
		return sp(good, "ok")
	case playbooks.Skipped:
		return sp(faint, "--")
	case playbooks.Failed:
		return sp(bad, "XX")
	case playbooks.Running:
		if v.State == response.Planned {
			return sp(warn, "!!")
		}
		if v.State == response.Unknown {
			return sp(bad, "??")
		}
		return sp(warn, "..")
	case playbooks.Ready:
		if v.State == response.Planned {
			return sp(warn, "!!")
		}
		return sp(strong, "[]")
	case playbooks.Locked:
	}
	return sp(faint, "  ")
}

// stepState is the word behind a step. What undoes its action comes before
// what the action did.
func stepState(s response.StepView, v, undo response.ActionView, now time.Time) span {
	switch undo.State { //nolint:exhaustive // the others have changed nothing
	case response.Planned:
		return sp(warn, "undo "+undo.Action+" NEEDS APPROVAL")
	case response.Approved:
		return sp(warn, "undo "+undo.Action+" approved, r sends")
	case response.Sending:
		return sp(warn, "undo "+undo.Action+" SENDING")
	case response.Unknown:
		return sp(bad, "undo "+undo.Action+" UNKNOWN, l looks")
	case response.Queued:
		return sp(warn, "undo "+undo.Action+" IN THE OUTBOX, O")
	case response.Sent:
		return sp(warn, "undo "+undo.Action+" sent, not verified")
	}
	switch {
	case !over(s): // it was opened again
	case v.RevertedBy != "" && undo.RevertedBy != "":
		return sp(warn, "undo "+undo.Action+" UNDONE "+undo.RevertedBy)
	case v.RevertedBy != "":
		return sp(warn, "UNDONE "+v.RevertedBy)
	}
	if !over(s) {
		switch v.State { //nolint:exhaustive // the other states say nothing that the step does not
		case response.Planned:
			if v.Lapsed {
				return sp(bad, "APPROVAL IS LATE")
			}
			return sp(warn, "NEEDS APPROVAL")
		case response.Approved:
			return sp(warn, "approved, r sends")
		case response.Sending, response.Sent:
			return sp(warn, "SENDING")
		case response.Unknown:
			return sp(bad, "UNKNOWN, l looks")
		case response.Queued:
			return sp(warn, "IN THE OUTBOX, O")
		case response.Rejected:
			return sp(bad, "REJECTED")
		}
	}
	switch s.State {
	case playbooks.Done:
		return sp(faint, strings.TrimSpace(minute(s.At, now)+" "+s.By))
	case playbooks.Skipped:
		return sp(faint, strings.TrimSpace("skipped "+minute(s.At, now)))
	case playbooks.Failed:
		return sp(bad, "FAILED")
	case playbooks.Running:
		if !s.Until.IsZero() {
			return sp(warn, "waits until "+clock(s.Until, now))
		}
		return sp(warn, "under way")
	case playbooks.Ready:
		if !s.AgainAt.IsZero() && now.Before(s.AgainAt) {
			return sp(warn, "again at "+clock(s.AgainAt, now))
		}
		return sp(strong, readyWord(s))
	case playbooks.Locked:
		return sp(faint, s.Why)
	}
	return sp(faint, "")
}

// again says when a step that repeats is done next.
func again(s response.StepView, now time.Time) string {
	if s.AgainAt.IsZero() {
		return ""
	}
	return ", the next at " + clock(s.AgainAt, now)
}

// over says that nothing more will happen in a step.
func over(s response.StepView) bool {
	return s.State == playbooks.Done || s.State == playbooks.Skipped
}

// byHand says that people do the step and space ends it.
func byHand(v playbooks.Verb) bool { return v == playbooks.VerbManual }

// readyWord says what a ready step waits for.
func readyWord(s response.StepView) string {
	switch {
	case byHand(s.Verb) && len(s.Ask) > 0:
		return "space answers"
	case byHand(s.Verb):
		return "space done"
	case s.Verb.Acts():
		return "r plans"
	case s.Verb == playbooks.VerbReview:
		return "r writes"
	case s.Verb == playbooks.VerbWait:
		return "r waits"
	case s.Verb == playbooks.VerbPlaybook:
		return "r begins"
	case s.Verb.Holds():
		return "open"
	}
	return "r runs"
}

// turn is who is to do a step: who has its role, "" when that is nobody or the
// reader.
func (a *app) turn(s response.StepView) string {
	if who := a.board.value.Incident.Roles[incident.Role(s.Assign)]; who != a.desk.Actor().Name {
		return who
	}
	return ""
}

// roleOf is a role with who has it.
func (a *app) roleOf(role string) string {
	switch who := a.board.value.Incident.Roles[incident.Role(role)]; who {
	case "":
		return role
	case a.desk.Actor().Name:
		return role + " (you)"
	default:
		return role + " (" + who + ")"
	}
}

// roleNames lists who has which role.
func roleNames(i incident.Incident) []string {
	var out []string
	for role, who := range i.Roles {
		out = append(out, string(role)+" "+who)
	}
	slices.Sort(out)
	return out
}

var longRef = lazyre.New(`\[([^\s\]]{8})[^\s\]]{9,}\]$`)

// brief is an entry as a list shows it: its step by its title, as the other
// screens call it, and what the other side calls a thing by its beginning.
func (a *app) brief(e response.Activity) response.Activity {
	if text, ok := strings.CutPrefix(e.Text, "step "+e.Step+" "); ok && e.Step != "" {
		if s, ok := a.step(e.Step); ok && s.Title != "" {
			e.Text = s.Title + ": " + text
		}
	}
	if len(e.Text) < 4<<10 {
		e.Text = longRef.ReplaceAllString(e.Text, "[$1..]")
	}
	return e
}

// activityLine is one entry of the record in w cells; a failure carries a "!".
func activityLine(e response.Activity, w int, now time.Time) line {
	m, flag := usual, "  "
	if e.Bad {
		m, flag = bad, "! "
	}
	return ends(line{{faint, " " + clock(e.Time, now) + " "}, {m, flag + e.Text}}, look(faint, " "+e.Actor+" "), w)
}
