// Package handover is the page that one shift gives to the next: where an
// incident stands, what is open, who is where, and what to look at first.
//
// It is pure: a Page is put together elsewhere, from one picture of the record,
// and written here as text, Markdown and HTML.
package handover

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/internal/markdown"
	"firebreak/internal/term"
	"firebreak/review"
	"firebreak/review/look"
)

// Format names the shape of the JSON form. A field may be added within a version;
// none is renamed or removed.
const Format = "firebreak.handover/1"

// Page is a handover. Its texts are foreign until they are written.
type Page struct {
	Format   string            `json:"format"`
	Made     time.Time         `json:"made"`
	Tool     string            `json:"tool,omitempty"`
	By       string            `json:"by"`
	Incident incident.Incident `json:"incident"`
	Playbook string            `json:"playbook,omitempty"`
	Through  int64             `json:"through"`        // the last entry that it was made of
	Seal     string            `json:"seal,omitempty"` // of the record then
	Last     *Last             `json:"last,omitempty"` // the handover before
	Sections []Section         `json:"sections"`
	ReadOnly string            `json:"read_only,omitempty"`
}

// Last is the handover before this one.
type Last struct {
	Seq     int64     `json:"seq"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	To      string    `json:"to"`
	Text    string    `json:"text,omitempty"`
	Through int64     `json:"through"`
}

// Section is one part of the page. Its ID stays the same.
type Section struct {
	ID    string `json:"section"`
	Title string `json:"title"`
	Rows  []Row  `json:"rows"`
	None  string `json:"none"` // what it says without rows
}

// Row is one thing of a section.
type Row struct {
	Ref   string    `json:"ref,omitempty"` // what it is called: a3, a step
	At    time.Time `json:"at,omitzero"`   // since when, or until when
	Text  string    `json:"text"`
	Alarm bool      `json:"alarm,omitempty"`
	Seq   int64     `json:"seq,omitempty"` // the entry that says so
}

const stampForm = "2006-01-02 15:04Z"

func stamp(t time.Time) string { return t.UTC().Format(stampForm) }

// headline is where the incident stands, in a line.
func (p Page) headline() string {
	i := p.Incident
	parts := []string{i.Severity.String(), i.Mode(), "phase " + first(i.Phase.String(), "none"), "TLP:" + strings.ToUpper(string(i.TLP))}
	if p.Playbook != "" {
		parts = append(parts, "playbook "+p.Playbook)
	}
	return strings.Join(parts, "  ")
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// made says what the page was made of.
func (p Page) made() string {
	s := fmt.Sprintf("Made at %s of %d entries.", stamp(p.Made), p.Through)
	if p.Last == nil {
		return s + " No handover before."
	}
	return s + fmt.Sprintf(" Last handover at %s by %s to %s, entry %d.", stamp(p.Last.At), first(p.Last.By, "somebody"), first(p.Last.To, "somebody"), p.Last.Seq)
}

// line is a row without its mark.
func (r Row) line() string {
	var parts []string
	if !r.At.IsZero() {
		parts = append(parts, stamp(r.At))
	}
	if r.Ref != "" {
		parts = append(parts, r.Ref)
	}
	return strings.Join(append(parts, r.Text), "  ")
}

func (r Row) entry() string {
	if r.Seq == 0 {
		return ""
	}
	return fmt.Sprintf(" (#%d)", r.Seq)
}

// Text is the page for a terminal of that width.
func (p Page) Text(width int) string {
	width = max(width, 40)
	var b strings.Builder
	put := func(indent, text string) {
		for i, part := range term.Wrap(term.Safe(text), width-len(indent)) {
			if i == 1 {
				indent = strings.Repeat(" ", len(indent))
			}
			b.WriteString(strings.TrimRight(indent+part, " ") + "\n")
		}
	}
	put("", "HANDOVER "+string(p.Incident.ID)+"  "+p.headline())
	put("", p.Incident.Title)
	put("", p.made())
	if p.ReadOnly != "" {
		put("", "READ ONLY: "+p.ReadOnly)
	}
	for _, s := range p.Sections {
		b.WriteString("\n" + strings.ToUpper(s.Title) + "\n")
		if len(s.Rows) == 0 {
			put("  ", s.None)
		}
		for _, r := range s.Rows {
			mark := "  - "
			if r.Alarm {
				mark = "  ! "
			}
			put(mark, r.line()+r.entry())
		}
	}
	return b.String()
}

// Markdown is the page as Markdown: foreign text is escaped, so that none of it
// becomes markup.
func (p Page) Markdown() []byte {
	var b bytes.Buffer
	put := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format, args...) }
	put("# Handover %s: %s\n\n", p.Incident.ID, escaped(p.Incident.Title))
	put("%s\n\n%s\n", markdown.Prose(review.Harmless(p.headline()), markdown.Place{}), escaped(p.made()))
	for _, s := range p.Sections {
		put("\n## %s\n\n", escaped(s.Title))
		if len(s.Rows) == 0 {
			put("%s\n", escaped(s.None))
		}
		for _, r := range s.Rows {
			mark, entry := "", ""
			if r.Alarm {
				mark = "**!** "
			}
			if r.Seq > 0 {
				entry = fmt.Sprintf(" `#%d`", r.Seq) // in code: elsewhere some would make a link of it
			}
			put("- %s%s%s\n", mark, escaped(r.line()), entry)
		}
	}
	if p.Seal != "" {
		put("\nRecord: %s\n", escaped(p.Seal))
	}
	return b.Bytes()
}

// escaped is foreign text that stays text in Markdown, on one line.
func escaped(s string) string { return markdown.Prose(review.Harmless(s), markdown.Place{Begun: true}) }

//go:embed handover.html.tmpl
var pageText string

// HTML is the page for a browser: no script, nothing loaded from anywhere.
func (p Page) HTML() ([]byte, error) {
	t, err := template.New("handover").Funcs(template.FuncMap{
		"safe": review.Harmless, "stamp": stamp, "upper": func(v any) string { return strings.ToUpper(fmt.Sprint(v)) },
	}).Parse(pageText)
	if err != nil {
		return nil, fmt.Errorf("parse page: %w", err)
	}
	var b bytes.Buffer
	err = t.Execute(&b, struct {
		Page
		Head           template.HTML
		Headline, Says string
	}{p, look.Head("Handover "+string(p.Incident.ID), look.Base()), p.headline(), p.made()})
	if err != nil {
		return nil, fmt.Errorf("write page: %w", err)
	}
	return b.Bytes(), nil
}
