package integrations

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// send makes one request with the client and returns what Fail says of it.
func send(t *testing.T, c *http.Client, method, url string) error {
	t.Helper()
	ctx, x := Watch(t.Context())
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(r)
	if err != nil {
		return x.Fail("send", err)
	}
	defer closing(t, resp.Body)
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return x.Fail("read", err)
	}
	if resp.StatusCode > 299 {
		return x.Fail("send", fmt.Errorf("%s: %s", resp.Status, b))
	}
	return nil
}

func closing(t *testing.T, c io.Closer) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func fixed() time.Time { return time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC) }

func testClient(l Limits) *http.Client {
	if l.Writes == 0 {
		l.Writes = 1000
	}
	return NewClient(Connection{Name: "c", Now: fixed}, l)
}

func TestOutcomes(t *testing.T) {
	type answer struct {
		status  int
		headers map[string]string
		body    string
	}
	for name, c := range map[string]struct {
		answer answer
		read   Outcome
		write  Outcome
		after  time.Duration
	}{
		"bad request":        {answer{400, nil, "no"}, Rejected, Rejected, 0},
		"unauthorized":       {answer{401, nil, "no"}, Rejected, Rejected, 0},
		"forbidden":          {answer{403, nil, `{"message":"Resource not accessible"}`}, Rejected, Rejected, 0},
		"missing":            {answer{404, nil, "no"}, Rejected, Rejected, 0},
		"timeout over there": {answer{408, nil, "no"}, NotSent, Ambiguous, 0},
		"conflict":           {answer{409, nil, "no"}, Rejected, Rejected, 0},
		"too many":           {answer{429, nil, "no"}, Throttled, Throttled, time.Minute},
		"too many, seconds":  {answer{429, map[string]string{"Retry-After": "9"}, ""}, Throttled, Throttled, 9 * time.Second},
		"too many, a date":   {answer{429, map[string]string{"Retry-After": "Sun, 22 Nov 2026 03:02:00 GMT"}, ""}, Throttled, Throttled, 2 * time.Minute},
		"too many, hostile":  {answer{429, map[string]string{"Retry-After": "999999999"}, ""}, Throttled, Throttled, 24 * time.Hour},
		"too many, the past": {answer{429, map[string]string{"Retry-After": "-5"}, ""}, Throttled, Throttled, time.Second},
		"pagerduty's way":    {answer{429, map[string]string{"ratelimit-reset": "11"}, ""}, Throttled, Throttled, 11 * time.Second},
		"primary limit": {
			answer{403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": fmt.Sprint(fixed().Unix() + 30)}, "x"},
			Throttled, Throttled, 30 * time.Second,
		},
		"secondary limit, named":    {answer{403, map[string]string{"Retry-After": "4"}, "x"}, Throttled, Throttled, 4 * time.Second},
		"secondary limit, in words": {answer{403, nil, `{"message":"You have exceeded a secondary rate limit."}`}, Throttled, Throttled, time.Minute},
		"abuse, in words":           {answer{403, nil, `{"message":"You have triggered an abuse detection mechanism."}`}, Throttled, Throttled, time.Minute},
		"a limit, by its address": {
			answer{403, nil, `{"message":"Forbidden","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`},
			Throttled, Throttled, time.Minute,
		},
		"too many, a moment":       {answer{429, map[string]string{"Ratelimit-Reset": fmt.Sprint(fixed().Unix() + 45)}, ""}, Throttled, Throttled, 45 * time.Second},
		"too many, fractions":      {answer{429, map[string]string{"Retry-After": "1.5"}, ""}, Throttled, Throttled, 1500 * time.Millisecond},
		"too many, no number":      {answer{429, map[string]string{"Retry-After": "soon"}, ""}, Throttled, Throttled, time.Minute},
		"too many, not finite":     {answer{429, map[string]string{"Retry-After": "NaN", "X-Ratelimit-Reset": "Inf"}, ""}, Throttled, Throttled, 24 * time.Hour},
		"too many, the second way": {answer{429, map[string]string{"Retry-After": "later", "Ratelimit-Reset": "8"}, ""}, Throttled, Throttled, 8 * time.Second},
		"too many, a past moment":  {answer{429, map[string]string{"X-Ratelimit-Reset": fmt.Sprint(fixed().Unix() - 90)}, ""}, Throttled, Throttled, time.Second},
		"a limit that is not over": {answer{403, map[string]string{"X-RateLimit-Remaining": "7", "X-RateLimit-Reset": "30"}, "no"}, Rejected, Rejected, 0},
		"too early":                {answer{425, nil, "no"}, Rejected, Rejected, 0},
		"gone":                     {answer{410, nil, "no"}, Rejected, Rejected, 0},
		"too large":                {answer{413, nil, "no"}, Rejected, Rejected, 0},
		"not valid":                {answer{422, nil, "no"}, Rejected, Rejected, 0},
		"gateway timeout":          {answer{504, nil, "no"}, NotSent, Ambiguous, 0},
		"no such status":           {answer{599, nil, "no"}, NotSent, Ambiguous, 0},
		"as after a form":          {answer{303, map[string]string{"Location": "https://example.invalid/done"}, "no"}, Rejected, Ambiguous, 0},
		"server error":             {answer{500, nil, "no"}, NotSent, Ambiguous, 0},
		"bad gateway":              {answer{502, nil, "no"}, NotSent, Ambiguous, 0},
		"unavailable":              {answer{503, map[string]string{"Retry-After": "3"}, "no"}, NotSent, Ambiguous, 0},
		"elsewhere":                {answer{307, map[string]string{"Location": "http://203.0.113.1/"}, "no"}, Rejected, Rejected, 0},
		"elsewhere, for good":      {answer{301, map[string]string{"Location": "https://example.invalid/"}, "no"}, Rejected, Rejected, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				for k, v := range c.answer.headers {
					w.Header().Set(k, v)
				}
				w.WriteHeader(c.answer.status)
				_, _ = io.WriteString(w, c.answer.body)
			}))
			defer s.Close()
			for method, want := range map[string]Outcome{"GET": c.read, "POST": c.write, "DELETE": c.write, "PUT": c.write} {
				err := send(t, testClient(Limits{}), method, s.URL)
				var e *Error
				if !errors.As(err, &e) || e.Outcome != want || e.After != c.after {
					t.Errorf("%s: %v, after %v: want %s, after %s", method, err, e, want, c.after)
				}
				if !strings.Contains(err.Error(), c.answer.body) {
					t.Errorf("%s: the error lost the answer's text: %v", method, err)
				}
			}
		})
	}
}

func TestBrokenConnections(t *testing.T) {
	hangUp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			closing(t, c)
		}
	}))
	defer hangUp.Close()
	if err := send(t, testClient(Limits{}), "POST", hangUp.URL); OutcomeOf(err) != Ambiguous || err == nil {
		t.Errorf("a lost answer: %v", err)
	}
	if err := send(t, testClient(Limits{}), "GET", hangUp.URL); OutcomeOf(err) != NotSent {
		t.Errorf("a lost answer to a read: %v", err)
	}
	var calls atomic.Int32
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, "a")
		_ = http.NewResponseController(w).Flush()
		<-release // an answer that never ends
	}))
	defer slow.Close()
	defer close(release)
	if err := send(t, testClient(Limits{Timeout: 50 * time.Millisecond}), "PUT", slow.URL); OutcomeOf(err) != Ambiguous || err == nil {
		t.Errorf("an answer that never ends: %v", err)
	}
	if n := calls.Load(); n != 1 {
		t.Errorf("the request was sent %d times", n)
	}
	flood := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, 5000))
	}))
	defer flood.Close()
	if err := send(t, testClient(Limits{Body: 4999}), "POST", flood.URL); OutcomeOf(err) != Ambiguous || !strings.Contains(err.Error(), "too long") {
		t.Errorf("a flood: %v", err)
	}
	if err := send(t, testClient(Limits{Body: 5000}), "POST", flood.URL); err != nil {
		t.Errorf("an answer just within the cap: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ctx, x := Watch(ctx)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, flood.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = testClient(Limits{}).Do(r) //nolint:bodyclose // there is none
	if err = x.Fail("send", err); OutcomeOf(err) != NotSent || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	bare, err := http.NewRequestWithContext(t.Context(), http.MethodPost, flood.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := testClient(Limits{}).Do(bare); err == nil { //nolint:bodyclose // there is none
		t.Error("a request that nobody watches was sent")
	}
}

func TestTLS(t *testing.T) {
	old := httptest.NewUnstartedServer(http.NotFoundHandler())
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	old.Config.ErrorLog = log.New(io.Discard, "", 0)
	old.StartTLS()
	defer old.Close()
	if err := send(t, testClient(Limits{}), "POST", old.URL); OutcomeOf(err) != NotSent || err == nil {
		t.Errorf("TLS 1.1: %v", err)
	}
	stranger := httptest.NewUnstartedServer(http.NotFoundHandler())
	stranger.Config.ErrorLog = log.New(io.Discard, "", 0)
	stranger.StartTLS()
	defer stranger.Close()
	if err := send(t, testClient(Limits{}), "POST", stranger.URL); OutcomeOf(err) != NotSent || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate that nobody vouches for: %v", err)
	}
}

func TestRedirects(t *testing.T) {
	var got atomic.Int32
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got.Add(1) }))
	defer target.Close()
	var writes atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			writes.Add(1)
		}
		switch r.URL.Path {
		case "/here":
			http.Redirect(w, r, "/end", http.StatusTemporaryRedirect)
		case "/there":
			http.Redirect(w, r, target.URL, http.StatusTemporaryRedirect)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		}
	}))
	defer s.Close()
	c := testClient(Limits{})
	if err := send(t, c, "GET", s.URL+"/here"); err != nil {
		t.Errorf("a read on the same host: %v", err)
	}
	for _, path := range []string{"/there", "/round"} {
		if err := send(t, c, "GET", s.URL+path); OutcomeOf(err) != Rejected || err == nil {
			t.Errorf("GET %s: %v", path, err)
		}
	}
	// 302 is also how programs answer a form that they took.
	for path, want := range map[string]Outcome{"/here": Rejected, "/there": Rejected, "/round": Ambiguous} {
		if err := send(t, c, "POST", s.URL+path); OutcomeOf(err) != want || err == nil {
			t.Errorf("POST %s: %v", path, err)
		}
	}
	if got.Load() != 0 || writes.Load() != 3 {
		t.Errorf("another host got %d requests, this one %d writes", got.Load(), writes.Load())
	}
}

// TestNothingIsReplayed has each request come on a connection of its own: the
// transport repeats by itself only what it sent on one that was used before.
func TestNothingIsReplayed(t *testing.T) {
	var connections atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	c := testClient(Limits{})
	for range 3 {
		if err := send(t, c, "POST", s.URL); err != nil {
			t.Error(err)
		}
	}
	if n := connections.Load(); n != 3 {
		t.Errorf("three requests came on %d connections", n)
	}
}

// TestWritesDoNotOverlap has many goroutines write at once.
func TestWritesDoNotOverlap(t *testing.T) {
	var now, most atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		most.Store(max(most.Load(), now.Add(1)))
		time.Sleep(time.Millisecond)
		now.Add(-1)
	}))
	defer s.Close()
	c := testClient(Limits{})
	done := make(chan error)
	for range 20 {
		go func() { done <- send(t, c, "POST", s.URL) }()
	}
	for range 20 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if most.Load() != 1 {
		t.Errorf("%d writes at once", most.Load())
	}
}

func TestReach(t *testing.T) {
	for a, want := range map[string][2]bool{ // reachable: anywhere, public only
		"93.184.216.34": {true, true}, "2606:4700::1111": {true, true}, "203.0.113.1": {true, true},
		"127.0.0.1": {true, false}, "::1": {true, false}, "10.1.2.3": {true, false}, "192.168.1.1": {true, false}, "172.16.0.1": {true, false},
		"fd00::1": {true, false}, "100.64.0.1": {true, false}, "::ffff:10.0.0.1": {true, false}, "::ffff:127.0.0.1": {true, false},
		"64:ff9b::a9fe:a9fe": {true, false}, "2002:7f00:1::": {true, false}, "240.0.0.1": {true, false}, "198.18.0.1": {true, false}, "0.1.2.3": {true, false},
		"169.254.169.254": {false, false}, "::ffff:169.254.169.254": {false, false}, "fe80::1": {false, false}, "fe80::1%eth0": {false, false},
		"224.0.0.1": {false, false}, "ff02::1": {false, false}, "0.0.0.0": {false, false}, "::": {false, false},
	} {
		ip := netip.MustParseAddr(a)
		for i, r := range []reach{{}, {public: true}} {
			if got := r.refuses(ip) == ""; got != want[i] {
				t.Errorf("%s, public only %v: reachable %v", a, r.public, got)
			}
		}
	}
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	err := send(t, testClient(Limits{Public: true}), "POST", s.URL)
	var e *Error
	if !errors.As(err, &e) || e.Outcome != Rejected || e.Hint == "" {
		t.Errorf("a loopback address, public only: %v", err)
	}
	// A name leads where its address leads.
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := send(t, testClient(Limits{Public: true}), "POST", "http://localhost:"+port); OutcomeOf(err) != Rejected {
		t.Errorf("localhost by name, public only: %v", err)
	}
}

func TestBase(t *testing.T) {
	for raw, fine := range map[string]bool{
		"": true, "https://ghe.example.org/api/v3/": true, "http://127.0.0.1:8080": true, "http://localhost": true, "http://[::1]:1/": true,
		"http://ghe.example.org/": false, "ftp://x/": false, "https://": false, "https://u:p@x/": false, "https://x/?q=1": false, "https://x/#f": false, "x": false, "https://a b/": false,
	} {
		_, err := Base(Connection{BaseURL: raw}, "https://vendor.example/")
		if (err == nil) != fine {
			t.Errorf("%q: %v", raw, err)
		}
		if err != nil && strings.Contains(err.Error(), "u:p") {
			t.Errorf("%q: the error shows the password: %v", raw, err)
		}
	}
	if _, err := Base(Connection{BaseURL: "http://github.drill.invalid/", Drill: true}, ""); err != nil {
		t.Error(err)
	}
}
