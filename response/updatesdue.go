package response

import (
	"context"
	"time"

	"firebreak/incident"
	"firebreak/store"
)

// UpdateDue is where an audience stands: what it was told last, and when it is to
// hear more.
type UpdateDue struct {
	Audience string    `json:"audience"`
	Last     string    `json:"last,omitempty"` // u2
	LastAt   time.Time `json:"last_at,omitzero"`
	Due      time.Time `json:"due,omitzero"`
	// Late is by how many whole minutes it is over due; Now says that it is due.
	Late int      `json:"late_minutes,omitempty"`
	Now  bool     `json:"now,omitempty"`
	To   []string `json:"to,omitempty"`
	Open []string `json:"open,omitempty"` // actions of an update that have not gone out
}

// dueAt is when an audience is to be told next: its interval after the last word,
// or after the incident was opened. It is a length of time, so that a clock that is
// set to summer time moves nothing.
func dueAt(a Audience, inc incident.Incident, last, now time.Time) (due time.Time, late int) {
	if a.Every <= 0 || inc.Status != incident.Open {
		return time.Time{}, 0
	}
	if last.IsZero() {
		last = inc.Opened
	}
	due = last.UTC().Add(a.Every)
	if over := now.Sub(due); over > 0 {
		late = int(over / time.Minute)
	}
	return due, late
}

// UpdatesDue returns the audiences that are to be told something, or were.
func (s *Session) UpdatesDue(ctx context.Context, id incident.ID) ([]UpdateDue, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []UpdateDue
	err = f.store.View(ctx, func(tx *store.Tx) (err error) {
		out, err = s.s.dueUpdates(tx)
		return err
	})
	return out, err
}

func (s *Service) dueUpdates(tx *store.Tx) ([]UpdateDue, error) {
	inc, err := tx.Incident()
	if err != nil {
		return nil, err
	}
	all, err := tellings(tx)
	if err != nil {
		return nil, err
	}
	out := []UpdateDue{}
	for _, a := range s.Audiences() {
		u := UpdateDue{Audience: a.Name, To: a.To}
		last, was := lastTo(all, a.Name)
		if was {
			u.Last, u.LastAt = last.ID, last.at
		}
		for _, t := range all {
			if t.Audience == a.Name && len(t.open) > 0 {
				u.Open = append(u.Open, t.open...)
			}
		}
		u.Due, u.Late = dueAt(a, inc, last.at, s.o.Now())
		u.Now = !u.Due.IsZero() && !s.o.Now().Before(u.Due)
		if was || !u.Due.IsZero() || len(u.Open) > 0 {
			out = append(out, u)
		}
	}
	return out, nil
}
