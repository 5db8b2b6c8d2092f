package playbooks

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Markdown renders a playbook as a page for a wiki: what it is for, who is
// needed, what it asks and may touch, and every step with its instructions.
// All of the file's text is escaped or fenced; nothing in it becomes markup.
func Markdown(p *Playbook) []byte {
	m := &page{}
	m.line("# " + plainText(p.Name))
	m.line("")
	if p.Description != "" {
		m.line(plainText(strings.Join(strings.Fields(p.Description), " ")))
		m.line("")
	}
	m.head(p)
	m.variables(p)
	m.touches(p)
	for _, ph := range p.Phases {
		name := ph.Phase.String()
		m.line("## " + strings.ToUpper(name[:1]) + name[1:])
		m.line("")
		for i, s := range ph.Steps {
			m.step(s, fmt.Sprintf("%d", i+1), "###")
		}
	}
	if len(p.Fallback) > 0 {
		m.line("## If a step fails")
		m.line("")
		for i, s := range p.Fallback {
			m.step(s, fmt.Sprintf("F%d", i+1), "###")
		}
	}
	m.line(fmt.Sprintf("*%s %s, sha256 %s*", plainText(p.ID), plainText(p.Version), p.SHA256))
	return []byte(m.text.String())
}

// page is Markdown being written.
type page struct{ text strings.Builder }

func (m *page) line(s string) { m.text.WriteString(s + "\n") }

func (m *page) row(cells ...string) {
	for i, c := range cells {
		cells[i] = strings.ReplaceAll(c, "\n", " ")
	}
	m.line("| " + strings.Join(cells, " | ") + " |")
}

func (m *page) head(p *Playbook) {
	m.row("", "")
	m.row("---", "---")
	m.row("Playbook", code(p.ID)+" "+plainText(p.Version))
	if p.Owner != "" {
		m.row("Owner", plainText(p.Owner))
	}
	if p.Severity != 0 {
		m.row("Severity", p.Severity.String())
	}
	if p.TLP != "" {
		m.row("TLP", strings.ToUpper(string(p.TLP)))
	}
	if len(p.Attack) > 0 {
		m.row("ATT&amp;CK", plainText(strings.Join(p.Attack, ", ")))
	}
	if len(p.Roles) > 0 {
		roles := make([]string, len(p.Roles))
		for i, r := range p.Roles {
			roles[i] = string(r.Role)
			if !r.Required {
				roles[i] += " (optional)"
			}
		}
		m.row("Roles", strings.Join(roles, ", "))
	}
	for _, c := range p.Clocks {
		text := code(c.Use)
		if c.When != "" {
			text += " when " + code(c.When)
		}
		if c.From != "" {
			text += " from " + code(c.From)
		}
		m.row("Clock", text)
	}
	m.line("")
}

func (m *page) variables(p *Playbook) {
	if len(p.Vars) == 0 {
		return
	}
	m.line("## What it needs to know")
	m.line("")
	m.row("Name", "Type", "Question", "Default")
	m.row("---", "---", "---", "---")
	asked := map[string]string{}
	for _, s := range p.order {
		for _, q := range s.Ask {
			asked[q.Name] = "asked in " + s.ID
		}
		for _, a := range s.Set {
			asked[a.Name] = "set by " + s.ID
		}
	}
	for _, v := range p.Vars {
		question := plainText(v.Prompt)
		if v.Required {
			question += " (required)"
		}
		if later := asked[v.Name]; later != "" {
			question = strings.TrimSpace(question + " " + later)
		}
		fallback := ""
		if v.Default != nil {
			fallback = plainText(show(v.Default))
		}
		m.row(code(v.Name), string(v.Type), question, fallback)
	}
	m.line("")
}

func (m *page) touches(p *Playbook) {
	c := p.Capabilities()
	rows := []struct {
		what  string
		names []string
	}{{"Actions", c.Actions}, {"Programs", c.Programs}, {"Messages to", c.Notifies}, {"Collects", c.Collects}, {"Secrets", c.Secrets}}
	m.line("## What it may touch")
	m.line("")
	for _, r := range rows {
		if len(r.names) > 0 {
			names := make([]string, len(r.names))
			for i, n := range r.names {
				names[i] = code(n)
			}
			m.line("- " + r.what + ": " + strings.Join(names, ", "))
		}
	}
	m.line("")
}

// step writes one step and, numbered below it, those in it.
func (m *page) step(s *Step, number, heading string) {
	m.line(heading + " " + number + ". " + plainText(s.Title))
	m.line("")
	facts := []string{code(s.ID), string(s.Verb)}
	if s.Assign != "" {
		facts = append(facts, "by "+string(s.Assign))
	}
	if !s.Due.IsZero() {
		facts = append(facts, "due "+s.Due.Text)
	}
	if s.If != "" {
		facts = append(facts, "if "+code(s.If))
	}
	if s.Needs != nil {
		facts = append(facts, "after "+code(cmp.Or(strings.Join(s.Needs, ", "), "nothing")))
	}
	m.line("*" + strings.Join(facts, " · ") + "*")
	m.line("")
	m.work(s)
	m.conditions(s)
	for _, branch := range []struct {
		name  string
		steps []*Step
	}{{"Then", s.Then}, {"Else", s.Else}, {"Side by side", s.Parallel}} {
		if len(branch.steps) == 0 {
			continue
		}
		m.line("**" + branch.name + ":**")
		m.line("")
		for i, c := range branch.steps {
			m.step(c, fmt.Sprintf("%s.%d", number, i+1), strings.Repeat("#", min(6, len(heading)+1)))
		}
	}
}

// work writes what the step does.
func (m *page) work(s *Step) {
	switch s.Verb {
	case VerbManual:
		m.fence(s.Manual)
	case VerbRun:
		words := make([]string, len(s.Run))
		for i, w := range s.Run {
			words[i] = quoteWord(w)
		}
		m.fence(strings.Join(words, " "))
	case VerbAction:
		m.named("Action", []string{s.Action})
	case VerbCollect:
		m.named("Collect", s.Collect)
	case VerbIngest:
		m.named("Read into the timeline", s.Ingest)
	case VerbDetect:
		m.named("Look in the timeline for", s.Detect)
	case VerbNotify:
		m.named("Tell", s.Notify)
	case VerbWait:
		m.line("Wait " + plainText(s.Wait.Text) + ".")
		m.line("")
	case VerbReview:
		m.line("Review: " + plainText(s.Review) + ".")
		m.line("")
	case VerbIf, VerbParallel:
	}
	for _, name := range slices.Sorted(maps.Keys(s.With)) {
		text := show(s.With[name])
		if strings.Contains(text, "\n") {
			m.line(code(name) + ":")
			m.line("")
			m.fence(text)
			continue
		}
		m.line("- " + code(name) + ": " + code(text))
	}
	if len(s.With) > 0 {
		m.line("")
	}
}

func (m *page) named(what string, names []string) {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = code(n)
	}
	m.line(what + " " + strings.Join(quoted, ", ") + ".")
	m.line("")
}

// conditions writes the modifiers that a person should know of beforehand.
func (m *page) conditions(s *Step) {
	item := func(what, text string) {
		if text != "" {
			m.line("- " + what + ": " + text)
		}
	}
	start := m.text.Len()
	for _, q := range s.Ask {
		item("Asks", plainText(q.Text)+" ("+code(q.Name)+")")
	}
	for _, a := range s.Set {
		item("Sets", code(a.Name)+" to "+code(a.Expr))
	}
	if a := s.Approve; a != nil {
		item("Approval", fmt.Sprintf("%d by %s", a.Count, a.By))
	}
	item("Impact", s.Impact)
	item("Cannot be undone", plainText(s.Irreversible))
	if r := s.Rollback; r != nil {
		text := plainText(r.Manual)
		if r.Action != "" {
			text = code(r.Action)
		}
		if len(r.Run) > 0 {
			text = code(strings.Join(r.Run, " "))
		}
		item("Undo", text)
	}
	if v := s.Verify; v != nil {
		of := "what the other side says"
		if v.Action != "" {
			of = code(v.Action)
		}
		item("Verify", of+": "+code(v.Expect))
	}
	if s.Retry != nil {
		item("Retry", fmt.Sprintf("%d attempts, %s apart", s.Retry.Max, s.Retry.Every))
	}
	if s.OnFailure != "" {
		item("If it fails", code(s.OnFailure))
	}
	item("Technique", plainText(strings.Join(s.Attack, ", ")))
	item("Note", plainText(s.Note))
	if m.text.Len() > start {
		m.line("")
	}
}

// fence writes text between fences longer than any run of backticks in it.
func (m *page) fence(text string) {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	m.line(fence + "text")
	m.line(text)
	m.line(fence)
	m.line("")
}

// code writes text as a code span, whatever backticks are in it.
func code(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\n", " "), "|", "¦")
	ticks := "`"
	for strings.Contains(text, ticks) {
		ticks += "`"
	}
	if len(ticks) > 1 || strings.HasPrefix(text, "`") {
		return ticks + " " + text + " " + ticks
	}
	return ticks + text + ticks
}

// plainText escapes what Markdown or HTML would take for markup, or for a link.
func plainText(text string) string {
	var b strings.Builder
	for i, r := range strings.Join(strings.Fields(text), " ") {
		switch {
		case i == 0 && strings.ContainsRune("-+=", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case strings.ContainsRune("\\`*_[]#|~!", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	// Some readers turn addresses into links by themselves.
	return strings.NewReplacer("://", "&#58;//", "www.", "www&#46;", "@", "&#64;").Replace(b.String())
}
