package response

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/record"
	"firebreak/review"
	"firebreak/review/handover"
	"firebreak/store"
)

func (b *bench) shift() Handover {
	b.Helper()
	p, err := b.s.Handover(b.Context(), b.id)
	b.must(err)
	return p
}

// rows are the texts of a section, with ! before what is not as it should be.
func rows(t *testing.T, p Handover, section string) []string {
	t.Helper()
	for _, s := range p.Sections {
		if s.ID != section {
			continue
		}
		var out []string
		for _, r := range s.Rows {
			mark := ""
			if r.Alarm {
				mark = "! "
			}
			out = append(out, strings.TrimSpace(mark+r.Ref+" "+r.Text))
		}
		return out
	}
	t.Fatalf("no section %s", section)
	return nil
}

func hasRow(t *testing.T, p Handover, section string, parts ...string) {
	t.Helper()
	for _, r := range rows(t, p, section) {
		found := true
		for _, part := range parts {
			found = found && strings.Contains(r, part)
		}
		if found {
			return
		}
	}
	t.Errorf("%s: no row with %q in %q", section, parts, rows(t, p, section))
}

func TestHandover(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(oneComment)
	ctx := t.Context()
	held := b.carry(b.block("203.0.113.9"))
	b.must(b.s.Note(ctx, b.id, "", "We keep the host running until memory is taken", true))
	waits := b.reach()
	summary := "A scanner from one address"
	b.must(b.s.Change(ctx, b.id, record.Changed{Summary: &summary}))
	b.must(b.s.StartClock(ctx, b.id, record.ClockStart{Event: "aware", At: b.clock.Now().Add(-time.Hour), Reason: "the helpdesk told us", Clocks: []string{"eu-gdpr-33-authority"}}))
	p := b.shift()
	if p.Last != nil || p.Through == 0 {
		t.Errorf("%+v", p)
	}
	hasRow(t, p, "first", waits.Action, "0 of 1 approvals")
	hasRow(t, p, "first", "nobody is commander")
	hasRow(t, p, "known", "Summary A scanner from one address")
	hasRow(t, p, "known", "Decided: ", "until memory is taken")
	hasRow(t, p, "approvals", waits.Action, "waiting for")
	hasRow(t, p, "contained", held.Action, "ends in 3 h 59 min", "undo: ")
	hasRow(t, p, "people", "ada", "no role; last: ")
	hasRow(t, p, "clocks", "eu-gdpr-33-authority", "2 d 2")

	b.want(CodeUsage, b.s.HandShift(ctx, b.id, Handing{To: " ", Through: p.Through}))
	b.want(CodeUsage, b.s.HandShift(ctx, b.id, Handing{To: "grace", Through: p.Through + 1000}))
	b.want(CodeUsage, b.s.HandShift(ctx, b.id, Handing{To: "grace", Say: strings.Repeat("x", 65<<10), Through: p.Through}))
	b.must(b.s.Note(ctx, b.id, "", "came while the page was read", true)) // the next page still tells of it
	b.must(b.s.HandShift(ctx, b.id, Handing{To: "grace", Say: "The bank calls at 9.", Role: incident.Commander, Through: p.Through}))
	b.clock.Advance(72 * time.Hour)
	high := incident.SEV1
	b.must(b.s.Change(ctx, b.id, record.Changed{Severity: &high}))

	next := b.shift()
	if l := next.Last; l == nil || l.To != "grace" || l.By != "ada" || l.Through != p.Through || l.Text != "The bank calls at 9." {
		t.Fatalf("last: %+v", next.Last)
	}
	if next.Incident.Roles[incident.Commander] != "grace" {
		t.Errorf("roles: %v", next.Incident.Roles)
	}
	hasRow(t, next, "first", "! "+held.Action, "ITS TIME IS OVER")
	hasRow(t, next, "first", "! eu-gdpr-33-authority", "LATE by 1 h")
	hasRow(t, next, "known", "Last handover The bank calls at 9.")
	hasRow(t, next, "known", "came while the page was read")
	hasRow(t, next, "changed", "Severity: SEV1, was")
	hasRow(t, next, "people", "grace commander; no entry lately")
	b.verified()

	text := next.Text(80)
	for line := range strings.Lines(text) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 {
			t.Errorf("%d characters: %s", n, line)
		}
	}
	b.must(b.s.CloseIncident(ctx, b.id, ""))
	b.want(CodeRefused, b.s.HandShift(ctx, b.id, Handing{To: "grace", Through: p.Through}))
}

func TestHandoverOfHostileText(t *testing.T) {
	for _, text := range testkit.Hostile() {
		p := Handover{
			Made: time.Now(), By: text, Incident: incident.Incident{Title: text, Severity: 1, TLP: "amber"}, Tool: text, Seal: text, Playbook: text, ReadOnly: text,
			Last:     &handover.Last{By: text, To: text},
			Sections: []handover.Section{{ID: "first", Title: "Look at first", Rows: []handover.Row{{Ref: text, Text: text, Alarm: true, At: time.Now(), Seq: 4}}}},
		}
		page, err := p.HTML()
		if err != nil {
			t.Fatal(err)
		}
		for name, out := range map[string]string{"text": p.Text(80), "markdown": string(p.Markdown()), "html": string(page)} {
			for _, r := range out {
				if r < ' ' && r != '\n' || r >= 0x7f && r <= 0x9f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
					t.Errorf("%s of %q has %U", name, text, r)
				}
			}
			switch at := strings.Index(strings.ToLower(out), "<script"); {
			case at < 0 || name == "text":
			case name == "html", !strings.Contains(out[strings.LastIndex(out[:at], "\n")+1:at], "`"): // not in code
				t.Errorf("%s of %q has a script", name, text)
			}
		}
	}
}

// BenchmarkHandover is over 5,000 entries, the second shift of many.
func BenchmarkHandover(b *testing.B) {
	w := &bench{clock: testkit.NewClock(time.Millisecond), home: b.TempDir()}
	svc, err := w.tryService(config.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = svc.Close() }()
	s := svc.As(incident.Actor{Name: "ada"})
	inc, err := s.Open(b.Context(), NewIncident{Title: "long", Playbook: "linux-host-intrusion", begin: func(*store.Tx) ([]record.Draft, error) {
		var out []record.Draft
		for i := range 5000 {
			d, err := s.newDraft(record.Noted, incident.Identify, "", record.Note{Text: fmt.Sprintf("note %d of a day of work, as long as notes are", i), Decision: i%100 == 0})
			if err != nil {
				return nil, err
			}
			out = append(out, d)
		}
		return out, nil
	}})
	if err != nil {
		b.Fatal(err)
	}
	first := func() {
		if _, err := s.Handover(b.Context(), inc.ID); err != nil {
			b.Fatal(err)
		}
	}
	first()
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			first()
		}
	})
	if err := s.HandShift(b.Context(), inc.ID, Handing{To: "grace", Through: 4900}); err != nil {
		b.Fatal(err)
	}
	b.Run("later", func(b *testing.B) {
		for b.Loop() {
			first()
		}
	})
}

// The page lists what is still to be done after the incident, and what the last one
// of its kind promised; and what has changed tells of both.
func TestHandoverOfFollowUps(t *testing.T) {
	b := newBench(t, updatesConfig())
	b.incidentWithNames()
	ctx := t.Context()
	for _, text := range []string{"Rotate all keys", "Was done"} {
		_, err := b.s.AddItem(ctx, b.id, record.Item{Text: text})
		b.must(err)
	}
	_, err := b.s.ChangeItem(ctx, b.id, record.ItemChange{ID: "i2", State: review.ItemDone})
	b.must(err)
	first := b.id
	b.incidentWithNames()
	_, err = b.s.AddItem(ctx, b.id, record.Item{Text: "Alert on new keys", Owner: "ben", Due: b.clock.Now().Add(-50 * time.Hour)})
	b.must(err)
	b.must(b.s.StateMoment(ctx, b.id, record.Moment{Moment: "contained", At: b.clock.Now().Add(-time.Hour)}))
	p := b.shift()
	hasRow(t, p, "items", "! i1 Alert on new keys, ben, OVERDUE since")
	hasRow(t, p, "promised", string(first)+" i1 Rotate all keys, nobody's")
	if got := rows(t, p, "promised"); len(got) != 1 {
		t.Errorf("%q", got)
	}
	hasRow(t, p, "changed", "It was contained at ")
	hasRow(t, p, "changed", "Promised until ", "Alert on new keys")

	b.must(b.s.HandShift(ctx, b.id, Handing{To: "grace", Through: p.Through}))
	_, err = b.s.ChangeItem(ctx, b.id, record.ItemChange{ID: "i1", State: review.ItemDone})
	b.must(err)
	next := b.shift()
	if got := rows(t, next, "items"); len(got) != 0 {
		t.Errorf("%q", got)
	}
	hasRow(t, next, "changed", "Follow-up i1 is done: Alert on new keys")
	if got := rows(t, next, "changed"); len(got) != 1 {
		t.Errorf("%q", got)
	}
}
