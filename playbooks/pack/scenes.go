package pack

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"firebreak/playbooks"
	"firebreak/playbooks/drill"
)

// scenariosDir is the folder of a pack, and of any folder of playbooks, in which its
// exercises lie.
const scenariosDir = "scenarios"

// Scenario is one exercise of the pack.
type Scenario struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Version  string `json:"version"`
	Playbook string `json:"playbook"` // that it is for; it may be of another pack
	File     string `json:"file"`
}

// Scene is a scenario of a pack as it was read, before a seed has drawn.
type Scene struct {
	ID     string
	File   string // in the pack
	folder string
	source []byte
}

// Draw is the scenario as the seed has it. What it says went into the manifest or
// was read for people to look at: it is the bytes of then, whoever changes the folder
// meanwhile.
func (s Scene) Draw(seed int64) (*drill.Scenario, error) {
	return drill.Parse(path.Join(s.folder, s.File), s.source, seed) //nolint:wrapcheck // it has file, line and column
}

// isScenario says whether a file of a pack is to be read as an exercise.
func isScenario(name string) bool {
	return path.Dir(name) == scenariosDir && strings.HasSuffix(name, ".yaml")
}

// describe is what the manifest says of scenarios.
func describe(scenes []Scene, books []*playbooks.Playbook) ([]Scenario, error) {
	var out []Scenario
	seen := map[string]string{}
	for _, sc := range scenes {
		s, err := sc.Draw(1)
		if err != nil {
			return nil, err
		}
		if other := seen[s.ID]; other != "" {
			return nil, fmt.Errorf("%s: scenario %s is in %s already", sc.File, s.ID, other)
		}
		seen[s.ID] = sc.File
		for _, b := range books {
			if b.ID != s.Playbook {
				continue
			}
			if ps := s.FitIn(sc.File, b); len(ps) > 0 {
				return nil, ps
			}
		}
		out = append(out, Scenario{s.ID, s.Name, s.Version, s.Playbook, sc.File})
	}
	return out, nil
}

// Scenes reads the scenarios that the manifest lists, from bytes that are what it
// says. Names of files begin with folder.
func Scenes(in fs.FS, folder string, m Manifest) ([]Scene, error) {
	signed := m.reader(in)
	out := make([]Scene, 0, len(m.Scenarios))
	for _, l := range m.Scenarios {
		if !isScenario(l.File) {
			return nil, fmt.Errorf("scenario %s: %q is no file of the pack", l.ID, l.File)
		}
		src, err := signed(l.File)
		if err != nil {
			return nil, err
		}
		sc := Scene{ID: l.ID, File: l.File, folder: folder, source: src}
		s, err := sc.Draw(1)
		if err != nil {
			return nil, err
		}
		if s.ID != l.ID {
			return nil, fmt.Errorf("%s: its id is %s, the manifest says %s", l.File, s.ID, l.ID)
		}
		out = append(out, sc)
	}
	return out, nil
}

// PreviewScenes reads whatever scenarios the folder has, for people to look at. One
// that cannot be read is told in the error, beside the others.
func PreviewScenes(in fs.FS, folder string) ([]Scene, error) {
	var out []Scene
	var bad []error
	err := walk(in, func(name string) error {
		if !isScenario(name) {
			return nil
		}
		src, err := read(in, name, maxFile)
		if err == nil {
			sc := Scene{File: name, folder: folder, source: src}
			var s *drill.Scenario
			if s, err = sc.Draw(1); err == nil {
				sc.ID = s.ID
				out = append(out, sc)
			}
		}
		if err != nil {
			bad = append(bad, err)
		}
		return nil
	})
	return out, errors.Join(append(bad, err)...)
}
