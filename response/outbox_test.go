package response

import (
	"context"
	"strings"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/integrations/drill"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/store"
)

func TestActionGoesThroughPlanApprovalReceiptVerification(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(oneComment)
	ctx := t.Context()
	a := b.reach()
	if a.State != Planned || a.Approvals != 1 || b.effects(w) != 0 {
		t.Fatalf("planned: %+v, %d effects", a, b.effects(w))
	}
	again, err := b.s.PlanStep(ctx, b.id, "comment")
	b.must(err)
	if again.Action != a.Action {
		t.Errorf("planning again made %s beside %s", again.Action, a.Action)
	}
	_, err = b.s.Do(ctx, b.id, a.Action)
	b.want(CodeRefused, err)
	b.want(CodeRefused, b.s.Approve(ctx, b.id, a.Action, strings.Repeat("0", 64), "", ""))
	b.must(b.s.Approve(ctx, b.id, a.Action, a.Digest, "", "go"))
	b.want(CodeRefused, b.s.Approve(ctx, b.id, a.Action, a.Digest, "", "twice"))
	done, err := b.s.Do(ctx, b.id, a.Action)
	b.must(err)
	if done.State != Verified || b.effects(w) != 1 || b.state("comment") != playbooks.Done {
		t.Fatalf("done: %s, %d effects, step %s", done.State, b.effects(w), b.state("comment"))
	}
	_, err = b.s.Do(ctx, b.id, a.Action)
	b.want(CodeRefused, err)
	b.verified()
}

func TestApprovalRunsOut(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(oneComment)
	a := b.reach()
	b.must(b.s.Approve(t.Context(), b.id, a.Action, a.Digest, "", ""))
	b.clock.Advance(approvalLasts + time.Second)
	_, err := b.s.Do(t.Context(), b.id, a.Action)
	b.want(CodeRefused, err)
	if !strings.Contains(err.Error(), "run out") || b.effects(w) != 0 {
		t.Errorf("%v; %d effects", err, b.effects(w))
	}
	b.must(b.s.Approve(t.Context(), b.id, a.Action, a.Digest, "", "again"))
	_, err = b.s.Do(t.Context(), b.id, a.Action)
	b.must(err)
}

// TestLostAnswerIsUnknownUntilSomebodyLooked: the effect happened, the answer
// was lost. Nothing is sent again, and looking finds it.
func TestLostAnswerIsUnknownUntilSomebodyLooked(t *testing.T) {
	for _, mode := range []drill.Mode{drill.DropAfter, drill.ErrorAfter, drill.Garbage} {
		t.Run(string(mode), func(t *testing.T) {
			b := newBench(t, config.Config{})
			w := b.drill(oneComment)
			a := b.reach()
			b.must(b.s.Approve(t.Context(), b.id, a.Action, a.Digest, "", ""))
			w.Fail(drill.Fault{System: "github", Method: "POST", Mode: mode})
			_, err := b.s.Do(t.Context(), b.id, a.Action)
			b.want(CodeUnknown, err)
			got, err := b.s.Action(t.Context(), b.id, a.Action)
			b.must(err)
			if got.State != Unknown || b.state("comment") != playbooks.Running {
				t.Fatalf("action %s, step %s", got.State, b.state("comment"))
			}
			_, err = b.s.Do(t.Context(), b.id, a.Action)
			b.want(CodeUnknown, err)
			b.want(CodeRefused, b.s.CloseIncident(t.Context(), b.id, "over"))
			got, err = b.s.Look(t.Context(), b.id, a.Action)
			b.must(err)
			if got.State != Verified || b.effects(w) != 1 || b.state("comment") != playbooks.Done {
				t.Fatalf("looked: action %s, %d effects, step %s", got.State, b.effects(w), b.state("comment"))
			}
			b.verified()
		})
	}
}

// TestNothingDoneCanBeSentAgain: the request was cut before anything happened;
// looking says so, and the same action may then be sent with the same key.
func TestNothingDoneCanBeSentAgain(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(oneComment)
	a := b.reach()
	b.must(b.s.Approve(t.Context(), b.id, a.Action, a.Digest, "", ""))
	w.Fail(drill.Fault{System: "github", Method: "POST", Mode: drill.DropBefore})
	_, err := b.s.Do(t.Context(), b.id, a.Action)
	b.want(CodeUnknown, err)
	got, err := b.s.Look(t.Context(), b.id, a.Action)
	b.must(err)
	if got.State != Queued || got.Key != a.Key || b.effects(w) != 0 || b.state("comment") != playbooks.Running {
		t.Fatalf("looked: %s, %d effects, step %s", got.State, b.effects(w), b.state("comment"))
	}
	b.want(CodeRefused, b.s.CloseIncident(t.Context(), b.id, "over"))
	got, err = b.s.Do(t.Context(), b.id, a.Action)
	b.must(err)
	if got.State != Verified || got.Attempts != 2 || b.effects(w) != 1 || b.state("comment") != playbooks.Done {
		t.Fatalf("sent again: %s, %d effects, step %s", got.State, b.effects(w), b.state("comment"))
	}
	b.verified()
}

// TestLateContainmentIsNotSent: its two minutes were over when somebody looked.
// What was approved then is not sent by itself now.
func TestLateContainmentIsNotSent(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(oneComment)
	a := b.reach()
	b.must(b.s.Approve(t.Context(), b.id, a.Action, a.Digest, "", ""))
	w.Fail(drill.Fault{System: "github", Method: "POST", Mode: drill.DropBefore})
	_, err := b.s.Do(t.Context(), b.id, a.Action)
	b.want(CodeUnknown, err)
	b.clock.Advance(3 * time.Minute)
	got, err := b.s.Look(t.Context(), b.id, a.Action)
	b.must(err)
	if got.State != Failed || b.effects(w) != 0 {
		t.Fatalf("looked: %s, %d effects", got.State, b.effects(w))
	}
	_, err = b.s.Do(t.Context(), b.id, a.Action)
	b.want(CodeRefused, err) // its step has failed
	b.must(b.s.ReopenStep(t.Context(), b.id, "comment", "once more"))
	again, err := b.s.PlanStep(t.Context(), b.id, "comment")
	b.must(err)
	if again.Action != a.Action || again.Key != a.Key {
		t.Errorf("planned %s anew beside %s", again.Action, a.Action)
	}
	got, err = b.s.Do(t.Context(), b.id, a.Action)
	b.must(err)
	if got.State != Verified || b.effects(w) != 1 {
		t.Fatalf("sent again: %s, %d effects", got.State, b.effects(w))
	}
}

func TestThrottledIsSentAgainByItself(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(oneComment)
	a := b.reach()
	b.must(b.s.Approve(t.Context(), b.id, a.Action, a.Digest, "", ""))
	w.Fail(drill.Fault{System: "github", Method: "POST", Mode: drill.TooMany})
	got, err := b.s.Do(t.Context(), b.id, a.Action)
	b.must(err)
	if got.State != Verified || got.Attempts != 2 || b.effects(w) != 1 {
		t.Fatalf("%s after %d attempts, %d effects", got.State, got.Attempts, b.effects(w))
	}
}

// TestInterruptedSendingIsUnknown: the process that was sending is gone.
func TestInterruptedSendingIsUnknown(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(oneComment)
	ctx := t.Context()
	a := b.reach()
	b.must(b.s.Approve(ctx, b.id, a.Action, a.Digest, "", ""))
	f, err := b.s.s.open(ctx, b.id)
	b.must(err)
	b.must(b.s.change(ctx, f, func(_ *store.Tx, run *playbooks.Run) (record.Kind, string, any, error) {
		return record.StepStarted, "comment", record.StepBegin{Run: run.ID(), Attempt: 1, Owner: "pid 1 gone - 0"}, nil
	}))
	b.must(b.s.actIn(ctx, f, record.ActionSending, "comment", record.Attempt{Action: a.Action, Attempt: 1, Owner: "pid 1 gone - 0"}, nil))
	later := b.service(config.Config{}).As(incident.Actor{Name: "grace"})
	got, err := later.Board(ctx, b.id)
	b.must(err)
	if got.Unknown != 1 || got.Actions[0].State != Unknown {
		t.Fatalf("after the restart: %+v", got.Actions)
	}
	if w, err := later.Advance(ctx, b.id, nil); err != nil || w.Done {
		t.Fatalf("advance went on over an unknown action: %+v, %v", w, err)
	}
	if _, err := later.Do(ctx, b.id, a.Action); CodeOf(err) != CodeUnknown {
		t.Fatalf("sent again without a look: %v", err)
	}
	if _, err := later.Look(ctx, b.id, a.Action); err != nil {
		t.Fatal(err)
	}
	if b.effects(w) != 0 {
		t.Errorf("%d effects", b.effects(w))
	}
}

func TestProtectedTargetsAreNotTouched(t *testing.T) {
	b := newBench(t, config.Config{Protected: []string{"198.51.100.0/24"}})
	b.drill(oneComment)
	_, err := b.s.Plan(t.Context(), b.id, PlanRequest{Action: "linux.nft.block", Params: map[string]any{"address": "198.51.100.7"}})
	b.want(CodeRefused, err)
	if !strings.Contains(err.Error(), "protects") {
		t.Error(err)
	}
}

func TestUndoIsAnActionOfItsOwn(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(oneComment)
	ctx := t.Context()
	a, err := b.s.Plan(ctx, b.id, PlanRequest{Action: "linux.nft.block", Params: map[string]any{"address": "203.0.113.9"}, Reason: "scanning"})
	b.must(err)
	b.must(b.s.Approve(ctx, b.id, a.Action, a.Digest, "", ""))
	_, err = b.s.Revert(ctx, b.id, a.Action, "")
	b.want(CodeRefused, err)
	_, err = b.s.Do(ctx, b.id, a.Action)
	b.must(err)
	u, err := b.s.Revert(ctx, b.id, a.Action, "false alarm")
	b.must(err)
	if u.Reverts != a.Action || u.State != Planned {
		t.Fatalf("undo: %+v", u)
	}
	b.must(b.s.Approve(ctx, b.id, u.Action, u.Digest, "", ""))
	u, err = b.s.Do(ctx, b.id, u.Action)
	b.must(err)
	a, err = b.s.Action(ctx, b.id, a.Action)
	b.must(err)
	if u.State != Verified || a.RevertedBy != u.Action {
		t.Errorf("undone: %s, reverted by %q", u.State, a.RevertedBy)
	}
	_, err = b.s.Revert(ctx, b.id, a.Action, "")
	b.want(CodeRefused, err)
}

// TestStalePlanIsRefused: what the plan saw is no longer there.
func TestStalePlanIsRefused(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(oneComment)
	ctx := t.Context()
	first, err := b.s.Plan(ctx, b.id, PlanRequest{Action: "linux.nft.block", Params: map[string]any{"address": "203.0.113.9"}})
	b.must(err)
	second, err := b.s.Plan(ctx, b.id, PlanRequest{Action: "linux.nft.block", Params: map[string]any{"address": "203.0.113.9"}})
	b.must(err)
	for _, a := range []ActionView{first, second} {
		b.must(b.s.Approve(ctx, b.id, a.Action, a.Digest, "", ""))
	}
	_, err = b.s.Do(ctx, b.id, first.Action)
	b.must(err)
	n := b.effects(w)
	_, err = b.s.Do(ctx, b.id, second.Action)
	b.want(CodeRefused, err)
	if b.effects(w) != n {
		t.Error("the stale plan was sent")
	}
}

func TestCancelledSendIsKept(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(oneComment)
	a := b.reach()
	b.must(b.s.Approve(t.Context(), b.id, a.Action, a.Digest, "", ""))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := b.s.Do(ctx, b.id, a.Action)
	if err == nil {
		t.Fatal("a cancelled send went through")
	}
	got, err := b.s.Action(t.Context(), b.id, a.Action)
	b.must(err)
	if got.State == Sending || b.effects(w) != 0 {
		t.Errorf("state %s, %d effects", got.State, b.effects(w))
	}
}
