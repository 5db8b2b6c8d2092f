package response

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"firebreak/integrations"
)

// maxValue is how long a value of the state that was read is shown.
const maxValue = 40

// detailsOf is a plan in words.
func detailsOf(p integrations.Plan) PlanDetails {
	d := PlanDetails{
		Identity: p.Identity, Base: p.Base, Effects: p.Effects, Proof: p.Proof, Unchanged: p.Unchanged, Warnings: p.Warnings,
		Count: len(targetsOf(p)), Timer: p.Timer,
	}
	for _, r := range p.Requests {
		d.Requests = append(d.Requests, requestText(r))
	}
	for _, t := range p.Targets {
		d.Targets = append(d.Targets, targetText(t))
	}
	for _, name := range slices.Sorted(maps.Keys(p.Prior.State)) {
		d.Prior = append(d.Prior, name+": "+shownValue(p.Prior.State[name]))
	}
	if p.Inverse != nil {
		d.Inverse = p.Inverse.Action
		for _, name := range slices.Sorted(maps.Keys(p.Inverse.Params)) {
			d.Inverse += " " + name + "=" + shownValue(p.Inverse.Params[name])
		}
	}
	if b := p.Bound; b != nil {
		d.Bound, d.Limits, d.Tool, d.Playbook = true, b.Limits, b.Tool, b.Playbook
	}
	return d
}

func targetText(t integrations.Target) string {
	s := t.Kind + " " + firstOf(t.Name, t.ID)
	if t.Name != "" && t.Name != t.ID && t.ID != "" {
		s += " (id " + t.ID + ")"
	}
	if t.Of > 0 {
		s += fmt.Sprintf(", one of %d", t.Of)
	}
	return s
}

func shownValue(v any) string {
	text, ok := v.(string)
	if !ok {
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		text = string(b)
	}
	return integrations.Line(text, maxValue)
}

// LevelText says how far a plan was tried before anybody agreed to it.
func (a ActionView) LevelText() string {
	switch {
	case a.Level >= LevelTried:
		return "L2, by the other side: " + a.Tried
	case a.Level == LevelRead && a.Tried != "":
		return "L1, the present state was read; " + a.Tried
	case a.Level == LevelRead:
		return "L1, the present state was read"
	case a.Details.Bound:
		return "L0, written out; nothing was read"
	}
	return "" // of an older record: nobody noted it
}
