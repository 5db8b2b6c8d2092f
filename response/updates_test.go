package response

import (
	"strings"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/integrations/drill"
	"firebreak/record"
	"firebreak/store"
)

// An incident with names that not everybody may see, and a step that tells
// executives.
const withNames = `playbook: v1
id: with-names
name: With names
version: 1.0.0
vars: {suspect_host: {type: string, default: db-9}}
phases:
  identify:
    - id: look
      title: Look
      manual: Look at it.
    - id: tell
      title: Tell those who decide
      notify: [webhook]
      template: executive-update
      with: {what: "Grace Hopper's account was used on web-1 and {{ suspect_host }}", update: "ghp_0123456789abcdefghij0123 from 203.0.113.7 is revoked"}
`

func updatesConfig() config.Config {
	return config.Config{
		Updates:     map[string]config.Cadence{"exec": {Every: config.Interval(time.Hour), To: []string{"webhook"}}},
		Connections: map[string]config.Connection{"webhook": {Kind: "webhook", TLP: "amber"}},
	}
}

// forResponders are what nobody but the responders may see.
var forResponders = []string{"Grace", "Hopper", "web-1", "db-9", "203.0.113.7", "victim@example.org", "ghp_0123", "ada"}

func (b *bench) toldTo(to string) string {
	b.Helper()
	d, err := b.s.DraftUpdate(b.Context(), b.id, UpdateRequest{Audience: to})
	b.must(err)
	return d.Text
}

func (b *bench) incidentWithNames() *drill.World {
	b.Helper()
	w := b.drill(withNames)
	impact := "Grace Hopper cannot pay on web-1.example.org (203.0.113.7), victim@example.org neither; ghp_0123456789abcdefghij0123"
	b.must(b.s.Change(b.Context(), b.id, record.Changed{Impact: &impact}))
	b.must(b.s.Assign(b.Context(), b.id, incident.Commander, "Grace Hopper"))
	return w
}

func TestUpdateShowsNobodyMoreThanTheyMaySee(t *testing.T) {
	b := newBench(t, updatesConfig())
	w := b.incidentWithNames()
	before := b.s.s.folders[b.id].store.Head()
	d, err := b.s.DraftUpdate(t.Context(), b.id, UpdateRequest{Audience: "exec", Say: "Ask Grace Hopper on web-1, or support@acme.example"})
	b.must(err)
	if b.effects(w) != 0 || b.s.s.folders[b.id].store.Head().Size != before.Size {
		t.Error("a preview left something behind")
	}
	all := d.Subject + d.Text + strings.Join(d.To[0].Requests, "\n")
	for _, never := range forResponders {
		if strings.Contains(all, never) {
			t.Errorf("executives are shown %q:\n%s", never, all)
		}
	}
	if !strings.Contains(d.Text, "support@acme.example") || !strings.Contains(d.Text, "Effect so far") || len(d.Masked) == 0 {
		t.Errorf("what they may see is missing: %v\n%s", d.Masked, d.Text)
	}
	if text := b.toldTo("responders"); !strings.Contains(text, "Grace Hopper cannot pay on web-1.example.org (203.0.113.7)") || strings.Contains(text, "ghp_") {
		t.Errorf("responders are told:\n%s", text)
	}
	if text := b.toldTo("customers"); strings.Contains(text, "cannot") || strings.Contains(text, "With names") {
		t.Errorf("customers are told:\n%s", text)
	}
	sent, err := b.s.SendUpdate(t.Context(), d, nil)
	b.must(err)
	if b.effects(w) != 1 || len(sent.Sent) != 1 || sent.ID != "u1" {
		t.Errorf("%d effects, %+v", b.effects(w), sent)
	}
	if d, err = b.s.DraftUpdate(t.Context(), b.id, UpdateRequest{Audience: "executives"}); err != nil || !strings.Contains(d.Text, "Nothing has changed since the last update") || d.ID != "u2" {
		t.Errorf("after nothing happened: %v\n%s", err, d.Text)
	}
	// A draft that was made before another one was sent says the same again.
	_, err = b.s.SendUpdate(t.Context(), d, nil)
	b.must(err)
	_, err = b.s.SendUpdate(t.Context(), d, nil)
	b.want(CodeRefused, err)
	if b.effects(w) != 2 {
		t.Errorf("%d effects, want 2", b.effects(w))
	}
	b.verified()
}

// What a person edits is masked, too.
func TestEditedUpdateIsMasked(t *testing.T) {
	b := newBench(t, updatesConfig())
	b.incidentWithNames()
	d, err := b.s.DraftUpdate(t.Context(), b.id, UpdateRequest{Audience: "executives", Text: "Grace Hopper: web-1 is back. ghp_0123456789abcdefghij0123", Through: 2})
	b.must(err)
	for _, never := range forResponders {
		if strings.Contains(d.Text, never) {
			t.Errorf("the text still has %q: %s", never, d.Text)
		}
	}
	if d.Through != 2 {
		t.Errorf("through %d: want that of the draft that was edited", d.Through)
	}
}

func TestNotifyStepIsMasked(t *testing.T) {
	b := newBench(t, updatesConfig())
	b.incidentWithNames()
	b.must(b.s.DoneStep(t.Context(), b.id, "look", nil, ""))
	b.must(b.s.RunStep(t.Context(), b.id, "tell", nil))
	board, err := b.s.Board(t.Context(), b.id)
	b.must(err)
	text := strings.Join(board.Actions[0].Details.Requests, "\n")
	for _, never := range forResponders {
		if strings.Contains(text, never) {
			t.Errorf("executives are shown %q:\n%s", never, text)
		}
	}
	if !strings.Contains(text, "account was used on HOST-") {
		t.Errorf("the message:\n%s", text)
	}
}

// A label keeps a message in: over a connection that may not carry it, by an
// update and by a step of a playbook.
func TestLabelKeepsMessagesIn(t *testing.T) {
	conf := updatesConfig()
	conf.Connections["webhook"] = config.Connection{Kind: "webhook", TLP: "green"}
	b := newBench(t, conf)
	w := b.incidentWithNames()
	d, err := b.s.DraftUpdate(t.Context(), b.id, UpdateRequest{Audience: "executives"})
	b.must(err)
	if d.To[0].Refused == "" || d.To[0].Hint == "" {
		t.Errorf("%+v: want a refusal that says what to do", d.To[0])
	}
	_, err = b.s.SendUpdate(t.Context(), d, nil)
	b.want(CodeRefused, err)
	b.must(b.s.DoneStep(t.Context(), b.id, "look", nil, ""))
	b.want(CodeRefused, b.s.RunStep(t.Context(), b.id, "tell", nil))
	if b.effects(w) != 0 {
		t.Fatalf("%d effects", b.effects(w))
	}
	// On a person's word a message has a lower label than the incident, and the
	// record says so.
	d, err = b.s.DraftUpdate(t.Context(), b.id, UpdateRequest{Audience: "executives", TLP: incident.TLPGreen})
	b.must(err)
	sent, err := b.s.SendUpdate(t.Context(), d, nil)
	b.must(err)
	if sent.TLP != incident.TLPGreen || b.effects(w) != 1 {
		t.Errorf("%+v, %d effects", sent.Update, b.effects(w))
	}
	red := incident.TLPRed
	b.must(b.s.Change(t.Context(), b.id, record.Changed{TLP: &red}))
	_, err = b.s.DraftUpdate(t.Context(), b.id, UpdateRequest{Audience: "executives", TLP: incident.TLPGreen})
	b.want(CodeRefused, err)
}

// Outside a drill TLP:RED goes nowhere unless a connection says so.
func TestRedGoesNowhere(t *testing.T) {
	conf := config.Config{Connections: map[string]config.Connection{
		"chat": {Kind: "webhook", BaseURL: "https://chat.example.org/x"},
		"room": {Kind: "webhook", BaseURL: "https://room.example.org/x", TLP: "red"},
	}}
	b := newBench(t, conf)
	inc, err := b.s.Open(t.Context(), NewIncident{Title: "x", TLP: incident.TLPRed})
	b.must(err)
	d, err := b.s.DraftUpdate(t.Context(), inc.ID, UpdateRequest{Audience: "responders", To: []string{"chat", "room", "nowhere"}})
	b.must(err)
	if !strings.Contains(d.To[0].Refused, "TLP:RED") || strings.Contains(d.To[1].Refused, "TLP") || !strings.Contains(d.To[2].Refused, "TLP:RED") {
		t.Errorf("%+v", d.To)
	}
}

// A word that did not go out is no word: the audience stays due.
func TestUpdateThatDidNotGoOut(t *testing.T) {
	b := newBench(t, updatesConfig())
	w := b.incidentWithNames()
	d, err := b.s.DraftUpdate(t.Context(), b.id, UpdateRequest{Audience: "executives"})
	b.must(err)
	w.Fail(drill.Fault{System: "webhook", Method: "POST", Mode: drill.DropBefore, Times: 9})
	if _, err = b.s.SendUpdate(t.Context(), d, nil); err == nil {
		t.Fatal("it was sent")
	}
	due, err := b.s.UpdatesDue(t.Context(), b.id)
	b.must(err)
	if len(due) != 1 || due[0].Last != "" || len(due[0].Open) != 1 {
		t.Errorf("%+v", due)
	}
	again, err := b.s.DraftUpdate(t.Context(), b.id, UpdateRequest{Audience: "executives"})
	b.must(err)
	if again.News.From != 0 || again.ID != "u2" {
		t.Errorf("the next draft goes on from a word that nobody heard: %+v", again.News)
	}
}

func TestDue(t *testing.T) {
	b := newBench(t, updatesConfig())
	b.incidentWithNames()
	due := func() UpdateDue {
		t.Helper()
		list, err := b.s.UpdatesDue(t.Context(), b.id)
		b.must(err)
		board, err := b.s.Board(t.Context(), b.id)
		b.must(err)
		if len(list) != 1 || len(board.Updates) != 1 || board.Updates[0].Audience != "executives" {
			t.Fatalf("%+v, the board has %+v", list, board.Updates)
		}
		return list[0]
	}
	if u := due(); u.Now || u.Late != 0 || u.Due.IsZero() {
		t.Errorf("at first: %+v", u)
	}
	b.clock.Advance(time.Hour)
	if u := due(); !u.Now || u.Late != 0 {
		t.Errorf("after an hour: %+v", u)
	}
	b.clock.Advance(12 * time.Minute)
	if u := due(); !u.Now || u.Late != 12 {
		t.Errorf("after an hour and twelve minutes: %+v", u)
	}
	u, err := b.s.ToldByHand(t.Context(), b.id, "exec", "on the call")
	b.must(err)
	if u.ID != "u1" || u.Due.IsZero() {
		t.Errorf("%+v", u)
	}
	if d := due(); d.Now || d.Last != "u1" || d.Due.Sub(d.LastAt) != time.Hour {
		t.Errorf("after they were told: %+v", d)
	}
	_, err = b.s.ToldByHand(t.Context(), b.id, "exec", " ")
	b.want(CodeUsage, err)
	_, err = b.s.ToldByHand(t.Context(), b.id, "aliens", "x")
	b.want(CodeUsage, err)
	b.verified()
}

// An hour is an hour, whatever the clock on the wall was set to in it.
func TestCadenceOverSummerTime(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Skipf("no zones here: %v", err)
	}
	a := Audience{Every: 4 * time.Hour}
	inc := incident.Incident{Status: incident.Open}
	for what, last := range map[string]time.Time{
		"the clock is set forward": time.Date(2026, 3, 29, 0, 30, 0, 0, vienna),
		"the clock is set back":    time.Date(2026, 10, 25, 0, 30, 0, 0, vienna),
	} {
		due, late := dueAt(a, inc, last, last.Add(4*time.Hour+90*time.Second))
		if due.Sub(last) != 4*time.Hour || late != 1 || due.Location() != time.UTC {
			t.Errorf("%s: due %v, late %d", what, due, late)
		}
	}
	if due, _ := dueAt(a, incident.Incident{Status: incident.Closed}, inc.Opened, inc.Opened); !due.IsZero() {
		t.Errorf("a closed incident: due %v", due)
	}
}

// The messages of an incident know what went out before them on their connection.
func TestThread(t *testing.T) {
	b := newBench(t, updatesConfig())
	b.incidentWithNames()
	for range 2 {
		d, err := b.s.DraftUpdate(t.Context(), b.id, UpdateRequest{Audience: "executives"})
		b.must(err)
		_, err = b.s.SendUpdate(t.Context(), d, nil)
		b.must(err)
	}
	f, err := b.s.s.open(t.Context(), b.id)
	b.must(err)
	thread, err := b.s.thread(t.Context(), f, "webhook")
	b.must(err)
	if first, ok := thread.First("webhook.send", nil); !ok || len(thread.Before) != 2 || first.Params["message"] == nil || thread.Name != string(b.id) {
		t.Errorf("%+v", thread)
	}
	if other, err := b.s.thread(t.Context(), f, "pagerduty"); err != nil || len(other.Before) != 0 {
		t.Errorf("%+v, %v", other, err)
	}
	// The updates of a record made today are read by those who come later.
	b.must(f.store.View(t.Context(), func(tx *store.Tx) error {
		all, err := tellings(tx)
		if len(all) != 2 || !all[0].went || all[1].Audience != "executives" || all[1].Through <= all[0].Through {
			t.Errorf("%+v", all)
		}
		return err
	}))
}
