package triage

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"firebreak/timeline"
)

// Comparison holds two values against each other, as in
// "attr.born > time + 1d" or "attr.size = 0": a field, an operator, and a field,
// a number, or a text in quotes, with a length of time added or taken off. Times
// are compared as times where both are, else numbers, else texts with = and !=
// alone. Where a value is missing it does not hold.
type Comparison struct {
	text  string
	left  operand
	op    string
	right operand
	shift time.Duration
}

// operand is a field, of the other event where other is set, or a constant.
type operand struct {
	field    *Field
	other    bool
	constant string
}

// String is the comparison as it was written.
func (c Comparison) String() string { return c.text }

// ParseComparison reads one. Only a join may name the other event.
func ParseComparison(text string, joined bool) (Comparison, error) {
	c := Comparison{text: text}
	words := strings.Fields(text)
	if len(words) != 3 && len(words) != 5 {
		return c, fmt.Errorf("%q: want FIELD OPERATOR FIELD, or with + 1d behind it", text)
	}
	var err error
	if c.left, err = parseOperand(words[0], joined); err != nil {
		return c, err
	}
	switch c.op = words[1]; c.op {
	case "=", "!=", "<", "<=", ">", ">=":
	default:
		return c, fmt.Errorf("%q is no operator: want = != < <= > >=", words[1])
	}
	if c.right, err = parseOperand(words[2], joined); err != nil {
		return c, err
	}
	if len(words) == 5 {
		d, ok := timeline.ReadDuration(words[4])
		if !ok || words[3] != "+" && words[3] != "-" {
			return c, fmt.Errorf("%q: want + or - and a length of time, as in + 1d", text)
		}
		if c.shift = d; words[3] == "-" {
			c.shift = -d
		}
	}
	return c, nil
}

func parseOperand(word string, joined bool) (operand, error) {
	if len(word) > 1 && word[0] == '"' && word[len(word)-1] == '"' {
		return operand{constant: word[1 : len(word)-1]}, nil
	}
	if _, err := strconv.ParseInt(word, 10, 64); err == nil {
		return operand{constant: word}, nil
	}
	name, other := strings.CutPrefix(word, "other.")
	if other && !joined {
		return operand{}, fmt.Errorf("%q: there is no other event here", word)
	}
	f, err := ParseField(name)
	return operand{field: &f, other: other}, err
}

func (o operand) value(mine, other *timeline.Event) string {
	switch {
	case o.field == nil:
		return o.constant
	case o.other:
		return o.field.of(other)
	}
	return o.field.of(mine)
}

// holds says whether the comparison is true of the event, and the other one.
func (c Comparison) holds(mine, other *timeline.Event) bool {
	l, r := c.left.value(mine, other), c.right.value(mine, other)
	if l == "" || r == "" {
		return false
	}
	if a, ok := moment(l); ok {
		if b, ok := moment(r); ok {
			return ordered(c.op, a.Compare(b.Add(c.shift)))
		}
	}
	if a, err := strconv.ParseInt(l, 10, 64); err == nil {
		if b, err := strconv.ParseInt(r, 10, 64); err == nil {
			switch {
			case a < b:
				return ordered(c.op, -1)
			case a > b:
				return ordered(c.op, 1)
			}
			return ordered(c.op, 0)
		}
	}
	switch c.op {
	case "=":
		return l == r
	case "!=":
		return l != r
	}
	return false
}

// all says whether every comparison holds.
func all(cs []Comparison, mine, other *timeline.Event) bool {
	for _, c := range cs {
		if !c.holds(mine, other) {
			return false
		}
	}
	return true
}

func ordered(op string, n int) bool {
	switch op {
	case "=":
		return n == 0
	case "!=":
		return n != 0
	case "<":
		return n < 0
	case "<=":
		return n <= 0
	case ">":
		return n > 0
	}
	return n >= 0
}

// moment reads a time as events and snapshots write it.
func moment(s string) (time.Time, bool) {
	if len(s) < len("2006-01-02T15:04:05Z") || s[4] != '-' {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t, err == nil && t.Year() > 1
}

// network is the network that an address lies in: people share those.
func network(s string) string {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return s
	}
	a = a.Unmap()
	bits := 64
	if a.Is4() {
		bits = 24
	}
	p, err := a.WithZone("").Prefix(bits)
	if err != nil {
		return s
	}
	return p.String()
}
