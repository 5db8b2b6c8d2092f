package sqlview

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"firebreak/timeline"
)

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

var (
	someTexts = []string{
		"web-1", "WEB-1", "web-2", "", "it's", `quo"ted`, `back\slash`, "per%cent", "under_score", "a\x00b", "bad\xffutf8", "хост", "ХОСТ", "\u212aelvin",
		"kelvin", "ſhort", "a/b/c", "[x]*?", "new\nline", "10.0.0.1", "T1110", "T1110.001", "0", "17", "\uFFFD", "' or 1=1 --", "x'); drop table events; --",
	}
	someTimes = []time.Time{
		{}, day, day.Add(1), day.Add(time.Second), day.Add(1500 * time.Millisecond), day.Add(time.Hour), day.AddDate(-1, 0, 0), time.Unix(0, 0).UTC(), time.Date(1999, 12, 31, 23, 59, 59, 999999999, time.UTC),
	}
	textColumns = []column{colHost, colUser, colSource, colTechnique, colMessage, colExhibit, colParser, colKind}
)

func randomEvents(r *rand.Rand, n int) []timeline.Event {
	out := make([]timeline.Event, n)
	for i := range out {
		e := &out[i]
		e.ID = timeline.EventID(pick(r, []string{"sha", "shb"}), "p", int64(i), 0)
		e.Offset = int64(i % 40)
		e.Time, e.Precision, e.TimeKind = pick(r, someTimes), timeline.Second, timeline.Logged
		if e.Time.IsZero() {
			e.TimeKind = timeline.Undated
		}
		e.Host, e.User, e.Message = pick(r, someTexts), pick(r, someTexts), pick(r, someTexts)+" "+pick(r, someTexts)
		e.Source, e.Parser, e.Exhibit, e.Technique = pick(r, someTexts), pick(r, []string{"syslog", "p"}), pick(r, []string{"e1", "e2"}), pick(r, someTexts)
		if r.IntN(2) == 0 {
			e.Attributes = timeline.AttributesOf(map[string]string{"pid": strconv.Itoa(r.IntN(9)), pick(r, someTexts) + "n": pick(r, someTexts)})
		}
	}
	return out
}

// condition is a piece of WHERE and what it means in Go.
type condition struct {
	sql   string
	match func(*timeline.Event) bool
}

// quoted is a text as SQL has it; what no literal can say is bytes.
func quoted(s string) string {
	if strings.Contains(s, "\x00") {
		return fmt.Sprintf("cast(x'%x' as text)", s)
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

func textOf1(c column, e *timeline.Event) string {
	if c == colMessage {
		return e.Message
	}
	return columns[c].field.Value(e, "")
}

// folded is a text as NOCASE and LIKE compare it: ASCII letters only.
func folded(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 32
		}
		return r
	}, s)
}

func randomCondition(r *rand.Rand, marks map[timeline.ID]timeline.Mark, es []timeline.Event, depth int) condition {
	if depth > 0 && r.IntN(2) == 0 {
		a, b := randomCondition(r, marks, es, depth-1), randomCondition(r, marks, es, depth-1)
		if r.IntN(2) == 0 {
			return condition{"(" + a.sql + " and " + b.sql + ")", func(e *timeline.Event) bool { return a.match(e) && b.match(e) }}
		}
		return condition{"(" + a.sql + " or " + b.sql + ")", func(e *timeline.Event) bool { return a.match(e) || b.match(e) }}
	}
	c, text := pick(r, textColumns), pick(r, someTexts)
	name := columns[c].Name
	switch r.IntN(12) {
	case 0, 1:
		return condition{name + " = " + quoted(text), func(e *timeline.Event) bool { return textOf1(c, e) == text }}
	case 2:
		other := pick(r, someTexts)
		return condition{name + " in (" + quoted(text) + ", " + quoted(other) + ")", func(e *timeline.Event) bool { return textOf1(c, e) == text || textOf1(c, e) == other }}
	case 3:
		return condition{name + " <> " + quoted(text), func(e *timeline.Event) bool { return textOf1(c, e) != text }}
	case 4: // a text without anything special to LIKE, in texts that all readers read alike
		piece := pick(r, []string{"web", "WEB", "elvin", "a/b", "it's", "drop table", "x"})
		return condition{name + " like '%" + strings.ReplaceAll(piece, "'", "''") + "%'", func(e *timeline.Event) bool {
			s, _, _ := strings.Cut(textOf1(c, e), "\x00")
			return strings.Contains(folded(s), folded(piece))
		}}
	case 5:
		piece := pick(r, []string{"web", "WEB", "a/b", "drop"})
		return condition{name + " glob '" + piece + "*'", func(e *timeline.Event) bool {
			s, _, _ := strings.Cut(textOf1(c, e), "\x00")
			return strings.HasPrefix(s, piece)
		}}
	case 6:
		n := int64(r.IntN(40))
		op := pick(r, []string{"=", "<", "<=", ">", ">="})
		return condition{fmt.Sprintf("offset %s %d", op, n), func(e *timeline.Event) bool { return holds(op, int(e.Offset-n)) }}
	case 7, 8:
		at := pick(r, someTimes[1:]).Add(time.Duration(r.IntN(3)-1) * time.Second)
		op := pick(r, []string{"=", "<", "<=", ">", ">="})
		sql := "time " + op + " '" + at.Format(pick(r, []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999-00:00"})) + "'"
		if r.IntN(3) == 0 {
			at = at.Truncate(24 * time.Hour)
			sql = "time " + op + " '" + at.Format("2006-01-02") + "'"
		}
		if r.IntN(3) == 0 {
			sql = fmt.Sprintf("time_ns %s %d", op, at.UnixNano())
		}
		return condition{sql, func(e *timeline.Event) bool { return !e.Time.IsZero() && holds(op, e.Time.Compare(at)) }}
	case 9:
		e := pick(r, es)
		return condition{"id = '" + e.ID.String() + "'", func(f *timeline.Event) bool { return f.ID == e.ID }}
	case 10:
		return condition{"star = 1", func(e *timeline.Event) bool { return marks[e.ID].Star }}
	default:
		return condition{"time is null", func(e *timeline.Event) bool { return e.Time.IsZero() }}
	}
}

func holds(op string, order int) bool {
	switch op {
	case "=":
		return order == 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	default:
		return order >= 0
	}
}

// The promise: what the table answers is what WHERE says of each event, however
// little of the timeline the engine looked at for it.
func TestAnswersEqualBruteForce(t *testing.T) {
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 7))
		es := randomEvents(r, 150)
		marks := map[timeline.ID]timeline.Mark{}
		var list []timeline.Mark
		for _, e := range es {
			if r.IntN(8) == 0 {
				m := timeline.Mark{Event: e.ID, Star: r.IntN(2) == 0, Tags: []string{"pivot"}}
				marks[e.ID], list = m, append(list, m)
			}
		}
		db := openView(t, es, list...)
		for range 200 {
			c := randomCondition(r, marks, es, 3)
			filter, passes := "", func(*timeline.Event) bool { return true }
			if r.IntN(3) == 0 {
				f, err := timeline.ParseFilter("-host:web-1 or tag:pivot", day)
				if err != nil {
					t.Fatal(err)
				}
				f = f.Marked(list)
				filter, passes = "('-host:web-1 or tag:pivot')", func(e *timeline.Event) bool { return f.Match(*e) }
			}
			check(t, r, db, es, "events"+filter+" where "+c.sql, func(e *timeline.Event) bool { return passes(e) && c.match(e) })
		}
	}
}

func check(t *testing.T, r *rand.Rand, db *DB, es []timeline.Event, from string, match func(*timeline.Event) bool) {
	t.Helper()
	var want []timeline.Event
	hosts := map[string]int{}
	for i := range es {
		if match(&es[i]) {
			want = append(want, es[i])
			hosts[es[i].Host]++
		}
	}
	var ids []string
	for _, e := range want {
		ids = append(ids, e.ID.String())
	}
	slices.Sort(ids)
	if got := ask(t, db, "select id from "+from+" order by id"); !slices.Equal(got, ids) {
		t.Fatalf("%s\n got %q\nwant %q\nplan %q", from, got, ids, ask(t, db, "explain query plan select id from "+from))
	}
	if got := ask(t, db, "select count(*) from "+from); got[0] != strconv.Itoa(len(want)) {
		t.Fatalf("%s: count %s, want %d", from, got, len(want))
	}
	column := columns[pick(r, textColumns)].Name
	a := ask(t, db, "select hex("+column+"), count(*) from "+from+" group by "+column)
	b := ask(t, db, "select hex(v), count(*) from (select "+column+" || '' as v, id from "+from+") group by v")
	if !slices.Equal(a, b) {
		t.Fatalf("%s: by %s %q, by its copy %q", from, column, a, b)
	}
	// In the order of time, undated first, and the other way round.
	slices.SortFunc(want, func(a, b timeline.Event) int {
		if a.Time.IsZero() != b.Time.IsZero() {
			if a.Time.IsZero() {
				return -1
			}
			return 1
		}
		return a.Cursor().Compare(b.Cursor())
	})
	ids = nil
	for _, e := range want {
		ids = append(ids, e.ID.String())
	}
	limit := r.IntN(len(want) + 2)
	if got := ask(t, db, fmt.Sprintf("select id from %s order by time, id limit %d", from, limit)); !slices.Equal(got, ids[:min(limit, len(ids))]) {
		t.Fatalf("%s, by time: %q, want %q", from, got, ids)
	}
	slices.Reverse(ids)
	if got := ask(t, db, "select id from "+from+" order by time_ns desc, id desc"); !slices.Equal(got, ids) {
		t.Fatalf("%s, from the last: %q, want %q", from, got, ids)
	}
}

// Go and C read the same texts as the same times.
func TestTimesAreReadAlike(t *testing.T) {
	db := openView(t, nil)
	r := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"2026", "-", "11", "20", "T", " ", "t", "03", ":", "04", ".", "5", "123456789", "Z", "z", "+01:00", "-23:59", "+24:00", "00", "60", "1", "02-29", "2024-02-29", "2026-11-20T03:04", "2026-11-20", ",", "x", "9999-12-31T23:59:59.999999999", "0000-01-01", "0001-01-01"}
	for range 5000 {
		var s string
		for range 1 + r.IntN(6) {
			s += pick(r, pieces)
		}
		at := moment(s)
		if at.IsZero() {
			continue
		}
		got := ask(t, db, "select c = t collate RFC3339, c < 'not a time' collate RFC3339 from (select :s c, :t t)", Param{"s", s}, Param{"t", at.Format(time.RFC3339Nano)})
		if got[0] != "1|0" {
			t.Fatalf("%q is %s in Go: %v", s, at, got)
		}
	}
}
