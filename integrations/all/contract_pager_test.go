package all

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// pagerOperations are those that the cases have to reach.
var pagerOperations = []string{
	"GET /incidents", "POST /incidents", "PUT /incidents", "GET /incidents/{id}", "GET /incidents/{id}/notes", "POST /incidents/{id}/notes",
	"POST /incidents/{id}/snooze", "PUT /incidents/{id}/merge", "POST /incidents/{id}/status_updates", "POST /incidents/{id}/responder_requests",
	"POST /incident_workflows/{id}/instances", "GET /incidents/{id}/log_entries", "GET /incidents/{id}/alerts", "GET /oncalls",
}

// pagerExamples are calls that the vendor's examples can answer.
func pagerExamples() map[string]map[string]any {
	type m = map[string]any
	const id = "PT4KHLK"
	return map[string]m{
		"pagerduty.incident.note":        {"incident": id, "note": "n"},
		"pagerduty.incident.create":      {"title": "t", "service": "PWIXJZS"},
		"pagerduty.incident.acknowledge": {"incident": id},
		"pagerduty.incident.resolve":     {"incident": id},
		"pagerduty.incident.reassign":    {"incident": id, "users": []any{"PTUXL6G"}},
		"pagerduty.incident.escalate":    {"incident": id, "level": 2},
		"pagerduty.incident.snooze":      {"incident": id, "for": "1h"},
		"pagerduty.incident.merge":       {"incident": id, "sources": []any{"P8JOGX7"}},
		"pagerduty.incident.update":      {"incident": id, "message": "m"},
		"pagerduty.responders.request":   {"incident": id, "message": "m", "users": []any{"PJ25ZYX"}, "requester": "PL1JMK5"},
		"pagerduty.workflow.run":         {"incident": id, "workflow": "PSFEVL7"},
		"pagerduty.oncall.list":          {"schedule": "PI7DH85"},
		"pagerduty.incident.log":         {"incident": id},
	}
}

// violation is one thing that a description does not allow: where, and by which
// of its rules.
type violation struct{ at, rule string }

// violations takes an error of the validator apart. Sound says that each part of
// it is about the body's shape.
func violations(err error) (out []violation, sound bool) {
	switch e := err.(type) { //nolint:errorlint // each layer is taken off in turn
	case nil:
		return nil, true
	case *openapi3filter.RequestError:
		if e.RequestBody == nil || e.Err == nil {
			return nil, false
		}
		return violations(e.Err)
	case openapi3.MultiError:
		sound = true
		for _, one := range e {
			more, ok := violations(one)
			out, sound = append(out, more...), sound && ok
		}
		return out, sound
	case *openapi3.SchemaError:
		at := slices.Clone(e.JSONPointer())
		for i, p := range at {
			if strings.Trim(p, "0123456789") == "" {
				at[i] = "*" // whichever of a list
			}
		}
		return []violation{{"/" + strings.Join(at, "/"), e.SchemaField}}, true
	}
	return nil, false
}

// excuse lets a request pass whose every violation the vendor's own example of a
// request for that operation makes, too: there the description is wrong.
func excuse(route *routers.Route, err error) error {
	found, sound := violations(err)
	if err == nil || !sound || route.Operation.RequestBody == nil {
		return err
	}
	media := route.Operation.RequestBody.Value.Content.Get("application/json")
	if media == nil || media.Schema == nil {
		return err
	}
	var theirs []violation
	examples := []any{media.Example}
	for _, e := range media.Examples {
		examples = append(examples, e.Value.Value)
	}
	for _, e := range examples {
		if e == nil {
			continue
		}
		more, _ := violations(media.Schema.Value.VisitJSON(plain(e), openapi3.VisitAsRequest(), openapi3.MultiErrors(), openapi3.DisableReadOnlyValidation()))
		theirs = append(theirs, more...)
	}
	for _, v := range found {
		if !slices.Contains(theirs, v) {
			return err
		}
	}
	return nil
}

// plain is an example as JSON gives it.
func plain(v any) any {
	b, err := json.Marshal(v)
	if err != nil {
		return v
	}
	var out any
	if json.Unmarshal(b, &out) != nil {
		return v
	}
	return out
}

// TestThePagerValidatorItself sends wrong requests for PagerDuty: what it does
// not catch, the test of the requests does not prove.
func TestThePagerValidatorItself(t *testing.T) {
	rest, events := load(t, "pagerduty-rest.trimmed.json", "/"), load(t, "pagerduty-events-v2.json", "/v2")
	const from = "From: a@example.org"
	for _, c := range []struct {
		spec         *spec
		what         string
		method, path string
		body         string
		from, fine   bool
	}{
		{rest, "an incident", "POST", "/incidents", `{"incident":{"type":"incident","title":"t","service":{"id":"P1","type":"service_reference"}}}`, true, true},
		{rest, "an incident with details, which the vendor's example has as text, too", "POST", "/incidents", `{"incident":{"type":"incident","title":"t","service":{"id":"P1","type":"service_reference"},"body":{"type":"incident_body","details":"d"}}}`, true, true},
		{rest, "a merge, whose ids the description calls read-only", "PUT", "/incidents/P1/merge", `{"source_incidents":[{"id":"P2","type":"incident_reference"}]}`, true, true},
		{rest, "an incident from nobody", "POST", "/incidents", `{"incident":{"type":"incident","title":"t","service":{"id":"P1","type":"service_reference"}}}`, false, false},
		{rest, "an incident without a title", "POST", "/incidents", `{"incident":{"type":"incident","service":{"id":"P1","type":"service_reference"}}}`, true, false},
		{rest, "an incident without a service", "POST", "/incidents", `{"incident":{"type":"incident","title":"t"}}`, true, false},
		{rest, "an incident of a wrong type", "POST", "/incidents", `{"incident":{"type":"case","title":"t","service":{"id":"P1","type":"service_reference"}}}`, true, false},
		{rest, "a wrong urgency", "POST", "/incidents", `{"incident":{"type":"incident","title":"t","service":{"id":"P1","type":"service_reference"},"urgency":"extreme"}}`, true, false},
		{rest, "an incident whose excused details hide a wrong urgency", "POST", "/incidents", `{"incident":{"type":"incident","title":"t","service":{"id":"P1","type":"service_reference"},"urgency":"extreme","body":{"type":"incident_body","details":"d"}}}`, true, false},
		{rest, "a title that is a number", "POST", "/incidents", `{"incident":{"type":"incident","title":7,"service":{"id":"P1","type":"service_reference"}}}`, true, false},
		{rest, "a wrong status", "PUT", "/incidents", `{"incidents":[{"id":"P1","type":"incident","status":"open"}]}`, true, false},
		{rest, "incidents that are no list", "PUT", "/incidents", `{"incidents":{"id":"P1","type":"incident"}}`, true, false},
		{rest, "a change from nobody", "PUT", "/incidents", `{"incidents":[{"id":"P1","type":"incident","status":"resolved"}]}`, false, false},
		{rest, "a level in letters", "PUT", "/incidents", `{"incidents":[{"id":"P1","type":"incident","escalation_level":"two"}]}`, true, false},
		{rest, "a snooze from nobody: what the library sends", "POST", "/incidents/P1/snooze", `{"duration":60}`, false, false},
		{rest, "a snooze for a word", "POST", "/incidents/P1/snooze", `{"duration":"long"}`, true, false},
		{rest, "an update without a text", "POST", "/incidents/P1/status_updates", `{}`, true, false},
		{rest, "a request for help without targets", "POST", "/incidents/P1/responder_requests", `{"requester_id":"P1","message":"m"}`, true, false},
		{rest, "a request for help from nobody in particular", "POST", "/incidents/P1/responder_requests", `{"message":"m","responder_request_targets":[]}`, true, false},
		{rest, "a page that is a word", "GET", "/incidents/P1/log_entries?limit=many", ``, false, false},
		{rest, "a wrong method", "DELETE", "/incidents/P1", ``, true, false},
		{rest, "a wrong path", "POST", "/incidents/P1/sleep", `{"duration":60}`, true, false},
		{events, "a change", "POST", "/v2/change/enqueue", `{"routing_key":"k","payload":{"summary":"s"}}`, false, true},
		{events, "a change without a key", "POST", "/v2/change/enqueue", `{"payload":{"summary":"s"}}`, false, false},
		{events, "a change without a payload", "POST", "/v2/change/enqueue", `{"routing_key":"k"}`, false, false},
		{events, "a change whose links are a text", "POST", "/v2/change/enqueue", `{"routing_key":"k","payload":{"summary":"s"},"links":"x"}`, false, false},
	} {
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/vnd.pagerduty+json;version=2")
		if c.from {
			r.Header.Set("From", strings.TrimPrefix(from, "From: "))
		}
		if _, err := c.spec.check(r); (err == nil) != c.fine {
			t.Errorf("%s: %v: want fine %v", c.what, err, c.fine)
		}
	}
}
