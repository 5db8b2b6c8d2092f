package response

import (
	"context"
	"errors"
	"os"
	"path/filepath"
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

const tellTwo = `playbook: v1
id: tell-two
name: Tell two
version: 1.0.0
vars:
  bad: {type: bool}
phases:
  identify:
    - id: ask
      title: Ask
      manual: Is it bad?
      ask: {bad: "Is it bad?"}
    - id: worse
      if: bad
      title: Only when it is bad
      manual: Sigh.
    - id: tell
      title: Tell them
      notify: [webhook, pagerduty]
      with: {message: "It is on."}
      retry: {max: 2, every: 10s}
    - id: pause
      title: Breathe
      wait: 10m
  learn:
    - id: review
      title: Review
      review: blameless
`

func TestStepsByHand(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(tellTwo)
	ctx := t.Context()
	b.want(CodeUsage, b.s.DoneStep(ctx, b.id, "ask", nil, ""))
	b.want(CodeUsage, b.s.DoneStep(ctx, b.id, "ask", map[string]string{"bad": "maybe"}, ""))
	b.want(CodeNotFound, b.s.DoneStep(ctx, b.id, "nowhere", nil, ""))
	b.want(CodeRefused, b.s.DoneStep(ctx, b.id, "review", nil, ""))
	b.want(CodeUsage, b.s.SkipStep(ctx, b.id, "ask", " "))
	b.must(b.s.StartStep(ctx, b.id, "ask"))
	b.must(b.s.DoneStep(ctx, b.id, "ask", map[string]string{"bad": "no"}, "looked twice"))
	if got := b.state("worse"); got != playbooks.Skipped {
		t.Errorf("the guarded step is %s", got)
	}
	b.want(CodeRefused, b.s.DoneStep(ctx, b.id, "tell", nil, ""))
	b.must(b.s.ReopenStep(ctx, b.id, "ask", "the answer was wrong"))
	b.must(b.s.DoneStep(ctx, b.id, "ask", map[string]string{"bad": "yes"}, ""))
	added, err := b.s.AddStep(ctx, b.id, record.AdHoc{Title: "Call the landlord", Text: "He has the key."})
	b.must(err)
	b.must(b.s.DoneStep(ctx, b.id, added, nil, ""))
	board, err := b.s.Board(ctx, b.id)
	b.must(err)
	if board.Next == "" || board.Head.Size == 0 || len(board.Phases) != 5 {
		t.Errorf("board: %+v", board)
	}
	b.verified()
}

// TestMessagesGoOutOnce: one of two messages fails; the step is run again and
// only that one is sent.
func TestMessagesGoOutOnce(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(tellTwo)
	ctx := t.Context()
	b.must(b.s.DoneStep(ctx, b.id, "ask", map[string]string{"bad": "no"}, ""))
	w.Fail(drill.Fault{System: "pagerduty", Mode: drill.ServerError, Times: 10})
	if err := b.s.RunStep(ctx, b.id, "tell", nil); err == nil {
		t.Fatal("a failed message went unnoticed")
	}
	sent := b.effects(w)
	if sent != 1 {
		t.Fatalf("%d effects", sent)
	}
	w.Fail(drill.Fault{System: "none", Mode: drill.ServerError})
	for i := 0; i < 12 && b.state("tell") != playbooks.Done; i++ { // the fault runs out
		b.clock.Advance(time.Minute)
		if b.state("tell") == playbooks.Failed {
			b.must(b.s.ReopenStep(ctx, b.id, "tell", "try again"))
		}
		if err := b.s.RunStep(ctx, b.id, "tell", nil); err != nil && CodeOf(err) != CodeUnknown && !strings.Contains(err.Error(), "pagerduty") {
			t.Fatal(err)
		}
	}
	if b.state("tell") != playbooks.Done || b.effects(w) != 2 {
		t.Errorf("step %s, %d effects", b.state("tell"), b.effects(w))
	}
	b.verified()
}

const notConfigured = `playbook: v1
id: not-configured
name: Not configured
version: 1.0.0
phases:
  contain:
    - id: tell
      title: Tell them
      notify: [webhook]
      with: {message: "It is on."}
      retry: {max: 5, every: 30s}
    - id: comment
      title: Comment
      action: github.issue.create
      with: {repo: acme/shop, title: "It is on."}
      retry: {max: 5, every: 30s}
`

// TestMissingConnection: no time heals a connection that nobody configured, so
// the step fails once, and says what to do.
func TestMissingConnection(t *testing.T) {
	b := newBench(t, config.Config{})
	ctx := t.Context()
	inc, err := b.s.Open(ctx, NewIncident{Title: "odd login", Playbook: b.file("p.yaml", notConfigured)})
	b.must(err)
	b.id = inc.ID
	got, err := b.s.Advance(ctx, b.id, nil)
	b.must(err)
	if !got.Until.IsZero() || !strings.Contains(got.Reason, "webhook") || !strings.Contains(got.Reason, "firebreak config path") {
		t.Errorf("%+v", got)
	}
	b.failedOnce("tell")
	b.must(b.s.SkipStep(ctx, b.id, "tell", "told by telephone"))
	err = b.s.RunStep(ctx, b.id, "comment", nil)
	b.want(CodeUsage, err)
	if HintOf(err) != howToConfigure {
		t.Errorf("hint %q", HintOf(err))
	}
	b.failedOnce("comment")
	b.verified()
}

func (b *bench) failedOnce(step string) {
	b.Helper()
	f, err := b.s.s.open(b.Context(), b.id)
	b.must(err)
	st, err := b.s.stepStatus(b.Context(), f, step)
	b.must(err)
	if st.State != playbooks.Failed || st.Attempts != 1 {
		b.Errorf("step %s is %s after %d attempts", step, st.State, st.Attempts)
	}
}

func TestAdvanceStopsWhereAPersonIsNeeded(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(tellTwo)
	ctx := t.Context()
	got, err := b.s.Advance(ctx, b.id, nil)
	b.must(err)
	if got.Done || len(got.Steps) != 1 || got.Steps[0] != "ask" {
		t.Fatalf("%+v", got)
	}
	b.must(b.s.DoneStep(ctx, b.id, "ask", map[string]string{"bad": "no"}, ""))
	got, err = b.s.Advance(ctx, b.id, nil)
	b.must(err)
	if got.Until.IsZero() || b.state("pause") != playbooks.Running {
		t.Fatalf("%+v, pause is %s", got, b.state("pause"))
	}
	b.clock.Advance(11 * time.Minute)
	got, err = b.s.Advance(ctx, b.id, nil)
	b.must(err)
	if len(got.Steps) != 1 || got.Steps[0] != "review" {
		t.Fatalf("%+v", got)
	}
	b.must(b.s.DoneStep(ctx, b.id, "review", nil, ""))
	if _, err := os.Stat(filepath.Join(b.s.s.Dir(b.id), "exports", "review.html")); err != nil {
		t.Error(err)
	}
	got, err = b.s.Advance(ctx, b.id, nil)
	b.must(err)
	if !got.Done {
		t.Errorf("%+v", got)
	}
	b.must(b.s.CloseIncident(ctx, b.id, "over"))
	b.want(CodeRefused, b.s.SkipStep(ctx, b.id, "ask", "too late"))
	b.want(CodeRefused, b.s.Assign(ctx, b.id, incident.Commander, "ada"))
	b.must(b.s.Note(ctx, b.id, "", "a word after the end", false))
	b.must(b.s.Reopen(ctx, b.id, "it came back"))
	b.verified()
}

// TestInterruptedStepIsOpenedAgain: the process that ran a step is gone.
func TestInterruptedStepIsOpenedAgain(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(tellTwo)
	ctx := t.Context()
	b.must(b.s.DoneStep(ctx, b.id, "ask", map[string]string{"bad": "no"}, ""))
	f, err := b.s.s.open(ctx, b.id)
	b.must(err)
	b.must(b.s.change(ctx, f, func(_ *store.Tx, run *playbooks.Run) (record.Kind, string, any, error) {
		return record.StepStarted, "tell", record.StepBegin{Run: run.ID(), Attempt: 1, Owner: "pid 1 gone - 0"}, nil
	}))
	later := b.service(config.Config{}).As(incident.Actor{Name: "grace"})
	if _, err := later.Advance(ctx, b.id, nil); err != nil {
		t.Fatal(err)
	}
	if got := b.state("tell"); got != playbooks.Done {
		t.Errorf("the step is %s", got)
	}
}

func TestWatchSeesAnotherProcess(t *testing.T) {
	b := newBench(t, config.Config{})
	b.s.s.o.Sleep = sleepFor
	b.drill(tellTwo)
	changed, err := b.s.Watch(t.Context(), b.id)
	b.must(err)
	other := b.service(config.Config{}).As(incident.Actor{Name: "grace"})
	b.must(other.Note(t.Context(), b.id, "", "from elsewhere", false))
	select {
	case <-changed:
	case <-time.After(30 * time.Second):
		t.Fatal("nothing was seen")
	}
}

func TestIncidentsAreNumberedAndFound(t *testing.T) {
	b := newBench(t, config.Config{})
	ctx := t.Context()
	for range 3 {
		_, err := b.s.Open(ctx, NewIncident{Title: "odd login"})
		b.must(err)
	}
	for text, want := range map[string]incident.ID{"last": "2026-0003", "2": "2026-0002", "2026-1": "2026-0001", "2026-0003": "2026-0003"} {
		got, err := b.s.s.ParseID(text)
		b.must(err)
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	_, err := b.s.s.ParseID("../2026-0001")
	b.want(CodeNotFound, err)
	_, err = b.s.Open(ctx, NewIncident{Title: "  "})
	b.want(CodeUsage, err)
	_, err = b.s.Open(ctx, NewIncident{Title: "x", Playbook: "no-such"})
	b.want(CodeNotFound, err)
	b.must(os.WriteFile(filepath.Join(b.s.s.Dir("2026-0002"), "heads"), nil, 0o600))
	list, err := b.service(config.Config{}).As(incident.Actor{Name: "grace"}).List(ctx)
	b.must(err)
	if len(list) != 3 || list[1].Broken == "" || list[0].Broken != "" {
		t.Errorf("%+v", list)
	}
}

const collectOnce = `playbook: v1
id: collect-once
name: Collect once
version: 1.0.0
phases:
  identify:
    - id: take
      title: Take
      collect: [linux.processes, linux.sockets, linux.mounts]
fallback:
  - id: unplug
    title: Pull the plug
    manual: Pull it.
`

// TestStoppedStepIsNoFailure: a person who stops a step has not failed it, and
// is not sent into the fallback.
func TestStoppedStepIsNoFailure(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(collectOnce)
	ctx, cancel := context.WithCancel(t.Context())
	err := b.s.RunStep(ctx, b.id, "take", func(Progress) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("stopped: %v", err)
	}
	if got := b.state("take"); got != playbooks.Ready {
		t.Fatalf("the stopped step is %s", got)
	}
	b.must(b.s.RunStep(t.Context(), b.id, "take", nil))
	if got := b.state("take"); got != playbooks.Done {
		t.Errorf("run again it is %s", got)
	}
	b.verified()
}
