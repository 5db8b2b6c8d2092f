package triage

import (
	"fmt"
	"strings"
)

// Marks of the page of documentation between which the rules stand.
const (
	pageBegin = "<!-- rules -->\n"
	pageEnd   = "<!-- /rules -->"
)

// Page puts the table of the rules into the page of documentation; false where
// the page has no place for it.
func (s *Set) Page(page string) (string, bool) {
	before, rest, ok := strings.Cut(page, pageBegin)
	_, after, there := strings.Cut(rest, pageEnd)
	if !ok || !there {
		return page, false
	}
	var b strings.Builder
	b.WriteString(before + pageBegin)
	fmt.Fprintf(&b, "## The %d rules that are built in\n\n| rule | severity | technique | finds | may be |\n| --- | --- | --- | --- | --- |\n", len(s.Rules))
	cell := strings.NewReplacer("|", `\|`, "\n", " ")
	for _, r := range s.Rules {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", r.ID, r.Severity, r.Technique, cell.Replace(r.Title), cell.Replace(r.FalsePositive))
	}
	b.WriteString(pageEnd + after)
	return b.String(), true
}
