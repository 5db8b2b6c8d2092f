package review

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
)

// maxRows is how many rows of the timeline, and refusals, a document shows. The
// JSON form has all of them.
const maxRows = 3000

// Markdown writes the review for a wiki or a repository: CommonMark with
// tables. No text of the record becomes a link, an image, markup or HTML.
func (r Review) Markdown() []byte {
	m := &markdown{r: r.shown()}
	m.head()
	m.summary()
	m.durations()
	m.timeline()
	m.findings()
	m.decisions()
	m.actions()
	m.runs()
	m.communications()
	m.evidence()
	m.ingested()
	m.lessons()
	m.items()
	m.limits()
	m.integrity()
	return m.b.Bytes()
}

type markdown struct {
	r Review
	b bytes.Buffer
}

func (m *markdown) put(format string, args ...any) { fmt.Fprintf(&m.b, format+"\n", args...) }

func (m *markdown) title(s string) { m.put("\n## %s\n", s) }

// table writes a table whose cells are already safe.
func (m *markdown) table(head []string, rows [][]string) {
	m.put("| %s |", strings.Join(head, " | "))
	m.put("|%s", strings.Repeat(" --- |", len(head)))
	for _, r := range rows {
		m.put("| %s |", strings.Join(r, " | "))
	}
	m.put("")
}

func (m *markdown) head() {
	i := m.r.Incident
	m.put("# Post-incident review %s\n", prose(string(i.ID)))
	if i.Drill {
		m.put("**DRILL.** This was an exercise; its actions went to built-in fakes.\n")
	}
	rows := [][]string{
		{"Title", cell(i.Title)},
		{"Severity", i.Severity.String()},
		{"Status", cell(strings.ToUpper(string(i.Status)))},
		{"TLP", cell(strings.ToUpper(string(i.TLP)))},
		{"First sign seen", moment(i.Detected)},
		{"Opened", moment(i.Opened)},
		{"Closed", moment(i.Closed)},
	}
	for _, role := range slices.Sorted(maps.Keys(i.Roles)) {
		rows = append(rows, []string{cell(strings.ToUpper(string(role[:1])) + string(role[1:])), cell(i.Roles[role])})
	}
	people := make([]string, 0, len(m.r.People))
	for _, p := range m.r.People {
		people = append(people, fmt.Sprintf("%s (%s)", cell(p.Name), counted(p.Entries, "entry", "entries")))
	}
	rows = append(rows, []string{"People", strings.Join(people, ", ")})
	rows = append(rows, []string{"Review made", moment(m.r.Made) + " by " + cell(m.r.Tool)})
	m.table([]string{"", ""}, rows)
	m.put("All times are UTC. `#12` is entry 12 of the record; `e3 @1024` is byte or record 1024 of exhibit e3.")
}

func (m *markdown) summary() {
	m.title("Summary")
	for _, s := range m.r.Summary {
		m.put("- %s", prose(s))
	}
	if s := m.r.Incident.Summary; s != "" {
		m.put("\nWhat the team wrote:\n\n%s", block(s))
	}
	m.title("Impact")
	if s := m.r.Incident.Impact; s != "" {
		m.put("%s", block(s))
		return
	}
	m.put("Nothing recorded.")
}

func (m *markdown) durations() {
	m.title("How long it took")
	rows := make([][]string, 0, len(m.r.Durations))
	for _, d := range m.r.Durations {
		took := "**" + d.Shown() + "**"
		note := d.Definition + "."
		switch {
		case !d.Known:
			note += " Unknown: " + d.Reason + "."
		case d.Measured != wallClock:
			note += " Measured by the " + d.Measured + "."
		}
		if d.Note != "" {
			note += " Note: " + d.Note + "."
		}
		rows = append(rows, []string{d.Title, took, point(d.From), point(d.To), cell(note)})
	}
	m.table([]string{"", "Took", "From", "To", "What is meant"}, rows)
	m.put("Measured by the wall clock unless it says otherwise.\n")
	rows = rows[:0]
	for _, s := range m.r.Phases {
		to := moment(s.To)
		if s.To.IsZero() {
			to = "still going on"
		}
		rows = append(rows, []string{s.Phase.String(), moment(s.From), to, ref(s.FromSeq)})
	}
	m.table([]string{"Phase", "From", "To", "Entry"}, rows)
}

func point(p Point) string {
	s := moment(p.Time) + ", " + cell(p.What)
	if p.Seq > 0 {
		s += " " + ref(p.Seq)
	}
	return s
}

func ref(seq int64) string {
	if seq == 0 {
		return "-"
	}
	return fmt.Sprintf("`#%d`", seq)
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return stamp(t)
}

func (m *markdown) timeline() {
	m.title("Timeline")
	rows := make([][]string, 0, len(m.r.Timeline))
	for _, r := range m.r.Timeline[:min(len(m.r.Timeline), maxRows)] {
		at := moment(r.Time)
		if r.Back {
			at += " (clock was set back)"
		}
		who := cell(r.Who)
		text := cell(r.Text)
		if r.Evidence {
			who = "evidence: " + who
			if r.Star {
				text = "★ " + text
			}
			if len(r.Tags) > 0 {
				text += " tags " + cell(strings.Join(r.Tags, ", "))
			}
			for _, c := range r.Comments {
				text += " comment " + cell(c)
			}
		}
		if r.Bad {
			text = "**!** " + text
		}
		rows = append(rows, []string{at, code(r.Ref), phaseWord(r.Phase), who, text})
	}
	m.table([]string{"Time", "Reference", "Phase", "Who", "What"}, rows)
	m.put("%s", m.r.timelineNote())
}

// timelineNote says what the timeline leaves out.
func (r Review) timelineNote() string {
	s := "Entries are in the order of the record. Only events of the evidence that people marked are shown."
	if r.LeftOut > 0 {
		s += fmt.Sprintf(" %s no row of their own, because another row tells what they tell.", counted(r.LeftOut, "entry has", "entries have"))
	}
	if n := len(r.Timeline) - maxRows; n > 0 {
		s += fmt.Sprintf(" %s not shown here: see the JSON form.", counted(n, "row is", "rows are"))
	}
	return s
}

func phaseWord(p incident.Phase) string {
	if p == incident.NoPhase {
		return "-"
	}
	return p.String()
}

func (m *markdown) decisions() {
	m.title("Decisions and approvals")
	if len(m.r.Decisions) == 0 {
		m.put("Nothing recorded.")
		return
	}
	rows := make([][]string, 0, len(m.r.Decisions))
	for _, d := range m.r.Decisions {
		bound := "-"
		if d.Digest != "" {
			bound = "plan " + code(brief(d.Digest)) + ", known by " + cell(d.Known())
		}
		rows = append(rows, []string{moment(d.Time), ref(d.Seq), cell(d.By), cell(d.What), cell(d.Why), bound})
	}
	m.table([]string{"Time", "Entry", "Who", "What", "Why", "Bound to"}, rows)
}

func (m *markdown) actions() {
	m.title("Actions on outside systems")
	if len(m.r.Actions) == 0 {
		m.put("Nothing recorded.")
		return
	}
	for _, a := range m.r.Actions {
		if a.open() {
			m.put("> **Nobody knows whether %s (%s) took effect. Look at the other side before anything else.**\n", cell(a.ID), prose(a.Title))
		}
	}
	rows := make([][]string, 0, len(m.r.Actions))
	for _, a := range m.r.Actions {
		undo := cell(a.HowUndone())
		if undo == irrevocable {
			undo = "**" + undo + "**"
		}
		var yes []string
		for _, y := range a.Approvals {
			s := cell(y.By) + " (" + cell(first(string(y.Strength), "not recorded")) + ") " + ref(y.Seq)
			if !y.Bound {
				s += " **for another plan**"
			}
			if y.BreakGlass {
				s += " **BREAK-GLASS**: " + cell(first(y.Reason, "no reason given"))
			}
			yes = append(yes, s)
		}
		approved := fmt.Sprintf("%d of %d", len(yes), a.Needed)
		if len(yes) > 0 {
			approved += ": " + strings.Join(yes, ", ")
		}
		standing := cell(a.Standing)
		if a.open() {
			standing = "**" + standing + "**"
		}
		if a.Says != "" && a.RevertedBy == "" {
			standing += ": " + cell(a.Says)
		}
		rows = append(rows, []string{
			cell(a.ID), cell(a.Title), cell(a.Target), a.Danger.String(), approved, standing, undo,
			ref(a.Planned.Seq) + " to " + ref(a.Changed.Seq), code(brief(a.Digest)),
		})
	}
	m.table([]string{"", "What", "On", "Danger", "Approved", "What is known of it", "Undo", "Entries", "Plan"}, rows)
	m.containment()
	m.rollbacks()
}

// containment lists what was meant to end, and what went around a rule.
func (m *markdown) containment() {
	var rows [][]string
	for _, a := range m.r.Actions {
		for _, rule := range a.Overrides {
			m.put("- **%s went around a rule**: %s", cell(a.ID), prose(rule))
		}
		if a.Box != nil {
			standing := "ended"
			if a.held() {
				standing = "**in force**"
			} else if a.Attempts == 0 {
				standing = "never sent"
			}
			rows = append(rows, []string{cell(a.ID), cell(a.Title), cell(a.Target), cell(a.Box.Says()), standing})
		}
	}
	if len(rows) > 0 {
		m.put("\n### Time boxes\n")
		m.table([]string{"", "What", "On", "How long", "At the end of this record"}, rows)
	}
}

func (m *markdown) rollbacks() {
	for _, r := range m.r.Rollbacks {
		m.put("### Rollback of %s\n", prose(r.Scope))
		m.put("%s by %s %s%s\n", moment(r.Time), cell(r.By), ref(r.Seq), because(prose(r.Reason)))
		var rows [][]string
		for _, x := range r.Results {
			rows = append(rows, []string{cell(x.Action), cell(ResultWord(x.Result)), cell(first(x.Undo, "-")), cell(first(x.Why, "-"))})
		}
		m.table([]string{"", "Result", "By", "Why"}, rows)
	}
}

func (m *markdown) runs() {
	m.title("Playbook against reality")
	if len(m.r.Runs) == 0 {
		m.put("The team followed no playbook.")
		return
	}
	for _, run := range m.r.Runs {
		m.put("### %s %s\n", prose(run.Name), prose(run.Version))
		m.put("%s\n", prose(runSentence(run)))
		if run.Unread != "" {
			m.put("**%s**\n", prose(run.Unread))
		}
		rows := make([][]string, 0, len(run.Steps))
		for _, s := range run.Steps {
			state := s.State
			if s.State == stepFailed || s.State == stepUnreached || s.State == stepOpen {
				state = "**" + state + "**"
			}
			if s.Added {
				state += " (added on the way)"
			}
			at, seq, by := "-", "-", "-"
			if s.Changed != nil {
				at, seq, by = moment(s.Changed.Time), ref(s.Changed.Seq), cell(s.Changed.By)
			}
			rows = append(rows, []string{phaseWord(s.Phase), cell(s.Title), state, cell(stepRemark(s)), by, at, seq})
		}
		m.table([]string{"Phase", "Step", "State", "Remark", "Who", "When", "Entry"}, rows)
	}
}

// stepRemark is what there is to say about a step besides its state.
func stepRemark(s Step) string {
	parts := make([]string, 0, 2+len(s.Answers))
	for _, p := range []string{s.Why, s.Note} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	for _, a := range s.Answers {
		parts = append(parts, fmt.Sprintf("%s %v", first(a.Question, a.Name), a.Answer))
	}
	if s.Attempts > 1 {
		parts = append(parts, fmt.Sprintf("%d attempts", s.Attempts))
	}
	return strings.Join(parts, "; ")
}

func (m *markdown) communications() {
	m.title("Communications sent")
	if len(m.r.Communications) == 0 {
		m.put("Nothing recorded.")
		return
	}
	rows := make([][]string, 0, len(m.r.Communications))
	for _, c := range m.r.Communications {
		rows = append(rows, []string{moment(c.Time), ref(c.Seq), cell(c.Connection), cell(c.Target), cell(first(c.Text, c.Title)), cell(c.State), cell(c.Ref)})
	}
	m.table([]string{"Time", "Entry", "Over", "To", "What", "State", "Their reference"}, rows)
}
