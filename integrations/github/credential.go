package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-github/v62/github"

	"firebreak/incident"
	"firebreak/integrations"
)

// credentials are the actions on leaked tokens of GitHub itself.
func credentials(h *hub) []integrations.Action { return []integrations.Action{revoke{h}} }

// revoke has GitHub revoke a token that somebody found: whoever holds it can,
// without being anybody. The token is a reference everywhere but in the request.
type revoke struct{ *hub }

// Describe implements integrations.Action.
func (revoke) Describe() integrations.Description {
	return integrations.Description{
		Name: "github.credential.revoke", Title: "Revoke a leaked GitHub token for good", System: "github",
		Danger: incident.High, Idempotency: "native", Available: cloud(), Tested: integrations.Described,
		Params: []integrations.Param{{Name: "credential", Title: "Reference to the token: env:NAME, file:PATH", Type: "secret", Required: true, Match: `[a-z]+:.{1,400}`}},
		Result: results("credential"), React: []string{"RA4601"}, D3fend: []string{"D3-CR"},
	}
}

// prefixes begin the tokens that GitHub revokes on being told, and no others.
var prefixes = []string{"ghp_", "github_pat_", "gho_", "ghu_", "ghr_"}

// leaked fetches the token. What is none of GitHub's is not sent there.
func (a revoke) leaked(ctx context.Context, c integrations.Call) (reference, token string, err error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return "", "", err
	}
	if err := a.lacks(a.Describe()); err != nil {
		return "", "", err
	}
	reference = v.Text("credential")
	token, err = a.reveal(ctx, reference)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return "", "", &integrations.Error{Outcome: integrations.NotSent, Hint: "give the token by reference: env:NAME or file:/path", Err: fmt.Errorf("fetch the credential: %w", err)}
	}
	token = strings.TrimSpace(token)
	if !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(token, p) }) || strings.ContainsAny(token, " \t\r\n\x00") || len(token) > 400 {
		return "", "", rejected("revoke it where it was issued", "revoke credential: it is no GitHub token of a kind that GitHub revokes so (%s)", strings.Join(prefixes, ", "))
	}
	return reference, token, nil
}

// Prior implements integrations.Action. The token is not tried before somebody
// agreed to it.
func (a revoke) Prior(_ context.Context, c integrations.Call) (integrations.Prior, error) {
	return integrations.Prior{}, a.Validate(c)
}

// Validate implements integrations.Validator.
func (a revoke) Validate(c integrations.Call) error {
	if _, err := integrations.Read(a.Describe(), c.Params); err != nil {
		return err
	}
	return a.lacks(a.Describe())
}

// Plan implements integrations.Action.
func (a revoke) Plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Plan{}, err
	}
	p, err := a.plan(ctx, c, prior)
	if err != nil {
		return integrations.Plan{}, err
	}
	p.Target = v.Text("credential")
	p.Targets = []integrations.Target{{Kind: "credential", ID: v.Text("credential"), Name: v.Text("credential")}}
	p.Effects = []string{
		"GitHub makes the token invalid wherever it is used, and tells its owner",
		"what the token did before is not undone: keys and hooks made with it stay",
	}
	p.Warnings = []string{
		"this cannot be undone: whatever works with the token stops, and needs a new one",
		"it may be used by more than the intruder: see the audit log first, where there is one",
		"the request itself carries no identity: GitHub limits such requests by address",
	}
	p.Proof = "GitHub answers 401 to the token: it is tried with a question that reads nothing of its owner's"
	p.Requests = []integrations.Request{a.request("POST", "credentials/revoke", `{"credentials":["`+integrations.Hidden+`"]}`)}
	return p, nil
}

// Do implements integrations.Action.
func (a revoke) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	reference, token, err := a.leaked(ctx, c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	watched, seen := watch(ctx, token)
	u := use{session: session{Client: nil, seen: seen}, hub: a.hub, root: ctx, ctx: watched}
	if _, err := u.send(message{what: "revoke credential", method: http.MethodPost, path: "credentials/revoke", body: state{"credentials": []string{token}}, open: true}); err != nil {
		return integrations.Receipt{}, err
	}
	return a.receipt(reference), nil
}

func (a revoke) receipt(reference string) integrations.Receipt {
	return integrations.Receipt{Ref: reference, At: a.now(), Data: map[string]any{"credential": reference}}
}

// Verify implements integrations.Action.
func (a revoke) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	_, token, err := a.leaked(ctx, c)
	if err != nil {
		return integrations.Verification{}, err
	}
	client := github.NewClient(a.http).WithAuthToken(token)
	client.BaseURL = a.base
	watched, seen := watch(ctx, token)
	req, err := client.NewRequest(http.MethodGet, "rate_limit", nil)
	if err != nil {
		return integrations.Verification{}, seen.Fail("try the credential", err)
	}
	_, err = client.Do(watched, req, nil)
	var refused *github.ErrorResponse
	switch {
	case err == nil:
		return integrations.Verification{Says: "GitHub still takes the token"}, nil
	case errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode == http.StatusUnauthorized:
		return integrations.Verification{OK: true, Final: true, Says: "GitHub no longer takes the token"}, nil
	}
	return integrations.Verification{}, seen.Fail("try the credential", err)
}

// Find implements integrations.Finder: the token itself tells.
func (a revoke) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	seen, err := a.Verify(ctx, c, integrations.Receipt{})
	if err != nil || !seen.OK {
		return integrations.Receipt{}, false, err
	}
	reference, _, err := a.leaked(ctx, c)
	return a.receipt(reference), err == nil, err
}
