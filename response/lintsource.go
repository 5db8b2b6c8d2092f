package response

import (
	"errors"

	"firebreak/playbooks"
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

// Source checks the text of a playbook, or of tests of one. path is where the
// file is, "" when it is none.
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
	p, err := playbooks.Parse(name, src)
	if errors.As(err, &problems) || err != nil {
		return problems, ignoreProblems(err)
	}
	return playbooks.Lint(p, l.catalog), nil
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
