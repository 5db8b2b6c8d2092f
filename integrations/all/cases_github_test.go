package all

import (
	"testing"

	"firebreak/integrations/conform"
	"firebreak/integrations/drill"
)

// merged is each of the lists' parameters with others beside them.
func merged(extra map[string]any, list ...map[string]any) []map[string]any {
	var out []map[string]any
	for _, one := range list {
		c := map[string]any{}
		for _, from := range []map[string]any{extra, one} {
			for k, v := range from {
				c[k] = v
			}
		}
		out = append(out, c)
	}
	return out
}

// gitHubCases are the cases of GitHub's catalogue beside workflows, keys,
// issues and comments.
func gitHubCases() []conform.Case {
	type m = map[string]any
	// The three patterns are tried whole where they are met first, and by one
	// wrong value of each elsewhere.
	allRepos := []m{{"repo": "payments"}, {"repo": "acme/payments/../x"}, {"repo": "acme/.."}, {"repo": "acme/pay ments"}, {"repo": "acme/payments?x=1"}, {"repo": "acme/payments%2f"}}
	allOrgs := []m{{"org": "acme/payments"}, {"org": ".."}, {"org": "a b"}, {"org": "acme?x"}, {"org": "-acme"}, {"org": "acme%2e"}}
	allUsers := []m{{"user": "../x"}, {"user": "a/b"}, {"user": "a b"}, {"user": "mallory?x"}, {"user": "a\nb"}, {"user": "."}}
	repos, orgs, users := allRepos[1:2:2], allOrgs[:1:1], allUsers[:1:1]
	member := m{"org": drill.Org, "user": drill.Member}
	badMember := append(merged(m{"user": drill.Member}, orgs...), merged(m{"org": drill.Org}, users...)...)
	before := func(action string, params m) func(*testing.T, conform.World, map[string]any) {
		return func(t *testing.T, w conform.World, _ map[string]any) { did(t, w, action, "github", params) }
	}
	repo, org := m{"repo": drill.Repo}, m{"org": drill.Org}
	number := func(name string, extra m) []m {
		return merged(extra, m{name: 0}, m{name: "1/../2"})
	}
	with := func(base m, more ...any) m {
		out := m{}
		for k, v := range base {
			out[k] = v
		}
		for i := 0; i < len(more); i += 2 {
			out[more[i].(string)] = more[i+1]
		}
		return out
	}
	cases := []conform.Case{
		{Action: "github.member.remove", Params: member, Bad: append(merged(m{"user": drill.Member}, allOrgs...), merged(m{"org": drill.Org}, allUsers...)...)},
		{Action: "github.member.demote", Params: member, Bad: badMember},
		{Action: "github.member.convert", Params: member, Bad: badMember},
		{
			Action: "github.member.restore", Params: with(member, "role", "member"), Setup: before("github.member.remove", member),
			Bad: append(badMember, merged(member, m{"role": "owner"}, m{"teams": []any{"a/b"}}, m{"teams": []any{".."}}, m{"teams": m{}})...),
		},
		{Action: "github.outside.remove", Params: m{"org": drill.Org, "user": drill.Outsider}, Bad: badMember},
		{Action: "github.collaborator.remove", Params: m{"repo": drill.Repo, "user": drill.Outsider}, Bad: append(merged(m{"user": "x"}, repos...), merged(repo, users...)...)},
		{
			Action: "github.collaborator.add", Params: m{"repo": drill.Repo, "user": drill.Stranger, "permission": "triage"},
			Bad: append(merged(m{"user": "x"}, repos...), merged(m{"repo": drill.Repo, "user": "x"}, m{"permission": "a\nb"}, m{"permission": m{}})...),
		},
		{
			Action: "github.team.remove", Params: with(member, "team", "payments"),
			Bad: append(merged(m{"team": "x", "user": "x"}, orgs...), merged(member, m{"team": ".."}, m{"team": "a/b"}, m{"team": "a?b"})...),
		},
		{Action: "github.team.add", Params: m{"org": drill.Org, "user": "carol", "team": "oncall", "role": "maintainer"}, Bad: merged(m{"org": drill.Org, "team": "x", "user": "y"}, m{"role": "boss"})},
		{Action: "github.org.block", Params: m{"org": drill.Org, "user": drill.Stranger}, Bad: badMember},
		{Action: "github.org.unblock", Params: m{"org": drill.Org, "user": drill.Stranger}, Bad: badMember, Setup: before("github.org.block", m{"org": drill.Org, "user": drill.Stranger})},
		{Action: "github.repo.actions.off", Params: repo, Bad: repos},
		{
			Action: "github.repo.actions.on", Params: with(repo, "allowed_actions", "selected"), Setup: before("github.repo.actions.off", repo),
			Bad: append(repos, merged(repo, m{"allowed_actions": "some"}, m{"sha_pinning_required": "maybe"})...),
		},
		{Action: "github.org.actions.off", Params: org, Bad: orgs},
		{
			Action: "github.org.actions.on", Params: with(org, "enabled_repositories", "all"), Setup: before("github.org.actions.off", org),
			Bad: append(merged(m{"enabled_repositories": "all"}, orgs...), merged(org, m{"enabled_repositories": "none"}, m{"enabled_repositories": "selected", "repositories": "1,x"}, m{"enabled_repositories": "selected", "repositories": "1,,2"})...),
		},
		{Action: "github.repo.token.restrict", Params: repo, Bad: repos},
		{Action: "github.repo.token.widen", Params: repo, Bad: repos, Setup: before("github.repo.token.restrict", repo)},
		{Action: "github.org.token.restrict", Params: org, Bad: orgs},
		{Action: "github.org.token.widen", Params: org, Bad: orgs, Setup: before("github.org.token.restrict", org)},
		{Action: "github.run.cancel", Params: with(repo, "run_id", drill.RunID), Bad: append(merged(m{"run_id": 1}, repos...), number("run_id", repo)...)},
		{Action: "github.run.forcecancel", Params: with(repo, "run_id", drill.RunID), Bad: append(merged(m{"run_id": 1}, repos...), number("run_id", repo)...)},
		{Action: "github.repo.runner.remove", Params: with(repo, "runner_id", 21), Bad: append(merged(m{"runner_id": 1}, repos...), number("runner_id", repo)...)},
		{Action: "github.org.runner.remove", Params: with(org, "runner_id", 31), Bad: append(merged(m{"runner_id": 1}, orgs...), number("runner_id", org)...)},
		{Action: "github.repo.freeze", Params: repo, Bad: append(repos, merged(repo, m{"refs": "push"})...)},
		{Action: "github.org.freeze", Params: with(org, "refs", "tag"), Bad: append(orgs, merged(org, m{"refs": "all"})...)},
		{Action: "github.repo.archive", Params: repo, Bad: allRepos},
		{Action: "github.repo.unarchive", Params: repo, Bad: repos, Setup: before("github.repo.archive", repo)},
		{Action: "github.repo.private", Params: repo, Bad: repos},
		{Action: "github.repo.publish", Params: with(repo, "visibility", "public"), Bad: append(merged(m{"visibility": "public"}, repos...), merged(repo, m{"visibility": "private"})...), Setup: before("github.repo.private", repo)},
		{
			Action: "github.repo.create", Params: m{"org": drill.Org, "name": "incident-2026-0007", "description": "Leaked token. firebreak-key:abc"}, Lasting: true,
			Bad: append(merged(m{"name": "x"}, orgs...), merged(org, m{"name": ".."}, m{"name": "a/b"}, m{"name": "a b"}, m{"name": "x", "description": "two\nlines"})...),
		},
		{Action: "github.repo.webhook.deactivate", Params: with(repo, "hook_id", 77), Bad: append(merged(m{"hook_id": 1}, repos...), number("hook_id", repo)...)},
		{Action: "github.repo.webhook.activate", Params: with(repo, "hook_id", 77), Bad: number("hook_id", repo), Setup: before("github.repo.webhook.deactivate", with(repo, "hook_id", 77))},
		{Action: "github.org.webhook.deactivate", Params: with(org, "hook_id", 78), Bad: append(merged(m{"hook_id": 1}, orgs...), number("hook_id", org)...)},
		{Action: "github.org.webhook.activate", Params: with(org, "hook_id", 78), Bad: number("hook_id", org), Setup: before("github.org.webhook.deactivate", with(org, "hook_id", 78))},
		{Action: "github.secretscanning.resolve", Params: with(repo, "number", 1, "comment", "Revoked."), Bad: append(merged(m{"number": 1}, repos...), merged(with(repo, "number", 1), m{"reason": "because"})...)},
		{Action: "github.secretscanning.reopen", Params: with(repo, "number", 1), Bad: number("number", repo), Setup: before("github.secretscanning.resolve", with(repo, "number", 1))},
		{Action: "github.codescanning.dismiss", Params: with(repo, "number", 2, "reason", "won't fix"), Bad: append(merged(m{"number": 1, "reason": "won't fix"}, repos...), merged(with(repo, "number", 2), m{"reason": "wont_fix"})...)},
		{Action: "github.codescanning.reopen", Params: with(repo, "number", 2), Bad: number("number", repo), Setup: before("github.codescanning.dismiss", with(repo, "number", 2, "reason", "used in tests"))},
		{Action: "github.dependabot.dismiss", Params: with(repo, "number", 3, "reason", "not_used"), Bad: append(merged(m{"number": 1, "reason": "not_used"}, repos...), merged(with(repo, "number", 3), m{"reason": "revoked"})...)},
		{Action: "github.dependabot.reopen", Params: with(repo, "number", 3), Bad: number("number", repo), Setup: before("github.dependabot.dismiss", with(repo, "number", 3, "reason", "not_used"))},
		{
			Action: "github.audit.log", Params: with(org, "since", "2026-11-20", "phrase", "actor:mallory"), Traceless: true,
			Bad: append(orgs, m{}, with(org, "enterprise", "acme"), with(org, "since", "yesterday"), with(org, "include", "some"), with(org, "phrase", "a\nb")),
		},
		{Action: "github.credential.revoke", Params: m{"credential": "env:LEAKED_TOKEN"}, Bad: []m{{"credential": "ghp_0123456789"}, {"credential": m{}}}},
		{Action: "github.issue.label", Params: with(repo, "number", 1, "labels", []any{"incident", "sev 1"}), Bad: append(merged(m{"number": 1, "labels": "x"}, repos...), merged(with(repo, "number", 1), m{"labels": []any{".."}}, m{"labels": []any{}}, m{"labels": []any{"a\nb"}}, m{"labels": []any{"x."}})...)},
		{Action: "github.issue.unlabel", Params: with(repo, "number", 1, "labels", []any{"incident"}), Bad: number("number", with(repo, "labels", "x")), Setup: before("github.issue.label", with(repo, "number", 1, "labels", []any{"incident"}))},
		{
			Action: "github.issue.update", Params: with(repo, "number", 1, "title", "Leaked token: contained", "body", "The token is revoked. <!-- firebreak-key:abc -->"),
			Bad: append(merged(m{"number": 1, "title": "x"}, repos...), merged(with(repo, "number", 1), m{"title": "two\nlines"}, m{"title": ""})...),
			Setup: func(t *testing.T, w conform.World, p map[string]any) {
				p["number"] = did(t, w, "github.issue.create", "github", m{"repo": drill.Repo, "title": "Leaked token", "body": "We are on it."}).Data["number"]
			},
		},
	}
	for _, wide := range []bool{false, true} {
		name, base, bad := "github.repo.", repo, repos
		if wide {
			name, base, bad = "github.org.", org, orgs
		}
		cases = append(cases, conform.Case{
			Action: name + "unfreeze", Params: with(base, "ruleset_id", 1), Bad: append(merged(m{"ruleset_id": 1}, bad...), number("ruleset_id", base)...),
			Setup: func(t *testing.T, w conform.World, p map[string]any) {
				p["ruleset_id"] = did(t, w, name+"freeze", "github", base).Data["ruleset_id"]
			},
		})
	}
	for i := range cases {
		cases[i].Connection = "github"
	}
	return cases
}
