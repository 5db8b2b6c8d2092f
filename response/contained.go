package response

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/record"
	"firebreak/store"
)

// Containment is an effect that is in force, or may be, until it is undone.
type Containment struct {
	Action     string          `json:"action"`
	Name       string          `json:"name"`
	Connection string          `json:"connection"`
	Title      string          `json:"title"`
	Target     string          `json:"target"`
	Danger     incident.Danger `json:"danger"`
	Step       string          `json:"step,omitempty"`
	State      ActionState     `json:"state"`
	Since      time.Time       `json:"since"`           // when it was sent
	By         []string        `json:"by"`              // who approved it, else who planned it
	Lasts      string          `json:"lasts,omitempty"` // "" has no end
	Until      time.Time       `json:"until,omitzero"`
	Over       bool            `json:"over,omitempty"` // its time is over, and it is still in force
	Extended   string          `json:"extended,omitempty"`
	Undo       string          `json:"undo"`              // how it is undone
	Undoing    string          `json:"undoing,omitempty"` // the action that will undo it, where one is planned
	UndoState  ActionState     `json:"undo_state,omitempty"`
	Auto       bool            `json:"auto,omitempty"`  // at its end it is undone without another approval
	Timer      string          `json:"timer,omitempty"` // what the other side does by itself

	told bool // people were told that its time is over
}

// Contained lists what is in force: what ends first comes first.
func (s *Session) Contained(ctx context.Context, id incident.ID) ([]Containment, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := s.s.settleDead(ctx, f); err != nil {
		return nil, err
	}
	return s.contained(ctx, f)
}

func (s *Session) contained(ctx context.Context, f *folder) (out []Containment, err error) {
	err = f.store.View(ctx, func(tx *store.Tx) error {
		out, err = containedIn(tx, s.s.o.Now())
		return err
	})
	return out, err
}

// containedIn finds what is in force in one picture of the record.
func containedIn(tx *store.Tx, now time.Time) ([]Containment, error) {
	actions, err := tx.Actions()
	if err != nil {
		return nil, err
	}
	var out []Containment
	for _, a := range actions {
		if !inForce(a) {
			continue
		}
		c, err := containmentOf(a)
		if err != nil {
			return nil, err
		}
		for _, u := range actions {
			if u.Reverts == a.Action && !overWith(u) {
				c.Undoing, c.UndoState = u.Action, ActionState(u.State)
			}
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		return nil, nil
	}
	if err := timed(tx, out, now); err != nil {
		return nil, err
	}
	slices.SortStableFunc(out, func(a, b Containment) int {
		switch {
		case a.Until.IsZero() != b.Until.IsZero():
			return map[bool]int{true: 1, false: -1}[a.Until.IsZero()]
		default:
			return a.Until.Compare(b.Until)
		}
	})
	return out, nil
}

// inForce says that an action holds something until it is undone: it has a time
// box, or is of a record from before there were any and can be undone.
func inForce(a store.Action) bool {
	if a.Reverts != "" || a.RevertedBy != "" || !mayBeThere(a) || ActionState(a.State) == Queued {
		return false
	}
	return a.Lasts != "" || a.Undo != "" && a.Danger >= incident.Medium
}

// overWith says that nothing will come of an action any more.
func overWith(a store.Action) bool {
	st := ActionState(a.State)
	return st == Rejected || st == Dropped || st == Failed && !notDone(a)
}

func containmentOf(a store.Action) (Containment, error) {
	c := Containment{
		Action: a.Action, Name: a.Name, Connection: a.Connection, Title: a.Title, Target: a.Target, Danger: a.Danger, Step: a.Step,
		State: ActionState(a.State), Since: a.Changed, Lasts: a.Lasts, Undo: cmp.Or(a.Undo, "not at all"), Auto: a.Ends == record.EndsReverted,
	}
	for _, y := range a.Approvals {
		c.By = append(c.By, approver(y))
	}
	if len(c.By) == 0 {
		c.By = []string{a.PlannedBy}
	}
	if len(a.Plan) == 0 { // it was erased
		return c, nil
	}
	var p integrations.Plan
	if err := json.Unmarshal(a.Plan, &p); err != nil {
		return c, fmt.Errorf("read plan of %s: %w", a.Action, err)
	}
	c.Timer = p.Timer
	return c, nil
}

// timed puts in the times: when each was sent, and until when it lasts.
func timed(tx *store.Tx, all []Containment, now time.Time) error {
	entries, err := tx.EntriesOf(record.ActionSending, record.ActionExtended, record.ActionExpired)
	if err != nil {
		return err
	}
	at := map[string]*Containment{}
	for i := range all {
		at[all[i].Action] = &all[i]
	}
	expired := map[string]time.Time{}
	for _, e := range entries {
		switch e.Kind { //nolint:exhaustive // what was asked for
		case record.ActionSending:
			var p record.Attempt
			if err := e.Decode(&p); err != nil {
				return err
			}
			if c := at[p.Action]; c != nil {
				c.Since = e.Time
				if lasts, err := time.ParseDuration(c.Lasts); err == nil && lasts > 0 {
					c.Until = e.Time.Add(lasts)
				}
			}
		case record.ActionExtended:
			var p record.Extension
			if err := e.Decode(&p); err != nil {
				return err
			}
			if c := at[p.Action]; c != nil {
				c.Until, c.Extended = p.Until.UTC(), "by "+e.Actor.Name+": "+p.Reason
			}
		default:
			var p record.Expiry
			if err := e.Decode(&p); err != nil {
				return err
			}
			expired[p.Action] = e.Time
		}
	}
	for i := range all {
		c := &all[i]
		c.Over = !c.Until.IsZero() && !now.Before(c.Until)
		c.told = c.Over && !expired[c.Action].Before(c.Until)
	}
	return nil
}

// Extend gives a containment more time, from now on.
func (s *Session) Extend(ctx context.Context, id incident.ID, action string, by time.Duration, reason string) (Containment, error) {
	switch {
	case strings.TrimSpace(reason) == "":
		return Containment{}, usage("--reason WHY", "more time for a containment needs a reason")
	case by <= 0 || by > 366*24*time.Hour:
		return Containment{}, usage("as in --for 4h", "extend %s: for how long?", action)
	}
	f, err := s.s.open(ctx, id)
	if err != nil {
		return Containment{}, err
	}
	until := s.s.o.Now().Add(by).UTC().Truncate(time.Second)
	_, err = f.store.UpdateAll(ctx, func(tx *store.Tx) ([]record.Draft, error) {
		if err := mustBeOpen(tx); err != nil {
			return nil, err
		}
		c, err := s.holding(tx, action)
		if err != nil {
			return nil, err
		}
		if !until.After(c.Until) {
			return nil, refused("name a longer time, or undo it now: firebreak revert "+string(id)+" "+action, "extend %s: it lasts until %s already", action, c.Until.UTC().Format(time.RFC3339))
		}
		d, err := s.draft(tx, record.ActionExtended, c.Step, record.Extension{Action: action, Until: until, Reason: reason})
		if err != nil {
			return nil, err
		}
		drafts := []record.Draft{d}
		if c.Undoing != "" && (c.UndoState == Planned || c.UndoState == Approved || c.UndoState == Queued) { // what was prepared for the end
			u, err := tx.Action(c.Undoing)
			if err != nil {
				return nil, err
			}
			d, err := s.draft(tx, record.ActionRejected, c.Step, record.Decision{Action: u.Action, Digest: u.Digest, Reason: "withdrawn: " + action + " was given more time", Strength: record.Local})
			if err != nil {
				return nil, err
			}
			drafts = append(drafts, d)
		}
		return drafts, nil
	})
	if err != nil {
		return Containment{}, err
	}
	all, err := s.contained(ctx, f)
	if err != nil {
		return Containment{}, err
	}
	if i := slices.IndexFunc(all, func(c Containment) bool { return c.Action == action }); i >= 0 {
		return all[i], nil
	}
	return Containment{}, notFound("", "extend %s: it was undone meanwhile: %w", action, incident.ErrNotFound)
}

// holding finds one containment that is in force.
func (s *Session) holding(tx *store.Tx, action string) (Containment, error) {
	if _, err := tx.Action(action); err != nil {
		return Containment{}, notFound("firebreak contained "+string(tx.ID())+" lists what is in force", "%w", err)
	}
	all, err := containedIn(tx, s.s.o.Now())
	if err != nil {
		return Containment{}, err
	}
	if i := slices.IndexFunc(all, func(c Containment) bool { return c.Action == action }); i >= 0 {
		return all[i], nil
	}
	return Containment{}, refused("firebreak contained "+string(tx.ID())+" lists what is in force", "action %s holds nothing that is in force", action)
}
