package store

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"firebreak/record"
)

// queue is a row of the outbox.
type queue struct {
	*testing.T
	s *Store
}

func (q queue) state(id string) (a Action) {
	q.Helper()
	view(q.T, q.s, func(tx *Tx) (err error) { a, err = tx.Action(id); return err })
	return a
}

func (q queue) must(k record.Kind, payload any, want string) {
	q.Helper()
	if err := try(q.T, q.s, alice, k, payload); err != nil {
		q.Fatalf("%s: %v", k, err)
	}
	if got := q.state("a1").State; got != want {
		q.Fatalf("after %s it is %s, want %s", k, got, want)
	}
}

func (q queue) mustNot(k record.Kind, payload any, why string) {
	q.Helper()
	if err := try(q.T, q.s, alice, k, payload); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), why) {
		q.Fatalf("%s: %v, want a refusal for %q", k, err, why)
	}
}

func TestQueued(t *testing.T) {
	t.Parallel()
	q := queue{t, create(t, testOptions(t))}
	now := q.s.opts.Now()
	in := func(attempt int, until time.Duration) record.Queued {
		return record.Queued{Action: "a1", Attempt: attempt, Class: "not-sent", NotBefore: now, Since: now, Until: now.Add(until)}
	}
	send := func(n int) record.Attempt { return record.Attempt{Action: "a1", Attempt: n, Owner: "me"} }
	soon := q.s.opts.Now().Add(6 * time.Second)

	q.must(record.ActionPlanned, plan("a1", 1), StatePlanned)
	q.mustNot(record.ActionQueued, in(0, time.Hour), "not been approved")
	q.must(record.ActionApproved, record.Decision{Action: "a1", Digest: "d-a1", Expires: soon}, StateApproved)
	q.mustNot(record.ActionQueued, in(1, time.Hour), "attempt 1 is not its last")
	q.must(record.ActionQueued, in(0, time.Hour), StateQueued)
	for range 9 { // the approval runs out; it was consumed
		q.s.opts.Now()
	}
	q.mustNot(record.ActionApproved, record.Decision{Action: "a1", Digest: "d-a1"}, "it is queued")
	q.must(record.ActionSending, send(1), StateSending)
	q.mustNot(record.ActionQueued, in(0, time.Hour), "attempt 0 is not its last") // by one who saw it before that
	q.mustNot(record.ActionDropped, record.Decision{Action: "a1", Digest: "d-a1"}, "it is sending")
	q.must(record.ActionQueued, in(1, time.Hour), StateQueued)
	q.mustNot(record.ActionQueued, in(1, 2*time.Hour), "cannot be made longer")
	q.must(record.ActionSending, send(2), StateSending)
	q.must(record.ActionUnknown, record.Outcome{Action: "a1", Attempt: 2}, StateUnknown)
	q.mustNot(record.ActionQueued, in(2, 2*time.Hour), "cannot be made longer")
	q.must(record.ActionQueued, in(2, 20*time.Second), StateQueued) // somebody looked
	for range 30 {
		q.s.opts.Now()
	}
	q.mustNot(record.ActionSending, send(3), "its time in the outbox is over")
	q.must(record.ActionFailed, record.Outcome{Action: "a1", Attempt: 2, Class: "not-sent"}, StateFailed)
	if a := q.state("a1"); a.Queue != nil {
		t.Errorf("it has a place in the outbox: %+v", a.Queue)
	}
	q.mustNot(record.ActionQueued, in(2, time.Hour), "approval has expired")
	q.mustNot(record.ActionDropped, record.Decision{Action: "a1", Digest: "other"}, "about another plan")
	q.must(record.ActionDropped, record.Decision{Action: "a1", Digest: "d-a1", Reason: "said by phone"}, StateDropped)
	q.mustNot(record.ActionSending, send(3), "it is dropped")
	q.mustNot(record.ActionSent, record.Outcome{Action: "a1", Attempt: 2}, "it is dropped")
	if a := q.state("a1"); a.Given != "said by phone" || a.Last.Class != "not-sent" {
		t.Errorf("%+v", a)
	}
	if r, err := q.s.Verify(context.Background(), VerifyOptions{}); err != nil || !r.OK() {
		t.Errorf("verify: %v, %v", r.Problems, err)
	}
}

// TestWhatIsUnknownCanBeGivenUp: and it stays said that nobody knows.
func TestWhatIsUnknownCanBeGivenUp(t *testing.T) {
	t.Parallel()
	q := queue{t, create(t, testOptions(t))}
	q.must(record.ActionPlanned, plan("a1", 0), StateApproved)
	q.must(record.ActionSending, record.Attempt{Action: "a1", Attempt: 1}, StateSending)
	q.must(record.ActionUnknown, record.Outcome{Action: "a1", Attempt: 1, Class: "ambiguous"}, StateUnknown)
	q.must(record.ActionDropped, record.Decision{Action: "a1", Digest: "d-a1", Reason: "nobody can say"}, StateDropped)
	if a := q.state("a1"); a.Last.Class != "ambiguous" {
		t.Errorf("%+v", a.Last)
	}
	// A message that reached nobody is read from the entries.
	add(t, q.s, record.Undelivered, record.Unheard{Actions: []string{"a1"}, Connections: []string{"chat"}})
	if r, err := q.s.Verify(context.Background(), VerifyOptions{}); err != nil || !r.OK() {
		t.Errorf("verify: %v, %v", r.Problems, err)
	}
}
