package slack

import (
	"context"
	"fmt"

	"firebreak/integrations"
)

// check asks Slack who the token stands for and what it may do. A user's token is
// asked for, too: whoever needs it does so when a channel is to come back.
func check(ctx context.Context, c integrations.Connection) (integrations.Credential, error) {
	who, granted, err := Granted(ctx, c)
	if err != nil {
		return integrations.Credential{}, err
	}
	out := integrations.Credential{
		Identity: who, Granted: granted, Listed: len(granted) > 0,
		Helps: []string{"channels:read", "channels:history", "groups:read", "groups:history", "pins:read", "bookmarks:read"},
	}
	if !out.Listed {
		out.Note = "Slack does not say what it may do"
	}
	if !c.HasSecret("user_token") {
		return out, nil
	}
	d, err := newDesk(c)
	if err != nil {
		return out, err
	}
	ctx, s, err := d.as(ctx, "user_token")
	if err != nil {
		return out, err
	}
	person, err := s.me(ctx)
	if err != nil {
		return out, fmt.Errorf("the user's token: %w", err)
	}
	out.Identity += ", and as a person " + person.name
	return out, nil
}
