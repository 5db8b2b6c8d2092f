package declared

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"firebreak/integrations"
	"firebreak/integrations/conform"
)

const token = "a-secret-token-of-the-test"

func testConnection(base string) integrations.Connection {
	return integrations.Connection{
		Name: "waf", Kind: "waf", BaseURL: base, Now: time.Now, Drill: true, Settings: map[string]string{"site": "shop"},
		Secret: func(context.Context, string) (string, error) { return token, nil },
		Reveal: func(_ context.Context, ref string) (string, error) {
			if ref != "env:S" {
				return "", errors.New("no such reference")
			}
			return "revealed-value", nil
		},
	}
}

// served is the one action of a file over a peer.
func served(t *testing.T, src string, h http.HandlerFunc) (integrations.Action, *httptest.Server) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return actionOf(t, src, testConnection(s.URL)), s
}

func actionOf(t *testing.T, src string, c integrations.Connection) integrations.Action {
	t.Helper()
	files, err := Read([]Source{{"x.yaml", []byte(src)}})
	if err != nil {
		t.Fatal(err)
	}
	actions, err := Systems(files)[0].Actions(c)
	if err != nil {
		t.Fatal(err)
	}
	return actions[0]
}

// The actions of the page pass the suite against a firewall that keeps state.
func TestPageConforms(t *testing.T) {
	t.Parallel()
	open := func(t *testing.T) conform.World {
		t.Helper()
		var mu sync.Mutex
		blocked, changes := map[string]bool{}, 0
		s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			address, ok := strings.CutPrefix(r.URL.Path, "/api/sites/shop/blocked/")
			switch {
			case r.Header.Get("X-Api-Key") != token:
				rw.WriteHeader(http.StatusUnauthorized)
			case !ok || r.Method == http.MethodGet && !blocked[address]:
				rw.WriteHeader(http.StatusNotFound)
			case r.Method == http.MethodGet:
				_, _ = io.WriteString(rw, `{"since":"2026-01-02"}`)
			case r.Method == http.MethodPut:
				if !blocked[address] {
					changes++
				}
				blocked[address] = true
				rw.WriteHeader(http.StatusCreated)
			case !blocked[address]:
				rw.WriteHeader(http.StatusNotFound)
			default:
				delete(blocked, address)
				changes++
				rw.WriteHeader(http.StatusNoContent)
			}
		}))
		t.Cleanup(s.Close)
		files, err := Read([]Source{{"waf.yaml", []byte(page(t))}})
		if err != nil {
			t.Fatal(err)
		}
		r, err := integrations.NewRegistry(Systems(files), []integrations.Connection{testConnection(s.URL + "/api/")})
		if err != nil {
			t.Fatal(err)
		}
		return conform.World{Registry: r, Secrets: []string{token}, Changes: func(*testing.T) int {
			mu.Lock()
			defer mu.Unlock()
			return changes
		}}
	}
	bad := []map[string]any{{"address": "1.2.3.4/../.."}, {"address": "x"}}
	conform.Run(t, open, conform.Case{Action: "waf.address.block", Connection: "waf", Params: map[string]any{"address": "203.0.113.66"}, Bad: bad})
	conform.Run(t, open, conform.Case{
		Action: "waf.address.unblock", Connection: "waf", Params: map[string]any{"address": "203.0.113.66"}, Bad: bad,
		Setup: func(t *testing.T, w conform.World, p map[string]any) {
			a := conform.Lookup(t, w, "waf.address.block", "waf")
			if _, err := a.Do(t.Context(), integrations.Call{Action: "waf.address.block", Connection: "waf", Params: p, Key: "k"}, integrations.Plan{}); err != nil {
				t.Fatal(err)
			}
		},
	})
}

// What a value can do in a path, a query, a header and a body: be there.
func TestHostileValues(t *testing.T) {
	t.Parallel()
	src := strings.Replace(with("params: {v: {}, n: {type: int}, l: {type: list}, s: {type: secret}}",
		`do: {method: POST, url: "/a/{{ params.v }}/b", query: {q: "{{ params.v }}"}, headers: {X-V: "{{ params.l }}", X-S: "{{ secrets.s }}"}, body: {v: "{{ params.v }}", n: "{{ params.n }}", l: "{{ params.l }}", none: "{{ params.l }}", s: "{{ secrets.s }}", in: {$json: {v: "{{ params.v }}"}}}}`),
		"credential: none", "credential: none", 1)
	for _, v := range []string{
		`a"b\c`, "a b+c&d=e?f#g%2f", "a/b", "../../admin", `..\..\admin`, "..", ".", "a\r\nX-Evil: 1", "a\x00b", "ü€😀", "{{ params.n }}", strings.Repeat("x", 2000), "%2e%2e", ";", "a/./b",
	} {
		var got *http.Request
		var body []byte
		a, _ := served(t, src, func(rw http.ResponseWriter, r *http.Request) {
			got = r
			body, _ = io.ReadAll(r.Body)
			_, _ = io.WriteString(rw, "{}")
		})
		call := integrations.Call{Action: "x.y", Connection: "waf", Key: "k", Params: map[string]any{"v": v, "n": 7, "l": []any{"p", "q"}, "s": "env:S"}}
		p, err := a.Plan(t.Context(), call, integrations.Prior{})
		if err == nil && (strings.Contains(fmt.Sprint(p), "revealed-value") || !strings.Contains(p.Requests[0].Body, `"s":"***"`)) {
			t.Errorf("the plan shows the secret: %+v", p.Requests)
		}
		_, err = a.Do(t.Context(), call, p)
		if err != nil {
			if got != nil || integrations.OutcomeOf(err) != integrations.Rejected {
				t.Errorf("%q: %v, sent %v", v, err, got != nil)
			}
			continue
		}
		var in struct {
			V, S, In string
			N        int
			L        []string
		}
		if err := json.Unmarshal(body, &in); err != nil || in.V != v || in.N != 7 || len(in.L) != 2 || in.S != "revealed-value" || in.In != mustJSON(map[string]string{"v": v}) {
			t.Errorf("%q: the body %s, %v", v, body, err)
		}
		if parts := strings.Split(got.URL.EscapedPath(), "/"); len(parts) != 4 || got.URL.Query().Get("q") != v || got.Header.Get("X-Evil") != "" || got.Header.Get("X-S") != "revealed-value" || got.Header.Get("X-V") != "p, q" {
			t.Errorf("%q: %s, %v", v, got.URL, got.Header)
		}
	}
}

func mustJSON(v any) string {
	b, err := encode(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// What an answer means for what is known of the effect.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	src := with("do: {method: POST, url: /a, expect: 200, refused: answer?.ok == false}", `errors: [{status: 409, says: Exists, outcome: done}, {status: 500, says: nothing done, outcome: not-sent}, {status: 418, outcome: throttled, hint: tea}]`, `receipt: {ref: a}`)
	for name, c := range map[string]struct {
		status int
		body   string
		want   integrations.Outcome // "" is a success
	}{
		"well":              {200, `{"ok":true}`, ""},
		"no answer":         {200, ``, ""},
		"not what it says":  {200, `{"ok":false}`, integrations.Rejected},
		"no JSON":           {200, `<html>`, integrations.Ambiguous},
		"two values":        {200, `{} {}`, integrations.Ambiguous},
		"deep":              {200, strings.Repeat("[", 100) + strings.Repeat("]", 100), integrations.Ambiguous},
		"another success":   {202, `{}`, integrations.Accepted},
		"a refusal":         {400, `no`, integrations.Rejected},
		"there already":     {409, `it exists`, ""},
		"another conflict":  {409, `locked`, integrations.Rejected},
		"a failure":         {500, `oops`, integrations.Ambiguous},
		"a known failure":   {500, `Nothing done`, integrations.NotSent},
		"later":             {429, ``, integrations.Throttled},
		"later in words":    {418, ``, integrations.Throttled},
		"elsewhere":         {307, ``, integrations.Rejected},
		"larger than taken": {200, `"` + strings.Repeat("x", 5<<20) + `"`, integrations.Ambiguous},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hits := 0
			a, _ := served(t, src, func(rw http.ResponseWriter, _ *http.Request) {
				hits++
				rw.Header().Set("Location", "/elsewhere")
				rw.WriteHeader(c.status)
				_, _ = io.WriteString(rw, c.body)
			})
			_, err := a.Do(t.Context(), integrations.Call{Action: "x.y", Connection: "waf", Key: "k"}, integrations.Plan{})
			if (err == nil) != (c.want == "") || err != nil && integrations.OutcomeOf(err) != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
			if hits != 1 {
				t.Errorf("%d requests", hits)
			}
		})
	}
}

// A list goes on where the other side says, on its host and below its path, and
// is never cut in silence.
func TestPages(t *testing.T) {
	t.Parallel()
	src := func(next string) string {
		return "declared: v1\nkind: x\nsystem: {title: X, credential: {kind: bearer}}\nactions:\n  - {id: x.y, version: 1.0.0, title: Y, effects: [e], target: {kind: t, id: a}, receipt: {ref: a}, do: {method: GET, url: /a}, prior: {get: /list, pages: {items: answer.v, next: " + next + ", most: 3}, keep: {all: items}}}\n"
	}
	for name, c := range map[string]struct {
		next   string
		answer func(base string, page int) (body, link string)
		want   string // of the error; "" is all
	}{
		"addresses": {"answer.next", func(base string, n int) (string, string) {
			return fmt.Sprintf(`{"v":[%d],"next":%q}`, n, map[bool]string{true: base + "/list?page=" + fmt.Sprint(n+1), false: ""}[n < 3]), ""
		}, ""},
		"links": {"link", func(base string, n int) (string, string) {
			return fmt.Sprintf(`{"v":[%d]}`, n), map[bool]string{true: "<" + base + "/self>; rel=\"self\", <" + base + "/list?page=" + fmt.Sprint(n+1) + ">; rel=\"next\"", false: ""}[n < 3]
		}, ""},
		"cursors": {"answer.cursor, query: page", func(_ string, n int) (string, string) {
			return fmt.Sprintf(`{"v":[%d],"cursor":%s}`, n, map[bool]string{true: fmt.Sprint(n + 1), false: "null"}[n < 3]), ""
		}, ""},
		"without end": {"answer.cursor, query: page", func(_ string, n int) (string, string) { return fmt.Sprintf(`{"v":[%d],"cursor":%d}`, n, n+1), "" }, "more than 3 pages"},
		"another host": {"answer.next", func(string, int) (string, string) {
			return `{"v":[1],"next":"http://169.254.169.254/latest"}`, ""
		}, "not below the connection's base URL"},
		"a user in it": {"answer.next", func(base string, _ int) (string, string) {
			return fmt.Sprintf(`{"v":[1],"next":%q}`, strings.Replace(base, "//", "//u:p@", 1)+"/list"), ""
		}, "not below"},
		"up a folder": {"answer.next", func(string, int) (string, string) { return `{"v":[1],"next":"../../admin"}`, "" }, "not below"},
		"another scheme": {"answer.next", func(base string, _ int) (string, string) {
			return fmt.Sprintf(`{"v":[1],"next":%q}`, strings.Replace(base, "http:", "ftp:", 1)), ""
		}, "not below"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := ""
			s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				n := 1
				if p := r.URL.Query().Get("page"); p != "" {
					_, _ = fmt.Sscan(p, &n)
				}
				if r.Header.Get("Authorization") != "Bearer "+token {
					t.Errorf("page %d came without the token", n)
				}
				body, link := c.answer(base, n)
				if link != "" {
					rw.Header().Set("Link", link)
				}
				_, _ = io.WriteString(rw, body)
			}))
			defer s.Close()
			base = s.URL + "/api"
			a := actionOf(t, src(c.next), testConnection(base))
			p, err := a.Prior(t.Context(), integrations.Call{Action: "x.y", Connection: "waf"})
			switch {
			case c.want != "":
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, %v: want %q", p, err, c.want)
				}
			case err != nil || fmt.Sprint(p.State["all"]) != "[1 2 3]":
				t.Errorf("%v, %v", p, err)
			}
		})
	}
}

// What is kept stays exact through a plan's JSON, small, and without secrets.
func TestKept(t *testing.T) {
	t.Parallel()
	src := with("prior: {get: /a, keep: {big: answer.big, small: answer.small, text: answer.text}}", `do: {method: POST, url: "/{{ prior.big }}/{{ prior.small }}", body: {big: "{{ prior.big }}", small: "{{ prior.small }}"}}`)
	text := "the token is " + token
	path, body := "", ""
	a, _ := served(t, src, func(rw http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		path, body = r.URL.Path, string(b)
		_, _ = io.WriteString(rw, mustJSON(map[string]any{"big": json.Number("9007199254740993"), "small": 42, "text": text}))
	})
	call := integrations.Call{Action: "x.y", Connection: "waf", Key: "k"}
	prior, err := a.Prior(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(prior)
	if err != nil {
		t.Fatal(err)
	}
	var again integrations.Prior
	if err := json.Unmarshal(b, &again); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Do(t.Context(), call, integrations.Plan{Prior: again}); err != nil {
		t.Fatal(err)
	}
	if path != "/9007199254740993/42" || body != `{"big":"9007199254740993","small":42}` {
		t.Errorf("%s %s", path, body)
	}
	text = strings.Repeat("x", maxText+1)
	if _, err := a.Prior(t.Context(), call); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("kept %v", err)
	}
}

// What is verified by the receipt cannot be without one: that is no "it is not so".
func TestLostReceipt(t *testing.T) {
	t.Parallel()
	src := with("prior: {get: /a, keep: {at: answer.at}}", "receipt: {ref: a, data: {before: prior.at}}", "verify: {ok: state.at != receipt.before}")
	a, _ := served(t, src, func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, `{"at":2}`) })
	call := integrations.Call{Action: "x.y", Connection: "waf", Key: "k"}
	if v, err := a.Verify(t.Context(), call, integrations.Receipt{}); !errors.Is(err, integrations.ErrNotReadable) {
		t.Errorf("%+v, %v", v, err)
	}
	for before, want := range map[int]bool{1: true, 2: false} {
		if v, err := a.Verify(t.Context(), call, integrations.Receipt{Ref: "a", Data: map[string]any{"before": before}}); err != nil || v.OK != want {
			t.Errorf("%+v, %v", v, err)
		}
	}
}

// A token is asked for once, kept until it ends, and forgotten when it is not taken.
func TestTokens(t *testing.T) {
	t.Parallel()
	src := strings.Replace(with("do: {method: POST, url: /a}"), "credential: none", "settings: {client: {}}, credential: {kind: oauth2, token_url: /token, user: client, style: basic, scope: s}", 1)
	now, asked, refuse, broken := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), 0, false, 0
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/token" {
			if refuse {
				rw.WriteHeader(http.StatusUnauthorized)
			}
			_, _ = io.WriteString(rw, "{}")
			return
		}
		asked++
		if broken != 0 {
			rw.WriteHeader(broken)
			_, _ = io.WriteString(rw, `{"error":"invalid_client","error_description":"`+token+`"}`)
			return
		}
		if u, p, ok := r.BasicAuth(); !ok || u != "c1" || p != token || r.FormValue("scope") != "s" {
			t.Errorf("asked with %q", u)
		}
		_, _ = fmt.Fprintf(rw, `{"access_token":"token-%d","expires_in":3600}`, asked)
	}))
	defer s.Close()
	c := testConnection(s.URL)
	c.Settings, c.Now = map[string]string{"client": "c1"}, func() time.Time { return now }
	a := actionOf(t, src, c)
	call := integrations.Call{Action: "x.y", Connection: "waf", Key: "k"}
	do := func() error {
		_, err := a.Do(t.Context(), call, integrations.Plan{})
		return err
	}
	for i, step := range []struct {
		before  func()
		asked   int
		outcome integrations.Outcome
	}{
		{func() {}, 1, ""},
		{func() {}, 1, ""},
		{func() { now = now.Add(58 * time.Minute) }, 1, ""},
		{func() { now = now.Add(2 * time.Minute) }, 2, ""},
		{func() { refuse = true }, 2, integrations.Rejected},
		{func() { refuse = false }, 3, ""},
		{func() { now, broken = now.Add(2*time.Hour), 500 }, 4, integrations.NotSent},
		{func() { broken = 401 }, 5, integrations.Rejected},
		{func() { broken = 429 }, 6, integrations.Throttled},
	} {
		step.before()
		err := do()
		if asked != step.asked || (err == nil) != (step.outcome == "") || err != nil && integrations.OutcomeOf(err) != step.outcome {
			t.Errorf("step %d: asked %d times, %v", i, asked, err)
		}
		if err != nil && strings.Contains(err.Error(), token) {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
}

// Connections that lead nowhere say so when they are used, and disturb no other.
func TestWrongConnections(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		src      string
		base     string
		settings map[string]string
		want     string
	}{
		"no base":       {with(), "", nil, "https"},
		"a plain http":  {with(), "http://waf.example", nil, "plain http"},
		"no setting":    {page(t), "https://waf.example", map[string]string{}, "no setting site"},
		"a bad setting": {page(t), "https://waf.example", map[string]string{"site": "../x"}, "does not match"},
		"a bad label":   {strings.Replace(with(), "credential: none", "credential: none, settings: {zone: {match: '.*'}}, base_url: 'https://{zone}.waf.example'", 1), "", map[string]string{"zone": "evil.example/"}, "part of a host"},
	} {
		conn := testConnection(c.base)
		conn.Drill, conn.Settings = false, c.settings
		a := actionOf(t, c.src, conn)
		_, err := a.Plan(t.Context(), integrations.Call{Action: a.Describe().Name, Connection: "waf", Params: map[string]any{"address": "1.2.3.4"}}, integrations.Prior{})
		if name != "no setting" && name != "a bad setting" {
			_, err = a.Plan(t.Context(), integrations.Call{Action: "x.y", Connection: "waf"}, integrations.Prior{})
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || integrations.OutcomeOf(err) != integrations.Rejected {
			t.Errorf("%s: %v", name, err)
		}
	}
}
