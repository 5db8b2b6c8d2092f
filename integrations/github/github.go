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
	}
}

func actions(c integrations.Connection) ([]integrations.Action, error) {
	c = c.WithDefaults()
	base, err := integrations.Base(c, vendor)
	if err != nil {
		return nil, err
	}
	if !strings.HasSuffix(base.Path, "/") {
		base.Path += "/"
	}
	h := &hub{base: base, http: integrations.NewClient(c, integrations.Limits{Public: c.BaseURL == ""}), secret: c.Secret, now: c.Now}
	return []integrations.Action{
		workflow{h, false},
		workflow{h, true},
		keyDelete{h},
		keyCreate{h},
		issueCreate{h},
		issueState{h, "closed"},
		issueState{h, "open"},
		commentCreate{h},
		commentDelete{h},
	}, nil
}

// hub is one connection to GitHub.
type hub struct {
	base   *url.URL
	http   *http.Client
	secret func(context.Context, string) (string, error)
	now    func() time.Time
}

// session is one use of the connection: a client that holds the token for as
// long as one method of an action runs.
type session struct {
	*github.Client
	seen *integrations.Exchange
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
	ctx, seen := integrations.Watch(ctx, token)
	seen.Hint(http.StatusUnauthorized, "GitHub does not take this token: it may be wrong, expired or revoked")
	seen.Hint(http.StatusForbidden, "the token may not do this: see the scopes the action needs")
	seen.Hint(http.StatusNotFound, "it does not exist, or the token may not see it")
	client := github.NewClient(h.http).WithAuthToken(token)
	client.BaseURL = h.base
	return ctx, session{client, seen}, nil
}

// identity asks who the token belongs to. An app's token has no user: then the
// identity stays empty, which is not an error.
func (s session) identity(ctx context.Context) (string, error) {
	u, _, err := s.Users.Get(ctx, "")
	if err != nil {
		if s.seen.ReadStatus() == http.StatusForbidden {
			return "", nil
		}
		return "", s.seen.Fail("ask who we are", err)
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

// request shows a request as it will be sent.
func (h *hub) request(method, path, body string) integrations.Request {
	return integrations.Request{Method: method, URL: h.base.JoinPath(path).String(), Body: body}
}

// missing says whether err means that the thing is not there.
func missing(err error) bool {
	var e *github.ErrorResponse
	return errors.As(err, &e) && e.Response != nil && e.Response.StatusCode == http.StatusNotFound
}

// repo is the parameter that names a repository. Its pattern leaves no room for
// a second slash or a step upwards: the library does not escape paths.
func repoParam() integrations.Param {
	return integrations.Param{
		Name: "repo", Title: "Repository (owner/name)", Type: "string", Required: true,
		Match: `[A-Za-z0-9][A-Za-z0-9-]{0,38}/\.?[A-Za-z0-9_-][A-Za-z0-9._-]{0,98}`,
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
