// Package http sends the requests that playbooks write down: to the base URL of
// a connection and with its credential, or, over a connection without one, to
// public addresses only.
//
// A request goes to the host that its plan shows and to no other: no redirect is
// followed to another, and none at all of a request that changes something.
// Secrets stand as their references in parameters and plans; they are fetched at
// the moment of sending, and taken out of what comes back.
package http

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	nethttp "net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"firebreak/incident"
	"firebreak/integrations"
)

// maxAnswer is how much of an answer a result may have: it goes into the record.
const maxAnswer = 256 << 10

// System describes the integration.
func System() integrations.System {
	return integrations.System{
		Kind:  "http",
		Title: "Requests of playbooks",
		Settings: []integrations.Param{
			{Name: "token", Title: "Reference to a credential, sent with every request", Type: "secret"},
			{Name: "header", Title: "The header that carries it; Authorization takes it as a bearer token", Type: "string", Default: "Authorization"},
			{Name: "allow_private", Title: "May go to private and loopback addresses", Type: "bool", Default: false},
			{Name: "deduplicates", Title: "The other side drops an Idempotency-Key it has seen", Type: "bool", Default: false},
		},
		Actions: actions,
	}
}

func actions(c integrations.Connection) ([]integrations.Action, error) {
	c = c.WithDefaults()
	var base *url.URL
	if c.BaseURL != "" {
		var err error
		if base, err = integrations.Base(c, ""); err != nil {
			return nil, err
		}
	}
	header := c.Settings["header"]
	if header == "" {
		header = "Authorization"
	}
	over := over{
		c: c, base: base, header: textproto.CanonicalMIMEHeaderKey(header),
		client: integrations.NewClient(c, integrations.Limits{Body: maxAnswer + 1, Public: c.Settings["allow_private"] != "true"}),
	}
	return []integrations.Action{request{over, false}, request{over, true}}, nil
}

// over is one connection.
type over struct {
	c      integrations.Connection
	base   *url.URL // nil: absolute addresses only, and no credential
	header string
	client *nethttp.Client
}

// request is one request; reads says that it changes nothing.
type request struct {
	over
	reads bool
}

const (
	reading = "GET|HEAD|OPTIONS"
	writing = "POST|PUT|PATCH|DELETE"
)

// Describe implements integrations.Action.
func (r request) Describe() integrations.Description {
	d := integrations.Description{
		Name: "http.request", Title: "Send a request", System: "http", Danger: incident.Medium, Tested: integrations.RealPeer, Idempotency: "none",
		Params: []integrations.Param{
			{Name: "method", Type: "string", Required: true, Match: reading + "|" + writing},
			{Name: "url", Title: "Where to, whole or below the connection's base URL", Type: "string", Required: true},
			{Name: "headers", Title: "Further headers, each NAME: VALUE", Type: "list"},
			{Name: "secret_headers", Title: "Headers whose value is a secret, each NAME: REFERENCE", Type: "list"},
			{Name: "body", Type: "string"},
			{Name: "json", Title: "The body is JSON", Type: "bool", Default: false},
			{Name: "expect", Title: "Status codes that are a success; any 2xx without", Type: "list", Match: `[1-5]\d\d`},
		},
		Result: []integrations.Param{{Name: "status", Type: "int"}, {Name: "headers", Type: "map"}, {Name: "body", Type: "any"}},
	}
	if r.c.Settings["deduplicates"] == "true" {
		d.Idempotency = "native"
	}
	if r.reads {
		d.Name, d.Title, d.Danger, d.ReadOnly, d.Idempotency = "http.read", "Ask by a request that changes nothing", incident.None, true, "native"
		d.Params[0].Match = reading
		d.Params = slices.DeleteFunc(d.Params, func(p integrations.Param) bool { return p.Name == "body" || p.Name == "json" })
	}
	return d
}

// ready is a request whose parameters were read.
type ready struct {
	method string
	to     *url.URL
	open   [][2]string // headers
	secret [][2]string // headers with their references
	body   string
	json   bool
	expect []string
}

func rejected(hint, format string, args ...any) error {
	return &integrations.Error{Outcome: integrations.Rejected, Hint: hint, Err: fmt.Errorf(format, args...)}
}

func (r request) read(c integrations.Call) (ready, error) {
	v, err := integrations.Read(r.Describe(), c.Params)
	if err != nil {
		return ready{}, err
	}
	out := ready{method: v.Text("method"), body: v.Text("body"), json: v.Bool("json"), expect: v.List("expect")}
	if out.to, err = r.address(v.Text("url")); err != nil {
		return ready{}, err
	}
	if out.open, err = headers(v.List("headers"), r.header); err != nil {
		return ready{}, err
	}
	taken := "" // without a credential of the connection, the step may bring one
	if r.credential() {
		taken = r.header
	}
	if out.secret, err = headers(v.List("secret_headers"), taken); err != nil {
		return ready{}, err
	}
	return out, nil
}

// credential says whether the connection's own credential goes with the request.
func (r request) credential() bool { return r.base != nil && r.c.HasSecret("token") }

// address is where the request goes. Over a connection with a base URL that is
// the base's host, which the credential is for.
func (r request) address(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, rejected("", "the url cannot be parsed")
	}
	if u.User != nil || u.Fragment != "" {
		return nil, rejected("", "url of %s: must not carry a user or a fragment", u.Host)
	}
	if !u.IsAbs() {
		if r.base == nil {
			return nil, rejected("set the connection's base_url", "url %.200q is relative, and the connection has no base URL", text)
		}
		if u.Host != "" || !strings.HasPrefix(u.Path, "/") {
			return nil, rejected("begin it with one /", "url %.200q is no path below the base URL", text)
		}
		for _, part := range strings.Split(u.Path, "/") {
			if part == ".." || part == "." {
				return nil, rejected("", "url %.200q goes up a folder", text)
			}
		}
		out := *r.base
		out.Path = strings.TrimSuffix(r.base.Path, "/") + u.Path
		out.RawPath = strings.TrimSuffix(r.base.EscapedPath(), "/") + u.EscapedPath()
		out.RawQuery = u.RawQuery
		return &out, nil
	}
	if u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" {
		return nil, rejected("", "url %.200q: want https://host/…", text)
	}
	if r.base != nil && !r.c.Drill && (u.Scheme != r.base.Scheme || !strings.EqualFold(u.Host, r.base.Host)) {
		return nil, rejected("use a connection for that host", "url of %s: the connection's credential is for %s", u.Host, r.base.Host)
	}
	return u, nil
}

// made are headers that the client makes, or that say how the message is cut.
var made = []string{"Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Te", "Trailer", "User-Agent", "Idempotency-Key", "Accept-Encoding"}

func headers(list []string, taken string) ([][2]string, error) {
	var out [][2]string
	for _, line := range list {
		name, value, ok := strings.Cut(line, ":")
		name, value = textproto.CanonicalMIMEHeaderKey(name), strings.TrimSpace(value)
		switch {
		case !ok || name == "" || strings.ContainsFunc(name, func(c rune) bool { return !token(c) }):
			return nil, rejected("", "header %.80q: want NAME: VALUE", line)
		case strings.ContainsAny(value, "\r\n\x00"):
			return nil, rejected("", "header %s has more than one line", name)
		case slices.Contains(made, name):
			return nil, rejected("remove it", "header %s is made by the program", name)
		case name == taken:
			return nil, rejected("remove it: the connection has the credential", "header %s is the connection's own", name)
		}
		out = append(out, [2]string{name, value})
	}
	return out, nil
}

func token(c rune) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.ContainsRune("!#$%&'*+-.^_`|~", c)
}

// Prior implements integrations.Action: what is there nobody can know.
func (r request) Prior(_ context.Context, c integrations.Call) (integrations.Prior, error) {
	_, err := r.read(c)
	return integrations.Prior{}, err
}

// Plan implements integrations.Action.
func (r request) Plan(_ context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	q, err := r.read(c)
	if err != nil {
		return integrations.Plan{}, err
	}
	shown := integrations.Request{Method: q.method, URL: q.to.String(), Body: q.body}
	for _, h := range q.open {
		shown.Headers = append(shown.Headers, h[0]+": "+h[1])
	}
	for _, h := range q.secret {
		shown.Headers = append(shown.Headers, h[0]+": "+integrations.Hidden)
	}
	p := integrations.Plan{
		Call: c, Base: q.to.Scheme + "://" + q.to.Host, Prior: prior, Target: q.to.Host, Requests: []integrations.Request{shown},
		Effects: []string{fmt.Sprintf("%s receives %s %s", q.to.Host, q.method, q.to.EscapedPath())},
		Proof:   "its answer is " + expected(q.expect),
	}
	if r.base != nil {
		p.Identity = "the credential of connection " + r.c.Name
	}
	switch {
	case r.reads:
		p.Effects = []string{q.to.Host + " is asked; nothing is changed"}
	case r.c.Drill:
		p.Effects = []string{"nothing: in a drill a stand-in answers"}
	default:
		p.Warnings = []string{"what it changes there cannot be seen beforehand"}
	}
	for _, h := range q.secret {
		p.Effects = append(p.Effects, fmt.Sprintf("%s gets the secret %s", q.to.Host, h[1]))
	}
	if q.to.Scheme == "http" && !r.c.Drill {
		p.Warnings = append(p.Warnings, "plain http: others on the way can read and change it")
	}
	return p, nil
}

func expected(codes []string) string {
	if len(codes) == 0 {
		return "any 2xx"
	}
	return strings.Join(codes, " or ")
}

// Do implements integrations.Action.
func (r request) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	q, err := r.read(c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	header := nethttp.Header{}
	for _, h := range q.open {
		header.Add(h[0], h[1])
	}
	secrets, err := r.secrets(ctx, q, header)
	if err != nil {
		return integrations.Receipt{}, &integrations.Error{Outcome: integrations.NotSent, Hint: "see that the reference leads to the secret", Err: err}
	}
	if len(secrets) > 0 && q.to.Scheme == "http" && !r.c.Drill && !integrations.Local(q.to.Hostname()) {
		return integrations.Receipt{}, rejected("use https", "request to %s: plain http would show the secret to the network", q.to.Host)
	}
	if q.json && header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/json")
	}
	if !r.reads {
		header.Set("Idempotency-Key", c.Key)
	}
	ctx, seen := integrations.Watch(ctx, secrets...)
	to := *q.to
	if r.c.Drill { // one stand-in answers for every host
		header.Set("Drill-Host", to.Host)
		to.Scheme, to.Host = r.base.Scheme, r.base.Host
	}
	req, err := nethttp.NewRequestWithContext(ctx, q.method, to.String(), bytes.NewReader([]byte(q.body)))
	if err != nil {
		return integrations.Receipt{}, seen.Fail("send request", err)
	}
	req.Header = header
	if q.body == "" {
		req.Body, req.ContentLength = nethttp.NoBody, 0
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return integrations.Receipt{}, seen.Fail("send request", err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	return r.receipt(c, q, resp, seen, secrets)
}

// secrets fetches those of the request and puts them into its headers.
func (r request) secrets(ctx context.Context, q ready, header nethttp.Header) ([]string, error) {
	var out []string
	for _, h := range q.secret {
		value, err := r.c.Reveal(ctx, h[1])
		if err != nil {
			return nil, fmt.Errorf("header %s: %w", h[0], err)
		}
		if strings.ContainsAny(value, "\r\n\x00") {
			return nil, fmt.Errorf("header %s: the secret has more than one line", h[0])
		}
		header.Set(h[0], value)
		out = append(out, value)
	}
	if !r.credential() {
		return out, nil
	}
	value, err := r.c.Secret(ctx, "token")
	if err != nil {
		return nil, fmt.Errorf("fetch the credential: %w", err)
	}
	if strings.ContainsAny(value, "\r\n\x00") {
		return nil, errors.New("the credential has more than one line")
	}
	out = append(out, value)
	if _, bare, ok := strings.Cut(value, " "); ok { // as in Basic dXNlcg==
		out = append(out, bare)
	}
	if r.header == "Authorization" && !strings.Contains(value, " ") {
		value = "Bearer " + value
	}
	header.Set(r.header, value)
	return out, nil
}

// receipt judges an answer and keeps it, without the secrets that it may repeat.
func (r request) receipt(c integrations.Call, q ready, resp *nethttp.Response, seen *integrations.Exchange, secrets []string) (integrations.Receipt, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	more := false
	if err == nil {
		n, _ := io.ReadFull(resp.Body, make([]byte, 1)) // whether there is more, not what
		more = n > 0
	}
	code := strconv.Itoa(resp.StatusCode)
	wanted := resp.StatusCode >= 200 && resp.StatusCode <= 299
	if len(q.expect) > 0 {
		wanted = slices.Contains(q.expect, code)
	}
	switch {
	case !wanted:
		// Without the secrets before it is cut: half of one would not be found.
		head := integrations.Redact(string(body[:min(len(body), 4<<10)]), secrets...)
		err := fmt.Errorf("%s answers %s: %s", q.to.Host, resp.Status, strings.ToValidUTF8(head[:min(len(head), 300)], "?"))
		if !r.reads && (resp.StatusCode == nethttp.StatusFound || resp.StatusCode == nethttp.StatusSeeOther) {
			// Many answer so to what they have done: the page that shows it.
			return integrations.Receipt{}, &integrations.Error{Outcome: integrations.Ambiguous, Hint: "look whether it was done; where this is the answer to a success, expect it", Err: err}
		}
		return integrations.Receipt{}, seen.Fail("send request", err)
	case r.reads && err != nil:
		return integrations.Receipt{}, seen.Fail("read answer", err)
	case r.reads && more:
		return integrations.Receipt{}, seen.Fail("read answer", fmt.Errorf("%s answers with more than %d bytes", q.to.Host, maxAnswer))
	case err != nil || more: // it was taken; only the words are lost
		body = nil
	}
	data := map[string]any{"status": resp.StatusCode, "headers": map[string]any{}, "body": decoded(body, secrets)}
	kept := map[string]any{}
	for name, values := range resp.Header {
		if name == "Set-Cookie" {
			continue // it is a secret itself
		}
		kept[strings.ToLower(name)] = integrations.Redact(strings.ToValidUTF8(strings.Join(values, ", "), "?"), secrets...)
	}
	data["headers"] = kept
	return integrations.Receipt{Ref: c.Key, At: r.c.Now().UTC().Truncate(time.Millisecond), Data: data}, nil
}

// decoded is the answer as JSON where it is, else as text.
func decoded(body []byte, secrets []string) any {
	text := integrations.Redact(string(body), secrets...)
	var tree any
	if json.Unmarshal([]byte(text), &tree) == nil {
		return tree
	}
	if !utf8.ValidString(text) {
		return strings.ToValidUTF8(text, "?")
	}
	return text
}

// Verify implements integrations.Action. What a request did cannot be read back:
// all that is known is that the answer was one that the playbook takes.
func (r request) Verify(_ context.Context, c integrations.Call, got integrations.Receipt) (integrations.Verification, error) {
	status, err := integrations.Number(got.Data, "status")
	if err == nil && got.Ref != "" && got.Ref == c.Key {
		return integrations.Verification{OK: true, Unread: true, Says: fmt.Sprintf("the answer was %d; what it did cannot be read back", status)}, nil
	}
	return integrations.Verification{}, fmt.Errorf("read request back: %w", integrations.ErrNotReadable)
}
