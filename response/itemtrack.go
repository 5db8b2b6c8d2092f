package response

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/record"
	"firebreak/review"
	"firebreak/store"
)

// The actions that follow-ups are tracked by.
const (
	fileIssue = "github.issue.create"
	readIssue = "github.issue.close" // its prior state says whether the issue is open
)

// Tracking says where follow-ups are tracked.
type Tracking struct {
	Connection string
	Repo       string // owner/name
	Labels     []string
}

// PlanItem plans the issue that a follow-up is tracked by: an action like any other,
// which may be sent for a closed incident, too. A follow-up has one issue; a second
// one is refused. The text of the issue is the follow-up's own, in the words that
// the readers of that connection may see.
func (s *Session) PlanItem(ctx context.Context, id incident.ID, item string, t Tracking) (ActionView, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ActionView{}, err
	}
	var v ItemView
	var before store.Action
	err = f.store.View(ctx, func(tx *store.Tx) error {
		if v, err = s.itemIn(tx, item); err != nil {
			return err
		}
		if v.State == review.ItemDropped {
			return refused("", "follow-up %s was dropped", item)
		}
		before, err = filed(tx, item)
		return err
	})
	switch {
	case err != nil:
		return ActionView{}, err
	case v.Link != "":
		return ActionView{}, refused("", "follow-up %s is tracked at %s already", item, v.Link)
	case before.Action != "":
		return ActionView{}, refused("firebreak do "+string(id)+" "+before.Action, "follow-up %s: action %s is %s and files it", item, before.Action, before.State)
	}
	reg, err := s.s.systems(f)
	if err != nil {
		return ActionView{}, err
	}
	_, connection, err := reg.Lookup(fileIssue, t.Connection) // which one it is says who reads there
	if err != nil {
		return ActionView{}, usage("firebreak actions lists what the configured connections can do", "%w", err)
	}
	said, err := s.issueOf(ctx, f, v, connection)
	if err != nil {
		return ActionView{}, err
	}
	params := map[string]any{"repo": t.Repo, "title": said.title, "body": said.body}
	if len(t.Labels) > 0 {
		labels := make([]any, len(t.Labels))
		for i, l := range t.Labels {
			labels[i] = l
		}
		params["labels"] = labels
	}
	return s.plan(ctx, f, wish{name: fileIssue, connection: connection, params: params, item: item, reason: "follow-up " + item + " is tracked there"})
}

type issueText struct{ title, body string }

// issueOf puts a follow-up in the words of an issue. A repository is read by more
// people than an incident: it gets no more than its connection's audience may see,
// and without one no names of people and hosts.
func (s *Session) issueOf(ctx context.Context, f *folder, v ItemView, connection string) (issueText, error) {
	profile := record.ExecutiveProfile
	if c, ok := s.s.o.Config.Connections[connection]; ok && c.Audience != "" {
		a, err := s.s.audience(c.Audience)
		if err != nil {
			return issueText{}, err
		}
		profile = a.Profile
	}
	mask, err := s.mask(ctx, f, "items", profile)
	if err != nil {
		return issueText{}, err
	}
	title := strings.Join(strings.Fields(mask.Text(v.Text, "title")), " ")
	if r := []rune(title); len(r) > 200 {
		title = string(r[:199]) + "…"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nA follow-up of incident %s (%s).\n", mask.Text(v.Text, "text"), v.Incident, v.ID)
	for _, line := range []struct{ name, text string }{
		{"kind", v.Class}, {"done when", mask.Text(v.Verify, "verify")}, {"answers factor", mask.Text(v.Factor, "factor")},
	} {
		if line.text != "" {
			fmt.Fprintf(&b, "\n- %s: %s", line.name, line.text)
		}
	}
	if !v.Due.IsZero() {
		fmt.Fprintf(&b, "\n- due: %s", v.Due.UTC().Format("2006-01-02"))
	}
	return issueText{title, b.String()}, nil
}

// filed is the last action that files the follow-up and did not fail, and was not
// given up.
func filed(tx *store.Tx, item string) (store.Action, error) {
	all, err := tx.Actions()
	if err != nil {
		return store.Action{}, err
	}
	for i := len(all) - 1; i >= 0; i-- {
		if a := all[i]; a.Item == item && !slices.Contains([]ActionState{Failed, Rejected, Dropped}, ActionState(a.State)) && a.RevertedBy == "" {
			return a, nil
		}
	}
	return store.Action{}, nil
}

// Filed records where a follow-up is tracked, once its action was sent. It returns
// the follow-up as it is then; without a receipt nothing is recorded.
func (s *Session) Filed(ctx context.Context, id incident.ID, item string) (ItemView, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ItemView{}, err
	}
	var v ItemView
	var a store.Action
	var r integrations.Receipt
	err = f.store.View(ctx, func(tx *store.Tx) error {
		if v, err = s.itemIn(tx, item); err != nil {
			return err
		}
		if a, err = filed(tx, item); err != nil || a.Action == "" {
			return err
		}
		r, err = receiptOf(tx, a.Action)
		return err
	})
	if err != nil || v.Link != "" || r.URL == "" {
		return v, err
	}
	return s.ChangeItem(ctx, id, record.ItemChange{ID: item, Link: r.URL, Action: a.Action})
}

// receiptOf is what the other side gave for an action; empty before it was sent.
func receiptOf(tx *store.Tx, action string) (integrations.Receipt, error) {
	var r integrations.Receipt
	es, err := tx.EntriesOf(record.ActionSent, record.ActionVerified)
	if err != nil {
		return r, err
	}
	for _, e := range es {
		var o record.Outcome
		if err := e.Decode(&o); err != nil {
			return r, err
		}
		if o.Action == action && len(o.Receipt) > 0 {
			if err := json.Unmarshal(o.Receipt, &r); err != nil {
				return r, fmt.Errorf("read the receipt of %s: %w", action, err)
			}
		}
	}
	return r, nil
}

// ReadItems asks where the follow-ups of an incident are tracked what became of
// them, and records what is new: a closed issue is done, one that was opened again
// is open again. What could not be asked is in the error; the others are recorded.
func (s *Session) ReadItems(ctx context.Context, id incident.ID, p ProgressFunc) ([]ItemView, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return nil, err
	}
	items, _, err := s.Items(ctx, id)
	if err != nil {
		return nil, err
	}
	reg, err := s.s.systems(f)
	if err != nil {
		return nil, err
	}
	changed := []ItemView{}
	var errs []error
	for n, i := range items {
		tell(p, "reading follow-ups back", int64(n), int64(len(items)))
		if i.State == review.ItemDropped {
			continue
		}
		v, err := s.readItem(ctx, f, reg, i)
		if err != nil {
			errs = append(errs, fmt.Errorf("read %s back: %w", i.ID, err))
		} else if v != nil {
			changed = append(changed, *v)
		}
	}
	if err := errors.Join(errs...); err != nil {
		if len(errs) < len(items) {
			return changed, &Error{Code: CodePartial, Err: err}
		}
		return changed, err
	}
	return changed, nil
}

// readItem reads one back; nil where nothing is new, or nothing can be asked.
func (s *Session) readItem(ctx context.Context, f *folder, reg *integrations.Registry, i ItemView) (*ItemView, error) {
	i, err := s.Filed(ctx, f.id, i.ID) // a crash may have come between sending and this
	if err != nil || i.Link == "" {
		return nil, err
	}
	var a store.Action
	var r integrations.Receipt
	err = f.store.View(ctx, func(tx *store.Tx) error {
		if a, err = filed(tx, i.ID); err != nil || a.Action == "" {
			return err
		}
		r, err = receiptOf(tx, a.Action)
		return err
	})
	if err != nil || a.Action == "" {
		return nil, err // tracked by hand, elsewhere
	}
	look, connection, err := reg.Lookup(readIssue, a.Connection)
	if err != nil {
		return nil, err
	}
	prior, err := look.Prior(ctx, integrations.Call{
		Action: readIssue, Connection: connection, Incident: f.id, Params: map[string]any{"repo": r.Data["repo"], "number": r.Data["number"]},
	})
	if err != nil {
		return nil, err
	}
	state, _ := prior.State["state"].(string)
	c := record.ItemChange{ID: i.ID, Source: "github", Reason: "its issue is " + state}
	switch {
	case state == "closed" && i.State == review.ItemOpen:
		c.State = review.ItemDone
	case state == "open" && (i.State == review.ItemDone || i.State == review.ItemVerified):
		c.State = review.ItemOpen
	default:
		return nil, nil
	}
	v, err := s.ChangeItem(ctx, f.id, c)
	return &v, err
}
