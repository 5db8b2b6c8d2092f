// Package webhook sends a signed message to a URL of one's own, in the form of
// the Standard Webhooks specification 1.0.0: webhook-id, webhook-timestamp and
// webhook-signature headers, the last one "v1," and the base64 HMAC-SHA256 of
// "id.timestamp.body".
//
// A webhook can neither be read back nor taken back. It goes to public
// addresses only, unless the connection allows others.
package webhook

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
)

// System describes the webhook integration.
func System() integrations.System {
	return integrations.System{
		Kind:  "webhook",
		Title: "Signed webhook",
		Settings: []integrations.Param{
			{Name: "secret", Title: "Reference to the signing secret (whsec_…)", Type: "secret", Required: true},
			{Name: "former_secret", Title: "Reference to the secret before it: both sign until every receiver has the new one", Type: "secret"},
			{Name: "allow_private", Title: "May go to private and loopback addresses", Type: "bool", Default: false},
			{Name: "deduplicates", Title: "The receiver drops a webhook-id it has seen", Type: "bool", Default: false},
		},
		Actions: actions,
		Notify:  notify,
	}
}

func actions(c integrations.Connection) ([]integrations.Action, error) {
	c = c.WithDefaults()
	to := &url.URL{}
	if c.BaseURL != "" {
		var err error
		if to, err = integrations.Base(c, ""); err != nil {
			return nil, err
		}
	}
	return []integrations.Action{send{
		to:     to,
		dedups: c.Settings["deduplicates"] == "true",
		http:   integrations.NewClient(c, integrations.Limits{Body: 64 << 10, Public: c.Settings["allow_private"] != "true"}),
		secret: c.Secret, former: c.HasSecret("former_secret"), now: c.Now,
	}}, nil
}

// send sends one message.
type send struct {
	to     *url.URL
	dedups bool
	http   *http.Client
	secret func(context.Context, string) (string, error)
	former bool // there is a secret before the present one
	now    func() time.Time
}

// message is the body: type, timestamp and data as the specification advises.
type message struct {
	Type      string            `json:"type"`
	Timestamp string            `json:"timestamp"`
	Data      map[string]string `json:"data"`
}

// Describe implements integrations.Action.
func (s send) Describe() integrations.Description {
	d := integrations.Description{
		Name: "webhook.send", Title: "Send a signed webhook", System: "webhook",
		Danger: incident.Low, Idempotency: "none", Scopes: []string{"the secret that the receiver checks"}, Tested: integrations.RealPeer,
		Params: []integrations.Param{
			{Name: "event", Title: "Kind of message", Type: "string", Default: "incident.update", Match: `[A-Za-z0-9_]{1,60}(?:\.[A-Za-z0-9_]{1,60}){0,8}`},
			{Name: "message", Title: "Text", Type: "string", Required: true},
		},
		Result: []integrations.Param{{Name: "webhook_id", Type: "string"}},
	}
	if s.dedups {
		d.Idempotency = "native"
	}
	return d
}

// Prior implements integrations.Action: there is nothing to read.
func (s send) Prior(_ context.Context, c integrations.Call) (integrations.Prior, error) {
	_, err := s.read(c)
	return integrations.Prior{}, err
}

func (s send) read(c integrations.Call) (integrations.Values, error) {
	if s.to.Host == "" {
		return integrations.Values{}, &integrations.Error{
			Outcome: integrations.Rejected, Hint: "set the connection's base_url to the address to send to",
			Err: fmt.Errorf("connection %s has no base URL", c.Connection),
		}
	}
	return integrations.Read(s.Describe(), c.Params)
}

// Plan implements integrations.Action.
func (s send) Plan(_ context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := s.read(c)
	if err != nil {
		return integrations.Plan{}, err
	}
	shown := c
	shown.Seal = integrations.SealPlace
	body, err := s.body(shown, v, "(the moment of sending)")
	if err != nil {
		return integrations.Plan{}, err
	}
	p := integrations.Plan{
		Call: c, Base: s.to.String(), Prior: prior, Target: s.to.Host,
		Targets:  []integrations.Target{{Kind: "url", ID: s.to.String(), Name: s.to.Host}},
		Effects:  []string{fmt.Sprintf("%s receives %q", s.to.Host, v.Text("event"))},
		Requests: []integrations.Request{{Method: "POST", URL: s.to.String(), Body: string(body)}},
	}
	if !s.dedups {
		p.Warnings = []string{"a receiver that does not look at webhook-id may see it twice"}
	}
	return p, nil
}

func (s send) body(c integrations.Call, v integrations.Values, at string) ([]byte, error) {
	m := message{Type: v.Text("event"), Timestamp: at, Data: map[string]string{
		"incident": string(c.Incident), "message": v.Text("message"),
	}}
	if c.Seal != "" {
		m.Data["record"] = c.Seal
	}
	b, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode webhook: %w", err)
	}
	return b, nil
}

// Do implements integrations.Action.
func (s send) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	v, err := s.read(c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	secrets, err := s.secrets(ctx)
	if err != nil {
		return integrations.Receipt{}, err
	}
	now := s.now().UTC()
	body, err := s.body(c, v, now.Format(time.RFC3339Nano))
	if err != nil {
		return integrations.Receipt{}, err
	}
	var signatures []string
	for _, secret := range secrets {
		one, err := Sign(secret, c.Key, now, body)
		if err != nil {
			return integrations.Receipt{}, &integrations.Error{Outcome: integrations.Rejected, Err: err}
		}
		signatures = append(signatures, one)
	}
	ctx, seen := integrations.Watch(ctx, secrets...)
	seen.Hint(http.StatusUnauthorized, "the receiver does not take our signature: compare the secrets and the clocks")
	seen.Hint(http.StatusGone, "the receiver wants no more of them: take the connection out")
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.to.String(), bytes.NewReader(body))
	if err != nil {
		return integrations.Receipt{}, seen.Fail("send webhook", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Webhook-Id", c.Key)
	req.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	req.Header.Set("Webhook-Signature", strings.Join(signatures, " "))
	resp, err := s.http.Do(req)
	if err != nil {
		return integrations.Receipt{}, seen.Fail("send webhook", err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		head, err := io.ReadAll(io.LimitReader(resp.Body, 300))
		if err != nil {
			head = nil
		}
		return integrations.Receipt{}, seen.Fail("send webhook", fmt.Errorf("%s answers %s: %s", s.to.Host, resp.Status, head))
	}
	return integrations.Receipt{Ref: c.Key, At: now, Data: map[string]any{"webhook_id": c.Key}}, nil
}

// secrets are what the message is signed with, the present one first.
func (s send) secrets(ctx context.Context) ([]string, error) {
	names := []string{"secret"}
	if s.former {
		names = append(names, "former_secret")
	}
	var out []string
	for _, n := range names {
		v, err := s.secret(ctx, n)
		if err != nil {
			return nil, &integrations.Error{
				Outcome: integrations.NotSent, Hint: "set the connection's " + n,
				Err: fmt.Errorf("fetch webhook secret: %w", err),
			}
		}
		out = append(out, v)
	}
	return out, nil
}

// Verify implements integrations.Action. A webhook cannot be read back: all
// that can be known is that the receiver answered it with a 2xx, which is what
// the receipt stands for.
func (s send) Verify(_ context.Context, c integrations.Call, r integrations.Receipt) (integrations.Verification, error) {
	if r.Ref != "" && r.Ref == c.Key {
		return integrations.Verification{OK: true, Unread: true, Says: "the receiver took it; a webhook cannot be read back"}, nil
	}
	return integrations.Verification{}, fmt.Errorf("read webhook back: %w", integrations.ErrNotReadable)
}

// Sign makes the value of the webhook-signature header.
func Sign(secret, id string, at time.Time, body []byte) (string, error) {
	sum, err := mac(secret, id, strconv.FormatInt(at.Unix(), 10), body)
	if err != nil {
		return "", err
	}
	return "v1," + base64.StdEncoding.EncodeToString(sum), nil
}
