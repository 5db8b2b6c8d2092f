package tui

import (
	"fmt"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/response"
)

// stepDetail says everything about a step in w cells.
func (a *app) stepDetail(s response.StepView, w int) []line {
	v, planned := a.action(s.ActionID)
	undo := a.undo(v)
	about := line{{faint, s.ID + "  " + string(s.Verb) + "  "}}
	if s.Danger > incident.None {
		m := warn
		if s.Danger >= incident.High {
			m = bad
		}
		about = about.with(sp(m, "DANGER "+s.Danger.String()), sp(usual, "  "))
	}
	if state := stepState(s, v, undo, a.now()); about.width()+(line{state}).width() <= w {
		about = about.with(state)
	}
	out := append(wrap(strong, s.Title, w), about)
	if s.State == playbooks.Failed || s.State == playbooks.Skipped {
		out = append(out, labelled("Why     ", s.Why, w)...)
	}
	out = append(out, nil)
	out = append(out, prose(s.Text, w)...)
	if s.Text != "" {
		out = append(out, nil)
	}
	out = append(out, labelled("For     ", s.Item, w)...)
	out = append(out, labelled("Calls   ", s.Calls, w)...)
	if s.Rounds > 0 {
		out = append(out, labelled("Rounds  ", number(int64(s.Rounds))+again(s, a.now()), w)...)
	}
	out = append(out, labelled("Advice  ", s.Advice, w)...)
	for _, q := range s.Ask {
		out = append(out, labelled("Asks    ", q.Text+"  ("+q.Name+", "+string(q.Type)+")", w)...)
	}
	out = append(out, labelled("Role    ", a.roleOf(s.Assign), w)...)
	if !s.Due.IsZero() {
		out = append(out, a.due(s))
	}
	if s.Action != "" && !planned && !strings.Contains(s.Text, s.Action) {
		out = append(out, labelled("Action  ", s.Action, w)...)
	}
	if planned {
		out = append(out, labelled("State   ", actionState(v), w)...)
		if v.Lapsed && v.State == response.Planned {
			out = append(out, wrap(bad, "Nobody approved it in the time that the playbook gives.", w)...)
		}
		if undo.Action != "" {
			out = append(out, labelled("Undoing ", undo.Action+" "+undo.Title+": "+actionState(undo), w)...)
		}
		out = append(out, planLines(v, w, a.now())...)
		out = append(out, labelled("Plan    ", "sha256 "+short(v.Digest), w)...)
	}
	out = append(out, resultLines(s.Result, w)...)
	out = append(out, labelled("Note    ", s.Note, w)...)
	if now := whatNow(s, v, undo); now != "" {
		out = append(out, nil)
		out = append(out, wrap(hotkey, now, w)...)
	}
	return out
}

// due says when the step is due, and that it is late.
func (a *app) due(s response.StepView) line {
	left := s.Due.Sub(a.now())
	l := pair("Due     ", s.Due.UTC().Format("15:04Z")+"  ")
	switch {
	case over(s):
		return l
	case left < 0:
		return l.with(sp(bad, "LATE by "+lasted(-left)))
	}
	return l.with(sp(usual, lasted(left)+" left"))
}

// actionState is an action's state with what the other side said.
func actionState(v response.ActionView) string {
	s := string(v.State)
	if v.RevertedBy != "" {
		s = "UNDONE by " + v.RevertedBy + "; was " + s
	}
	if v.Attempts > 1 {
		s += fmt.Sprintf(", attempt %d", v.Attempts)
	}
	for _, more := range []string{v.Ref, v.Says} {
		if more != "" {
			s += ": " + more
		}
	}
	return s
}

func resultLines(result map[string]any, w int) []line {
	keys := make([]string, 0, len(result))
	for k := range result {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var out []line
	for i, k := range keys {
		if i == 12 {
			return append(out, look(faint, fmt.Sprintf("        and %d more", len(keys)-i)))
		}
		label := "        "
		if i == 0 {
			label = "Result  "
		}
		out = append(out, labelled(label, k+" = "+fmt.Sprint(result[k]), w)...)
	}
	return out
}

// whatNow says which key goes on from here.
func whatNow(s response.StepView, v, undo response.ActionView) string {
	switch undo.State { //nolint:exhaustive // nothing is left to do in the others
	case response.Planned:
		return "enter shows the plan of the undo for approval."
	case response.Approved:
		return "r sends the approved undo."
	case response.Unknown:
		return "l looks what really became of the undo."
	case response.Queued:
		return "The undo waits in the outbox: O shows it."
	}
	switch {
	case over(s) && (v.State == response.Verified || v.State == response.Sent) && v.Undo != "" && v.RevertedBy == "":
		return "u plans the undo."
	case over(s):
		return ""
	case v.State == response.Planned:
		return "enter shows the plan for approval."
	case v.State == response.Approved:
		return "r sends the approved action."
	case v.State == response.Queued:
		return "It waits in the outbox and is sent when it can be. O shows it: send it now, or give it up."
	case v.State == response.Unknown:
		return "l looks what really happened. Nothing is sent again before that."
	case s.State == playbooks.Failed:
		return "o opens the step again, s passes it over with a reason."
	case s.State == playbooks.Locked:
		return strings.TrimSpace("Locked. " + s.Why)
	case byHand(s.Verb) && len(s.Ask) > 0:
		return "space opens the answers; s skips with a reason."
	case byHand(s.Verb):
		return "space marks it done; s skips with a reason."
	case s.Verb == playbooks.VerbReview:
		return "r writes the review to read it; space ends the step."
	case s.Verb == playbooks.VerbWait && s.State == playbooks.Running:
		return "It goes on by itself when the time is over; space ends the wait now, with a reason."
	case s.State == playbooks.Running && s.Verb.Automatic():
		return "It is under way."
	case s.Verb.Acts():
		return "r makes the plan. Nothing is sent by that."
	case s.Verb == playbooks.VerbIf && !s.AgainAt.IsZero():
		return "The next round begins by itself when it is time; space begins it now."
	case s.Verb == playbooks.VerbPlaybook && s.State == playbooks.Ready:
		return "r begins the playbook " + s.Calls + ". Its steps stand below this one then."
	case s.Verb.Holds():
		return ""
	case !s.AgainAt.IsZero():
		return "It is done again when it is time; r does it now."
	}
	return "r runs it."
}
