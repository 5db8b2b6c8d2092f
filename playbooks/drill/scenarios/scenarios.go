// Package scenarios holds the scenarios that come with Firebreak. They are files
// like any other: read them, copy them, and make them your own.
package scenarios

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"firebreak/incident"
	"firebreak/playbooks/drill"
)

//go:embed *.yaml
var files embed.FS

// List returns every built-in scenario, sorted by id, as seed 1 has it.
func List() ([]*drill.Scenario, error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list scenarios: %w", err)
	}
	out := make([]*drill.Scenario, 0, len(names))
	for _, name := range names {
		s, err := Load(strings.TrimSuffix(name, ".yaml"), 1)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// Load returns the built-in scenario of that id, as the seed has it. The error
// wraps incident.ErrNotFound when there is none.
func Load(id string, seed int64) (*drill.Scenario, error) {
	if id == "" || path.Base(id) != id {
		return nil, fmt.Errorf("load scenario %q: %w", id, incident.ErrNotFound)
	}
	src, err := files.ReadFile(id + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("load scenario %q: %w", id, incident.ErrNotFound)
	}
	s, err := drill.Parse("scenarios/"+id+".yaml", src, seed)
	if err != nil {
		return nil, fmt.Errorf("load scenario %s: %w", id, err)
	}
	return s, nil
}
