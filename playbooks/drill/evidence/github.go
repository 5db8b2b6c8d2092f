package evidence

import (
	"fmt"
	"time"
)

// What is hidden in the audit log, in the order in which it happened.
var auditFindings = []string{"first-use", "clones", "workflow", "deploy-key", "secrets-read"} //nolint:gochecknoglobals // a table

const (
	auditFirst = iota + 1
	auditClones
	auditWorkflow
	auditKey
	auditSecrets
)

type auditStory struct {
	org, repo, holder, attacker, token string
	begin, end                         time.Time
}

// gitHubAudit is the audit log of an organisation, git events included, a record
// a line; and one token that is used from elsewhere.
func gitHubAudit(p Params) []File {
	s := auditStory{
		org: p.get("org", "acme"), repo: p.get("repo", "acme/payments"), holder: p.get("holder", "acme-responder"), attacker: p.get("attacker", "203.0.113.66"),
		begin: p.When.Add(-6 * 24 * time.Hour), end: p.When.Add(5 * time.Minute),
	}
	d := Dice(p.Seed, p.Set+" audit")
	s.token = d.hex(44)
	return []File{{
		Name: "audit.json", Source: "audit.json", Parser: "github.audit", lines: s.lines(d, p.When, p.Events), seed: d,
		write: func(_ *dice, l line, b []byte) []byte { return append(append(b, l.text...), '\n') },
	}}
}

// record is one record. The members stand in the order in which GitHub writes them.
func (s auditStory) record(d *dice, at time.Time, finding uint8, action, actor, ip, repo, more string) line {
	ms := at.UnixMilli()
	return line{at: at, finding: finding, text: fmt.Sprintf(`{"@timestamp":%d,"_document_id":%q,"action":%q,"actor":%q,"actor_ip":%q,"business":"acme-inc","created_at":%d,"org":%q,"repo":%q%s}`,
		ms, d.hex(22), action, actor, ip, ms, s.org, repo, more)}
}

func (s auditStory) lines(d *dice, when time.Time, n int) []line {
	var out []line
	agent := `,"programmatic_access_type":"Personal access token (classic)","token_id":8841203,"hashed_token":"` + s.token + `","user_agent":"git/2.43.0"`
	api := `,"programmatic_access_type":"Personal access token (classic)","token_id":8841203,"hashed_token":"` + s.token + `","user_agent":"python-requests/2.32"`
	at := when.Add(-5*time.Hour - d.within(20*time.Minute))
	out = append(out, s.record(d, at, auditFirst, "api.request", s.holder, s.attacker, s.repo, api+`,"url_path":"/user","request_method":"GET","status_code":200`))
	at = at.Add(40 * time.Second)
	out = append(out, s.record(d, at, auditFirst, "api.request", s.holder, s.attacker, s.repo, api+`,"url_path":"/user/repos","request_method":"GET","status_code":200`))
	for _, repo := range []string{s.repo, s.org + "/infrastructure", s.org + "/mobile", s.org + "/billing-exports"} {
		at = at.Add(time.Duration(d.between(15, 90)) * time.Second)
		out = append(out, s.record(d, at, auditClones, "git.clone", s.holder, s.attacker, repo, agent+`,"transport_protocol_name":"http"`))
	}
	at = at.Add(12 * time.Minute)
	out = append(out,
		s.record(d, at, auditKey, "public_key.create", s.holder, s.attacker, s.repo, api+`,"title":"payments-deploy","read_only":"false","fingerprint":"SHA256:`+d.hex(22)+`"`),
		s.record(d, at.Add(4*time.Minute), auditWorkflow, "git.push", s.holder, s.attacker, s.repo, agent+`,"transport_protocol_name":"http"`),
		s.record(d, at.Add(5*time.Minute), auditWorkflow, "workflows.created_workflow_run", s.holder, s.attacker, s.repo, api+`,"name":"Release","event":"workflow_dispatch","head_branch":"release-fix"`),
		s.record(d, at.Add(8*time.Minute), auditSecrets, "workflows.prepared_workflow_job", s.holder, s.attacker, s.repo, api+`,"secrets_passed":["NPM_TOKEN","AWS_DEPLOY_ROLE"],"job_name":"publish"`))
	people := []string{"ahmad-k", "berta-o", "cyril", "dina-w", "emeka", s.holder, "release-bot", "renovate-bot"}
	repos := []string{s.repo, s.org + "/infrastructure", s.org + "/mobile", s.org + "/web", s.org + "/docs", s.org + "/billing-exports"}
	for len(out) < n {
		who, repo, at := pick(d, people), pick(d, repos), busy(d, s.begin, s.end)
		ip := fmt.Sprintf("198.51.100.%d", 20+len(who))
		switch roll := d.N(100); {
		case roll < 45:
			out = append(out, s.record(d, at, 0, pick(d, []string{"git.fetch", "git.fetch", "git.push"}), who, ip, repo, `,"transport_protocol_name":"ssh","user_agent":"git/2.47.0"`))
		case roll < 52:
			out = append(out, s.record(d, at, 0, "git.clone", pick(d, []string{"release-bot", "renovate-bot"}), "10.0.40.8", repo, `,"transport_protocol_name":"http","user_agent":"git/2.47.0"`))
		case roll < 72:
			out = append(out, s.record(d, at, 0, "workflows.completed_workflow_run", "release-bot", "10.0.40.8", repo, `,"name":"Tests","conclusion":"success","event":"push"`))
		case roll < 80: // the same job, from where it always runs
			out = append(out, s.record(d, at, 0, "workflows.prepared_workflow_job", "release-bot", "10.0.40.8", repo, `,"secrets_passed":["NPM_TOKEN"],"job_name":"publish"`))
		case roll < 90:
			out = append(out, s.record(d, at, 0, "pull_request.merge", who, ip, repo, fmt.Sprintf(`,"pull_request_id":%d`, 20000+d.N(9000))))
		default:
			out = append(out, s.record(d, at, 0, pick(d, []string{"org.sso_response", "repo.access", "protected_branch.policy_override", "team.add_member", "org.update_member"}), who, ip, repo, `,"user_agent":"Mozilla/5.0"`))
		}
	}
	return out[:n]
}
