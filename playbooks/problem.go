package playbooks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"firebreak/internal/problem"
)

// Severity says whether a problem stops a playbook from being run.
type Severity string

// An error keeps a playbook from running; a warning asks for a second look.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Problem is one thing that is wrong with a playbook. Line and Column count
// from 1; Column counts characters. Code is a key of Codes.
type Problem struct {
	Code     string   `json:"code"`
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Column   int      `json:"column"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	Hint     string   `json:"hint,omitempty"`
}

// String is "file:line:column: error PB012: message (hint)".
func (p Problem) String() string {
	s := fmt.Sprintf("%s:%d:%d: %s %s: %s", p.File, p.Line, p.Column, p.Severity, p.Code, p.Message)
	if p.Hint != "" {
		s += " (" + p.Hint + ")"
	}
	return s
}

// Problems is every problem of a file, in the order of the file. As an error
// it comes back from Parse.
type Problems []Problem

// Error is one line per problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Errors returns the problems that are errors.
func (ps Problems) Errors() Problems {
	var out Problems
	for _, p := range ps {
		if p.Severity == Error {
			out = append(out, p)
		}
	}
	return out
}

// sorted orders problems by place and drops repetitions.
func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Code, b.Code))
	})
	return slices.Compact(ps)
}

// Nearest is the known word that somebody most likely meant by got, or "".
func Nearest(got string, known []string) string { return problem.Nearest(got, known) }

func didYouMean(got string, known []string) string { return problem.DidYouMean(got, known) }
