package cmd

import (
	"fmt"
	"slices"
	"strings"

	"firebreak/internal/term"
	"firebreak/record"
)

// maxReasons is how many lines of refusals a person is shown.
const maxReasons = 40

// refused prints what was not taken: few of a kind one by one, many as a number
// with the first of them. All stand in the record, and in what --json prints.
func (p *program) refused(list []record.Refusal, where string, out func(string, ...any) error) error {
	lines, short := 0, false
	say := func(format string, args ...any) error {
		if lines++; lines > maxReasons {
			short = true
			return nil
		}
		return out("%s", p.wrap("  refused  ", fmt.Sprintf(format, args...), 11))
	}
	var rest []record.Refusal
	for _, r := range list { // what was asked for by its name is answered by its name
		if r.Collector != "linux.files" {
			rest = append(rest, r)
		} else if err := say("%s: %s", term.Safe(r.Source), term.Safe(r.Reason)); err != nil {
			return err
		}
	}
	for _, g := range record.GroupRefused(rest) {
		if len(g.Whole) <= record.MaxAlike {
			for _, r := range g.Whole {
				if err := say("%s: %s", term.Safe(r.Source), term.Safe(r.Reason)); err != nil {
					return err
				}
			}
			continue
		}
		short = true
		if one := g.Sources[0]; !slices.ContainsFunc(g.Sources, func(s string) bool { return s != one }) {
			if err := say("%s: %s (%d times)", term.Safe(one), term.Safe(g.Text), len(g.Whole)); err != nil {
				return err
			}
			continue
		}
		var first []string
		for _, s := range g.Sources[:record.MaxAlike] {
			first = append(first, term.Safe(s))
		}
		if err := say("%s, %d times: %s, …", term.Safe(g.Text), len(g.Whole), strings.Join(first, ", ")); err != nil {
			return err
		}
	}
	if !short {
		return nil
	}
	more := ""
	if lines > maxReasons {
		more = fmt.Sprintf(", %d more lines here", lines-maxReasons)
	}
	return out("  refused  %d in all%s; %s names each\n", len(list), more, where)
}
