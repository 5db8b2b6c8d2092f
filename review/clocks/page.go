package clocks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Marks of the page of documentation between which the deadlines stand.
const (
	pageBegin = "<!-- deadlines -->\n"
	pageEnd   = "<!-- /deadlines -->"
)

// Page puts the table of what is built in into the page of documentation; false
// where the page has no place for it.
func Page(page string) (string, bool, error) {
	before, rest, ok := strings.Cut(page, pageBegin)
	_, after, there := strings.Cut(rest, pageEnd)
	if !ok || !there {
		return page, false, nil
	}
	rules, err := Known()
	if err != nil {
		return page, false, err
	}
	slices.SortStableFunc(rules, func(x, y Rule) int {
		return cmp.Or(cmp.Compare(cmp.Or(x.Place, "~"), cmp.Or(y.Place, "~")), cmp.Compare(x.Regime, y.Regime))
	})
	var b strings.Builder
	b.WriteString(before + pageBegin)
	fmt.Fprintf(&b, "| regime | place | clock | duty | counts from | limit | last day | confidence | looked at | by |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	cell := strings.NewReplacer("|", `\|`, "\n", " ")
	for _, r := range rules {
		start := string(r.Start)
		if r.After != "" {
			start += " (" + r.After + ")"
		}
		last := ""
		if r.Within.Time == 0 && !r.Within.IsZero() {
			last = map[Rest]string{Keep: "kept", Move: "next working day", Unsure: "kept; see below"}[r.Rest]
		}
		fmt.Fprintf(&b, "| %s | %s | `%s` | %s | %s | %s | %s | %s | %s | %s |\n", r.Regime, cmp.Or(r.Place, "-"), r.ID, cell.Replace(r.Duty), start,
			cell.Replace(r.Limit()), last, r.Confidence, r.Checked, cell.Replace(r.Citation))
	}
	b.WriteString(pageEnd + after)
	return b.String(), true, nil
}
