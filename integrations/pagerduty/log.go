package pagerduty

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"

	"firebreak/incident"
	"firebreak/integrations"
)

// incidentLog takes the log of an incident, and its alerts, as evidence: who was
// paged, who took it, when.
type incidentLog struct{ *duty }

// mapping reads what Collect writes.
const mapping = `mapping: v1
format: jsonl
time: "{created_at}"
source: pagerduty
kind: "{type}"
user: "{agent.summary}"
message: "{summary}"
`

// Describe implements integrations.Action.
func (incidentLog) Describe() integrations.Description {
	return integrations.Description{
		Name: "pagerduty.incident.log", Title: "Take an incident's log and alerts as evidence", System: "pagerduty",
		Danger: incident.None, ReadOnly: true, Idempotency: "native", Scopes: []string{"incidents.read"}, Tested: integrations.Described,
		Params: []integrations.Param{incidentParam()},
		Result: []integrations.Param{{Name: "incident", Type: "string"}, {Name: "records", Type: "int"}},
	}
}

// Prior implements integrations.Action.
func (a incidentLog) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	ctx, s, v, err := a.use(ctx, a.Describe(), c)
	if err != nil {
		return integrations.Prior{}, err
	}
	i, err := s.read(ctx, v.Text("incident"))
	if err != nil {
		return integrations.Prior{}, err
	}
	return integrations.Prior{State: s.target(i)}, nil
}

// Plan implements integrations.Action.
func (a incidentLog) Plan(_ context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Plan{}, err
	}
	id := v.Text("incident")
	return integrations.Plan{
		Call: c, Base: a.rest, Prior: prior, Target: id, Targets: targets(id, prior), Effects: []string{"none: it only reads"},
		Requests: []integrations.Request{
			{Method: "GET", URL: a.rest + "/incidents/" + id + "/log_entries"},
			{Method: "GET", URL: a.rest + "/incidents/" + id + "/alerts"},
		},
	}, nil
}

// Do implements integrations.Action: it counts, and keeps nothing.
func (a incidentLog) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	taken, err := a.Collect(ctx, c, io.Discard)
	if err != nil {
		return integrations.Receipt{}, err
	}
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, err
	}
	return integrations.Receipt{
		Ref: v.Text("incident") + "/log_entries", At: a.now(),
		Data: map[string]any{"incident": v.Text("incident"), "records": taken.Records},
	}, nil
}

// Verify implements integrations.Action: what was read is what there was.
func (incidentLog) Verify(_ context.Context, c integrations.Call, r integrations.Receipt) (integrations.Verification, error) {
	return onCall{}.Verify(context.Background(), c, r) //nolint:contextcheck // it asks nobody
}

// Collect implements integrations.Collector: the log, oldest page last as
// PagerDuty gives it, then the alerts, each as a line.
func (a incidentLog) Collect(ctx context.Context, c integrations.Call, w io.Writer) (integrations.Taken, error) {
	ctx, s, v, err := a.use(ctx, a.Describe(), c)
	if err != nil {
		return integrations.Taken{}, err
	}
	id := v.Text("incident")
	out := integrations.Taken{
		Kind: "pagerduty.log", Title: "log and alerts of PagerDuty's incident " + id,
		Source: a.rest + "/incidents/" + id + "/log_entries", Mapping: mapping,
	}
	write := func(raw json.RawMessage) error {
		var line bytes.Buffer
		if err := json.Compact(&line, raw); err != nil {
			return s.seen.Fail("read log", err)
		}
		text := s.seen.Redact(line.String())
		if text != line.String() {
			out.Notes = append(out.Notes, fmt.Sprintf("record %d repeated our own token: *** stands in its place", out.Records+1))
		}
		out.Records++
		_, err := io.WriteString(w, text+"\n")
		return err
	}
	for _, list := range []string{"log_entries", "alerts"} {
		if err := s.each(ctx, id, list, write, &out); err != nil {
			return out, err
		}
	}
	return out, nil
}

// PagerDuty gives no more than 10,000 of a list, 100 a page.
const (
	page = 100
	most = 10_000
)

// each walks a list that hangs on an incident.
func (s session) each(ctx context.Context, id, list string, one func(json.RawMessage) error, out *integrations.Taken) error {
	for offset := 0; ; offset += page {
		if offset+page > most {
			out.Notes = append(out.Notes, fmt.Sprintf("the incident has more than %d %s: the rest was not given", most, list))
			return nil
		}
		var answer map[string]json.RawMessage
		q := url.Values{"limit": {fmt.Sprint(page)}, "offset": {fmt.Sprint(offset)}}
		err := s.send(ctx, "GET", "/incidents/"+url.PathEscape(id)+"/"+list+"?"+q.Encode(), nil, &answer)
		var rows []json.RawMessage
		var more bool
		if err == nil {
			err = json.Unmarshal(answer[list], &rows)
		}
		if err == nil && answer["more"] != nil {
			err = json.Unmarshal(answer["more"], &more)
		}
		if err != nil {
			return s.seen.Fail("read "+list, err)
		}
		for _, raw := range rows {
			if err := one(raw); err != nil {
				return err
			}
		}
		if !more || len(rows) == 0 {
			return nil
		}
	}
}

// logEntry is what is read of one entry of an incident's log.
type logEntry struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Created string `json:"created_at"`
}

func (s session) eachLogEntry(ctx context.Context, id string, one func(logEntry) error) error {
	return s.each(ctx, id, "log_entries", func(raw json.RawMessage) error {
		var e logEntry
		if err := json.Unmarshal(raw, &e); err != nil {
			return s.seen.Fail("read log", err)
		}
		return one(e)
	}, &integrations.Taken{})
}
