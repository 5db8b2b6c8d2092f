package declared

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/time/rate"

	"firebreak/integrations"
)

// connection is one configured connection of a declared system.
type connection struct {
	c        integrations.Connection
	system   *System
	settings map[string]string // with their defaults
	base     *url.URL          // nil: each service has its own
	services map[string]*url.URL
	client   *http.Client
	tokens   *tokens
	broken   error // why it cannot be used; told when it is
}

var label = func(s string) bool {
	return s != "" && len(s) <= 63 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
	})
}

func connect(sys *System, c integrations.Connection) *connection {
	c = c.WithDefaults()
	out := &connection{c: c, system: sys, settings: map[string]string{}, services: map[string]*url.URL{}}
	for _, p := range sys.Settings {
		v := c.Settings[p.Name]
		if v == "" && p.Default != nil {
			v = show(p.Default)
		}
		if v == "" {
			if p.Required && p.Type != "secret" {
				out.fault(fmt.Errorf("it has no setting %s", p.Name))
			}
			continue
		}
		if err := integrations.Check(integrations.Description{Name: sys.Title, Params: []integrations.Param{p}}, map[string]any{p.Name: v}); err != nil {
			out.fault(err)
			continue
		}
		out.settings[p.Name] = v
	}
	if v := c.Settings["token_url"]; v != "" {
		out.settings["token_url"] = v
	}
	public := c.BaseURL == "" && sys.Base+fmt.Sprint(len(sys.Services)) != "0"
	writes := rate.Limit(sys.Writes)
	out.client = integrations.NewClient(c, integrations.Limits{Public: public && !c.Drill, Writes: writes})
	out.tokens = newTokens(c, public && !c.Drill && c.Settings["token_url"] == "")
	out.places()
	return out
}

func (c *connection) fault(err error) {
	if c.broken == nil {
		c.broken = err
	}
}

// places works out the hosts that the connection leads to.
func (c *connection) places() {
	host := func(text string) *url.URL {
		bad := ""
		text, err := fill(text, c.settings, func(s string) string {
			if !label(s) {
				bad = s
			}
			return s
		})
		if err == nil && bad != "" {
			err = fmt.Errorf("%.80q cannot be part of a host's name", bad)
		}
		var u *url.URL
		if err == nil {
			u, err = integrations.Base(c.c, text)
		}
		if err != nil {
			c.fault(err)
			return nil
		}
		return u
	}
	if c.system.Base != "" || c.c.BaseURL != "" || len(c.system.Services) == 0 {
		c.base = host(c.system.Base)
	}
	for name, s := range c.system.Services {
		c.services[name] = host(s.base)
	}
}

// host is where a request of that service goes.
func (c *connection) host(name string) (*url.URL, service, error) {
	if c.broken != nil {
		return nil, service{}, rejected("correct the connection", "connection %s: %w", c.c.Name, c.broken)
	}
	if name == "" {
		if c.base == nil {
			return nil, service{}, rejected("set its base_url", "connection %s has no base URL", c.c.Name)
		}
		return c.base, service{}, nil
	}
	return c.services[name], c.system.Services[name], nil
}

func rejected(hint, format string, args ...any) error {
	return &integrations.Error{Outcome: integrations.Rejected, Hint: hint, Err: fmt.Errorf(format, args...)}
}

// session is one use of the connection.
type session struct {
	*connection
	opened
	rules  []rule
	seen   *integrations.Exchange
	ctx    context.Context
	params map[string]string // secret parameters, fetched
}

// start opens the connection. reveal lists the secret parameters to be fetched,
// by their references.
func (c *connection) start(ctx context.Context, rules []rule, reveal map[string]string) (*session, error) {
	if err := ctx.Err(); err != nil {
		return nil, notSent("", fmt.Errorf("connection %s: %w", c.c.Name, err))
	}
	if c.broken != nil {
		return nil, rejected("correct the connection", "connection %s: %w", c.c.Name, c.broken)
	}
	s := &session{connection: c, rules: append(slices.Clone(rules), c.system.Errors...), params: map[string]string{}}
	var err error
	if s.opened, err = c.open(ctx); err != nil {
		return nil, err
	}
	for name, reference := range reveal {
		v, err := c.c.Reveal(ctx, reference)
		if err != nil {
			return nil, notSent("see that the reference leads to the secret", fmt.Errorf("parameter %s: %w", name, err))
		}
		s.params[name] = v
		s.secrets = append(s.secrets, v)
	}
	s.ctx, s.seen = integrations.Watch(ctx, s.secrets...)
	return s, nil
}

// reveal puts a secret parameter into a request that is sent.
func (s *session) reveal(name string) (any, error) {
	v, ok := s.params[name]
	if !ok {
		return nil, nil
	}
	return v, nil
}

// conceal stands for it in a plan.
func conceal(string) (any, error) { return integrations.Hidden, nil }

// answer is what came back.
type answer struct {
	status int
	header http.Header
	value  any
	done   bool // a rule says that it is so already
}

// send makes a request and judges its answer.
func (s *session) send(what string, r ready, q *request) (answer, error) {
	req, err := http.NewRequestWithContext(s.ctx, r.method, r.to.String(), http.NoBody)
	if err != nil {
		return answer{}, s.seen.Fail(what, errors.New("the request cannot be made"))
	}
	r.request(req)
	s.set(req, r.body, r.service)
	resp, err := s.client.Do(req)
	if err != nil {
		return answer{}, s.seen.Fail(what, err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	body, err := io.ReadAll(resp.Body)
	if resp.StatusCode == http.StatusUnauthorized {
		s.tokens.drop()
	}
	out := answer{status: resp.StatusCode, header: resp.Header}
	wanted := resp.StatusCode >= 200 && resp.StatusCode <= 299
	if len(q.expect) > 0 {
		wanted = slices.Contains(q.expect, resp.StatusCode)
	}
	if !wanted {
		return s.unwanted(what, r, out, body)
	}
	if err != nil {
		return answer{}, s.seen.Fail(what, err)
	}
	if out.value, err = s.readAnswer(q.answer, body); err != nil {
		return answer{}, s.seen.Fail(what, err)
	}
	return out, nil
}

func (s *session) readAnswer(kind string, body []byte) (any, error) {
	text := integrations.Redact(string(body), s.secrets...)
	switch {
	case kind == answerNone:
		return nil, nil
	case strings.TrimSpace(text) == "":
		return nil, nil
	case !utf8.ValidString(text):
		return nil, errors.New("the answer is not UTF-8")
	case kind == answerXML:
		return parseXML(text)
	case kind == answerText:
		return text, nil
	}
	return parseJSON(text)
}

// unwanted is an answer that is no success, by the rules of the action and of its
// system, else by its status.
func (s *session) unwanted(what string, r ready, a answer, body []byte) (answer, error) {
	text := integrations.Redact(string(body[:min(len(body), 16<<10)]), s.secrets...)
	err := fmt.Errorf("%s answers %d %s: %s", r.to.Host, a.status, http.StatusText(a.status), s.seen.Clean(strings.ToValidUTF8(strings.Join(strings.Fields(text), " "), "?")))
	for _, rule := range s.rules {
		if !rule.fits(a.status, text) {
			continue
		}
		outcome := integrations.Outcome(rule.outcome)
		switch rule.outcome {
		case outcomeDone:
			a.done = true
			return a, nil
		case "":
			s.seen.Hint(a.status, rule.hint)
			return a, s.seen.Fail(what, err)
		case string(integrations.Throttled):
			return a, &integrations.Error{Outcome: outcome, After: time.Minute, Hint: rule.hint, Err: fmt.Errorf("%s: %w", what, err)}
		}
		return a, &integrations.Error{Outcome: outcome, Hint: rule.hint, Err: fmt.Errorf("%s: %w", what, err)}
	}
	return a, s.seen.Fail(what, err)
}

// outcomeDone is a rule's word for "it is so already".
const outcomeDone = "done"

func (r rule) fits(status int, text string) bool {
	if len(r.status) > 0 && !slices.Contains(r.status, status) {
		return false
	}
	return r.says == "" || strings.Contains(strings.ToLower(text), strings.ToLower(r.says))
}
