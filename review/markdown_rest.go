package review

import (
	"fmt"
	"strings"
	"time"

	"firebreak/record"
)

func (m *markdown) evidence() {
	m.title("Evidence register")
	for _, id := range m.r.broken() {
		m.put("**Exhibit %s does not match its seal.**\n", prose(id))
	}
	if len(m.r.Evidence) == 0 {
		m.put("Nothing recorded.")
	} else {
		rows := make([][]string, 0, len(m.r.Evidence))
		for _, x := range m.r.Evidence {
			rows = append(rows, []string{
				cell(x.ID), cell(first(x.Title, x.Kind)), cell(x.Host + " " + x.Source), x.sized(), code(x.SHA256),
				moment(x.Finished), cell(x.SealedBy) + " " + ref(x.Seq), cell(x.Method), cell(exhibitRemark(x)),
			})
		}
		m.table([]string{"", "What", "From", "Size", "SHA-256", "Taken", "Sealed by", "How", "Deviations and checks"}, rows)
	}
	shown := 0
	for _, c := range m.r.Collections {
		m.put("%s %s.\n", ref(c.Seq), prose(collectionSentence(c)))
		if len(c.Refused) == 0 || shown >= maxRows {
			continue
		}
		rows := make([][]string, 0, len(c.Refused))
		for _, x := range c.Refused[:min(len(c.Refused), maxRows-shown)] {
			rows = append(rows, []string{cell(x.Collector), cell(x.Source), cell(x.Reason)})
		}
		shown += len(rows)
		m.put("Could not be collected: %d.\n", len(c.Refused))
		m.table([]string{"Collector", "What", "Why"}, rows)
	}
}

// sized is the exhibit's size in words.
func (x Exhibit) sized() string {
	if x.Erased != "" {
		return record.ErasedMark
	}
	return size(x.Size)
}

// moment is one of the times between which the events are.
func (x Ingestion) moment(t time.Time) string {
	if x.Erased && t.IsZero() {
		return record.ErasedMark
	}
	return moment(t)
}

func collectionSentence(c Collection) string {
	s, _ := describeCollection(c.Collection)
	s += ", profile " + given(c.Profile)
	if c.AsRoot {
		return s + ", as root"
	}
	return s + ", NOT as root"
}

// exhibitRemark is what there is to say about an exhibit besides its hash.
func exhibitRemark(x Exhibit) string {
	parts := append([]string{}, x.Deviations...)
	if x.Erased != "" {
		parts = append(parts, "ERASED with its content, by erasure "+x.Erased)
	}
	if x.Changed {
		parts = append(parts, "changed while it was read")
	}
	if x.ClockOffset != 0 {
		parts = append(parts, "clock of the source off by "+span(x.ClockOffset))
	}
	for _, c := range x.Checks {
		if c.OK {
			parts = append(parts, "checked "+stamp(c.Time)+": as sealed")
		} else {
			parts = append(parts, "CHECKED "+stamp(c.Time)+": DOES NOT MATCH, found "+given(c.Found))
		}
	}
	return strings.Join(parts, "; ")
}

func (m *markdown) ingested() {
	m.title("From evidence to timeline")
	in := m.r.Ingested
	if len(in.Exhibits) == 0 {
		m.put("Nothing was read into the timeline.")
		return
	}
	m.put("%s\n", prose(ingestSentence(in)))
	rows := make([][]string, 0, len(in.Exhibits))
	for _, x := range in.Exhibits {
		rows = append(rows, []string{
			cell(x.Exhibit), cell(x.Parser), grouped(x.Seen), grouped(x.Events + x.Recovered), grouped(x.Added), grouped(x.Rejected),
			x.moment(x.First), x.moment(x.Last), ref(x.Seq),
		})
	}
	m.table([]string{"Exhibit", "Parser", "Seen", "Events", "New", "Rejected", "First", "Last", "Entry"}, rows)
	for _, x := range in.Exhibits {
		rejected, notes := x.Split()
		if len(notes) > 0 {
			m.put("Assumed in %s:\n\n%s", cell(x.Exhibit), block(strings.Join(notes[:min(len(notes), 5)], "\n")))
		}
		if len(rejected) > 0 {
			m.put("Rejected in %s, for example:\n\n%s", cell(x.Exhibit), block(strings.Join(rejected[:min(len(rejected), 5)], "\n")))
		}
	}
}

func ingestSentence(in Ingested) string {
	s := fmt.Sprintf("%s seen, %s made of them, %s of these new, %s rejected", counted64(in.Seen, "record was", "records were"),
		counted64(in.Events, "event", "events"), grouped(in.Added), grouped(in.Rejected))
	if !in.First.IsZero() {
		s += ", from " + stamp(in.First) + " to " + stamp(in.Last)
	}
	return s + "."
}

func (m *markdown) lessons() {
	m.title("Contributing factors and lessons")
	for _, s := range m.r.Lessons {
		m.put("### %s\n", s.Title)
		m.put("*%s*\n", s.Prompt)
		if len(s.Said) == 0 {
			m.put("Nothing recorded. To fill this: %s.\n", s.How)
			continue
		}
		for _, x := range s.Said {
			q := ""
			if x.Question != "" {
				q = prose(x.Question) + " "
			}
			m.put("- %s%s (%s, %s)", q, prose(x.Text), prose(x.By), ref(x.Seq))
		}
		m.put("")
	}
	if len(m.r.Wording) > 0 {
		m.put("### Wording to look at before this is shared\n")
		for _, w := range m.r.Wording {
			m.put("- %s: %s", ref(w.Seq), code(w.Phrase))
		}
	}
}

func (m *markdown) items() {
	m.title("Action items")
	if len(m.r.Items) == 0 {
		m.put("Nothing recorded.")
		return
	}
	rows := make([][]string, 0, len(m.r.Items))
	for _, x := range m.r.Items {
		due := "**no date**"
		if !x.Due.IsZero() {
			due = day(x.Due)
		}
		owner := "**nobody**"
		if x.Owner != "" {
			owner = cell(x.Owner)
		}
		rows = append(rows, []string{cell(x.ID), cell(x.Text), owner, due, cell(x.Class), ref(x.Seq)})
	}
	m.table([]string{"", "What", "Owner", "Due", "Class", "Entry"}, rows)
}

func (m *markdown) limits() {
	m.title("Limits of this review")
	for _, l := range m.r.Limits {
		m.put("- %s", prose(l))
	}
	if len(m.r.ClockJumps) == 0 {
		return
	}
	m.put("")
	rows := make([][]string, 0, len(m.r.ClockJumps))
	for _, j := range m.r.ClockJumps {
		rows = append(rows, []string{ref(j.After) + " to " + ref(j.Before), span(j.Wall), j.steady()})
	}
	m.table([]string{"Clock moved between", "Wall clock says", "Uptime says"}, rows)
}

func (j ClockJump) steady() string {
	if !j.Known {
		return "unknown"
	}
	return span(j.Steady)
}

func (m *markdown) integrity() {
	m.title("Integrity")
	i := m.r.Integrity
	if i.Problem != "" {
		m.put("**%s**\n", prose(i.Problem))
	}
	m.put("This review was made of %s.", counted64(i.Entries, "entry", "entries"))
	if i.Seal == "" {
		return
	}
	m.put("\nThe record was sealed at %s, and everything above was read from it. The seal:\n", counted64(i.Size, "entry", "entries"))
	m.put("%s", block(i.Seal))
	m.put("%s\n", verifyWords)
	m.put("%s", block("firebreak verify "+string(m.r.Incident.ID)))
	if i.Signed != "" {
		m.put("The signed head (a C2SP checkpoint):\n\n%s", block(i.Signed))
	}
}

// verifyWords say what a seal is good for, and what it is not.
const verifyWords = "Keep the seal somewhere else: whoever holds it can show that the record was changed afterwards. " +
	"Without a copy outside the machine, the holder of its key could have rewritten everything. " +
	"To check the record, its signatures and its evidence:"
