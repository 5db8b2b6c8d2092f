package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"firebreak/incident"
	"firebreak/integrations"
)

// kindOfMessage names our metadata.
const kindOfMessage = "firebreak_message"

// metadata is what a message carries besides its text: nobody sees it, and our
// own messages are known by it.
type metadata struct {
	Type    string  `json:"event_type"`
	Payload payload `json:"event_payload"`
}

type payload struct {
	Key      string `json:"key"`
	Incident string `json:"incident"`
}

// message is what Slack says of one.
type message struct {
	TS       string   `json:"ts"`
	Thread   string   `json:"thread_ts"`
	User     string   `json:"user"`
	Bot      string   `json:"bot_id"`
	Text     string   `json:"text"`
	Metadata metadata `json:"metadata"`
}

// head is the message that its thread hangs on.
func (m message) head() string {
	if m.Thread != "" {
		return m.Thread
	}
	return m.TS
}

// wrote says whether a message is ours: of the same app, and marked. Another app
// may use our mark.
func (w identity) wrote(m message) bool {
	return m.Metadata.Type == kindOfMessage && (m.User == w.user || w.bot != "" && m.Bot == w.bot)
}

// page is a part of a channel or of a thread.
type page struct {
	Messages []message `json:"messages"`
	More     bool      `json:"has_more"`
	Next     next      `json:"response_metadata"`
}

// walk hands over the messages of a channel, newest first, or of a thread, oldest
// first, until one is enough.
func (s *session) walk(ctx context.Context, channel, thread string, pages int, enough func(message) bool) error {
	method, args := "conversations.history", url.Values{"channel": {channel}, "limit": {"200"}, "include_all_metadata": {"true"}}
	if thread != "" {
		method = "conversations.replies"
		args.Set("ts", thread)
	}
	for range pages {
		var p page
		if err := s.ask(ctx, method, args, &p); err != nil {
			return err
		}
		for _, m := range p.Messages {
			if enough(m) {
				return nil
			}
		}
		if p.Next.Cursor == "" {
			return nil
		}
		args.Set("cursor", p.Next.Cursor)
	}
	return nil
}

// How far back a search goes: 1,000 messages of a channel, 4,000 of a thread.
const (
	inChannel = 5
	inThread  = 20
)

// find looks for the message with the key, and for the one that an incident's
// thread hangs on: the oldest that is ours and about the incident.
func (s *session) find(ctx context.Context, v integrations.Values, c integrations.Call) (found *message, head string, err error) {
	who, err := s.me(ctx)
	if err != nil {
		return nil, "", err
	}
	channel := v.Text("channel")
	is := func(m message) bool {
		if !who.wrote(m) || c.Key == "" || m.Metadata.Payload.Key != c.Key {
			return false
		}
		found = &m
		return true
	}
	switch head = v.Text("thread"); head {
	case "auto", "none":
		head = ""
		if err := s.walk(ctx, channel, "", inChannel, func(m message) bool {
			if who.wrote(m) && m.Metadata.Payload.Incident == string(c.Incident) {
				head = m.head()
			}
			return is(m)
		}); err != nil || found != nil {
			return found, head, err
		}
		if v.Text("thread") == "none" {
			return nil, "", nil
		}
	}
	if head == "" {
		return nil, "", nil
	}
	err = s.walk(ctx, channel, head, inThread, is)
	if said(err) == "thread_not_found" || said(err) == "message_not_found" {
		err = nil
	}
	return found, head, err
}

// closed says why a channel cannot be read with this token, "" where it can.
func closed(err error) string {
	switch said(err) {
	case "missing_scope":
		return "the token has no channels:history (groups:history for a private channel)"
	case "not_in_channel":
		return "the app is not in the channel"
	case "not_allowed_token_type":
		return "this kind of token may not read"
	}
	return ""
}

// post writes a message into a channel.
func (d *desk) post() integrations.Action {
	a := integrations.Stateful[*session]{
		About: integrations.Description{
			Name: "slack.message.post", Title: "Write a message", Danger: incident.Low, Reversible: true, Idempotency: "marker",
			Scopes: []string{"chat:write"},
			Params: []integrations.Param{
				channelParam(),
				{Name: "text", Title: "Text", Type: "string", Required: true},
				{Name: "thread", Title: "auto: in the incident's thread; none: in the channel; or the time stamp of a message", Type: "string", Default: "auto", Match: `auto|none|` + stampShape},
				{Name: "broadcast", Title: "Show it in the channel, too", Type: "bool", Default: false},
				{Name: "mention", Title: "Whom to call: channel, here, or ids of people (U…) and groups (S…)", Type: "list", Match: `channel|here|[UWS][A-Z0-9]{6,20}`},
			},
			Result: []integrations.Param{{Name: "channel", Type: "string"}, {Name: "ts", Type: "string"}, {Name: "thread", Type: "string"}},
		},
		Refuse: func(v integrations.Values) error { return fits(v.Text("text")) },
		State:  stateOfPost,
		Holds: func(_ integrations.Values, state map[string]any) (bool, string) {
			if state["exists"] == true {
				return true, "the message is there"
			}
			return false, "the message is not there"
		},
		Draw: func(p *integrations.Plan, v integrations.Values) {
			c := p.Call
			c.Seal = integrations.SealPlace
			d.aim(p, v)
			p.Effects = []string{"a message appears in " + p.Target + ", in the incident's thread where there is one"}
			where := "thread_ts=(the incident's thread, if there is one)"
			switch t := v.Text("thread"); t {
			case "auto":
			case "none":
				p.Effects, where = []string{"a message appears in " + p.Target}, ""
			default:
				p.Effects, where = []string{"an answer appears in a thread of " + p.Target}, "thread_ts="+t
			}
			if called := v.List("mention"); len(called) > 0 {
				p.Effects = append(p.Effects, "it calls "+strings.Join(called, ", "))
			}
			form := []string{"channel=" + v.Text("channel"), "text=" + mentions(v.List("mention")) + compose(v.Text("text"), c), "unfurl_links=false", "unfurl_media=false"}
			if where != "" {
				form = append(form, where)
			}
			if v.Bool("broadcast") {
				form = append(form, "reply_broadcast=true")
			}
			form = append(form, "metadata="+mark(c))
			p.Requests = []integrations.Request{d.request("chat.postMessage", form...)}
			p.Proof = "the message can be read back"
			p.Undo = "delete the message; who has read it has read it"
		},
		Change: func(ctx context.Context, s *session, c integrations.Call, v integrations.Values) (map[string]any, error) {
			form := url.Values{
				"channel": {v.Text("channel")}, "text": {mentions(v.List("mention")) + compose(v.Text("text"), c)},
				"unfurl_links": {"false"}, "unfurl_media": {"false"}, "metadata": {mark(c)},
			}
			if v.Bool("broadcast") {
				form.Set("reply_broadcast", "true")
			}
			head := v.Text("thread")
			switch head {
			case "none":
				head = ""
			case "auto":
				var err error
				if _, head, err = s.find(ctx, v, c); err != nil && closed(err) == "" {
					return nil, err
				}
			}
			if head != "" {
				form.Set("thread_ts", head)
			}
			var out struct {
				TS string `json:"ts"`
			}
			if err := s.tell(ctx, "chat.postMessage", form, &out); err != nil {
				return nil, err
			}
			if out.TS == "" {
				return nil, s.seen.Fail("chat.postMessage", errors.New("the answer has no time stamp"))
			}
			return s.posted(message{TS: out.TS, Thread: head}), nil
		},
		Note: func(v integrations.Values, state map[string]any) integrations.Receipt {
			ts := member(state, "ts")
			return integrations.Receipt{
				Ref:  v.Text("channel") + "/" + ts,
				Data: map[string]any{"channel": v.Text("channel"), "ts": ts, "thread": member(state, "thread")},
			}
		},
	}
	return integrations.Undoable[*session]{Stateful: d.parts(a), Back: func(c integrations.Call, _ integrations.Prior, r integrations.Receipt) (integrations.Call, error) {
		ts, err := r.Member("ts")
		return back(c, "slack.message.delete", map[string]any{"channel": c.Params["channel"], "ts": ts}), err
	}}
}

func fits(text string) error {
	if n := len(escape(text)); n > maxText {
		return fmt.Errorf("the text has %d bytes: Slack takes %d", n, maxText)
	}
	return nil
}

// mark is the metadata of a call, as JSON.
func mark(c integrations.Call) string {
	b, err := json.Marshal(metadata{kindOfMessage, payload{c.Key, string(c.Incident)}})
	if err != nil {
		return "" // two texts always encode
	}
	return string(b)
}

func (s *session) posted(m message) map[string]any {
	return map[string]any{"exists": true, "ts": s.seen.Clean(m.TS), "thread": s.seen.Clean(m.head())}
}

func stateOfPost(ctx context.Context, s *session, c integrations.Call, v integrations.Values, _ integrations.Receipt) (map[string]any, error) {
	state := map[string]any{"exists": false}
	if known, err := s.channel(ctx, v.Text("channel")); err == nil {
		state["name"] = known.Name
	} else if closed(err) == "" && said(err) != "unknown_method" {
		return nil, err
	}
	found, _, err := s.find(ctx, v, c)
	if why := closed(err); why != "" {
		state[integrations.Unreadable] = why
		return state, nil
	}
	if err != nil {
		return nil, err
	}
	if found != nil {
		for k, v := range s.posted(*found) {
			state[k] = v
		}
	}
	return state, nil
}
