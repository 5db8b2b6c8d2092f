package playbooks

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Message puts values into the text of a message template: what the step has
// under with, its variables and incident.
func (r *Run) Message(s *Step, text string, with map[string]any) string {
	v := r.values(s)
	for name, value := range with {
		v.env[name] = value
	}
	return v.prose(text)
}

// Fill puts the values that s sees into parameters, as Resolve does with its own.
func (r *Run) Fill(s *Step, with map[string]any) (map[string]any, error) {
	out, _, err := r.values(s).params(with)
	return out, err
}

// Text says in a line or more what a step asks of people or will do. Values
// that are not known yet show as their names in angle brackets.
func (r *Run) Text(s *Step) string {
	v := r.values(s)
	switch s.Verb {
	case VerbManual:
		return v.prose(s.Manual)
	case VerbRun:
		words := make([]string, len(s.Run))
		for i, w := range s.Run {
			words[i] = quoteWord(v.prose(w))
		}
		return "run " + strings.Join(words, " ")
	case VerbAction:
		return v.describe(s.Action, s.With)
	case VerbCollect:
		return v.describe("collect "+strings.Join(s.Collect, ", "), s.With)
	case VerbIngest:
		return v.describe("ingest "+v.prose(strings.Join(s.Ingest, ", ")), s.With)
	case VerbDetect:
		return v.describe("look for "+v.prose(strings.Join(s.Detect, ", or ")), s.With)
	case VerbNotify:
		return "notify " + v.prose(strings.Join(s.Notify, ", ")) + ":\n" + v.prose(show(s.With["message"]))
	case VerbIf:
		return "decides whether " + s.If
	case VerbParallel:
		return "its steps go on side by side"
	case VerbHTTP:
		return v.describe(s.HTTP.Method+" "+v.prose(s.HTTP.URL), nil)
	case VerbSwitch:
		return "decides by " + s.Switch
	case VerbForEach:
		return "for each " + s.variable() + " of " + s.ForEach + ": " + inLine(s.Do)
	case VerbPlaybook:
		return v.describe("playbook "+s.Playbook.String(), s.With)
	case VerbWait:
		return "wait " + s.Wait.Text
	case VerbReview:
		return v.prose(s.Review) + " review"
	}
	return ""
}

// describe is a name with its parameters, one a line.
func (v values) describe(name string, with map[string]any) string {
	var b strings.Builder
	b.WriteString(name)
	for _, k := range slices.Sorted(maps.Keys(with)) {
		fmt.Fprintf(&b, "\n  %s: %s", k, v.prose(show(with[k])))
	}
	return b.String()
}

// inLine are the names of steps, in a line.
func inLine(list []*Step) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = s.Name()
	}
	return strings.Join(out, ", ")
}

// quoteWord makes an argument's borders visible.
func quoteWord(w string) string {
	if w == "" || strings.ContainsAny(w, " \t\n'\"\\$`;&|<>*?") {
		return strconv.Quote(w)
	}
	return w
}
