package declared

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"firebreak/integrations"
)

// Played is what became of an example.
type Played struct {
	Action   string    `json:"action"`
	Name     string    `json:"name"`
	Line     int       `json:"line"`
	OK       bool      `json:"ok"`
	Failures []Failure `json:"failures,omitempty"`
}

// Failure is one thing that did not go as expected.
type Failure struct {
	Line    int    `json:"line"`
	Message string `json:"message"`
}

// Play runs one example of an action: the action itself, over the client that
// sends in earnest, against a peer in memory. Nothing leaves the process.
func Play(ctx context.Context, sys *System, kind string, a *Action, e *Example) Played {
	p := &player{e: e, out: Played{Action: a.ID, Name: e.Name, Line: e.Line}}
	l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: p, ReadHeaderTimeout: 5 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // it ends when it is closed
	}()
	settings := map[string]string{"token_url": "http://peer.test/-/token"} //nolint:gosec // an address, no secret
	for k, v := range e.settings {
		settings[k] = v
	}
	quiet := *sys
	quiet.Identity = nil
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	c := integrations.Connection{
		Name: "test", Kind: kind, BaseURL: "http://peer.test", Settings: settings, Drill: true, Dial: l.dial,
		Now:    func() time.Time { return now },
		Has:    func(string) bool { return false },
		Secret: func(context.Context, string) (string, error) { return "a-secret-of-the-test", nil },
		Reveal: func(context.Context, string) (string, error) { return "a-secret-parameter", nil },
	}
	p.play(ctx, bind(kind, a, connect(&quiet, c)))
	if err := server.Close(); err != nil {
		p.fail(e.Line, "close the peer: %v", err)
	}
	<-done
	p.out.OK = len(p.out.Failures) == 0
	return p.out
}

// player is the peer, and what checks the example.
type player struct {
	mu  sync.Mutex
	e   *Example
	at  int
	out Played
}

func (p *player) fail(line int, format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.out.Failures) < 20 {
		p.out.Failures = append(p.out.Failures, Failure{line, fmt.Sprintf(format, args...)})
	}
}

func (p *player) play(ctx context.Context, a integrations.Action) {
	want := p.e.expect
	call := integrations.Call{
		Action: a.Describe().Name, Connection: "test", Params: p.e.params, Key: "testkey", Incident: "2026-0001", Step: "test",
	}
	prior, err := a.Prior(ctx, call)
	var plan integrations.Plan
	if err == nil {
		plan, err = a.Plan(ctx, call, prior)
	}
	switch {
	case want.refused != "":
		if err == nil || !strings.Contains(err.Error(), want.refused) {
			p.fail(p.e.Line, "it was not refused with %q: %v", want.refused, err)
		}
		p.spoken()
		return
	case err != nil:
		p.fail(p.e.Line, "plan: %v", err)
		return
	}
	p.same("prior", want.prior, plain(prior.State))
	if want.target != "" && plan.Target != want.target {
		p.fail(p.e.Line, "the target is %q, want %q", plan.Target, want.target)
	}
	if want.effect != "" && !strings.Contains(strings.Join(plan.Effects, "\n"), want.effect) {
		p.fail(p.e.Line, "no effect has %q: %s", want.effect, strings.Join(plan.Effects, "; "))
	}
	if plan.Unchanged != want.unchanged {
		p.fail(p.e.Line, "unchanged is %v, want %v", plan.Unchanged, want.unchanged)
	}
	if want.unchanged {
		p.spoken()
		return
	}
	p.carryOut(ctx, a, call, plan)
	p.spoken()
}

func (p *player) carryOut(ctx context.Context, a integrations.Action, call integrations.Call, plan integrations.Plan) {
	want := p.e.expect
	r, err := a.Do(ctx, call, plan)
	if want.outcome != "" && want.outcome != outcomeDone {
		var e *integrations.Error
		switch {
		case err == nil:
			p.fail(p.e.Line, "it went well, want %s", want.outcome)
		case string(integrations.OutcomeOf(err)) != want.outcome:
			p.fail(p.e.Line, "it failed as %s, want %s: %v", integrations.OutcomeOf(err), want.outcome, err)
		case errors.As(err, &e) && !strings.Contains(e.Hint, want.hint):
			p.fail(p.e.Line, "the hint is %q, want %q", e.Hint, want.hint)
		}
		return
	}
	if err != nil {
		p.fail(p.e.Line, "do: %v", err)
		return
	}
	if want.ref != "" && r.Ref != want.ref {
		p.fail(p.e.Line, "the receipt's ref is %q, want %q", r.Ref, want.ref)
	}
	p.same("data", want.data, plain(r.Data))
	if want.verified != nil {
		v, err := a.Verify(ctx, call, r)
		switch {
		case err != nil:
			p.fail(p.e.Line, "verify: %v", err)
		case v.OK != *want.verified || !strings.Contains(v.Says, want.says):
			p.fail(p.e.Line, "verified is %v (%s), want %v %s", v.OK, v.Says, *want.verified, want.says)
		}
	}
	p.undone(a, call, plan, r)
}

func (p *player) undone(a integrations.Action, call integrations.Call, plan integrations.Plan, r integrations.Receipt) {
	want := p.e.expect
	rev, ok := a.(integrations.Reverter)
	if want.undo == nil && !want.noUndo {
		return
	}
	var inverse integrations.Call
	err := errors.New("it has no undo")
	if ok {
		inverse, err = rev.Inverse(call, plan.Prior, r)
	}
	switch {
	case want.noUndo && err == nil:
		p.fail(p.e.Line, "there is an undo: %s", inverse.Action)
	case want.noUndo:
	case err != nil:
		p.fail(p.e.Line, "undo: %v", err)
	case inverse.Action != want.undo.action:
		p.fail(p.e.Line, "the undo is %s, want %s", inverse.Action, want.undo.action)
	default:
		p.same("undo", want.undo.with, plain(through(inverse.Params)))
	}
}

// same compares trees as JSON has them.
func (p *player) same(what string, want map[string]any, got any) {
	if want == nil {
		return
	}
	if !reflect.DeepEqual(through(want), through(got)) {
		p.fail(p.e.Line, "%s is %s, want %s", what, show(asMap(got)), show(want))
	}
}

func asMap(v any) any {
	m, ok := through(v).(map[string]any)
	if !ok {
		return v
	}
	return m
}

// through is a value after JSON.
func through(v any) any {
	b, err := json.Marshal(v)
	if err != nil {
		return v
	}
	out, err := parseJSON(string(b))
	if err != nil {
		return v
	}
	return out
}

// spoken fails for what was never asked.
func (p *player) spoken() {
	p.mu.Lock()
	rest := p.e.talk[min(p.at, len(p.e.talk)):]
	p.mu.Unlock()
	for _, t := range rest {
		p.fail(t.line, "never sent: %s %s", t.method, t.path)
	}
}

// ServeHTTP implements http.Handler: it is the other side.
func (p *player) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/-/token" {
		rw.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(rw, `{"access_token":"a-token-of-the-test","token_type":"Bearer","expires_in":3600}`)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		p.fail(p.e.Line, "read a request: %v", err)
	}
	p.mu.Lock()
	i := p.at
	p.at++
	p.mu.Unlock()
	if i >= len(p.e.talk) {
		p.fail(p.e.Line, "sent beyond what talk has: %s %s", r.Method, r.URL.RequestURI())
		http.Error(rw, "the test has no answer", http.StatusTeapot)
		return
	}
	t := p.e.talk[i]
	p.compare(t, r, body)
	for k, v := range t.headers {
		rw.Header().Set(k, v)
	}
	text, isText := t.says.(string)
	if !isText && t.says != nil {
		b, err := json.Marshal(t.says)
		if err != nil {
			p.fail(t.line, "says: %v", err)
		}
		text = string(b)
		rw.Header().Set("Content-Type", "application/json")
	}
	rw.WriteHeader(t.status)
	_, _ = io.WriteString(rw, text) // one that went away is not our failure
}

func (p *player) compare(t turn, r *http.Request, body []byte) {
	want, err := url.ParseRequestURI(t.path)
	if err != nil {
		p.fail(t.line, "to: %v", err)
		return
	}
	if r.Method != t.method || r.URL.EscapedPath() != want.EscapedPath() || !reflect.DeepEqual(r.URL.Query(), want.Query()) {
		p.fail(t.line, "sent %s %s, want %s %s", r.Method, r.URL.RequestURI(), t.method, t.path)
		return
	}
	for k, v := range t.has {
		if r.Header.Get(k) != v {
			p.fail(t.line, "header %s is %q, want %q", k, r.Header.Get(k), v)
		}
	}
	switch {
	case t.body != nil:
		got, err := parseJSON(string(body))
		if err != nil || !reflect.DeepEqual(through(t.body), got) {
			p.fail(t.line, "sent the body %s, want %s", body, show(asMap(t.body)))
		}
	case t.xml != "" && strings.TrimSpace(string(body)) != t.xml:
		p.fail(t.line, "sent the body %s, want %s", body, t.xml)
	case t.form != nil:
		got, err := url.ParseQuery(string(body))
		have := map[string]any{}
		for k := range got {
			have[k] = got.Get(k)
		}
		for k, v := range t.form {
			t.form[k] = show(v)
		}
		if err != nil || !reflect.DeepEqual(have, t.form) {
			p.fail(t.line, "sent the form %s, want %s", show(have), show(t.form))
		}
	}
}

// pipes is a network in memory.
type pipes struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *pipes) dial(ctx context.Context, _, address string) (net.Conn, error) {
	if host, _, err := net.SplitHostPort(address); err != nil || host != "peer.test" {
		return nil, fmt.Errorf("dial %s: a test talks to its peer only", address)
	}
	here, there := net.Pipe()
	select {
	case l.conns <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Accept implements net.Listener.
func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *pipes) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (*pipes) Addr() net.Addr { return &net.UnixAddr{Name: "peer.test", Net: "unix"} }

// Untested are the actions of a file that no example tests.
func (f *File) Untested() []string {
	var out []string
	for _, a := range f.Actions {
		if len(a.Examples) == 0 {
			out = append(out, a.ID)
		}
	}
	slices.Sort(out)
	return out
}
