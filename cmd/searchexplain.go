package cmd

import (
	"context"
	"fmt"
	"strings"

	"firebreak/internal/term"
	"firebreak/response"
)

// printExplanation says what is looked at to answer the filter.
func (o *searchOptions) printExplanation(ctx context.Context) error {
	x, err := o.session.Explain(ctx, o.id, o.filter)
	if err != nil {
		return err
	}
	var sql *response.TranslatedFilter
	if o.sql {
		t, err := o.session.ClickHouseSQL(ctx, o.id, o.filter)
		if err != nil {
			return err
		}
		sql = &t
	}
	if o.p.json {
		return o.p.printJSON(struct {
			response.Explanation
			ClickHouse *response.TranslatedFilter `json:"clickhouse,omitempty"`
		}{x, sql})
	}
	understood := x.Filter
	if understood == "" {
		understood = "(everything)"
	}
	lines := []string{
		"filter    " + term.Safe(understood),
		"timeline  " + reach(x.All),
		"looked at " + reach(x.Candidates) + share(x.Candidates.Events, x.All.Events),
	}
	for _, t := range x.Terms {
		lines = append(lines, fmt.Sprintf("  %s: %s", term.Safe(t.Term), how(t)))
	}
	if sql != nil {
		lines = append(lines, "", "SELECT count() FROM firebreak_events FINAL WHERE "+term.Safe(sql.Where))
		for _, p := range sql.Params {
			lines = append(lines, fmt.Sprintf("  {%s:%s} is %s", p.Name, p.Type, term.Safe(p.Value)))
		}
	}
	return o.p.printf("%s\n", strings.Join(lines, "\n"))
}

func reach(e response.Extent) string {
	s := plural(e.Events, "event")
	if e.Segments > 0 || e.Blocks > 0 {
		s += " in " + plural(e.Segments, "segment") + ", " + plural(e.Blocks, "block")
	}
	return s
}

func plural(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func share(part, whole int64) string {
	if whole == 0 {
		return ""
	}
	return fmt.Sprintf(" (%.3g %%)", 100*float64(part)/float64(whole))
}

// how says in words how a term's candidates are found.
func how(t response.ExplainedTerm) string {
	in := ", " + plural(t.Blocks, "block")
	switch t.By {
	case response.ByColumn:
		return "by a column's values" + in
	case response.ByTime:
		return "by the times of segments and blocks" + in
	case response.ByWord:
		return "by whole words, looked up: " + term.Safe(strings.Join(t.Words, ", ")) + in
	case response.ByPart:
		return "by parts of words, the lists of words are read: " + term.Safe(strings.Join(t.Words, ", ")) + in
	case response.ByID:
		return "by file and place" + in
	case response.ByText:
		return "nothing is passed over for it, every text is read" + in
	}
	return string(t.By) + in
}
