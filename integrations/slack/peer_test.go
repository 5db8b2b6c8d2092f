package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slack-go/slack/slacktest"

	"firebreak/integrations"
	"firebreak/integrations/conform"
)

// posting is a way to a peer that knows only POST: Slack itself takes GET for
// what reads. It counts the changes that were taken.
type posting struct {
	*httptest.Server
	changes atomic.Int64
	last    atomic.Pointer[string] // answer
}

func toPost(t *testing.T, base string) *posting {
	t.Helper()
	to, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	p := &posting{}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			if r.In.Method == http.MethodGet {
				r.Out.Method = http.MethodPost
				r.Out.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				r.Out.Body = io.NopCloser(strings.NewReader(r.In.URL.RawQuery))
				r.Out.ContentLength = int64(len(r.In.URL.RawQuery))
				r.Out.URL.RawQuery = ""
			}
		},
		ModifyResponse: func(r *http.Response) error {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			r.Body = io.NopCloser(bytes.NewReader(b))
			text := string(b)
			p.last.Store(&text)
			var a answer
			if json.Unmarshal(b, &a) == nil && a.OK && r.Request.Context().Value(writes{}) == true {
				p.changes.Add(1)
			}
			return nil
		},
	}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), writes{}, r.Method == http.MethodPost)))
	}))
	t.Cleanup(p.Close)
	return p
}

type writes struct{}

func connection(base, token string) integrations.Connection {
	return integrations.Connection{
		Name: "slack", Kind: "slack", BaseURL: base, Now: time.Now, Drill: true, // no second between two writes
		Secret: func(context.Context, string) (string, error) { return token, nil },
	}
}

// emulator starts npm's emulate, a stateful Slack that others wrote, with scopes
// checked.
func emulator(t *testing.T) *posting {
	t.Helper()
	program, err := exec.LookPath("emulate")
	if err != nil {
		t.Skip("the emulator of Slack is not here: npm install -g emulate@0.11.2 (tools/needs test)")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	seed := filepath.Join(t.TempDir(), "seed.json")
	if err := os.WriteFile(seed, []byte(`{"slack": {
		"strict_scopes": true,
		"users": [{"name": "firebreak"}, {"name": "ada"}],
		"channels": [{"name": "incidents", "topic": "Ask here first"}, {"name": "payments"}],
		"tokens": [
			{"token": "xoxb-least-0123456789", "user": "firebreak", "scopes": ["chat:write", "channels:manage", "channels:read", "channels:history", "pins:read", "pins:write", "bookmarks:read", "bookmarks:write"]},
			{"token": "xoxb-write-0123456789", "user": "firebreak", "scopes": ["chat:write"]}
		]}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "start", "--service", "slack", "--port", fmt.Sprint(port), "--seed", seed)
	cmd.Dir = t.TempDir()
	var words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &words, &words
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // the test's end may have done so
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(words.String())
		}
	})
	address := fmt.Sprintf("127.0.0.1:%d", port)
	for range 200 {
		if c, err := net.Dial("tcp", address); err == nil {
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			return toPost(t, "http://"+address)
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("the emulator does not answer: %s", words.String())
	return nil
}

// TestEmulator does, verifies, finds and undoes every action against a Slack that
// is not ours, with the least scopes that the documentation names.
func TestEmulator(t *testing.T) {
	p := emulator(t)
	base := p.URL + "/api/"
	open := func(t *testing.T) conform.World {
		t.Helper()
		r, err := integrations.NewRegistry([]integrations.System{System()}, []integrations.Connection{connection(base, "xoxb-least-0123456789")})
		if err != nil {
			t.Fatal(err)
		}
		return conform.World{Registry: r, Secrets: []string{"xoxb-least-0123456789"}, Changes: func(*testing.T) int { return int(p.changes.Load()) }}
	}
	d, err := newDesk(connection(base, "xoxb-least-0123456789"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, s, err := d.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	room, err := s.named(ctx, "incidents", false)
	if err != nil || room == nil {
		t.Fatalf("%v, %v", room, err)
	}
	var in struct {
		Members []string `json:"members"`
	}
	if err := s.ask(ctx, "conversations.members", url.Values{"channel": {room.ID}}, &in); err != nil {
		t.Fatal(err)
	}
	who, err := s.me(ctx)
	if err != nil {
		t.Fatal(err)
	}
	person := ""
	for _, m := range in.Members {
		if m != who.user {
			person = m
		}
	}
	type m = map[string]any
	n := 0
	do := func(t *testing.T, w conform.World, name string, params m) integrations.Receipt {
		t.Helper()
		n++
		a := conform.Lookup(t, w, name, "slack")
		r, err := a.Do(t.Context(), integrations.Call{Action: name, Connection: "slack", Params: params, Key: integrations.Key("2026-0008", fmt.Sprint(n), 0), Incident: "2026-0008"}, integrations.Plan{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	posted := func(t *testing.T, w conform.World, p m) {
		t.Helper()
		p["ts"] = do(t, w, "slack.message.post", m{"channel": room.ID, "text": "We look into it.", "thread": "none"}).Data["ts"]
	}
	for _, c := range []conform.Case{
		{Action: "slack.channel.create", Params: m{"name": "inc-2026-0007"}},
		{Action: "slack.channel.archive", Params: m{"channel": room.ID}},
		{Action: "slack.channel.kick", Params: m{"channel": room.ID, "users": []any{person}}},
		{Action: "slack.channel.invite", Params: m{"channel": room.ID, "users": []any{person}}, Setup: func(t *testing.T, w conform.World, _ m) {
			do(t, w, "slack.channel.kick", m{"channel": room.ID, "users": []any{person}})
		}},
		{Action: "slack.channel.topic", Params: m{"channel": room.ID, "topic": "SEV1: payments & keys"}},
		{Action: "slack.message.post", Params: m{"channel": room.ID, "text": "<!channel> look: <https://a|b> & co"}},
		{Action: "slack.message.update", Params: m{"channel": room.ID, "text": "We *contain* <it>."}, Setup: posted},
		{Action: "slack.message.delete", Params: m{"channel": room.ID}, Setup: posted},
		{Action: "slack.pin.add", Params: m{"channel": room.ID}, Setup: posted},
		{Action: "slack.bookmark.add", Params: m{"channel": room.ID, "title": "Status", "link": "https://status.example/"}},
		{Action: "slack.bookmark.remove", Params: m{"channel": room.ID}, Lasting: true, Setup: func(t *testing.T, w conform.World, p m) {
			p["bookmark"] = do(t, w, "slack.bookmark.add", m{"channel": room.ID, "title": "Old", "link": "https://old.example/"}).Data["bookmark"]
		}},
	} {
		c.Connection = "slack"
		t.Run(c.Action, func(t *testing.T) { conform.Cycle(t, open, c) })
	}
	t.Run("thread", func(t *testing.T) {
		w := open(t)
		first := do(t, w, "slack.message.post", m{"channel": room.ID, "text": "First."})
		second := do(t, w, "slack.message.post", m{"channel": room.ID, "text": "Second."})
		if first.Data["thread"] != second.Data["thread"] {
			t.Errorf("the second message of an incident is in thread %v, the first in %v", second.Data["thread"], first.Data["thread"])
		}
	})
	t.Run("a token that may only write", func(t *testing.T) { onlyWrites(t, base, room.ID) })
}

// onlyWrites posts with a token that cannot read back, and says so.
func onlyWrites(t *testing.T, base, room string) {
	as, err := actions(connection(base, "xoxb-write-0123456789"))
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]integrations.Action{}
	for _, a := range as {
		byName[a.Describe().Name] = a
	}
	post := byName["slack.message.post"]
	c := integrations.Call{Action: "slack.message.post", Connection: "slack", Params: map[string]any{"channel": room, "text": "x"}, Key: "k1", Incident: "2026-0009"}
	prior, err := post.Prior(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	p, err := post.Plan(t.Context(), c, prior)
	if err != nil || len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "channels:history") {
		t.Errorf("%v, %v", p.Warnings, err)
	}
	r, err := post.Do(t.Context(), c, p)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := post.Verify(t.Context(), c, r); err != nil || !v.OK || !v.Unread {
		t.Errorf("%+v, %v", v, err)
	}
	if _, _, err := post.(integrations.Finder).Find(t.Context(), c); err == nil {
		t.Error("found without being able to look")
	}
	topic := integrations.Call{Action: "slack.channel.topic", Connection: "slack", Params: map[string]any{"channel": room, "topic": "x"}, Key: "k2"}
	if _, err := byName["slack.channel.topic"].Do(t.Context(), topic, integrations.Plan{}); err == nil || !strings.Contains(err.Error(), "lacks channels:") {
		t.Errorf("%v", err)
	}
}

// TestSlacktest speaks to the test server of slack-go, which reads our forms with
// the code of a client that others wrote. It has no history.
func TestSlacktest(t *testing.T) {
	s := slacktest.NewTestServer()
	s.Start()
	defer s.Stop()
	p := toPost(t, strings.TrimSuffix(s.GetAPIURL(), "/"))
	as, err := actions(connection(p.URL+"/", "xoxb-test-0123456789"))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range as {
		name := a.Describe().Name
		params, ok := map[string]map[string]any{
			"slack.channel.create": {"name": "inc-7"},
			"slack.channel.topic":  {"channel": "C0000000001", "topic": "a & b"},
			"slack.message.post":   {"channel": "C0000000001", "text": "one <!here> & two", "thread": "none"},
		}[name]
		if !ok {
			continue
		}
		if r, err := a.Do(t.Context(), integrations.Call{Action: name, Connection: "slack", Params: params, Key: "k", Incident: "2026-0007", Seal: "head"}, integrations.Plan{}); err != nil || r.Ref == "" {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	// It answers a message with what it read of it.
	var echo struct{ Channel, Text string }
	if err := json.Unmarshal([]byte(*p.last.Load()), &echo); err != nil {
		t.Fatal(err)
	}
	if echo.Channel != "C0000000001" || echo.Text != "one &lt;!here&gt; &amp; two\n\nFirebreak record: head" {
		t.Errorf("it read %+v", echo)
	}
}
