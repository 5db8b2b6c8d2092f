// Package all lists the integrations that Firebreak has.
package all

import (
	"firebreak/integrations"
	"firebreak/integrations/github"
	"firebreak/integrations/http"
	"firebreak/integrations/jira"
	"firebreak/integrations/kubernetes"
	"firebreak/integrations/linux"
	"firebreak/integrations/pagerduty"
	"firebreak/integrations/slack"
	"firebreak/integrations/smtp"
	"firebreak/integrations/teams"
	"firebreak/integrations/webhook"
)

// Systems returns every kind of outside system, in the order of their names.
func Systems() []integrations.System {
	return []integrations.System{
		github.System(),
		http.System(),
		jira.System(),
		kubernetes.System(),
		linux.System(),
		linux.Remote(),
		pagerduty.System(),
		slack.System(),
		smtp.System(),
		teams.System(),
		webhook.System(),
	}
}
