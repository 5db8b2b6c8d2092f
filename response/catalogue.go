package response

import (
	"errors"

	"firebreak/integrations"
)

// allActions describes every action of every system, configured or not.
func (s *Service) allActions() ([]integrations.Description, error) {
	systems, err := s.allSystems()
	if err != nil {
		return nil, err
	}
	var out []integrations.Description
	for _, sys := range systems {
		actions, err := sys.Actions(integrations.Connection{Name: sys.Kind, Kind: sys.Kind})
		var not *integrations.Unavailable
		if errors.As(err, &not) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, a := range actions {
			out = append(out, a.Describe())
		}
	}
	return append(out, s.pluginActions(systems)...), nil
}

// pluginActions are what the configured plugins say that they can do. One that
// says nothing says why when it is used.
func (s *Service) pluginActions(systems []integrations.System) []integrations.Description {
	var out []integrations.Description
	for _, c := range s.connections() {
		for _, sys := range systems {
			if c.Kind != "plugin" || sys.Kind != c.Kind {
				continue
			}
			actions, err := sys.Actions(c)
			if err != nil {
				continue
			}
			for _, a := range actions {
				out = append(out, a.Describe())
			}
		}
	}
	return out
}
