package slack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"firebreak/incident"
	"firebreak/integrations"
)

// channel is what Slack says of one.
type channel struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Creator  string `json:"creator"`
	Archived bool   `json:"is_archived"`
	Member   bool   `json:"is_member"`
	Topic    struct {
		Value string `json:"value"`
	} `json:"topic"`
}

func (s *session) channel(ctx context.Context, id string) (channel, error) {
	var out struct {
		Channel channel `json:"channel"`
	}
	err := s.ask(ctx, "conversations.info", url.Values{"channel": {id}}, &out)
	out.Channel.Name = s.seen.Clean(out.Channel.Name)
	return out.Channel, err
}

// named looks for a channel by its name: Slack has no other way than its list.
func (s *session) named(ctx context.Context, name string, private bool) (*channel, error) {
	kind := "public_channel"
	if private {
		kind = "private_channel"
	}
	args := url.Values{"limit": {"1000"}, "types": {kind}}
	for range 30 {
		var out struct {
			Channels []channel `json:"channels"`
			Next     next      `json:"response_metadata"`
		}
		if err := s.ask(ctx, "conversations.list", args, &out); err != nil {
			return nil, err
		}
		for _, c := range out.Channels {
			if c.Name == name {
				return &c, nil
			}
		}
		if out.Next.Cursor == "" {
			return nil, nil // nothing found is not a failure
		}
		args.Set("cursor", out.Next.Cursor)
	}
	return nil, rejected("look in Slack whether it is there", "look for #%s: the workspace has more than 30000 channels", name)
}

// next is where a list goes on.
type next struct {
	Cursor string `json:"next_cursor"`
}

// create makes a channel. Its name is the key: Slack has no second of that name.
func (d *desk) create() integrations.Action {
	a := integrations.Stateful[*session]{
		About: integrations.Description{
			Name: "slack.channel.create", Title: "Make a channel", Danger: incident.Low, Reversible: true, Idempotency: "native",
			Scopes: []string{"channels:manage", "groups:write", "channels:write"},
			Params: []integrations.Param{
				{Name: "name", Title: "Name: small letters, digits, - and _", Type: "string", Required: true, Match: `[a-z0-9][a-z0-9_-]{0,79}`},
				{Name: "private", Title: "Only who is invited sees it", Type: "bool", Default: false},
			},
			Result: []integrations.Param{{Name: "channel", Type: "string"}, {Name: "name", Type: "string"}},
		},
		State: func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values, r integrations.Receipt) (map[string]any, error) {
			if id := member(r.Data, "channel"); id != "" {
				c, err := s.channel(ctx, id)
				return s.made(&c), err
			}
			c, err := s.named(ctx, v.Text("name"), v.Bool("private"))
			if err != nil || c == nil {
				return map[string]any{"exists": false}, err
			}
			return s.ours(ctx, c)
		},
		Holds: func(v integrations.Values, state map[string]any) (bool, string) {
			switch {
			case state["exists"] != true:
				return false, "there is no channel #" + v.Text("name")
			case state["archived"] == true:
				return false, "the channel is archived"
			}
			return true, "the channel #" + v.Text("name") + " is there"
		},
		Draw: func(p *integrations.Plan, v integrations.Values) {
			who := "for the whole workspace"
			if v.Bool("private") {
				who = "for those who are invited"
			}
			p.Target = "#" + v.Text("name")
			p.Targets = []integrations.Target{{Kind: "channel", ID: v.Text("name"), Name: p.Target}}
			p.Effects = []string{fmt.Sprintf("a channel %s appears, %s", p.Target, who)}
			p.Requests = []integrations.Request{d.request("conversations.create", "name="+v.Text("name"), fmt.Sprintf("is_private=%v", v.Bool("private")))}
			p.Proof = "the channel that Slack gives for its id"
			p.Undo = "archive the channel: what was written stays"
			if p.Prior.State["archived"] == true {
				p.Warnings = append(p.Warnings, "an archived channel has this name: Slack will refuse; unarchive it instead")
			}
		},
		Change: func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values) (map[string]any, error) {
			var out struct {
				Channel channel `json:"channel"`
			}
			err := s.tell(ctx, "conversations.create", url.Values{"name": {v.Text("name")}, "is_private": {fmt.Sprint(v.Bool("private"))}}, &out)
			if said(err) == "name_taken" {
				c, look := s.named(ctx, v.Text("name"), v.Bool("private"))
				if look != nil || c == nil || c.Archived {
					return nil, err
				}
				return s.ours(ctx, c)
			}
			if err != nil {
				return nil, err
			}
			if out.Channel.ID == "" {
				return nil, s.seen.Fail("conversations.create", errors.New("the answer has no id"))
			}
			return s.made(&out.Channel), nil
		},
		Note: func(v integrations.Values, state map[string]any) integrations.Receipt {
			id := member(state, "channel")
			return integrations.Receipt{Ref: id, Data: map[string]any{"channel": id, "name": v.Text("name")}}
		},
	}
	return integrations.Undoable[*session]{Stateful: d.parts(a), Back: func(c integrations.Call, _ integrations.Prior, r integrations.Receipt) (integrations.Call, error) {
		id, err := r.Member("channel")
		return back(c, "slack.channel.archive", map[string]any{"channel": id}), err
	}}
}

func (s *session) made(c *channel) map[string]any {
	return map[string]any{"exists": true, "channel": s.seen.Clean(c.ID), "archived": c.Archived}
}

// ours refuses a channel that somebody else made: it is not the effect of a plan.
func (s *session) ours(ctx context.Context, c *channel) (map[string]any, error) {
	who, err := s.me(ctx)
	if err != nil {
		return nil, err
	}
	if c.Creator != "" && c.Creator != who.user {
		return nil, rejected(hints["name_taken"], "somebody else made #%s, with the id %s", s.seen.Clean(c.Name), s.seen.Clean(c.ID))
	}
	return s.made(c), nil
}

// archive archives a channel, or brings it back.
func (d *desk) archive(want bool) integrations.Action {
	name, title, method, opposite := "slack.channel.archive", "Archive a channel", "conversations.archive", "slack.channel.unarchive"
	effect := "nobody can write in it any more, and who is in it leaves; it stays readable"
	danger := incident.Medium
	if !want {
		name, opposite = opposite, name
		title, method, effect, danger = "Bring an archived channel back", "conversations.unarchive", "people can join and write in it again", incident.Low
	}
	a := integrations.Stateful[*session]{
		About: integrations.Description{
			Name: name, Title: title, Danger: danger, Reversible: true, Idempotency: "native",
			Scopes: []string{"channels:manage", "groups:write", "channels:write"},
			Params: []integrations.Param{channelParam()},
			Result: []integrations.Param{{Name: "channel", Type: "string"}},
		},
		State: func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values, _ integrations.Receipt) (map[string]any, error) {
			c, err := s.channel(ctx, v.Text("channel"))
			return map[string]any{"name": c.Name, "archived": c.Archived}, err
		},
		Holds: func(_ integrations.Values, state map[string]any) (bool, string) {
			says := "the channel is in use"
			if state["archived"] == true {
				says = "the channel is archived"
			}
			return state["archived"] == want, says
		},
		Draw: func(p *integrations.Plan, v integrations.Values) {
			d.aim(p, v)
			p.Effects = []string{p.Target + ": " + effect}
			p.Requests = []integrations.Request{d.request(method, "channel="+v.Text("channel"))}
			p.Proof = "whether Slack gives the channel as archived"
			p.Undo = "the other way round; who was in it has to be invited again"
			if !d.person {
				p.Warnings = []string{alone}
			}
		},
		Change: func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values) (map[string]any, error) {
			err := s.tell(ctx, method, url.Values{"channel": {v.Text("channel")}}, nil)
			word := said(err)
			if word == "already_archived" || word == "not_archived" {
				err = nil
			}
			if word == "not_in_channel" && !want {
				err = rejected("bring it back in Slack, or set the connection's user_token", "%s: %s", method, alone)
			}
			return nil, err
		},
		Note: d.noteChannel,
	}
	if !want {
		a.Open = d.asPerson
	}
	return integrations.Undoable[*session]{Stateful: d.parts(a), Back: func(c integrations.Call, _ integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
		return back(c, opposite, map[string]any{"channel": c.Params["channel"]}), nil
	}}
}

// alone is why a bot needs a person there: it left the channel with everybody
// else, and must be in it to bring it back.
const alone = "Slack lets no bot bring an archived channel back: without a user_token a person has to"

// aim names the channel that a plan is about.
func (d *desk) aim(p *integrations.Plan, v integrations.Values) {
	id := v.Text("channel")
	p.Target = id
	if name := member(p.Prior.State, "name"); name != "" {
		p.Target = "#" + name
	}
	p.Targets = []integrations.Target{{Kind: "channel", ID: id, Name: p.Target}}
}

func (d *desk) noteChannel(v integrations.Values, _ map[string]any) integrations.Receipt {
	return integrations.Receipt{Ref: v.Text("channel"), Data: map[string]any{"channel": v.Text("channel")}}
}

// topic sets a channel's topic.
func (d *desk) topic() integrations.Action {
	a := integrations.Stateful[*session]{
		About: integrations.Description{
			Name: "slack.channel.topic", Title: "Set a channel's topic", Danger: incident.Low, Reversible: true, Idempotency: "native",
			Scopes: []string{"channels:manage", "groups:write", "channels:write.topic", "groups:write.topic", "channels:write"},
			Params: []integrations.Param{channelParam(), {Name: "topic", Title: "Topic; empty takes it away", Type: "string", Match: `[^\r\n]{0,250}`}},
			Result: []integrations.Param{{Name: "channel", Type: "string"}},
		},
		State: func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values, _ integrations.Receipt) (map[string]any, error) {
			c, err := s.channel(ctx, v.Text("channel"))
			// Whole, because it is what an undo puts back.
			return map[string]any{"name": c.Name, "topic": integrations.Redact(plain(c.Topic.Value), s.token)}, err
		},
		Holds: func(v integrations.Values, state map[string]any) (bool, string) {
			is := member(state, "topic")
			return same(is, v.Text("topic")), fmt.Sprintf("the topic is %q", is)
		},
		Draw: func(p *integrations.Plan, v integrations.Values) {
			d.aim(p, v)
			p.Effects = []string{fmt.Sprintf("the topic of %s becomes %q; it is %q", p.Target, v.Text("topic"), member(p.Prior.State, "topic"))}
			p.Requests = []integrations.Request{d.request("conversations.setTopic", "channel="+v.Text("channel"), "topic="+v.Text("topic"))}
			p.Proof = "the topic that Slack gives for the channel"
			p.Undo = "set the topic that was there"
		},
		Change: func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values) (map[string]any, error) {
			// A topic calls nobody and is not escaped: Slack does that itself.
			return nil, s.tell(ctx, "conversations.setTopic", url.Values{"channel": {v.Text("channel")}, "topic": {v.Text("topic")}}, nil)
		},
		Note: d.noteChannel,
	}
	return integrations.Undoable[*session]{Stateful: d.parts(a), Back: func(c integrations.Call, prior integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
		return back(c, "slack.channel.topic", map[string]any{"channel": c.Params["channel"], "topic": strings.TrimSpace(member(prior.State, "topic"))}), nil
	}}
}
