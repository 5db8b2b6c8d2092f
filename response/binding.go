package response

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/record"
	"firebreak/store"
)

// prepare reads what is there, plans, binds the plan to what surrounds it, and
// holds it against the rules. Nothing that writes is sent. It is done when the
// plan is made, and again before it is sent.
func (s *Session) prepare(ctx context.Context, f *folder, a integrations.Action, call integrations.Call, w wish) (integrations.Plan, error) {
	p, err := s.drawFor(ctx, w, a, call)
	if err != nil {
		return p, err
	}
	j := candidate{d: a.Describe(), plan: p, w: w, danger: a.Describe().Danger}
	if w.step0 != nil {
		j.danger = max(j.danger, danger(w.step0))
	}
	if _, own := a.(integrations.Reverter); own && w.reverts != "" {
		j.inverse = true // the pair of the action that it undoes
	}
	b, err := s.binding(ctx, f, j)
	if err != nil {
		return p, err
	}
	bs, err := s.breaches(ctx, f, j)
	switch {
	case err != nil:
		return p, err
	case len(bs) > 0 && !w.breakGlass:
		return p, j.refuse(bs)
	}
	for _, x := range bs {
		b.Overrides = append(b.Overrides, x.rule)
	}
	if len(bs) > 0 {
		b.Typed, b.Second = true, true
	}
	p.Bound = &b
	return p, nil
}

// binding is what the plan is bound to besides its own words.
func (s *Session) binding(ctx context.Context, f *folder, j candidate) (integrations.Binding, error) {
	b := integrations.Binding{
		Version: cmp.Or(j.d.Version, "1"), Count: len(targetsOf(j.plan)), Limits: s.s.o.Config.Limits.Resolved().String(),
		Typed: j.danger >= incident.High || j.d.Wide || j.irreversible(),
	}
	sum, err := s.s.o.ToolSHA256()
	if err != nil {
		return b, fmt.Errorf("hash this program: %w", err)
	}
	b.Tool = s.s.o.Tool + " sha256:" + sum
	if b.Prior, err = j.plan.Prior.Digest(); err != nil {
		return b, err
	}
	phase := incident.Phase(0)
	err = f.store.View(ctx, func(tx *store.Tx) error {
		inc, err := tx.Incident()
		if err != nil {
			return err
		}
		phase = inc.Phase
		b.Second = s.wantsSecond(inc, j)
		run, err := s.s.run(tx)
		if err != nil || run == nil || j.w.step == "" {
			return err
		}
		if st, ok := run.Status(j.w.step); ok {
			b.Playbook, phase = run.BookOf(st.Step).SHA256, st.Phase
		}
		return nil
	})
	if err != nil {
		return b, err
	}
	if box := s.timeBox(j, phase); box > 0 {
		said := j.w.lasts == nil && j.w.step0 != nil && j.w.step0.Lasts != nil && j.w.step0.Lasts.Revert
		b.TimeBox, b.Reverts = box.String(), j.w.ends == record.EndsReverted || said
	}
	return b, nil
}

// wantsSecond says that somebody else than who plans has to agree.
func (s *Session) wantsSecond(inc incident.Incident, j candidate) bool {
	c := s.s.o.Config
	grave := j.danger
	if j.d.Wide {
		if c.Limits.Resolved().Wide == config.WideSecond {
			return true
		}
		grave = max(grave, incident.High)
	}
	from, worst := incident.High, incident.SEV2
	if d, err := incident.ParseDanger(c.TwoPersons.Danger); err == nil {
		from = d
	}
	if v, err := incident.ParseSeverity(c.TwoPersons.Severity); err == nil {
		worst = v
	}
	if grave < from || inc.Severity > worst || inc.Severity == 0 || j.d.ReadOnly {
		return false
	}
	return c.TwoPersons.Always || s.s.people() >= 2
}

// people counts who is on the roster and may approve now.
func (s *Service) people() int {
	roster, _ := s.Roster() // verify and trust list tell what in it cannot be read
	now, names := s.o.Now(), map[string]bool{}
	for _, l := range roster.Lines {
		for _, p := range l.Principals {
			if roster.Allows(l.Key, p, record.ApprovalNamespace, now) == nil {
				names[strings.ToLower(p)] = true
			}
		}
	}
	return len(names)
}

// irreversible says that there is no way back. A program or a request of one's
// own is what the playbook says of it, and by itself no more than it looks.
func (j candidate) irreversible() bool {
	switch {
	case j.w.reverts != "" || j.d.ReadOnly || j.plan.Unchanged || j.danger < incident.Medium:
		return false
	case j.plan.Undo != "" || j.w.step0 != nil && j.w.step0.Rollback != nil:
		return false
	case strings.HasSuffix(j.d.Name, ".run") || j.d.Name == "http.request":
		return j.danger >= incident.High
	}
	return true
}

// timeBox is how long the effect is meant to last, 0 for good: what somebody
// said, else the configuration's, for what contains and can be undone. What the
// playbook does to recover is meant to stay.
func (s *Session) timeBox(j candidate, phase incident.Phase) time.Duration {
	switch {
	case j.w.reverts != "" || j.d.ReadOnly || j.plan.Unchanged:
		return 0
	case j.w.lasts != nil:
		return *j.w.lasts
	case j.w.step0 != nil && j.w.step0.Lasts != nil:
		return j.w.step0.Lasts.For.Time
	case j.danger < incident.Medium || phase > incident.Contain || recovers(j.d):
		return 0
	case j.plan.Undo == "" && (j.w.step0 == nil || j.w.step0.Rollback == nil):
		return 0
	}
	return s.s.o.Config.Containment.For()
}

// recovers says that RE&CT counts the action among those of recovery.
func recovers(d integrations.Description) bool {
	for _, id := range d.React {
		if strings.HasPrefix(id, "RA5") {
			return true
		}
	}
	return false
}

// stillSo plans again, and refuses where that gives another plan, or one that a
// rule forbids by now.
func (s *Session) stillSo(ctx context.Context, f *folder, a store.Action, impl integrations.Action, was integrations.Plan) error {
	w := wish{name: a.Name, connection: a.Connection, params: was.Call.Params, step: a.Step, reverts: a.Reverts}
	w.unread, _ = was.Prior.State[unread].(bool)
	boundWish{true, a.Lasts, a.Ends, len(a.Overrides) > 0}.into(&w)
	if a.Step != "" {
		st, err := s.stepStatus(ctx, f, a.Step)
		if err != nil {
			return err
		}
		if st != nil {
			w.step0 = st.Step
		}
	}
	now, err := s.prepare(ctx, f, impl, was.Call, w)
	if err != nil {
		return err
	}
	return s.stays(f, a, was, now)
}

// stays refuses a plan that is no longer what was approved, and says what has
// changed.
func (s *Session) stays(f *folder, a store.Action, was, now integrations.Plan) error {
	digest, err := now.Digest()
	if was.Bound == nil { // an older version made it
		digest, err = now.FormerDigest()
	}
	if err != nil || digest == a.Digest {
		return err
	}
	if was.Bound == nil {
		now.Bound = nil
	}
	return &Error{Code: CodeRefused, Hint: again(f.id, a), Err: &StaleError{Action: a.Action, Changes: integrations.Changes(was, now)}}
}

// again is how a plan is made anew.
func again(id incident.ID, a store.Action) string {
	switch {
	case a.Reverts != "":
		return "make a new plan and have it approved: firebreak revert " + string(id) + " " + a.Reverts
	case a.Step != "":
		return "make a new plan and have it approved: firebreak plan " + string(id) + " " + a.Step
	}
	return "make a new plan and have it approved: firebreak plan " + string(id) + " " + a.Name + " with the same parameters"
}

// StaleError says that a plan is no longer what was approved, and what has
// changed since.
type StaleError struct {
	Action  string
	Changes []string
}

// Error is one line.
func (e *StaleError) Error() string {
	return "action " + e.Action + ": what is there has changed since the plan was approved: " + strings.Join(e.Changes, "; ")
}

// ChangesOf are the changes that make a plan stale, nil where the error is
// another one.
func ChangesOf(err error) []string {
	var e *StaleError
	if errors.As(err, &e) {
		return e.Changes
	}
	return nil
}
