package response

import (
	"errors"

	"firebreak/playbooks"
)

// LintSource checks the text of a playbook, or of tests of one, against all there
// is: what it would be told when it were run. path is where the file is, "" when
// it is none.
func (s *Service) LintSource(name, path string, src []byte) (playbooks.Problems, error) {
	var problems playbooks.Problems
	if path != "" && isTestFile(path) || playbooks.IsTest(src) {
		t, err := playbooks.ParseTest(name, src)
		if errors.As(err, &problems) || err != nil {
			return problems, ignoreProblems(err)
		}
		p, err := s.playbookOf(path, t.Playbook)
		if errors.As(err, &problems) {
			return playbooks.UnreadTested(t, problems), nil
		}
		if err != nil {
			return nil, err
		}
		return playbooks.CheckTest(t, p, s.find), nil
	}
	p, err := playbooks.Parse(name, src)
	if errors.As(err, &problems) || err != nil {
		return problems, ignoreProblems(err)
	}
	return s.Lint(p)
}

// ignoreProblems takes problems, which are told as such, for no error.
func ignoreProblems(err error) error {
	var problems playbooks.Problems
	if errors.As(err, &problems) {
		return nil
	}
	return err
}
