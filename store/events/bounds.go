package events

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"firebreak/timeline"
)

// bounds is what SQL can say of an expression: every row that matches fulfils
// upper, every row that fulfils lower matches. Between them the row is read
// and asked in Go. Where the two are the same, SQL alone decides.
//
// few is set where an index leads to the handful of rows, named by their ids,
// that upper can be true of.
type bounds struct {
	upper, lower condition
	exact        bool
	few          condition
}

func exactly(c condition) bounds { return bounds{upper: c, lower: c, exact: true} }

// source is where a query's rows come from: the table, or the few rows by their ids, taken out
// first. Otherwise SQLite walks through time and looks at every row.
type source struct{ with, table string }

// source says where to look for rows, what they then have to fulfil, and the
// parameters of the former.
func (b bounds) source() (source, condition, []any) {
	if b.few.sql == "" {
		return source{table: "event"}, b.upper, nil
	}
	return source{with: `WITH few AS MATERIALIZED (SELECT * FROM event WHERE ` + b.few.sql + `) `, table: "few"}, b.upper, append([]any{}, b.few.args...)
}

// bind works out the bounds of the filter in this snapshot.
func (s *snapshot) bind(ctx context.Context, f timeline.Filter) (bounds, error) {
	if f.Expr() == nil {
		return exactly(always), nil
	}
	return s.bounds(ctx, f.Expr())
}

func (s *snapshot) bounds(ctx context.Context, x timeline.Expr) (bounds, error) {
	if originOnly(x) {
		set, err := s.origins(ctx, x.Match)
		return exactly(set), err
	}
	switch x := x.(type) {
	case timeline.And:
		return s.combined(ctx, x, func(xs []timeline.Expr) timeline.Expr { return timeline.And(xs) }, allOf)
	case timeline.Or:
		b, err := s.combined(ctx, x, func(xs []timeline.Expr) timeline.Expr { return timeline.Or(xs) }, anyOf)
		b.few = condition{}
		return b, err
	case timeline.Not:
		b, err := s.bounds(ctx, x.X)
		return bounds{upper: b.lower.not(), lower: b.upper.not(), exact: b.exact}, err
	case timeline.Word:
		return s.word(ctx, x)
	case timeline.Address:
		return s.address(ctx, x)
	case timeline.Is:
		return is(x), nil
	case timeline.Compare:
		return compare(x), nil
	case timeline.After:
		return after(x.Time), nil
	case timeline.Before:
		return before(x.Time), nil
	case timeline.Marked:
		return marked(x.Events())
	}
	return bounds{}, fmt.Errorf("filter: unknown expression %T", x)
}

// combined binds the parts of And or Or; those that only ask for the origin
// are decided together.
func (s *snapshot) combined(ctx context.Context, xs []timeline.Expr, group func([]timeline.Expr) timeline.Expr, join func(...condition) condition) (bounds, error) {
	var ofOrigin []timeline.Expr
	var uppers, lowers []condition
	var few condition
	exact := true
	for _, x := range xs {
		if originOnly(x) {
			ofOrigin = append(ofOrigin, x)
			continue
		}
		b, err := s.bounds(ctx, x)
		if err != nil {
			return bounds{}, err
		}
		uppers, lowers, exact = append(uppers, b.upper), append(lowers, b.lower), exact && b.exact
		if few.sql == "" {
			few = b.few
		}
	}
	if ofOrigin != nil {
		set, err := s.origins(ctx, group(ofOrigin).Match)
		if err != nil {
			return bounds{}, err
		}
		uppers, lowers = append(uppers, set), append(lowers, set)
	}
	return bounds{upper: join(uppers...), lower: join(lowers...), exact: exact, few: few}, nil
}

// originOnly reports whether the expression looks at nothing but the origin.
func originOnly(x timeline.Expr) bool {
	each := func(xs []timeline.Expr) bool {
		for _, x := range xs {
			if !originOnly(x) {
				return false
			}
		}
		return true
	}
	switch x := x.(type) {
	case timeline.And:
		return each(x)
	case timeline.Or:
		return each(x)
	case timeline.Not:
		return originOnly(x.X)
	case timeline.Is:
		return x.Field != timeline.FieldID && x.Field != timeline.FieldOffset && x.Field != timeline.FieldAttribute
	default:
		return false
	}
}

// origins is the condition that the row's origin is one of those that match.
func (s *snapshot) origins(ctx context.Context, match func(*timeline.Event) bool) (condition, error) {
	var ids []int64
	total := 0
	err := s.eachOrigin(ctx, func(id int64, o origin) {
		var e timeline.Event
		o.fill(&e)
		total++
		if match(&e) {
			ids = append(ids, id)
		}
	})
	if err != nil {
		return condition{}, err
	}
	switch len(ids) {
	case 0:
		return never, nil
	case 1:
		return where("origin = ?", ids[0]), nil
	case total:
		return always, nil
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return condition{}, fmt.Errorf("list origins: %w", err)
	}
	return where("origin IN (SELECT value FROM json_each(?))", string(list)), nil
}

func (s *snapshot) word(ctx context.Context, x timeline.Word) (bounds, error) {
	lower := never
	if !x.Message {
		set, err := s.origins(ctx, func(e *timeline.Event) bool { return x.Pattern.In(e.Host) || x.Pattern.In(e.User) })
		if err != nil {
			return bounds{}, err
		}
		lower = set
	}
	text := always
	if piece, ok := longest(x.Pattern.Literals()); ok {
		text = containing(piece, x.Message)
	}
	return bounds{upper: anyOf(lower, text), lower: lower}, nil
}

// longest is the longest piece that a text must contain.
func longest(pieces []string) (string, bool) {
	best := ""
	for _, p := range pieces {
		if len(p) > len(best) {
			best = p
		}
	}
	return best, best != ""
}

// containing is fulfilled by every row whose message or attributes contain the
// text in any case, and by some others.
func containing(text string, messageOnly bool) condition {
	if !ascii(text) {
		return where("odd & 2")
	}
	like := "%" + likeText(text) + "%"
	message := where(`message LIKE ? ESCAPE '\'`, like)
	if messageOnly {
		return anyOf(message, where("odd & 1"))
	}
	return anyOf(message, where(`attrs LIKE ? ESCAPE '\'`, like), where("odd & 1"))
}

func likeText(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func (s *snapshot) address(ctx context.Context, x timeline.Address) (bounds, error) {
	lower, err := s.origins(ctx, func(e *timeline.Event) bool { return x.Holds(e.Host) })
	if err != nil {
		return bounds{}, err
	}
	uppers := []condition{lower}
	for _, p := range x.Prefixes {
		for _, text := range addressTexts(p) {
			uppers = append(uppers, containing(text, false))
		}
	}
	return bounds{upper: anyOf(uppers...), lower: lower}, nil
}

// addressTexts are pieces of text of which one stands wherever an address of
// the network is written.
func addressTexts(p netip.Prefix) []string {
	if !p.Addr().Is4() {
		return []string{":"}
	}
	octets := strings.SplitAfter(p.Addr().String(), ".")
	whole := strings.Join(octets[:p.Bits()/8], "")
	if whole == "" {
		whole = "."
	}
	return []string{whole, "ffff:"}
}

func is(x timeline.Is) bounds {
	if x.Field == timeline.FieldAttribute {
		return bounds{upper: attribute(x), lower: never}
	}
	if x.Field == timeline.FieldID {
		if ids := identified(x.Patterns); ids.sql != always.sql {
			return bounds{upper: ids, lower: never, few: ids}
		}
	}
	return bounds{upper: always, lower: never}
}

// attribute is fulfilled by rows that may have the attribute with one of the
// values.
func attribute(x timeline.Is) condition {
	if x.Matches("") {
		return always
	}
	var conditions []condition
	for _, p := range x.Patterns {
		piece, _ := longest(p.Literals())
		conditions = append(conditions, holding(x.Attribute, piece))
	}
	return anyOf(conditions...)
}

// holding is fulfilled by rows that may have the attribute with a value that
// contains the piece of text.
func holding(attribute, piece string) condition {
	switch {
	case !ascii(attribute):
		return always
	case !ascii(piece):
		return where("odd & 2")
	}
	return anyOf(where(`attrs LIKE ? ESCAPE '\'`, "%"+likeText(attribute)+unit+"%"+likeText(piece)+"%"), where("odd & 1"))
}

// identified is fulfilled by rows that may have one of the ids. Ids that are
// kept as text sort before all others, and there are hardly any.
func identified(patterns []timeline.Pattern) condition {
	conditions := []condition{}
	for _, p := range patterns {
		text, ok := p.Literal()
		if !ok {
			return always
		}
		if id, ok := timeline.ParseID(strings.ToUpper(text)); ok {
			conditions = append(conditions, where("id = ?", id[:]))
		}
	}
	return anyOf(conditions...)
}

func compare(x timeline.Compare) bounds {
	if x.Field != timeline.FieldOffset {
		return bounds{upper: holding(x.Attribute, ""), lower: never}
	}
	n, ok := x.Number.Whole()
	if !ok {
		return bounds{upper: always, lower: never}
	}
	switch x.Op {
	case timeline.Less:
		return exactly(where("place < ?", n))
	case timeline.AtMost:
		return exactly(where("place <= ?", n))
	case timeline.Greater:
		return exactly(where("place > ?", n))
	case timeline.AtLeast:
		return exactly(where("place >= ?", n))
	}
	return bounds{upper: always, lower: never}
}

// Times beyond what the time column holds are kept as its outermost values:
// there SQL cannot tell them apart.
func after(t time.Time) bounds {
	dated := where("time < ?", int64(undated))
	switch {
	case fits(t):
		return exactly(allOf(where("time >= ?", stamp(t)), dated))
	case t.Year() < 1970:
		return bounds{upper: dated, lower: allOf(where("time > ?", int64(math.MinInt64)), dated)}
	default:
		return bounds{upper: where("time = ?", int64(undated-1)), lower: never}
	}
}

func before(t time.Time) bounds {
	switch {
	case fits(t):
		return exactly(where("time < ?", stamp(t)))
	case t.Year() < 1970:
		return bounds{upper: where("time = ?", int64(math.MinInt64)), lower: never}
	default:
		return bounds{upper: where("time < ?", int64(undated)), lower: where("time < ?", int64(undated-1))}
	}
}

// marked is the condition that the row's id is one of those.
func marked(ids []timeline.ID) (bounds, error) {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = fmt.Sprintf("%x", id[:])
	}
	text, err := json.Marshal(texts)
	if err != nil {
		return bounds{}, fmt.Errorf("list events: %w", err)
	}
	b := exactly(where("id IN (SELECT unhex(value) FROM json_each(?))", string(text)))
	b.few = b.upper
	return b, nil
}
