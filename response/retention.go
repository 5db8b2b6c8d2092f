package response

import (
	"context"
	"slices"
	"strings"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/store"
)

// Due is something that a retention rule says is due.
type Due struct {
	Incident incident.ID       `json:"incident"`
	Title    string            `json:"title"`
	Severity incident.Severity `json:"severity"`
	Drill    bool              `json:"drill"`
	Closed   time.Time         `json:"closed"`
	Due      time.Time         `json:"due"`
	Rule     int               `json:"rule"` // its place in the configuration, from 1
	Kind     string            `json:"kind"` // incident or evidence
	Action   string            `json:"action"`
	Fields   int               `json:"fields"` // of the record, that can go
	Exhibits []string          `json:"exhibits"`
	Hold     *store.Hold       `json:"hold,omitempty"`
	Command  string            `json:"command"`
}

// Unread is an incident that could not be looked at.
type Unread struct {
	Incident incident.ID `json:"incident"`
	Why      string      `json:"why"`
}

// Retention lists what the configured rules say is due, the longest overdue
// first. It only tells: nothing is erased by it. What could not be looked at
// comes beside it.
func (s *Session) Retention(ctx context.Context) ([]Due, []Unread, error) {
	rules := s.s.o.Config.Retention
	if len(rules) == 0 {
		return nil, nil, usage("retention: in the configuration: firebreak config path; docs/erasure.md has examples", "there are no retention rules")
	}
	ids, err := s.s.ids()
	if err != nil {
		return nil, nil, err
	}
	var out []Due
	var unread []Unread
	for _, id := range ids {
		found, err := s.due(ctx, id, rules)
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		if err != nil {
			unread = append(unread, Unread{id, err.Error()})
		}
		out = append(out, found...)
	}
	slices.SortStableFunc(out, func(a, b Due) int { return a.Due.Compare(b.Due) })
	return out, unread, nil
}

// due is what the rules say of one incident.
func (s *Session) due(ctx context.Context, id incident.ID, rules []config.Rule) ([]Due, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return nil, err
	}
	inc, err := f.incident(ctx)
	if err != nil || inc.Status != incident.Closed {
		return nil, err
	}
	var out []Due
	for i, r := range rules {
		at := r.ClosedFor.After(inc.Closed)
		if at.After(s.s.o.Now()) || !applies(r, inc) {
			continue
		}
		d := Due{
			Incident: id, Title: inc.Title, Severity: inc.Severity, Drill: inc.Drill, Closed: inc.Closed, Due: at, Rule: i + 1,
			Kind: r.Kind, Action: r.Action, Exhibits: []string{},
		}
		left, err := s.leftOf(ctx, f, &d)
		if err != nil {
			return nil, err
		}
		if left {
			out = append(out, d)
		}
	}
	return out, nil
}

// applies says whether a rule is about such an incident.
func applies(r config.Rule, inc incident.Incident) bool {
	if r.Drill != nil && *r.Drill != inc.Drill {
		return false
	}
	return len(r.Severity) == 0 || slices.Contains(r.Severity, strings.ToLower(inc.Severity.String()))
}

// leftOf fills in what is still there, and how it is erased or looked at.
func (s *Session) leftOf(ctx context.Context, f *folder, d *Due) (bool, error) {
	err := f.store.View(ctx, func(tx *store.Tx) error {
		if h, standing, err := tx.Hold(); err != nil {
			return err
		} else if standing {
			d.Hold = &h
		}
		g, err := gather(tx, EraseRequest{All: true})
		if d.Exhibits = append(d.Exhibits, g.exhibits...); d.Kind == config.KeepIncident {
			d.Fields = len(g.fields)
		}
		return err
	})
	switch {
	case d.Action == config.DueReview:
		d.Command = "firebreak show " + string(f.id)
	case d.Kind == config.KeepIncident:
		d.Command = "firebreak erase " + string(f.id) + " --all --basis BASIS"
	default:
		d.Command = "firebreak erase " + string(f.id)
		for _, id := range d.Exhibits {
			d.Command += " --exhibit " + id
		}
		d.Command += " --basis BASIS"
	}
	return len(d.Exhibits) > 0 || d.Fields > 0, err
}
