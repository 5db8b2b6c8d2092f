package drill

import (
	"errors"
	"time"
)

// user is who the drill's tokens belong to.
const user = "acme-responder"

// seed is a new world: a payments service whose deploy key leaked, and a host
// on which something runs that should not.
func seed(now time.Time) (*state, error) {
	now = now.UTC()
	s := &state{Last: 90000}
	var errs [4]error
	s.Secrets.GitHub, errs[0] = draw("ghp_drill")
	s.Secrets.PagerDuty, errs[1] = draw("drill-")
	s.Secrets.Routing, errs[2] = draw("drill-r-")
	s.Secrets.Webhook, errs[3] = draw("whsec_")
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	s.Workflows = []workflow{
		{Repo, 161335, "Release", ".github/workflows/" + Workflow, "active"},
		{Repo, 161336, "Tests", ".github/workflows/test.yml", "active"},
		{Repo, 161337, "Nightly", ".github/workflows/nightly.yml", "disabled_inactivity"},
	}
	s.Keys = []key{
		{Repo, DeployKey, "payments-deploy", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDRILLdrillDRILLdrillDRILLdrillDRILLdrillDRI", false, now.AddDate(0, -14, 0)},
		{Repo, 4243, "read-only mirror", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMIRRORmirrorMIRRORmirrorMIRRORmirrorMIRR", true, now.AddDate(0, -3, 0)},
	}
	s.Issues = []issue{{Repo: Repo, Number: 1, Title: "Releases fail now and then", Body: "Since Monday.", State: "open", Created: now.AddDate(0, 0, -9)}}
	s.Incidents = pdSeed(s, now)
	s.Host = newHost()
	return s, s.furnish(now)
}

// furnish puts what a world of an earlier version lacks into it.
func (s *state) furnish(now time.Time) error {
	var errs [6]error
	for i, one := range []struct {
		secret *string
		prefix string
	}{{&s.Secrets.Slack, "xoxb-drill-"}, {&s.Secrets.SlackUser, "xoxp-drill-"}, {&s.Secrets.Teams, "drill-t-"}, {&s.Secrets.Mail, "drill-m-"}, {&s.Secrets.Jira, "ATATTdrill"}, {&s.Secrets.Kubernetes, "eyJkcmlsb"}} {
		if *one.secret == "" {
			*one.secret, errs[i] = draw(one.prefix)
		}
	}
	if s.Slack == nil {
		s.Slack = newSlack()
	}
	if s.Jira == nil {
		s.Jira = newJira()
	}
	if s.Docs == nil {
		s.Docs = hub()
	}
	if s.Cluster == nil {
		s.Cluster = newCluster(now)
	}
	if s.Cloud == nil {
		c, err := newCloud(now)
		if err != nil {
			return err
		}
		s.Cloud = &c
	}
	return errors.Join(errs[:]...)
}
