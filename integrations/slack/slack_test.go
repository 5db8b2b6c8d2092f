package slack

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/integrations/drill"
)

// inDrill are the actions of a drill's Slack.
func inDrill(t *testing.T) (map[string]integrations.Action, *drill.World) {
	t.Helper()
	w, err := drill.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, c := range w.Connections() {
		if c.Kind == "slack" {
			return named(t, c), w
		}
	}
	t.Fatal("the drill has no Slack")
	return nil, nil
}

func named(t *testing.T, c integrations.Connection) map[string]integrations.Action {
	t.Helper()
	as, err := actions(c)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]integrations.Action{}
	for _, a := range as {
		out[a.Describe().Name] = a
	}
	return out
}

type m = map[string]any

func do(t *testing.T, as map[string]integrations.Action, name, key string, id incident.ID, params m) (integrations.Receipt, error) {
	t.Helper()
	c := integrations.Call{Action: name, Connection: "slack", Params: params, Key: key, Incident: id, Seal: "head"}
	return as[name].Do(t.Context(), c, integrations.Plan{})
}

func must(t *testing.T, as map[string]integrations.Action, name, key string, id incident.ID, params m) integrations.Receipt {
	t.Helper()
	r, err := do(t, as, name, key, id, params)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestThreads keeps the messages of an incident together in each channel, and
// those of another apart.
func TestThreads(t *testing.T) {
	as, w := inDrill(t)
	other := must(t, as, "slack.channel.create", "k0", "2026-0007", m{"name": "inc-7"}).Data["channel"]
	first := must(t, as, "slack.message.post", "k1", "2026-0007", m{"channel": drill.SlackChannel, "text": "one"})
	for i := range 3 { // more than a page of the drill's
		if r := must(t, as, "slack.message.post", "x"+string(rune('a'+i)), "2026-0008", m{"channel": drill.SlackChannel, "text": "noise", "thread": "none"}); r.Data["thread"] != r.Data["ts"] {
			t.Errorf("thread none gave %v", r.Data)
		}
	}
	for key, want := range map[string]bool{"k2": true, "k3": true} {
		r := must(t, as, "slack.message.post", key, "2026-0007", m{"channel": drill.SlackChannel, "text": "next"})
		if (r.Data["thread"] == first.Data["ts"]) != want || r.Data["ts"] == first.Data["ts"] {
			t.Errorf("%s: %v", key, r.Data)
		}
	}
	if r := must(t, as, "slack.message.post", "k4", "2026-0009", m{"channel": drill.SlackChannel, "text": "another incident"}); r.Data["thread"] != r.Data["ts"] {
		t.Errorf("another incident's message went into a thread: %v", r.Data)
	}
	if r := must(t, as, "slack.message.post", "k5", "2026-0007", m{"channel": other, "text": "another channel"}); r.Data["thread"] != r.Data["ts"] {
		t.Errorf("another channel's message went into a thread: %v", r.Data)
	}
	// What was sent and not recorded is found again, in the thread too.
	c := integrations.Call{Action: "slack.message.post", Connection: "slack", Params: m{"channel": drill.SlackChannel, "text": "next"}, Key: "k3", Incident: "2026-0007"}
	if r, found, err := as["slack.message.post"].(integrations.Finder).Find(t.Context(), c); err != nil || !found || r.Data["thread"] != first.Data["ts"] {
		t.Errorf("%+v, %v, %v", r, found, err)
	}
	e, err := w.Effects()
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(e, func(e drill.Effect) bool { return e.Key == "k3" }); i < 0 {
		t.Errorf("no effect carries the key: %v", e)
	}
}

// TestOnlyOurOwn neither edits nor deletes what somebody else wrote.
func TestOnlyOurOwn(t *testing.T) {
	as, _ := inDrill(t)
	for name, params := range map[string]m{
		"slack.message.update": {"channel": drill.SlackChannel, "ts": "1700000000.000100", "text": "x"},
		"slack.message.delete": {"channel": drill.SlackChannel, "ts": "1700000000.000100"},
	} {
		c := integrations.Call{Action: name, Params: params}
		if _, err := as[name].Prior(t.Context(), c); integrations.OutcomeOf(err) != integrations.Rejected || err == nil {
			t.Errorf("%s: prior: %v", name, err)
		}
		if _, err := do(t, as, name, "k", "2026-0007", params); integrations.OutcomeOf(err) != integrations.Rejected || err == nil {
			t.Errorf("%s: do: %v", name, err)
		}
	}
	if _, err := do(t, as, "slack.message.post", "k", "2026-0007", m{"channel": drill.SlackOther, "text": "x"}); said(err) != "not_in_channel" {
		t.Errorf("in a channel that the app is not in: %v", err)
	}
	if _, err := as["slack.channel.create"].Prior(t.Context(), integrations.Call{Params: m{"name": "incidents"}}); err == nil || !strings.Contains(err.Error(), "somebody else") {
		t.Errorf("a name that is taken: %v", err)
	}
}

// TestWhatIsSent looks at the forms themselves.
func TestWhatIsSent(t *testing.T) {
	var form url.Values
	var header http.Header
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			if err := r.ParseForm(); err != nil {
				t.Error(err)
			}
			form, header = r.PostForm, r.Header
		}
		_, _ = io.WriteString(w, `{"ok":true,"ts":"1700000000.000100","user_id":"U1"}`)
	}))
	defer s.Close()
	as := named(t, connection(s.URL+"/api/", "xoxb-0123456789"))
	must(t, as, "slack.message.post", "k1", "2026-0007", m{"channel": "C0000001", "text": "<!channel> firebreak-key:zz & <@U1>", "mention": []any{"here", "U0000001", "S0000001"}, "broadcast": true, "thread": "1600000000.000001"})
	want := "<!here> <@U0000001> <!subteam^S0000001> &lt;!channel&gt; firebreak-key zz &amp; &lt;@U1&gt;\n\nFirebreak record: head"
	if form.Get("text") != want || form.Get("thread_ts") != "1600000000.000001" || form.Get("reply_broadcast") != "true" || form.Get("unfurl_links") != "false" ||
		form.Get("metadata") != `{"event_type":"firebreak_message","event_payload":{"key":"k1","incident":"2026-0007"}}` || form.Has("token") {
		t.Errorf("%v", form)
	}
	if header.Get("Authorization") != "Bearer xoxb-0123456789" || header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		t.Errorf("%v", header)
	}
}

// TestRefusals judges what Slack says with status 200.
func TestRefusals(t *testing.T) {
	for answer, c := range map[string]struct {
		want integrations.Outcome
		says string
	}{
		`{"ok":false,"error":"channel_not_found"}`:                          {integrations.Rejected, "channel_not_found"},
		`{"ok":false,"error":"some_new_word"}`:                              {integrations.Rejected, "some_new_word"},
		`{"ok":false,"error":"\u001b]0;x\u0007"}`:                           {integrations.Rejected, "no, in a word that is none of its own"},
		`{"ok":false,"error":"ratelimited"}`:                                {integrations.Throttled, "ratelimited"},
		`{"ok":false,"error":"fatal_error"}`:                                {integrations.Ambiguous, "fatal_error"},
		`{"ok":false,"error":"internal_error"}`:                             {integrations.Ambiguous, "internal_error"},
		`{"ok":false,"error":"missing_scope","needed":"a:b,\u001b[2J,c|d"}`: {integrations.Rejected, "the token lacks a:b, c, d; it has chat:write"},
		`{"ok":true}`:        {integrations.Ambiguous, "no time stamp"},
		`{"ok":true,"ts":7}`: {integrations.Ambiguous, "cannot be read"},
		`{"ok":"yes"}`:       {integrations.Ambiguous, "cannot be read"},
		``:                   {integrations.Ambiguous, "cannot be read"},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-OAuth-Scopes", "chat:write,<script>")
			_, _ = io.WriteString(w, answer)
		}))
		as := named(t, connection(s.URL, "xoxb-0123456789"))
		_, err := do(t, as, "slack.message.post", "k1", "2026-0007", m{"channel": "C0000001", "text": "x", "thread": "none"})
		if err == nil || integrations.OutcomeOf(err) != c.want || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v: want %s, %q", answer, err, c.want, c.says)
		}
		// A read has changed nothing, whatever comes back.
		_, err = as["slack.channel.topic"].Prior(t.Context(), integrations.Call{Params: m{"channel": "C0000001"}})
		if o := integrations.OutcomeOf(err); err != nil && o == integrations.Ambiguous {
			t.Errorf("%s: a read: %v", answer, err)
		}
		s.Close()
	}
}

// TestScopes refuses a plan whose token cannot carry it out.
func TestScopes(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-OAuth-Scopes", "chat:write")
		_, _ = io.WriteString(w, `{"ok":true,"user":"firebreak","team":"Acme","user_id":"U1"}`)
	}))
	defer s.Close()
	c := connection(s.URL, "xoxb-0123456789")
	as := named(t, c)
	var e *integrations.Error
	_, err := as["slack.pin.add"].Plan(t.Context(), integrations.Call{Params: m{"channel": "C0000001", "ts": "1700000000.000100"}}, integrations.Prior{})
	if !errors.As(err, &e) || e.Outcome != integrations.Rejected || !strings.Contains(err.Error(), "pins:write") || e.Hint == "" {
		t.Errorf("%v", err)
	}
	p, err := as["slack.message.post"].Plan(t.Context(), integrations.Call{Params: m{"channel": "C0000001", "text": "x"}}, integrations.Prior{})
	if err != nil || p.Identity != "firebreak in Acme" {
		t.Errorf("%+v, %v", p, err)
	}
	if who, scopes, err := Granted(t.Context(), c); err != nil || who != "firebreak in Acme" || !slices.Equal(scopes, []string{"chat:write"}) {
		t.Errorf("%s, %v, %v", who, scopes, err)
	}
}

// TestKickHalfway fails after the first of two: nobody may say that nothing was
// done.
func TestKickHalfway(t *testing.T) {
	kicks := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "conversations.members"):
			_, _ = io.WriteString(w, `{"ok":true,"members":["U0000001","U0000002"]}`)
		case kicks == 0:
			kicks++
			_, _ = io.WriteString(w, `{"ok":true}`)
		default:
			_, _ = io.WriteString(w, `{"ok":false,"error":"restricted_action"}`)
		}
	}))
	defer s.Close()
	_, err := do(t, named(t, connection(s.URL, "xoxb-0123456789")), "slack.channel.kick", "k", "2026-0007", m{"channel": "C0000001", "users": "U0000001,U0000002"})
	if integrations.OutcomeOf(err) != integrations.Ambiguous || !strings.Contains(err.Error(), "1 of 2 are out") {
		t.Errorf("%v", err)
	}
}

// TestNoBotUnarchives: without a user's token the plan says beforehand what Slack
// would say afterwards.
func TestNoBotUnarchives(t *testing.T) {
	as, w := inDrill(t)
	must(t, as, "slack.channel.archive", "k1", "2026-0007", m{"channel": drill.SlackChannel})
	for _, c := range w.Connections() {
		if c.Kind == "slack" {
			c.Has = nil
			as = named(t, c)
		}
	}
	call := integrations.Call{Action: "slack.channel.unarchive", Params: m{"channel": drill.SlackChannel}, Key: "k2"}
	prior, err := as["slack.channel.unarchive"].Prior(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := as["slack.channel.unarchive"].Plan(t.Context(), call, prior); err != nil || len(p.Warnings) != 1 {
		t.Errorf("%v, %v", p.Warnings, err)
	}
	var e *integrations.Error
	if _, err := do(t, as, "slack.channel.unarchive", "k2", "2026-0007", call.Params); !errors.As(err, &e) || e.Outcome != integrations.Rejected || !strings.Contains(e.Hint, "user_token") {
		t.Errorf("%v", err)
	}
}

// TestText: what is written comes back as it was typed.
func TestText(t *testing.T) {
	for _, s := range []string{"plain", "a & b < c > d", "&amp; &lt;", "<!channel>", "two\n\nlines"} {
		if got := content(compose(s, integrations.Call{Seal: "x @1 aa"})); got != s {
			t.Errorf("%q came back as %q", s, got)
		}
	}
	for raw, want := range map[string]string{
		"see <https://a.example/x>": "see https://a.example/x", "<https://a.example|a.example>": "a.example", "<mailto:a@b.c|a@b.c>": "a@b.c", "a &lt;b&gt;": "a <b>",
	} {
		if got := plain(raw); got != want {
			t.Errorf("%q: %q: want %q", raw, got, want)
		}
	}
}

func TestNotify(t *testing.T) {
	c := integrations.Connection{Settings: map[string]string{"channel": "C0000001"}}
	name, params, err := notify(c, integrations.Message{Subject: "s", Body: "b", Fields: m{"mention": "here", "incident": "x"}})
	if err != nil || name != "slack.message.post" || params["text"] != "s\n\nb" || params["channel"] != "C0000001" || params["mention"] != "here" || len(params) != 3 {
		t.Errorf("%s %v %v", name, params, err)
	}
	before := func(channel, ts string) integrations.Earlier {
		return integrations.Earlier{Action: "slack.message.post", Params: m{"channel": channel, "text": "x"}, Data: m{"channel": channel, "ts": ts, "thread": ts}}
	}
	thread := integrations.Thread{Name: "2026-0007", Before: []integrations.Earlier{before("C0000002", "1.000001"), before("C0000001", "1700000000.000002"), before("C0000001", "1700000000.000003")}}
	if _, params, err := notify(c, integrations.Message{Body: "b", Thread: thread}); err != nil || params["thread"] != "1700000000.000002" {
		t.Errorf("the next message: %v, %v", params, err)
	}
	if _, params, err := notify(c, integrations.Message{Body: "b", Thread: thread, Fields: m{"thread": "none"}}); err != nil || params["thread"] != "none" {
		t.Errorf("out of the thread: %v, %v", params, err)
	}
	if _, _, err := notify(integrations.Connection{}, integrations.Message{Body: "b"}); err == nil {
		t.Error("a message to no channel")
	}
	if _, err := actions(integrations.Connection{Name: "slack", Kind: "slack", BaseURL: "http://slack.example.org/api/"}); err == nil {
		t.Error("a token would cross the network in the open")
	}
	none := connection("", "")
	none.Drill, none.Secret = false, func(context.Context, string) (string, error) { return "", errors.New("not set") }
	var e *integrations.Error
	if _, err := do(t, named(t, none), "slack.message.post", "k", "2026-0007", m{"channel": "C0000001", "text": "x"}); !errors.As(err, &e) || e.Outcome != integrations.NotSent || e.Hint == "" {
		t.Errorf("without a token: %v", err)
	}
}

func FuzzText(f *testing.F) {
	f.Add("<!channel>&<@U1>")
	f.Add("<<a|b>>")
	f.Fuzz(func(t *testing.T, s string) {
		e := escape(s)
		if strings.ContainsAny(e, "<>") {
			t.Fatalf("%q: something to obey is left: %q", s, e)
		}
		if plain(e) != s {
			t.Fatalf("%q came back as %q", s, plain(e))
		}
		_ = content(s)
	})
}
