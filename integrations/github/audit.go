package github

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"firebreak/incident"
	"firebreak/integrations"
)

// auditLog takes an audit log as evidence: who did what in an organisation, or
// in an enterprise. GitHub gives it to owners, of Enterprise Cloud and of a
// server of one's own only.
type auditLog struct{ *hub }

// audits are the actions that read audit logs.
func audits(h *hub) []integrations.Action { return []integrations.Action{auditLog{h}} }

// auditPages bounds one taking: GitHub answers 1,750 such questions an hour.
const auditPages = 1500

// Describe implements integrations.Action.
func (auditLog) Describe() integrations.Description {
	day := `[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2}))?`
	org, enterprise := orgParam(), orgParam()
	org.Required, enterprise.Required = false, false
	enterprise.Name, enterprise.Title = "enterprise", "Enterprise, in place of an organisation"
	return integrations.Description{
		Name: "github.audit.log", Title: "Take an audit log as evidence", System: "github",
		Danger: incident.None, ReadOnly: true, Idempotency: "native",
		Scopes: []string{"read:audit_log", "organization_administration:read"}, Available: []string{"ghec", "ghes"}, Tested: integrations.Described,
		Params: []integrations.Param{
			org, enterprise,
			{Name: "since", Title: "From this day or moment on: 2026-11-20 or 2026-11-20T03:00:00Z", Type: "string", Match: day},
			{Name: "until", Title: "Up to this day or moment", Type: "string", Match: day},
			{Name: "phrase", Title: "Search words of GitHub's, as in actor:mallory", Type: "string", Match: `[^\r\n]{1,250}`},
			{Name: "include", Title: "web, git or all; GitHub keeps git events for seven days", Type: "string", Default: "all", Match: `web|git|all`},
		},
		Result: results("records:int"),
	}
}

// Validate implements integrations.Validator.
func (a auditLog) Validate(c integrations.Call) error {
	_, _, err := a.asked(c)
	return err
}

// asked is the path of the log that a call is about, and its name.
func (a auditLog) asked(c integrations.Call) (where, name string, err error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return "", "", err
	}
	if err := a.lacks(a.Describe()); err != nil {
		return "", "", err
	}
	name, where = v.Text("org"), path("orgs", v.Text("org"), "audit-log")
	if e := v.Text("enterprise"); e != "" {
		if name != "" {
			return "", "", rejected("", "check parameters of %s: org and enterprise: want one of them", a.Describe().Name)
		}
		name, where = e, path("enterprises", e, "audit-log")
	}
	if name == "" {
		return "", "", rejected("", "check parameters of %s: org, enterprise: want one of them", a.Describe().Name)
	}
	phrase := v.Text("phrase")
	for _, bound := range []struct{ name, sign string }{{"since", ">="}, {"until", "<="}} {
		if at := v.Text(bound.name); at != "" {
			phrase += " created:" + bound.sign + at
		}
	}
	q := url.Values{"include": {v.Text("include")}, "order": {"asc"}, "per_page": {"100"}}
	if phrase != "" {
		q.Set("phrase", string(bytes.TrimSpace([]byte(phrase))))
	}
	return where + "?" + q.Encode(), name, nil
}

// Prior implements integrations.Action: there is no state that it would change.
func (a auditLog) Prior(_ context.Context, c integrations.Call) (integrations.Prior, error) {
	return integrations.Prior{}, a.Validate(c)
}

// Plan implements integrations.Action.
func (a auditLog) Plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	where, name, err := a.asked(c)
	if err != nil {
		return integrations.Plan{}, err
	}
	p, err := a.plan(ctx, c, prior)
	if err != nil {
		return integrations.Plan{}, err
	}
	u, err := a.base.Parse(where)
	if err != nil {
		return integrations.Plan{}, rejected("", "render the address of the audit log: %w", err)
	}
	p.Target = name
	p.Effects = []string{"none: it only reads"}
	p.Requests = []integrations.Request{{Method: http.MethodGet, URL: u.String()}}
	return p, nil
}

// Do implements integrations.Action: it counts, and keeps nothing.
func (a auditLog) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	taken, err := a.Collect(ctx, c, io.Discard)
	if err != nil {
		return integrations.Receipt{}, err
	}
	return integrations.Receipt{Ref: taken.Source, At: a.now(), Data: map[string]any{"records": taken.Records}}, nil
}

// Verify implements integrations.Action: what was read is what there was.
func (a auditLog) Verify(_ context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	if err := a.Validate(c); err != nil {
		return integrations.Verification{}, err
	}
	return integrations.Verification{OK: true, Says: "it was read"}, nil
}

// Collect implements integrations.Collector: the log from its oldest record on,
// each as a line. GitHub hands on from page to page by a cursor, so that what is
// added meanwhile moves nothing.
func (a auditLog) Collect(ctx context.Context, c integrations.Call, w io.Writer) (integrations.Taken, error) {
	where, name, err := a.asked(c)
	if err != nil {
		return integrations.Taken{}, err
	}
	watched, s, err := a.open(ctx)
	if err != nil {
		return integrations.Taken{}, err
	}
	s.seen.Hint(http.StatusNotFound, "GitHub gives audit logs to owners, with the scope read:audit_log, and on Enterprise Cloud and Enterprise Server only; elsewhere an owner exports it on GitHub, and firebreak ingest reads the file")
	source, err := a.base.Parse(where)
	if err != nil {
		return integrations.Taken{}, rejected("", "render the address of the audit log: %w", err)
	}
	out := integrations.Taken{Kind: "github.audit", Title: "GitHub's audit log of " + name, Source: source.String()}
	if v, err := integrations.Read(a.Describe(), c.Params); err == nil && !v.Has("since") {
		out.Notes = append(out.Notes, "without since GitHub gives the last three months only")
	}
	next, cursor := where, ""
	for range auditPages {
		req, err := s.NewRequest(http.MethodGet, next, nil)
		if err != nil {
			return out, s.fail("read audit log", err)
		}
		var page []json.RawMessage
		resp, err := s.Do(watched, req, &page)
		if err != nil {
			return out, s.fail("read audit log", err)
		}
		for _, raw := range page {
			if err := s.line(raw, w, &out); err != nil {
				return out, err
			}
		}
		if resp.After == "" {
			return out, nil
		}
		if resp.After == cursor {
			return out, s.fail("read audit log", errors.New("GitHub hands on to the same page again"))
		}
		cursor = resp.After
		next = where + "&" + url.Values{"after": {cursor}}.Encode()
	}
	out.Notes = append(out.Notes, fmt.Sprintf("the log has more than %d records: take the rest with since", out.Records))
	return out, nil
}

// line writes one record as it came, on a line of its own.
func (s session) line(raw json.RawMessage, w io.Writer, out *integrations.Taken) error {
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return s.fail("read audit log", err)
	}
	text := integrations.Redact(b.String(), s.token)
	if text != b.String() {
		out.Notes = append(out.Notes, fmt.Sprintf("record %d repeated our own token: %s stands in its place", out.Records+1, integrations.Hidden))
	}
	out.Records++
	_, err := io.WriteString(w, text+"\n")
	return err
}
