package response

import (
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/integrations"
)

type (
	// Description is what an action says of itself, for those who print it.
	Description = integrations.Description
	// Param is one of its parameters.
	Param = integrations.Param
)

// ActionInfo is one action, and which of the configured connections have it.
type ActionInfo struct {
	Description integrations.Description `json:"description"`
	Connections []string                 `json:"connections,omitempty"`
}

// Actions are the action of that name, or those of a system, or all where which is
// "": every one that the program or a file of the user knows.
func (s *Service) Actions(which string) ([]ActionInfo, error) {
	all, err := s.allActions()
	if err != nil {
		return nil, err
	}
	reg, err := s.liveRegistry()
	if err != nil {
		return nil, err
	}
	on := map[string][]string{}
	for _, l := range reg.List() {
		on[l.Description.Name] = append(on[l.Description.Name], l.Connection)
	}
	var out []ActionInfo
	for _, d := range all {
		if which == "" || d.Name == which || d.System == which || strings.HasPrefix(d.Name, which+".") {
			out = append(out, ActionInfo{d, on[d.Name]})
		}
	}
	if len(out) == 0 {
		return nil, notFound("firebreak actions lists them", "action or system %q: %w", which, incident.ErrNotFound)
	}
	slices.SortFunc(out, func(a, b ActionInfo) int { return strings.Compare(a.Description.Name, b.Description.Name) })
	return slices.CompactFunc(out, func(a, b ActionInfo) bool { return a.Description.Name == b.Description.Name }), nil
}
