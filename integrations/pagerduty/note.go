package pagerduty

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/PagerDuty/go-pagerduty"

	"firebreak/incident"
	"firebreak/integrations"
)

// note writes a note on an incident. Notes cannot be deleted, and PagerDuty
// knows no idempotency for them: the text carries a mark.
type note struct{ *duty }

// Describe implements integrations.Action.
func (note) Describe() integrations.Description {
	return integrations.Description{
		Name: "pagerduty.incident.note", Title: "Write a note on an incident", System: "pagerduty",
		Danger: incident.Low, Idempotency: "marker", Scopes: []string{"incidents.write"}, Tested: integrations.Described,
		Params: []integrations.Param{
			incidentParam(),
			{Name: "note", Title: "Text", Type: "string", Required: true},
		},
		Result: []integrations.Param{{Name: "incident", Type: "string"}, {Name: "note_id", Type: "string"}},
	}
}

// Prior implements integrations.Action.
func (n note) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	v, err := integrations.Read(n.Describe(), c.Params)
	if err != nil {
		return integrations.Prior{}, err
	}
	ctx, s, err := n.open(ctx, "token")
	if err != nil {
		return integrations.Prior{}, err
	}
	found, err := s.GetIncidentWithContext(ctx, v.Text("incident"))
	if err != nil {
		return integrations.Prior{}, s.seen.Fail("read incident", err)
	}
	wrote, err := s.note(ctx, v, c.Key)
	if err != nil {
		return integrations.Prior{}, err
	}
	return integrations.Prior{State: map[string]any{"title": s.seen.Clean(found.Title), "exists": wrote != nil}}, nil
}

// note looks for the note that carries the key.
func (s session) note(ctx context.Context, v integrations.Values, key string) (*pagerduty.IncidentNote, error) {
	notes, err := s.ListIncidentNotesWithContext(ctx, v.Text("incident"))
	if err != nil {
		return nil, s.seen.Fail("list notes", err)
	}
	for _, n := range notes {
		if integrations.Marked(n.Content, key) {
			return &n, nil
		}
	}
	return nil, nil // nothing found is not a failure
}

// Plan implements integrations.Action.
func (n note) Plan(_ context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := integrations.Read(n.Describe(), c.Params)
	if err != nil {
		return integrations.Plan{}, err
	}
	if err := n.signed(c.Action); err != nil {
		return integrations.Plan{}, err
	}
	shown := c
	shown.Seal = integrations.SealPlace
	body, err := json.Marshal(map[string]pagerduty.IncidentNote{"note": n.note(shown, v)})
	if err != nil {
		return integrations.Plan{}, fmt.Errorf("encode note: %w", err)
	}
	title, _ := prior.State["title"].(string)
	p := integrations.Plan{
		Call: c, Identity: n.from, Base: n.rest, Prior: prior, Target: v.Text("incident"), Targets: targets(v.Text("incident"), prior),
		Effects:  []string{fmt.Sprintf("a note appears on PagerDuty's incident %q; notes cannot be deleted", title)},
		Requests: []integrations.Request{{Method: "POST", URL: n.rest + "/incidents/" + v.Text("incident") + "/notes", Body: string(body)}},
		Proof:    "the note can be read back",
	}
	p.Unchanged, _ = prior.State["exists"].(bool)
	return p, nil
}

// note is what is sent; the library takes the From header out of its user.
func (n note) note(c integrations.Call, v integrations.Values) pagerduty.IncidentNote {
	return pagerduty.IncidentNote{Content: integrations.Text(v.Text("note"), c), User: pagerduty.APIObject{Summary: n.from}}
}

// Do implements integrations.Action.
func (n note) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	v, err := integrations.Read(n.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, err
	}
	ctx, s, err := n.open(ctx, "token")
	if err != nil {
		return integrations.Receipt{}, err
	}
	made, err := s.CreateIncidentNoteWithContext(ctx, v.Text("incident"), n.note(c, v))
	if err != nil {
		return integrations.Receipt{}, s.seen.Fail("write note", err)
	}
	return n.receipt(s, v, made), nil
}

func (n note) receipt(s session, v integrations.Values, made *pagerduty.IncidentNote) integrations.Receipt {
	id := s.seen.Clean(made.ID)
	return integrations.Receipt{
		Ref: v.Text("incident") + "/notes/" + id, At: n.now(),
		Data: map[string]any{"incident": v.Text("incident"), "note_id": id},
	}
}

// Verify implements integrations.Action.
func (n note) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	r, found, err := n.Find(ctx, c)
	if err != nil {
		return integrations.Verification{}, err
	}
	if !found {
		return integrations.Verification{Says: "the note is not there"}, nil
	}
	return integrations.Verification{OK: true, Says: "the note is there", State: r.Data}, nil
}

// Find implements integrations.Finder.
func (n note) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	v, err := integrations.Read(n.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	ctx, s, err := n.open(ctx, "token")
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	found, err := s.note(ctx, v, c.Key)
	if err != nil || found == nil {
		return integrations.Receipt{}, false, err
	}
	return n.receipt(s, v, found), true, nil
}
