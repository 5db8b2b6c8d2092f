package pagerduty

import (
	"context"
	"net/http"

	"github.com/PagerDuty/go-pagerduty"

	"firebreak/integrations"
)

// check asks PagerDuty whose token it is. The key of an account has no user; that
// it is taken, the list of the account's abilities shows. A routing key can be
// asked for nothing: whatever it is sent with is an event.
func check(ctx context.Context, c integrations.Connection) (integrations.Credential, error) {
	if c.Has != nil && !c.HasSecret("token") {
		return integrations.Credential{}, integrations.ErrNotAsked
	}
	d, err := newDuty(c)
	if err != nil {
		return integrations.Credential{}, err
	}
	ctx, s, err := d.open(ctx, "token")
	if err != nil {
		return integrations.Credential{}, err
	}
	out := integrations.Credential{Note: "PagerDuty does not list what it may do"}
	u, err := s.GetCurrentUserWithContext(ctx, pagerduty.GetCurrentUserOptions{})
	switch {
	case err == nil:
		out.Identity = s.seen.Clean(u.Name + " <" + u.Email + ">, " + u.Role)
		switch u.Role {
		case "read_only_user", "read_only_limited_user":
			out.Listed, out.Note = true, ""
			out.Granted = []string{"incidents.read", "oncalls.read"}
		}
		if out.Listed && c.HasSecret("routing_key") {
			out.Granted = append(out.Granted, "an Events API v2 integration key")
		}
		return out, nil
	case s.seen.ReadStatus() != http.StatusBadRequest:
		return out, s.seen.Fail("ask who we are", err)
	}
	if _, err := s.ListAbilitiesWithContext(ctx); err != nil {
		return out, s.seen.Fail("ask what the account has", err)
	}
	out.Identity = "a key of the account"
	if d.from != "" {
		out.Identity += ", in the name of " + d.from
	}
	return out, nil
}
