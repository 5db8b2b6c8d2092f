// Package teams posts cards into a Microsoft Teams channel or chat through the
// webhook of a workflow ("Post to a channel when a webhook request is
// received"). Whoever knows the webhook's URL can post, so the whole URL is the
// secret.
//
// What is posted can be neither read back nor taken back, and a repeat appears
// twice: a message whose outcome is unknown stays so until a person has looked.
package teams

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
)

// System describes the Teams integration.
func System() integrations.System {
	return integrations.System{
		Kind:  "teams",
		Title: "Microsoft Teams workflow",
		Settings: []integrations.Param{
			{Name: "url", Title: "Reference to the workflow's webhook URL: all of it is secret", Type: "secret", Required: true},
			{Name: "allow_private", Title: "May go to private and loopback addresses", Type: "bool", Default: false},
		},
		Actions: actions,
		Notify:  notify,
	}
}

func actions(c integrations.Connection) ([]integrations.Action, error) {
	c = c.WithDefaults()
	if c.BaseURL != "" {
		return nil, errors.New("a teams connection has no base_url: put the webhook's URL under secrets, as url")
	}
	return []integrations.Action{send{
		// The vendor asks for no more than four requests a second.
		http:   integrations.NewClient(c, integrations.Limits{Body: 64 << 10, Public: c.Settings["allow_private"] != "true" && !c.Drill}),
		secret: c.Secret, now: c.Now, drill: c.Drill,
	}}, nil
}

// send posts one card.
type send struct {
	http   *http.Client
	secret func(context.Context, string) (string, error)
	now    func() time.Time
	drill  bool
}

// Describe implements integrations.Action.
func (send) Describe() integrations.Description {
	return integrations.Description{
		Name: "teams.message.send", Title: "Post a card", System: "teams",
		Danger: incident.Low, Idempotency: "none", Scopes: []string{"a workflow's webhook URL"}, Tested: integrations.Unconfirmed,
		Params: []integrations.Param{
			{Name: "title", Title: "First line", Type: "string", Match: `[^\r\n]{1,400}`},
			{Name: "text", Title: "Text", Type: "string", Required: true},
		},
		Result: []integrations.Param{{Name: "card", Type: "string"}},
	}
}

// address is where the secret leads, and all forms of it that must show up
// nowhere.
func (s send) address(ctx context.Context) (*url.URL, []string, error) {
	raw, err := s.secret(ctx, "url")
	if err != nil {
		return nil, nil, &integrations.Error{
			Outcome: integrations.NotSent, Hint: "set the connection's url, under secrets",
			Err: fmt.Errorf("fetch teams webhook URL: %w", err),
		}
	}
	bad := func(why string) error {
		return &integrations.Error{Outcome: integrations.Rejected, Hint: "copy the URL from the workflow again", Err: errors.New("read teams webhook URL: " + why)}
	}
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		return nil, nil, bad("it cannot be parsed") // its text is the secret
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Fragment != "":
		return nil, nil, bad("want https://host/path")
	case u.Scheme == "http" && !s.drill && !integrations.Local(u.Hostname()):
		return nil, nil, bad("plain http would show it to the network")
	}
	forms := []string{raw, u.String(), u.RequestURI(), u.EscapedPath(), u.Path, u.RawQuery}
	for _, pair := range strings.Split(u.RawQuery, "&") { // as it stands, and read: somebody may say back either
		_, value, _ := strings.Cut(pair, "=")
		forms = append(forms, value)
		if plain, err := url.QueryUnescape(value); err == nil {
			forms = append(forms, plain)
		}
	}
	return u, slices.DeleteFunc(forms, func(f string) bool { return len(f) < 6 }), nil
}

// Prior implements integrations.Action: there is nothing to read.
func (s send) Prior(_ context.Context, c integrations.Call) (integrations.Prior, error) {
	_, err := s.read(c)
	return integrations.Prior{}, err
}

func (s send) read(c integrations.Call) ([]byte, error) {
	v, err := integrations.Read(s.Describe(), c.Params)
	if err != nil {
		return nil, err
	}
	b, err := card(c, v)
	if err != nil {
		return nil, &integrations.Error{Outcome: integrations.Rejected, Hint: "shorten the text, or send a link to it", Err: err}
	}
	return b, nil
}

// Plan implements integrations.Action.
func (s send) Plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	shown := c
	shown.Seal = integrations.SealPlace
	body, err := s.read(shown)
	if err != nil {
		return integrations.Plan{}, err
	}
	u, _, err := s.address(ctx)
	if err != nil {
		return integrations.Plan{}, err
	}
	base := u.Scheme + "://" + u.Host
	return integrations.Plan{
		Call: c, Base: base, Prior: prior, Target: u.Host,
		Targets:  []integrations.Target{{Kind: "workflow", ID: u.Host}},
		Effects:  []string{"a card appears where the workflow posts to, for all who can read that"},
		Requests: []integrations.Request{{Method: "POST", URL: base + "/" + integrations.Hidden, Body: string(body)}},
		Proof:    "that the workflow took it, no more",
		Warnings: []string{"it cannot be read back: should the answer get lost, a person has to look in Teams"},
	}, nil
}

// Do implements integrations.Action.
func (s send) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	body, err := s.read(c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	u, forms, err := s.address(ctx)
	if err != nil {
		return integrations.Receipt{}, err
	}
	ctx, seen := integrations.Watch(ctx, forms...)
	seen.Hint(http.StatusUnauthorized, "the URL is no longer valid: copy it from the workflow again")
	seen.Hint(http.StatusForbidden, "the workflow takes no requests from outside the organisation, or its URL is no longer valid")
	seen.Hint(http.StatusNotFound, "the workflow was deleted, or switched off")
	seen.Hint(http.StatusBadRequest, "the workflow does not take cards: make it from the template for webhook requests")
	seen.Hint(http.StatusRequestEntityTooLarge, "shorten the text")
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return integrations.Receipt{}, seen.Fail("post to teams", err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.http.Do(req)
	if err != nil {
		return integrations.Receipt{}, seen.Fail("post to teams", err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	head, err := io.ReadAll(io.LimitReader(resp.Body, 1000))
	if err != nil && resp.StatusCode != http.StatusAccepted {
		return integrations.Receipt{}, seen.Fail("post to teams", err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return integrations.Receipt{}, seen.Fail("post to teams", fmt.Errorf("the workflow answers %s: %s", resp.Status, head))
	}
	if err := spoken(seen, string(head)); err != nil {
		return integrations.Receipt{}, err
	}
	return integrations.Receipt{Ref: c.Key, At: s.now(), Data: map[string]any{"card": c.Key}}, nil
}

// spoken reads what the old connectors say with status 200: "1" when they posted
// it, and a sentence with another status when they did not.
func spoken(seen *integrations.Exchange, head string) error {
	_, status, failed := strings.Cut(head, "returned HTTP error ")
	if !failed {
		return nil
	}
	e := &integrations.Error{Outcome: integrations.Ambiguous, Err: fmt.Errorf("post to teams: the webhook says: %s", seen.Clean(head))}
	switch {
	case strings.HasPrefix(status, "429"):
		e.Outcome, e.After = integrations.Throttled, time.Minute
	case strings.HasPrefix(status, "4"):
		e.Outcome = integrations.Rejected
	}
	return e
}

// Verify implements integrations.Action. A card cannot be read back: all that can
// be known is that the workflow took it, which is what the receipt stands for.
func (s send) Verify(_ context.Context, c integrations.Call, r integrations.Receipt) (integrations.Verification, error) {
	if r.Ref != "" && r.Ref == c.Key {
		return integrations.Verification{OK: true, Unread: true, Says: "the workflow took it; a card cannot be read back"}, nil
	}
	return integrations.Verification{}, fmt.Errorf("read card back: %w", integrations.ErrNotReadable)
}
