// Package jira files and follows work in Jira: Cloud through REST API v3, Data
// Center through v2. Issues carry a label by which they are found again, comments
// a property; it deletes no comment that Firebreak did not write.
//
// Text is sent as plain text: in v3 as paragraphs of Atlassian's document format,
// in v2 with all that wiki markup would obey taken apart.
package jira

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"firebreak/integrations"
)

// System describes the Jira integration.
func System() integrations.System {
	return integrations.System{
		Kind:  "jira",
		Title: "Jira",
		Settings: []integrations.Param{
			{Name: "token", Title: "Reference to an API token (Cloud) or a personal access token (Data Center)", Type: "secret", Required: true},
			{Name: "mail", Title: "Mail address of the token's account: Cloud; without it the token goes as a bearer's", Type: "string"},
			{Name: "api", Title: "3: Cloud; 2: Data Center", Type: "string", Default: "3"},
			{Name: "project", Title: "Key of the project that notifications go to", Type: "string"},
			{Name: "type", Title: "Kind of issue that notifications make", Type: "string", Default: "Task"},
		},
		Actions: actions,
		Notify:  notify,
		Check:   check,
	}
}

func newDesk(c integrations.Connection) (*desk, error) {
	c = c.WithDefaults()
	d := &desk{base: &url.URL{}, api: c.Settings["api"], mail: c.Settings["mail"], secret: c.Secret, now: c.Now}
	if d.api == "" {
		d.api = "3"
	}
	if d.api != "3" && d.api != "2" {
		return nil, errors.New("setting api: want 3 (Cloud) or 2 (Data Center)")
	}
	if strings.ContainsAny(d.mail, ":\r\n") {
		return nil, errors.New("setting mail: has a colon or a line break")
	}
	if c.BaseURL != "" {
		var err error
		if d.base, err = integrations.Base(c, ""); err != nil {
			return nil, err
		}
	}
	d.http = integrations.NewClient(c, integrations.Limits{Writes: 2, Public: d.cloud()})
	return d, nil
}

func actions(c integrations.Connection) ([]integrations.Action, error) {
	d, err := newDesk(c)
	if err != nil {
		return nil, err
	}
	return []integrations.Action{d.create(), d.comment(), d.uncomment(), d.move(), d.link(), d.unlink()}, nil
}

// desk is one connection to Jira.
type desk struct {
	base   *url.URL
	api    string
	mail   string
	http   *http.Client
	secret func(context.Context, string) (string, error)
	now    func() time.Time
}

// cloud says that the site is one of Atlassian's own.
func (d *desk) cloud() bool {
	return strings.HasSuffix(d.base.Hostname(), ".atlassian.net") || strings.HasSuffix(d.base.Hostname(), ".atlassian.com")
}

// session is one use of the connection.
type session struct {
	*desk
	seen  *integrations.Exchange
	token string
	who   string
}

func (d *desk) open(ctx context.Context) (context.Context, *session, error) {
	if d.base.Host == "" {
		return ctx, nil, rejected("set the connection's base_url, as in https://acme.atlassian.net", "the connection has no base URL")
	}
	token, err := d.secret(ctx, "token")
	if err != nil {
		return ctx, nil, &integrations.Error{
			Outcome: integrations.NotSent, Hint: "set the connection's token",
			Err: fmt.Errorf("fetch jira token: %w", err),
		}
	}
	ctx, seen := integrations.Watch(ctx, token)
	seen.Hint(http.StatusUnauthorized, "Jira does not take this token: it may be wrong or expired, or mail is not its account's")
	seen.Hint(http.StatusForbidden, "the account may not do this in the project")
	seen.Hint(http.StatusNotFound, "it does not exist, or the account may not see it")
	return ctx, &session{desk: d, seen: seen, token: token}, nil
}

// parts fills in what every action of this connection has.
func (d *desk) parts(a integrations.Stateful[*session]) integrations.Stateful[*session] {
	a.About.System = "jira"
	a.About.Tested = integrations.Unconfirmed
	a.Base, a.Now, a.Open = d.base.String(), d.now, d.open
	a.Identity = func(ctx context.Context, s *session) (string, error) { return s.me(ctx) }
	return a
}

// page is where people see an issue; "" where the base URL is not the site's own.
func (d *desk) page(key string) string {
	if d.base.Hostname() == "api.atlassian.com" {
		return ""
	}
	return d.base.JoinPath("browse", key).String()
}

func (d *desk) url(path ...string) *url.URL {
	u := d.base.JoinPath("rest", "api", d.api)
	for _, p := range path {
		u = u.JoinPath(url.PathEscape(p))
	}
	return u
}

// call asks Jira one thing. The answer's status has to be one that was expected.
func (s *session) call(ctx context.Context, what, verb string, u *url.URL, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return rejected("", "encode %s: %w", what, err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, verb, u.String(), body)
	if err != nil {
		return s.seen.Fail(what, err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	if s.mail != "" {
		req.SetBasicAuth(s.mail, s.token)
	} else {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return s.seen.Fail(what, err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return s.seen.Fail(what, err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return s.seen.Fail(what, fmt.Errorf("answer %s: %w", resp.Status, refusal{resp.StatusCode, complaint(raw)}))
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return s.seen.Fail(what, fmt.Errorf("the answer cannot be read: %w", err))
	}
	return nil
}

// refusal is what Jira says with a status.
type refusal struct {
	status int
	says   string
}

func (r refusal) Error() string { return r.says }

// gone says that the last answer was "not found". The cause of an error does not
// get through Exchange.Fail; its status does.
func (s *session) gone(err error) bool {
	return err != nil && s.seen.Status() == http.StatusNotFound
}

// complaint is Jira's reason in one line: its messages, and those of its fields.
func complaint(raw []byte) string {
	var e struct {
		Messages []string          `json:"errorMessages"`
		Fields   map[string]string `json:"errors"`
	}
	if err := json.Unmarshal(raw, &e); err != nil || len(e.Messages)+len(e.Fields) == 0 {
		return integrations.Line(string(raw[:min(len(raw), 300)]), 200)
	}
	out := strings.Join(e.Messages, "; ")
	for _, name := range sorted(e.Fields) {
		out += "; " + name + ": " + e.Fields[name]
	}
	return integrations.Line(strings.TrimPrefix(out, "; "), 400)
}

// me asks who the token stands for.
func (s *session) me(ctx context.Context) (string, error) {
	if s.who != "" {
		return s.who, nil
	}
	var out struct {
		Account string `json:"accountId"` // Cloud
		Key     string `json:"key"`       // Data Center
		Name    string `json:"displayName"`
	}
	if err := s.call(ctx, "ask who we are", http.MethodGet, s.url("myself"), nil, &out); err != nil {
		return "", err
	}
	id := out.Account
	if id == "" {
		id = out.Key
	}
	s.who = s.seen.Clean(out.Name + " (" + id + ")")
	return s.who, nil
}

// request shows a call as it will be sent.
func (d *desk) request(verb string, u *url.URL, in any) integrations.Request {
	r := integrations.Request{Method: verb, URL: u.String()}
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return r // these are maps of texts: they always encode
		}
		r.Body = string(b)
	}
	return r
}

// The shapes of Jira's names.
const (
	projectShape = `[A-Z][A-Z0-9_]{1,30}`
	issueShape   = projectShape + `-[1-9][0-9]{0,9}`
)

func issueParam(name, title string) integrations.Param {
	return integrations.Param{Name: name, Title: title, Type: "string", Required: true, Match: issueShape}
}

func rejected(hint, format string, args ...any) error {
	return &integrations.Error{Outcome: integrations.Rejected, Hint: hint, Err: fmt.Errorf(format, args...)}
}

func member(state map[string]any, name string) string {
	s, _ := state[name].(string)
	return s
}

func back(c integrations.Call, action string, params map[string]any) integrations.Call {
	return integrations.Call{Action: action, Connection: c.Connection, Incident: c.Incident, Step: c.Step, Params: params}
}
