// Package smtp sends mail through a mail server of one's own: STARTTLS with the
// certificate checked, or TLS from the first byte; a password only over TLS.
//
// A mail cannot be read back or taken back. Its Message-ID is made of the
// action's key, so that a mail that was sent twice is known as one, and mails of
// one incident refer to one thread. When the connection is lost after the text
// has left and before the server's answer, nobody can know: a person has to ask
// the server's log for the Message-ID.
package smtp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
)

// System describes the mail integration.
func System() integrations.System {
	return integrations.System{
		Kind:  "smtp",
		Title: "E-mail",
		Settings: []integrations.Param{
			{Name: "server", Title: "Mail server and port (smtp.example.org:587)", Type: "string", Required: true},
			{Name: "from", Title: "Whom mails are from: NAME <address>", Type: "string", Required: true},
			{Name: "to", Title: "Addresses that notifications go to", Type: "list"},
			{Name: "cc", Title: "Addresses that get a copy", Type: "list"},
			{Name: "user", Title: "Name to log in with", Type: "string"},
			{Name: "password", Title: "Reference to the password", Type: "secret"},
			{Name: "security", Title: "starttls; tls: from the first byte (port 465); none: only to this machine", Type: "string", Default: "starttls"},
			{Name: "ca", Title: "File with the certificates to trust instead of the system's", Type: "string"},
			{Name: "html", Title: "Send a simple HTML form of the text, too", Type: "bool", Default: false},
		},
		Actions: actions,
		Notify:  notify,
	}
}

// The ways to keep a connection private.
const (
	startTLS = "starttls"
	fromTLS  = "tls"
	open     = "none"
)

func actions(c integrations.Connection) ([]integrations.Action, error) {
	c = c.WithDefaults()
	p := &post{
		secret: c.Secret, auth: c.HasSecret("password") || c.Settings["user"] != "", now: c.Now, drill: c.Drill,
		user: c.Settings["user"], ca: c.Settings["ca"], html: c.Settings["html"] == "true", security: c.Settings["security"],
		dial: integrations.Dialer(c, false), limit: 60 * time.Second,
	}
	if p.security == "" {
		p.security = startTLS
	}
	if c.Settings["server"] == "" && c.Settings["from"] == "" {
		return []integrations.Action{p}, nil // described, not used
	}
	host, _, err := net.SplitHostPort(c.Settings["server"])
	switch {
	case err != nil || host == "":
		return nil, errors.New("setting server: want host:port, as in smtp.example.org:587")
	case p.security != startTLS && p.security != fromTLS && p.security != open:
		return nil, errors.New("setting security: want starttls, tls or none")
	case p.security == open && !integrations.Local(host) && !c.Drill:
		return nil, errors.New("setting security: none would show the mails to the network; it is for this machine only")
	case p.ca != "" && !strings.HasPrefix(p.ca, "/"):
		return nil, errors.New("setting ca: want a path that begins with /")
	}
	p.server, p.host = c.Settings["server"], host
	if p.from, err = oneAddress(c.Settings["from"]); err != nil {
		return nil, fmt.Errorf("setting from: %w", err)
	}
	if p.to, err = addresses(c.Settings["to"]); err != nil {
		return nil, fmt.Errorf("setting to: %w", err)
	}
	if p.cc, err = addresses(c.Settings["cc"]); err != nil {
		return nil, fmt.Errorf("setting cc: %w", err)
	}
	return []integrations.Action{p}, nil
}

// post is one connection to a mail server, and the action that it has.
type post struct {
	server, host string
	from         *mail.Address
	to, cc       []string
	user         string
	auth         bool
	ca           string
	security     string
	html         bool
	drill        bool
	secret       func(context.Context, string) (string, error)
	dial         func(ctx context.Context, network, address string) (net.Conn, error)
	now          func() time.Time
	limit        time.Duration // for a whole exchange
}

// addressShape keeps out what could end a header; oneAddress does the rest.
const addressShape = `[^\r\n]{3,400}`

// most is how many people one mail goes to.
const most = 50

// Describe implements integrations.Action.
func (*post) Describe() integrations.Description {
	return integrations.Description{
		Name: "smtp.mail.send", Title: "Send a mail", System: "smtp",
		Danger: incident.Low, Idempotency: "none", Scopes: []string{"a mail account that may send"}, Tested: integrations.RealPeer,
		Params: []integrations.Param{
			{Name: "to", Title: "Addresses", Type: "list", Match: addressShape},
			{Name: "cc", Title: "Addresses that get a copy", Type: "list", Match: addressShape},
			{Name: "subject", Title: "Subject", Type: "string", Required: true, Match: `[^\r\n]{1,500}`},
			{Name: "text", Title: "Text", Type: "string", Required: true},
		},
		Result: []integrations.Param{{Name: "message_id", Type: "string"}, {Name: "accepted", Type: "list"}, {Name: "refused", Type: "list"}},
	}
}

// oneAddress reads an address as RFC 5322 has it, with ASCII only before and
// after the @: without SMTPUTF8 no other can be delivered.
func oneAddress(s string) (*mail.Address, error) {
	a, err := mail.ParseAddress(s)
	if err != nil {
		return nil, fmt.Errorf("address %q: want NAME <user@host> or user@host", integrations.Line(s, 100))
	}
	for _, r := range a.Address {
		if r <= ' ' || r > '~' {
			return nil, fmt.Errorf("address %q: has a character that mail servers do not take", integrations.Line(s, 100))
		}
	}
	if strings.ContainsAny(a.Address, "<>\"\\,;") {
		return nil, fmt.Errorf("address %q: is quoted, which is not supported", integrations.Line(s, 100))
	}
	return a, nil
}

// addresses reads a setting with addresses between commas.
func addresses(setting string) ([]string, error) {
	if strings.TrimSpace(setting) == "" {
		return nil, nil
	}
	list, err := mail.ParseAddressList(setting)
	if err != nil {
		return nil, fmt.Errorf("%q: want addresses with commas between them", integrations.Line(setting, 100))
	}
	out := make([]string, len(list))
	for i, a := range list {
		out[i] = a.String()
		if _, err := oneAddress(out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Prior implements integrations.Action: there is nothing to read.
func (p *post) Prior(_ context.Context, c integrations.Call) (integrations.Prior, error) {
	_, err := p.letter(c)
	return integrations.Prior{}, err
}

// letter checks a call and makes the mail of it.
func (p *post) letter(c integrations.Call) (*letter, error) {
	v, err := integrations.Read(p.Describe(), c.Params)
	if err != nil {
		return nil, err
	}
	bad := func(hint string, err error) (*letter, error) {
		return nil, &integrations.Error{Outcome: integrations.Rejected, Hint: hint, Err: err}
	}
	if p.from == nil {
		return bad("set the connection's server and from", fmt.Errorf("connection %s has no mail server", c.Connection))
	}
	l := &letter{from: p.from, subject: v.Text("subject"), text: v.Text("text"), html: p.html, call: c}
	to, cc := v.List("to"), v.List("cc")
	if len(to) == 0 {
		to, cc = p.to, append(cc, p.cc...)
	}
	for list, into := range map[*[]string]*[]*mail.Address{&to: &l.to, &cc: &l.cc} {
		for _, one := range *list {
			a, err := oneAddress(one)
			if err != nil {
				return bad("", err)
			}
			*into = append(*into, a)
		}
	}
	switch n := len(l.everybody()); {
	case n == 0:
		return bad("give to, or set it in the connection's settings", errors.New("the mail goes to nobody"))
	case n > most:
		return bad("write to a list", fmt.Errorf("the mail goes to %d people: at most %d", n, most))
	}
	return l, nil
}

// Plan implements integrations.Action.
func (p *post) Plan(_ context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	shown := c
	shown.Seal = integrations.SealPlace
	l, err := p.letter(shown)
	if err != nil {
		return integrations.Plan{}, err
	}
	out := integrations.Plan{
		Call: c, Identity: p.from.Address, Base: "smtp://" + p.server, Prior: prior, Target: strings.Join(l.everybody(), ", "),
		Effects:  []string{fmt.Sprintf("%s get a mail %q", strings.Join(l.everybody(), ", "), l.subject)},
		Requests: []integrations.Request{{Method: "DATA", URL: "smtp://" + p.server, Body: l.plain()}},
		Proof:    "that the mail server took it, no more",
		Warnings: []string{"it cannot be read back: should the server's answer get lost, a person has to look in its log"},
	}
	for _, a := range l.everybody() {
		out.Targets = append(out.Targets, integrations.Target{Kind: "mailbox", ID: a})
	}
	return out, nil
}

// Do implements integrations.Action.
func (p *post) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	l, err := p.letter(c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	now := p.now().UTC()
	raw, err := l.bytes(now)
	if err != nil {
		return integrations.Receipt{}, &integrations.Error{Outcome: integrations.Rejected, Err: err}
	}
	password := ""
	if p.auth {
		if password, err = p.secret(ctx, "password"); err != nil {
			return integrations.Receipt{}, &integrations.Error{
				Outcome: integrations.NotSent, Hint: "set the connection's password",
				Err: fmt.Errorf("fetch mail password: %w", err),
			}
		}
	}
	accepted, refused, err := p.deliver(ctx, password, l, raw)
	if err != nil {
		return integrations.Receipt{}, err
	}
	says := ""
	if len(refused) > 0 {
		says = integrations.Line("not delivered to: "+strings.Join(refused, "; "), 1000)
	}
	return integrations.Receipt{
		Ref: "<" + l.id() + ">", At: now, Says: says,
		Data: map[string]any{"message_id": l.id(), "accepted": accepted, "refused": refused},
	}, nil
}

// Verify implements integrations.Action. A mail cannot be read back: all that can
// be known is that the server took it, which is what the receipt stands for.
func (p *post) Verify(_ context.Context, c integrations.Call, r integrations.Receipt) (integrations.Verification, error) {
	l, err := p.letter(c)
	if err != nil {
		return integrations.Verification{}, err
	}
	if r.Ref != "<"+l.id()+">" {
		return integrations.Verification{}, fmt.Errorf("read mail back: %w", integrations.ErrNotReadable)
	}
	says := "the mail server took it; a mail cannot be read back"
	if n := count(r.Data["refused"]); n > 0 {
		says = fmt.Sprintf("the mail server took it for some, and refused %d", n)
	}
	return integrations.Verification{OK: true, Unread: true, Says: says}, nil
}

func count(list any) int {
	switch l := list.(type) {
	case []string:
		return len(l)
	case []any:
		return len(l)
	}
	return 0
}

// notify sends the message as a mail.
func notify(c integrations.Connection, m integrations.Message) (string, map[string]any, error) {
	params := map[string]any{"subject": integrations.Line(m.Subject, 400), "text": m.Body}
	if m.Subject == "" {
		params["subject"] = integrations.Line(m.Body, 100)
	}
	if m.Body == "" {
		params["text"] = m.Subject
	}
	for _, n := range []string{"to", "cc", "subject"} {
		if v, ok := m.Fields[n]; ok {
			params[n] = v
		}
	}
	if _, ok := params["to"]; !ok && strings.TrimSpace(c.Settings["to"]) == "" {
		return "", nil, errors.New("notify smtp: say to whom: in the step's with, or in the connection's settings")
	}
	return "smtp.mail.send", params, nil
}
