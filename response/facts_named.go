package response

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
	"firebreak/store"
)

// SeeTechnique says that the attacker used a technique, or takes that back.
func (s *Session) SeeTechnique(ctx context.Context, id incident.ID, t record.Technique) error {
	t.Technique = strings.ToUpper(strings.TrimSpace(t.Technique))
	if !review.IsTechnique(t.Technique) {
		return usage("as in T1566 or T1566.001", "technique %q: it has not the form of an id of ATT&CK", t.Technique)
	}
	if err := s.past("technique", t.At); err != nil {
		return err
	}
	if err := fits("text", t.Name, t.Text); err != nil {
		return err
	}
	t.Events = slices.Clone(t.Events)
	for i, event := range t.Events {
		e, err := s.Event(ctx, id, event)
		if err != nil {
			return err
		}
		t.Events[i] = e.ID.String()
	}
	return s.act(ctx, id, record.TechniqueSeen, "", t, func(tx *store.Tx) error {
		if !t.Withdrawn {
			return nil
		}
		there := false
		err := eachOf(tx, record.TechniqueSeen, func(p record.Technique) {
			if p.Technique == t.Technique && (t.At.IsZero() || p.At.Equal(t.At)) {
				there = !p.Withdrawn
			}
		})
		if err == nil && !there {
			return notFound("tags and findings are taken back where they were given: firebreak search --untag, firebreak triage", "take back technique: nobody stated %s", t.Technique)
		}
		return err
	})
}

// NameFactor names a condition that made the incident possible, or worse. With an
// ID it replaces the one that is there; what comes back is the ID.
func (s *Session) NameFactor(ctx context.Context, id incident.ID, p record.Factor) (string, error) {
	return s.CorrectFactor(ctx, id, p.ID, func(x *record.Factor) { *x = p })
}

// CorrectFactor names a factor anew: change is handed the one of that ID as it stands
// when it is written, so that nothing that others said meanwhile is undone. It may be
// called several times.
func (s *Session) CorrectFactor(ctx context.Context, id incident.ID, factor string, change func(*record.Factor)) (string, error) {
	return numberedFact(ctx, s, id, factor, numbering[record.Factor]{
		record.FactorNamed, "f", "factor", func(p *record.Factor) *string { return &p.ID }, func(p record.Factor) bool { return p.Withdrawn }, change, factorFits,
	})
}

func factorFits(p *record.Factor) error {
	switch {
	case p.Withdrawn && p.ID == "":
		return usage("", "take back factor: say which")
	case !p.Withdrawn && !slices.Contains(review.FactorCategories(), p.Category):
		return usage("", "factor %q: want %s", p.Category, oneOf(review.FactorCategories()))
	case !p.Withdrawn && strings.TrimSpace(p.Text) == "":
		return usage("", "the factor is empty")
	case p.Key != "" && !isKey(p.Key):
		return usage("the same word in all incidents that have it, as in no-mfa", "factor: key %q: want small letters, digits and hyphens, 40 at most", p.Key)
	}
	return fits("text", p.Text)
}

func isKey(s string) bool {
	return len(s) <= 40 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && strings.Trim(s, "-") == s && s != ""
}

// JudgeControl says what a control did, or did not do. With an ID it replaces what was
// said of it.
func (s *Session) JudgeControl(ctx context.Context, id incident.ID, p record.Control) (string, error) {
	return s.CorrectControl(ctx, id, p.ID, func(x *record.Control) { *x = p })
}

// CorrectControl judges a control anew, as CorrectFactor does.
func (s *Session) CorrectControl(ctx context.Context, id incident.ID, control string, change func(*record.Control)) (string, error) {
	return numberedFact(ctx, s, id, control, numbering[record.Control]{
		record.ControlJudged, "c", "control", func(p *record.Control) *string { return &p.ID }, func(p record.Control) bool { return p.Withdrawn }, change, controlFits,
	})
}

func controlFits(p *record.Control) error {
	switch {
	case p.Withdrawn && p.ID == "":
		return usage("", "take back control: say which")
	case !p.Withdrawn && len(p.Refs) == 0:
		return usage("as in csf:DE.CM-01 or iso27001:A.8.15", "control: name it by the reference of a framework")
	case !p.Withdrawn && !slices.Contains(review.Holdings(), p.Held):
		return usage("", "control: --held %q: want %s", p.Held, oneOf(review.Holdings()))
	}
	p.Refs, p.Techniques = slices.Clone(p.Refs), slices.Clone(p.Techniques)
	for i, r := range p.Refs {
		ref, err := review.ParseReference(r)
		if err != nil {
			return usage("", "%w", err)
		}
		p.Refs[i] = ref
	}
	for i, t := range p.Techniques {
		if p.Techniques[i] = strings.ToUpper(strings.TrimSpace(t)); !review.IsTechnique(p.Techniques[i]) {
			return usage("as in T1566 or T1566.001", "technique %q: it has not the form of an id of ATT&CK", t)
		}
	}
	return fits("text", p.Text)
}

// Decide records a decision with what was known when it was taken. With an ID it
// replaces what was recorded of it.
func (s *Session) Decide(ctx context.Context, id incident.ID, p record.Decided) (string, error) {
	return s.CorrectDecision(ctx, id, p.ID, func(x *record.Decided) { *x = p })
}

// CorrectDecision records a decision anew, as CorrectFactor does.
func (s *Session) CorrectDecision(ctx context.Context, id incident.ID, decision string, change func(*record.Decided)) (string, error) {
	return numberedFact(ctx, s, id, decision, numbering[record.Decided]{
		record.DecisionTaken, "d", "decision", func(p *record.Decided) *string { return &p.ID }, func(p record.Decided) bool { return p.Withdrawn }, change, s.decisionFits,
	})
}

func (s *Session) decisionFits(p *record.Decided) error {
	switch {
	case p.Withdrawn && p.ID == "":
		return usage("", "take back decision: say which")
	case !p.Withdrawn && strings.TrimSpace(p.Choice) == "":
		return usage("", "the decision is empty")
	case p.Role != "" && !isKey(string(p.Role)):
		return usage("as in commander", "decision: role %q: want small letters", p.Role)
	}
	if err := s.past("decision", p.At); err != nil {
		return err
	}
	return fits("text", append([]string{p.Choice, p.Question, p.Known, p.Reason, p.By}, p.Alternatives...)...)
}

// numbering is a fact with a number of its own: f1, c2, d3.
type numbering[P any] struct {
	kind   record.Kind
	prefix string
	word   string
	id     func(*P) *string
	gone   func(P) bool // it was taken back
	change func(*P)
	fits   func(*P) error // it may bring it into its usual form
}

// numberedFact records one: without a name it gets the next, with one there has to be
// such a fact, and that is what is changed. One that was taken back is begun anew.
func numberedFact[P any](ctx context.Context, s *Session, id incident.ID, name string, n numbering[P]) (string, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return "", err
	}
	given := name
	_, err = f.store.Update(ctx, func(tx *store.Tx) (record.Draft, error) {
		var now, none P
		highest, there, gone := 0, false, false
		if err := eachOf(tx, n.kind, func(p P) {
			if number, err := strconv.Atoi(strings.TrimPrefix(*n.id(&p), n.prefix)); err == nil {
				highest = max(highest, number)
			}
			if name != "" && *n.id(&p) == name {
				if there, gone, now = true, n.gone(p), p; gone {
					now = none
				}
			}
		}); err != nil {
			return record.Draft{}, err
		}
		*n.id(&now) = name
		n.change(&now)
		*n.id(&now) = name
		if err := n.fits(&now); err != nil {
			return record.Draft{}, err
		}
		switch {
		case name == "":
			given = fmt.Sprintf("%s%d", n.prefix, highest+1)
			*n.id(&now) = given
		case !there:
			return record.Draft{}, notFound(fmt.Sprintf("firebreak %s %s lists them", n.word, id), "there is no %s %s", n.word, name)
		case gone && n.gone(now):
			return record.Draft{}, refused("", "%s %s was taken back before", n.word, name)
		}
		return s.draft(tx, n.kind, "", now)
	})
	return given, err
}
