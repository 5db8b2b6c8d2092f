package all

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// gitHubLeftOut are further operations that the trimmed description of the
// corpus leaves out. The long form judges them by the whole one.
var gitHubLeftOut = []string{
	"POST /graphql", // a schema of its own describes it
	"GET /users/{username}",
	"GET /rate_limit",
	"GET /orgs/{org}",
	"GET /orgs/{org}/members",
	"GET /orgs/{org}/outside_collaborators",
	"GET /orgs/{org}/blocks/{username}",
	"GET /orgs/{org}/teams/{team_slug}",
	"GET /orgs/{org}/teams/{team_slug}/memberships/{username}",
	"PUT /orgs/{org}/teams/{team_slug}/memberships/{username}",
	"DELETE /orgs/{org}/teams/{team_slug}/memberships/{username}",
	"GET /orgs/{org}/actions/permissions",
	"GET /orgs/{org}/actions/permissions/repositories",
	"PUT /orgs/{org}/actions/permissions/repositories",
	"GET /orgs/{org}/actions/permissions/workflow",
	"PUT /orgs/{org}/actions/permissions/workflow",
	"GET /orgs/{org}/actions/runners/{runner_id}",
	"DELETE /orgs/{org}/actions/runners/{runner_id}",
	"GET /orgs/{org}/hooks/{hook_id}",
	"PATCH /orgs/{org}/hooks/{hook_id}",
	"GET /orgs/{org}/rulesets",
	"GET /orgs/{org}/rulesets/{ruleset_id}",
	"DELETE /orgs/{org}/rulesets/{ruleset_id}",
	"GET /repos/{owner}/{repo}",
	"GET /repos/{owner}/{repo}/collaborators",
	"GET /repos/{owner}/{repo}/invitations",
	"DELETE /repos/{owner}/{repo}/invitations/{invitation_id}",
	"GET /repos/{owner}/{repo}/actions/permissions/workflow",
	"PUT /repos/{owner}/{repo}/actions/permissions/workflow",
	"GET /repos/{owner}/{repo}/actions/runs/{run_id}",
	"GET /repos/{owner}/{repo}/actions/runners/{runner_id}",
	"GET /repos/{owner}/{repo}/rulesets",
	"GET /repos/{owner}/{repo}/rulesets/{ruleset_id}",
	"GET /repos/{owner}/{repo}/hooks/{hook_id}",
	"GET /repos/{owner}/{repo}/secret-scanning/alerts/{alert_number}",
	"GET /repos/{owner}/{repo}/code-scanning/alerts/{alert_number}",
	"GET /repos/{owner}/{repo}/dependabot/alerts/{alert_number}",
	"POST /repos/{owner}/{repo}/issues/{issue_number}/labels",
	"DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}",
}

// gitHubOps are operations that the trimmed description has, and that the
// actions must have been seen to use.
var gitHubOps = []string{
	"GET /orgs/{org}/memberships/{username}", "PUT /orgs/{org}/memberships/{username}", "DELETE /orgs/{org}/memberships/{username}",
	"PUT /orgs/{org}/outside_collaborators/{username}", "DELETE /orgs/{org}/outside_collaborators/{username}",
	"PUT /orgs/{org}/blocks/{username}", "DELETE /orgs/{org}/blocks/{username}",
	"PUT /repos/{owner}/{repo}/collaborators/{username}", "DELETE /repos/{owner}/{repo}/collaborators/{username}", "GET /repos/{owner}/{repo}/collaborators/{username}/permission",
	"GET /repos/{owner}/{repo}/actions/permissions", "PUT /repos/{owner}/{repo}/actions/permissions", "PUT /orgs/{org}/actions/permissions",
	"POST /repos/{owner}/{repo}/actions/runs/{run_id}/cancel", "POST /repos/{owner}/{repo}/actions/runs/{run_id}/force-cancel",
	"PATCH /repos/{owner}/{repo}", "POST /repos/{owner}/{repo}/rulesets", "DELETE /repos/{owner}/{repo}/rulesets/{ruleset_id}", "POST /orgs/{org}/rulesets",
	"PATCH /repos/{owner}/{repo}/hooks/{hook_id}", "PATCH /repos/{owner}/{repo}/secret-scanning/alerts/{alert_number}",
	"PATCH /repos/{owner}/{repo}/code-scanning/alerts/{alert_number}", "PATCH /repos/{owner}/{repo}/dependabot/alerts/{alert_number}",
	"POST /credentials/revoke", "POST /orgs/{org}/repos", "DELETE /repos/{owner}/{repo}/actions/runners/{runner_id}",
}

// control is one request, and whether a description must allow it.
type control struct {
	what, method, path, body string
	fine                     bool
}

// TestTheValidatorOnGitHub sends wrong requests of each kind that the catalogue
// could make: what is not caught here, the contract test does not prove.
func TestTheValidatorOnGitHub(t *testing.T) {
	judge(t, load(t, "github.trimmed.json", "/"), gitHubControls("dotcom"))
}

// gitHubControls are the wrong requests, with some that are right. A server of
// one's own has no revoking of credentials. What no description says cannot be
// caught: a member of a body that is not known, for one.
func gitHubControls(edition string) []control {
	all := []control{
		{"a role", "PUT", "/orgs/a/memberships/u", `{"role":"admin"}`, true},
		{"a collaborator", "PUT", "/repos/a/b/collaborators/u", `{"permission":"push"}`, true},
		{"Actions off", "PUT", "/repos/a/b/actions/permissions", `{"enabled":false}`, true},
		{"a freeze", "POST", "/repos/a/b/rulesets", `{"name":"n","target":"branch","enforcement":"active","bypass_actors":[],"conditions":{"ref_name":{"include":["~ALL"],"exclude":[]}},"rules":[{"type":"creation"},{"type":"update"},{"type":"deletion"}]}`, true},
		{"a wrong role", "PUT", "/orgs/a/memberships/u", `{"role":"owner"}`, false},
		{"a right that is a number", "PUT", "/repos/a/b/collaborators/u", `{"permission":7}`, false},
		{"Actions that say nothing", "PUT", "/repos/a/b/actions/permissions", `{"allowed_actions":"all"}`, false},
		{"Actions off in words", "PUT", "/repos/a/b/actions/permissions", `{"enabled":"no"}`, false},
		{"wrong actions allowed", "PUT", "/repos/a/b/actions/permissions", `{"enabled":true,"allowed_actions":"some"}`, false},
		{"an organisation's Actions without repositories", "PUT", "/orgs/a/actions/permissions", `{"allowed_actions":"all"}`, false},
		{"an organisation's Actions, wrong", "PUT", "/orgs/a/actions/permissions", `{"enabled_repositories":"off"}`, false},
		{"a ruleset without a name", "POST", "/repos/a/b/rulesets", `{"enforcement":"active"}`, false},
		{"a ruleset without force", "POST", "/orgs/a/rulesets", `{"name":"n"}`, false},
		{"a ruleset with a wrong target", "POST", "/repos/a/b/rulesets", `{"name":"n","enforcement":"active","target":"all"}`, false},
		{"a ruleset with wrong force", "POST", "/orgs/a/rulesets", `{"name":"n","enforcement":"on"}`, false},
		{"a ruleset's id in letters", "DELETE", "/repos/a/b/rulesets/x", ``, false},
		{"an archive in words", "PATCH", "/repos/a/b", `{"archived":"yes"}`, false},
		{"a webhook off in words", "PATCH", "/repos/a/b/hooks/1", `{"active":"no"}`, false},
		{"a webhook's id in letters", "PATCH", "/repos/a/b/hooks/x", `{"active":false}`, false},
		{"a wrong resolution", "PATCH", "/repos/a/b/secret-scanning/alerts/1", `{"state":"resolved","resolution":"dealt with"}`, false},
		{"a wrong state of an alert", "PATCH", "/repos/a/b/secret-scanning/alerts/1", `{"state":"closed"}`, false},
		{"a wrong reason of a code alert", "PATCH", "/repos/a/b/code-scanning/alerts/1", `{"state":"dismissed","dismissed_reason":"wont_fix"}`, false},
		{"a wrong reason of a Dependabot alert", "PATCH", "/repos/a/b/dependabot/alerts/1", `{"state":"dismissed","dismissed_reason":"revoked"}`, false},
		{"a revocation of nothing", "POST", "/credentials/revoke", `{}`, false},
		{"a revocation that is no list", "POST", "/credentials/revoke", `{"credentials":"ghp_x"}`, false},
		{"a repository without a name", "POST", "/orgs/a/repos", `{"private":true}`, false},
		{"a run's id in letters", "POST", "/repos/a/b/actions/runs/x/cancel", ``, false},
		{"a wrong method", "PUT", "/repos/a/b/actions/runs/1/cancel", ``, false},
		{"a path that is none", "POST", "/repos/a/b/actions/runs/1/stop", ``, false},
	}
	if edition == "ghes" {
		all = append(all, control{"a revocation on a server of one's own", "POST", "/credentials/revoke", `{"credentials":["ghp_x"]}`, false})
	}
	return all
}

// judge checks that a description allows and refuses as the controls say.
func judge(t *testing.T, s *spec, controls []control) {
	t.Helper()
	for _, c := range controls {
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
		if c.body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		if _, err := s.check(r); (err == nil) != c.fine {
			t.Errorf("%s: %v: want fine %v", c.what, err, c.fine)
		}
	}
}
