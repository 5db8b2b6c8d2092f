// Package all lists the integrations that Firebreak has.
package all

import (
	"firebreak/integrations"
	"firebreak/integrations/declared"
	"firebreak/integrations/github"
	"firebreak/integrations/http"
	"firebreak/integrations/jira"
	"firebreak/integrations/kubernetes"
	"firebreak/integrations/linux"
	"firebreak/integrations/pagerduty"
	"firebreak/integrations/plugin"
	"firebreak/integrations/slack"
	"firebreak/integrations/smtp"
	"firebreak/integrations/teams"
	"firebreak/integrations/webhook"
)

// Systems returns every kind of outside system: those that are programmed, in the
// order of their names, and those that files declare. own are files of the user's.
func Systems(own ...*declared.File) []integrations.System {
	programmed := []integrations.System{
		github.System(),
		http.System(),
		jira.System(),
		kubernetes.System(),
		linux.System(),
		linux.Remote(),
		pagerduty.System(),
		plugin.System(),
		slack.System(),
		smtp.System(),
		teams.System(),
		webhook.System(),
	}
	return append(programmed, declared.Systems(append(declared.MustBuiltin(), own...))...)
}
