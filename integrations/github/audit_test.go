package github

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"firebreak/integrations"
)

// logPeer hands out an audit log, three records a page.
type logPeer struct {
	records int
	broken  int  // the page that fails, 0 for none
	loops   bool // each page hands on to the second
	asked   []string
}

func (p *logPeer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.asked = append(p.asked, r.URL.String())
	w.Header().Set("Content-Type", "application/json")
	from, _ := strconv.Atoi(r.URL.Query().Get("after"))
	switch {
	case r.URL.Path != "/orgs/acme/audit-log":
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"message":"Not Found"}`))
		return
	case p.broken > 0 && from == 3*(p.broken-1):
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	page := []m{}
	for i := from; i < min(from+3, p.records); i++ {
		page = append(page, m{"@timestamp": json.Number("9007199254740993"), "action": "repo.create", "actor": "mallory", "n": i, "echo": map[bool]string{true: ourToken}[i == 4], "line": "two\nlines"})
	}
	if next := from + 3; next < p.records {
		if p.loops {
			next = 3
		}
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?after=%d&per_page=100>; rel="next"`, r.Host, r.URL.Path, next))
	}
	_ = json.NewEncoder(w).Encode(page) // a client that went away is the test's own failure
}

func (p *logPeer) take(t *testing.T, params m) (integrations.Taken, []string, error) {
	t.Helper()
	s := httptest.NewServer(p)
	defer s.Close()
	as, err := actions(integrations.Connection{
		Name: "github", Kind: "github", BaseURL: s.URL, Now: time.Now,
		Secret: func(context.Context, string) (string, error) { return ourToken, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range as {
		if c, ok := a.(integrations.Collector); ok {
			var b bytes.Buffer
			taken, err := c.Collect(t.Context(), integrations.Call{Action: "github.audit.log", Params: params}, &b)
			if strings.Contains(b.String(), ourToken) || err != nil && strings.Contains(err.Error(), ourToken) {
				t.Error("it shows our token")
			}
			lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
			if b.Len() == 0 {
				lines = nil
			}
			return taken, lines, err
		}
	}
	t.Fatal("no action collects")
	return integrations.Taken{}, nil, nil
}

// TestAuditLog follows the pages to their end, a record a line, as it came.
func TestAuditLog(t *testing.T) {
	p := &logPeer{records: 8}
	taken, lines, err := p.take(t, m{"org": "acme", "since": "2026-11-20", "until": "2026-11-21", "phrase": "actor:mallory"})
	if err != nil || taken.Records != 8 || len(lines) != 8 || len(p.asked) != 3 {
		t.Fatalf("%d records, %d lines, %d pages, %v", taken.Records, len(lines), len(p.asked), err)
	}
	if !strings.Contains(lines[0], "9007199254740993") {
		t.Errorf("a large number did not survive: %s", lines[0])
	}
	if notes := strings.Join(taken.Notes, " "); !strings.Contains(notes, "record 5 repeated our own token") {
		t.Errorf("notes %s", notes)
	}
	for _, want := range []string{"actor%3Amallory+created%3A%3E%3D2026-11-20+created%3A%3C%3D2026-11-21", "order=asc", "include=all", "per_page=100"} {
		if !strings.Contains(p.asked[2], want) {
			t.Errorf("asked %s: want %s in it", p.asked[2], want)
		}
	}
	if taken, _, err = (&logPeer{records: 1}).take(t, m{"org": "acme"}); err != nil || !strings.Contains(strings.Join(taken.Notes, " "), "three months") {
		t.Errorf("%+v, %v", taken, err)
	}
}

// TestAuditLogThatFails keeps what came, and ends where the pages go in circles.
func TestAuditLogThatFails(t *testing.T) {
	taken, lines, err := (&logPeer{records: 9, broken: 2}).take(t, m{"org": "acme"})
	if integrations.OutcomeOf(err) != integrations.Throttled || err == nil || taken.Records != 3 || len(lines) != 3 {
		t.Errorf("%d records, %d lines, %v: want what came, and that GitHub asks to wait", taken.Records, len(lines), err)
	}
	p := &logPeer{records: 100, loops: true}
	if _, _, err := p.take(t, m{"org": "acme"}); err == nil || len(p.asked) > 3 {
		t.Errorf("%d pages, %v: want an end", len(p.asked), err)
	}
	var e *integrations.Error
	if _, _, err := (&logPeer{}).take(t, m{"enterprise": "acme"}); !errors.As(err, &e) || !strings.Contains(e.Hint, "Enterprise Cloud") {
		t.Errorf("%v: want a hint", err)
	}
}
