package playbooks

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

func (d *differ) steps() {
	for _, was := range d.a.order {
		now, ok := d.b.steps[was.ID]
		if !ok {
			d.gone(was)
			continue
		}
		d.step(was, now)
	}
	for _, now := range d.b.order {
		if _, ok := d.a.steps[now.ID]; !ok {
			d.say(now.ID, "step is new in %s: %s (%s)", place(now), now.Title, now.Verb)
		}
	}
	d.moved()
}

func (d *differ) gone(s *Step) {
	text := fmt.Sprintf("step is gone from %s: %s (%s)", place(s), s.Title, s.Verb)
	switch {
	case s.Verb == VerbCollect:
		d.weakens(s.ID, "%s; evidence is no longer taken", text)
	case s.Verb == VerbReview:
		d.weakens(s.ID, "%s; nothing is learned", text)
	case s.Fallback:
		d.weakens(s.ID, "%s; a failure has one way less", text)
	default:
		d.say(s.ID, "%s", text)
	}
}

// place says where a step stands.
func place(s *Step) string {
	where := s.Phase.String()
	if s.Fallback {
		where = "fallback"
	}
	if s.parent != nil {
		where += ", in " + s.parent.ID
		if s.branch != "" {
			where += " " + s.branch
		}
	}
	return where
}

// moved tells steps that stand elsewhere, or in another order among those that
// both versions have.
func (d *differ) moved() {
	position := map[string]int{}
	for i, s := range d.b.order {
		position[s.ID] = i
	}
	var common []*Step
	for _, s := range d.a.order {
		if _, ok := position[s.ID]; ok {
			common = append(common, s)
		}
	}
	kept := longestRising(common, position)
	for _, was := range common {
		now := d.b.steps[was.ID]
		switch {
		case place(was) != place(now):
			d.say(was.ID, "step moved from %s to %s", place(was), place(now))
		case !kept[was.ID]:
			after := "to the front"
			if i := position[was.ID]; i > 0 {
				after = "behind " + d.b.order[i-1].ID
			}
			d.say(was.ID, "step moved %s", after)
		}
	}
}

// longestRising are the steps whose order is the same in both, as many as can be.
func longestRising(steps []*Step, position map[string]int) map[string]bool {
	best, from := make([]int, len(steps)), make([]int, len(steps))
	last := -1
	for i, s := range steps {
		best[i], from[i] = 1, -1
		for j := range i {
			if position[steps[j].ID] < position[s.ID] && best[j]+1 > best[i] {
				best[i], from[i] = best[j]+1, j
			}
		}
		if last < 0 || best[i] > best[last] {
			last = i
		}
	}
	out := map[string]bool{}
	for ; last >= 0; last = from[last] {
		out[steps[last].ID] = true
	}
	return out
}

func (d *differ) step(a, b *Step) {
	if a.Verb != b.Verb {
		d.say(a.ID, "verb was %s and is %s", a.Verb, b.Verb)
	}
	if a.If != "" && b.If == "" && b.Verb.Acts() {
		d.weakens(a.ID, "it is done always; it was only when %s", a.If)
		b = withCondition(b, a.If) // told
	}
	d.approval(a, b)
	d.guards(a, b)
	for _, v := range []struct {
		what     string
		was, now any
	}{
		{"title", a.Title, b.Title},
		{"instructions", a.Manual, b.Manual},
		{"action", a.Action, b.Action},
		{"connection", a.Connection, b.Connection},
		{"command", strings.Join(a.Run, " "), strings.Join(b.Run, " ")},
		{"on", a.On, b.On},
		{"request", request(a.HTTP), request(b.HTTP)},
		{"collect", a.Collect, b.Collect},
		{"ingest", a.Ingest, b.Ingest},
		{"detect", a.Detect, b.Detect},
		{"notify", a.Notify, b.Notify},
		{"template", a.Template, b.Template},
		{"wait", a.Wait.Text, b.Wait.Text},
		{"review", a.Review, b.Review},
		{"playbook", reference(a), reference(b)},
		{"switch", a.Switch, b.Switch},
		{"for_each", a.ForEach, b.ForEach},
		{"condition", a.If, b.If},
		{"needs", a.Needs, b.Needs},
		{"assigned to", string(a.Assign), string(b.Assign)},
		{"timeout", a.Timeout.Text, b.Timeout.Text},
		{"how long it lasts", a.Lasts.text(), b.Lasts.text()},
		{"note", a.Note, b.Note},
		{"techniques", a.Attack, b.Attack},
		{"countermeasures", a.D3fend, b.D3fend},
	} {
		if canonical(v.was) != canonical(v.now) {
			d.value(a.ID, v.what, v.was, v.now)
		}
	}
	d.due(a, b)
	d.values(a.ID, "parameter", a.With, b.With)
	d.values(a.ID, "environment", a.Env, b.Env)
	if canonical(a.Retry) != canonical(b.Retry) {
		d.say(a.ID, "retry changed")
	}
	if was, now := repetition(a.Repeat), repetition(b.Repeat); was != now {
		d.value(a.ID, "repeat", was, now)
	}
	d.questions(a, b)
	if canonical(a.Cacao) != canonical(b.Cacao) {
		d.say(a.ID, "what is kept for CACAO changed")
	}
}

// due tells a changed limit; one that leaves more time is weaker.
func (d *differ) due(a, b *Step) {
	switch was, now := a.Due, b.Due; {
	case was.Text == now.Text:
	case !was.IsZero() && now.IsZero():
		d.weakens(a.ID, "it has no due any more; it was %s", was.Text)
	case !was.IsZero() && now.After(noon).After(was.After(noon)):
		d.weakens(a.ID, "it may take %s; it was due in %s", now.Text, was.Text)
	default:
		d.value(a.ID, "due", was.Text, now.Text)
	}
}

// noon is a moment to compare durations from: a Monday, with no holiday known.
var noon = time.Date(2026, time.November, 16, 12, 0, 0, 0, time.UTC)

// withCondition is a copy of s with another condition.
func withCondition(s *Step, cond string) *Step {
	c := *s
	c.If = cond
	return &c
}

func request(r *Request) string {
	if r == nil {
		return ""
	}
	return r.Method + " " + r.URL + " " + canonical(r.Headers) + " " + canonical(r.Body) + " " + canonical(r.Expect)
}

func reference(s *Step) string {
	if s.Verb != VerbPlaybook {
		return ""
	}
	return s.Playbook.String()
}

func repetition(r *RepeatRule) string {
	if r == nil {
		return ""
	}
	out := "every " + r.Every.Text
	if r.For.Text != "" {
		out += " for " + r.For.Text
	}
	if r.Until != "" {
		out += " until " + r.Until
	}
	if r.Max > 0 {
		out += fmt.Sprintf(", at most %d times", r.Max)
	}
	return out
}

// values tells a change of each named value.
func (d *differ) values(step, what string, was, now map[string]any) {
	names := set{}
	for k := range was {
		names.add(k)
	}
	for k := range now {
		names.add(k)
	}
	for _, name := range names.sorted() {
		a, b := was[name], now[name]
		if canonical(a) == canonical(b) {
			continue
		}
		d.value(step, what+" "+name, a, b)
	}
}

func (d *differ) questions(a, b *Step) {
	for _, q := range a.Ask {
		if !slices.ContainsFunc(b.Ask, func(x Question) bool { return x.Name == q.Name }) {
			d.say(a.ID, "nobody is asked for %s any more", q.Name)
		}
	}
	for _, q := range b.Ask {
		i := slices.IndexFunc(a.Ask, func(x Question) bool { return x.Name == q.Name })
		if i < 0 {
			d.say(a.ID, "it asks for %s: %s", q.Name, brief(q.Text))
			continue
		}
		d.value(a.ID, "question "+q.Name, a.Ask[i].Text, q.Text)
	}
	was, now := map[string]any{}, map[string]any{}
	for _, s := range a.Set {
		was[s.Name] = s.Expr
	}
	for _, s := range b.Set {
		now[s.Name] = s.Expr
	}
	d.values(a.ID, "set of", was, now)
}

// weight orders impacts; what is not known is none of them.
func weight(impact string) int {
	return slices.Index([]string{"none", "low", "medium", "high"}, impact)
}

func (d *differ) approval(a, b *Step) {
	x, y := a.Approve, b.Approve
	switch {
	case x == nil && y == nil:
	case y == nil:
		d.weakens(a.ID, "nobody approves it any more; %d by %s did", x.Count, x.By)
	case x == nil:
		d.say(a.ID, "it is approved now: %d by %s", y.Count, y.By)
	default:
		switch {
		case y.Count < x.Count:
			d.weakens(a.ID, "approval by %d instead of %d", y.Count, x.Count)
		case y.Count > x.Count:
			d.say(a.ID, "approval by %d instead of %d", y.Count, x.Count)
		}
		if x.By != y.By {
			d.weakens(a.ID, "%s approves it instead of %s", y.By, x.By)
		}
		if y.OnTimeout == "skip" && x.OnTimeout != "skip" {
			d.weakens(a.ID, "it is skipped when nobody approves in time")
		} else {
			d.value(a.ID, "when nobody approves in time", x.OnTimeout, y.OnTimeout)
		}
		d.value(a.ID, "time to approve", x.Timeout.Text, y.Timeout.Text)
	}
	if a.Impact != b.Impact {
		if weight(b.Impact) < weight(a.Impact) {
			d.weakens(a.ID, "impact is said to be %s; it was %s", orNothing(b.Impact), a.Impact)
		} else {
			d.value(a.ID, "impact", a.Impact, b.Impact)
		}
	}
}

func orNothing(s string) string {
	if s == "" {
		return "not known"
	}
	return s
}

// guards are what keeps a mistake from harm: a way back, a check, a fallback.
func (d *differ) guards(a, b *Step) {
	d.guard(a.ID, "undo", "it is no longer said how it is undone; it was by", undoText(a.Rollback), undoText(b.Rollback))
	if a.Irreversible == "" && b.Irreversible != "" {
		d.weakens(a.ID, "it is said to be irreversible: %s", brief(b.Irreversible))
	} else {
		d.value(a.ID, "what cannot be undone", a.Irreversible, b.Irreversible)
	}
	d.guard(a.ID, "verification", "it is no longer verified; it was by", checkText(a.Verify), checkText(b.Verify))
	switch {
	case a.OnFailure == b.OnFailure:
	case b.OnFailure == "":
		d.weakens(a.ID, "its failure no longer leads to %s", a.OnFailure)
	default:
		d.value(a.ID, "on failure", a.OnFailure, b.OnFailure)
	}
	if len(b.Evidence) < len(a.Evidence) {
		d.weakens(a.ID, "evidence asked for was %s and is %s", strings.Join(a.Evidence, ", "), orNothing(strings.Join(b.Evidence, ", ")))
	} else if canonical(a.Evidence) != canonical(b.Evidence) {
		d.value(a.ID, "evidence", a.Evidence, b.Evidence)
	}
}

// guard is one of them: when it is gone, the step is weaker.
func (d *differ) guard(step, what, gone, was, now string) {
	if was != "" && now == "" {
		d.weakens(step, "%s %s", gone, brief(was))
		return
	}
	d.value(step, what, was, now)
}

func undoText(r *Rollback) string {
	switch {
	case r == nil:
		return ""
	case r.Action != "":
		return strings.TrimSpace(r.Action + " " + strings.TrimPrefix(canonical(r.With), "null"))
	case len(r.Run) > 0:
		return strings.Join(r.Run, " ")
	case r.HTTP != nil:
		return request(r.HTTP)
	}
	return r.Manual
}

func checkText(v *Verify) string {
	if v == nil {
		return ""
	}
	return strings.TrimSpace(v.Action + " " + v.Expect + " " + strings.TrimPrefix(canonical(v.With), "null"))
}
