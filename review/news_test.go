package review

import (
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
