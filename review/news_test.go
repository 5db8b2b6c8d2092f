package review

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

// newsRecord is an incident in which something of each kind happens.
func newsRecord(t *testing.T) []record.Entry {
	t.Helper()
	at := time.Date(2026, 3, 29, 0, 30, 0, 0, time.UTC)
	var es []record.Entry
	add := func(kind record.Kind, phase incident.Phase, payload any) {
		d, err := record.NewDraft(incident.Actor{ID: "p-1", Name: "Grace"}, kind, phase, "", payload)
		if err != nil {
			t.Fatal(err)
		}
		es = append(es, record.Entry{Seq: int64(len(es) + 1), Time: at, Actor: d.Actor, Kind: kind, Phase: phase, Fields: d.Fields})
		at = at.Add(time.Minute)
	}
	sev, impact := incident.SEV1, "No customer\ncan pay"
	add(record.IncidentOpened, incident.Identify, record.Opened{Title: "Intruder on web-1", Severity: incident.SEV2, TLP: "amber"})
	add(record.ActionPlanned, incident.Identify, record.Planned{Action: "a1", Name: "linux.nft.block", Title: "Block an address", Target: "203.0.113.7", Danger: incident.Medium})
	add(record.ActionVerified, incident.Identify, record.Outcome{Action: "a1"}) // 3
	add(record.IncidentChanged, incident.Identify, record.Changed{Severity: &sev, Impact: &impact})
	add(record.PhaseEntered, incident.Contain, record.Entered{From: incident.Identify, To: incident.Contain})
	add(record.Noted, incident.Contain, record.Note{Text: "We cut web-1 off", Decision: true})
	add(record.Noted, incident.Contain, record.Note{Text: "it is raining"})
	add(record.ActionPlanned, incident.Contain, record.Planned{Action: "a2", Name: "github.deploykey.delete", Title: "Delete a deploy key", Target: "acme/payments", Danger: incident.High})
	add(record.ActionSent, incident.Contain, record.Outcome{Action: "a2"})
	add(record.ActionPlanned, incident.Contain, record.Planned{Action: "a3", Name: "linux.nft.unblock", Title: "Unblock", Target: "203.0.113.7", Danger: incident.Medium, Reverts: "a1"})
	add(record.ActionVerified, incident.Contain, record.Outcome{Action: "a3"})
	add(record.ActionPlanned, incident.Contain, record.Planned{Action: "a4", Name: "pagerduty.incident.update", Title: "Tell", Danger: incident.Medium})
	add(record.ActionSent, incident.Contain, record.Outcome{Action: "a4"})
	add(record.ActionPlanned, incident.Contain, record.Planned{Action: "a5", Name: "webhook.send", Title: "Say", Danger: incident.Low})
	add(record.ActionSent, incident.Contain, record.Outcome{Action: "a5"}) // 15
	return es
}

func newsFor(t *testing.T, p record.Profile, from int64) News {
	t.Helper()
	var hidden []record.Entry
	for _, e := range newsRecord(t) {
		hidden = append(hidden, p.Hide(e))
	}
	return NewsOf(hidden, from, NewsOptions{
		Readers: p,
		Title: func(name string) string {
			return map[string]string{"github.deploykey.delete": "Delete a deploy key"}[name]
		},
		Message: func(id string) bool { return id == "a4" },
		Clocks:  []OpenClock{{Due: time.Date(2026, 3, 29, 3, 0, 0, 0, time.UTC)}, {Due: time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), Late: true}},
	})
}

func TestNewsForEachProfile(t *testing.T) {
	for _, c := range []struct {
		profile  record.Profile
		has, not []string
	}{
		{
			record.FullProfile,
			[]string{"Severity: SEV1, was SEV2", "Phase: contain, was identify", "Effect: No customer can pay", "Decided: We cut web-1 off", "Done, not confirmed yet: Delete a deploy key (acme/payments)", "Undone: Unblock (203.0.113.7)"},
			[]string{"raining", "Tell", "Say", "Block an address"},
		},
		{
			record.ExecutiveProfile,
			[]string{"Severity: SEV1, was SEV2", "Effect: No customer can pay", "Done, not confirmed yet: Delete a deploy key", "1 measure was taken back", "1 decision was taken", "2 deadlines run, the next until 2026-03-29 03:00:00Z, 1 of them late"},
			[]string{"web-1", "203.0.113.7", "acme", "Grace", "raining"},
		},
		{
			record.RegulatorProfile,
			[]string{"Effect: No customer can pay", "1 decision was taken"},
			[]string{"web-1", "203.0.113.7", "acme", "raining"},
		},
		{
			record.PublicProfile,
			[]string{"Severity: SEV1, was SEV2", "1 protective measure was taken", "1 measure was taken back"},
			[]string{"web-1", "203.0.113.7", "acme", "Grace", "pay", "deploy key", "cut"},
		},
	} {
		text := newsFor(t, c.profile, 3).Text()
		for _, want := range c.has {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q:\n%s", c.profile, want, text)
			}
		}
		for _, never := range c.not {
			if strings.Contains(text, never) {
				t.Errorf("%s shows %q:\n%s", c.profile, never, text)
			}
		}
	}
}

func TestNoNews(t *testing.T) {
	n := newsFor(t, record.FullProfile, 15)
	if len(n.Changes) != 0 || !strings.HasPrefix(n.Text(), "Nothing has changed since the last update at 2026-03-29 00:44:00Z.") || !strings.Contains(n.Text(), "SEV1, open, phase contain") {
		t.Errorf("%+v\n%s", n, n.Text())
	}
	first := newsFor(t, record.FullProfile, 0)
	if strings.Contains(first.Text(), "Since the last") || strings.Contains(first.Text(), "Nothing") || !strings.Contains(first.Text(), "So far:") {
		t.Errorf("the first word:\n%s", first.Text())
	}
}

// factsRecord is an incident of which people found out, said and decided something
// of each kind.
func factsRecord(t *testing.T) []record.Entry {
	t.Helper()
	at := time.Date(2026, 3, 29, 0, 30, 0, 0, time.UTC)
	var es []record.Entry
	add := func(kind record.Kind, payload any) {
		d, err := record.NewDraft(incident.Actor{ID: "p-1", Name: "Grace"}, kind, incident.Contain, "", payload)
		if err != nil {
			t.Fatal(err)
		}
		es = append(es, record.Entry{Seq: int64(len(es) + 1), Time: at, Actor: d.Actor, Kind: kind, Phase: incident.Contain, Fields: d.Fields})
		at = at.Add(time.Minute)
	}
	n := func(f float64) *float64 { return &f }
	due := at.AddDate(0, 1, 0)
	owner := "Ada"
	add(record.IncidentOpened, record.Opened{Title: "x", Severity: incident.SEV2, TLP: "amber"})
	add(record.ItemAdded, record.Item{ID: "i1", Text: "Rotate all keys", Owner: "Grace", Due: due}) // 2
	add(record.MomentStated, record.Moment{Moment: "contained", At: at})
	add(record.MomentStated, record.Moment{Moment: "occurred", At: at})
	add(record.MomentStated, record.Moment{Moment: "occurred", Reason: "it was another"})
	add(record.ImpactStated, record.Impact{Measure: "people", Class: "customers", Low: n(100), High: n(200), Certainty: "suspected"})
	add(record.ImpactStated, record.Impact{Measure: "people", Class: "customers", Low: n(120), High: n(120), Certainty: "confirmed"})
	add(record.ImpactStated, record.Impact{Measure: "service", Text: "the shop was slow", Certainty: "confirmed"})
	add(record.SubjectNamed, record.Subject{Kind: "address", Value: "203.0.113.9", Role: "attacker"})
	add(record.SubjectNamed, record.Subject{Kind: "host", Value: "web-1", Role: "victim"})
	add(record.TechniqueSeen, record.Technique{Technique: "T1566", Name: "Phishing"})
	add(record.FactorNamed, record.Factor{ID: "f1", Category: "process", Text: "nobody looked\nat the keys"})
	add(record.ControlJudged, record.Control{ID: "c1", Refs: []string{"csf:DE.CM-01"}, Held: "failed"})
	add(record.DecisionTaken, record.Decided{ID: "d1", Choice: "We stop all builds"})
	add(record.DecisionTaken, record.Decided{ID: "d1", Choice: "We stop some builds"})
	add(record.DecisionTaken, record.Decided{ID: "d2", Choice: "We wait"})
	add(record.DecisionTaken, record.Decided{ID: "d2", Choice: "We wait", Withdrawn: true})
	add(record.ClockStarted, record.ClockStart{Event: "aware", At: at, Reason: "the key"})
	add(record.ClockChosen, record.ClockChoice{Clock: "eu-nis2-early", Applies: false, Reason: "too small"})
	add(record.ClockMet, record.Submission{Clock: "eu-gdpr-33-authority", At: at, To: "BlnBDI"})
	add(record.ItemAdded, record.Item{ID: "i2", Text: "Alert on new keys"})
	add(record.ItemChanged, record.ItemChange{ID: "i1", State: "done"})
	add(record.ItemChanged, record.ItemChange{ID: "i2", Owner: &owner})
	add(record.ReviewText, record.PartText{Part: "summary", Version: 1, Text: "It is over."})
	add(record.ReviewMoved, record.ReviewMove{From: record.ReviewDraft, To: record.ReviewInReview})
	add(record.ReviewReleased, record.Release{ID: "v1", Profile: record.LegalProfile})
	add(record.ReviewReleased, record.Release{ID: "v2", Profile: record.PublicProfile})
	return es
}

// Each reader hears of the facts, by the latest word on each, and of no more than
// the profile lets out.
func TestNewsOfFacts(t *testing.T) {
	contained, shop := "It was contained at 2026-03-29 00:32Z", "Effect, service, the shop was slow (confirmed)"
	for p, want := range map[record.Profile][]string{
		record.FullProfile: {
			contained, "Taken back: when it occurred", "Effect, people, customers: 120 (confirmed)", shop,
			"Known now: address 203.0.113.9 is the attacker's", "Known now: host web-1 is affected", "The attacker used T1566 Phishing",
			"What helped it (process): nobody looked at the keys", "Control csf:DE.CM-01: failed",
			"Deadlines count from 2026-03-29 00:47Z (aware)", "Deadline eu-nis2-early does not apply", "Deadline eu-gdpr-33-authority: done at 2026-03-29 00:49Z, to BlnBDI",
			"Promised: Alert on new keys", "Follow-up i1 is done: Rotate all keys", "Follow-up i2 is Ada's now: Alert on new keys",
			"Written for the review: summary", "The review is in review", "The review was released: v1, profile legal", "The review was released: v2, profile public",
			"Decided: We stop some builds", "1 decision was taken back",
		},
		record.ExecutiveProfile: {
			contained, "Taken back: when it occurred", "Effect, people, customers: 120 (confirmed)", shop, "The attacker used T1566 Phishing",
			"What helped it (process): nobody looked at the keys", "Control csf:DE.CM-01: failed",
			"Deadlines count from 2026-03-29 00:47Z (aware)", "Deadline eu-nis2-early does not apply", "Deadline eu-gdpr-33-authority: done at 2026-03-29 00:49Z",
			"Promised: Alert on new keys", "Follow-up i1 is done: Rotate all keys", "Follow-up i2 was changed: Alert on new keys",
			"Written for the review: summary", "The review is in review", "The review was released: v1, profile legal", "The review was released: v2, profile public",
			"1 decision was taken", "1 decision was taken back",
		},
		record.PublicProfile: {
			"Effect, people: 100 to 200 (suspected)", "Effect, people: 120 (confirmed)", "The attacker used T1566 Phishing", "1 follow-up was promised",
			"The review was released: v2, profile public", "1 decision was taken", "1 decision was taken back",
		},
	} {
		var hidden []record.Entry
		for _, e := range factsRecord(t) {
			hidden = append(hidden, p.Hide(e))
		}
		got := NewsOf(hidden, 2, NewsOptions{Readers: p}).Changes
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n got %s\nwant %s", p, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
		if none := NewsOf(hidden, int64(len(hidden)), NewsOptions{Readers: p}).Changes; len(none) > 0 {
			t.Errorf("%s: %q", p, none)
		}
	}
}

func TestNewsOfManyFacts(t *testing.T) {
	es := factsRecord(t)[:1]
	for i := range 30 {
		es = append(es, record.Entry{Seq: int64(i + 2), Kind: record.TechniqueSeen, Fields: map[string]json.RawMessage{"technique": json.RawMessage(fmt.Sprintf(`"T%d"`, 1000+i))}})
	}
	if got := NewsOf(es, 1, NewsOptions{}).Changes; len(got) != mostTold+1 || got[mostTold] != "and 22 more of these" {
		t.Errorf("%q", got)
	}
}
