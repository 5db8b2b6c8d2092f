package response

import (
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/integrations/drill"
	"firebreak/record"
)

func (b *bench) rollback(r RollbackRequest) map[string]record.Unwound {
	b.Helper()
	report, err := b.s.Rollback(b.Context(), b.id, r)
	b.must(err)
	out := map[string]record.Unwound{}
	for _, x := range report.Results {
		out[x.Action] = x.Unwound
	}
	return out
}

func disable() PlanRequest {
	return PlanRequest{Action: "github.workflow.disable", Connection: "github", Params: map[string]any{"repo": "acme/payments", "workflow": "release.yml"}}
}

// order are the reverts in the order in which they were sent.
func (b *bench) order() []string {
	b.Helper()
	var out []string
	for _, e := range b.entries(record.ActionSending) {
		var p record.Attempt
		b.must(e.Decode(&p))
		a, err := b.s.Action(b.Context(), b.id, p.Action)
		b.must(err)
		if a.Reverts != "" {
			out = append(out, a.Reverts)
		}
	}
	return out
}

func TestRollbackUndoesTheLastFirst(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(oneComment)
	ctx := t.Context()
	one := b.carry(b.block("203.0.113.1"))
	stop, err := b.s.Plan(ctx, b.id, disable())
	b.must(err)
	stop = b.carry(stop)
	two := b.carry(b.block("203.0.113.2"))
	issue, err := b.s.Plan(ctx, b.id, PlanRequest{Action: "github.issue.create", Params: map[string]any{"repo": "acme/payments", "title": "x", "body": "y"}})
	b.must(err)
	_, err = b.s.Do(ctx, b.id, issue.Action)
	b.must(err)

	before, entries := b.effects(w), len(b.entries(record.ActionPlanned))
	dry, err := b.s.Rollback(ctx, b.id, RollbackRequest{DryRun: true})
	b.must(err)
	if got := []string{dry.Results[0].Action, dry.Results[1].Action, dry.Results[2].Action}; !slices.Equal(got, []string{two.Action, stop.Action, one.Action}) || dry.Left != 1 || dry.Results[1].Why == "" {
		t.Errorf("%v, %+v", got, dry)
	}
	if b.effects(w) != before || len(b.entries(record.ActionPlanned)) != entries || len(b.entries(record.RolledBack)) != 0 {
		t.Error("a dry run planned or did something")
	}

	got := b.rollback(RollbackRequest{Reason: "false alarm"})
	for _, a := range []ActionView{one, stop, two} {
		u := got[a.Action]
		if u.Result != record.Waiting || u.Undo == "" || !strings.Contains(u.Why, "firebreak approve") {
			t.Errorf("%s: %+v", a.Action, u)
		}
	}
	again := b.rollback(RollbackRequest{Reason: "false alarm"})
	if again[one.Action].Undo != got[one.Action].Undo || len(b.entries(record.RolledBack)) != 1 {
		t.Errorf("called again it planned anew, or told of no news: %+v", again)
	}
	for _, x := range got {
		u, err := b.s.Action(ctx, b.id, x.Undo)
		b.must(err)
		b.must(b.s.Approve(ctx, b.id, u.Action, u.Digest, "", ""))
	}
	for id, x := range b.rollback(RollbackRequest{}) {
		if x.Result != record.Reverted {
			t.Errorf("%s: %+v", id, x)
		}
	}
	if got := b.order(); !slices.Equal(got, []string{two.Action, stop.Action, one.Action}) {
		t.Errorf("undone in the order %v", got)
	}
	if len(b.held()) != 0 || b.effects(w) != before+3 {
		t.Errorf("%+v, %d effects", b.held(), b.effects(w)-before)
	}
	b.verified()
}

func TestRollbackOfOneStepAndOfLaterPhases(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(strings.Replace(oneComment, "action: github.issue.create", "action: github.workflow.disable", 1))
	_, err := b.s.Rollback(t.Context(), b.id, RollbackRequest{Step: "nonsense"})
	b.want(CodeNotFound, err)
	a := b.carry(b.block("203.0.113.1"))
	if got := b.rollback(RollbackRequest{To: incident.Contain}); len(got) != 0 {
		t.Errorf("after contain: %+v", got)
	}
	if got := b.rollback(RollbackRequest{To: incident.Identify}); len(got) != 1 || got[a.Action].Undo == "" {
		t.Errorf("after identify: %+v", got)
	}
}

// Somebody changed it since, it was so before, it never happened, there is no
// way back: each is said, and the others are undone all the same.
func TestRollbackAsksWhereItIsNotAsWeLeftIt(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(oneComment)
	ctx := t.Context()
	stop, err := b.s.Plan(ctx, b.id, disable())
	b.must(err)
	stop = b.carry(stop)
	same, err := b.s.Plan(ctx, b.id, PlanRequest{Action: "github.workflow.disable", Connection: "github", Params: map[string]any{"repo": "acme/payments", "workflow": "nightly.yml"}})
	b.must(err)
	if !same.Details.Unchanged {
		t.Fatal("the drill's nightly workflow is not disabled")
	}
	same = b.carry(same)
	run, err := b.s.Plan(ctx, b.id, PlanRequest{Action: "linux.run", Params: map[string]any{"argv": []any{"true"}}})
	b.must(err)
	run = b.carry(run)
	block := b.carry(b.block("203.0.113.1"))
	lost := b.block("203.0.113.2")
	b.must(b.s.Approve(ctx, b.id, lost.Action, lost.Digest, "", ""))
	b.interrupted(lost)

	// Somebody enables the workflow behind our back.
	on, err := b.s.Plan(ctx, b.id, PlanRequest{Action: "github.workflow.enable", Connection: "github", Params: map[string]any{"repo": "acme/payments", "workflow": "release.yml"}})
	b.must(err)
	b.carry(on)
	b.clock.Advance(time.Minute)

	got := b.rollback(RollbackRequest{})
	for id, want := range map[string][2]string{
		lost.Action:  {record.NotOurs, "did not happen"},
		same.Action:  {record.NotOurs, "so before"},
		run.Action:   {record.Irreversible, "cannot be undone"},
		block.Action: {record.Waiting, "approve"},
		on.Action:    {record.Waiting, "approve"},
		stop.Action:  {record.Waiting, "after " + on.Action},
	} {
		if u := got[id]; u.Result != want[0] || !strings.Contains(u.Why, want[1]) {
			t.Errorf("%s: %+v: want %v", id, u, want)
		}
	}
	// One fails: what acts on other targets is undone all the same.
	for _, id := range []string{block.Action, on.Action} {
		u, err := b.s.Action(ctx, b.id, got[id].Undo)
		b.must(err)
		b.must(b.s.Approve(ctx, b.id, u.Action, u.Digest, "", ""))
	}
	w.Fail(drill.Fault{System: "github", Method: "PUT", Mode: drill.DropAfter})
	got = b.rollback(RollbackRequest{})
	if got[block.Action].Result != record.Reverted || got[on.Action].Result != record.NeedsHuman || got[stop.Action].Result != record.Waiting {
		t.Errorf("%+v", got)
	}
	// The next call looks first, and finds that it happened.
	b.clock.Advance(time.Minute)
	_, err = b.s.Look(ctx, b.id, got[on.Action].Undo)
	b.must(err)
	got = b.rollback(RollbackRequest{})
	if got[on.Action].Result != record.Reverted || got[stop.Action].Result != record.Waiting || got[stop.Action].Undo == "" {
		t.Errorf("%+v", got)
	}
	b.verified()
}

// What is there is another thing than what we left, and no action of ours did
// it: a person is asked. What is gone already needs no more than its approval.
func TestRollbackAsksAPersonAboutDrift(t *testing.T) {
	b := newBench(t, config.Config{})
	l := b.lamps()
	ctx := t.Context()
	one, err := b.s.Plan(ctx, b.id, PlanRequest{Action: "lamp.off", Params: map[string]any{"lamp": "hall"}})
	b.must(err)
	two, err := b.s.Plan(ctx, b.id, PlanRequest{Action: "lamp.off", Params: map[string]any{"lamp": "door"}})
	b.must(err)
	one, two = b.carry(one), b.carry(two)
	l.state["hall"], l.state["door"] = "on", "blinking"
	got := b.rollback(RollbackRequest{DryRun: true})
	if u := got[one.Action]; u.Result != record.Waiting || !strings.Contains(u.Why, "gone already") {
		t.Errorf("gone: %+v", u)
	}
	got = b.rollback(RollbackRequest{})
	if u := got[two.Action]; u.Result != record.NeedsHuman || !strings.Contains(u.Why, "it is blinking; look, then firebreak revert") || u.Undo != "" {
		t.Errorf("drifted: %+v", u)
	}
	if u := got[one.Action]; u.Result != record.Waiting || u.Undo == "" {
		t.Errorf("gone: %+v", u)
	}
	l.away = true
	if u := b.rollback(RollbackRequest{})[two.Action]; u.Result != record.NeedsHuman {
		t.Errorf("away: %+v", u)
	}
}

// interrupted leaves an action as a process that was killed while it sent.
func (b *bench) interrupted(a ActionView) {
	b.Helper()
	f, err := b.s.s.open(b.Context(), b.id)
	b.must(err)
	b.must(b.s.actIn(b.Context(), f, record.ActionSending, "", record.Attempt{Action: a.Action, Attempt: 1, Owner: gone}, nil))
}

// TestRollbackGoesOnAfterAKill: wherever it ended, calling it again ends it, and
// nothing is undone twice.
func TestRollbackGoesOnAfterAKill(t *testing.T) {
	for _, at := range []string{"after the plans", "while it sends", "after the first", "before its entry"} {
		t.Run(at, func(t *testing.T) {
			b := newBench(t, config.Config{})
			w := b.drill(oneComment)
			ctx := t.Context()
			one, two := b.carry(b.block("203.0.113.1")), b.carry(b.block("203.0.113.2"))
			got := b.rollback(RollbackRequest{})
			for _, x := range got {
				u, err := b.s.Action(ctx, b.id, x.Undo)
				b.must(err)
				b.must(b.s.Approve(ctx, b.id, u.Action, u.Digest, "", ""))
			}
			before := b.effects(w)
			switch at {
			case "while it sends":
				u, err := b.s.Action(ctx, b.id, got[two.Action].Undo)
				b.must(err)
				b.interrupted(u)
			case "after the first", "before its entry":
				_, err := b.s.Do(ctx, b.id, got[two.Action].Undo)
				b.must(err)
				if at == "before its entry" {
					_, err := b.s.Do(ctx, b.id, got[one.Action].Undo)
					b.must(err)
				}
			}
			b.s = b.service(config.Config{}).As(incident.Actor{Name: "grace"})
			b.clock.Advance(time.Minute)
			again := b.rollback(RollbackRequest{})
			if at == "while it sends" { // nobody knows: it is looked for, never sent again unasked
				if again[two.Action].Result != record.NeedsHuman || again[one.Action].Result != record.Reverted {
					t.Fatalf("%+v", again)
				}
				if _, err := b.s.Look(ctx, b.id, got[two.Action].Undo); err != nil {
					t.Fatal(err)
				}
				again = b.rollback(RollbackRequest{})
			}
			for id, x := range again {
				if x.Result != record.Reverted {
					t.Errorf("%s: %+v", id, x)
				}
			}
			if n := b.effects(w) - before; n != 2 || len(b.held()) != 0 {
				t.Errorf("%d effects, %+v", n, b.held())
			}
			b.verified()
		})
	}
}
