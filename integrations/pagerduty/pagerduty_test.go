package pagerduty

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
)

// serve answers an event as PagerDuty does and keeps what came.
func serve(t *testing.T, status int, answer string, secrets map[string]string) (map[string]integrations.Action, *[]byte) {
	t.Helper()
	got := new([]byte)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*got, _ = io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(s.Close)
	as, err := actions(integrations.Connection{
		Name: "pd", Kind: "pagerduty", BaseURL: s.URL, Now: time.Now, Settings: map[string]string{"from": "a@example.org"},
		Secret: func(_ context.Context, n string) (string, error) {
			if v := secrets[n]; v != "" {
				return v, nil
			}
			return "", errors.New("not set")
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]integrations.Action{}
	for _, a := range as {
		out[a.Describe().Name] = a
	}
	return out, got
}

// TestWithoutARestToken sends an event that cannot be read back, and says so.
func TestWithoutARestToken(t *testing.T) {
	as, got := serve(t, 202, `{"status":"success","dedup_key":"k1"}`, map[string]string{"routing_key": "r0123456789abcdef"})
	a := as["pagerduty.event.trigger"]
	call := integrations.Call{Action: "pagerduty.event.trigger", Params: map[string]any{"summary": "s"}, Key: "k1", Incident: "2026-0007", Seal: "head"}
	prior, err := a.Prior(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	p, err := a.Plan(t.Context(), call, prior)
	if err != nil || len(p.Warnings) != 1 || strings.Contains(p.Requests[0].Body, "r0123456789abcdef") || !strings.Contains(p.Requests[0].Body, `"***"`) {
		t.Errorf("%+v, %v", p, err)
	}
	r, err := a.Do(t.Context(), call, p)
	if err != nil {
		t.Fatal(err)
	}
	var sent map[string]any
	if err := json.Unmarshal(*got, &sent); err != nil {
		t.Fatal(err)
	}
	if sent["routing_key"] != "r0123456789abcdef" || sent["dedup_key"] != "k1" || sent["event_action"] != "trigger" {
		t.Errorf("sent %s", *got)
	}
	if details := fmt.Sprint(sent["payload"].(map[string]any)["custom_details"]); details != "map[incident:2026-0007 record:head]" {
		t.Errorf("details %s", details)
	}
	v, err := a.Verify(t.Context(), call, r)
	if err != nil || !v.OK || !strings.Contains(v.Says, "cannot be read back") {
		t.Errorf("%+v, %v", v, err)
	}
	// After a crash there is no receipt, and nobody to ask.
	if _, err := a.Verify(t.Context(), call, integrations.Receipt{}); !errors.Is(err, integrations.ErrNotReadable) {
		t.Errorf("%v", err)
	}
	if _, _, err := a.(integrations.Finder).Find(t.Context(), call); !errors.Is(err, integrations.ErrNotReadable) {
		t.Errorf("%v", err)
	}
}

// TestAcceptedWithoutSuccess has a server that accepts and then says no.
func TestAcceptedWithoutSuccess(t *testing.T) {
	for answer, want := range map[string]integrations.Outcome{`{"status":"invalid event"}`: integrations.Accepted, `{`: integrations.Accepted, ``: integrations.Accepted} {
		as, _ := serve(t, 202, answer, map[string]string{"routing_key": "r0123456789abcdef"})
		_, err := as["pagerduty.event.trigger"].Do(t.Context(), integrations.Call{Params: map[string]any{"summary": "s"}, Key: "k"}, integrations.Plan{})
		if err == nil || integrations.OutcomeOf(err) != want {
			t.Errorf("%q: %v", answer, err)
		}
	}
	as, _ := serve(t, 400, `{"status":"invalid event","errors":["r0123456789abcdef is not a key"]}`, map[string]string{"routing_key": "r0123456789abcdef"})
	_, err := as["pagerduty.event.trigger"].Do(t.Context(), integrations.Call{Params: map[string]any{"summary": "s"}, Key: "k"}, integrations.Plan{})
	if err == nil || integrations.OutcomeOf(err) != integrations.Rejected || strings.Contains(err.Error(), "r0123456789abcdef") {
		t.Errorf("%v", err)
	}
	as, got := serve(t, 202, `{"status":"success"}`, map[string]string{"routing_key": "r0123456789abcdef"})
	_, err = as["pagerduty.event.trigger"].Do(t.Context(), integrations.Call{Params: map[string]any{"summary": "s"}}, integrations.Plan{})
	if err == nil || integrations.OutcomeOf(err) != integrations.Rejected || len(*got) != 0 {
		t.Errorf("an event without a key: %v", err)
	}
}

func TestNotify(t *testing.T) {
	name, params, err := notify(integrations.Connection{}, integrations.Message{Subject: strings.Repeat("x", 2000), Body: "b", Severity: incident.SEV2})
	if err != nil || name != "pagerduty.event.trigger" || params["severity"] != "error" || len(params["summary"].(string)) > 1000 {
		t.Errorf("%s %v %v", name, params, err)
	}
	name, params, err = notify(integrations.Connection{}, integrations.Message{Subject: "s", Body: "b", Fields: map[string]any{"incident": "P1"}})
	if err != nil || name != "pagerduty.incident.note" || params["note"] != "s\n\nb" {
		t.Errorf("%s %v %v", name, params, err)
	}
}
