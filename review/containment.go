package review

import (
	"fmt"
	"strings"
	"time"

	"firebreak/record"
)

// Box is how long an effect was meant to last, and what came of it.
type Box struct {
	Lasts    string    `json:"lasts"`
	Until    time.Time `json:"until,omitzero"`    // its last end; missing when it was never sent
	Reverts  bool      `json:"reverts,omitempty"` // then it was to be undone without another approval
	Timer    string    `json:"timer,omitempty"`   // what the other side does by itself
	Extended []Act     `json:"extended,omitempty"`
	Expired  Act       `json:"expired,omitzero"`   // when people were told that the time is over
	Prepared string    `json:"prepared,omitempty"` // the action that was to undo it then
}

// boxOf is the time box of a plan; nil where there is none.
func boxOf(p record.Planned, timer string) *Box {
	if p.Lasts == "" && timer == "" {
		return nil
	}
	return &Box{Lasts: p.Lasts, Reverts: p.Ends == record.EndsReverted, Timer: timer}
}

// begin notes when the effect was sent.
func (x *Box) begin(at time.Time) {
	if x == nil {
		return
	}
	if d, err := time.ParseDuration(x.Lasts); err == nil && d > 0 {
		x.Until = at.Add(d).UTC()
	}
}

// boxed notes that a containment was given more time, or that its time was over.
func (b *builder) boxed(e record.Entry) {
	if e.Kind == record.ActionExtended {
		p, ok := decode[record.Extension](b, e)
		if !ok {
			return
		}
		x := b.boxAt(p.Action)
		x.Until, x.Extended = p.Until.UTC(), append(x.Extended, act(e))
		return
	}
	if p, ok := decode[record.Expiry](b, e); ok {
		x := b.boxAt(p.Action)
		x.Expired, x.Prepared = act(e), p.Undo
	}
}

func (b *builder) boxAt(action string) *Box {
	a := b.action(action)
	if a.Box == nil {
		a.Box = &Box{}
	}
	return a.Box
}

// Says is the box in one line: how long, until when, what was done about it.
func (x Box) Says() string {
	var parts []string
	if x.Lasts != "" {
		s := "meant to last " + x.Lasts
		if x.Reverts {
			s += " and then to be undone by itself"
		}
		parts = append(parts, s)
	}
	if !x.Until.IsZero() {
		parts = append(parts, "until "+stamp(x.Until))
	}
	if n := len(x.Extended); n > 0 {
		parts = append(parts, "extended "+counted(n, "time", "times"))
	}
	if !x.Expired.Time.IsZero() {
		s := "people were reminded at " + stamp(x.Expired.Time)
		if x.Prepared != "" {
			s += ", its undoing " + x.Prepared + " was prepared"
		}
		parts = append(parts, s)
	}
	if x.Timer != "" {
		parts = append(parts, "by itself over there: "+x.Timer)
	}
	return strings.Join(parts, "; ")
}

// held says that the effect is in force at the end of the record, as far as is
// known, and was meant to end.
func (a *Action) held() bool {
	return a.Box != nil && a.Box.Lasts != "" && a.Reverts == "" && a.RevertedBy == "" && (a.State == stateVerified || a.State == stateSent || a.open())
}

// Held says the same for the page.
func (a Action) Held() bool { return a.held() }

// tried says how far a plan was tried before anybody agreed to it, "" of one
// from before that was noted.
func tried(p record.Planned, noted bool) string {
	switch {
	case p.Level >= 2:
		return "the other side tried it: " + first(p.Tried, "it said nothing")
	case p.Tried != "":
		return p.Tried
	case p.Level == 1:
		return "the present state was read"
	case noted:
		return "it was written out; nothing was read"
	}
	return ""
}

// Rollback is one pass of undoing several actions, the last one first.
type Rollback struct {
	Act
	Scope   string           `json:"scope"`
	Reason  string           `json:"reason,omitempty"`
	Results []record.Unwound `json:"results"`
}

func (b *builder) rollbacks() {
	each(b, func(e record.Entry, p record.Rollback) {
		scope := "everything that can be undone"
		switch {
		case p.Step != "":
			scope = "what step " + p.Step + " did"
		case p.To != "":
			scope = "what was done after phase " + p.To
		}
		b.r.Rollbacks = append(b.r.Rollbacks, Rollback{act(e), scope, p.Reason, p.Results})
	}, record.RolledBack)
}

// ResultWord is what became of undoing one action, in words.
func ResultWord(result string) string {
	switch result {
	case record.Reverted:
		return "undone"
	case record.Waiting:
		return "waited"
	case record.Irreversible:
		return "NOT REVERSIBLE"
	case record.NeedsHuman:
		return "NEEDED A HUMAN"
	case record.NotOurs:
		return "not ours"
	}
	return first(result, "not known")
}

// containmentDescriber puts the ends of containments and rollbacks in words.
func containmentDescriber(k record.Kind) func(record.Entry) (string, bool, error) {
	switch k { //nolint:exhaustive // those of this file
	case record.ActionExpired:
		return line(func(p record.Expiry) (string, bool) {
			s := fmt.Sprintf("the time of %s is over, after %s", given(p.Action), given(p.Lasts))
			if p.Undo != "" {
				s += ", its undoing " + p.Undo + " is prepared"
			}
			if len(p.Pages) > 0 {
				s += ", told by " + strings.Join(p.Pages, ", ")
			}
			if p.Error != "" {
				s += "; no undoing could be prepared: " + p.Error
			}
			return s, true
		})
	case record.ActionExtended:
		return line(func(p record.Extension) (string, bool) {
			return fmt.Sprintf("%s was given more time, until %s%s", given(p.Action), stamp(p.Until), because(p.Reason)), false
		})
	}
	return line(func(p record.Rollback) (string, bool) {
		counts, bad := map[string]int{}, false
		for _, x := range p.Results {
			counts[x.Result]++
			bad = bad || x.Result == record.NeedsHuman
		}
		var parts []string
		for _, r := range []string{record.Reverted, record.Waiting, record.Irreversible, record.NeedsHuman, record.NotOurs} {
			if n := counts[r]; n > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", n, strings.ToLower(ResultWord(r))))
			}
		}
		what := ""
		switch {
		case p.Step != "":
			what = " of step " + p.Step
		case p.To != "":
			what = " to phase " + p.To
		}
		return "rollback" + what + ": " + first(strings.Join(parts, ", "), withheld) + because(p.Reason), bad
	})
}
