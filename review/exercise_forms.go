package review

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	"firebreak/incident"
	"firebreak/playbooks/drill"
	"firebreak/review/look"
)

//go:embed exercise.html.tmpl
var exerciseText string

// Markdown writes the report for a wiki or a repository.
func (r Exercise) Markdown() []byte {
	m := &sheet{}
	r = r.shown()
	s := r.Score
	m.put("# Exercise report: %s\n", prose(r.Scenario.Name))
	m.put("**DRILL.** An exercise on playbook %s %s; incident %s, begun %s.\n", prose(r.Playbook.Name), prose(r.Playbook.Version), prose(string(r.Incident.ID)), stamp(r.Begun))
	m.put("**%d %%** of the points: %g of %g.\n", s.Percent, s.Points, s.Of)
	for _, c := range r.chapters() {
		if c.Title != "" {
			m.title(c.Title)
		}
		if c.Text != "" {
			m.put("%s\n", c.Text)
		}
		if c.Head != nil {
			m.table(c.Head, cells(c.Rows))
		}
		for _, p := range c.Points {
			m.put("- %s", prose(p))
		}
	}
	m.title("The record")
	m.put("Made %s with %s over %s of the record of %s. Whoever has the record, or a bundle of it, verifies it with `firebreak verify`; this line ties the report to it:\n", stamp(r.Made), prose(r.Tool),
		counted64(r.Integrity.Size, "entry", "entries"), prose(string(r.Incident.ID)))
	m.put("%s", code(r.Integrity.Seal))
	if r.Integrity.Problem != "" {
		m.put("\n**%s**", prose(r.Integrity.Problem))
	}
	from := ""
	if of := r.Scenario.From(); of != "" {
		from = ", " + prose(of)
	}
	m.put("\nScenario %s %s, SHA-256 %s, seed %d%s. Playbook %s %s, SHA-256 %s.", prose(r.Scenario.ID), prose(r.Scenario.Version), code(r.Scenario.SHA256), r.Scenario.Seed, from,
		prose(r.Playbook.ID), prose(r.Playbook.Version), code(r.Playbook.SHA256))
	return m.b.Bytes()
}

// ExerciseChapter is a part of the report: a table, or points.
type ExerciseChapter struct {
	Title  string // "" for the first
	Text   string // what to know before reading it
	Head   []string
	Rows   [][]string
	Points []string
}

// Chapters are what the report says, in the order in which it is read, with every
// text of people and files made harmless.
func (r Exercise) Chapters() []ExerciseChapter { return r.shown().chapters() }

func (r Exercise) chapters() []ExerciseChapter {
	first := ExerciseChapter{Head: []string{"", ""}}
	for _, f := range r.Facts() {
		first.Rows = append(first.Rows, []string{f.Label, f.Value})
	}
	out := []ExerciseChapter{first, {Title: "Who took part", Head: peopleHead(), Rows: peopleRows(r.Score)}}
	for _, part := range r.parts() {
		out = append(out, ExerciseChapter{Title: part.Title, Head: itemHead(), Rows: part.Rows})
	}
	out = append(out, ExerciseChapter{Title: "What was brought in", Head: injectHead(), Rows: r.injectRows()})
	if why := r.lessons(); len(why) > 0 {
		out = append(out, ExerciseChapter{Title: "To talk over", Points: why})
	}
	return append(out,
		ExerciseChapter{
			Title: "What this is evidence for", Text: "Each line names the requirement, what this record shows of it, and what it does not show. It is no legal advice.",
			Head: standardHead(), Rows: r.standardRows(),
		},
		ExerciseChapter{Title: "What this report does not say", Points: r.Limits})
}

// HTML writes the report as one self-contained page.
func (r Exercise) HTML() ([]byte, error) {
	r = r.shown()
	t, err := template.New("exercise").Funcs(template.FuncMap{
		"stamp": stamp, "counted": func(n int64) string { return counted64(n, "entry", "entries") },
		"box":    look.Box,
		"people": func() [][]string { return append([][]string{peopleHead()}, peopleRows(r.Score)...) },
		"parts":  r.parts, "itemHead": itemHead,
		"injects":   func() [][]string { return append([][]string{injectHead()}, r.injectRows()...) },
		"standards": func() [][]string { return append([][]string{standardHead()}, r.standardRows()...) },
		"lessons":   r.lessons, "facts": r.Facts,
	}).Parse(exerciseText)
	if err != nil {
		return nil, fmt.Errorf("parse page: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, struct {
		R    Exercise
		Head template.HTML
	}{r, look.Head("Exercise report "+string(r.Incident.ID), look.Base())}); err != nil {
		return nil, fmt.Errorf("write page: %w", err)
	}
	return b.Bytes(), nil
}

func cells(rows [][]string) [][]string {
	out := make([][]string, len(rows))
	for i, row := range rows {
		for _, c := range row {
			out[i] = append(out[i], cell(c))
		}
	}
	return out
}

// Facts are the numbers that people ask for first.
func (r Exercise) Facts() []Fact {
	m, f := r.Score.Measures, r.Score.Findings
	say := func(label, value string) Fact {
		return Fact{Label: label, Value: first(value, "not reached"), Missing: value == ""}
	}
	yes := map[bool]string{true: "yes", false: "no"}
	out := []Fact{
		say("First evidence taken", exerciseClockAt(m.FirstEvidence)),
		say("First change", exerciseClockAt(m.FirstChange)),
		say("Evidence before change", yes[m.EvidenceFirst]),
		say("Contained", exerciseClockAt(m.Contained)),
		say("Ended", exerciseClock(m.Ended)),
		say("Injects answered", fmt.Sprintf("%d of %d, %d late", m.Answered, m.Asked, m.AnsweredLate)),
		say("Changes made", fmt.Sprintf("%d, with %s", m.Changes, counted(m.Approvals, "approval", "approvals"))),
		say("Longest wait for an approval", exerciseClockAt(m.ApprovalWait)),
	}
	if f.Judged {
		out = append(out,
			say("Found in the evidence", fmt.Sprintf("%d of %d, recall %d%%", f.Found, f.Of, int(f.Recall*100+.5))),
			say("Marked rightly", fmt.Sprintf("%d of %d, precision %d%%", f.Right, f.Marked, int(f.Precision*100+.5))))
	}
	return out
}

// exercisePart is a group of items.
type exercisePart struct {
	Title string
	Rows  [][]string
}

func itemHead() []string { return []string{"", "expected", "given", "at", "by", "who", "points"} }

func (r Exercise) parts() []exercisePart {
	var out []exercisePart
	for _, p := range []struct {
		title string
		kinds []string
	}{
		{"Decisions", []string{"decision"}},
		{"Clocks", []string{"clock"}},
		{"What was done", []string{"measure", "order", "role"}},
		{"Questions that came in", []string{"inject"}},
		{"The evidence", []string{"finding", "precision"}},
	} {
		part := exercisePart{Title: p.title}
		for _, i := range r.Score.Items {
			for _, k := range p.kinds {
				if i.Kind == k {
					part.Rows = append(part.Rows, itemRow(i))
				}
			}
		}
		if len(part.Rows) > 0 {
			out = append(out, part)
		}
	}
	return out
}

func itemRow(i drill.Item) []string {
	says := i.Says
	if i.Clock != "" {
		says = i.Clock
	}
	points := fmt.Sprintf("%g of %g", i.Points, i.Weight)
	if i.State == drill.Open || i.State == drill.NotReached {
		points = ""
	}
	return []string{stateWord(i.State), says, i.Given, exerciseClockAt(i.At), exerciseClockAt(i.By), i.Who, points}
}

func stateWord(state string) string {
	switch state {
	case drill.NotReached:
		return "not reached"
	case drill.Missed:
		return "MISSED"
	case drill.Wrong:
		return "WRONG"
	case drill.Late:
		return "LATE"
	}
	return state
}

func peopleHead() []string {
	return []string{"name", "roles", "steps", "answers", "late", "approvals", "notes", "marked", "rightly", "points"}
}

func peopleRows(s drill.Score) [][]string {
	var out [][]string
	for _, p := range s.People {
		out = append(out, []string{
			p.Name, joinRoles(p.Roles), fmt.Sprint(p.Steps), fmt.Sprint(p.Answers), fmt.Sprint(p.Late), fmt.Sprint(p.Approvals),
			fmt.Sprint(p.Notes), fmt.Sprint(p.Marked), fmt.Sprint(p.Right), fmt.Sprintf("%g", p.Points),
		})
	}
	return out
}

func joinRoles(roles []incident.Role) string {
	var names []string
	for _, r := range roles {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}

func injectHead() []string { return []string{"at", "what", "for", "answer", "by", "after", ""} }

func (r Exercise) injectRows() [][]string {
	var out [][]string
	for _, i := range r.Injects {
		what := i.Title
		if i.From != "" {
			what += " (" + i.From + ")"
		}
		out = append(out, []string{exerciseClock(i.At), what, string(i.To), i.Answer, i.By, exerciseClockAt(i.After), stateWord(i.State)})
	}
	return out
}

// lessons are the reasons of what was missed, late or wrong.
func (r Exercise) lessons() []string {
	var out []string
	for _, i := range r.Score.Items {
		switch i.State {
		case drill.Missed, drill.Wrong, drill.Late:
			s := stateWord(i.State) + ": " + first(i.Says, i.ID)
			if i.Why != "" {
				s += " - " + i.Why
			}
			out = append(out, s)
		}
	}
	return out
}

func standardHead() []string {
	return []string{"text", "clause", "what this record shows", "what it does not show"}
}

func (r Exercise) standardRows() [][]string {
	var out [][]string
	for _, s := range r.Standards {
		if s.Evidence {
			out = append(out, []string{s.Of, s.Clause, s.Shows, s.DoesNot})
		}
	}
	return out
}

// sheet is a page of Markdown while it is written.
type sheet struct{ b bytes.Buffer }

func (m *sheet) put(format string, args ...any) { fmt.Fprintf(&m.b, format+"\n", args...) }

func (m *sheet) title(s string) { m.put("\n## %s\n", s) }

// table writes a table whose cells are already safe.
func (m *sheet) table(head []string, rows [][]string) {
	m.put("| %s |", strings.Join(head, " | "))
	m.put("|%s", strings.Repeat(" --- |", len(head)))
	for _, r := range rows {
		m.put("| %s |", strings.Join(r, " | "))
	}
	m.put("")
}
