package slack

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/integrations"
)

// inside splits people into those who are in a channel and those who are not.
func (s *session) inside(ctx context.Context, channel string, people []string) (in, out []string, err error) {
	args := url.Values{"channel": {channel}, "limit": {"1000"}}
	all := map[string]bool{}
	for range 50 {
		var page struct {
			Members []string `json:"members"`
			Next    next     `json:"response_metadata"`
		}
		if err := s.ask(ctx, "conversations.members", args, &page); err != nil {
			return nil, nil, err
		}
		for _, m := range page.Members {
			all[m] = true
		}
		if page.Next.Cursor == "" {
			break
		}
		args.Set("cursor", page.Next.Cursor)
	}
	for _, p := range people {
		if all[p] {
			in = append(in, p)
		} else {
			out = append(out, p)
		}
	}
	return in, out, nil
}

// people is the action that brings people into a channel, or takes them out.
func (d *desk) people(about integrations.Description) integrations.Stateful[*session] {
	about.Reversible, about.Idempotency = true, "native"
	about.Params = []integrations.Param{
		channelParam(),
		{Name: "users", Title: "Ids of the people (U…)", Type: "list", Required: true, Match: userShape},
	}
	about.Result = []integrations.Param{{Name: "channel", Type: "string"}, {Name: "users", Type: "list"}}
	return integrations.Stateful[*session]{
		About: about,
		State: func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values, _ integrations.Receipt) (map[string]any, error) {
			c, err := s.channel(ctx, v.Text("channel"))
			if err != nil {
				return nil, err
			}
			in, out, err := s.inside(ctx, v.Text("channel"), asked(v))
			return map[string]any{"name": c.Name, "in": in, "out": out}, err
		},
		Note: func(v integrations.Values, _ map[string]any) integrations.Receipt {
			return integrations.Receipt{Ref: v.Text("channel"), Data: map[string]any{"channel": v.Text("channel"), "users": v.List("users")}}
		},
	}
}

// asked are the people of a call, each once.
func asked(v integrations.Values) []string {
	out := slices.Clone(v.List("users"))
	slices.Sort(out)
	return slices.Compact(out)
}

func people(ids []string) []integrations.Target {
	out := make([]integrations.Target, len(ids))
	for i, id := range ids {
		out[i] = integrations.Target{Kind: "user", ID: id}
	}
	return out
}

// invite brings people into a channel. Who is in it already is left alone.
func (d *desk) invite() integrations.Action {
	a := d.people(integrations.Description{
		Name: "slack.channel.invite", Title: "Invite people to a channel", Danger: incident.Low,
		Scopes: []string{"channels:manage", "channels:write.invites", "groups:write", "groups:write.invites", "channels:write"},
	})
	a.Holds = func(_ integrations.Values, state map[string]any) (bool, string) {
		if out := members(state, "out"); len(out) > 0 {
			return false, "not in the channel: " + strings.Join(out, ", ")
		}
		return true, "all of them are in the channel"
	}
	a.Draw = func(p *integrations.Plan, v integrations.Values) {
		d.aim(p, v)
		who := members(p.Prior.State, "out")
		p.Targets = append(p.Targets, people(who)...)
		p.Effects = []string{fmt.Sprintf("%s join %s and are told so", strings.Join(who, ", "), p.Target)}
		if p.Unchanged {
			p.Effects = []string{"none: all of them are in " + p.Target}
		}
		p.Requests = []integrations.Request{d.request("conversations.invite", "channel="+v.Text("channel"), "users="+strings.Join(who, ","))}
		p.Proof = "the members that Slack gives for the channel"
		p.Undo = "take out whom this brings in; what they have read, they have read"
	}
	a.Change = func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values) (map[string]any, error) {
		_, out, err := s.inside(ctx, v.Text("channel"), asked(v))
		if err != nil || len(out) == 0 {
			return nil, err
		}
		err = s.tell(ctx, "conversations.invite", url.Values{"channel": {v.Text("channel")}, "users": {strings.Join(out, ",")}}, nil)
		if said(err) == "already_in_channel" && len(out) == 1 {
			err = nil
		}
		return nil, err
	}
	return integrations.Undoable[*session]{Stateful: d.parts(a), Back: func(c integrations.Call, prior integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
		return back(c, "slack.channel.kick", map[string]any{"channel": c.Params["channel"], "users": members(prior.State, "out")}), nil
	}}
}

// kick takes people out of a channel, one call each. When one fails after
// another, it is not known where it stands; a look tells.
func (d *desk) kick() integrations.Action {
	a := d.people(integrations.Description{
		Name: "slack.channel.kick", Title: "Take people out of a channel", Danger: incident.Medium,
		Scopes: []string{"channels:manage", "groups:write", "channels:write"},
	})
	a.Holds = func(_ integrations.Values, state map[string]any) (bool, string) {
		if in := members(state, "in"); len(in) > 0 {
			return false, "still in the channel: " + strings.Join(in, ", ")
		}
		return true, "none of them is in the channel"
	}
	a.Draw = func(p *integrations.Plan, v integrations.Values) {
		d.aim(p, v)
		who := members(p.Prior.State, "in")
		if len(who) > 0 { // limits count those whom it takes something from
			p.Targets = people(who)
		}
		p.Effects = []string{fmt.Sprintf("%s leave %s; from a public channel they can come back by themselves", strings.Join(who, ", "), p.Target)}
		for _, id := range who {
			p.Requests = append(p.Requests, d.request("conversations.kick", "channel="+v.Text("channel"), "user="+id))
		}
		if p.Unchanged {
			p.Effects = []string{"none: none of them is in " + p.Target}
			p.Requests = []integrations.Request{d.request("conversations.kick", "channel="+v.Text("channel"))}
		}
		p.Proof = "the members that Slack gives for the channel"
		p.Undo = "invite whom this takes out"
	}
	a.Change = func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values) (map[string]any, error) {
		in, _, err := s.inside(ctx, v.Text("channel"), asked(v))
		if err != nil {
			return nil, err
		}
		for i, id := range in {
			err := s.tell(ctx, "conversations.kick", url.Values{"channel": {v.Text("channel")}, "user": {id}}, nil)
			if word := said(err); word == "not_in_channel" || word == "user_not_in_channel" { // they, or we
				if still, _, look := s.inside(ctx, v.Text("channel"), []string{id}); look == nil && len(still) == 0 {
					continue
				}
			}
			if err != nil && i > 0 {
				return nil, &integrations.Error{Outcome: integrations.Ambiguous, Err: fmt.Errorf("%d of %d are out: %w", i, len(in), err)}
			}
			if err != nil {
				return nil, err
			}
		}
		return nil, nil //nolint:nilnil // what is left is in the parameters
	}
	return integrations.Undoable[*session]{Stateful: d.parts(a), Back: func(c integrations.Call, prior integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
		return back(c, "slack.channel.invite", map[string]any{"channel": c.Params["channel"], "users": members(prior.State, "in")}), nil
	}}
}
