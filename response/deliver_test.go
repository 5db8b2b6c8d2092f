package response

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/integrations/drill"
	"firebreak/integrations/gate"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/store"
)

const tellChat = `playbook: v1
id: tell
name: Tell
version: 1.0.0
phases:
  identify:
    - id: tell
      title: Tell them
      notify: [webhook]
      with: {message: "Builds are stopped."}
`

// undelivered counts the messages that are recorded to have reached nobody.
func (b *bench) undelivered() (all []record.Unheard) {
	b.Helper()
	f, err := b.s.s.open(b.Context(), b.id)
	b.must(err)
	b.must(f.store.View(b.Context(), func(tx *store.Tx) error {
		entries, err := tx.EntriesOf(record.Undelivered)
		for _, e := range entries {
			var u record.Unheard
			if err := e.Decode(&u); err != nil {
				return err
			}
			all = append(all, u)
		}
		return err
	}))
	return all
}

func (b *bench) actions() []ActionView {
	b.Helper()
	board, err := b.s.Board(b.Context(), b.id)
	b.must(err)
	return board.Actions
}

// TestTheNextConnectionCarriesTheMessage: the one it is for refuses it. What
// carries it says so, and the first is not sent later.
func TestTheNextConnectionCarriesTheMessage(t *testing.T) {
	b := newBench(t, config.Config{Notify: config.Notify{Fallback: []string{"webhook", "pagerduty"}}})
	w := b.drill(tellChat)
	w.Fail(drill.Fault{System: "webhook", Mode: drill.Echo})
	b.must(b.s.RunStep(t.Context(), b.id, "tell", nil))
	as := b.actions()
	if len(as) != 2 || as[0].State != Dropped || as[1].State != Verified || as[1].Instead != "a1" || as[1].Connection != "pagerduty" || b.effects(w) != 1 {
		t.Fatalf("%+v, %d effects", as, b.effects(w))
	}
	if text := as[1].Details.Requests[0]; !strings.Contains(text, "was for webhook, which did not take it") || strings.Contains(text, "repetition") {
		t.Error(text)
	}
	if b.state("tell") != playbooks.Done || len(b.undelivered()) != 0 {
		t.Errorf("the step is %s, undelivered %v", b.state("tell"), b.undelivered())
	}
	b.verified()
}

// TestWhatMayHaveArrivedIsCalledARepetition: the answer was lost, and nobody can
// ask the receiver.
func TestWhatMayHaveArrivedIsCalledARepetition(t *testing.T) {
	b := newBench(t, config.Config{Notify: config.Notify{Fallback: []string{"pagerduty"}}})
	w := b.drill(tellChat)
	w.Fail(drill.Fault{System: "webhook", Mode: drill.DropAfter})
	b.must(b.s.RunStep(t.Context(), b.id, "tell", nil))
	as := b.actions()
	if len(as) != 2 || as[0].State != Unknown || as[1].State != Verified {
		t.Fatalf("%+v", as)
	}
	if text := as[1].Details.Requests[0]; !strings.Contains(text, "may be a repetition") {
		t.Error(text)
	}
	if b.effects(w) != 2 || b.state("tell") != playbooks.Done {
		t.Errorf("%d effects, the step is %s", b.effects(w), b.state("tell"))
	}
}

// TestNobodyGotIt: no connection takes it. Its text is shown, it is recorded once,
// and the step has failed.
func TestNobodyGotIt(t *testing.T) {
	b := newBench(t, config.Config{Notify: config.Notify{Fallback: []string{"pagerduty"}}})
	w := b.drill(tellChat)
	for range 2 {
		w.Fail(drill.Fault{System: "webhook", Mode: drill.Echo})
		w.Fail(drill.Fault{System: "pagerduty", Method: "POST", Mode: drill.Echo})
		err := b.s.RunStep(t.Context(), b.id, "tell", nil)
		if err == nil || !strings.Contains(err.Error(), "nobody got this message") || !strings.Contains(err.Error(), "Builds are stopped.") {
			t.Fatal(err)
		}
		if b.state("tell") != playbooks.Failed || b.effects(w) != 0 {
			t.Fatalf("the step is %s, %d effects", b.state("tell"), b.effects(w))
		}
		b.must(b.s.ReopenStep(t.Context(), b.id, "tell", "once more"))
	}
	all := b.undelivered()
	if len(all) == 0 || strings.Join(all[0].Connections, " ") != "webhook pagerduty" || all[0].Queued {
		t.Errorf("%+v", all)
	}
	b.verified()
}

// chatAt is a workspace with a chat that is to be found at that address, and one
// that nobody serves.
func chatAt(t *testing.T, b *bench, address string) config.Config {
	t.Helper()
	t.Setenv("CHAT_SECRET", "whsec_bXktc2VjcmV0LW9mLXNpeHRlZW4tYnl0ZXM=")
	ref, err := config.ParseReference("env:CHAT_SECRET")
	b.must(err)
	chat := config.Connection{
		Kind: "webhook", BaseURL: "http://" + address + "/hook", Secrets: map[string]config.Reference{"secret": ref},
		Settings: map[string]string{"allow_private": "true"},
	}
	return config.Config{Connections: map[string]config.Connection{"webhook": chat}}
}

// TestOfflineIsNormal: there is no network. The message is kept, the step has
// failed and says so; later another process delivers it, and the step ends well.
func TestOfflineIsNormal(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	b := newBench(t, config.Config{})
	b.must(l.Close())
	conf := chatAt(t, b, address)
	conf.Connections["other"] = conf.Connections["webhook"]
	conf.Notify.Fallback = []string{"other"}
	b.s = b.service(conf).As(incident.Actor{Name: "ada"})
	file := filepath.Join(t.TempDir(), "p.yaml")
	b.must(os.WriteFile(file, []byte(tellChat), 0o600))
	inc, err := b.s.Open(t.Context(), NewIncident{Title: "offline", Severity: incident.SEV2, Playbook: file})
	b.must(err)
	b.id = inc.ID
	err = b.s.RunStep(t.Context(), b.id, "tell", nil)
	if err == nil || !strings.Contains(err.Error(), "waits in the outbox") || !strings.Contains(err.Error(), "Builds are stopped.") {
		t.Fatal(err)
	}
	if all := b.undelivered(); len(all) != 1 || !all[0].Queued {
		t.Fatalf("%+v", all)
	}
	// The one that was to carry it instead does not wait, too: it would come twice.
	if as := b.actions(); len(as) != 2 || as[0].State != Queued || as[1].Instead != "a1" || as[1].State != Dropped {
		t.Fatalf("%+v", as)
	}
	b.want(CodeRefused, b.s.CloseIncident(t.Context(), b.id, "over"))
	b.clock.Advance(10 * time.Minute)
	run, err := b.s.RunOutbox(t.Context(), b.id, true, nil)
	b.must(err)
	if len(run.Delivered) != 0 || len(run.Waiting) != 1 || run.Waiting[0].State != Queued || run.Waiting[0].Class != "not-sent" || run.Next.IsZero() {
		t.Fatalf("still offline: %+v", run)
	}
	got := make(chan string, 9)
	l, err = net.Listen("tcp", address)
	if err != nil {
		t.Skipf("the port was taken meanwhile: %v", err)
	}
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		got <- r.Header.Get("Webhook-Id")
		rw.WriteHeader(http.StatusNoContent)
	})}
	go func() { _ = server.Serve(l) }() // it ends with the test
	defer closed(t, server)
	other := b.service(conf).As(incident.Actor{Name: "cron"})
	run, err = other.RunOutbox(t.Context(), b.id, false, nil)
	b.must(err)
	if len(run.Delivered) != 1 || len(run.Waiting) != 0 {
		t.Fatalf("back again: %+v", run)
	}
	a, err := other.Action(t.Context(), b.id, "a1")
	b.must(err)
	if len(got) != 1 || <-got != a.Key || b.state("tell") != playbooks.Done {
		t.Errorf("%d messages came; the step is %s", len(got)+1, b.state("tell"))
	}
	b.verified()
}

// TestADeadConnectionHoldsUpNoOther: the breaker of one is open; what goes over
// another is delivered.
func TestADeadConnectionHoldsUpNoOther(t *testing.T) {
	served := make(chan struct{}, 99)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served <- struct{}{} })}
	go func() { _ = server.Serve(l) }() // it ends with the test
	defer closed(t, server)
	b := newBench(t, config.Config{})
	conf := chatAt(t, b, l.Addr().String())
	dead := conf.Connections["webhook"]
	dead.BaseURL = "http://127.0.0.1:1/hook"
	conf.Connections["dead"] = dead
	b.s = b.service(conf).As(incident.Actor{Name: "ada"})
	inc, err := b.s.Open(t.Context(), NewIncident{Title: "one is dead", Severity: incident.SEV2})
	b.must(err)
	b.id = inc.ID
	f, err := b.s.s.open(t.Context(), b.id)
	b.must(err)
	for range 6 {
		for _, c := range []string{"dead", "webhook"} {
			_, err := b.s.plan(t.Context(), f, wish{name: "webhook.send", connection: c, params: map[string]any{"message": "x"}, message: true})
			b.must(err)
		}
	}
	run, err := b.s.RunOutbox(t.Context(), b.id, true, nil)
	b.must(err)
	if len(served) != 6 || len(run.Delivered) != 6 || len(run.Waiting) != 6 || len(run.Failed) != 0 {
		t.Errorf("%d came; %+v", len(served), run)
	}
	views, err := b.s.s.Gates()
	b.must(err)
	for _, v := range views {
		if open := v.Breaker == gate.BreakerOpen; open != (v.Connection == "dead") {
			t.Errorf("%+v", v)
		}
	}
	_, err = b.s.Retry(t.Context(), b.id, run.Waiting[0].Action, false, "", nil) // a person's will goes through, and fails
	var open *gate.OpenError
	if err == nil || errors.As(err, &open) {
		t.Errorf("a person was not let through: %v", err)
	}
}

// TestAContainmentGivesUpSoon: the host cannot be reached. After five tries in two
// minutes a person has it, and nothing of it happens by itself.
func TestAContainmentGivesUpSoon(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(oneComment)
	a, err := b.s.Plan(t.Context(), b.id, PlanRequest{Action: "linux.nft.block", Params: map[string]any{"address": "203.0.113.9"}})
	b.must(err)
	b.must(b.s.Approve(t.Context(), b.id, a.Action, a.Digest, "", ""))
	w.Fail(drill.Fault{System: "linux", Mode: drill.DropBefore, Times: 99})
	b.must(w.Arm("gone", drill.Fault{System: "linux", Mode: drill.DropBefore, Times: 99}))
	began := b.clock.Now()
	_, err = b.s.Do(t.Context(), b.id, a.Action)
	b.want(CodeInternal, err)
	if took := b.clock.Now().Sub(began); took > 2*time.Minute+10*time.Second {
		t.Errorf("it went on for %s", took)
	}
	got, err := b.s.Action(t.Context(), b.id, a.Action)
	b.must(err)
	if got.State != Failed || !got.NotSent() || got.Attempts < 1 || got.Attempts > 5 || b.effects(w) != 0 || !strings.Contains(got.Says, "left to a person") {
		t.Fatalf("%s after %d attempts: %s", got.State, got.Attempts, got.Says)
	}
	rows, err := b.s.Outbox(t.Context(), b.id, false)
	b.must(err)
	if len(rows) != 1 || !rows[0].NeedsHuman || rows[0].MayHaveHappened || !strings.Contains(rows[0].Do, "outbox retry") {
		t.Errorf("%+v", rows)
	}
	b.clock.Advance(time.Hour)
	run, err := b.s.RunOutbox(t.Context(), b.id, false, nil)
	b.must(err)
	if len(run.Delivered) != 0 || b.effects(w) != 0 {
		t.Errorf("a late containment: %+v", run)
	}
}

// throttled brings the drill to an action that the other side asks to wait a minute for.
func (b *bench) throttled(w *drill.World) ActionView {
	b.Helper()
	a := b.reach()
	b.must(b.s.Approve(b.Context(), b.id, a.Action, a.Digest, "", ""))
	w.Fail(drill.Fault{System: "github", Method: "POST", Mode: drill.Secondary})
	a, err := b.s.Do(b.Context(), b.id, a.Action)
	b.want(CodeInternal, err)
	if a.State != Queued || a.Class != "throttled" || b.state("comment") != playbooks.Running {
		b.Fatalf("%s %s, the step is %s", a.State, a.Class, b.state("comment"))
	}
	return a
}

func TestWhatIsThrottledWaitsItsMinute(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(oneComment)
	a := b.throttled(w)
	began := b.clock.Now()
	wait, err := b.s.Advance(t.Context(), b.id, nil)
	b.must(err)
	if wait.Until.IsZero() || !strings.Contains(wait.Reason, "waits in the outbox") || b.effects(w) != 0 {
		t.Errorf("it waits without a word: %+v", wait)
	}
	run, err := b.s.RunOutbox(t.Context(), b.id, false, nil)
	b.must(err)
	if len(run.Delivered) != 1 || b.effects(w) != 1 || b.state("comment") != playbooks.Done || b.clock.Now().Sub(began) < 50*time.Second {
		t.Errorf("%+v after %s, %d effects", run, b.clock.Now().Sub(began), b.effects(w))
	}
	if got, err := b.s.Action(t.Context(), b.id, a.Action); err != nil || got.State != Verified || got.Attempts != 2 || got.Key != a.Key {
		t.Errorf("%+v, %v", got, err)
	}
	b.verified()
}

// TestWhatWaitedTooLongIsNotSent: its time in the outbox is over, and its approval
// has run out.
func TestWhatWaitedTooLongIsNotSent(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(oneComment)
	a := b.throttled(w)
	b.clock.Advance(20 * time.Minute)
	_, err := b.s.Do(t.Context(), b.id, a.Action)
	b.want(CodeRefused, err)
	got, err := b.s.Action(t.Context(), b.id, a.Action)
	b.must(err)
	if got.State != Failed || b.effects(w) != 0 || !strings.Contains(got.Says, "left to a person") {
		t.Errorf("%s: %s", got.State, got.Says)
	}
}

func TestAPersonSendsItNowOrGivesItUp(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(oneComment)
	a := b.throttled(w)
	_, err := b.s.Drop(t.Context(), b.id, a.Action, " ")
	b.want(CodeUsage, err)
	a, err = b.s.Retry(t.Context(), b.id, a.Action, false, "", nil)
	b.must(err)
	if a.State != Verified || b.effects(w) != 1 {
		t.Fatalf("%s, %d effects", a.State, b.effects(w))
	}
	_, err = b.s.Drop(t.Context(), b.id, a.Action, "late")
	b.want(CodeRefused, err)

	b = newBench(t, config.Config{})
	w = b.drill(oneComment)
	a = b.throttled(w)
	a, err = b.s.Drop(t.Context(), b.id, a.Action, "done by hand")
	b.must(err)
	if a.State != Dropped || a.Says != "done by hand" || b.state("comment") != playbooks.Failed || b.effects(w) != 0 {
		t.Errorf("%s %q, the step is %s", a.State, a.Says, b.state("comment"))
	}
	_, err = b.s.Retry(t.Context(), b.id, a.Action, false, "", nil)
	b.want(CodeRefused, err)
	_, err = b.s.Do(t.Context(), b.id, a.Action)
	b.want(CodeRefused, err)
	b.verified()
}

// TestSendingAgainIsAnotherAction: it may have been sent. Only with a reason, and
// with an approval of its own, is it sent once more.
func TestSendingAgainIsAnotherAction(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(oneComment)
	a := b.reach()
	b.must(b.s.Approve(t.Context(), b.id, a.Action, a.Digest, "", ""))
	w.Fail(drill.Fault{System: "github", Method: "POST", Mode: drill.DropAfter})
	_, err := b.s.Do(t.Context(), b.id, a.Action)
	b.want(CodeUnknown, err)
	_, err = b.s.Retry(t.Context(), b.id, a.Action, false, "", nil)
	b.want(CodeRefused, err)
	_, err = b.s.Retry(t.Context(), b.id, a.Action, true, "", nil)
	b.want(CodeUsage, err)
	next, err := b.s.Retry(t.Context(), b.id, a.Action, true, "they see nothing", nil)
	b.must(err)
	if next.State != Planned || next.Key == a.Key || next.Again != a.Action || b.effects(w) != 1 {
		t.Fatalf("%+v", next)
	}
	if was, err := b.s.Action(t.Context(), b.id, a.Action); err != nil || was.State != Dropped || was.Class != "ambiguous" {
		t.Errorf("the first is %s %s: %v", was.State, was.Class, err)
	}
	_, err = b.s.Retry(t.Context(), b.id, a.Action, true, "and again", nil)
	b.want(CodeRefused, err)
	b.must(b.s.Approve(t.Context(), b.id, next.Action, next.Digest, "", ""))
	next, err = b.s.Do(t.Context(), b.id, next.Action)
	b.must(err)
	if next.State != Verified || b.effects(w) != 2 {
		t.Errorf("%s, %d effects", next.State, b.effects(w))
	}
	b.verified()
}

// TestALookWaitsUntilItCanBeBelieved: that long, and no longer; and a person can
// end the wait.
func TestALookWaitsUntilItCanBeBelieved(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(oneComment)
	a := b.reach()
	b.must(b.s.Approve(t.Context(), b.id, a.Action, a.Digest, "", ""))
	b.interrupt(a, record.ActionSending)
	_, err := b.s.Board(t.Context(), b.id) // finds that nobody is at it
	b.must(err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.s.Look(ctx, b.id, a.Action); !errors.Is(err, context.Canceled) {
		t.Errorf("a wait that was ended: %v", err)
	}
	var told []Progress
	began := b.clock.Now()
	_, err = b.s.LookTelling(t.Context(), b.id, a.Action, func(p Progress) { told = append(told, p) })
	b.must(err)
	if len(told) == 0 || !strings.Contains(told[0].What, "may still be under way") || b.clock.Now().Sub(began) < time.Second {
		t.Errorf("it waited %s and said %v", b.clock.Now().Sub(began), told)
	}

	f, err := b.s.s.open(t.Context(), b.id)
	b.must(err)
	at := func(began, changed time.Duration) time.Duration { // after now
		now := b.clock.Now()
		var until time.Time
		b.must(f.store.View(t.Context(), func(tx *store.Tx) error {
			row, err := tx.Action(a.Action)
			if err != nil {
				return err
			}
			sent, err := attemptBegan(tx, row)
			if err != nil {
				return err
			}
			row.Changed = sent.Add(changed)
			until, err = b.s.quietUntil(tx, f, row)
			until = until.Add(now.Sub(sent) + began)
			return err
		}))
		return until.Sub(now)
	}
	quiet := 2 * time.Second
	for _, c := range []struct{ began, changed, want time.Duration }{
		{0, time.Second, time.Second + quiet},            // the attempt failed after a second
		{0, 90 * time.Second, 90*time.Second + quiet},    // and after ninety
		{-time.Hour, time.Hour, -58*time.Minute + quiet}, // killed an hour ago: an attempt lasts two minutes
		{-3 * time.Minute, 150 * time.Second, -time.Minute + quiet},
	} {
		if got := at(c.began, c.changed); got != c.want {
			t.Errorf("begun %s, known %s after that: a look in %s, want %s", c.began, c.changed, got, c.want)
		}
	}
}
