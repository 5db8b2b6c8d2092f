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
// order of their names, and those that files declare.
func Systems() []integrations.System { return With(nil) }

// With adds the user's own files. Of the built-in ones it reads those of the kinds
// alone, or all where none is named.
func With(own []*declared.File, kinds ...string) []integrations.System {
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
	return append(programmed, declared.Systems(append(declared.MustBuiltin(kinds...), own...))...)
}
