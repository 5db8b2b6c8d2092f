package http

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"firebreak/integrations"
)

const (
	credential = "tok-9f8e7d6c5b4a39281706"
	second     = "hdr-0011223344556677"
)

// world is a server with TLS that the system's certificates vouch for, under
// every name below example.com, and what it was sent.
type world struct {
	*testing.T
	server *httptest.Server
	answer nethttp.HandlerFunc
	mu     sync.Mutex
	got    []*nethttp.Request
	bodies []string
}

// TestMain has the test's own certificate trusted, as a user's system trusts its
// authority: Go reads the file once for a process.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(dir) }()
		s := httptest.NewTLSServer(nethttp.NotFoundHandler())
		defer s.Close()
		file := filepath.Join(dir, "ca.pem")
		err = errors.Join(
			os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600),
			os.Setenv("SSL_CERT_FILE", file), os.Setenv("SSL_CERT_DIR", dir))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, answer: func(rw nethttp.ResponseWriter, _ *nethttp.Request) { _, _ = io.WriteString(rw, `{"id": 7}`) }}
	w.server = httptest.NewUnstartedServer(nethttp.HandlerFunc(func(rw nethttp.ResponseWriter, r *nethttp.Request) {
		body, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		w.got, w.bodies = append(w.got, r), append(w.bodies, string(body))
		w.mu.Unlock()
		w.answer(rw, r)
	}))
	w.server.Config.ErrorLog = nil
	w.server.StartTLS()
	t.Cleanup(w.server.Close)
	return w
}

// over is a connection whose every name leads to the server.
func (w *world) over(base string, settings ...string) integrations.Connection {
	c := integrations.Connection{
		Name: "waf", Kind: "http", BaseURL: base, Settings: map[string]string{}, Now: time.Now,
		Secret: func(context.Context, string) (string, error) { return credential, nil },
		Has:    func(setting string) bool { return setting == "token" },
		Reveal: func(_ context.Context, reference string) (string, error) {
			if reference != "env:SECOND" {
				return "", fmt.Errorf("%s leads nowhere", reference)
			}
			return second, nil
		},
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, w.server.Listener.Addr().String())
		},
	}
	for i := 0; i < len(settings); i += 2 {
		c.Settings[settings[i]] = settings[i+1]
	}
	return c
}

func (w *world) action(c integrations.Connection, name string) integrations.Action {
	w.Helper()
	r, err := integrations.NewRegistry([]integrations.System{System()}, []integrations.Connection{c})
	if err != nil {
		w.Fatal(err)
	}
	a, _, err := r.Lookup(name, "")
	if err != nil {
		w.Fatal(err)
	}
	return a
}

// do plans and sends; reading is by http.read.
func (w *world) do(ctx context.Context, c integrations.Connection, params map[string]any) (integrations.Receipt, error) {
	w.Helper()
	name := "http.request"
	if m := params["method"]; m == "GET" || m == "HEAD" || m == "OPTIONS" {
		name = "http.read"
	}
	a := w.action(c, name)
	call := integrations.Call{Incident: "2026-0007", Step: "hook", Action: name, Connection: c.Name, Params: params, Key: "fb-key-1"}
	plan, err := a.Plan(ctx, call, integrations.Prior{})
	if err != nil {
		return integrations.Receipt{}, err
	}
	return a.Do(ctx, call, plan)
}

func (w *world) requests() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.got)
}

func (w *world) want(err error, o integrations.Outcome, says string) {
	w.Helper()
	if err == nil || integrations.OutcomeOf(err) != o || !strings.Contains(err.Error(), says) {
		w.Errorf("want %s with %q, got %v", o, says, err)
	}
	if err != nil {
		w.hides(err.Error())
	}
}

// hides says that a text holds no secret, nor most of one.
func (w *world) hides(text string) {
	w.Helper()
	for _, s := range []string{credential, second} {
		if strings.Contains(text, s[:8]) {
			w.Errorf("a secret is shown: %s", text)
		}
	}
}

const base = "https://api.example.com/v1"

// TestWhatIsSent: the request as it was written, with the credential and the key.
func TestWhatIsSent(t *testing.T) {
	w := newWorld(t)
	w.answer = func(rw nethttp.ResponseWriter, r *nethttp.Request) {
		rw.Header().Set("Set-Cookie", "session=1")
		rw.Header().Set("X-Echo", r.Header.Get("Authorization"))
		rw.WriteHeader(nethttp.StatusCreated)
		_, _ = fmt.Fprintf(rw, `{"id": 7, "token": %q, "header": %q}`, credential, second)
	}
	got, err := w.do(t.Context(), w.over(base), map[string]any{
		"method": "POST", "url": "/block?x=1", "headers": []any{"X-Why: it's \"that\""}, "secret_headers": []any{"X-Token: env:SECOND"},
		"body": `{"ip":"203.0.113.9"}`, "json": true, "expect": []any{"201"},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := w.got[0]
	for name, want := range map[string]string{
		"Authorization": "Bearer " + credential, "X-Token": second, "X-Why": `it's "that"`, "Idempotency-Key": "fb-key-1", "Content-Type": "application/json", "User-Agent": "firebreak",
	} {
		if is := r.Header.Values(name); !slices.Equal(is, []string{want}) {
			t.Errorf("%s: %q, want %q", name, is, want)
		}
	}
	if r.Method != nethttp.MethodPost || r.Host != "api.example.com" || r.RequestURI != "/v1/block?x=1" || w.bodies[0] != `{"ip":"203.0.113.9"}` {
		t.Errorf("%s %s %s %s", r.Method, r.Host, r.RequestURI, w.bodies[0])
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	w.hides(string(text))
	headers, _ := got.Data["headers"].(map[string]any)
	body, _ := got.Data["body"].(map[string]any)
	if got.Data["status"] != 201 || body["id"] != 7.0 || body["token"] != integrations.Hidden || headers["set-cookie"] != nil || headers["x-echo"] != "Bearer ***" {
		t.Errorf("%s", text)
	}
}

// TestPlanShowsNoSecret: a plan fetches none, so it can show none.
func TestPlanShowsNoSecret(t *testing.T) {
	w := newWorld(t)
	c := w.over(base)
	c.Secret = func(context.Context, string) (string, error) {
		t.Error("the credential was fetched")
		return credential, nil
	}
	c.Reveal = func(context.Context, string) (string, error) { t.Error("a secret was fetched"); return second, nil }
	a := w.action(c, "http.request")
	p, err := a.Plan(t.Context(), integrations.Call{Params: map[string]any{"method": "PUT", "url": "/x", "secret_headers": []any{"X-Token: env:SECOND"}}}, integrations.Prior{})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Requests) != 1 || !slices.Equal(p.Requests[0].Headers, []string{"X-Token: ***"}) || p.Requests[0].URL != base+"/x" || p.Target != "api.example.com" {
		t.Errorf("%+v", p)
	}
	if !slices.Contains(p.Effects, "api.example.com gets the secret env:SECOND") {
		t.Errorf("%q", p.Effects)
	}
	if w.requests() != 0 {
		t.Error("a plan sent a request")
	}
}

// TestOtherHosts: the credential goes to the connection's host and to no other.
func TestOtherHosts(t *testing.T) {
	w := newWorld(t)
	for _, url := range []string{
		"https://evil.example.com/v1/x", "https://api.example.com.evil.test/v1/x", "https://api.example.com:8443/v1/x", "http://api.example.com/v1/x",
		"//evil.example.com/x", "https://api.example.com@evil.example.com/x", `\\evil.example.com/x`, "evil.example.com/x", "https:evil.example.com", "/../x", "/%2e%2e/x",
		"/a%2f..%2f..%2fx", "https://api.example.com/v1/x#f", "file:///etc/passwd", "https:///x", "https://[::1/x", "javascript:x", "/x\nHost: evil", "",
	} {
		for _, method := range []string{"GET", "POST"} {
			_, err := w.do(t.Context(), w.over(base), map[string]any{"method": method, "url": url})
			w.want(err, integrations.Rejected, "")
		}
	}
	_, err := w.do(t.Context(), w.over(""), map[string]any{"method": "GET", "url": "/x"})
	w.want(err, integrations.Rejected, "relative")
	if w.requests() != 0 {
		t.Fatalf("%d requests were sent", w.requests())
	}
	for _, url := range []string{"/x", base + "/x", "https://API.example.com/v1/x", "/a%2Fb"} {
		if _, err := w.do(t.Context(), w.over(base), map[string]any{"method": "GET", "url": url}); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	if at := w.got[3].RequestURI; at != "/v1/a%2Fb" {
		t.Errorf("it asks for %s", at)
	}
	// Without a base URL there is no host that the credential is for.
	if _, err := w.do(t.Context(), w.over(""), map[string]any{"method": "POST", "url": "https://other.example.com/x"}); err != nil {
		t.Error(err)
	}
	if last := w.got[len(w.got)-1]; last.Host != "other.example.com" || last.Header.Get("Authorization") != "" {
		t.Errorf("%s got %q", last.Host, last.Header.Get("Authorization"))
	}
}

// TestRedirects: a read follows on its host; what changes something follows
// nowhere; nothing follows to another.
func TestRedirects(t *testing.T) {
	for _, c := range []struct {
		method, to string
		status     int
		requests   int
		outcome    integrations.Outcome // "" is a success
	}{
		{"GET", "/v1/there", 302, 2, ""},
		{"HEAD", "/v1/there", 307, 2, ""},
		{"GET", "https://evil.example.com/there", 302, 1, integrations.Rejected},
		{"GET", "https://evil.example.com/there", 307, 1, integrations.Rejected},
		{"GET", "http://api.example.com/there", 302, 1, integrations.Rejected},
		{"GET", "https://api.example.com:8443/there", 301, 1, integrations.Rejected},
		{"GET", "//evil.example.com/there", 308, 1, integrations.Rejected},
		{"GET", "/v1/again", 302, 4, integrations.Rejected}, // round and round
		{"POST", "/v1/there", 307, 1, integrations.Rejected},
		{"POST", "https://evil.example.com/there", 308, 1, integrations.Rejected},
		{"PUT", "https://evil.example.com/there", 301, 1, integrations.Rejected},
		{"POST", "/v1/there", 303, 1, integrations.Ambiguous}, // as after a form: it may be done
		{"POST", "/v1/there", 302, 1, integrations.Ambiguous},
	} {
		t.Run(fmt.Sprint(c.method, c.status, c.to), func(t *testing.T) {
			w := newWorld(t)
			w.answer = func(rw nethttp.ResponseWriter, r *nethttp.Request) {
				if r.URL.Path == "/v1/x" || r.URL.Path == "/v1/again" {
					rw.Header().Set("Location", c.to)
					rw.WriteHeader(c.status)
				}
			}
			_, err := w.do(t.Context(), w.over(base), map[string]any{"method": c.method, "url": "/x", "secret_headers": []any{"X-Token: env:SECOND"}})
			if c.outcome != "" {
				w.want(err, c.outcome, "")
			} else if err != nil {
				t.Error(err)
			}
			if w.requests() != c.requests {
				t.Errorf("%d requests", w.requests())
			}
			for _, r := range w.got {
				if r.Host != "api.example.com" || r.Method != c.method {
					t.Errorf("%s to %s", r.Method, r.Host)
				}
			}
		})
	}
}

// TestStatus: what an answer says of the effect.
func TestStatus(t *testing.T) {
	for _, c := range []struct {
		method  string
		status  int
		expect  []any
		outcome integrations.Outcome
	}{
		{"POST", 200, nil, ""},
		{"POST", 204, nil, ""},
		{"POST", 200, []any{"201"}, integrations.Ambiguous}, // it did something, not what was expected
		{"POST", 409, []any{"200", "409"}, ""},
		{"DELETE", 404, []any{204, 404}, ""},
		{"POST", 303, []any{"303"}, ""},
		{"POST", 500, []any{"500"}, ""},
		{"POST", 400, nil, integrations.Rejected},
		{"DELETE", 404, nil, integrations.Rejected},
		{"POST", 408, nil, integrations.Ambiguous},
		{"PATCH", 500, nil, integrations.Ambiguous},
		{"POST", 504, nil, integrations.Ambiguous},
		{"POST", 429, nil, integrations.Throttled},
		{"GET", 429, nil, integrations.Throttled},
		{"GET", 404, nil, integrations.Rejected},
		{"GET", 500, nil, integrations.NotSent},
		{"OPTIONS", 503, nil, integrations.NotSent},
		{"GET", 200, []any{"204"}, integrations.NotSent},
	} {
		t.Run(fmt.Sprint(c.method, c.status, c.expect), func(t *testing.T) {
			w := newWorld(t)
			w.answer = func(rw nethttp.ResponseWriter, _ *nethttp.Request) {
				rw.WriteHeader(c.status)
				// The secret lies where the excerpt is cut.
				_, _ = io.WriteString(rw, strings.Repeat("x", 290)+credential+" "+second)
			}
			params := map[string]any{"method": c.method, "url": "/x"}
			if c.expect != nil {
				params["expect"] = c.expect
			}
			got, err := w.do(t.Context(), w.over(base), params)
			switch {
			case c.outcome != "":
				w.want(err, c.outcome, "api.example.com answers")
			case err != nil || got.Data["status"] != c.status:
				t.Errorf("%+v, %v", got, err)
			}
			key := ""
			if c.method != "GET" && c.method != "OPTIONS" {
				key = "fb-key-1"
			}
			if w.requests() != 1 || w.got[0].Header.Get("Idempotency-Key") != key {
				t.Errorf("%d requests, key %q", w.requests(), w.got[0].Header.Get("Idempotency-Key"))
			}
		})
	}
}

// TestAnswersWithoutEnd: what is read has a bound; what was done stays done.
func TestAnswersWithoutEnd(t *testing.T) {
	w := newWorld(t)
	size := maxAnswer
	w.answer = func(rw nethttp.ResponseWriter, _ *nethttp.Request) {
		for n := size; n > 0; n -= 1 << 10 {
			if _, err := rw.Write(make([]byte, min(n, 1<<10))); err != nil {
				return
			}
		}
	}
	got, err := w.do(t.Context(), w.over(base), map[string]any{"method": "GET", "url": "/x"})
	if body, _ := got.Data["body"].(string); err != nil || len(body) != size {
		t.Errorf("the longest answer: %d bytes, %v", len(body), err)
	}
	for _, size = range []int{maxAnswer + 1, maxAnswer + 2, 64 << 20} {
		_, err := w.do(t.Context(), w.over(base), map[string]any{"method": "GET", "url": "/x"})
		w.want(err, integrations.NotSent, "more than")
		got, err := w.do(t.Context(), w.over(base), map[string]any{"method": "POST", "url": "/x"})
		if err != nil || got.Data["body"] != "" || got.Data["status"] != 200 {
			t.Errorf("%d bytes: %v, %v", size, got.Data["status"], err)
		}
	}
	// An answer that breaks off.
	w.answer = func(rw nethttp.ResponseWriter, _ *nethttp.Request) {
		rw.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(rw, "half")
	}
	_, err = w.do(t.Context(), w.over(base), map[string]any{"method": "GET", "url": "/x"})
	w.want(err, integrations.NotSent, "read answer")
	if _, err = w.do(t.Context(), w.over(base), map[string]any{"method": "POST", "url": "/x"}); err != nil {
		t.Errorf("it was taken: %v", err)
	}
	w.answer = func(nethttp.ResponseWriter, *nethttp.Request) { panic(nethttp.ErrAbortHandler) }
	_, err = w.do(t.Context(), w.over(base), map[string]any{"method": "POST", "url": "/x"})
	w.want(err, integrations.Ambiguous, "")
}

// TestSecretsThatAreNotThere: nothing is sent without them.
func TestSecretsThatAreNotThere(t *testing.T) {
	w := newWorld(t)
	post := map[string]any{"method": "POST", "url": "/x", "secret_headers": []any{"X-Token: env:OTHER"}}
	_, err := w.do(t.Context(), w.over(base), post)
	w.want(err, integrations.NotSent, "env:OTHER leads nowhere")
	c := w.over(base)
	c.Secret = func(context.Context, string) (string, error) { return "", errors.New("no such file") }
	_, err = w.do(t.Context(), c, map[string]any{"method": "POST", "url": "/x"})
	w.want(err, integrations.NotSent, "no such file")
	c.Secret = func(context.Context, string) (string, error) { return "a\r\nX-Evil: b", nil }
	_, err = w.do(t.Context(), c, map[string]any{"method": "POST", "url": "/x"})
	w.want(err, integrations.NotSent, "more than one line")
	c = w.over(base)
	c.Reveal = c.Secret
	for _, h := range []string{"Authorization: env:SECOND", "authorization: env:SECOND", "Host: env:SECOND", "Cookie\r\nX: env:SECOND"} {
		_, err = w.do(t.Context(), c, map[string]any{"method": "POST", "url": "/x", "secret_headers": []any{h}})
		w.want(err, integrations.Rejected, "header")
	}
	if w.requests() != 0 {
		t.Errorf("%d requests", w.requests())
	}
	// A connection without a credential takes the step's.
	c = w.over(base)
	c.Has = nil
	if _, err := w.do(t.Context(), c, map[string]any{"method": "POST", "url": "/x", "secret_headers": []any{"Authorization: env:SECOND"}}); err != nil || w.got[0].Header.Get("Authorization") != second {
		t.Errorf("%v", err)
	}
}

// TestCredentialsOfOtherForms: the header and the scheme that the connection names.
func TestCredentialsOfOtherForms(t *testing.T) {
	w := newWorld(t)
	w.answer = func(rw nethttp.ResponseWriter, _ *nethttp.Request) {
		_, _ = io.WriteString(rw, "you are "+credential)
	}
	c := w.over(base)
	c.Secret = func(context.Context, string) (string, error) { return "Basic " + credential, nil }
	got, err := w.do(t.Context(), c, map[string]any{"method": "GET", "url": "/x"})
	if err != nil || w.got[0].Header.Get("Authorization") != "Basic "+credential || got.Data["body"] != "you are ***" {
		t.Errorf("%q, %v, %v", w.got[0].Header, got.Data["body"], err)
	}
	_, err = w.do(t.Context(), w.over(base, "header", "x-api-key"), map[string]any{"method": "GET", "url": "/x"})
	if h := w.got[1].Header; err != nil || h.Get("X-Api-Key") != credential || h.Get("Authorization") != "" {
		t.Errorf("%q, %v", h, err)
	}
}

// TestStopped: a person stops it, or the server is not the one that it says.
func TestStopped(t *testing.T) {
	w := newWorld(t)
	in, out := make(chan struct{}, 2), make(chan struct{})
	w.answer = func(nethttp.ResponseWriter, *nethttp.Request) { in <- struct{}{}; <-out }
	for method, o := range map[string]integrations.Outcome{"POST": integrations.Ambiguous, "GET": integrations.NotSent} {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-in; cancel() }()
		_, err := w.do(ctx, w.over(base), map[string]any{"method": method, "url": "/x"})
		w.want(err, o, "")
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", method, err)
		}
		n := w.requests()
		_, err = w.do(ctx, w.over(base), map[string]any{"method": method, "url": "/x"})
		w.want(err, integrations.NotSent, "")
		if w.requests() != n {
			t.Error("it was sent all the same")
		}
	}
	close(out)
	n := w.requests()
	_, err := w.do(t.Context(), w.over("https://api.example.org"), map[string]any{"method": "POST", "url": "/x"})
	w.want(err, integrations.NotSent, "certificate")
	if w.requests() != n {
		t.Error("it was sent to a server that is another")
	}
}

// TestPrivateAddresses: over a connection that may not, nothing goes to this
// machine, by whatever name; link-local addresses are for none.
func TestPrivateAddresses(t *testing.T) {
	w := newWorld(t)
	c := w.over("")
	c.Dial = nil
	_, err := w.do(t.Context(), c, map[string]any{"method": "POST", "url": w.server.URL + "/x"})
	w.want(err, integrations.Rejected, "")
	_, err = w.do(t.Context(), c, map[string]any{"method": "GET", "url": strings.Replace(w.server.URL, "127.0.0.1", "[::ffff:127.0.0.1]", 1)})
	w.want(err, integrations.Rejected, "")
	if w.requests() != 0 {
		t.Error("it was sent")
	}
	c.Settings["allow_private"] = "true"
	if _, err = w.do(t.Context(), c, map[string]any{"method": "POST", "url": w.server.URL + "/x"}); err != nil {
		t.Error(err)
	}
	_, err = w.do(t.Context(), c, map[string]any{"method": "GET", "url": "http://169.254.169.254/latest/meta-data"})
	w.want(err, integrations.Rejected, "")
}
