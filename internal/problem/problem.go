// Package problem is how a file that people write is told what is wrong with it:
// where, what, and what to do.
package problem

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says whether a problem keeps the file from being used.
type Severity string

// An error does; a warning asks for a second look.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Problem is one thing that is wrong with a file. Line and Column count from 1,
// Column in characters; they are 0 where the problem is the file as a whole. Code
// and Severity are empty where a kind of file has none: there each is an error.
type Problem struct {
	Code     string   `json:"code,omitempty"`
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Column   int      `json:"column"`
	Severity Severity `json:"severity,omitempty"`
	Message  string   `json:"message"`
	Hint     string   `json:"hint,omitempty"`
}

// String is "file:line:column: message (hint)", with "error PB012: " before the
// message where there is a code.
func (p Problem) String() string {
	s := p.File
	if p.Line != 0 || p.Code != "" {
		s += fmt.Sprintf(":%d:%d", p.Line, p.Column)
	}
	if p.Code != "" {
		s += fmt.Sprintf(": %s %s", p.Severity, p.Code)
	}
	s += ": " + p.Message
	if p.Hint != "" {
		s += " (" + p.Hint + ")"
	}
	return s
}

// Problems is all that is wrong. It is the error of whoever reads such a file.
type Problems []Problem

// Error is one problem a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Errors are those that are more than a warning.
func (ps Problems) Errors() Problems {
	var out Problems
	for _, p := range ps {
		if p.Severity != Warning {
			out = append(out, p)
		}
	}
	return out
}

// Sorted is the problems in the order of their places, each once.
func (ps Problems) Sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Code, b.Code))
	})
	return slices.Compact(ps)
}
