package store

import (
	"errors"
	"slices"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

// The states of an action.
const (
	StatePlanned  = "planned"
	StateApproved = "approved"
	StateSending  = "sending"
	StateSent     = "sent"
	StateVerified = "verified"
	StateFailed   = "failed"
	StateRejected = "rejected"
	StateUnknown  = "unknown"
	StateQueued   = "queued"
	StateDropped  = "dropped"
)

// Action is one action of the outbox. Planned.Approvals is how many are
// needed, Approvals are those given: one for each person, the latest.
type Action struct {
	record.Planned
	Seq        int64          `json:"seq"`
	Phase      incident.Phase `json:"phase"`
	Step       string         `json:"step,omitempty"`
	State      string         `json:"state"`
	PlannedAt  time.Time      `json:"planned_at"`
	PlannedBy  string         `json:"planned_by"`
	Planner    string         `json:"planner"` // the actor's id
	Approvals  []Approval     `json:"approved,omitempty"`
	Attempts   int            `json:"attempts"`
	Owner      string         `json:"owner,omitempty"` // of the last attempt, see Alive
	Changed    time.Time      `json:"changed"`
	Last       record.Outcome `json:"last,omitzero"`
	RevertedBy string         `json:"reverted_by,omitempty"` // set once the revert is sent
	Given      string         `json:"given,omitempty"`       // why it was given up
	Queue      *record.Queued `json:"queue,omitempty"`       // since it waits in the outbox, until its outcome is known
}

// Approval is one person's yes to the plan with that digest.
type Approval struct {
	Actor    incident.Actor  `json:"actor"`
	At       time.Time       `json:"at"`
	Expires  time.Time       `json:"expires,omitzero"`
	Digest   string          `json:"digest"`
	Strength record.Strength `json:"strength,omitempty"`
	Reason   string          `json:"reason,omitempty"`
	// Signature is the person's own, over the request; whoever counts the
	// approval checks it.
	Signature *record.Signature `json:"signature,omitempty"`
	// BreakGlass says that a rule was gone around with it; Reason says why.
	BreakGlass bool `json:"break_glass,omitempty"`
}

// ApprovedAt says whether enough approvals hold at that time.
func (a Action) ApprovedAt(t time.Time) bool {
	n := 0
	for _, y := range a.Approvals {
		if y.Expires.IsZero() || t.Before(y.Expires) {
			n++
		}
	}
	return n >= a.Planned.Approvals
}

// from says out of which states a kind of entry may lead an action. That an
// attempt cannot begin while another is open, or unknown, is what makes a
// silent repeat impossible to record.
func from(k record.Kind) []string {
	undecided := []string{StatePlanned, StateApproved, StateFailed}
	return map[record.Kind][]string{
		record.ActionApproved: undecided,
		record.ActionRejected: append(undecided, StateQueued),
		record.ActionDropped:  append(undecided, StateQueued, StateUnknown),
		record.ActionQueued:   {StateApproved, StateFailed, StateSending, StateUnknown, StateQueued},
		record.ActionSending:  {StateApproved, StateFailed, StateQueued},
		record.ActionSent:     {StateSending, StateUnknown},
		record.ActionVerified: {StateApproved, StateSending, StateSent, StateVerified, StateFailed, StateUnknown},
		record.ActionFailed:   {StatePlanned, StateApproved, StateQueued, StateSending, StateSent, StateVerified, StateUnknown},
		record.ActionUnknown:  {StateSending, StateSent, StateUnknown},
	}[k]
}

func (f fold) planned(e record.Entry) error {
	a := Action{
		Seq: e.Seq, Phase: e.Phase, Step: e.Step, State: StatePlanned,
		PlannedAt: e.Time, PlannedBy: called(e.Actor), Planner: e.Actor.ID, Changed: e.Time,
	}
	if err := e.Decode(&a.Planned); err != nil {
		return err
	}
	if a.Planned.Approvals <= 0 {
		a.State = StateApproved // enough is none
	}
	if a.Reverts != "" {
		var undone Action
		if err := f.get(e, kindAction, a.Reverts, &undone); err != nil {
			return err
		}
	}
	return f.add(e, kindAction, "a", a.Action, a.State, a)
}

func (f fold) decided(e record.Entry) error {
	var d record.Decision
	if err := e.Decode(&d); err != nil {
		return err
	}
	a, err := f.action(e, d.Action)
	if err != nil {
		return err
	}
	if d.Digest != a.Digest {
		return refuse(e, "action %s: the decision is about another plan", d.Action)
	}
	switch e.Kind { //nolint:exhaustive // the third is the approval
	case record.ActionRejected:
		a.Queue = nil
		return f.move(e, a, StateRejected)
	case record.ActionDropped:
		a.Queue, a.Given = nil, d.Reason
		return f.move(e, a, StateDropped)
	}
	y := Approval{e.Actor, e.Time, d.Expires.UTC(), d.Digest, d.Strength, d.Reason, d.Signature, d.BreakGlass}
	a.Approvals = slices.DeleteFunc(a.Approvals, func(old Approval) bool { return record.SamePerson(old.Actor, old.Signature, y.Actor, y.Signature) })
	a.Approvals = append(a.Approvals, y)
	if a.State == StatePlanned && a.ApprovedAt(e.Time) {
		return f.move(e, a, StateApproved)
	}
	return f.put(e, kindAction, a.Action, numberOf("a", a.Action), a.State, a)
}

func (f fold) sending(e record.Entry) error {
	var at record.Attempt
	if err := e.Decode(&at); err != nil {
		return err
	}
	a, err := f.action(e, at.Action)
	if err != nil {
		return err
	}
	if at.Attempt <= a.Attempts {
		return refuse(e, "action %s: attempt %d was made before", at.Action, at.Attempt)
	}
	switch {
	case a.State == StateQueued && e.Time.After(a.Queue.Until):
		return refuse(e, "action %s: its time in the outbox is over", at.Action)
	case a.State != StateQueued && !a.ApprovedAt(e.Time):
		return refuse(e, "action %s: its approval has expired", at.Action)
	}
	a.Attempts, a.Owner = at.Attempt, at.Owner
	return f.move(e, a, StateSending)
}

// queued puts an action into the outbox. One that was never begun, or has ended,
// comes there by its approval, which is consumed by that: it can be put there once.
func (f fold) queued(e record.Entry) error {
	var q record.Queued
	if err := e.Decode(&q); err != nil {
		return err
	}
	a, err := f.action(e, q.Action)
	if err != nil {
		return err
	}
	if q.Attempt != a.Attempts { // of which another process has begun the next
		return refuse(e, "action %s: attempt %d is not its last", q.Action, q.Attempt)
	}
	if (a.State == StateApproved || a.State == StateFailed) && !a.ApprovedAt(e.Time) {
		return refuse(e, "action %s: its approval has expired", q.Action)
	}
	if a.Queue != nil && q.Until.After(a.Queue.Until) {
		return refuse(e, "action %s: its time in the outbox cannot be made longer", q.Action)
	}
	q.NotBefore, q.Until, q.Since = q.NotBefore.UTC(), q.Until.UTC(), q.Since.UTC()
	a.Queue = &q
	return f.move(e, a, StateQueued)
}

func (f fold) outcome(e record.Entry) error {
	var o record.Outcome
	if err := e.Decode(&o); err != nil {
		return err
	}
	a, err := f.action(e, o.Action)
	if err != nil {
		return err
	}
	a.Last = o
	if e.Kind != record.ActionUnknown { // of that, its time runs on
		a.Queue = nil
	}
	to := map[record.Kind]string{
		record.ActionSent: StateSent, record.ActionVerified: StateVerified,
		record.ActionFailed: StateFailed, record.ActionUnknown: StateUnknown,
	}[e.Kind]
	if a.Reverts != "" && (to == StateSent || to == StateVerified) {
		var undone Action
		if err := f.get(e, kindAction, a.Reverts, &undone); err != nil {
			return err
		}
		undone.RevertedBy = a.Action
		if err := f.put(e, kindAction, undone.Action, numberOf("a", undone.Action), undone.State, undone); err != nil {
			return err
		}
	}
	return f.move(e, a, to)
}

// action reads the action that the entry is about and checks that the entry
// may follow on its state.
func (f fold) action(e record.Entry, id string) (Action, error) {
	var a Action
	if err := f.get(e, kindAction, id, &a); err != nil {
		return Action{}, err
	}
	if !slices.Contains(from(e.Kind), a.State) {
		return Action{}, refuse(e, "action %s: %w", id, stateError(a.State))
	}
	return a, nil
}

func stateError(state string) error {
	switch state {
	case StatePlanned:
		return errors.New("it has not been approved")
	case StateUnknown:
		return errors.New("the outcome of the last attempt is unknown: look first")
	}
	return errors.New("it is " + state)
}

func (f fold) move(e record.Entry, a Action, state string) error {
	a.State, a.Changed = state, e.Time
	return f.put(e, kindAction, a.Action, numberOf("a", a.Action), state, a)
}
