package clickhouse_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"firebreak/integrations/clickhouse"
	"firebreak/internal/testkit"
)

func server(t *testing.T, address, password string) *clickhouse.Server {
	t.Helper()
	s, err := clickhouse.Open(clickhouse.Options{
		URL: address, Now: time.Now, Password: func(context.Context) (string, error) { return password, nil },
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAgainstTheServer(t *testing.T) {
	address := testkit.ClickHouse(t)
	ctx := t.Context()
	s := server(t, address+"/default", testkit.ClickHousePassword)
	if err := s.Exec(ctx, "CREATE TABLE IF NOT EXISTS t (n Int64, s String) ENGINE = ReplacingMergeTree ORDER BY n"); err != nil {
		t.Fatal(err)
	}
	odd := "tab\t, line\n, 'quote', \"double\", back\\slash, nul\x00, {p1:String}, é"
	if err := s.Insert(ctx, "t", "JSONEachRow", []byte(`{"n":1,"s":"tab\t, line\n, 'quote', \"double\", back\\slash, nul\u0000, {p1:String}, é"}`+"\n")); err != nil {
		t.Fatal(err)
	}
	out, err := s.Query(ctx, "SELECT count() FROM t WHERE s = {p1:String} AND n < {p2:Int64} AND n < {p3:Float64}", []clickhouse.Parameter{{"p1", "String", odd}, {"p2", "Int64", "2"}, {"p3", "Float64", "1.5"}})
	if err != nil || string(out) != "1\n" {
		t.Errorf("%q: %v", out, err)
	}

	// Half of the answers are lost: every batch is there, and each row once.
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	var n atomic.Int64
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	lossy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxied := httptest.NewRecorder()
		proxy.ServeHTTP(proxied, r)
		if n.Add(1)%2 == 1 {
			c, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = c.Close()
			}
			return
		}
		w.WriteHeader(proxied.Code)
		_, _ = w.Write(proxied.Body.Bytes())
	}))
	t.Cleanup(lossy.Close)
	l := server(t, lossy.URL, testkit.ClickHousePassword)
	for i := range 3 {
		if err := l.Insert(ctx, "t", "JSONEachRow", []byte(strings.Repeat(`{"n":`+string(rune('2'+i))+`,"s":"x"}`+"\n", 3))); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := s.Query(ctx, "SELECT count() FROM t FINAL", nil); err != nil || string(out) != "4\n" {
		t.Errorf("%q: %v", out, err)
	}

	// What the server refuses is said once, in its words, and without the password.
	asked := n.Load()
	var no *clickhouse.Refused
	if err := l.Exec(ctx, "SELECT nonsense FROM"); !errors.As(err, &no) || no.Code != 62 || no.Denied() || n.Load() > asked+2 {
		t.Errorf("%v after %d requests", err, n.Load()-asked)
	}
	_, err = server(t, address, "another password").Query(ctx, "SELECT 1", nil)
	if !errors.As(err, &no) || !no.Denied() || strings.Contains(err.Error(), "another password") {
		t.Errorf("%v", err)
	}
}

func TestServerThatIsNotThere(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	err := server(t, gone.URL, "some secret").Exec(t.Context(), "SELECT 1")
	if err == nil || strings.Contains(err.Error(), "some secret") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := server(t, gone.URL, "x").Exec(ctx, "SELECT 1"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	want := errors.New("no such variable")
	s, err := clickhouse.Open(clickhouse.Options{URL: gone.URL, Now: time.Now, Password: func(context.Context) (string, error) { return "", want }})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Exec(t.Context(), "SELECT 1"); !errors.Is(err, want) {
		t.Errorf("%v", err)
	}
}

func TestAddresses(t *testing.T) {
	for address, says := range map[string]string{
		"http://db.example:8123": "plain http", "ftp://x": "want https", "https://a:b@db.example": "a password does not belong", "https://": "want https", "http://127.0.0.1:8123": "", "https://ada@db.example:8443/dfir": "", "http://[::1]/x": "",
	} {
		_, err := clickhouse.Open(clickhouse.Options{URL: address, Now: time.Now})
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
