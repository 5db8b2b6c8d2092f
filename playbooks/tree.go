package playbooks

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// TreeStyle is how Tree draws.
type TreeStyle struct {
	Width int  // of a line, in characters
	Plain bool // ASCII only
}

// Tree draws the flow of a playbook for a terminal: a line for each step, what
// stands in another below it. The text of the file is as it is; whoever prints
// it makes it safe.
func Tree(p *Playbook, style TreeStyle) string {
	t := &tree{style: style, signs: map[string]string{"manual": "○", "auto": "●", "if": "◆", "many": "◇", "down": "│", "more": "├─", "last": "└─", "loop": "↻", "fails": "✗"}}
	if style.Plain {
		t.signs = map[string]string{"manual": "o", "auto": "*", "if": "?", "many": "#", "down": "|", "more": "|-", "last": "`-", "loop": "@", "fails": "!"}
	}
	for i, ph := range p.Phases {
		if i > 0 {
			t.text.WriteByte('\n')
		}
		t.write("", strings.ToUpper(ph.Phase.String()), "")
		t.steps(ph.Steps, "")
	}
	if len(p.Fallback) > 0 {
		t.text.WriteByte('\n')
		t.write("", "IF A STEP FAILS", "")
		t.steps(p.Fallback, "")
	}
	return t.text.String()
}

type tree struct {
	style TreeStyle
	signs map[string]string
	text  strings.Builder
}

// write writes a line: what it says on the left, facts on the right where there
// is room for them, cut where there is none.
func (t *tree) write(before, left, right string) {
	room := t.style.Width - utf8.RuneCountInString(before)
	gap := room - utf8.RuneCountInString(left) - utf8.RuneCountInString(right)
	switch {
	case right == "":
		left = cutText(left, room)
	case gap >= 2:
		left += strings.Repeat(" ", gap) + right
	case room-utf8.RuneCountInString(right)-2 >= 24:
		left = cutText(left, room-utf8.RuneCountInString(right)-2) + "  " + right
	default:
		left = cutText(left, room)
	}
	t.text.WriteString(strings.TrimRight(before+left, " ") + "\n")
}

func cutText(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	if most <= 3 {
		return string(r[:max(0, most)])
	}
	return strings.TrimRight(string(r[:most-3]), " ") + "..."
}

// branch is a group of steps below another, with what leads to it.
type branch struct {
	label string
	steps []*Step
}

func branches(s *Step) []branch {
	switch s.Verb { //nolint:exhaustive // the others hold nothing
	case VerbIf:
		yes := "yes"
		if s.repeats() {
			yes = "as long as it is so"
		}
		return []branch{{yes, s.Then}, {"no", s.Else}}
	case VerbSwitch:
		var out []branch
		for _, c := range s.Cases {
			out = append(out, branch{c.Value, c.Steps})
		}
		return append(out, branch{"else", s.Default})
	case VerbParallel:
		return []branch{{"", s.Parallel}}
	case VerbForEach:
		return []branch{{"", s.Do}}
	}
	return nil
}

func (t *tree) steps(steps []*Step, before string) {
	for i, s := range steps {
		arm, below := t.signs["more"], t.signs["down"]+"  "
		if i == len(steps)-1 {
			arm, below = t.signs["last"], "   "
		}
		t.write(before+arm+" ", t.sign(s)+" "+s.ID+"  "+t.title(s), facts(s))
		under := []branch{}
		for _, b := range branches(s) {
			if len(b.steps) > 0 {
				under = append(under, b)
			}
		}
		for j, b := range under {
			if b.label == "" {
				t.steps(b.steps, before+below)
				continue
			}
			arm, deeper := t.signs["more"], t.signs["down"]+"  "
			if j == len(under)-1 && s.OnFailure == "" {
				arm, deeper = t.signs["last"], "   "
			}
			t.write(before+below+arm+" ", b.label, "")
			t.steps(b.steps, before+below+deeper)
		}
		if s.OnFailure != "" {
			t.write(before+below+t.signs["last"]+" ", t.signs["fails"]+" fails: "+s.OnFailure, "")
		}
	}
}

func (t *tree) sign(s *Step) string {
	switch {
	case s.Verb == VerbIf || s.Verb == VerbSwitch:
		return t.signs["if"]
	case s.Verb == VerbForEach || s.Repeat != nil:
		return t.signs["loop"]
	case s.Verb.Holds():
		return t.signs["many"]
	case s.Verb.Manual():
		return t.signs["manual"]
	}
	return t.signs["auto"]
}

func (t *tree) title(s *Step) string {
	var about []string
	switch s.Verb { //nolint:exhaustive // of the others only the guard is told
	case VerbIf:
		about = append(about, s.If)
	case VerbSwitch:
		about = append(about, s.Switch)
	case VerbForEach:
		about = append(about, "each "+s.variable()+" of "+s.ForEach)
	case VerbPlaybook:
		about = append(about, s.Playbook.String())
	}
	if s.If != "" && s.Verb != VerbIf {
		about = append(about, "if "+s.If)
	}
	if len(about) == 0 {
		return s.Title
	}
	return s.Title + " (" + strings.Join(about, ", ") + ")"
}

// facts are what a person wants to know of a step beforehand, in a few words.
func facts(s *Step) string {
	var out []string
	if s.Needs != nil {
		out = append(out, "after "+orNone(strings.Join(s.Needs, ", ")))
	}
	if s.Approve != nil {
		out = append(out, fmt.Sprintf("%d x %s", s.Approve.Count, s.Approve.By))
	}
	switch {
	case s.Action != "":
		out = append(out, s.Action)
	case s.Assign != "":
		out = append(out, string(s.Assign))
	case !s.Verb.Holds():
		out = append(out, string(s.Verb))
	}
	if s.Repeat != nil {
		out = append(out, repetition(s.Repeat))
	}
	if !s.Due.IsZero() {
		out = append(out, s.Due.Text)
	}
	return strings.Join(out, ", ")
}

func orNone(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
