package timeline

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Parameter is a value that a translated filter refers to as {Name:Type}. Value
// is its text.
type Parameter struct {
	Name  string `json:"name"`
	Type  string `json:"type"` // String, Int64 or Float64
	Value string `json:"value"`
}

// TranslateError says which term of a filter has no like in SQL.
type TranslateError struct {
	Term string
	Why  string
}

// Error names the term.
func (e *TranslateError) Error() string { return fmt.Sprintf("translate %s: %s", e.Term, e.Why) }

// ClickHouse writes the filter as a condition over the columns of
// ClickHouseTable. Values are parameters; no text of the filter is a part of the
// condition. It finds the events that Match finds, with two differences: bytes
// that are no UTF-8 came into the table as U+FFFD, and a whole number of more
// than 18 digits is compared as a floating one. The error is a *TranslateError.
func ClickHouse(f Filter) (where string, params []Parameter, err error) {
	if f.expr == nil {
		return "1", nil, nil
	}
	t := translator{}
	where, err = t.expr(f.expr)
	return where, t.params, err
}

type translator struct{ params []Parameter }

// param keeps a value and returns what stands for it.
func (t *translator) param(kind, value string) string {
	for _, p := range t.params {
		if p.Type == kind && p.Value == value {
			return "{" + p.Name + ":" + kind + "}"
		}
	}
	p := Parameter{Name: "p" + strconv.Itoa(len(t.params)+1), Type: kind, Value: value}
	t.params = append(t.params, p)
	return "{" + p.Name + ":" + kind + "}"
}

func (t *translator) text(s string) string { return t.param("String", s) }

func (t *translator) expr(x Expr) (string, error) {
	switch x := x.(type) {
	case And:
		return t.all(x, " AND ", "1")
	case Or:
		return t.all(x, " OR ", "0")
	case Not:
		s, err := t.expr(x.X)
		return "NOT (" + s + ")", err
	case Word:
		return t.word(x), nil
	case Is:
		return t.is(x), nil
	case Compare:
		return t.compare(x), nil
	case After:
		return t.time("time_ns", ">=", x.Time, x)
	case Before:
		return t.time("time_ns", "<", x.Time, x)
	case Discovered:
		op := ">="
		if x.Before {
			op = "<"
		}
		return t.time("discovered_ns", op, x.Time, x)
	case Address:
		return t.address(x), nil
	case Marked:
		return t.marked(x), nil
	default:
		return "", &TranslateError{Term: x.String(), Why: "there is nothing like it in SQL"}
	}
}

func (t *translator) all(parts []Expr, between, none string) (string, error) {
	if len(parts) == 0 {
		return none, nil
	}
	out := make([]string, len(parts))
	for i, p := range parts {
		s, err := t.expr(p)
		if err != nil {
			return "", err
		}
		out[i] = "(" + s + ")"
	}
	return strings.Join(out, between), nil
}

func (t *translator) word(x Word) string {
	find := func(column string) string { return t.within(column, x.Pattern) }
	if x.Message {
		return find("message")
	}
	return find("message") + " OR " + find("host") + " OR " + find("user") + " OR arrayExists(v -> " + find("v") + ", attr_values)"
}

// within is Pattern.In over a text.
func (t *translator) within(column string, p Pattern) string {
	switch {
	case p.re != nil:
		return t.match(column, portable(p.re.String()))
	case len(p.parts) == 0:
		return column + " != ''"
	case len(p.parts) == 1 && p.parts[0] == "":
		return "1"
	}
	if p.ascii && len(p.parts) == 1 { // the first is quick, and true wherever the second is
		return "(positionCaseInsensitive(" + column + ", " + t.text(p.parts[0]) + ") > 0 AND " + t.match(column, p.regexpWithin()) + ")"
	}
	return t.match(column, p.regexpWithin())
}

// whole is Pattern.Match over a value.
func (t *translator) whole(column string, p Pattern) string {
	literal := !p.left && !p.right && len(p.parts) == 1
	switch {
	case p.re != nil:
		return t.match(column, portable(p.re.String()))
	case len(p.parts) == 0:
		return column + " != ''"
	case literal && p.ascii:
		return "lower(" + column + ") = " + t.text(p.parts[0])
	}
	return t.match(column, p.regexpWhole())
}

func (t *translator) match(column, expression string) string {
	return "match(" + column + ", " + t.text(expression) + ")"
}

// anyOf is one of the patterns.
func anyOf(patterns []Pattern, one func(Pattern) string) string {
	out := make([]string, len(patterns))
	for i, p := range patterns {
		out[i] = one(p)
	}
	if len(out) == 1 {
		return out[0]
	}
	return "(" + strings.Join(out, " OR ") + ")"
}

func (t *translator) column(f Field, attribute string) string {
	if f == FieldAttribute {
		return "attr_values[indexOf(attr_names, " + t.text(attribute) + ")]" // '' where there is none
	}
	if f == FieldOffset {
		return "toString(offset)"
	}
	return f.String()
}

func (t *translator) is(x Is) string {
	column := t.column(x.Field, x.Attribute)
	return anyOf(x.Patterns, func(p Pattern) string {
		s := t.whole(column, p)
		if x.Field == FieldTechnique {
			s = "(" + s + " OR " + t.whole("splitByChar('.', technique)[1]", p) + ")"
		}
		return s
	})
}

// Numbers in a text, white space around them allowed, as parseNumber reads them.
const (
	sqlSpace   = `[\t-\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]*`
	sqlWhole   = `\A` + sqlSpace + `([-+]?[0-9]{1,18})` + sqlSpace + `\z`
	sqlDecimal = `\A` + sqlSpace + `([-+]?(?:[0-9]+[.]?[0-9]*|[.][0-9]+)(?:[eE][-+]?[0-9]+)?)` + sqlSpace + `\z`
)

func (t *translator) compare(x Compare) string {
	op := " " + string(x.Op) + " "
	asFloat := t.param("Float64", strconv.FormatFloat(x.Number.float(), 'g', -1, 64))
	if x.Field == FieldOffset {
		if n, whole := x.Number.Whole(); whole {
			return "offset" + op + t.param("Int64", strconv.FormatInt(n, 10))
		}
		return "toFloat64(offset)" + op + asFloat
	}
	value := t.column(x.Field, x.Attribute)
	whole := "toInt64OrZero(replaceOne(extract(" + value + ", " + t.text(sqlWhole) + "), '+', ''))"
	if n, isWhole := x.Number.Whole(); isWhole {
		whole += op + t.param("Int64", strconv.FormatInt(n, 10))
	} else {
		whole = "toFloat64(" + whole + ")" + op + asFloat
	}
	decimal := "toFloat64OrZero(replaceOne(extract(" + value + ", " + t.text(sqlDecimal) + "), '+', ''))"
	return "multiIf(" + t.match(value, sqlWhole) + ", " + whole + ", " + t.match(value, sqlDecimal) +
		", isFinite(" + decimal + ") AND " + decimal + op + asFloat + ", 0)"
}

func (t *translator) time(column, op string, at time.Time, x Expr) (string, error) {
	if at.Before(sqlFirst) || at.After(sqlLast) {
		return "", &TranslateError{Term: x.String(), Why: "the table's times go from 1678 to 2262"}
	}
	dated := "dated = 1"
	if column != "time_ns" {
		dated = column + " != 0"
	}
	return dated + " AND " + column + " " + op + " " + t.param("Int64", strconv.FormatInt(at.UnixNano(), 10)), nil
}

var (
	sqlFirst = time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC)
	sqlLast  = time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)
)

// address looks among the addresses that stood in the event when it was
// written: 32 hexadecimal digits each, IPv4 in its IPv6 form.
func (t *translator) address(x Address) string {
	out := make([]string, len(x.Prefixes))
	for i, p := range x.Prefixes {
		from, to := p.Addr(), lastOf(p)
		s := "a >= " + t.text(hexAddress(from)) + " AND a <= " + t.text(hexAddress(to))
		if from.Is6() && hexAddress(from) <= hexAddress(mappedFirst) && hexAddress(mappedLast) <= hexAddress(to) {
			s += " AND NOT (a >= " + t.text(hexAddress(mappedFirst)) + " AND a <= " + t.text(hexAddress(mappedLast)) + ")"
		}
		out[i] = "(" + s + ")"
	}
	return "arrayExists(a -> " + strings.Join(out, " OR ") + ", addresses)"
}

var (
	mappedFirst = netip.MustParseAddr("::ffff:0.0.0.0")
	mappedLast  = netip.MustParseAddr("::ffff:255.255.255.255")
)

func hexAddress(a netip.Addr) string {
	b := a.As16()
	return fmt.Sprintf("%x", b[:])
}

func (t *translator) marked(x Marked) string {
	switch x.Kind {
	case MarkTag:
		return "arrayExists(v -> " + anyOf(x.Patterns, func(p Pattern) string { return t.whole("v", p) }) + ", tags)"
	case MarkComment:
		return "arrayExists(v -> " + anyOf(x.Patterns, func(p Pattern) string { return t.within("v", p) }) + ", comments)"
	case MarkStar:
	}
	return "star = 1"
}
