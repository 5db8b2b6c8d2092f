package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"firebreak/incident"
	"firebreak/integrations"
)

// own reads one message of ours, nil when it is not there. Somebody else's is
// refused: Firebreak neither edits nor deletes it.
func (s *session) own(ctx context.Context, channel, ts string) (*message, error) {
	who, err := s.me(ctx)
	if err != nil {
		return nil, err
	}
	var found *message
	exact := func(method string, args url.Values) error {
		var p page
		if err := s.ask(ctx, method, args, &p); err != nil {
			return err
		}
		for _, m := range p.Messages {
			if m.TS == ts {
				found = &m
			}
		}
		return nil
	}
	args := url.Values{"channel": {channel}, "latest": {ts}, "oldest": {ts}, "inclusive": {"true"}, "limit": {"10"}, "include_all_metadata": {"true"}}
	if err := exact("conversations.history", args); err != nil {
		return nil, err
	}
	if found == nil { // an answer in a thread is not in the channel's own list
		args.Set("ts", ts)
		err := exact("conversations.replies", args)
		if word := said(err); word == "thread_not_found" || word == "message_not_found" {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
	}
	if found != nil && !who.wrote(*found) {
		return nil, rejected("do it in Slack, if it must be", "message %s: Firebreak did not write it", ts)
	}
	return found, nil
}

// update edits a message of ours.
func (d *desk) update() integrations.Action {
	a := integrations.Stateful[*session]{
		About: integrations.Description{
			Name: "slack.message.update", Title: "Edit a message of our own", Danger: incident.Low, Reversible: true, Idempotency: "native",
			Scopes: []string{"chat:write"},
			Params: []integrations.Param{channelParam(), stampParam(), {Name: "text", Title: "New text", Type: "string", Required: true}},
			Result: []integrations.Param{{Name: "channel", Type: "string"}, {Name: "ts", Type: "string"}},
		},
		Refuse: func(v integrations.Values) error { return fits(v.Text("text")) },
		State: func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values, _ integrations.Receipt) (map[string]any, error) {
			m, err := s.own(ctx, v.Text("channel"), v.Text("ts"))
			if err != nil {
				return nil, err
			}
			if m == nil {
				return nil, rejected(hints["message_not_found"], "message %s: there is none in %s", v.Text("ts"), v.Text("channel"))
			}
			// Whole, because it is what an undo puts back.
			return map[string]any{"text": integrations.Redact(content(m.Text), s.token)}, nil
		},
		Holds: func(v integrations.Values, state map[string]any) (bool, string) {
			want := strings.TrimRight(integrations.Unmark(v.Text("text")), "\n")
			if same(member(state, "text"), want) {
				return true, "the message has the text"
			}
			return false, "the message has another text"
		},
		Draw: func(p *integrations.Plan, v integrations.Values) {
			c := p.Call
			c.Seal = integrations.SealPlace
			d.aimMessage(p, v)
			p.Effects = []string{fmt.Sprintf("our message gets another text and shows that it was edited; it is %q", integrations.Line(member(p.Prior.State, "text"), 200))}
			p.Requests = []integrations.Request{d.request("chat.update", "channel="+v.Text("channel"), "ts="+v.Text("ts"), "text="+compose(v.Text("text"), c))}
			p.Proof = "the text that Slack gives for the message"
			p.Undo = "put the former text back; it still shows that it was edited"
		},
		Change: func(ctx context.Context, s *session, c integrations.Call, v integrations.Values) (map[string]any, error) {
			m, err := s.own(ctx, v.Text("channel"), v.Text("ts"))
			if err != nil {
				return nil, err
			}
			if m == nil {
				return nil, rejected(hints["message_not_found"], "message %s: there is none in %s", v.Text("ts"), v.Text("channel"))
			}
			b, err := json.Marshal(m.Metadata) // the mark that it has, lest an edit take it away
			if err != nil {
				return nil, rejected("", "encode metadata: %w", err)
			}
			return nil, s.tell(ctx, "chat.update", url.Values{
				"channel": {v.Text("channel")}, "ts": {v.Text("ts")}, "text": {compose(v.Text("text"), c)}, "metadata": {string(b)},
			}, nil)
		},
		Note: d.noteMessage,
	}
	return integrations.Undoable[*session]{Stateful: d.parts(a), Back: func(c integrations.Call, prior integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
		return back(c, "slack.message.update", map[string]any{"channel": c.Params["channel"], "ts": c.Params["ts"], "text": member(prior.State, "text")}), nil
	}}
}

func (d *desk) aimMessage(p *integrations.Plan, v integrations.Values) {
	p.Target = v.Text("channel") + "/" + v.Text("ts")
	p.Targets = []integrations.Target{{Kind: "message", ID: p.Target}}
}

func (d *desk) noteMessage(v integrations.Values, _ map[string]any) integrations.Receipt {
	return integrations.Receipt{Ref: v.Text("channel") + "/" + v.Text("ts"), Data: map[string]any{"channel": v.Text("channel"), "ts": v.Text("ts")}}
}

// remove deletes a message of ours.
func (d *desk) remove() integrations.Action {
	return d.parts(integrations.Stateful[*session]{
		About: integrations.Description{
			Name: "slack.message.delete", Title: "Delete a message of our own", Danger: incident.Low, Idempotency: "native",
			Scopes: []string{"chat:write"},
			Params: []integrations.Param{channelParam(), stampParam()},
			Result: []integrations.Param{{Name: "channel", Type: "string"}, {Name: "ts", Type: "string"}},
		},
		State: func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values, _ integrations.Receipt) (map[string]any, error) {
			m, err := s.own(ctx, v.Text("channel"), v.Text("ts"))
			if err != nil || m == nil {
				return map[string]any{"exists": false}, err
			}
			return map[string]any{"exists": true, "text": s.seen.Clean(content(m.Text))}, nil
		},
		Holds: func(_ integrations.Values, state map[string]any) (bool, string) {
			if state["exists"] == true {
				return false, "the message is there"
			}
			return true, "Slack knows no such message"
		},
		Draw: func(p *integrations.Plan, v integrations.Values) {
			d.aimMessage(p, v)
			p.Effects = []string{fmt.Sprintf("our message goes away: %q", integrations.Line(member(p.Prior.State, "text"), 200))}
			if p.Unchanged {
				p.Effects = []string{"none: there is no such message"}
			}
			p.Requests = []integrations.Request{d.request("chat.delete", "channel="+v.Text("channel"), "ts="+v.Text("ts"))}
			p.Proof = "Slack no longer knows the message's time stamp"
		},
		Change: func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values) (map[string]any, error) {
			m, err := s.own(ctx, v.Text("channel"), v.Text("ts"))
			if err != nil || m == nil {
				return nil, err
			}
			err = s.tell(ctx, "chat.delete", url.Values{"channel": {v.Text("channel")}, "ts": {v.Text("ts")}}, nil)
			if said(err) == "message_not_found" {
				err = nil
			}
			return nil, err
		},
		Note: d.noteMessage,
	})
}
