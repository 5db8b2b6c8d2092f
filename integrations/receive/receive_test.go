package receive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

const secret, other = "a secret of the sender", "the one before it"

// bench is a receiver on a real listener.
type bench struct {
	*testing.T
	url  string
	mu   sync.Mutex
	got  []Delivery
	fail error
	log  []string
	now  time.Time
	stop func() error
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, now: time.Date(2026, 11, 21, 3, 12, 0, 0, time.UTC)}
	secrets := func(context.Context) ([]string, error) { return []string{other, secret}, nil }
	r := New([]Source{
		{Name: "pd", Kind: PagerDuty, Window: time.Hour, Secrets: secrets},
		{Name: "gh", Kind: GitHub, Secrets: secrets},
		{Name: "tok", Kind: Token, Format: "falco", Secrets: secrets},
		{Name: "none", Kind: Token, Secrets: func(context.Context) ([]string, error) { return nil, errors.New("the variable is not set") }},
	}, func() time.Time { return b.now }, func(_ context.Context, d Delivery) (string, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.fail != nil {
			return "", b.fail
		}
		d.Body = bytes.Clone(d.Body)
		b.got = append(b.got, d)
		return fmt.Sprint("i", len(b.got)), nil
	}, func(format string, args ...any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.log = append(b.log, fmt.Sprintf(format, args...))
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Serve(ctx, l, nil) }()
	b.url = "http://" + l.Addr().String()
	b.stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() {
		if err := b.stop(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// post sends a body and returns the status and what was said.
func (b *bench) post(path string, body string, headers ...string) (int, string) {
	b.Helper()
	req, err := http.NewRequest(http.MethodPost, b.url+path, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func TestWhoSent(t *testing.T) {
	b := newBench(t)
	const body = `{"event":{"event_type":"incident.triggered","occurred_at":"2026-11-21T03:00:00Z","data":{}}}`
	bearer := func(s string) []string { return []string{"Authorization", "Bearer " + s} }
	for name, c := range map[string]struct {
		path    string
		headers []string
		want    int
	}{
		"PagerDuty":              {"/v1/pd", []string{"X-PagerDuty-Signature", "v1=" + sign(secret, []byte(body))}, 202},
		"several":                {"/v1/pd", []string{"X-PagerDuty-Signature", "v1=00, v1=" + sign(other, []byte(body)) + ",v2=11"}, 202},
		"of another body":        {"/v1/pd", []string{"X-PagerDuty-Signature", "v1=" + sign(secret, []byte(body+" "))}, 401},
		"of another version":     {"/v1/pd", []string{"X-PagerDuty-Signature", "v2=" + sign(secret, []byte(body))}, 401},
		"none":                   {"/v1/pd", nil, 401},
		"GitHub":                 {"/v1/gh", []string{"X-Hub-Signature-256", "sha256=" + sign(secret, []byte(body)), "X-GitHub-Event", "dependabot_alert"}, 202},
		"GitHub, old":            {"/v1/gh", []string{"X-Hub-Signature", "sha1=" + sign(secret, []byte(body))}, 401},
		"GitHub, with PagerDuty": {"/v1/gh", []string{"X-PagerDuty-Signature", "v1=" + sign(secret, []byte(body))}, 401},
		"token":                  {"/v1/tok", bearer(secret), 202},
		"the former token":       {"/v1/tok", bearer(other), 202},
		"half a token":           {"/v1/tok", bearer(secret[:8]), 401},
		"basic":                  {"/v1/tok", []string{"Authorization", "Basic " + secret}, 401},
		"empty token":            {"/v1/tok", bearer(""), 401},
		"its secret is gone":     {"/v1/none", bearer(secret), 500},
		"no such source":         {"/v1/nobody", bearer(secret), 404},
		"no source":              {"/", bearer(secret), 404},
		"compressed":             {"/v1/tok", append(bearer(secret), "Content-Encoding", "gzip"), 415},
		"ping of GitHub":         {"/v1/gh", []string{"X-Hub-Signature-256", "sha256=" + sign(secret, []byte(body)), "X-GitHub-Event", "ping"}, 200},
	} {
		before := len(b.got)
		code, said := b.post(c.path, body, c.headers...)
		kept := len(b.got) - before
		if code != c.want || (kept == 1) != (c.want == 202) {
			t.Errorf("%s: %d %s, %d kept; want %d", name, code, said, kept, c.want)
		}
		if strings.Contains(said, secret) || strings.Contains(said, "event_type") {
			t.Errorf("%s: it says too much: %s", name, said)
		}
	}
	if text := strings.Join(b.log, "\n"); strings.Contains(text, secret) || strings.Contains(text, "event_type") {
		t.Errorf("the log says too much: %s", text)
	}
	if resp, err := http.Get(b.url + "/v1/tok"); err != nil || resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %v %v", resp, err)
	} else if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
}

func TestWindow(t *testing.T) {
	b := newBench(t)
	for at, want := range map[string]int{
		"2026-11-21T03:00:00Z": 202, "2026-11-21T02:13:00Z": 202, "2026-11-21T02:11:00Z": 403, "2020-01-01T00:00:00Z": 403, "2026-11-21T03:20:00Z": 202, "2026-11-21T03:30:00Z": 403,
	} {
		body := `{"event":{"event_type":"incident.triggered","occurred_at":"` + at + `","data":{}}}`
		if code, said := b.post("/v1/pd", body, "X-PagerDuty-Signature", "v1="+sign(secret, []byte(body))); code != want {
			t.Errorf("%s: %d %s, want %d", at, code, said, want)
		}
	}
	const ping = `{"event":{"event_type":"pagey.ping","occurred_at":"2026-11-21T03:12:00Z","data":{}}}`
	n := len(b.got)
	if code, _ := b.post("/v1/pd", ping, "X-PagerDuty-Signature", "v1="+sign(secret, []byte(ping))); code != 200 || len(b.got) != n {
		t.Errorf("a ping: %d, %d kept", code, len(b.got)-n)
	}
}

func TestWhatKeepSays(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		err  error
		want int
		says string
	}{
		{fmt.Errorf("%w: line 1", ErrBad), 422, "line 1"}, {ErrFull, 503, "no room"}, {errors.New("disk on fire at /home/x"), 500, "try again"}, {nil, 202, `"item":"i1"`},
	} {
		b.mu.Lock()
		b.fail = c.err
		b.mu.Unlock()
		code, said := b.post("/v1/tok", "{}", "Authorization", "Bearer "+secret)
		if code != c.want || !strings.Contains(said, c.says) || strings.Contains(said, "/home") {
			t.Errorf("%v: %d %s", c.err, code, said)
		}
	}
	if b.got[0].Format != "falco" || b.got[0].Source != "tok" {
		t.Errorf("%+v", b.got)
	}
}

func TestBounds(t *testing.T) {
	b := newBench(t)
	large := strings.Repeat("x", MaxBody+1)
	if code, said := b.post("/v1/tok", large, "Authorization", "Bearer "+secret); code != 413 {
		t.Errorf("declared: %d %s", code, said)
	}
	// One that does not say how long it is.
	req, err := http.NewRequest(http.MethodPost, b.url+"/v1/tok", io.MultiReader(strings.NewReader(large), strings.NewReader("y")))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+secret)
	if resp, err := http.DefaultClient.Do(req); err == nil {
		if resp.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("undeclared: %d", resp.StatusCode)
		}
		_ = resp.Body.Close()
	}
	if len(b.got) != 0 {
		t.Errorf("%d were kept", len(b.got))
	}
	if code, _ := b.post("/v1/tok", "", "Authorization", "Bearer "+secret); code != 400 {
		t.Errorf("no body: %d", code)
	}
	limited := 0
	for range badBurst + 10 {
		if code, _ := b.post("/v1/tok", "{}", "Authorization", "Bearer wrong-wrong"); code == 429 {
			limited++
		}
	}
	if limited == 0 {
		t.Error("wrong secrets have no limit")
	}
	if code, _ := b.post("/v1/pd", "{}", "X-PagerDuty-Signature", "v1="+sign(secret, []byte("{}"))); code != 202 {
		t.Errorf("another sender is refused too: %d", code)
	}
}

// One that hangs up in the middle, or sends nothing, is kept nowhere; what was begun
// is ended when the receiver stops.
func TestStop(t *testing.T) {
	b := newBench(t)
	c, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(c, "POST /v1/tok HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 100\r\n\r\nhalf", secret); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if code, _ := b.post("/v1/tok", "{}", "Authorization", "Bearer "+secret); code != 202 {
		t.Errorf("after it: %d", code)
	}
	if err := b.stop(); err != nil {
		t.Error(err)
	}
	if len(b.got) != 1 || string(b.got[0].Body) != "{}" {
		t.Errorf("%+v", b.got)
	}
	if c, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://")); err == nil {
		t.Error("it still listens", c.Close())
	}
}
