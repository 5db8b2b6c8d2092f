package all

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"firebreak/integrations"
	"firebreak/integrations/conform"
	"firebreak/integrations/drill"
)

// TestFaultsOfChat breaks the servers by which people are told in each way, and
// checks what the adapter says is known about the effect against what the world
// holds.
func TestFaultsOfChat(t *testing.T) {
	type m = map[string]any
	actions := []struct {
		name, connection, system string
		params                   m
		failed                   integrations.Outcome // at a plain "it failed"
	}{
		{"slack.message.post", "slack", "slack", m{"channel": drill.SlackChannel, "text": "x"}, integrations.Ambiguous},
		{"slack.channel.topic", "slack", "slack", m{"channel": drill.SlackChannel, "topic": "x"}, integrations.Ambiguous},
		{"slack.channel.create", "slack", "slack", m{"name": "inc-7"}, integrations.Ambiguous},
		{"jira.issue.create", "jira", "jira", m{"project": drill.JiraProject, "summary": "x"}, integrations.Ambiguous},
		{"jira.issue.comment", "jira", "jira", m{"issue": drill.JiraIssue, "text": "x"}, integrations.Ambiguous},
		{"teams.message.send", "chat", "teams", m{"text": "x"}, integrations.Ambiguous},
		{"smtp.mail.send", "email", "smtp", m{"subject": "x", "text": "x"}, integrations.Rejected}, // a mail server says so before it takes a mail
	}
	modes := []struct {
		mode    drill.Mode
		want    integrations.Outcome
		changed int
	}{
		{drill.DropBefore, integrations.Ambiguous, 0},
		{drill.DropAfter, integrations.Ambiguous, 1},
		{drill.TooMany, integrations.Throttled, 0},
		{drill.ServerError, "", 0},
		{drill.ErrorAfter, integrations.Ambiguous, 1},
		{drill.Echo, integrations.Rejected, 0},
	}
	for _, a := range actions {
		for _, f := range modes {
			want := f.want
			if want == "" {
				want = a.failed
			}
			t.Run(a.name+"/"+string(f.mode), func(t *testing.T) {
				t.Parallel()
				d, w := open(t)
				action := conform.Lookup(t, w, a.name, a.connection)
				call := integrations.Call{Action: a.name, Connection: a.connection, Params: a.params, Key: integrations.Key("2026-0007", "a1", 0), Incident: "2026-0007"}
				prior, err := action.Prior(t.Context(), call)
				if err != nil {
					t.Fatal(err)
				}
				p, err := action.Plan(t.Context(), call, prior)
				if err != nil {
					t.Fatal(err)
				}
				d.Fail(drill.Fault{System: a.system, Method: p.Requests[0].Method, Mode: f.mode})
				before := w.Changes(t)
				_, err = action.Do(t.Context(), call, p)
				if err == nil || integrations.OutcomeOf(err) != want {
					t.Errorf("%v: want %s", err, want)
				}
				if n := w.Changes(t) - before; n != f.changed {
					t.Errorf("the world changed %d times: want %d", n, f.changed)
				}
				if err != nil && conform.Leaks(err.Error(), w.Secrets) {
					t.Errorf("the error shows a secret: %v", err)
				}
				finder, ok := action.(integrations.Finder)
				if !ok {
					if _, err := action.Verify(t.Context(), call, integrations.Receipt{}); !errors.Is(err, integrations.ErrNotReadable) {
						t.Errorf("without a receipt: %v: want that nobody can know", err)
					}
					return
				}
				if _, found, err := finder.Find(t.Context(), call); err != nil || found != (f.changed == 1) {
					t.Errorf("find: %v, %v: the world changed %d times", found, err, f.changed)
				}
			})
		}
	}
}

// hostiles are answers of a server that means no good.
func hostiles() map[string]func(w http.ResponseWriter, r *http.Request, sent *atomic.Int64) {
	type answer = func(http.ResponseWriter, *http.Request, *atomic.Int64)
	pour := func(w io.Writer, sent *atomic.Int64, chunk string) {
		for range 100_000 {
			n, err := io.WriteString(w, chunk)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	}
	return map[string]answer{
		"endless body": func(w http.ResponseWriter, _ *http.Request, sent *atomic.Int64) {
			w.WriteHeader(http.StatusInternalServerError)
			pour(w, sent, strings.Repeat("x", 64<<10))
		},
		"endless answer that looks good": func(w http.ResponseWriter, _ *http.Request, sent *atomic.Int64) {
			_, _ = io.WriteString(w, `{"ok":true,"key":"SEC-1","ts":"`) // the client may have gone
			pour(w, sent, strings.Repeat("x", 64<<10))
		},
		"slow body": func(w http.ResponseWriter, r *http.Request, _ *atomic.Int64) {
			w.WriteHeader(http.StatusInternalServerError)
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, "x")
				w.(http.Flusher).Flush()
				time.Sleep(10 * time.Millisecond)
			}
		},
		"deep JSON": func(w http.ResponseWriter, _ *http.Request, _ *atomic.Int64) {
			_, _ = io.WriteString(w, `{"ok":true,"channel":`+strings.Repeat("[", 1<<20))
		},
		"HTML": func(w http.ResponseWriter, _ *http.Request, _ *atomic.Int64) {
			_, _ = io.WriteString(w, "<html><script>alert(1)</script>")
		},
		"headers without end": func(w http.ResponseWriter, _ *http.Request, _ *atomic.Int64) {
			for i := range 200 {
				w.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("x", 4<<10))
			}
		},
		"escapes in the refusal": func(w http.ResponseWriter, r *http.Request, _ *atomic.Int64) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"ok":false,"error":"\u001b]0;owned\u0007","errorMessages":["\u001b[2J`+strings.Repeat("long ", 1000)+r.Header.Get("Authorization")+r.URL.String()+`"]}`)
		},
		"sent elsewhere": func(w http.ResponseWriter, _ *http.Request, _ *atomic.Int64) {
			w.Header().Set("Location", "http://169.254.169.254/latest/meta-data/")
			w.WriteHeader(http.StatusTemporaryRedirect)
		},
	}
}

// TestHostilePeers meets each of them with each adapter that speaks HTTP here.
// What comes back is bounded, shows no secret, and claims to know only what is
// known.
func TestHostilePeers(t *testing.T) {
	type m = map[string]any
	const secret = "a-secret-of-sixteen-bytes-or-more"
	for _, a := range []struct {
		kind, action string
		params       m
		settings     map[string]string
		blind        bool // it looks at the status alone
	}{
		{"slack", "slack.message.post", m{"channel": "C0000000001", "text": "x", "thread": "none"}, nil, false},
		{"jira", "jira.issue.create", m{"project": "SEC", "summary": "x"}, map[string]string{"mail": "a@example.org"}, false},
		{"teams", "teams.message.send", m{"text": "x"}, map[string]string{"allow_private": "true"}, true},
		{"webhook", "webhook.send", m{"message": "x"}, map[string]string{"allow_private": "true"}, true},
	} {
		for name, serve := range hostiles() {
			t.Run(a.kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				var sent atomic.Int64
				s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(w, r, &sent) }))
				t.Cleanup(s.Close)
				c := integrations.Connection{
					Name: a.kind, Kind: a.kind, Now: time.Now, Settings: a.settings, BaseURL: s.URL,
					Secret: func(_ context.Context, setting string) (string, error) {
						if setting == "url" {
							return s.URL + "/workflows/x?sig=" + secret, nil
						}
						return secret, nil
					},
				}
				if a.kind == "teams" {
					c.BaseURL = ""
				}
				r, err := integrations.NewRegistry(Systems(), []integrations.Connection{c})
				if err != nil {
					t.Fatal(err)
				}
				action, _, err := r.Lookup(a.action, a.kind)
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
				defer cancel()
				if name != "slow body" {
					ctx = t.Context()
				}
				_, err = action.Do(ctx, integrations.Call{Action: a.action, Connection: a.kind, Params: a.params, Key: "k"}, integrations.Plan{})
				want := integrations.Ambiguous
				if name == "escapes in the refusal" || name == "sent elsewhere" {
					want = integrations.Rejected
				}
				blind := a.blind && (name == "endless answer that looks good" || name == "deep JSON" || name == "HTML")
				switch {
				case blind && err != nil:
					t.Errorf("%v: a 2xx is all that there is to know", err)
				case !blind && (err == nil || integrations.OutcomeOf(err) != want):
					t.Errorf("%v: want %s", err, want)
				}
				if err != nil && (len(err.Error()) > 700 || conform.Leaks(err.Error(), []string{secret})) {
					t.Errorf("the error is long or shows the secret: %q", err)
				}
				if n := sent.Load(); n > 12<<20 {
					t.Errorf("it took %d bytes", n)
				}
			})
		}
	}
}
