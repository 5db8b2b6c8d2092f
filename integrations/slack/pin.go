package slack

import (
	"context"
	"fmt"
	"net/url"

	"firebreak/incident"
	"firebreak/integrations"
)

// pin pins a message to its channel, or takes the pin away.
func (d *desk) pin(want bool) integrations.Action {
	name, title, method, opposite := "slack.pin.add", "Pin a message", "pins.add", "slack.pin.remove"
	effect := "a message is pinned, and everybody in the channel is told so"
	if !want {
		name, opposite = opposite, name
		title, method, effect = "Take a pin away", "pins.remove", "a message is pinned no longer"
	}
	a := integrations.Stateful[*session]{
		About: integrations.Description{
			Name: name, Title: title, Danger: incident.Low, Reversible: true, Idempotency: "native",
			Scopes: []string{"pins:write"},
			Params: []integrations.Param{channelParam(), stampParam()},
			Result: []integrations.Param{{Name: "channel", Type: "string"}, {Name: "ts", Type: "string"}},
		},
		State: func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values, _ integrations.Receipt) (map[string]any, error) {
			var out struct {
				Items []struct {
					Message message `json:"message"`
				} `json:"items"`
			}
			if err := s.ask(ctx, "pins.list", url.Values{"channel": {v.Text("channel")}}, &out); err != nil {
				return nil, err
			}
			pinned := false
			for _, i := range out.Items {
				pinned = pinned || i.Message.TS == v.Text("ts")
			}
			return map[string]any{"pinned": pinned}, nil
		},
		Holds: func(_ integrations.Values, state map[string]any) (bool, string) {
			if state["pinned"] == true {
				return want, "the message is pinned"
			}
			return !want, "the message is not pinned"
		},
		Draw: func(p *integrations.Plan, v integrations.Values) {
			d.aimMessage(p, v)
			p.Effects = []string{effect}
			p.Requests = []integrations.Request{d.request(method, "channel="+v.Text("channel"), "timestamp="+v.Text("ts"))}
			p.Proof = "the pins that Slack gives for the channel"
			p.Undo = "the other way round"
		},
		Change: func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values) (map[string]any, error) {
			err := s.tell(ctx, method, url.Values{"channel": {v.Text("channel")}, "timestamp": {v.Text("ts")}}, nil)
			if word := said(err); word == "already_pinned" || word == "no_pin" || word == "not_pinned" {
				err = nil
			}
			return nil, err
		},
		Note: d.noteMessage,
	}
	return integrations.Undoable[*session]{Stateful: d.parts(a), Back: func(c integrations.Call, _ integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
		return back(c, opposite, map[string]any{"channel": c.Params["channel"], "ts": c.Params["ts"]}), nil
	}}
}

// mark is a link at the top of a channel.
type linked struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Link  string `json:"link"`
	Type  string `json:"type"`
}

func (s *session) bookmarks(ctx context.Context, channel string, is func(linked) bool) (*linked, error) {
	var out struct {
		Bookmarks []linked `json:"bookmarks"`
	}
	if err := s.ask(ctx, "bookmarks.list", url.Values{"channel_id": {channel}}, &out); err != nil {
		return nil, err
	}
	for _, b := range out.Bookmarks {
		if is(b) {
			return &b, nil
		}
	}
	return nil, nil // nothing found is not a failure
}

// bookmark puts a link at the top of a channel, if it is not there.
func (d *desk) bookmark() integrations.Action {
	look := func(ctx context.Context, s *session, v integrations.Values) (map[string]any, error) {
		b, err := s.bookmarks(ctx, v.Text("channel"), func(b linked) bool {
			return plain(b.Link) == v.Text("link") && plain(b.Title) == v.Text("title")
		})
		if err != nil || b == nil {
			return map[string]any{"exists": false}, err
		}
		return map[string]any{"exists": true, "bookmark": s.seen.Clean(b.ID)}, nil
	}
	a := integrations.Stateful[*session]{
		About: integrations.Description{
			Name: "slack.bookmark.add", Title: "Put a link at the top of a channel", Danger: incident.Low, Reversible: true, Idempotency: "native",
			Scopes: []string{"bookmarks:write"},
			Params: []integrations.Param{
				channelParam(),
				{Name: "title", Title: "Title", Type: "string", Required: true, Match: `[^\r\n<>&]{1,100}`},
				{Name: "link", Title: "Address it leads to", Type: "string", Required: true, Match: `https://[^\s<>"]{1,1000}`},
			},
			Result: []integrations.Param{{Name: "channel", Type: "string"}, {Name: "bookmark", Type: "string"}},
		},
		State: func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values, _ integrations.Receipt) (map[string]any, error) {
			return look(ctx, s, v)
		},
		Holds: func(_ integrations.Values, state map[string]any) (bool, string) {
			if state["exists"] == true {
				return true, "the link is there"
			}
			return false, "the link is not there"
		},
		Draw: func(p *integrations.Plan, v integrations.Values) {
			d.aim(p, v)
			p.Effects = []string{fmt.Sprintf("a link %q to %s appears at the top of the channel", v.Text("title"), v.Text("link"))}
			p.Requests = []integrations.Request{d.request("bookmarks.add", "channel_id="+v.Text("channel"), "type=link", "title="+v.Text("title"), "link="+v.Text("link"))}
			p.Proof = "the links that Slack gives for the channel"
			p.Undo = "take the link away"
		},
		Change: func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values) (map[string]any, error) {
			if there, err := look(ctx, s, v); err != nil || there["exists"] == true {
				return there, err
			}
			var out struct {
				Bookmark linked `json:"bookmark"`
			}
			err := s.tell(ctx, "bookmarks.add", url.Values{"channel_id": {v.Text("channel")}, "type": {"link"}, "title": {v.Text("title")}, "link": {v.Text("link")}}, &out)
			if err != nil {
				return nil, err
			}
			return map[string]any{"exists": true, "bookmark": s.seen.Clean(out.Bookmark.ID)}, nil
		},
		Note: func(v integrations.Values, state map[string]any) integrations.Receipt {
			id := member(state, "bookmark")
			return integrations.Receipt{Ref: v.Text("channel") + "/" + id, Data: map[string]any{"channel": v.Text("channel"), "bookmark": id}}
		},
	}
	return integrations.Undoable[*session]{Stateful: d.parts(a), Back: func(c integrations.Call, _ integrations.Prior, r integrations.Receipt) (integrations.Call, error) {
		id, err := r.Member("bookmark")
		return back(c, "slack.bookmark.remove", map[string]any{"channel": c.Params["channel"], "bookmark": id}), err
	}}
}

// unbookmark takes a link away; adding it again gives it another id.
func (d *desk) unbookmark() integrations.Action {
	a := integrations.Stateful[*session]{
		About: integrations.Description{
			Name: "slack.bookmark.remove", Title: "Take a link away from the top of a channel", Danger: incident.Low, Reversible: true, Idempotency: "native",
			Scopes: []string{"bookmarks:write"},
			Params: []integrations.Param{channelParam(), {Name: "bookmark", Title: "Id of the bookmark (Bk…)", Type: "string", Required: true, Match: `Bk[A-Za-z0-9]{4,24}`}},
			Result: []integrations.Param{{Name: "channel", Type: "string"}, {Name: "bookmark", Type: "string"}},
		},
		State: func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values, _ integrations.Receipt) (map[string]any, error) {
			b, err := s.bookmarks(ctx, v.Text("channel"), func(b linked) bool { return b.ID == v.Text("bookmark") })
			if err != nil || b == nil {
				return map[string]any{"exists": false}, err
			}
			if b.Type != "link" {
				return nil, rejected("take it away in Slack", "bookmark %s is no link: it could not be put back", b.ID)
			}
			return map[string]any{"exists": true, "title": integrations.Redact(plain(b.Title), s.token), "link": integrations.Redact(plain(b.Link), s.token)}, nil
		},
		Holds: func(_ integrations.Values, state map[string]any) (bool, string) {
			if state["exists"] == true {
				return false, "the link is there"
			}
			return true, "the link is not there"
		},
		Draw: func(p *integrations.Plan, v integrations.Values) {
			d.aim(p, v)
			p.Effects = []string{fmt.Sprintf("the link %q goes away", member(p.Prior.State, "title"))}
			p.Requests = []integrations.Request{d.request("bookmarks.remove", "channel_id="+v.Text("channel"), "bookmark_id="+v.Text("bookmark"))}
			p.Proof = "the links that Slack gives for the channel"
			p.Undo = "add the link again; it gets another id"
		},
		Change: func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values) (map[string]any, error) {
			err := s.tell(ctx, "bookmarks.remove", url.Values{"channel_id": {v.Text("channel")}, "bookmark_id": {v.Text("bookmark")}}, nil)
			if word := said(err); word == "not_found" || word == "bookmark_not_found" {
				err = nil
			}
			return nil, err
		},
		Note: func(v integrations.Values, _ map[string]any) integrations.Receipt {
			return integrations.Receipt{Ref: v.Text("channel") + "/" + v.Text("bookmark"), Data: map[string]any{"channel": v.Text("channel"), "bookmark": v.Text("bookmark")}}
		},
	}
	return integrations.Undoable[*session]{Stateful: d.parts(a), Back: func(c integrations.Call, prior integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
		return back(c, "slack.bookmark.add", map[string]any{"channel": c.Params["channel"], "title": member(prior.State, "title"), "link": member(prior.State, "link")}), nil
	}}
}
