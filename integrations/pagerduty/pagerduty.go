// Package pagerduty works with PagerDuty: events of the Events API v2, whose
// dedup_key is the action's key; incidents, notes, updates and requests for help
// through the REST API; who is on call, and the log of an incident as evidence.
//
// An accepted event is not yet an alert: PagerDuty works on it later. Whether
// it took effect can be asked only with a REST token; without one what was sent
// stays sent, neither verified nor failed.
package pagerduty

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/PagerDuty/go-pagerduty"

	"firebreak/integrations"
)

// The vendor's own base URLs.
const (
	vendor       = "https://api.pagerduty.com"
	vendorEvents = "https://events.pagerduty.com"
)

// System describes the PagerDuty integration.
func System() integrations.System {
	return integrations.System{
		Kind:  "pagerduty",
		Title: "PagerDuty",
		Settings: []integrations.Param{
			{Name: "routing_key", Title: "Reference to an Events API v2 integration key", Type: "secret"},
			{Name: "token", Title: "Reference to a REST API token: notes, and reading back", Type: "secret"},
			{Name: "from", Title: "E-mail address of the user in whose name it writes", Type: "string"},
			{Name: "user_id", Title: "Id of that user, for requests for help", Type: "string", Match: shape},
			{Name: "events_url", Title: "Base URL of the Events API", Type: "string", Default: vendorEvents},
		},
		Actions: actions,
		Notify:  notify,
		Check:   check,
	}
}

func newDuty(c integrations.Connection) (*duty, error) {
	c = c.WithDefaults()
	rest, err := integrations.Base(c, vendor)
	if err != nil {
		return nil, err
	}
	ev := c
	if ev.BaseURL = c.Settings["events_url"]; ev.BaseURL == "" && c.BaseURL != "" {
		// A test server or a proxy stands for both, unless told otherwise.
		ev.BaseURL = c.BaseURL
	}
	events, err := integrations.Base(ev, vendorEvents)
	if err != nil {
		return nil, err
	}
	return &duty{
		rest: strings.TrimSuffix(rest.String(), "/"), events: strings.TrimSuffix(events.String(), "/"),
		from: c.Settings["from"], user: c.Settings["user_id"],
		http:   integrations.NewClient(c, integrations.Limits{Writes: 2, Public: c.BaseURL == "" && ev.BaseURL == ""}),
		secret: c.Secret, now: c.Now,
	}, nil
}

func actions(c integrations.Connection) ([]integrations.Action, error) {
	d, err := newDuty(c)
	if err != nil {
		return nil, err
	}
	return []integrations.Action{
		event{d, "trigger"},
		event{d, acknowledge},
		event{d, resolve},
		changeEvent{d},
		create{d},
		manage{d, acknowledge},
		manage{d, resolve},
		reassignment{manage{d, reassign}},
		manage{d, escalate},
		snooze{d},
		merge{d},
		note{d},
		statusUpdate{d},
		responders{d},
		workflow{d},
		onCall{d},
		incidentLog{d},
	}, nil
}

// duty is one connection to PagerDuty.
type duty struct {
	rest, events string // base URLs
	from, user   string // who it is: e-mail address, id
	http         *http.Client
	secret       func(context.Context, string) (string, error)
	now          func() time.Time
}

// session is one use of the connection.
type session struct {
	*pagerduty.Client
	seen       *integrations.Exchange
	key        string // the routing key, for events
	rest, from string
}

// open fetches the secret of that setting; requests under the context it
// returns are watched. Nothing has been sent when it fails.
func (d *duty) open(ctx context.Context, setting string) (context.Context, session, error) {
	value, err := d.secret(ctx, setting)
	if err != nil {
		return ctx, session{}, &integrations.Error{
			Outcome: integrations.NotSent,
			Hint:    "set the connection's " + setting,
			Err:     fmt.Errorf("fetch pagerduty %s: %w", setting, err),
		}
	}
	ctx, seen := integrations.Watch(ctx, value)
	seen.Hint(http.StatusUnauthorized, "PagerDuty does not take this token")
	seen.Hint(http.StatusPaymentRequired, "the account's plan does not have this: ask the account's owner, or do it another way")
	seen.Hint(http.StatusForbidden, "the token may not do this: it may be read-only")
	seen.Hint(http.StatusNotFound, "it does not exist, or the token may not see it")
	seen.Hint(http.StatusBadRequest, "PagerDuty refused the request: for events, check the routing key; for what is written, the setting from")
	s := session{seen: seen, rest: d.rest, from: d.from}
	token := value
	if setting == "routing_key" {
		s.key, token = value, ""
	}
	s.Client = pagerduty.NewClient(token, pagerduty.WithAPIEndpoint(d.rest), pagerduty.WithV2EventsAPIEndpoint(d.events))
	s.HTTPClient = d.http
	return ctx, s, nil
}

// reader opens the REST API to read an alert back; ErrNotReadable without a
// token.
func (d *duty) reader(ctx context.Context) (context.Context, session, error) {
	ctx, s, err := d.open(ctx, "token")
	if err != nil {
		return ctx, session{}, fmt.Errorf("read back from pagerduty: no token is set: %w", integrations.ErrNotReadable)
	}
	return ctx, s, nil
}

// incident returns the newest incident with that key, nil when there is none.
func (s session) incident(ctx context.Context, key string) (*pagerduty.Incident, error) {
	found, err := s.ListIncidentsWithContext(ctx, pagerduty.ListIncidentsOptions{
		IncidentKey: key, DateRange: "all", Limit: 10, SortBy: "created_at:desc",
	})
	if err != nil {
		return nil, s.seen.Fail("read incidents", err)
	}
	for _, i := range found.Incidents {
		if i.IncidentKey == key {
			return &i, nil
		}
	}
	return nil, nil // nothing found is not a failure
}
