// Package slack works in a Slack workspace: an incident's channel, who is in it,
// its topic, messages, pins and bookmarks. Messages of one incident stay in one
// thread of a channel.
//
// It speaks the Web API itself, by forms and with the token in a header. What is
// written carries Firebreak's metadata, by which it is found again; it edits and
// deletes no message that Firebreak did not write, and no text that it is given
// can call anybody's name.
package slack

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"firebreak/integrations"
)

// vendor is Slack's own base URL.
const vendor = "https://slack.com/api/"

// System describes the Slack integration.
func System() integrations.System {
	return integrations.System{
		Kind:  "slack",
		Title: "Slack",
		Settings: []integrations.Param{
			{Name: "token", Title: "Reference to a bot token (xoxb-…)", Type: "secret", Required: true},
			{Name: "user_token", Title: "Reference to a user's token (xoxp-…): Slack lets no bot bring an archived channel back", Type: "secret"},
			{Name: "channel", Title: "Id of the channel that notifications go to (C0123456789)", Type: "string"},
		},
		Actions: actions,
		Notify:  notify,
		Check:   check,
	}
}

func actions(c integrations.Connection) ([]integrations.Action, error) {
	d, err := newDesk(c)
	if err != nil {
		return nil, err
	}
	return []integrations.Action{
		d.create(),
		d.archive(true),
		d.archive(false),
		d.invite(),
		d.kick(),
		d.topic(),
		d.post(),
		d.update(),
		d.remove(),
		d.pin(true),
		d.pin(false),
		d.bookmark(),
		d.unbookmark(),
	}, nil
}

// desk is one connection to Slack.
type desk struct {
	base   *url.URL
	http   *http.Client
	secret func(context.Context, string) (string, error)
	person bool // there is a user's token, too
	now    func() time.Time
}

func newDesk(c integrations.Connection) (*desk, error) {
	c = c.WithDefaults()
	base, err := integrations.Base(c, vendor)
	if err != nil {
		return nil, err
	}
	if !strings.HasSuffix(base.Path, "/") {
		base.Path += "/"
	}
	return &desk{base: base, http: integrations.NewClient(c, integrations.Limits{Public: c.BaseURL == ""}), secret: c.Secret, person: c.HasSecret("user_token"), now: c.Now}, nil
}

// parts fills in what every action of this connection has.
func (d *desk) parts(a integrations.Stateful[*session]) integrations.Stateful[*session] {
	a.About.System = "slack"
	a.About.Tested = integrations.Emulated
	a.Base, a.Now = d.base.String(), d.now
	if a.Open == nil {
		a.Open = d.open
	}
	scopes := a.About.Scopes
	a.Identity = func(ctx context.Context, s *session) (string, error) {
		who, err := s.me(ctx)
		if err != nil {
			return "", err
		}
		if err := s.lacks(scopes); err != nil {
			return "", err
		}
		return who.name, nil
	}
	return a
}

// request shows a call as it will be sent, its form a line for each value. What
// a value has of further lines is set in, so that no text looks like a value.
func (d *desk) request(method string, form ...string) integrations.Request {
	lines := make([]string, len(form))
	for i, f := range form {
		lines[i] = strings.ReplaceAll(f, "\n", "\n    ")
	}
	return integrations.Request{Method: "POST", URL: d.base.JoinPath(method).String(), Body: strings.Join(lines, "\n")}
}

// Granted asks Slack who the token stands for and what it may do, for whoever
// compares that with what the actions need.
func Granted(ctx context.Context, c integrations.Connection) (identity string, scopes []string, err error) {
	d, err := newDesk(c)
	if err != nil {
		return "", nil, err
	}
	ctx, s, err := d.open(ctx)
	if err != nil {
		return "", nil, err
	}
	who, err := s.me(ctx)
	if err != nil {
		return "", nil, err
	}
	return who.name, s.scopes, nil
}

// The shapes of Slack's ids.
const (
	channelShape = `[CG][A-Z0-9]{6,20}`
	userShape    = `[UW][A-Z0-9]{6,20}`
	stampShape   = `[0-9]{9,11}\.[0-9]{6}`
)

func channelParam() integrations.Param {
	return integrations.Param{Name: "channel", Title: "Id of the channel", Type: "string", Required: true, Match: channelShape}
}

func stampParam() integrations.Param {
	return integrations.Param{Name: "ts", Title: "Time stamp of the message", Type: "string", Required: true, Match: stampShape}
}

// member returns a member of a state as text.
func member(state map[string]any, name string) string {
	s, _ := state[name].(string)
	return s
}

// members returns a list of a state that may have been through JSON.
func members(state map[string]any, name string) []string {
	switch v := state[name].(type) {
	case []string:
		return v
	case []any:
		out := make([]string, 0, len(v))
		for _, e := range v {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// back is a call to another action of the same connection.
func back(c integrations.Call, action string, params map[string]any) integrations.Call {
	return integrations.Call{Action: action, Connection: c.Connection, Incident: c.Incident, Step: c.Step, Params: params}
}
