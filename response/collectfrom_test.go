package response

import (
	"strings"
	"testing"

	"firebreak/config"
	"firebreak/integrations/drill"
	"firebreak/playbooks"
	"firebreak/record"
)

// takesLog takes the log of the drill's PagerDuty incident by a step.
const takesLog = `playbook: v1
id: takes-log
name: Takes a log
version: 1.0.0
phases:
  identify:
    - {id: log, title: Take the log, action: pagerduty.incident.log, with: {incident: PDRILL1}}
    - {id: look, manual: Look at it.}
`

// What a system gives is sealed before anything is read from it, and says where it
// is from.
func TestASystemGivesEvidence(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(takesLog)
	if err := b.s.RunStep(t.Context(), b.id, "log", nil); err != nil || b.state("log") != playbooks.Done {
		t.Fatalf("the step: %v, %s", err, b.state("log"))
	}
	xs, _, err := b.s.Evidence(t.Context(), b.id)
	b.must(err)
	if len(xs) != 1 || xs[0].Origin != record.OriginSystem || xs[0].Kind != "pagerduty.log" || xs[0].Parsed == nil || xs[0].Parsed.Events != 3 || xs[0].Mapping == nil {
		t.Fatalf("%+v", xs)
	}
	page, err := b.s.Page(t.Context(), b.id, PageRequest{Filter: "source:pagerduty"})
	b.must(err)
	if len(page) != 3 || page[0].Exhibit != xs[0].ID {
		t.Errorf("%+v", page)
	}
	again, err := b.s.CollectFrom(t.Context(), b.id, PlanRequest{Action: "pagerduty.incident.log", Params: map[string]any{"incident": drill.OtherCase}}, IngestOptions{Authority: "the commander"}, nil)
	b.must(err)
	if again.Added != 2 || len(again.Exhibits) != 1 {
		t.Errorf("%+v", again)
	}
	for what, r := range map[string]PlanRequest{
		"an action that gives nothing": {Action: "pagerduty.incident.note", Params: map[string]any{"incident": drill.Incident, "note": "x"}},
		"an action that there is not":  {Action: "pagerduty.nothing"},
		"a wrong parameter":            {Action: "pagerduty.incident.log", Params: map[string]any{"incident": "../x"}},
	} {
		if _, err := b.s.CollectFrom(t.Context(), b.id, r, IngestOptions{}, nil); CodeOf(err) != CodeUsage {
			t.Errorf("%s: %v", what, err)
		}
	}
	b.verified()
}

// What came before a failure is kept, and says that it is cut; where nothing came
// there is no exhibit.
func TestASystemThatFailsOnTheWay(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(takesLog)
	ask := func() (Ingested, error) {
		return b.s.CollectFrom(t.Context(), b.id, PlanRequest{Action: "pagerduty.incident.log", Params: map[string]any{"incident": drill.Incident}}, IngestOptions{}, nil)
	}
	w.Fail(drill.Fault{System: "pagerduty", Method: "GET", Path: "/log_entries", Mode: drill.ServerError})
	if in, err := ask(); err == nil || len(in.Exhibits) != 0 {
		t.Errorf("%+v, %v: want a failure and no exhibit", in, err)
	}
	w.Fail(drill.Fault{System: "pagerduty", Method: "GET", Path: "/alerts", Mode: drill.ServerError})
	in, err := ask()
	b.want(CodePartial, err)
	xs, _, eerr := b.s.Evidence(t.Context(), b.id)
	b.must(eerr)
	if len(in.Exhibits) != 1 || in.Events != 2 || len(xs) != 1 || !strings.Contains(strings.Join(xs[0].Deviations, " "), "it is cut") {
		t.Errorf("%+v, %+v", in, xs)
	}
}
