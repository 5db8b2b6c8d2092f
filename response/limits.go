package response

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/internal/lazyre"
	"firebreak/store"
)

// reached is what actions of an incident have reached already.
type reached struct {
	step     map[string]bool // targets, by kind and id
	incident map[string]bool
	hour     map[string]bool
	kinds    map[string]map[string]bool // targets of the incident by kind
	frees    time.Time                  // when the first target of the hour is an hour old
}

// overLimits are the limits that the plan would go over.
func (s *Session) overLimits(ctx context.Context, f *folder, j candidate) (out []breach, err error) {
	if !j.weighs() {
		return nil, nil
	}
	err = f.store.View(ctx, func(tx *store.Tx) error {
		out, err = s.overLimitsIn(tx, j, "")
		return err
	})
	return out, err
}

// weighs says that limits count the action: it changes something, it is no mere
// message, and it does not take back what we did.
func (j candidate) weighs() bool {
	return !j.d.ReadOnly && j.danger >= incident.Medium && !j.plan.Unchanged && j.w.reverts == ""
}

// overLimitsIn counts inside one picture of the record, leaving out the action
// itself.
func (s *Session) overLimitsIn(tx *store.Tx, j candidate, self string) ([]breach, error) {
	l := s.s.o.Config.Limits.Resolved()
	actions, err := tx.Actions()
	if err != nil {
		return nil, err
	}
	was, err := reachedBy(actions, j.w.step, self, s.s.o.Now())
	if err != nil {
		return nil, err
	}
	targets := targetsOf(j.plan)
	var out []breach
	over := func(name string, most config.Most, before map[string]bool, of, hint string) {
		n := fresh(targets, before)
		if most == config.NoLimit || n == 0 || len(before)+n <= int(most) {
			return
		}
		out = append(out, breach{
			rule: fmt.Sprintf("limit %s: %s", name, most),
			says: fmt.Sprintf("limit %s: at most %s of %s; %d so far, this would be %d", name, plural(int(most), "target"), of, len(before), len(before)+n),
			hint: hint + ", or raise limits." + name + " in the configuration",
		})
	}
	if j.w.step != "" {
		over("step", l.Step, was.step, "one step", "do it in several steps that people look at")
	}
	over("incident", l.Incident, was.incident, "one incident", "release what need not be held any more (firebreak contained "+string(tx.ID())+")")
	hint := "go on later"
	if !was.frees.IsZero() {
		hint = "go on after " + was.frees.UTC().Format("15:04:05Z")
	}
	over("hour", l.Hour, was.hour, "one hour", hint)
	if b, ok := overShare(l.Share, targets, was); ok {
		out = append(out, b)
	}
	if j.d.Wide && l.Wide == config.WideRefuse {
		out = append(out, breach{
			rule: "limit wide: refuse", says: "limit wide: it reaches a whole organisation, and such actions are refused",
			hint: "do it for single targets, or set limits.wide to approve in the configuration",
		})
	}
	return out, nil
}

// overShare says that too large a part of all there are would be reached. One
// target alone is never too large a part.
func overShare(most config.Percent, targets []integrations.Target, was reached) (breach, bool) {
	for _, t := range targets {
		if t.Of <= 0 || most >= 100 {
			continue
		}
		all := map[string]bool{}
		for id := range was.kinds[t.Kind] {
			all[id] = true
		}
		for _, x := range targets {
			if x.Kind == t.Kind {
				all[x.ID] = true
			}
		}
		if n := len(all); n > 1 && n*100 > int(most)*t.Of {
			return breach{
				rule: fmt.Sprintf("limit share: %s of each kind", most),
				says: fmt.Sprintf("limit share: at most %s of all; this would be %d of %d (%s, %d%%)", most, n, t.Of, t.Kind, n*100/t.Of),
				hint: "do it for fewer, or raise limits.share in the configuration",
			}, true
		}
	}
	return breach{}, false
}

// reachedBy counts the targets of what was sent, or may have been. What was
// undone is not held any more; in the hour it counts all the same.
func reachedBy(actions []store.Action, step, self string, now time.Time) (reached, error) {
	r := reached{step: map[string]bool{}, incident: map[string]bool{}, hour: map[string]bool{}, kinds: map[string]map[string]bool{}}
	for _, a := range actions {
		if a.Action == self || a.Reverts != "" || a.Danger < incident.Medium || !mayBeThere(a) {
			continue
		}
		var p integrations.Plan
		if len(a.Plan) > 0 { // it may have been erased
			if err := json.Unmarshal(a.Plan, &p); err != nil {
				return r, fmt.Errorf("read plan of %s: %w", a.Action, err)
			}
		}
		if p.Unchanged {
			continue
		}
		if p.Target == "" {
			p.Target = a.Target
		}
		for _, t := range targetsOf(p) {
			id := t.Kind + " " + t.ID
			if a.RevertedBy == "" {
				r.incident[id] = true
				if r.kinds[t.Kind] == nil {
					r.kinds[t.Kind] = map[string]bool{}
				}
				r.kinds[t.Kind][t.ID] = true
				if step != "" && base(a.Step) == base(step) {
					r.step[id] = true
				}
			}
			if end := a.Changed.Add(time.Hour); end.After(now) {
				r.hour[id] = true
				if r.frees.IsZero() || end.Before(r.frees) {
					r.frees = end
				}
			}
		}
	}
	return r, nil
}

// mayBeThere says that the action was sent, may have been, or is about to be.
func mayBeThere(a store.Action) bool {
	switch ActionState(a.State) {
	case Queued, Sending, Sent, Verified, Unknown:
		return true
	case Planned, Approved, Failed, Rejected, Dropped:
	}
	return false
}

// targetsOf are the targets by which a plan is counted. One that names none has
// one: what a person types, on that connection.
func targetsOf(p integrations.Plan) []integrations.Target {
	if len(p.Targets) > 0 {
		return p.Targets
	}
	return []integrations.Target{{Kind: p.Call.Connection, ID: p.Target, Name: p.Target}}
}

// fresh counts the targets that are not among those before.
func fresh(targets []integrations.Target, before map[string]bool) int {
	seen := map[string]bool{}
	for _, t := range targets {
		if id := t.Kind + " " + t.ID; !before[id] {
			seen[id] = true
		}
	}
	return len(seen)
}

var instance = lazyre.New(`(\.[0-9]+)+$`)

// base is the step that an item or a round of it is of.
func base(step string) string { return instance.ReplaceAllString(step, "") }

// within refuses, in the transaction that sends it, an action that would go
// over a limit now: another process may have sent since it was looked at.
func (s *Session) within(tx *store.Tx, a store.Action) error {
	if len(a.Overrides) > 0 || a.Reverts != "" {
		return nil
	}
	j := candidate{w: wish{step: a.Step, reverts: a.Reverts}, danger: a.Danger}
	if err := json.Unmarshal(a.Plan, &j.plan); err != nil {
		return fmt.Errorf("read plan of %s: %w", a.Action, err)
	}
	if !j.weighs() {
		return nil
	}
	bs, err := s.overLimitsIn(tx, j, a.Action)
	if err != nil || len(bs) == 0 {
		return err
	}
	return j.refuse(bs)
}
