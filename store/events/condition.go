package events

import "strings"

// condition is a piece of SQL over event with its parameters. Texts, numbers
// and ids of a filter are only ever parameters.
type condition struct {
	sql  string
	args []any
}

var (
	always = condition{sql: "1"}
	never  = condition{sql: "0"}
)

func where(sql string, args ...any) condition { return condition{sql: sql, args: args} }

func allOf(cs ...condition) condition { return combine(cs, " AND ", always, never) }
func anyOf(cs ...condition) condition { return combine(cs, " OR ", never, always) }

// combine joins conditions, leaving out the neutral ones; one that dominates
// decides alone.
func combine(cs []condition, word string, neutral, dominant condition) condition {
	var parts []string
	var args []any
	for _, c := range cs {
		switch c.sql {
		case neutral.sql:
		case dominant.sql:
			return dominant
		default:
			parts = append(parts, c.sql)
			args = append(args, c.args...)
		}
	}
	switch len(parts) {
	case 0:
		return neutral
	case 1:
		return condition{sql: parts[0], args: args}
	}
	return condition{sql: "(" + strings.Join(parts, word) + ")", args: args}
}

func (c condition) not() condition {
	switch c.sql {
	case always.sql:
		return never
	case never.sql:
		return always
	}
	return condition{sql: "NOT " + c.sql, args: c.args}
}
