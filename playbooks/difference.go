package playbooks

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Difference is one way in which a version of a playbook differs from another,
// in words. Weakens says that the later one guards less: an approval, a check,
// a way back, a role, a clock or evidence is gone or less. Asks says that it may
// touch something outside that the earlier one could not.
type Difference struct {
	Weakens bool   `json:"weakens,omitempty"`
	Asks    bool   `json:"asks,omitempty"`
	Step    string `json:"step,omitempty"`
	Text    string `json:"text"`
}

// Diff says how b differs from a: what weakens it first, then what it newly asks
// for, then the rest in the order of the file. Layout and comments count for
// nothing.
func Diff(a, b *Playbook) []Difference {
	d := &differ{a: a, b: b}
	d.head()
	d.variables()
	d.capabilities()
	d.steps()
	d.values("", "drill value of", a.Drill, b.Drill)
	if canonical(a.Cacao) != canonical(b.Cacao) {
		d.say("", "what is kept for CACAO changed")
	}
	slices.SortStableFunc(d.out, func(x, y Difference) int { return cmp.Compare(x.rank(), y.rank()) })
	return d.out
}

func (d Difference) rank() int {
	switch {
	case d.Weakens:
		return 0
	case d.Asks:
		return 1
	}
	return 2
}

type differ struct {
	a, b *Playbook
	out  []Difference
}

func (d *differ) say(step, format string, args ...any) {
	d.out = append(d.out, Difference{Step: step, Text: fmt.Sprintf(format, args...)})
}

func (d *differ) weakens(step, format string, args ...any) {
	d.out = append(d.out, Difference{Weakens: true, Step: step, Text: fmt.Sprintf(format, args...)})
}

// value tells a change of one value.
func (d *differ) value(step, what string, was, now any) {
	before, after := show(was), show(now)
	switch {
	case before == after:
	case before == "":
		d.say(step, "%s is new: %s", what, brief(after))
	case after == "":
		d.say(step, "%s is gone; it was %s", what, brief(before))
	default:
		d.say(step, "%s was %s and is %s", what, brief(before), brief(after))
	}
}

func (d *differ) head() {
	a, b := d.a, d.b
	for _, v := range []struct {
		what     string
		was, now string
	}{
		{"id", a.ID, b.ID},
		{"name", a.Name, b.Name},
		{"version", a.Version, b.Version},
		{"owner", a.Owner, b.Owner},
		{"description", a.Description, b.Description},
		{"severity", severityText(a), severityText(b)},
		{"tlp", string(a.TLP), string(b.TLP)},
		{"calendar", a.Calendar, b.Calendar},
		{"labels", strings.Join(a.Labels, ", "), strings.Join(b.Labels, ", ")},
		{"techniques", strings.Join(a.Attack, ", "), strings.Join(b.Attack, ", ")},
	} {
		d.value("", v.what, v.was, v.now)
	}
	for _, was := range a.Roles {
		i := slices.IndexFunc(b.Roles, func(r RoleNeed) bool { return r.Role == was.Role })
		switch {
		case i < 0:
			d.weakens("", "role %s is no longer asked for", was.Role)
		case was.Required && !b.Roles[i].Required:
			d.weakens("", "role %s was required and is optional", was.Role)
		case !was.Required && b.Roles[i].Required:
			d.say("", "role %s was optional and is required", was.Role)
		}
	}
	for _, now := range b.Roles {
		if !slices.ContainsFunc(a.Roles, func(r RoleNeed) bool { return r.Role == now.Role }) {
			d.say("", "role %s is new", now.Role)
		}
	}
	for _, was := range a.Clocks {
		i := slices.IndexFunc(b.Clocks, func(c Clock) bool { return c.Use == was.Use })
		if i < 0 {
			d.weakens("", "clock %s is gone", was.Use)
			continue
		}
		d.value("", "condition of clock "+was.Use, was.When, b.Clocks[i].When)
		d.value("", "beginning of clock "+was.Use, was.From, b.Clocks[i].From)
	}
	for _, now := range b.Clocks {
		if !slices.ContainsFunc(a.Clocks, func(c Clock) bool { return c.Use == now.Use }) {
			d.say("", "clock %s is new", now.Use)
		}
	}
}

func severityText(p *Playbook) string {
	if p.Severity == 0 {
		return ""
	}
	return p.Severity.String()
}

func (d *differ) variables() {
	for _, was := range d.a.Vars {
		now, ok := d.b.Var(was.Name)
		if !ok {
			d.say("", "variable %s is gone", was.Name)
			continue
		}
		what := "variable " + was.Name
		switch {
		case was.Type == Secret && now.Type != Secret:
			d.weakens("", "%s was a secret and is %s: it will be shown", what, now.Type)
		case was.Type != now.Type:
			d.say("", "%s was %s and is %s", what, was.Type, now.Type)
		}
		switch {
		case was.Match != "" && now.Match == "":
			d.weakens("", "%s takes any value; it had to match %s", what, brief(was.Match))
		case was.Match != now.Match:
			d.value("", what+": match", was.Match, now.Match)
		}
		if was.Required != now.Required {
			d.say("", "%s is %s", what, map[bool]string{true: "required now", false: "no longer required"}[now.Required])
		}
		d.value("", what+": prompt", was.Prompt, now.Prompt)
		d.value("", what+": default", was.Default, now.Default)
	}
	for _, now := range d.b.Vars {
		if _, ok := d.a.Var(now.Name); !ok {
			d.say("", "variable %s is new (%s)", now.Name, now.Type)
		}
	}
}

// capabilities: what the later version may touch outside and the earlier could not.
func (d *differ) capabilities() {
	was, now := d.a.Capabilities(), d.b.Capabilities()
	for _, c := range now.Beyond(was) {
		d.out = append(d.out, Difference{Asks: true, Text: fmt.Sprintf("it asks for something new of %s: %s", c.Kind, c.Name)})
	}
	for _, c := range was.Beyond(now) {
		d.say("", "it no longer asks for this of %s: %s", c.Kind, c.Name)
	}
}

// canonical is a value in one form, to compare by.
func canonical(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}
