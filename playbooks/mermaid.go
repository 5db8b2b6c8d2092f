package playbooks

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Mermaid draws a playbook as a flowchart in Mermaid's language, for wikis and
// code hosts. All text of the file is quoted; nothing in it becomes markup.
func Mermaid(p *Playbook) string {
	m := &mermaid{book: p, nodes: map[string]string{}}
	m.line("flowchart TD")
	m.line("  begin([%s])", m.quote(p.Name))
	from := []exit{{node: "begin"}}
	groups := []string{}
	for _, ph := range p.Phases {
		groups = append(groups, ph.Phase.String())
		m.line("  subgraph %s[%s]", ph.Phase, m.quote(capital(ph.Phase.String())))
		from = m.sequence(ph.Steps, from)
		m.line("  end")
	}
	m.line("  over([%s])", m.quote("End"))
	m.edges(from, "over")
	if len(p.Fallback) > 0 {
		m.line("  subgraph fallback[%s]", m.quote("If a step fails"))
		m.sequence(p.Fallback, nil)
		m.line("  end")
		for _, g := range groups {
			if m.unhandled(g) {
				m.edge(g, "fallback", "any other failure", true)
			}
		}
	}
	for _, s := range p.order {
		if to := m.nodes[s.OnFailure]; s.OnFailure != "" && to != "" {
			m.edge(m.nodes[s.ID], to, "fails", true)
		}
	}
	return m.text.String() + m.arrows.String()
}

// exit is where the flow leaves a step, and what the arrow says.
type exit struct{ node, label string }

type mermaid struct {
	book   *Playbook
	text   strings.Builder
	arrows strings.Builder // after all nodes, so that no arrow puts a node into a group
	nodes  map[string]string
	outs   map[string][]exit
}

func (m *mermaid) line(format string, args ...any) { fmt.Fprintf(&m.text, format+"\n", args...) }

// quote makes a label of any text.
func (m *mermaid) quote(text string) string {
	var b strings.Builder
	for _, r := range strings.Join(strings.Fields(text), " ") {
		if strings.ContainsRune("\"#<>&`%\\;", r) {
			b.WriteString("#" + strconv.Itoa(int(r)) + ";")
			continue
		}
		b.WriteRune(r)
	}
	return `"` + b.String() + `"`
}

func (m *mermaid) edge(from, to, label string, dotted bool) {
	arrow := "-->"
	if dotted {
		arrow = "-.->"
	}
	if label != "" {
		arrow += "|" + m.quote(label) + "|"
	}
	fmt.Fprintf(&m.arrows, "  %s %s %s\n", from, arrow, to)
}

func (m *mermaid) edges(from []exit, to string) {
	for _, e := range from {
		m.edge(e.node, to, e.label, false)
	}
}

// sequence writes steps in their order and returns where the flow leaves them.
func (m *mermaid) sequence(steps []*Step, from []exit) []exit {
	start, open := from, []exit{}
	for _, s := range steps {
		in := from
		if s.Needs != nil {
			in = nil
			for _, name := range s.Needs {
				in = append(in, m.outs[name]...)
			}
			if len(s.Needs) == 0 {
				in = start
			}
			for _, e := range from { // nobody waits for these in this list
				if !slices.Contains(in, e) {
					open = append(open, e)
				}
			}
		}
		from = m.step(s, in)
		if m.outs == nil {
			m.outs = map[string][]exit{}
		}
		m.outs[s.ID] = from
	}
	for _, e := range from {
		if !slices.Contains(open, e) {
			open = append(open, e)
		}
	}
	return open
}

func (m *mermaid) step(s *Step, in []exit) []exit {
	id := "s" + strconv.Itoa(len(m.nodes)+1)
	m.nodes[s.ID] = id
	label := s.Title
	if s.If != "" && s.Verb != VerbIf {
		label += " (if " + s.If + ")"
	}
	node := func(open, text, end string) { m.line("    %s%s%s%s", id, open, m.quote(text), end) }
	switch s.Verb { //nolint:exhaustive // the others are done, and look alike
	case VerbIf:
		node("{", s.Title+": "+s.If, "}")
		m.edges(in, id)
		if s.repeats() {
			m.edges(m.sequence(s.Then, []exit{{id, "yes"}}), id)
			return m.sequence(s.Else, []exit{{id, "no longer"}})
		}
		out := m.sequence(s.Then, []exit{{id, "yes"}})
		return append(out, m.sequence(s.Else, []exit{{id, "no"}})...)
	case VerbSwitch:
		node("{", label+": "+s.Switch, "}")
		m.edges(in, id)
		var out []exit
		for _, c := range s.Cases {
			out = append(out, m.sequence(c.Steps, []exit{{id, c.Value}})...)
		}
		return append(out, m.sequence(s.Default, []exit{{id, "else"}})...)
	case VerbParallel:
		node("{{", label+": side by side", "}}")
		m.edges(in, id)
		var out []exit
		for _, c := range s.Parallel {
			out = append(out, m.step(c, []exit{{node: id}})...)
		}
		return out
	case VerbForEach:
		node("{{", label+": for each "+s.variable()+" of "+s.ForEach, "}}")
		m.edges(in, id)
		m.edges(m.sequence(s.Do, []exit{{id, "next"}}), id)
		return []exit{{id, "all done"}}
	case VerbPlaybook:
		node("[[", label+": playbook "+s.Playbook.String(), "]]")
	case VerbManual, VerbReview:
		node("[/", label, "/]")
	case VerbWait:
		node("([", label+": "+s.Wait.Text, "])")
	default:
		if s.Approve != nil {
			label += " (approved by " + string(s.Approve.By) + ")"
		}
		node("[", label, "]")
	}
	m.edges(in, id)
	if s.Repeat != nil {
		m.edge(id, id, repetition(s.Repeat), false)
	}
	return []exit{{node: id}}
}

// unhandled says that a failure in the phase can enter the whole fallback
// section.
func (m *mermaid) unhandled(phase string) bool {
	return slices.ContainsFunc(m.book.order, func(s *Step) bool {
		return !s.Fallback && s.Phase.String() == phase && !s.Verb.Holds() && s.OnFailure == "" && !covered(s)
	})
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
