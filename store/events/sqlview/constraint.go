package sqlview

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"firebreak/internal/lazyre"
	"firebreak/timeline"
)

// The types of a value, as SQLite numbers them.
const (
	typeInteger = 1
	typeFloat   = 2
	typeText    = 3
	typeBlob    = 4
	typeNull    = 5
)

// value is a value that SQLite holds a column against.
type value struct {
	kind   int
	number int64
	text   string
}

// constraint is one of the terms of WHERE that a filter can answer. The
// operators are: e = or IN, g > G >= l < L <= k LIKE b GLOB, m LIMIT, o OFFSET.
type constraint struct {
	column column
	op     byte
	values []value
}

var errArguments = errors.New("the arguments of the table cannot be read")

// constraints reads what table.c has packed, in the byte order of the machine.
func constraints(b []byte) ([]constraint, error) {
	const head = 5*4 + 8
	var out []constraint
	last := -1
	for len(b) > 0 {
		if len(b) < head {
			return nil, errArguments
		}
		number := func(i int) int { return int(int32(binary.NativeEndian.Uint32(b[4*i:]))) } //nolint:gosec // as it was written
		which, op, n, length := number(0), number(1), number(2), number(4)
		if length < 0 || len(b)-head < length {
			return nil, errArguments
		}
		v := value{kind: number(3), number: int64(binary.NativeEndian.Uint64(b[20:])), text: string(b[head : head+length])} //nolint:gosec // as it was written
		if n != last {
			out = append(out, constraint{column: column(which), op: byte(op)}) //nolint:gosec // a letter
			last = n
		}
		c := &out[len(out)-1]
		c.values = append(c.values, v)
		b = b[head+length:]
	}
	return out, nil
}

// wanted is what a scan has to deliver.
type wanted struct {
	filter timeline.Filter
	limit  int64 // about how many rows are wanted, 0 where that is not known
	dated  bool  // an event without a time cannot match
	none   bool  // nothing can match
}

// want makes one filter of all constraints. It may let through more than SQL
// asks for, never less: SQLite looks at each row again. Only the hidden column
// is exact.
func want(cs []constraint, now time.Time, marks []timeline.Mark) (wanted, error) {
	var w wanted
	for _, c := range cs {
		switch {
		case c.op == 'm' || c.op == 'o':
			if v := c.values[0]; v.kind == typeInteger && v.number > 0 && v.number < 1<<40 {
				w.limit += v.number
			}
			continue
		case c.column == colFilter:
			f, err := c.given(now)
			if err != nil {
				return w, err
			}
			w.none = w.none || c.values[0].kind == typeNull
			w.filter = w.filter.And(f.Marked(marks))
			continue
		case c.column == colTime || c.column == colTimeNS:
			w.dated = true
		}
		f, ok := c.filter()
		if !ok {
			continue
		}
		if c.column != colID { // which knows its events already
			f = f.Marked(marks)
		}
		w.filter = w.filter.And(f)
	}
	return w, nil
}

// given is the filter that was written in SQL as events('…').
func (c constraint) given(now time.Time) (timeline.Filter, error) {
	v := c.values[0]
	switch v.kind {
	case typeText:
	case typeNull:
		return timeline.Filter{}, nil // = NULL is true of nothing
	case typeInteger:
		v.text = strconv.FormatInt(v.number, 10)
	default:
		return timeline.Filter{}, errors.New("the filter of events(…) is a text")
	}
	f, err := timeline.ParseFilter(v.text, now)
	if err != nil {
		return f, fmt.Errorf("filter of events(…): %w", err)
	}
	return f, nil
}

// filter is a filter that everything passes for which the constraint is true.
func (c constraint) filter() (timeline.Filter, bool) {
	switch c.op {
	case 'e':
		return c.equal()
	case 'g', 'G', 'l', 'L':
		return c.order()
	case 'k', 'b':
		return c.like()
	}
	return timeline.Filter{}, false
}

// parse reads a filter of our own making. What the language cannot say is left
// to SQLite.
func parse(text string) (timeline.Filter, bool) {
	f, err := timeline.ParseFilter(text, time.Unix(0, 0))
	return f, err == nil
}

func (c constraint) equal() (timeline.Filter, bool) {
	switch c.column { //nolint:exhaustive // the others are compared by their text
	case colID:
		return c.ids()
	case colTime, colTimeNS:
		if len(c.values) != 1 {
			return c.between()
		}
		low, ok := constraint{c.column, 'G', c.values}.order()
		high, also := constraint{c.column, 'L', c.values}.order()
		if !ok || !also {
			return low, false
		}
		return low.And(high), true
	case colOffset:
		return c.listed(func(v value) (string, bool) { return strconv.FormatInt(v.number, 10), v.kind == typeInteger })
	case colStar:
		if len(c.values) != 1 || c.values[0].kind != typeInteger || c.values[0].number != 1 {
			return timeline.Filter{}, false
		}
		return parse("star:yes")
	case colMessage:
		if len(c.values) != 1 || c.values[0].kind != typeText {
			return timeline.Filter{}, false
		}
		return containing("message", pieceOf(c.values[0].text))
	}
	return c.listed(func(v value) (string, bool) {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v.text) + `"`, v.kind == typeText && sayable(v.text)
	})
}

// sayable reports whether a text can be written in a filter as it is.
func sayable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError })
}

// listed writes all values after the column's name.
func (c constraint) listed(write func(value) (string, bool)) (timeline.Filter, bool) {
	var b strings.Builder
	for i, v := range c.values {
		text, ok := write(v)
		if !ok || b.Len()+len(text) > timeline.MaxFilter {
			return timeline.Filter{}, false
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(text)
	}
	return parse(columns[c.column].Name + ":" + b.String())
}

// ids chooses events by their ids, however many there are.
func (c constraint) ids() (timeline.Filter, bool) {
	marks := make([]timeline.Mark, 0, len(c.values))
	for _, v := range c.values {
		if id, ok := timeline.ParseID(strings.ToUpper(v.text)); ok && v.kind == typeText {
			marks = append(marks, timeline.Mark{Event: id, Star: true})
		}
	}
	f, ok := parse("star:yes")
	return f.Marked(marks), ok
}

// between is from the first to the last of several times.
func (c constraint) between() (timeline.Filter, bool) {
	var all []time.Time
	for _, v := range c.values {
		t, ok := c.moment(v)
		if !ok {
			return timeline.Filter{}, false
		}
		all = append(all, t)
	}
	first, last := slices.MinFunc(all, time.Time.Compare), slices.MaxFunc(all, time.Time.Compare)
	low, ok := parse(stamp("after", first))
	high, also := parse(stamp("before", last.Add(1)))
	return low.And(high), ok && also
}

// moment is the time that a value stands for.
func (c constraint) moment(v value) (time.Time, bool) {
	if c.column == colTime {
		return moment(v.text), v.kind == typeText && !moment(v.text).IsZero()
	}
	return time.Unix(0, v.number).UTC(), v.kind == typeInteger && v.number < math.MaxInt64
}

func (c constraint) order() (timeline.Filter, bool) {
	v := c.values[0]
	if c.column == colOffset {
		op := map[byte]string{'g': ">", 'G': ">=", 'l': "<", 'L': "<="}[c.op]
		f, ok := parse("offset:" + op + strconv.FormatInt(v.number, 10))
		return f, ok && v.kind == typeInteger
	}
	t, ok := c.moment(v)
	if !ok {
		return timeline.Filter{}, false
	}
	switch c.op {
	case 'g', 'G':
		return parse(stamp("after", t))
	case 'L':
		t = t.Add(1)
	}
	return parse(stamp("before", t))
}

func stamp(name string, t time.Time) string { return name + ":" + t.UTC().Format(time.RFC3339Nano) }

// like looks for the longest piece of text that LIKE or GLOB asks for.
func (c constraint) like() (timeline.Filter, bool) {
	v := c.values[0]
	if v.kind != typeText {
		return timeline.Filter{}, false
	}
	pattern, _, _ := strings.Cut(v.text, "\x00") // SQLite reads no further
	special := "%_"
	if c.op == 'b' {
		special = "*?[]"
		if i := strings.IndexByte(pattern, '['); i >= 0 {
			pattern = pattern[:i] // what is inside of brackets is a set
		}
	}
	best := ""
	for piece := range strings.FieldsFuncSeq(pattern, func(r rune) bool { return strings.ContainsRune(special, r) }) {
		if p := pieceOf(piece); len(p) > len(best) {
			best = p
		}
	}
	return containing(columns[c.column].Name, best)
}

// pieceOf is the longest part of a text that is plain ASCII. SQLite and this
// program read bytes that are no UTF-8 in different ways.
func pieceOf(s string) string {
	best := ""
	for piece := range strings.FieldsFuncSeq(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		if len(piece) > len(best) {
			best = piece
		}
	}
	return best[:min(len(best), 256)]
}

// containing is the filter for texts of a field that contain the piece, in any
// case.
func containing(field, piece string) (timeline.Filter, bool) {
	if piece == "" {
		return timeline.Filter{}, false
	}
	return parse(field + ":/" + strings.ReplaceAll(regexp.QuoteMeta(piece), "/", `\x2f`) + "/i")
}

// timeText is what the collation of the column time takes for a time.
var timeText = lazyre.New(`^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?)?$`)

// moment reads a time as the collation of the column time does (conn.c), the
// zero time where the text is none.
func moment(s string) time.Time {
	s = strings.ToUpper(s)
	if !timeText.MatchString(s) || strings.HasPrefix(s, "0000") {
		return time.Time{}
	}
	s = strings.Replace(s, " ", "T", 1)
	for _, layout := range [...]string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil && t.UTC().Year() >= 1 && t.UTC().Year() <= 9999 {
			return t.UTC()
		}
	}
	return time.Time{}
}
