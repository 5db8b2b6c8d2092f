package response

import (
	"strings"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/record"
	"firebreak/store"
)

// BreakingGlass is the same person, whose approvals go around a rule: that
// somebody else has to agree, or the rules that a plan says it overrides. Each
// needs a reason, and is shown as what it is from then on.
func (s *Session) BreakingGlass() *Session {
	c := *s
	c.glass = true
	return &c
}

// selfApproved says that a yes is the planner's own where somebody else has to
// agree. Only the rule that the danger and the severity make can be gone around
// alone; what a playbook asks for, and a plan that overrides rules, cannot.
func (s *Session) selfApproved(a store.Action, y store.Approval) bool {
	if a.Planned.Approvals < 2 && !a.Second || !record.IsPerson(y.Actor, y.Signature, incident.Actor{ID: a.Planner, Name: a.PlannedBy}) {
		return false
	}
	return !y.BreakGlass || !s.alone(a)
}

// alone says that one person may go around the rule of two.
func (s *Session) alone(a store.Action) bool {
	return a.Second && a.Planned.Approvals < 2 && len(a.Overrides) == 0 && s.s.o.Config.TwoPersons.BreakGlass != config.BreakGlassNever
}

// mayBreakGlass refuses a yes that breaks glass for nothing or without a
// reason, and one that does not where the plan goes around rules.
func (s *Session) mayBreakGlass(a store.Action, d record.Decision) error {
	rules := strings.Join(a.Overrides, "; ")
	switch {
	case d.Strength == drilled:
		return nil
	case len(a.Overrides) > 0 && !d.BreakGlass:
		return refused("read which, then: firebreak approve --break-glass --reason WHY", "action %s goes around rules: %s", a.Action, rules)
	case !d.BreakGlass:
		return nil
	case strings.TrimSpace(d.Reason) == "":
		return usage("--reason WHY", "going around a rule needs a reason")
	case len(a.Overrides) == 0 && !a.Second:
		return usage("approve it without --break-glass", "action %s: no rule stands in the way", a.Action)
	}
	return nil
}

// hintSecond says how to go on where somebody else has to agree.
func (s *Session) hintSecond(f *folder, a store.Action) string {
	hint := "somebody else has to agree"
	if s.alone(a) {
		hint += "; if nobody can be reached: firebreak approve " + string(f.id) + " " + a.Action + " --break-glass --reason WHY"
	}
	return hint
}

// needed says how many people have to agree.
func needed(p record.Planned) string {
	s := plural(p.Approvals, "approval")
	if p.Second || p.Approvals > 1 {
		s += " of somebody else"
	}
	return s
}
