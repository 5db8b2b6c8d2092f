// Package all lists the integrations that Firebreak has.
package all

import (
	"firebreak/integrations"
	"firebreak/integrations/github"
	"firebreak/integrations/http"
	"firebreak/integrations/kubernetes"
	"firebreak/integrations/linux"
	"firebreak/integrations/pagerduty"
	"firebreak/integrations/webhook"
)

// Systems returns every kind of outside system, in the order of their names.
func Systems() []integrations.System {
	return []integrations.System{github.System(), http.System(), kubernetes.System(), linux.System(), linux.Remote(), pagerduty.System(), webhook.System()}
}
