package playbooks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
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

// mostWork bounds what a hint may cost: 200 names of 16 letters against one.
const mostWork = 50_000

// Nearest is the known word that somebody most likely meant by got, or "".
func Nearest(got string, known []string) string { return nearest(got, known) }

// nearest returns the known word that differs least from got, or "" when none
// is near enough to be what the author meant.
func nearest(got string, known []string) string {
	work := 0
	for _, k := range known {
		work += len(got) * len(k)
	}
	if len(got) > 64 || work > mostWork {
		return ""
	}
	best, at := "", 1+len(got)/3
	low := []rune(strings.ToLower(got))
	for _, k := range known {
		if len(k) > 128 || len(k) > 4*(len(low)+at) || len(low)-len(k) > at {
			continue
		}
		if d := distance(low, []rune(strings.ToLower(k)), at); d <= at && d < len(k) {
			if best == "" || d < at {
				best, at = k, d
			}
		}
	}
	return best
}

// distance is the number of single-character edits, a swap of neighbours
// counting as one, between a and b; what is more than most counts as most+1.
func distance(a, b []rune, most int) int {
	if len(a)-len(b) > most || len(b)-len(a) > most {
		return most + 1
	}
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, above, row = above, row, before
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > most+1 {
			return most + 1
		}
	}
	return min(row[len(b)], most+1)
}

// didYouMean is the hint for an unknown word: the nearest known one, else the
// whole list when it is short.
func didYouMean(got string, known []string) string {
	if n := nearest(got, known); n != "" {
		return fmt.Sprintf("did you mean %q?", n)
	}
	if len(known) > 0 && len(known) <= 12 {
		return "known: " + strings.Join(known, ", ")
	}
	return ""
}
