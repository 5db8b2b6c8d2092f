package playbooks

import (
	"fmt"
	"strings"
)

// Markdown renders a playbook as a page for a wiki: what it is for, who is
// needed, what it asks and may touch, and every step with its instructions.
// All of the file's text is escaped or fenced; nothing in it becomes markup.
func Markdown(p *Playbook) []byte {
	r := runbookOf(p)
	m := &page{}
	m.line("# " + plainText(p.Name))
	m.line("")
	if p.Description != "" {
		m.line(plainText(p.Description))
		m.line("")
	}
	m.row("", "")
	m.row("---", "---")
	for _, f := range r.head {
		m.row(plainText(f.label), f.markdown())
	}
	m.line("")
	if len(r.vars) > 0 {
		m.line("## What it needs to know")
		m.line("")
		m.row("Name", "Type", "Question", "Default")
		m.row("---", "---", "---", "---")
		for _, v := range r.vars {
			m.row(code(v[0]), v[1], plainText(v[2]), plainText(v[3]))
		}
		m.line("")
	}
	m.facts("## What it may touch", r.touches)
	for _, c := range r.chapters {
		m.line("## " + c.title)
		m.line("")
		for _, s := range c.steps {
			m.step(s, 3)
		}
	}
	if len(r.links) > 0 {
		m.line("## Techniques and countermeasures")
		m.line("")
		for _, l := range r.links {
			m.line("- [" + plainText(l.label) + "](" + l.values[0] + ")")
		}
		m.line("")
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

func (f fact) markdown() string {
	out := make([]string, len(f.values))
	for i, v := range f.values {
		out[i] = plainText(v)
		if f.code {
			out[i] = code(v)
		}
	}
	return strings.Join(out, ", ")
}

// facts writes a list, under a heading where there is one.
func (m *page) facts(heading string, list []fact) {
	if len(list) == 0 {
		return
	}
	if heading != "" {
		m.line(heading)
		m.line("")
	}
	for _, f := range list {
		m.line("- " + plainText(f.label) + ": " + f.markdown())
	}
	m.line("")
}

// step writes one step and, numbered below it, those in it.
func (m *page) step(s entryStep, level int) {
	m.line(strings.Repeat("#", min(6, level)) + " " + s.number + ". " + plainText(s.title))
	m.line("")
	short := make([]string, len(s.facts))
	for i, f := range s.facts {
		short[i] = strings.TrimSpace(f.label + " " + f.markdown())
	}
	m.line("*" + strings.Join(short, " · ") + "*")
	m.line("")
	m.facts("", s.does)
	if s.block != "" {
		m.fence(s.block)
	}
	m.facts("", s.more)
	for _, g := range s.groups {
		m.line("**" + plainText(g.title) + ":**")
		m.line("")
		for _, c := range g.steps {
			m.step(c, level+1)
		}
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
