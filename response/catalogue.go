package response

import (
	"firebreak/integrations"
	"firebreak/integrations/all"
)

// allActions describes every action of every system, configured or not.
func allActions() ([]integrations.Description, error) {
	var out []integrations.Description
	for _, sys := range all.Systems() {
		actions, err := sys.Actions(integrations.Connection{Name: sys.Kind, Kind: sys.Kind})
		if err != nil {
			return nil, err
		}
		for _, a := range actions {
			out = append(out, a.Describe())
		}
	}
	return out, nil
}
