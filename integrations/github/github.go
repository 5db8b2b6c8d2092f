// Package github acts on GitHub through go-github v62: github.com, an
// enterprise cloud, or a server of one's own behind base_url. The token is
// fetched by reference at the moment of use.
//
// It never takes a repository or a file name that could change the path of a
// request, and it deletes no comment that Firebreak did not write.
package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v62/github"

	"firebreak/integrations"
)

// vendor is github.com's own base URL.
const vendor = "https://api.github.com/"

// System describes the GitHub integration.
func System() integrations.System {
	return integrations.System{
		Kind:  "github",
		Title: "GitHub",
		Settings: []integrations.Param{
			{Name: "token", Title: "Reference to a token", Type: "secret", Required: true},
			{Name: "repo", Title: "Repository that notifications go to (owner/name)", Type: "string"},
		},
		Actions: actions,
		Notify:  notify,
		Check:   check,
	}
}

func newHub(c integrations.Connection) (*hub, error) {
	c = c.WithDefaults()
	base, err := integrations.Base(c, vendor)
	if err != nil {
		return nil, err
	}
	if !strings.HasSuffix(base.Path, "/") {
		base.Path += "/"
	}
	return &hub{base: base, http: integrations.NewClient(c, integrations.Limits{Public: c.BaseURL == ""}), secret: c.Secret, reveal: c.Reveal, now: c.Now}, nil
}

func actions(c integrations.Connection) ([]integrations.Action, error) {
	h, err := newHub(c)
	if err != nil {
		return nil, err
	}
	out := []integrations.Action{
		workflow{h, false},
		workflow{h, true},
		keyDelete{h},
		keyCreate{h},
		issueCreate{h},
		issueState{h, "closed"},
		issueState{h, "open"},
		commentCreate{h},
		commentDelete{h},
	}
	for _, more := range []func(*hub) []integrations.Action{
		members, collaborators, teams, blocks, permissions, runs, freezes, repositories, hooks, alerts, credentials, runners, labels, audits, accounts, interactions,
	} {
		out = append(out, more(h)...)
	}
	return out, nil
}

// isServer says that the base URL is that of a server of one's own, and isCloud
// that it is GitHub's. A stand-in is neither.
func (h *hub) isServer() bool { return strings.HasSuffix(h.base.Path, "/api/v3/") }

func (h *hub) isCloud() bool {
	return h.base.Hostname() == "api.github.com" || strings.HasSuffix(h.base.Hostname(), ".ghe.com")
}

// lacks refuses what the edition behind the connection does not have. github.com
// and Enterprise Cloud have one address, and are not told apart.
func (h *hub) lacks(d integrations.Description) error {
	has := func(edition string) bool { return len(d.Available) == 0 || slices.Contains(d.Available, edition) }
	switch {
	case h.isServer() && !has("ghes"):
		return rejected("", "%s: GitHub Enterprise Server does not have it", d.Name)
	case h.isCloud() && !has("dotcom") && !has("ghec"):
		return rejected("", "%s: only GitHub Enterprise Server has it", d.Name)
	}
	return nil
}

// hub is one connection to GitHub.
type hub struct {
	base   *url.URL
	http   *http.Client
	secret func(context.Context, string) (string, error)
	reveal func(context.Context, string) (string, error)
	now    func() time.Time
}

// session is one use of the connection: a client that holds the token for as
// long as one method of an action runs.
type session struct {
	*github.Client
	seen  *integrations.Exchange
	token string
}

// open fetches the token; requests under the context it returns are watched.
// Nothing has been sent when it fails.
func (h *hub) open(ctx context.Context) (context.Context, session, error) {
	token, err := h.secret(ctx, "token")
	if err != nil {
		return ctx, session{}, &integrations.Error{
			Outcome: integrations.NotSent,
			Hint:    "set the connection's token",
			Err:     fmt.Errorf("fetch github token: %w", err),
		}
	}
	client := github.NewClient(h.http).WithAuthToken(token)
	client.BaseURL = h.base
	ctx, seen := watch(ctx, token)
	return ctx, session{client, seen, token}, nil
}

// watch has the requests under the context judged, with hints for GitHub's
// refusals.
func watch(ctx context.Context, secrets ...string) (context.Context, *integrations.Exchange) {
	ctx, seen := integrations.Watch(ctx, secrets...)
	seen.Hint(http.StatusUnauthorized, "GitHub does not take this token: it may be wrong, expired or revoked")
	seen.Hint(http.StatusForbidden, "the token may not do this: see the scopes the action needs")
	seen.Hint(http.StatusNotFound, "it does not exist, or the token may not see it")
	return ctx, seen
}

// fail is the exchange's word on a failure, with what GitHub's headers add.
func (s session) fail(what string, err error) error {
	var e *github.ErrorResponse
	if errors.As(err, &e) && e.Response != nil {
		if hint := s.explain(e.Response); hint != "" {
			s.seen.Hint(e.Response.StatusCode, hint)
		}
	}
	return s.seen.Fail(what, err)
}

// explain says what a refusal's headers tell of the token.
func (s session) explain(resp *http.Response) string {
	if resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusNotFound {
		return ""
	}
	if resp.Header.Get("X-Github-Sso") != "" { // it names a page that acts for whoever opens it: not repeated
		return "the organisation wants single sign-on: authorise the token for it on GitHub, at the token's “Configure SSO”"
	}
	wants := resp.Header.Get("X-Accepted-Oauth-Scopes")
	if _, classic := resp.Header["X-Oauth-Scopes"]; !classic {
		wants = resp.Header.Get("X-Accepted-Github-Permissions")
	}
	if wants == "" {
		return ""
	}
	hint := "GitHub wants one of " + s.seen.Clean(wants)
	if has := resp.Header.Get("X-Oauth-Scopes"); has != "" {
		hint += "; the token has " + s.seen.Clean(has)
	}
	if resp.StatusCode == http.StatusNotFound {
		return "it does not exist, or the token may not see it: " + hint
	}
	return "the token may not do this: " + hint
}

// identity asks who the token belongs to. An app's token has no user: then the
// identity stays empty, which is not an error.
func (s session) identity(ctx context.Context) (string, error) {
	u, _, err := s.Users.Get(ctx, "")
	if err != nil {
		if s.seen.ReadStatus() == http.StatusForbidden {
			return "", nil
		}
		return "", s.fail("ask who we are", err)
	}
	return s.seen.Clean(u.GetLogin()), nil
}

// plan starts a plan with all that every plan of this connection says.
func (h *hub) plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	ctx, s, err := h.open(ctx)
	if err != nil {
		return integrations.Plan{}, err
	}
	who, err := s.identity(ctx)
	if err != nil {
		return integrations.Plan{}, err
	}
	return integrations.Plan{Call: c, Identity: who, Base: h.base.String(), Prior: prior}, nil
}

// planIn is plan for an action in a repository, which must not have been renamed.
// Where it acts on no single thing in it, the repository is its target.
func (h *hub) planIn(ctx context.Context, c integrations.Call, prior integrations.Prior, repo string, on ...integrations.Target) (integrations.Plan, error) {
	watched, s, err := h.open(ctx)
	if err != nil {
		return integrations.Plan{}, err
	}
	p := integrations.Plan{Call: c, Base: h.base.String(), Prior: prior}
	st := state{}
	u := use{session: s, hub: h, root: ctx, ctx: watched}
	err = u.together(
		func(u use) (err error) {
			p.Identity, err = u.identity(u.ctx)
			return err
		},
		func(u use) error {
			owner, name := split(repo)
			var found repository
			if err := u.must("repository "+repo, path("repos", owner, name), &found); err != nil {
				return err
			}
			return named(u.session, repo, found, st)
		},
	)
	if p.Targets = on; len(on) == 0 {
		p.Targets = []integrations.Target{{Kind: "repo", ID: id(st, "repo_id"), Name: repo}}
	}
	return p, err
}

// request shows a request as it will be sent.
func (h *hub) request(method, path, body string) integrations.Request {
	return integrations.Request{Method: method, URL: h.base.JoinPath(path).String(), Body: body}
}

// missing says whether GitHub answered "not found".
func missing(err error) bool {
	var e *github.ErrorResponse
	return errors.As(err, &e) && e.Response != nil && e.Response.StatusCode == http.StatusNotFound
}

// repo is the parameter that names a repository. Its pattern leaves no room for
// a second slash or a step upwards: the library does not escape paths.
func repoParam() integrations.Param {
	return integrations.Param{
		Name: "repo", Title: "Repository (owner/name)", Type: "string", Required: true,
		Match: `[A-Za-z0-9][A-Za-z0-9_-]{0,63}/\.?[A-Za-z0-9_-][A-Za-z0-9._-]{0,98}`,
	}
}

func split(repo string) (owner, name string) {
	owner, name, _ = strings.Cut(repo, "/")
	return owner, name
}

// text returns a member of a prior state or a receipt as text.
func text(state map[string]any, name string) string {
	s, _ := state[name].(string)
	return s
}

// rejected is a refusal of our own.
func rejected(hint, format string, args ...any) error {
	return &integrations.Error{Outcome: integrations.Rejected, Hint: hint, Err: fmt.Errorf(format, args...)}
}
