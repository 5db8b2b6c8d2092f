package review

import (
	"fmt"
	"slices"

	"firebreak/incident"
	"firebreak/record"
)

// CSFSource says where the functions of the phases come from.
const CSFSource = "Categories of NIST CSF 2.0 (CSWP 29, February 2024), as its outcomes name them: RS.MI-01 containment, RS.MI-02 eradication, RC.RP restoring, ID.IM improvement. " +
	"Which of them a phase falls under is our reading; NIST SP 800-61r3 has no phases."

func csfOf(p incident.Phase) []CSFFunction {
	switch p {
	case incident.Identify:
		return phaseFunctions("DE.AE", "RS.MA", "RS.AN")
	case incident.Contain:
		return phaseFunctions("RS.MI-01", "RS.CO")
	case incident.Eradicate:
		return phaseFunctions("RS.MI-02")
	case incident.Recover:
		return phaseFunctions("RC.RP", "RC.CO")
	case incident.Learn:
		return phaseFunctions("ID.IM")
	case incident.NoPhase:
	}
	return []CSFFunction{}
}

// response gathers what was done in each phase that the incident was in.
func (b *builder) response() {
	at := map[incident.Phase]int{}
	for _, s := range b.r.Phases {
		i, ok := at[s.Phase]
		if !ok {
			i = len(b.r.Response)
			at[s.Phase] = i
			b.r.Response = append(b.r.Response, PhaseResponse{Phase: s.Phase, Functions: csfOf(s.Phase), From: s.From, Seq: s.FromSeq, Done: []PhaseAct{}})
		}
		p := &b.r.Response[i]
		p.Times++
		p.To = s.To
		end := s.To
		if end.IsZero() {
			end = b.now().UTC()
		}
		if end.After(s.From) {
			p.Took += end.Sub(s.From)
		}
		last := s.last
		if !s.To.IsZero() {
			last-- // the entry that ends it belongs to the next
		}
		p.Entries += max(last-s.first+1, 0)
		for _, e := range b.entries[s.first : max(last, s.first)+1] {
			if a, ok := b.deed(e); ok {
				p.Done = append(p.Done, a)
			}
		}
	}
	slices.SortStableFunc(b.r.Response, func(x, y PhaseResponse) int { return int(x.Phase) - int(y.Phase) })
}

// deed is what an entry changed, where it is worth a line: a step that ended, the
// outcome of an action, what was collected, a decision.
func (b *builder) deed(e record.Entry) (PhaseAct, bool) {
	if b.bad[e.Seq] {
		return PhaseAct{}, false
	}
	var kind, text string
	switch e.Kind { //nolint:exhaustive // the other kinds change nothing by themselves
	case record.StepDone, record.StepFailed:
		p, _ := decode[record.StepEnd](b, e)
		kind = "step"
		text = "done: " + b.stepTitle(p.Run, e.Step)
		if e.Kind == record.StepFailed {
			text = "failed: " + b.stepTitle(p.Run, e.Step)
		}
	case record.ActionVerified, record.ActionFailed, record.ActionUnknown:
		p, _ := decode[record.Outcome](b, e)
		a := b.planOf(p.Action)
		kind, text = "action", fmt.Sprintf("%s %s: %s", given(p.Action), map[record.Kind]string{
			record.ActionVerified: "confirmed", record.ActionFailed: "failed", record.ActionUnknown: "with unknown outcome",
		}[e.Kind], first(a.Title, "(no plan is in the record)"))
		if a.Target != "" {
			text += " on " + a.Target
		}
	case record.CollectionFinished:
		kind = "evidence"
		text, _ = Describe(e)
	case record.DecisionTaken:
		p, _ := decode[record.Decided](b, e)
		if p.Withdrawn {
			return PhaseAct{}, false
		}
		kind, text = "decision", given(p.Choice)
	case record.Noted:
		p, _ := decode[record.Note](b, e)
		if !p.Decision {
			return PhaseAct{}, false
		}
		kind, text = "decision", given(p.Text)
	default:
		return PhaseAct{}, false
	}
	_, bad := Describe(e)
	return PhaseAct{Act: act(e), Kind: kind, Text: oneLine(text), Bad: bad}, true
}

// stepTitle is what people call a step.
func (b *builder) stepTitle(run, step string) string {
	for _, r := range b.r.Runs {
		if r.ID != run {
			continue
		}
		for _, s := range r.Steps {
			if s.ID == step {
				return s.Title
			}
		}
	}
	return given(step)
}

// planOf finds an action that was planned.
func (b *builder) planOf(id string) Action {
	for _, a := range b.r.Actions {
		if a.ID == id {
			return a
		}
	}
	return Action{}
}
