package response

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/internal/lazyre"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/review"
	"firebreak/review/audience"
	"firebreak/store"
)

// UpdateRequest asks for an update to one audience.
type UpdateRequest struct {
	Audience string
	To       []string // connections; the audience's own without
	What     string   // the incident in a sentence; its title without
	Say      string   // what a person adds to the news
	Template string
	TLP      incident.TLP   // the message's own label, if it is below the incident's
	Fields   map[string]any // for systems that take more
	// Text is the whole message as somebody edited it, and Through up to where the
	// record was looked at for it.
	Text    string
	Through int64
}

// UpdateDraft is an update before it is sent: what would go where.
type UpdateDraft struct {
	Incident incident.ID    `json:"incident"`
	ID       string         `json:"update"` // u3
	Audience string         `json:"audience"`
	Profile  record.Profile `json:"profile"`
	TLP      incident.TLP   `json:"tlp"`
	Subject  string         `json:"subject"`
	Text     string         `json:"text"`
	Through  int64          `json:"through"`
	News     review.News    `json:"news"`
	Due      time.Time      `json:"due,omitzero"`
	Late     int            `json:"late_minutes,omitempty"`
	Masked   []string       `json:"masked,omitempty"` // what stands in the place of something that they may not see
	To       []UpdateTo     `json:"to"`

	fields map[string]any
}

// UpdateTo is what would go over one connection.
type UpdateTo struct {
	Connection string   `json:"connection"`
	Action     string   `json:"action,omitempty"`
	Target     string   `json:"target,omitempty"`
	Effects    []string `json:"effects,omitempty"`
	Requests   []string `json:"requests,omitempty"`
	Warnings   []string `json:"warnings,omitempty"`
	Refused    string   `json:"refused,omitempty"` // why nothing may go there
	Hint       string   `json:"hint,omitempty"`

	params map[string]any
}

// telling is what came of one update.
type telling struct {
	record.Update
	at   time.Time
	went bool // it went out over one connection at least, or was told by hand
	open []string
}

// tellings are the updates of an incident, in their order.
func tellings(tx *store.Tx) ([]telling, error) {
	es, err := tx.EntriesOf(record.UpdateWritten)
	if err != nil {
		return nil, err
	}
	out := make([]telling, 0, len(es))
	for _, e := range es {
		t := telling{at: e.Time.UTC()}
		if err := e.Decode(&t.Update); err != nil {
			return nil, err
		}
		t.went = t.ByHand != ""
		for _, id := range t.Actions {
			a, err := tx.Action(id)
			if err != nil {
				return nil, err
			}
			switch st := ActionState(a.State); {
			case st == Sent || st == Verified:
				t.went = true
			case st == Planned || st == Approved || st == Queued || st == Unknown || st == Sending || notDone(a):
				t.open = append(t.open, id)
			}
		}
		out = append(out, t)
	}
	return out, nil
}

// lastTo is the last update that went to an audience.
func lastTo(all []telling, audience string) (telling, bool) {
	for _, t := range slices.Backward(all) {
		if t.Audience == audience && t.went {
			return t, true
		}
	}
	return telling{}, false
}

// DraftUpdate puts an update together: what is new for that audience since the
// last one that it got, in the form of its template, without what it may not see,
// and what would be sent over each connection. Nothing is recorded, and nothing
// that changes anything is sent.
func (s *Session) DraftUpdate(ctx context.Context, id incident.ID, r UpdateRequest) (UpdateDraft, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return UpdateDraft{}, err
	}
	a, err := s.s.audience(r.Audience)
	if err != nil {
		return UpdateDraft{}, err
	}
	inc, err := f.incident(ctx)
	if err != nil {
		return UpdateDraft{}, err
	}
	d := UpdateDraft{Incident: id, Audience: a.Name, Profile: a.Profile, Text: r.Text, To: []UpdateTo{}, fields: r.Fields}
	if d.TLP, err = labelOf(inc, r.TLP); err != nil {
		return UpdateDraft{}, err
	}
	if err := s.news(ctx, f, a, &d); err != nil {
		return UpdateDraft{}, err
	}
	mask, err := s.mask(ctx, f, a.Name, a.Profile)
	if err != nil {
		return UpdateDraft{}, err
	}
	if r.Text == "" {
		if d.Text, err = s.composeUpdate(a, inc, r, d, mask); err != nil {
			return UpdateDraft{}, err
		}
	} else {
		d.Text = mask.Typed(r.Text, "text")
		d.Through = cmp.Or(r.Through, d.Through)
	}
	if len(d.Text) > maxTemplate {
		return UpdateDraft{}, usage("", "the message has %d bytes: at most %d", len(d.Text), maxTemplate)
	}
	d.Subject = fmt.Sprintf("[%s %s %s] %s · update %s", inc.Mode(), inc.Severity, inc.ID, mask.Text(cmp.Or(r.What, inc.Title), "subject"), strings.TrimPrefix(d.ID, "u"))
	d.Masked = mask.Report().Put()
	return d, s.addressAll(ctx, f, a, r, &d)
}

// labelOf is the label of a message: the incident's, or a lower one on somebody's
// word. What is TLP:RED is not lowered in passing.
func labelOf(inc incident.Incident, want incident.TLP) (incident.TLP, error) {
	order := incident.TLPs()
	at, is := slices.Index(order, want), slices.Index(order, inc.TLP)
	switch {
	case want == "" || want == inc.TLP:
		return inc.TLP, nil
	case at < 0:
		return "", usage("clear, green, amber, amber+strict or red", "TLP %q is not known", want)
	case inc.TLP == incident.TLPRed:
		return "", refused("lower the incident's own label first: firebreak change "+string(inc.ID)+" --tlp", "%s is TLP:RED: a message of it is, too", inc.ID)
	case at > is:
		return want, nil // stricter is anybody's right
	}
	return want, nil
}

// news reads what is new, and when the update is due.
func (s *Session) news(ctx context.Context, f *folder, a Audience, d *UpdateDraft) error {
	told, err := s.readersOf(ctx, f, s.s.toldKey(f.id, a.Name), a.Profile)
	if err != nil {
		return err
	}
	told.Words = true
	return f.store.View(ctx, func(tx *store.Tx) error {
		es, err := allEntries(tx)
		if err != nil {
			return err
		}
		all, err := tellings(tx)
		if err != nil {
			return err
		}
		inc, err := tx.Incident()
		if err != nil {
			return err
		}
		last, _ := lastTo(all, a.Name)
		d.ID, d.Through = fmt.Sprintf("u%d", len(all)+1), int64(len(es))
		d.Due, d.Late = dueAt(a, inc, last.at, s.s.o.Now())
		messages := map[string]bool{}
		for _, t := range all {
			for _, id := range t.Actions {
				messages[id] = true
			}
		}
		hidden := audience.New(es, told).Entries(es)
		clocks, err := s.clocks(tx, a.Profile)
		if err != nil {
			return err
		}
		d.News = review.NewsOf(hidden, last.Through, review.NewsOptions{
			Readers: a.Profile, Title: s.titles(f), Message: func(id string) bool { return messages[id] }, Clocks: clocks,
		})
		return nil
	})
}

// titles says what people call an action.
func (s *Session) titles(f *folder) func(string) string {
	byName := map[string]string{}
	if reg, err := s.s.systems(f); err == nil { // a connection that is wrong must not keep people from being told
		for _, l := range reg.List() {
			byName[l.Description.Name] = l.Description.Title
		}
	}
	return func(name string) string { return byName[name] }
}

// clocks are the deadlines that run: steps that are due. What they are called is
// the playbook's word, which not every profile lets out.
func (s *Session) clocks(tx *store.Tx, p record.Profile) ([]review.OpenClock, error) {
	run, err := s.s.run(tx)
	if err != nil || run == nil {
		return nil, err
	}
	var out []review.OpenClock
	for _, st := range run.Steps() {
		if st.Due.IsZero() || st.State != playbooks.Ready && st.State != playbooks.Running {
			continue
		}
		c := review.OpenClock{Due: st.Due.UTC(), Late: s.s.o.Now().After(st.Due)}
		if p.Discloses(record.RunStarted, "source") {
			c.Title = cmp.Or(st.Title, st.Step.ID)
		}
		out = append(out, c)
	}
	return out, nil
}

// composeUpdate puts the news into the audience's template. What comes from the record
// is masked strictly; what somebody typed keeps mail addresses that are nobody's.
func (s *Session) composeUpdate(a Audience, inc incident.Incident, r UpdateRequest, d UpdateDraft, mask *audience.Mask) (string, error) {
	form, _, err := s.s.addressedTemplate(cmp.Or(r.Template, a.Template))
	if err != nil {
		return "", err
	}
	var parts []string
	if said := strings.TrimSpace(r.Say); said != "" {
		parts = append(parts, mask.Typed(said, "say"))
	}
	// The public reads what a person wrote for it; of the record there is nothing
	// that it may see but bare facts.
	if a.Profile != record.PublicProfile || r.Say == "" {
		parts = append(parts, mask.Text(d.News.Text(), "news"))
	}
	if a.Every > 0 && inc.Status == incident.Open {
		parts = append(parts, "Next update by "+s.s.o.Now().Add(a.Every).UTC().Format("2006-01-02 15:04Z")+".")
	}
	what := mask.Typed(r.What, "what")
	if r.What == "" {
		what = mask.Text(inc.Title, "title")
		if a.Profile == record.PublicProfile {
			what = "We are working on an incident."
		}
	}
	values := map[string]string{
		"what": what, "update": strings.Join(parts, "\n\n"),
		"incident.id": string(inc.ID), "incident.title": mask.Text(inc.Title, "title"), "incident.severity": inc.Severity.String(),
		"incident.status": string(inc.Status), "incident.phase": inc.Phase.String(), "incident.tlp": "TLP:" + strings.ToUpper(string(d.TLP)),
		"incident.summary": "", "incident.impact": "",
	}
	if a.Profile.Discloses(record.IncidentOpened, "impact") {
		values["incident.summary"], values["incident.impact"] = mask.Text(inc.Summary, "summary"), mask.Text(inc.Impact, "impact")
	}
	return strings.TrimSpace(insert(form, values)), nil
}

var place = lazyre.New(`\{\{ *([a-z_.]+) *\}\}`)

// insert puts values into a form. A value is never looked at again for names.
func insert(form string, values map[string]string) string {
	return place.ReplaceAllStringFunc(form, func(found string) string {
		name := place.FindStringSubmatch(found)[1]
		if v, ok := values[name]; ok {
			return v
		}
		return "<" + name + ">"
	})
}

// addressAll works out what would go over each connection.
func (s *Session) addressAll(ctx context.Context, f *folder, a Audience, r UpdateRequest, d *UpdateDraft) error {
	to := r.To
	if len(to) == 0 {
		to = a.To
	}
	reg, err := s.s.systems(f)
	if err != nil {
		return err
	}
	if f.drill { // its stand-ins have names of their own
		to = slices.Clone(to)
		for i, name := range to {
			if _, _, err := reg.Notification(name, integrations.Message{Subject: "s", Body: "b"}); err != nil {
				to[i] = "webhook"
			}
		}
		if len(to) == 0 {
			to = []string{"webhook"}
		}
	}
	for _, connection := range slices.Compact(to) {
		d.To = append(d.To, s.updateOver(ctx, f, reg, connection, *d))
	}
	return nil
}

// updateOver plans the message over one connection, and records nothing.
func (s *Session) updateOver(ctx context.Context, f *folder, reg *integrations.Registry, connection string, d UpdateDraft) UpdateTo {
	out := UpdateTo{Connection: connection}
	wrong := func(err error) UpdateTo {
		out.Refused, out.Hint = err.Error(), HintOf(err)
		return out
	}
	if err := s.s.carries(f, connection, d.TLP); err != nil {
		return wrong(err)
	}
	profiles, err := s.s.readers(d.Audience, connection)
	if err != nil {
		return wrong(err)
	}
	mask, err := s.mask(ctx, f, d.Audience, profiles...)
	if err != nil {
		return wrong(err)
	}
	inc, err := f.incident(ctx)
	if err != nil {
		return wrong(err)
	}
	m := integrations.Message{Subject: mask.Typed(d.Subject, "subject"), Body: mask.Typed(d.Text, "text"), Severity: inc.Severity, Fields: d.fields, Update: true}
	if m.Thread, err = s.thread(ctx, f, connection); err != nil {
		return wrong(err)
	}
	name, params, err := reg.Notification(connection, m)
	if err != nil {
		return wrong(usage(howToConfigure, "%w", err))
	}
	impl, _, err := reg.Lookup(name, connection)
	if err != nil {
		return wrong(usage(howToConfigure, "%w", err))
	}
	if err := integrations.Check(impl.Describe(), params); err != nil {
		return wrong(usage("", "%w", err))
	}
	out.Action, out.params = name, params
	// The key is drawn when it is sent; the preview has one of its own.
	p, err := s.s.draw(ctx, impl, integrations.Call{Action: name, Connection: connection, Params: params, Key: integrations.Key(f.id, "preview", 0), Incident: f.id})
	if err != nil {
		return wrong(err)
	}
	out.Target, out.Effects, out.Warnings = p.Target, p.Effects, p.Warnings
	for _, q := range p.Requests {
		out.Requests = append(out.Requests, requestText(q))
	}
	return out
}
