package response

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
	"firebreak/store"
)

// ItemView is a follow-up with the incident that it comes from.
type ItemView struct {
	Incident incident.ID `json:"incident"`
	Title    string      `json:"title,omitempty"` // of the incident
	Playbook string      `json:"playbook,omitempty"`
	Drill    bool        `json:"drill,omitempty"`
	review.Item
	Days int `json:"days_overdue,omitempty"` // since the day that it was due
	Age  int `json:"days_old"`
}

// Unlisted is an incident that could not be looked at.
type Unlisted struct {
	Incident incident.ID `json:"incident"`
	Why      string      `json:"why"`
}

// Items are the follow-ups of these incidents, those that are longest overdue first;
// of all without one. Drills are left out then: nobody promised anything there.
func (s *Session) Items(ctx context.Context, ids ...incident.ID) ([]ItemView, []Unlisted, error) {
	all := len(ids) == 0
	if all {
		var err error
		if ids, err = s.s.ids(); err != nil {
			return nil, nil, err
		}
	}
	out, not := []ItemView{}, []Unlisted{}
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return nil, nil, context.Cause(ctx)
		}
		items, err := s.s.followUps(ctx, id, all)
		if err != nil {
			not = append(not, Unlisted{id, err.Error()})
			continue
		}
		out = append(out, items...)
	}
	slices.SortStableFunc(out, func(a, b ItemView) int {
		return cmp.Or(cmp.Compare(settled(a), settled(b)), b.Days-a.Days, compareDue(a.Due, b.Due), a.At.Compare(b.At))
	})
	return out, not, nil
}

// settled puts what is still to be done first.
func settled(i ItemView) int {
	return slices.Index([]string{review.ItemOpen, review.ItemDone, review.ItemVerified, review.ItemDropped}, i.State)
}

// compareDue puts what is due on a day before what is due on none.
func compareDue(a, b time.Time) int {
	if a.IsZero() != b.IsZero() {
		return map[bool]int{true: 1, false: -1}[a.IsZero()]
	}
	return a.Compare(b)
}

// followUps reads the follow-ups of one incident, without keeping it open.
func (s *Service) followUps(ctx context.Context, id incident.ID, noDrills bool) ([]ItemView, error) {
	var inc incident.Incident
	var entries []record.Entry
	err := s.glance(ctx, id, func(tx *store.Tx) (err error) {
		if inc, err = tx.Incident(); err != nil || noDrills && inc.Drill {
			return err
		}
		entries, err = tx.EntriesOf(record.ItemAdded, record.ItemChanged)
		return err
	})
	if err != nil {
		return nil, err
	}
	return viewItems(inc, entries, s.o.Now().UTC()), nil
}

func viewItems(inc incident.Incident, entries []record.Entry, now time.Time) []ItemView {
	var out []ItemView
	for _, i := range review.ItemsOf(entries, now) {
		v := ItemView{Incident: inc.ID, Title: inc.Title, Playbook: inc.Playbook, Drill: inc.Drill, Item: i, Age: days(now.Sub(i.At))}
		if i.Overdue {
			v.Days = days(now.Sub(i.Due))
		}
		out = append(out, v)
	}
	return out
}

func days(d time.Duration) int { return int(d / (24 * time.Hour)) }

// Promised are the follow-ups of earlier incidents of the same kind: those that
// followed the same playbook. It is what was promised last time. Most bounds how many
// incidents are looked at, the latest first; 0 looks at all.
func (s *Session) Promised(ctx context.Context, id incident.ID, most int) ([]ItemView, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return nil, err
	}
	inc, err := f.incident(ctx)
	if err != nil || inc.Playbook == "" {
		return nil, err
	}
	ids, err := s.s.ids()
	if err != nil {
		return nil, err
	}
	slices.Sort(ids)
	ids = slices.DeleteFunc(ids, func(other incident.ID) bool { return other >= id })
	if most > 0 && len(ids) > most {
		ids = ids[len(ids)-most:]
	}
	if len(ids) == 0 {
		return nil, nil
	}
	all, _, err := s.Items(ctx, ids...) // what cannot be read now promised nothing that can be shown
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(i ItemView) bool { return i.Playbook != inc.Playbook || i.Drill != inc.Drill }), nil
}

// Undone says in a line how many follow-ups are not done; "" where all are.
func Undone(items []ItemView) string {
	left := 0
	for _, i := range items {
		if i.State == review.ItemOpen {
			left++
		}
	}
	if left == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d follow-ups that earlier incidents of this kind promised are not done", left, len(items))
}

// ChangeItem records what became of a follow-up, whether the incident is open or
// closed. Nothing is recorded where nothing would change.
func (s *Session) ChangeItem(ctx context.Context, id incident.ID, c record.ItemChange) (ItemView, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ItemView{}, err
	}
	var now ItemView
	_, err = f.store.UpdateAll(ctx, func(tx *store.Tx) ([]record.Draft, error) {
		if now, err = s.itemIn(tx, c.ID); err != nil {
			return nil, err
		}
		if err := mayChange(now, &c); err != nil {
			return nil, err
		}
		d, err := s.draft(tx, record.ItemChanged, "", c)
		return []record.Draft{d}, err
	})
	if err != nil {
		return ItemView{}, err
	}
	err = f.store.View(ctx, func(tx *store.Tx) (err error) {
		now, err = s.itemIn(tx, c.ID)
		return err
	})
	return now, err
}

// itemIn is one follow-up as it is now.
func (s *Session) itemIn(tx *store.Tx, item string) (ItemView, error) {
	inc, err := tx.Incident()
	if err != nil {
		return ItemView{}, err
	}
	entries, err := tx.EntriesOf(record.ItemAdded, record.ItemChanged)
	if err != nil {
		return ItemView{}, err
	}
	for _, v := range viewItems(inc, entries, s.s.o.Now().UTC()) {
		if v.ID == item {
			return v, nil
		}
	}
	return ItemView{}, notFound("firebreak items "+string(inc.ID)+" lists them", "follow-up %.40q: %w", item, incident.ErrNotFound)
}

// mayChange refuses what says nothing, or says it without a word of how.
func mayChange(now ItemView, c *record.ItemChange) error {
	for _, f := range []struct {
		was string
		to  **string
	}{{now.Text, &c.Text}, {now.Owner, &c.Owner}, {now.Class, &c.Class}, {now.Verify, &c.Verify}, {now.Factor, &c.Factor}} {
		if *f.to != nil && **f.to == f.was {
			*f.to = nil
		}
	}
	if c.Due != nil && c.Due.Equal(now.Due) {
		c.Due = nil
	}
	if c.State == now.State {
		c.State = ""
	}
	reason := strings.TrimSpace(c.Reason) != ""
	switch {
	case c.Text != nil && strings.TrimSpace(*c.Text) == "":
		return usage("drop it, with a reason", "follow-up %s: its text would be empty", c.ID)
	case c.Class != nil && !validClass(*c.Class):
		return usage("prevent, detect, respond or recover", "class %.40q is not known", *c.Class)
	case c.State == review.ItemVerified && now.State != review.ItemDone && c.Source == "":
		return refused("firebreak items done "+string(now.Incident)+" "+c.ID, "follow-up %s is %s: it is seen to be done after somebody has done it", c.ID, now.State)
	case c.State == review.ItemVerified && !reason:
		return usage("--reason \"the alert fired in the test\"", "follow-up %s: what was seen?", c.ID)
	case c.State == review.ItemDropped && !reason:
		return usage("--reason WHY", "follow-up %s: why is it dropped?", c.ID)
	case c.State == review.ItemOpen && !reason:
		return usage("--reason WHY", "follow-up %s: why is it open again?", c.ID)
	case c.State == "" && c.Text == nil && c.Owner == nil && c.Due == nil && c.Class == nil && c.Verify == nil && c.Factor == nil && c.Link == "" && c.Action == "":
		return refused("", "follow-up %s: that is how it is already", c.ID)
	}
	return nil
}

func validClass(c string) bool {
	return c == "" || slices.Contains([]string{"prevent", "detect", "respond", "recover"}, c)
}
