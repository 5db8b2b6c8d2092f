package playbooks

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// runbook is a playbook as people read it, before it is Markdown or HTML. Its
// texts are those of the file: whoever writes them escapes them.
type runbook struct {
	book     *Playbook
	head     []fact
	vars     [][]string // name, type, question, default
	touches  []fact
	chapters []chapter
	links    []fact // techniques and countermeasures, with their addresses
}

// fact is a label with its values. code says that the values are names or
// expressions, to be set apart from prose.
type fact struct {
	label  string
	values []string
	code   bool
}

type chapter struct {
	title string
	steps []entryStep
}

// entryStep is a step as it is read.
type entryStep struct {
	number string
	id     string
	title  string
	facts  []fact // short: who, when, on what condition
	does   []fact // what it does
	block  string // instructions or a command, to be set as they are
	more   []fact // what to know beforehand
	groups []group
}

type group struct {
	title string
	steps []entryStep
}

func runbookOf(p *Playbook) runbook {
	r := runbook{book: p}
	add := func(label string, code bool, values ...string) {
		values = slices.DeleteFunc(values, func(v string) bool { return v == "" })
		if len(values) > 0 {
			r.head = append(r.head, fact{label, values, code})
		}
	}
	add("Playbook", true, p.ID+" "+p.Version)
	add("Owner", false, p.Owner)
	add("Severity", false, severityText(p))
	add("TLP", false, strings.ToUpper(string(p.TLP)))
	add("Labels", false, strings.Join(p.Labels, ", "))
	add("Business days", false, p.Calendar)
	var required, optional []string
	for _, n := range p.Roles {
		if n.Required {
			required = append(required, string(n.Role))
		} else {
			optional = append(optional, string(n.Role))
		}
	}
	add("Roles", false, strings.Join(required, ", "))
	add("Roles, if there are enough people", false, strings.Join(optional, ", "))
	for _, c := range p.Clocks {
		text := cmp.Or(LawOf(c.Use), "a deadline")
		if c.When != "" {
			text += ", when " + c.When
		}
		if c.From != "" {
			text += ", counted from " + c.From
		}
		add("Clock "+c.Use, false, text)
	}
	r.variables()
	c := p.Capabilities()
	lists := c.kinds()
	for _, kind := range slices.Sorted(maps.Keys(lists)) {
		if list := *lists[kind]; len(list) > 0 {
			r.touches = append(r.touches, fact{capital(kind), list, true})
		}
	}
	for _, ph := range p.Phases {
		r.chapters = append(r.chapters, chapter{capital(ph.Phase.String()), entrySteps(ph.Steps, "", "")})
	}
	if len(p.Fallback) > 0 {
		r.chapters = append(r.chapters, chapter{"If a step fails", entrySteps(p.Fallback, "F", "")})
	}
	r.glossary()
	return r
}

func (r *runbook) variables() {
	later := map[string]string{}
	for _, s := range r.book.order {
		for _, q := range s.Ask {
			later[q.Name] = "asked in " + s.ID
		}
		for _, a := range s.Set {
			later[a.Name] = "set by " + s.ID
		}
	}
	for _, v := range r.book.Vars {
		question := v.Prompt
		if v.Required {
			question += " (required)"
		}
		if l := later[v.Name]; l != "" {
			question = strings.TrimSpace(question + " " + l)
		}
		r.vars = append(r.vars, []string{v.Name, string(v.Type), question, show(v.Default)})
	}
}

// glossary lists every technique and countermeasure with where it is described.
func (r *runbook) glossary() {
	attack, defend := set{}, set{}
	attack.add(r.book.Attack...)
	for _, s := range r.book.order {
		attack.add(s.Attack...)
		defend.add(s.D3fend...)
	}
	for _, id := range attack.sorted() {
		r.links = append(r.links, fact{label: id, values: []string{"https://attack.mitre.org/techniques/" + strings.ReplaceAll(id, ".", "/") + "/"}})
	}
	for _, id := range defend.sorted() {
		r.links = append(r.links, fact{label: id, values: []string{"https://d3fend.mitre.org/technique/d3f:" + id + "/"}})
	}
}

func entrySteps(steps []*Step, before, after string) []entryStep {
	out := make([]entryStep, len(steps))
	for i, s := range steps {
		out[i] = entryOf(s, fmt.Sprintf("%s%d%s", before, i+1, after))
	}
	return out
}

func entryOf(s *Step, number string) entryStep {
	e := entryStep{number: number, id: s.ID, title: s.Title}
	e.facts = append(e.facts, fact{"", []string{s.ID}, true}, fact{"", []string{string(s.Verb)}, false})
	short := func(label, value string, code bool) {
		if value != "" {
			e.facts = append(e.facts, fact{label, []string{value}, code})
		}
	}
	short("by", string(s.Assign), false)
	short("due", s.Due.Text, false)
	short("if", s.If, true)
	if s.Needs != nil {
		short("after", cmp.Or(strings.Join(s.Needs, ", "), "nothing"), true)
	}
	e.work(s)
	e.conditions(s)
	for _, b := range branches(s) {
		if len(b.steps) == 0 {
			continue
		}
		title := capital(b.label)
		switch {
		case s.Verb == VerbParallel:
			title = "Side by side"
		case s.Verb == VerbForEach:
			title = "For each " + s.variable() + " of " + s.ForEach
		case s.Verb == VerbSwitch && b.label != "else":
			title = "When " + s.Switch + " is " + b.label
		case s.Verb == VerbSwitch:
			title = "In all other cases"
		case b.label == "yes":
			title = "Then"
		case b.label == "no":
			title = "Else"
		}
		e.groups = append(e.groups, group{title, entrySteps(b.steps, fmt.Sprintf("%s.%s", number, letter(len(e.groups), s)), "")})
	}
	return e
}

// letter tells the branches of a step apart in the numbers of its steps: 4.1 in
// the only one, 4.b1 in the second.
func letter(n int, s *Step) string {
	if s.Verb == VerbParallel || s.Verb == VerbForEach || n == 0 {
		return ""
	}
	return string(rune('a' + n%26))
}

// work is what the step does.
func (e *entryStep) work(s *Step) {
	do := func(label string, code bool, values ...string) { e.does = append(e.does, fact{label, values, code}) }
	switch s.Verb {
	case VerbManual:
		e.block = s.Manual
	case VerbRun:
		words := make([]string, len(s.Run))
		for i, w := range s.Run {
			words[i] = quoteWord(w)
		}
		e.block = strings.Join(words, " ")
		if s.On != "" {
			do("On", true, s.On)
		}
	case VerbHTTP:
		do("Request", true, s.HTTP.Method+" "+s.HTTP.URL)
		for _, name := range slices.Sorted(maps.Keys(s.HTTP.Headers)) {
			do("Header "+name, true, s.HTTP.Headers[name])
		}
		if s.HTTP.Body != nil {
			e.block = textOf(s.HTTP.Body)
		}
	case VerbAction:
		do("Action", true, s.Action)
	case VerbCollect:
		do("Collect", true, s.Collect...)
	case VerbIngest:
		do("Read into the timeline", true, s.Ingest...)
	case VerbDetect:
		do("Look in the timeline for", true, s.Detect...)
	case VerbNotify:
		do("Tell", true, s.Notify...)
		if s.Template != "" {
			do("Message", true, s.Template)
		}
	case VerbPlaybook:
		do("Run the playbook", true, s.Playbook.String())
	case VerbWait:
		do("Wait", false, s.Wait.Text)
	case VerbReview:
		do("Review", false, s.Review)
	case VerbIf, VerbSwitch, VerbForEach, VerbParallel:
	}
	if s.Connection != "" {
		do("Connection", true, s.Connection)
	}
	for _, name := range slices.Sorted(maps.Keys(s.With)) {
		text := textOf(s.With[name])
		if strings.Contains(text, "\n") && e.block == "" {
			e.block = text
			continue
		}
		do(name, true, text)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Env)) {
		do("Environment "+name, true, textOf(s.Env[name]))
	}
}

// textOf is a value as a reader wants it: a text as it is, all else as JSON.
func textOf(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return canonical(v)
}

// conditions are the modifiers that a person should know of beforehand.
func (e *entryStep) conditions(s *Step) {
	know := func(label, text string, code bool) {
		if text != "" {
			e.more = append(e.more, fact{label, []string{text}, code})
		}
	}
	for _, q := range s.Ask {
		know("Asks", q.Text+" ("+q.Name+")", false)
	}
	for _, a := range s.Set {
		know("Sets", a.Name+" = "+a.Expr, true)
	}
	if a := s.Approve; a != nil {
		text := fmt.Sprintf("%d by %s", a.Count, a.By)
		if !a.Timeout.IsZero() {
			text += map[string]string{
				"fail": ", else it fails after ", "skip": ", else it is skipped after ",
			}[a.OnTimeout]
			if a.OnTimeout != "fail" && a.OnTimeout != "skip" {
				text += ", else people are paged after "
			}
			text += a.Timeout.Text
		}
		know("Approval", text, false)
	}
	know("Impact", s.Impact, false)
	know("Cannot be undone", s.Irreversible, false)
	know("Lasts", s.Lasts.text(), false)
	if r := s.Rollback; r != nil {
		know("Undo", cmp.Or(r.Manual, undoText(r)), r.Manual == "")
	}
	if s.Verify != nil {
		know("Verify", cmp.Or(s.Verify.Action, "what the other side says")+": "+s.Verify.Expect, true)
	}
	if s.Retry != nil {
		know("Retry", fmt.Sprintf("%d attempts, %s apart", s.Retry.Max, s.Retry.Every), false)
	}
	know("Again", repetition(s.Repeat), false)
	know("At most", s.Timeout.Text, false)
	know("If it fails", s.OnFailure, true)
	know("Keep", strings.Join(s.Evidence, ", "), false)
	know("Techniques", strings.Join(s.Attack, ", "), false)
	know("Countermeasures", strings.Join(s.D3fend, ", "), false)
	know("Note", s.Note, false)
}
