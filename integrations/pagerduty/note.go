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
			{Name: "incident", Title: "Id of PagerDuty's incident", Type: "string", Match: shape},
			{Name: "dedup_key", Title: "Or the key of the alert that opened it", Type: "string", Match: `[^\r\n]{1,255}`},
			{Name: "note", Title: "Text", Type: "string", Required: true},
		},
		Result: []integrations.Param{{Name: "incident", Type: "string"}, {Name: "note_id", Type: "string"}},
	}
}

// Validate implements integrations.Validator.
func (n note) Validate(c integrations.Call) error {
	v, err := integrations.Read(n.Describe(), c.Params)
	if err == nil && (v.Text("incident") == "") == (v.Text("dedup_key") == "") {
		return rejected("", "plan %s: name the incident, or the key of the alert that opened it", c.Action)
	}
	return err
}

// about is the id of the incident that the note is for.
func (s session) about(ctx context.Context, v integrations.Values) (string, error) {
	if id := v.Text("incident"); id != "" {
		return id, nil
	}
	found, err := s.incident(ctx, v.Text("dedup_key"))
	if err != nil {
		return "", err
	}
	if found == nil {
		return "", rejected("it may take PagerDuty a moment; or name the incident", "write note: PagerDuty has no incident under the key")
	}
	return found.ID, nil
}

// use opens the REST API and finds the incident.
func (n note) use(ctx context.Context, c integrations.Call) (context.Context, session, integrations.Values, string, error) {
	if err := n.Validate(c); err != nil {
		return ctx, session{}, integrations.Values{}, "", err
	}
	ctx, s, v, err := n.duty.use(ctx, n.Describe(), c)
	if err != nil {
		return ctx, s, v, "", err
	}
	id, err := s.about(ctx, v)
	return ctx, s, v, id, err
}

// Prior implements integrations.Action.
func (n note) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	ctx, s, _, id, err := n.use(ctx, c)
	if err != nil {
		return integrations.Prior{}, err
	}
	found, err := s.read(ctx, id)
	if err != nil {
		return integrations.Prior{}, err
	}
	wrote, err := s.note(ctx, id, c.Key)
	if err != nil {
		return integrations.Prior{}, err
	}
	return integrations.Prior{State: map[string]any{"incident": id, "title": s.seen.Clean(found.name()), "exists": wrote != nil}}, nil
}

// note looks for the note that carries the key.
func (s session) note(ctx context.Context, id, key string) (*pagerduty.IncidentNote, error) {
	notes, err := s.ListIncidentNotesWithContext(ctx, id)
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
	if err == nil {
		err = n.Validate(c)
	}
	if err == nil {
		err = n.signed(c.Action)
	}
	if err != nil {
		return integrations.Plan{}, err
	}
	id, _ := prior.State["incident"].(string)
	shown := c
	shown.Seal = integrations.SealPlace
	body, err := json.Marshal(map[string]pagerduty.IncidentNote{"note": n.note(shown, v)})
	if err != nil {
		return integrations.Plan{}, fmt.Errorf("encode note: %w", err)
	}
	title, _ := prior.State["title"].(string)
	p := integrations.Plan{
		Call: c, Identity: n.from, Base: n.rest, Prior: prior, Target: id, Targets: targets(id, prior),
		Effects:  []string{fmt.Sprintf("a note appears on PagerDuty's incident %q; notes cannot be deleted", title)},
		Requests: []integrations.Request{{Method: "POST", URL: n.rest + "/incidents/" + id + "/notes", Body: string(body)}},
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
	ctx, s, v, id, err := n.use(ctx, c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	made, err := s.CreateIncidentNoteWithContext(ctx, id, n.note(c, v))
	if err != nil {
		return integrations.Receipt{}, s.seen.Fail("write note", err)
	}
	return n.receipt(s, id, made), nil
}

func (n note) receipt(s session, incident string, made *pagerduty.IncidentNote) integrations.Receipt {
	id := s.seen.Clean(made.ID)
	return integrations.Receipt{
		Ref: incident + "/notes/" + id, At: n.now(),
		Data: map[string]any{"incident": incident, "note_id": id},
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
	ctx, s, _, id, err := n.use(ctx, c)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	found, err := s.note(ctx, id, c.Key)
	if err != nil || found == nil {
		return integrations.Receipt{}, false, err
	}
	return n.receipt(s, id, found), true, nil
}
