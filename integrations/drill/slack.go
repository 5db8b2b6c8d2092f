package drill

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// What is in the drill's Slack.
const (
	SlackChannel = "C0DRILL001" // #incidents
	SlackOther   = "C0DRILL002" // #payments, which the app is not in
	SlackPerson  = "U0DRILL002"
	slackApp     = "U0DRILL001"
	slackBot     = "B0DRILL001"
)

type slackChannel struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Creator   string          `json:"creator"`
	Topic     string          `json:"topic"`
	Private   bool            `json:"private,omitempty"`
	Archived  bool            `json:"archived,omitempty"`
	Members   []string        `json:"members"`
	Messages  []slackMessage  `json:"messages,omitempty"`
	Pins      []string        `json:"pins,omitempty"`
	Bookmarks []slackBookmark `json:"bookmarks,omitempty"`
}

type slackMessage struct {
	TS       string          `json:"ts"`
	Thread   string          `json:"thread_ts,omitempty"`
	User     string          `json:"user"`
	Bot      string          `json:"bot_id,omitempty"`
	Text     string          `json:"text"`
	Metadata json.RawMessage `json:"metadata,omitempty"`
}

type slackBookmark struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Link  string `json:"link"`
	Type  string `json:"type"`
}

func newSlack() []slackChannel {
	return []slackChannel{
		{
			ID: SlackChannel, Name: "incidents", Creator: SlackPerson, Topic: "Ask here first", Members: []string{slackApp, SlackPerson},
			Messages: []slackMessage{{TS: "1700000000.000100", User: SlackPerson, Text: "Good morning"}},
		},
		{ID: SlackOther, Name: "payments", Creator: SlackPerson, Members: []string{SlackPerson}},
	}
}

// Slack is the handler that speaks as Slack's Web API does, for the methods that
// the adapter calls. As Slack does, it says no with status 200.
func (w *World) Slack() http.Handler {
	k := slackAPI{w}
	mux := http.NewServeMux()
	for method, f := range map[string]slackCall{
		"auth.test": k.test, "conversations.info": k.info, "conversations.list": k.list, "conversations.members": k.members,
		"conversations.history": k.history, "conversations.replies": k.replies, "pins.list": k.pins, "bookmarks.list": k.bookmarks,
	} {
		mux.HandleFunc("GET /api/"+method, k.serve(f))
	}
	for method, f := range map[string]slackCall{
		"conversations.create": k.create, "conversations.archive": k.archive(true), "conversations.unarchive": k.archive(false),
		"conversations.invite": k.invite, "conversations.kick": k.kick, "conversations.setTopic": k.topic,
		"chat.postMessage": k.post, "chat.update": k.update, "chat.delete": k.remove,
		"pins.add": k.pin(true), "pins.remove": k.pin(false), "bookmarks.add": k.bookmark, "bookmarks.remove": k.unbookmark,
	} {
		mux.HandleFunc("POST /api/"+method, k.serve(f))
	}
	mux.HandleFunc("/", func(rw http.ResponseWriter, _ *http.Request) {
		answer(rw, http.StatusOK, map[string]any{"ok": false, "error": "unknown_method"})
	})
	return w.faulty("slack", mux)
}

type slackAPI struct{ *World }

type slackCall func(*state, url.Values) (map[string]any, error)

// word is Slack's refusal.
func word(s string) error { return refuse(http.StatusOK, s) }

func (k slackAPI) serve(f slackCall) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		body := map[string]any{}
		err := r.ParseForm()
		if err == nil {
			err = k.run(r, func(s *state) (err error) {
				person := r.Header.Get("Authorization") == "Bearer "+s.Secrets.SlackUser
				if !person && r.Header.Get("Authorization") != "Bearer "+s.Secrets.Slack {
					return word("invalid_auth")
				}
				if !person && strings.HasSuffix(r.URL.Path, "conversations.unarchive") {
					return word("not_in_channel") // as Slack says to a bot: it left with everybody else
				}
				if out, err := f(s, r.Form); err != nil || out != nil {
					body = out
					return err
				}
				return nil
			})
		}
		if err != nil {
			status, message := statusOf(err)
			answer(rw, status, map[string]any{"ok": false, "error": message})
			return
		}
		body["ok"] = true
		rw.Header().Set("X-Oauth-Scopes", "chat:write,channels:manage,channels:read,channels:history,groups:write,pins:write,pins:read,bookmarks:write,bookmarks:read")
		answer(rw, http.StatusOK, body)
	}
}

func (slackAPI) test(*state, url.Values) (map[string]any, error) {
	return map[string]any{"team": "Acme", "user": "firebreak", "team_id": "T0DRILL001", "user_id": slackApp, "bot_id": slackBot}, nil
}

func (s *state) channel(id string) (*slackChannel, error) {
	for i := range s.Slack {
		if s.Slack[i].ID == id {
			return &s.Slack[i], nil
		}
	}
	return nil, word("channel_not_found")
}

// room is a channel that the app may write in.
func (s *state) room(id string) (*slackChannel, error) {
	c, err := s.channel(id)
	switch {
	case err != nil:
		return nil, err
	case c.Archived:
		return nil, word("is_archived")
	case !slices.Contains(c.Members, slackApp):
		return nil, word("not_in_channel")
	}
	return c, nil
}

func showChannel(c slackChannel) map[string]any {
	return map[string]any{
		"id": c.ID, "name": c.Name, "creator": c.Creator, "is_archived": c.Archived, "is_private": c.Private,
		"is_member": slices.Contains(c.Members, slackApp), "topic": map[string]any{"value": htmlish(c.Topic)},
	}
}

// htmlish is how Slack keeps what it is told as it is.
func htmlish(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

func (slackAPI) info(s *state, q url.Values) (map[string]any, error) {
	c, err := s.channel(q.Get("channel"))
	if err != nil {
		return nil, err
	}
	return map[string]any{"channel": showChannel(*c)}, nil
}

// list gives one channel a page, so that pages are walked.
func (slackAPI) list(s *state, q url.Values) (map[string]any, error) {
	var fit []slackChannel
	for _, c := range s.Slack {
		if c.Private == (q.Get("types") == "private_channel") {
			fit = append(fit, c)
		}
	}
	at := max(slices.IndexFunc(fit, func(c slackChannel) bool { return c.ID == q.Get("cursor") }), 0)
	out, next := []any{}, ""
	if at < len(fit) {
		out = append(out, showChannel(fit[at]))
	}
	if at+1 < len(fit) {
		next = fit[at+1].ID
	}
	return map[string]any{"channels": out, "response_metadata": map[string]any{"next_cursor": next}}, nil
}

func (slackAPI) members(s *state, q url.Values) (map[string]any, error) {
	c, err := s.channel(q.Get("channel"))
	if err != nil {
		return nil, err
	}
	return map[string]any{"members": c.Members}, nil
}

func (k slackAPI) create(s *state, q url.Values) (map[string]any, error) {
	name := q.Get("name")
	if slices.ContainsFunc(s.Slack, func(c slackChannel) bool { return c.Name == name }) {
		return nil, word("name_taken")
	}
	c := slackChannel{ID: fmt.Sprintf("C0DRILL%d", s.id()), Name: name, Creator: slackApp, Private: q.Get("is_private") == "true", Members: []string{slackApp}}
	s.Slack = append(s.Slack, c)
	k.effect(s, "slack", "channel created", "#"+name, "")
	return map[string]any{"channel": showChannel(c)}, nil
}

func (k slackAPI) archive(want bool) slackCall {
	return func(s *state, q url.Values) (map[string]any, error) {
		c, err := s.channel(q.Get("channel"))
		switch {
		case err != nil:
			return nil, err
		case c.Archived && want:
			return nil, word("already_archived")
		case !c.Archived && !want:
			return nil, word("not_archived")
		}
		c.Archived, c.Members = want, nil // everybody leaves
		if !want {
			c.Members = []string{SlackPerson} // who brought it back
		}
		k.effect(s, "slack", map[bool]string{true: "channel archived", false: "channel unarchived"}[want], "#"+c.Name, "")
		return nil, nil
	}
}

func (k slackAPI) invite(s *state, q url.Values) (map[string]any, error) {
	c, err := s.room(q.Get("channel"))
	if err != nil {
		return nil, err
	}
	users := strings.Split(q.Get("users"), ",")
	for _, u := range users {
		switch {
		case !strings.HasPrefix(u, "U0DRILL"):
			return nil, word("user_not_found")
		case slices.Contains(c.Members, u):
			return nil, word("already_in_channel")
		}
	}
	c.Members = append(c.Members, users...)
	k.effect(s, "slack", "people invited", "#"+c.Name+" "+strings.Join(users, " "), "")
	return map[string]any{"channel": showChannel(*c)}, nil
}

func (k slackAPI) kick(s *state, q url.Values) (map[string]any, error) {
	c, err := s.room(q.Get("channel"))
	if err != nil {
		return nil, err
	}
	i := slices.Index(c.Members, q.Get("user"))
	if i < 0 {
		return nil, word("not_in_channel")
	}
	c.Members = slices.Delete(c.Members, i, i+1)
	k.effect(s, "slack", "person removed", "#"+c.Name+" "+q.Get("user"), "")
	return nil, nil
}

func (k slackAPI) topic(s *state, q url.Values) (map[string]any, error) {
	c, err := s.room(q.Get("channel"))
	if err != nil {
		return nil, err
	}
	if c.Topic != q.Get("topic") {
		c.Topic = q.Get("topic")
		k.effect(s, "slack", "topic set", "#"+c.Name, "")
	}
	return map[string]any{"channel": showChannel(*c)}, nil
}

func showMessage(m slackMessage, all bool) map[string]any {
	out := map[string]any{"type": "message", "ts": m.TS, "user": m.User, "text": m.Text}
	if m.Thread != "" {
		out["thread_ts"] = m.Thread
	}
	if m.Bot != "" {
		out["bot_id"] = m.Bot
	}
	if len(m.Metadata) > 0 && all {
		out["metadata"] = m.Metadata
	}
	return out
}

// pageOf cuts a list of messages into pages of two.
func pageOf(messages []slackMessage, q url.Values) map[string]any {
	at := max(slices.IndexFunc(messages, func(m slackMessage) bool { return m.TS == q.Get("cursor") }), 0)
	end := min(at+2, len(messages))
	out, next := []any{}, ""
	for _, m := range messages[at:end] {
		out = append(out, showMessage(m, q.Get("include_all_metadata") == "true"))
	}
	if end < len(messages) {
		next = messages[end].TS
	}
	return map[string]any{"messages": out, "has_more": next != "", "response_metadata": map[string]any{"next_cursor": next}}
}

func (slackAPI) history(s *state, q url.Values) (map[string]any, error) {
	c, err := s.channel(q.Get("channel"))
	if err != nil {
		return nil, err
	}
	if !slices.Contains(c.Members, slackApp) {
		return nil, word("not_in_channel")
	}
	var out []slackMessage
	for _, m := range slices.Backward(c.Messages) {
		if (m.Thread == "" || m.Thread == m.TS) && (q.Get("latest") == "" || m.TS <= q.Get("latest")) && m.TS >= q.Get("oldest") {
			out = append(out, m)
		}
	}
	return pageOf(out, q), nil
}

func (slackAPI) replies(s *state, q url.Values) (map[string]any, error) {
	c, err := s.channel(q.Get("channel"))
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(c.Messages, func(m slackMessage) bool { return m.TS == q.Get("ts") })
	if i < 0 {
		return nil, word("thread_not_found")
	}
	head := c.Messages[i].TS
	if c.Messages[i].Thread != "" {
		head = c.Messages[i].Thread
	}
	var out []slackMessage
	for _, m := range c.Messages {
		if m.TS == head || m.Thread == head {
			out = append(out, m)
		}
	}
	return pageOf(out, q), nil
}

func (k slackAPI) post(s *state, q url.Values) (map[string]any, error) {
	c, err := s.room(q.Get("channel"))
	if err != nil {
		return nil, err
	}
	if q.Get("text") == "" {
		return nil, word("no_text")
	}
	m := slackMessage{TS: fmt.Sprintf("%d.%06d", k.now().UTC().Unix(), s.id()), User: slackApp, Bot: slackBot, Text: q.Get("text"), Thread: q.Get("thread_ts")}
	if raw := q.Get("metadata"); raw != "" {
		if !json.Valid([]byte(raw)) {
			return nil, word("invalid_metadata_format")
		}
		m.Metadata = json.RawMessage(raw)
	}
	for i := range c.Messages {
		if c.Messages[i].TS == m.Thread {
			c.Messages[i].Thread = m.Thread
		}
	}
	c.Messages = append(c.Messages, m)
	k.effect(s, "slack", "message posted", "#"+c.Name+" "+m.TS, keyOf(m.Metadata))
	return map[string]any{"channel": c.ID, "ts": m.TS, "message": showMessage(m, true)}, nil
}

// keyOf is the idempotency key in a message's metadata.
func keyOf(raw json.RawMessage) string {
	var m struct {
		Payload struct {
			Key string `json:"key"`
		} `json:"event_payload"`
	}
	if err := json.Unmarshal(raw, &m); err != nil || m.Payload.Key == "" {
		return ""
	}
	return "firebreak-key:" + m.Payload.Key
}

func (c *slackChannel) message(ts string) (int, error) {
	i := slices.IndexFunc(c.Messages, func(m slackMessage) bool { return m.TS == ts })
	if i < 0 {
		return 0, word("message_not_found")
	}
	return i, nil
}

func (k slackAPI) update(s *state, q url.Values) (map[string]any, error) {
	c, err := s.room(q.Get("channel"))
	if err != nil {
		return nil, err
	}
	i, err := c.message(q.Get("ts"))
	if err != nil {
		return nil, err
	}
	m := &c.Messages[i]
	if m.User != slackApp {
		return nil, word("cant_update_message")
	}
	if m.Text != q.Get("text") {
		m.Text = q.Get("text")
		k.effect(s, "slack", "message edited", "#"+c.Name+" "+m.TS, "")
	}
	if raw := q.Get("metadata"); raw != "" && json.Valid([]byte(raw)) {
		m.Metadata = json.RawMessage(raw)
	}
	return map[string]any{"channel": c.ID, "ts": m.TS, "text": m.Text}, nil
}

func (k slackAPI) remove(s *state, q url.Values) (map[string]any, error) {
	c, err := s.room(q.Get("channel"))
	if err != nil {
		return nil, err
	}
	i, err := c.message(q.Get("ts"))
	if err != nil {
		return nil, err
	}
	if c.Messages[i].User != slackApp {
		return nil, word("cant_delete_message")
	}
	k.effect(s, "slack", "message deleted", "#"+c.Name+" "+c.Messages[i].TS, "")
	c.Messages = slices.Delete(c.Messages, i, i+1)
	return nil, nil
}

func (slackAPI) pins(s *state, q url.Values) (map[string]any, error) {
	c, err := s.channel(q.Get("channel"))
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, ts := range c.Pins {
		out = append(out, map[string]any{"type": "message", "channel": c.ID, "message": map[string]any{"ts": ts}})
	}
	return map[string]any{"items": out}, nil
}

func (k slackAPI) pin(want bool) slackCall {
	return func(s *state, q url.Values) (map[string]any, error) {
		c, err := s.room(q.Get("channel"))
		if err != nil {
			return nil, err
		}
		ts := q.Get("timestamp")
		if _, err := c.message(ts); err != nil {
			return nil, err
		}
		i := slices.Index(c.Pins, ts)
		switch {
		case i >= 0 && want:
			return nil, word("already_pinned")
		case i < 0 && !want:
			return nil, word("no_pin")
		case want:
			c.Pins = append(c.Pins, ts)
		default:
			c.Pins = slices.Delete(c.Pins, i, i+1)
		}
		k.effect(s, "slack", map[bool]string{true: "message pinned", false: "pin taken away"}[want], "#"+c.Name+" "+ts, "")
		return nil, nil
	}
}

func (slackAPI) bookmarks(s *state, q url.Values) (map[string]any, error) {
	c, err := s.channel(q.Get("channel_id"))
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, b := range c.Bookmarks {
		out = append(out, b)
	}
	return map[string]any{"bookmarks": out}, nil
}

func (k slackAPI) bookmark(s *state, q url.Values) (map[string]any, error) {
	c, err := s.room(q.Get("channel_id"))
	if err != nil {
		return nil, err
	}
	b := slackBookmark{fmt.Sprintf("Bk0DRILL%d", s.id()), q.Get("title"), q.Get("link"), q.Get("type")}
	c.Bookmarks = append(c.Bookmarks, b)
	k.effect(s, "slack", "bookmark added", "#"+c.Name+" "+b.Link, "")
	return map[string]any{"bookmark": b}, nil
}

func (k slackAPI) unbookmark(s *state, q url.Values) (map[string]any, error) {
	c, err := s.room(q.Get("channel_id"))
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(c.Bookmarks, func(b slackBookmark) bool { return b.ID == q.Get("bookmark_id") })
	if i < 0 {
		return nil, word("not_found")
	}
	k.effect(s, "slack", "bookmark removed", "#"+c.Name+" "+c.Bookmarks[i].Link, "")
	c.Bookmarks = slices.Delete(c.Bookmarks, i, i+1)
	return nil, nil
}
