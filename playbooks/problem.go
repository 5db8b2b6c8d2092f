package playbooks

import "firebreak/internal/problem"

// Severity says whether a problem stops a playbook from being run.
type Severity = problem.Severity

// An error keeps a playbook from running; a warning asks for a second look.
const (
	Error   = problem.Error
	Warning = problem.Warning
)

// Problem is one thing that is wrong with a playbook. Code is a key of Codes.
type Problem = problem.Problem

// Problems is every problem of a file, in the order of the file. As an error
// it comes back from Parse.
type Problems = problem.Problems

// Nearest is the known word that somebody most likely meant by got, or "".
func Nearest(got string, known []string) string { return problem.Nearest(got, known) }

func didYouMean(got string, known []string) string { return problem.DidYouMean(got, known) }
