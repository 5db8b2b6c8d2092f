package response

import (
	"strings"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/integrations/drill"
	"firebreak/record"
	"firebreak/store"
)

func (b *bench) held() []Containment {
	b.Helper()
	all, err := b.s.Contained(b.Context(), b.id)
	b.must(err)
	return all
}

func (b *bench) entries(k record.Kind) []record.Entry {
	b.Helper()
	f, err := b.s.s.open(b.Context(), b.id)
	b.must(err)
	var out []record.Entry
	b.must(f.store.View(b.Context(), func(tx *store.Tx) (err error) {
		out, err = tx.EntriesOf(k)
		return err
	}))
	return out
}

func TestAContainmentEndsWithAReminderAndAPreparedPlan(t *testing.T) {
	b := newBench(t, config.Config{Containment: config.Containment{Tell: []string{"webhook"}}})
	w := b.drill(oneComment)
	ctx := t.Context()
	a := b.carry(b.block("203.0.113.9"))
	all := b.held()
	if len(all) != 1 || all[0].Lasts != "4h0m0s" || all[0].Over || all[0].Until.Sub(all[0].Since) != 4*time.Hour || all[0].By[0] != "ada" || all[0].Undo == "" {
		t.Fatalf("%+v", all)
	}
	b.must(b.s.Remind(ctx, b.id))
	if n := len(b.entries(record.ActionExpired)); n != 0 {
		t.Fatalf("reminded %d times before its end", n)
	}
	b.clock.Advance(4 * time.Hour)
	board, err := b.s.Board(ctx, b.id)
	b.must(err)
	if len(board.Contained) != 1 || !board.Contained[0].Over {
		t.Fatalf("%+v", board.Contained)
	}
	before := b.effects(w)
	for range 3 { // once is enough
		b.must(b.s.Remind(ctx, b.id))
	}
	es := b.entries(record.ActionExpired)
	all = b.held()
	if len(es) != 1 || all[0].Undoing == "" || all[0].UndoState != Planned {
		t.Fatalf("%d reminders, %+v", len(es), all)
	}
	var x record.Expiry
	b.must(es[0].Decode(&x))
	if x.Action != a.Action || x.Undo != all[0].Undoing || len(x.Pages) != 1 || b.effects(w) != before+1 {
		t.Errorf("%+v, %d messages", x, b.effects(w)-before)
	}
	u, err := b.s.Revert(ctx, b.id, a.Action, "")
	b.must(err)
	if u.Action != all[0].Undoing {
		t.Errorf("planned %s beside %s", u.Action, all[0].Undoing)
	}
	b.carry(u)
	if all = b.held(); len(all) != 0 {
		t.Errorf("undone, and in force: %+v", all)
	}
	b.verified()
}

func TestAContainmentIsExtendedWithAReason(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(oneComment)
	ctx := t.Context()
	a := b.carry(b.block("203.0.113.9"))
	_, err := b.s.Extend(ctx, b.id, a.Action, 8*time.Hour, "")
	b.want(CodeUsage, err)
	_, err = b.s.Extend(ctx, b.id, a.Action, time.Hour, "shorter")
	b.want(CodeRefused, err)
	_, err = b.s.Extend(ctx, b.id, "a99", time.Hour, "no such")
	b.want(CodeNotFound, err)
	b.clock.Advance(5 * time.Hour)
	b.must(b.s.Remind(ctx, b.id))
	prepared := b.held()[0].Undoing
	c, err := b.s.Extend(ctx, b.id, a.Action, 2*time.Hour, "the host is not clean yet")
	b.must(err)
	if c.Over || c.Undoing != "" || !strings.Contains(c.Extended, "not clean") || c.Until.Before(b.clock.Now().Add(time.Hour)) {
		t.Errorf("%+v", c)
	}
	if u, err := b.s.Action(ctx, b.id, prepared); err != nil || u.State != Rejected {
		t.Errorf("what was prepared is %s, %v", u.State, err)
	}
	b.clock.Advance(3 * time.Hour)
	b.must(b.s.Remind(ctx, b.id)) // and its new end is told of, too
	if n := len(b.entries(record.ActionExpired)); n != 2 || !b.held()[0].Over {
		t.Errorf("%d reminders, %+v", n, b.held())
	}
	b.verified()
}

func TestWhatWasDeclaredEndsByItself(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(oneComment)
	ctx := t.Context()
	r := blockOf("203.0.113.9")
	r.Reverts = true
	_, err := b.s.Plan(ctx, b.id, r)
	b.want(CodeUsage, err) // without an end
	two := 2 * time.Hour
	r.Lasts = &two
	a, err := b.s.Plan(ctx, b.id, r)
	b.must(err)
	a = b.carry(a)
	b.clock.Advance(time.Hour)
	_, err = b.s.Revert(ctx, b.id, a.Action, "") // a plan that a person made before stands in no way
	b.must(err)
	b.clock.Advance(time.Hour)
	_, err = b.s.Advance(ctx, b.id, nil)
	b.must(err)
	got, err := b.s.Action(ctx, b.id, a.Action)
	b.must(err)
	if got.RevertedBy == "" || len(b.held()) != 0 || b.effects(w) != 2 {
		t.Fatalf("%+v, %d effects", b.held(), b.effects(w))
	}
	u, err := b.s.Action(ctx, b.id, got.RevertedBy)
	b.must(err)
	if u.PlannedBy != "firebreak" || !strings.Contains(u.Reason, "declares") || u.State != Verified {
		t.Errorf("%s, %q, %s", u.PlannedBy, u.Reason, u.State)
	}
	b.verified()
}

// A message, what only takes back, what was so before, what is planned for good,
// and what the playbook does to recover have no end.
func TestWhatHasNoTimeBox(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(strings.Replace(oneComment, "contain:", "recover:", 1))
	ctx := t.Context()
	issue, err := b.s.Plan(ctx, b.id, PlanRequest{Action: "github.issue.create", Params: map[string]any{"repo": "acme/payments", "title": "x", "body": "y"}})
	b.must(err)
	if issue.Lasts != "" {
		t.Errorf("an issue lasts %s", issue.Lasts)
	}
	for range 3 {
		if _, err := b.s.Advance(ctx, b.id, nil); err != nil {
			t.Fatal(err)
		}
	}
	board, err := b.s.Board(ctx, b.id)
	b.must(err)
	a := b.block("203.0.113.9")
	if recovers := board.Incident.Phase > incident.Contain; recovers != (a.Lasts == "") {
		t.Errorf("in phase %s it lasts %q", board.Incident.Phase, a.Lasts)
	}
	never := time.Duration(0)
	r := blockOf("203.0.113.10")
	r.Lasts = &never
	good, err := b.s.Plan(ctx, b.id, r)
	b.must(err)
	if good.Lasts != "" {
		t.Errorf("for good lasts %s", good.Lasts)
	}
}

// TestKilledWhileItReminds: wherever the process ended, the next one goes on, and
// nothing is told or planned twice.
func TestKilledWhileItReminds(t *testing.T) {
	for _, at := range []string{"before anything", "after the plan", "after the message was planned", "after the entry"} {
		t.Run(at, func(t *testing.T) {
			conf := config.Config{Containment: config.Containment{Tell: []string{"webhook"}}}
			b := newBench(t, conf)
			w := b.drill(oneComment)
			ctx := t.Context()
			a := b.carry(b.block("203.0.113.9"))
			b.clock.Advance(5 * time.Hour)
			f, err := b.s.s.open(ctx, b.id)
			b.must(err)
			self := b.s.s.As(incident.Actor{Name: "firebreak"})
			inc, err := f.incident(ctx)
			b.must(err)
			c := b.held()[0]
			var undo ActionView
			if at != "before anything" {
				undo, err = self.prepared(ctx, f, c)
				b.must(err)
			}
			var pages []string
			if strings.Contains(at, "message") || strings.Contains(at, "entry") {
				pages, err = self.expiryPages(ctx, f, inc, c, undo)
				b.must(err)
			}
			if at == "after the entry" {
				b.must(self.actIn(ctx, f, record.ActionExpired, "", record.Expiry{Action: a.Action, Lasts: c.Lasts, Undo: undo.Action, Pages: pages}, nil))
			}
			later := b.service(conf).As(incident.Actor{Name: "grace"})
			before := b.effects(w)
			for range 2 {
				b.must(later.Remind(ctx, b.id))
			}
			board, err := later.Board(ctx, b.id)
			b.must(err)
			undos, messages := 0, 0
			for _, x := range board.Actions {
				if x.Reverts == a.Action {
					undos++
				}
				if strings.HasPrefix(x.Name, "webhook.") {
					messages++
				}
			}
			if undos != 1 || messages != 1 || len(b.entries(record.ActionExpired)) != 1 || b.effects(w) != before+1 {
				t.Errorf("%d undoings, %d messages, %d entries, %d sent", undos, messages, len(b.entries(record.ActionExpired)), b.effects(w)-before)
			}
			b.verified()
		})
	}
}

// When the other side cannot be reached, the end is told all the same, and the
// plan is made when it can.
func TestARemindersPlanIsMadeLater(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(oneComment)
	ctx := t.Context()
	r := PlanRequest{Action: "github.workflow.disable", Connection: "github", Params: map[string]any{"repo": "acme/payments", "workflow": "release.yml"}}
	a, err := b.s.Plan(ctx, b.id, r)
	b.must(err)
	b.carry(a)
	b.clock.Advance(5 * time.Hour)
	for range 20 {
		w.Fail(drill.Fault{System: "github", Method: "GET", Mode: drill.DropBefore})
	}
	b.must(b.s.Remind(ctx, b.id))
	es := b.entries(record.ActionExpired)
	var x record.Expiry
	b.must(es[0].Decode(&x))
	if len(es) != 1 || x.Error == "" || x.Undo != "" {
		t.Fatalf("%d, %+v", len(es), x)
	}
	later := b.service(config.Config{}).As(incident.Actor{Name: "grace"}) // its other sides answer again
	b.must(later.Remind(ctx, b.id))
	all, err := later.Contained(ctx, b.id)
	b.must(err)
	if len(b.entries(record.ActionExpired)) != 1 || all[0].Undoing == "" {
		t.Errorf("%+v", all)
	}
}

const lastingStep = `playbook: v1
id: lasting
name: Lasting
version: 1.0.0
phases:
  contain:
    - id: comment
      title: Block it
      action: linux.nft.block
      with: {address: 203.0.113.66}
      lasts: {for: 30m, then: revert}
`

func TestAPlaybookSaysHowLongItLasts(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(lastingStep)
	ctx := t.Context()
	a, err := b.s.PlanStep(ctx, b.id, "comment")
	b.must(err)
	if a.Lasts != "30m0s" || a.Ends != record.EndsReverted {
		t.Fatalf("%q, %q", a.Lasts, a.Ends)
	}
	hour := time.Hour
	longer, err := b.s.PlanStepAs(ctx, b.id, "comment", PlanRequest{Lasts: &hour})
	b.must(err)
	if longer.Action == a.Action || longer.Lasts != "1h0m0s" || longer.Ends != "" { // a person's word is the whole word
		t.Errorf("%s: %q, %q", longer.Action, longer.Lasts, longer.Ends)
	}
	again, err := b.s.PlanStep(ctx, b.id, "comment") // what was asked for stays
	b.must(err)
	if again.Action != longer.Action {
		t.Errorf("planned %s anew beside %s", again.Action, longer.Action)
	}
	b.must(b.s.Reject(ctx, b.id, longer.Action, "as the playbook says"))
	b.must(b.s.ReopenStep(ctx, b.id, "comment", "again"))
	a, err = b.s.PlanStep(ctx, b.id, "comment")
	b.must(err)
	b.carry(a)
	b.clock.Advance(31 * time.Minute)
	b.must(b.s.Remind(ctx, b.id))
	if len(b.held()) != 0 || b.effects(w) != 2 {
		t.Errorf("%+v, %d effects", b.held(), b.effects(w))
	}
	b.verified()
}
