package pagerduty

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"firebreak/integrations"
)

const token = "y_NbAkKc66ryYTWUXYEu"

// against returns the actions of a connection to a server that answers so.
func against(t *testing.T, answer http.HandlerFunc) map[string]integrations.Action {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	as, err := actions(integrations.Connection{
		Name: "pd", Kind: "pagerduty", BaseURL: s.URL, Now: time.Now, Drill: true,
		Settings: map[string]string{"from": "ada@example.org", "user_id": "PUSER01"},
		Secret:   func(context.Context, string) (string, error) { return token, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]integrations.Action{}
	for _, a := range as {
		out[a.Describe().Name] = a
	}
	return out
}

func say(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

type object = map[string]any

// An incident that is open under our key is ours: the refusal of a second one is
// no failure. A refusal for another reason stays one.
func TestTheIncidentIsThereAlready(t *testing.T) {
	open := true
	as := against(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost:
			say(w, 400, object{"error": object{"message": "Invalid Input Provided", "code": 2001, "errors": []string{"Open incident with matching dedup key already exists on this service"}}})
		case open:
			say(w, 200, object{"incidents": []any{object{"id": "PX1", "incident_key": r.URL.Query().Get("incident_key"), "status": "triggered", "html_url": "https://acme.pagerduty.com/incidents/PX1"}}})
		default:
			say(w, 200, object{"incidents": []any{}})
		}
	})
	a := as["pagerduty.incident.create"]
	c := integrations.Call{Action: "pagerduty.incident.create", Key: "k1", Incident: "2026-0007", Params: object{"title": "t", "service": "PSVC001"}}
	r, err := a.Do(t.Context(), c, integrations.Plan{})
	if err != nil || r.Ref != "PX1" || r.Data["incident_key"] != "k1" {
		t.Errorf("%+v, %v: want the incident that is there", r, err)
	}
	open = false
	_, err = a.Do(t.Context(), c, integrations.Plan{})
	if err == nil || integrations.OutcomeOf(err) != integrations.Rejected || !strings.Contains(err.Error(), "already exists") {
		t.Errorf("%v: want the refusal", err)
	}
}

// What writes says from whom, also where the library does not; and the account's
// plan may lack what is asked for.
func TestFromAndPlan(t *testing.T) {
	var from []string
	as := against(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			from = append(from, r.Header.Get("From"))
		}
		say(w, 402, object{"error": object{"message": "Account does not have the abilities to perform the action", "code": 2014}})
	})
	for name, params := range map[string]object{
		"pagerduty.incident.snooze":    {"incident": "PX1", "for": "1h"},
		"pagerduty.responders.request": {"incident": "PX1", "message": "m", "users": []any{"PU1"}},
		"pagerduty.incident.create":    {"title": "t", "service": "PSVC001"},
		"pagerduty.incident.update":    {"incident": "PX1", "message": "m"},
		"pagerduty.incident.merge":     {"incident": "PX1", "sources": []any{"PX2"}},
		"pagerduty.incident.resolve":   {"incident": "PX1"},
	} {
		from = nil
		_, err := as[name].Do(t.Context(), integrations.Call{Action: name, Key: "k", Params: params}, integrations.Plan{})
		var e *integrations.Error
		if !errors.As(err, &e) || e.Outcome != integrations.Rejected || !strings.Contains(e.Hint, "plan") {
			t.Errorf("%s: %v: want a refusal that speaks of the account's plan", name, err)
		}
		if !slices.Equal(from, []string{"ada@example.org"}) {
			t.Errorf("%s says from %q", name, from)
		}
	}
}

// What is resolved stays so: nothing is planned that would be refused.
func TestNoWayBackFromResolved(t *testing.T) {
	as := against(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/log_entries") {
			say(w, 200, object{"log_entries": []any{}})
			return
		}
		say(w, 200, object{"incident": object{"id": "PX1", "title": "x", "status": "resolved"}})
	})
	for name, params := range map[string]object{
		"pagerduty.incident.acknowledge": {"incident": "PX1"},
		"pagerduty.incident.reassign":    {"incident": "PX1", "users": []any{"PU1"}},
		"pagerduty.incident.escalate":    {"incident": "PX1", "level": 2},
		"pagerduty.incident.snooze":      {"incident": "PX1", "for": "1h"},
	} {
		c := integrations.Call{Action: name, Key: "k", Params: params}
		prior, err := as[name].Prior(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := as[name].Plan(t.Context(), c, prior); integrations.OutcomeOf(err) != integrations.Rejected {
			t.Errorf("%s: %v: want a refusal", name, err)
		}
	}
}

// The log is walked page by page, up to what PagerDuty gives; a token that the
// other side repeats does not get into the evidence; a failure on the way keeps
// what came.
func TestCollectLog(t *testing.T) {
	entries, broken := 250, false
	as := against(t, func(w http.ResponseWriter, r *http.Request) {
		offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
		switch {
		case strings.HasSuffix(r.URL.Path, "/alerts"):
			say(w, 200, object{"alerts": []any{object{"id": "A1", "summary": "alert"}}, "more": false})
		case broken && offset == 100:
			say(w, 500, object{})
		default:
			rows := []any{}
			last := min(offset+100, entries)
			if entries > 10_000 { // what matters is how many pages are asked for
				last = offset + 1
			}
			for i := offset; i < last; i++ {
				rows = append(rows, object{"id": fmt.Sprintf("R%d", i), "type": "notify_log_entry", "created_at": "2026-11-28T03:00:00Z", "summary": "s", "big": 9007199254740993, "echo": map[bool]string{true: token}[i == 7]})
			}
			say(w, 200, object{"log_entries": rows, "more": offset+100 < entries})
		}
	})
	c := integrations.Call{Action: "pagerduty.incident.log", Params: object{"incident": "PX1"}}
	collect := func() (integrations.Taken, []string, error) {
		var b bytes.Buffer
		taken, err := as["pagerduty.incident.log"].(integrations.Collector).Collect(t.Context(), c, &b)
		if strings.Contains(b.String(), token) {
			t.Error("the evidence holds our token")
		}
		return taken, strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n"), err
	}
	taken, lines, err := collect()
	if err != nil || taken.Records != 251 || len(lines) != 251 || len(taken.Notes) != 1 {
		t.Errorf("%d records, %d lines, notes %v, %v: want 251, and a note of the token", taken.Records, len(lines), taken.Notes, err)
	}
	if !strings.Contains(lines[0], "9007199254740993") {
		t.Errorf("a large number did not survive: %s", lines[0])
	}
	broken = true
	if taken, lines, err = collect(); err == nil || taken.Records != 100 || len(lines) != 100 {
		t.Errorf("%d records, %d lines, %v: want what came, and the failure", taken.Records, len(lines), err)
	}
	broken, entries = false, 20_000
	if taken, _, err = collect(); err != nil || taken.Records != 101 || !strings.Contains(strings.Join(taken.Notes, " "), "the rest was not given") {
		t.Errorf("%d records, notes %v, %v: want one of each of 100 pages and the alert, and a note of the rest", taken.Records, taken.Notes, err)
	}
}

// An update wakes nobody.
func TestUpdatesWakeNobody(t *testing.T) {
	drill := integrations.Connection{Drill: true}
	m := integrations.Message{Subject: "s", Body: "b", Update: true}
	page := integrations.Earlier{Action: "pagerduty.event.trigger", Data: object{"dedup_key": "k1"}}
	for _, c := range []struct {
		what       string
		connection integrations.Connection
		before     []integrations.Earlier
		want       string
	}{
		{"nobody was paged", drill, nil, "pagerduty.change.send"},
		{"people were paged", drill, []integrations.Earlier{page}, "pagerduty.incident.note"},
		{"people were paged, and no token can write notes", integrations.Connection{}, []integrations.Earlier{page}, "pagerduty.change.send"},
	} {
		m.Thread = integrations.Thread{Name: "2026-0007", Before: c.before}
		name, params, err := notify(c.connection, m)
		if err != nil || name != c.want {
			t.Errorf("%s: %s %v, %v: want %s", c.what, name, params, err, c.want)
		}
	}
}
