package response

import (
	"errors"
	"path/filepath"

	"firebreak/playbooks"
	drills "firebreak/playbooks/drill"
)

// Linter checks playbooks against what there is: actions, collectors, other
// playbooks. It looks once, so that a folder of playbooks is checked in the time
// that reading it takes.
type Linter struct {
	s       *Service
	catalog playbooks.Catalog
}

// Linter returns one that knows what there is now.
func (s *Service) Linter() (*Linter, error) {
	c, err := s.catalog()
	if err != nil {
		return nil, err
	}
	return &Linter{s, c}, nil
}

// Source checks the text of a playbook, of tests of one, or of an exercise on one.
// path is where the file is, "" when it is none.
func (l *Linter) Source(name, path string, src []byte) (playbooks.Problems, error) {
	var problems playbooks.Problems
	if path != "" && isTestFile(path) || playbooks.IsTest(src) {
		t, err := playbooks.ParseTest(name, src)
		if errors.As(err, &problems) || err != nil {
			return problems, ignoreProblems(err)
		}
		p, err := l.s.playbookOf(path, t.Playbook)
		if errors.As(err, &problems) {
			return playbooks.UnreadTested(t, problems), nil
		}
		if err != nil {
			return nil, err
		}
		return playbooks.CheckTest(t, p, l.find), nil
	}
	if playbooks.IsScenario(src) {
		return l.scenario(name, path, src)
	}
	p, err := playbooks.Parse(name, src)
	if errors.As(err, &problems) || err != nil {
		return problems, ignoreProblems(err)
	}
	return playbooks.Lint(p, l.catalog), nil
}

// scenario checks an exercise, and whether it fits the playbook that it is for: that
// of the folder around its own, else the one that there is by that id. Of one that is
// not there nothing can be said.
func (l *Linter) scenario(name, path string, src []byte) (playbooks.Problems, error) {
	sc, err := drills.Parse(name, src, 1)
	var problems playbooks.Problems
	if errors.As(err, &problems) || err != nil {
		return problems, ignoreProblems(err)
	}
	p, err := l.s.Playbook(sc.Playbook)
	if path != "" {
		files, _ := filepath.Glob(filepath.Join(filepath.Dir(filepath.Dir(path)), "*.yaml")) // a pattern that is none finds none
		for _, file := range files {
			if own, perr := parsePlaybook(file); perr == nil && own.ID == sc.Playbook {
				p, err = own, nil
			}
		}
	}
	if err != nil {
		return nil, nil //nolint:nilerr // it is said when the exercise is held
	}
	return sc.FitIn(name, p), nil
}

// find gives the playbook that a step of another one runs.
func (l *Linter) find(ref playbooks.Reference) (*playbooks.Playbook, error) {
	if p, ok := l.catalog.Playbooks(ref.ID); ok && ref.Fits(p) {
		return p, nil
	}
	return l.s.find(ref) // it says what is wrong
}

// ignoreProblems takes problems, which are told as such, for no error.
func ignoreProblems(err error) error {
	var problems playbooks.Problems
	if errors.As(err, &problems) {
		return nil
	}
	return err
}
