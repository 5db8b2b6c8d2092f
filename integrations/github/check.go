package github

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"firebreak/integrations"
)

// check asks GitHub whose token it is, when it ends, and what it may do. A classic
// token's scopes come with each answer; what a fine-grained token or an app may do
// GitHub tells nobody.
func check(ctx context.Context, c integrations.Connection) (integrations.Credential, error) {
	h, err := newHub(c)
	if err != nil {
		return integrations.Credential{}, err
	}
	ctx, s, err := h.open(ctx)
	if err != nil {
		return integrations.Credential{}, err
	}
	u, resp, err := s.Users.Get(ctx, "")
	var out integrations.Credential
	switch {
	case err == nil:
		out.Identity = s.seen.Clean(u.GetLogin())
		if kind := u.GetType(); kind != "" && kind != "User" {
			out.Identity += " (" + s.seen.Clean(kind) + ")"
		}
	case s.seen.ReadStatus() == http.StatusForbidden && resp != nil:
		// An app's token has no user. A repository that it was installed on tells that
		// it is one; everybody may ask for the rate, so that would tell nothing.
		if _, resp, err = s.Apps.ListRepos(ctx, nil); err != nil {
			return out, s.fail("ask who we are", err)
		}
		out.Identity = "an app's installation"
	default:
		return out, s.fail("ask who we are", err)
	}
	out.Expires = resp.TokenExpiration.Time
	switch {
	case h.isServer():
		out.Editions = []string{"ghes"}
	case h.isCloud():
		out.Editions = []string{"dotcom", "ghec"}
	}
	lists, classic := resp.Header["X-Oauth-Scopes"]
	if !classic {
		out.Note = "a fine-grained token or an app's: GitHub does not list what it may do"
		return out, nil
	}
	out.Listed, out.Granted = true, integrations.ScopeList(strings.Join(lists, ","))
	out.Implied = implied(out.Granted)
	return out, nil
}

// includes is which scope brings which along.
var includes = map[string][]string{
	"repo":             {"repo:status", "repo_deployment", "public_repo", "repo:invite", "security_events"},
	"admin:org":        {"write:org", "manage_runners:org"},
	"write:org":        {"read:org"},
	"admin:repo_hook":  {"write:repo_hook"},
	"write:repo_hook":  {"read:repo_hook"},
	"admin:enterprise": {"manage_runners:enterprise", "manage_billing:enterprise", "read:enterprise"},
	"audit_log":        {"read:audit_log"},
	"user":             {"read:user", "user:email", "user:follow"},
	"write:packages":   {"read:packages"},
	"project":          {"read:project"},
}

func implied(granted []string) []string {
	var out []string
	todo := slices.Clone(granted)
	for len(todo) > 0 {
		more := includes[todo[0]]
		out, todo = append(out, more...), append(todo[1:], more...)
	}
	return out
}
