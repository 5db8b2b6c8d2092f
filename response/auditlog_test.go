package response

import (
	"strings"
	"testing"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/integrations/drill"
	"firebreak/playbooks"
	"firebreak/record"
)

// TestAuditLog takes GitHub's audit log by a step: sealed as it came, then read
// by the parser that knows such a log.
func TestAuditLog(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(`playbook: v1
id: takes-audit
name: Takes an audit log
version: 1.0.0
phases:
  identify:
    - {id: log, title: Take the audit log, action: github.audit.log, with: {org: acme, since: "2026-11-20"}}
    - {id: look, manual: Look at it.}
`)
	if err := b.s.RunStep(t.Context(), b.id, "log", nil); err != nil || b.state("log") != playbooks.Done {
		t.Fatalf("the step: %v, %s", err, b.state("log"))
	}
	xs, _, err := b.s.Evidence(t.Context(), b.id)
	b.must(err)
	if len(xs) != 1 || xs[0].Origin != record.OriginSystem || xs[0].Kind != "github.audit" || xs[0].Format != "github.audit" || xs[0].Parsed == nil || xs[0].Parsed.Events != 5 {
		t.Fatalf("%+v", xs)
	}
	if !strings.Contains(xs[0].Source, "/orgs/acme/audit-log?") || !strings.Contains(xs[0].Source, "created%3A%3E%3D2026-11-20") {
		t.Errorf("it says that it is from %s", xs[0].Source)
	}
	page, err := b.s.Page(t.Context(), b.id, PageRequest{Filter: "source:cloud user:" + drill.Member + " ip:" + drill.Address})
	b.must(err)
	if len(page) != 4 || page[0].Exhibit != xs[0].ID {
		t.Errorf("%d events: want the 4 of the intruder's address: %+v", len(page), page)
	}
	b.verified()
}

// TestAtGitHub does, verifies and undoes as people do: a freeze is lifted by the
// id that it got, and who is removed is invited again. Two who are removed do not
// make each other's plans stale.
func TestAtGitHub(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(oneComment)
	plan := func(action string, params map[string]any) ActionView {
		a, err := b.s.Plan(t.Context(), b.id, PlanRequest{Action: action, Params: params, Reason: "contain"})
		b.must(err)
		return a
	}
	do := func(a ActionView) {
		typed := ""
		if a.Danger >= incident.High {
			typed = a.Target
		}
		b.must(b.s.Approve(t.Context(), b.id, a.Action, a.Digest, typed, ""))
		done, err := b.s.Do(t.Context(), b.id, a.Action)
		b.must(err)
		if done.State != Verified {
			t.Errorf("%s is %s: %s", a.Name, done.State, done.Says)
		}
	}
	undo := func(a ActionView, want string) {
		u, err := b.s.Revert(t.Context(), b.id, a.Action, "")
		b.must(err)
		if u.Name != want {
			t.Errorf("%s is undone by %s: want %s", a.Name, u.Name, want)
		}
		do(u)
	}
	freeze := plan("github.repo.freeze", map[string]any{"repo": drill.Repo})
	bob := plan("github.member.remove", map[string]any{"org": drill.Org, "user": "bob"})
	mallory := plan("github.member.remove", map[string]any{"org": drill.Org, "user": drill.Member})
	do(freeze)
	do(bob)
	do(mallory)
	undo(freeze, "github.repo.unfreeze")
	undo(mallory, "github.member.restore")
	es, err := w.Effects()
	b.must(err)
	var last []string
	for _, e := range es[len(es)-3:] {
		last = append(last, e.What)
	}
	if got := strings.Join(last, ", "); got != "member invited, joined a team, joined a team" {
		t.Errorf("the way back did: %s", got)
	}
	b.verified()
}
