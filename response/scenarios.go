package response

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	drills "firebreak/playbooks/drill"
	"firebreak/playbooks/drill/scenarios"
)

// KnownScenario is a scenario that can be named by its id, as seed 1 has it, with
// where it is from.
type KnownScenario struct {
	*drills.Scenario
	File string // of one of the workspace
	Pack *Pack  // of one of a pack

	draw func(seed int64) (*drills.Scenario, error)
}

// May says why the exercise cannot be held: it is of a pack that is a preview only.
func (k KnownScenario) May() error {
	if k.Pack == nil {
		return nil
	}
	return k.Pack.may("scenario " + k.ID)
}

// Scenarios lists the scenarios by id: the built-in ones, over them those of packs,
// and over these those below scenarios in the workspace and in the folders of
// playbooks of the configuration. The error names those that cannot be read.
func (s *Service) Scenarios() ([]KnownScenario, error) {
	known, _, err := s.scenes()
	out := slices.Collect(maps.Values(known))
	slices.SortFunc(out, func(a, b KnownScenario) int { return strings.Compare(a.ID, b.ID) })
	return out, err
}

// scenes are the scenarios by id, and the ids that a file would have had which cannot
// be read: the scenario of that id is not the one to hold.
func (s *Service) scenes() (map[string]KnownScenario, map[string]error, error) {
	known, broken := map[string]KnownScenario{}, map[string]error{}
	builtin, err := scenarios.List()
	if err != nil {
		return nil, nil, fmt.Errorf("list the built-in scenarios: %w", err)
	}
	for _, sc := range builtin {
		known[sc.ID] = KnownScenario{Scenario: sc, draw: func(seed int64) (*drills.Scenario, error) { return scenarios.Load(sc.ID, seed) }}
	}
	errs := s.packScenes(known)
	for _, place := range append([]string{s.o.Home}, s.o.Config.Playbooks...) {
		if isPack(place) {
			continue // taken as one
		}
		files, err := filepath.Glob(filepath.Join(place, "scenarios", "*.yaml"))
		if err != nil {
			errs = append(errs, fmt.Errorf("list scenarios: %w", err))
		}
		for _, file := range files {
			draw := func(seed int64) (*drills.Scenario, error) { return parseScenario(file, seed) }
			sc, err := draw(1)
			if err != nil {
				errs = append(errs, err)
				for _, id := range meantIDs(file) {
					broken[id] = err
				}
				continue
			}
			known[sc.ID] = KnownScenario{Scenario: sc, File: file, draw: draw}
			delete(broken, sc.ID)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return known, broken, &Error{Code: CodePartial, Hint: HintOf(err), Err: err}
	}
	return known, broken, nil
}

// packScenes adds the scenarios of packs. Of two packs with a scenario of the same id
// the first is taken, and the other told. One that may not be held never hides a
// built-in scenario.
func (s *Service) packScenes(known map[string]KnownScenario) []error {
	packs, err := s.Packs()
	var errs []error
	if err != nil {
		errs = append(errs, err)
	}
	for _, p := range packs {
		for _, scene := range p.scenes {
			sc, err := scene.Draw(1)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			switch old, there := known[sc.ID]; {
			case there && old.Pack != nil:
				errs = append(errs, fmt.Errorf("scenario %s: pack %s has it, and pack %s", sc.ID, old.Pack.ID, p.ID))
				continue
			case there && p.State != PackAccepted:
				continue
			}
			known[sc.ID] = KnownScenario{Scenario: sc, Pack: p, draw: scene.Draw}
		}
	}
	return errs
}

// Scenario returns the scenario of that id, or of that file, as the seed has it. Of a
// pack that is a preview only it is refused.
func (s *Service) Scenario(idOrPath string, seed int64) (*drills.Scenario, error) {
	if isPath(idOrPath) {
		return s.scenarioIn(idOrPath, seed)
	}
	known, broken, err := s.scenes()
	if err != nil && CodeOf(err) != CodePartial {
		return nil, err
	}
	if why := broken[idOrPath]; why != nil {
		return nil, fmt.Errorf("scenario %s: %w", idOrPath, why)
	}
	k, there := known[idOrPath]
	if !there {
		return nil, errors.Join(notFound("firebreak drill list shows the scenarios", "scenario %q: not found", idOrPath), err)
	}
	if err := k.May(); err != nil {
		return nil, err
	}
	return k.draw(seed)
}

// scenarioIn returns the scenario of a file; in a pack it is the one that was signed.
func (s *Service) scenarioIn(path string, seed int64) (*drills.Scenario, error) {
	folder := filepath.Dir(filepath.Dir(path))
	if filepath.Base(filepath.Dir(path)) != "scenarios" || !isPack(folder) {
		return parseScenario(path, seed)
	}
	of, err := s.packIn(folder)
	if err != nil {
		return nil, err
	}
	for _, scene := range of.scenes {
		if filepath.Base(scene.File) == filepath.Base(path) {
			if err := of.may("scenario " + scene.ID); err != nil {
				return nil, err
			}
			return scene.Draw(seed) //nolint:wrapcheck // it has file, line and column
		}
	}
	return nil, notFound("", "scenario %s: pack %s has no such file", path, of.ID)
}

func parseScenario(path string, seed int64) (*drills.Scenario, error) {
	src, err := readSource("scenario", path, "firebreak drill list shows those that have a name", drills.MaxSize)
	if err != nil {
		return nil, err
	}
	sc, err := drills.Parse(path, src, seed)
	if err != nil {
		return nil, usage("docs/drills.md describes the format", "%w", err)
	}
	return sc, nil
}

// scenarioOf finds the scenario that is meant: by its id, or by the playbook that
// it is for.
func (s *Service) scenarioOf(n NewExercise) (*drills.Scenario, error) {
	if n.Scenario != "" {
		return s.Scenario(n.Scenario, n.Seed)
	}
	all, err := s.Scenarios()
	if err != nil && CodeOf(err) != CodePartial {
		return nil, err
	}
	var ids []string
	for _, k := range all {
		if k.ID == n.Playbook {
			return s.Scenario(k.ID, n.Seed)
		}
		if k.Playbook == n.Playbook && k.May() == nil {
			ids = append(ids, k.ID)
		}
	}
	switch len(ids) {
	case 0:
		return nil, errors.Join(notFound("firebreak drill list shows the scenarios; --scenario takes a file too", "playbook %s has no scenario", n.Playbook), err)
	case 1:
		return s.Scenario(ids[0], n.Seed)
	}
	return nil, usage("--scenario "+strings.Join(ids, " or --scenario "), "playbook %s has several scenarios", n.Playbook)
}

// packOf is the pack that holds a scenario to the byte, nil where none does.
func (s *Service) packOf(sc *drills.Scenario) (*Pack, error) {
	all, err := s.Scenarios()
	if err != nil && CodeOf(err) != CodePartial {
		return nil, err
	}
	for _, k := range all {
		if k.Pack != nil && k.SHA256 == sc.SHA256 {
			return k.Pack, nil
		}
	}
	return nil, nil //nolint:nilnil // of no pack
}
