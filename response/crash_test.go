package response

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/store"
)

const gone = "pid 1 gone - 0" // the owner of a process that has ended

// interrupt brings the drill to the moment after an entry of its action, as a
// kill would leave it.
func (b *bench) interrupt(a ActionView, kinds ...record.Kind) {
	b.Helper()
	ctx := b.Context()
	f, err := b.s.s.open(ctx, b.id)
	b.must(err)
	b.must(b.s.change(ctx, f, func(_ *store.Tx, run *playbooks.Run) (record.Kind, string, any, error) {
		return record.StepStarted, a.Step, record.StepBegin{Run: run.ID(), Attempt: 1, Owner: gone}, nil
	}))
	receipt, err := json.Marshal(integrations.Receipt{Ref: "acme/payments#2", At: b.clock.Now(), Data: map[string]any{}})
	b.must(err)
	for _, kind := range kinds {
		var payload any = record.Attempt{Action: a.Action, Attempt: 1, Owner: gone}
		if kind != record.ActionSending {
			payload = record.Outcome{Action: a.Action, Attempt: 1, Ref: "acme/payments#2", Receipt: receipt}
		}
		b.must(b.s.actIn(ctx, f, kind, a.Step, payload, nil))
	}
}

// TestKilledBetweenAnyTwoEntries: wherever a process ended, the incident opens,
// nothing is sent, and what is not known is not called done.
func TestKilledBetweenAnyTwoEntries(t *testing.T) {
	for _, c := range []struct {
		name   string
		kinds  []record.Kind
		action ActionState
		step   playbooks.State
	}{
		{"before sending", nil, Approved, playbooks.Ready},
		{"while sending", []record.Kind{record.ActionSending}, Unknown, playbooks.Running},
		{"after sent", []record.Kind{record.ActionSending, record.ActionSent}, Sent, playbooks.Running},
		{"after verified", []record.Kind{record.ActionSending, record.ActionSent, record.ActionVerified}, Verified, playbooks.Done},
		{"after failed", []record.Kind{record.ActionSending, record.ActionFailed}, Failed, playbooks.Failed},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, config.Config{})
			w := b.drill(oneComment)
			a := b.reach()
			b.must(b.s.Approve(t.Context(), b.id, a.Action, a.Digest, "", ""))
			b.interrupt(a, c.kinds...)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			later := b.service(config.Config{}).As(incident.Actor{Name: "grace"})
			board, err := later.Board(ctx, b.id)
			b.must(err)
			if got := board.Actions[0].State; got != c.action {
				t.Errorf("the action is %s, want %s", got, c.action)
			}
			if got := b.state("comment"); got != c.step {
				t.Errorf("the step is %s, want %s", got, c.step)
			}
			if n := b.effects(w); n != 0 {
				t.Errorf("%d effects", n)
			}
			b.verified()
			b.goesOn(later, c.action)
			if n := b.effects(w); c.action == Sent && n != 0 {
				t.Errorf("%d effects after going on", n)
			}
			b.verified()
		})
	}
}

// goesOn runs on by itself after a kill: no step is left running without a word.
// What was sent is looked for and ended, what is unknown is named.
func (b *bench) goesOn(later *Session, was ActionState) {
	b.Helper()
	w, err := later.Advance(b.Context(), b.id, nil)
	if was == Sent && CodeOf(err) == CodeUnknown {
		err = nil // it looked, and the effect is not there: that has a name now
	}
	b.must(err)
	board, err := later.Board(b.Context(), b.id)
	b.must(err)
	state := board.Actions[0].State
	switch {
	case was == Unknown && (len(w.Unknown) != 1 || !strings.Contains(w.Reason, "may have happened")):
		b.Errorf("it waits without a word: %+v", w)
	case was == Sent && state == Sent && b.state("comment") == playbooks.Running:
		b.Errorf("the step is left running: %+v", w)
	}
}

// TestSenderThatDiesIsSeen: the other process ended while this one looks on.
func TestSenderThatDiesIsSeen(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(oneComment)
	a := b.reach()
	b.must(b.s.Approve(t.Context(), b.id, a.Action, a.Digest, "", ""))
	b.interrupt(a, record.ActionSending)
	board, err := b.s.Board(t.Context(), b.id)
	b.must(err)
	if board.Unknown != 1 {
		t.Errorf("%+v", board.Actions)
	}
}

// late is an action whose effect shows only after some looks.
type late struct {
	looks, sent int
}

func (*late) Describe() integrations.Description {
	return integrations.Description{Name: "late.send", Title: "Send late", System: "late", Danger: incident.Low, Idempotency: "none"}
}

func (*late) Prior(context.Context, integrations.Call) (integrations.Prior, error) {
	return integrations.Prior{}, nil
}

func (*late) Plan(_ context.Context, c integrations.Call, p integrations.Prior) (integrations.Plan, error) {
	return integrations.Plan{Call: c, Prior: p, Target: "somebody"}, nil
}

func (l *late) Do(_ context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	l.sent++
	return integrations.Receipt{Ref: c.Key}, nil
}

func (l *late) Verify(context.Context, integrations.Call, integrations.Receipt) (integrations.Verification, error) {
	l.looks--
	return integrations.Verification{OK: l.looks < 0, Says: "looked"}, nil
}

// TestLateEffectIsNotSentTwice: the other side took it and does not show it yet.
// The step's retry must not send it again; looking later finds it.
func TestLateEffectIsNotSentTwice(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(strings.Replace(oneComment, "      approve: {by: commander, count: 1}\n", "      retry: {max: 3, every: 10s}\n", 1))
	l := &late{looks: verifyTries}
	f, err := b.s.s.open(t.Context(), b.id)
	b.must(err)
	system := integrations.System{Kind: "late", Actions: func(integrations.Connection) ([]integrations.Action, error) {
		return []integrations.Action{renamed{l, "github.issue.create"}}, nil
	}}
	f.registry, err = integrations.NewRegistry([]integrations.System{system}, []integrations.Connection{{Name: "github", Kind: "late"}})
	b.must(err)
	b.must(b.s.DoneStep(t.Context(), b.id, "ask", nil, ""))
	for range 3 {
		if _, err := b.s.Advance(t.Context(), b.id, nil); err != nil {
			b.want(CodeUnknown, err)
		}
		b.clock.Advance(time.Minute)
	}
	if l.sent != 1 {
		t.Errorf("sent %d times", l.sent)
	}
	a, err := b.s.Look(t.Context(), b.id, "a1")
	b.must(err)
	if a.State != Verified || b.state("comment") != playbooks.Done || l.sent != 1 {
		t.Errorf("looked: %s, the step is %s, sent %d times", a.State, b.state("comment"), l.sent)
	}
}

// renamed gives an action the name, and the parameters, of another.
type renamed struct {
	*late
	name string
}

func (r renamed) Describe() integrations.Description {
	d := r.late.Describe()
	d.Name = r.name
	for _, p := range []string{"repo", "title", "body"} {
		d.Params = append(d.Params, integrations.Param{Name: p, Type: "string"})
	}
	return d
}

// TestRejectionIsFinal: a retry of the playbook does not override a person's no.
func TestRejectionIsFinal(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(strings.Replace(oneComment, "      approve: {by: commander, count: 1}\n", "      retry: {max: 3, every: 10s}\n", 1))
	a := b.reach()
	b.must(b.s.Reject(t.Context(), b.id, a.Action, "not now"))
	b.clock.Advance(time.Hour)
	_, err := b.s.Advance(t.Context(), b.id, nil)
	b.must(err)
	if b.effects(w) != 0 || b.state("comment") != playbooks.Failed {
		t.Errorf("%d effects, the step is %s", b.effects(w), b.state("comment"))
	}
}

const blockAddress = `playbook: v1
id: block
name: Block
version: 1.0.0
vars:
  address: {type: string, prompt: "Which address?", default: 203.0.113.9}
phases:
  contain:
    - id: block
      title: Block {{ address }}
      action: linux.nft.block
      with: {address: "{{ address }}"}
      approve: {by: commander}
      rollback: {action: linux.nft.unblock, with: {address: "{{ address }}"}}
    - id: other
      title: Block the other
      needs: []
      action: linux.nft.block
      with: {address: 198.51.100.20}
      approve: {by: commander}
      rollback: {action: linux.nft.unblock, with: {address: 198.51.100.20}}
`

// TestCorrectedValueMakesANewPlan: the old plan is withdrawn, and an approval
// of it sends nothing.
func TestCorrectedValueMakesANewPlan(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(blockAddress)
	ctx := t.Context()
	old, err := b.s.PlanStep(ctx, b.id, "block")
	b.must(err)
	b.must(b.s.Approve(ctx, b.id, old.Action, old.Digest, "", ""))
	b.must(b.s.SetVariables(ctx, b.id, map[string]string{"address": "198.51.100.7"}))
	now, err := b.s.PlanStep(ctx, b.id, "block")
	b.must(err)
	if now.Action == old.Action || now.Target != "198.51.100.7" {
		t.Fatalf("still %s on %s", now.Action, now.Target)
	}
	_, err = b.s.Do(ctx, b.id, old.Action)
	b.want(CodeRefused, err)
	if n := b.effects(w); n != 0 {
		t.Errorf("%d effects", n)
	}
}

// TestPlansOfDifferentAddressesDoNotDisturbEachOther: both are planned before
// either is done.
func TestPlansOfDifferentAddressesDoNotDisturbEachOther(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(blockAddress)
	ctx := t.Context()
	var plans []ActionView
	for _, step := range []string{"block", "other"} {
		a, err := b.s.PlanStep(ctx, b.id, step)
		b.must(err)
		b.must(b.s.Approve(ctx, b.id, a.Action, a.Digest, "", ""))
		plans = append(plans, a)
	}
	for _, a := range plans {
		_, err := b.s.Do(ctx, b.id, a.Action)
		b.must(err)
	}
	b.verified()
}

// TestActionOfAnEndedStepIsNotSent: the step was skipped, or done by another.
func TestActionOfAnEndedStepIsNotSent(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(oneComment)
	a := b.reach()
	b.must(b.s.Approve(t.Context(), b.id, a.Action, a.Digest, "", ""))
	b.must(b.s.SkipStep(t.Context(), b.id, "comment", "it is our own"))
	_, err := b.s.Do(t.Context(), b.id, a.Action)
	b.want(CodeRefused, err)
	if b.effects(w) != 0 || b.state("comment") != playbooks.Skipped {
		t.Errorf("%d effects, the step is %s", b.effects(w), b.state("comment"))
	}
}

// TestSettledByHandCanBeUndone: there is no receipt, only a person's word.
func TestSettledByHandCanBeUndone(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(blockAddress)
	ctx := t.Context()
	a, err := b.s.PlanStep(ctx, b.id, "block")
	b.must(err)
	b.must(b.s.Approve(ctx, b.id, a.Action, a.Digest, "", ""))
	b.interrupt(a, record.ActionSending)
	_, err = b.s.Board(ctx, b.id)
	b.must(err)
	_, err = b.s.Settle(ctx, b.id, a.Action, true, "")
	b.want(CodeUsage, err)
	_, err = b.s.Settle(ctx, b.id, a.Action, true, "I saw it in the rules")
	b.must(err)
	_, err = b.s.Revert(ctx, b.id, a.Action, "")
	b.must(err)
}

// TestStepLeftRunningCanBeOpenedAgain: its end could not be recorded, as on a
// full disk, while its process lives on.
func TestStepLeftRunningCanBeOpenedAgain(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(collectOnce)
	f, err := b.s.s.open(t.Context(), b.id)
	b.must(err)
	b.must(b.s.startAttempt(t.Context(), f, "take", time.Time{}))
	f.busy.Lock()
	b.want(CodeRefused, b.s.ReopenStep(t.Context(), b.id, "take", "stuck"))
	f.busy.Unlock()
	b.must(b.s.ReopenStep(t.Context(), b.id, "take", "stuck"))
	if got := b.state("take"); got != playbooks.Ready {
		t.Errorf("the step is %s", got)
	}
}

// blind is an action whose effect nobody can read back.
type blind struct{ renamed }

func (blind) Verify(context.Context, integrations.Call, integrations.Receipt) (integrations.Verification, error) {
	return integrations.Verification{}, integrations.ErrNotReadable
}

// TestKilledAfterSendingWhatCannotBeReadBack: the next run ends the step as an
// undisturbed one would have, and sends nothing.
func TestKilledAfterSendingWhatCannotBeReadBack(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(oneComment)
	a := b.reach()
	b.must(b.s.Approve(t.Context(), b.id, a.Action, a.Digest, "", ""))
	b.interrupt(a, record.ActionSending, record.ActionSent)
	later := b.service(config.Config{}).As(incident.Actor{Name: "grace"})
	f, err := later.s.open(t.Context(), b.id)
	b.must(err)
	l := &late{}
	system := integrations.System{Kind: "late", Actions: func(integrations.Connection) ([]integrations.Action, error) {
		return []integrations.Action{blind{renamed{l, "github.issue.create"}}}, nil
	}}
	f.registry, err = integrations.NewRegistry([]integrations.System{system}, []integrations.Connection{{Name: "github", Kind: "late"}})
	b.must(err)
	if b.state("comment") != playbooks.Running {
		t.Fatalf("the step is %s", b.state("comment"))
	}
	_, err = later.Advance(t.Context(), b.id, nil)
	b.must(err)
	got, err := later.Action(t.Context(), b.id, a.Action)
	b.must(err)
	if got.State != Sent || b.state("comment") != playbooks.Done || l.sent != 0 {
		t.Errorf("the action is %s, the step %s, sent %d times", got.State, b.state("comment"), l.sent)
	}
	b.verified()
}
