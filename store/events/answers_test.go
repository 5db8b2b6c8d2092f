package events

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/internal/testkit"
	"firebreak/timeline"
)

// The answers to random questions are those that a look at every event gives:
// on small segments, and on one of many blocks.
func TestAnswers(t *testing.T) {
	for seed := range uint64(testkit.Rounds(t, 2, 4)) {
		r := rand.New(rand.NewPCG(seed, 17))
		db := openTest(t)
		n, most := 300, 60
		if seed%2 == 1 {
			n, most = 7000, 6000
		}
		all := make([]timeline.Event, n)
		for i := range all {
			all[i] = randomEvent(r, i)
			if r.IntN(6) == 0 {
				all[i].Attributes.Set("time_text", all[i].Time.Format(pick(r, []string{time.RFC3339Nano, time.Stamp, "2006-01-02 15:04:05.000 root", "15:04"})))
			}
			if r.IntN(500) == 0 {
				all[i].Message += strings.Repeat(" filler", 20_000)
			}
			if r.IntN(50) == 0 {
				all[i].Message = "only " + fmt.Sprint(r.IntN(40)) + " here"
				all[i].Attributes.Set("pid", "4711")
			}
		}
		for rest := all; len(rest) > 0; {
			size := min(len(rest), 1+r.IntN(most))
			mustAppend(t, db, rest[:size])
			rest = rest[size:]
		}
		sortEvents(all)
		rounds := 60
		if n > 1000 {
			rounds = 25
		}
		var fs []timeline.Filter
		for i := range rounds {
			text := randomFilter(r, 2)
			if i == 0 {
				text = ""
			}
			f := parse(t, text)
			var want []timeline.Event
			for _, e := range all {
				if f.Match(e) {
					want = append(want, e)
				}
			}
			fs = append(fs, f)
			o := oracle{t: t, db: db, r: r, f: f, all: all, want: want}
			o.pages()
			o.sums()
			o.values()
			o.gaps()
			o.session()
		}
		sweepOracle(t, db, fs, all)
	}
}

func sortEvents(all []timeline.Event) {
	slices.SortFunc(all, func(a, b timeline.Event) int { return placeOf(a.Cursor()).compare(placeOf(b.Cursor())) })
}

// oracle knows the events that match.
type oracle struct {
	t         *testing.T
	db        *DB
	r         *rand.Rand
	f         timeline.Filter
	all, want []timeline.Event
}

func (o *oracle) fail(err error, what string, got, want any) {
	o.t.Helper()
	o.t.Fatalf("%s: %s is\n%v, want\n%v, %v", o.f, what, got, want, err)
}

func (o *oracle) pages() {
	ctx := o.t.Context()
	at := pick(o.r, o.all).Cursor()
	i, _ := slices.BinarySearchFunc(o.want, at, func(e timeline.Event, c timeline.Cursor) int { return placeOf(e.Cursor()).compare(placeOf(c)) })
	after := i
	if after < len(o.want) && o.want[after].ID == at.ID {
		after++
	}
	fromTime := i
	for fromTime > 0 && stamp(o.want[fromTime-1].Time) == stamp(at.Time) {
		fromTime--
	}
	limit := 1 + o.r.IntN(40)
	head := func(es []timeline.Event) []timeline.Event { return es[:min(limit, len(es))] }
	tail := func(es []timeline.Event) []timeline.Event { return es[max(0, len(es)-limit):] }
	later := pick(o.r, o.all).Cursor()
	if placeOf(later).compare(placeOf(at)) < 0 {
		later = at
	}
	j, _ := slices.BinarySearchFunc(o.want, later, func(e timeline.Event, c timeline.Cursor) int { return placeOf(e.Cursor()).compare(placeOf(c)) })
	for name, test := range map[string]struct {
		r    Request
		want []timeline.Event
	}{
		"start":   {Request{Limit: limit}, head(o.want)},
		"end":     {Request{End: true, Limit: limit}, tail(o.want)},
		"after":   {Request{After: &at, Limit: limit}, head(o.want[after:])},
		"before":  {Request{Before: &at, Limit: limit}, tail(o.want[:i])},
		"between": {Request{After: &at, Before: &later, Limit: limit}, head(o.want[after:max(after, j)])},
		"at":      {Request{At: cmp.Or(at.Time, time.Unix(0, undated-2)), Limit: limit}, nil},
	} {
		if name == "at" {
			if at.Time.IsZero() {
				continue
			}
			test.want = head(o.want[fromTime:])
		}
		got, err := o.db.Page(ctx, o.f, test.r)
		if err != nil || !sameEvents(got, test.want) {
			o.fail(err, "page "+name, ids(got), ids(test.want))
		}
	}
	var scanned []timeline.Event
	err := o.db.Scan(ctx, o.f, Request{After: &at}, func(e *timeline.Event) error {
		scanned = append(scanned, *e)
		return nil
	})
	if err != nil || !sameEvents(scanned, o.want[after:]) {
		o.fail(err, "scan", len(scanned), len(o.want[after:]))
	}
}

func sameEvents(a, b []timeline.Event) bool {
	return slices.EqualFunc(a, b, func(x, y timeline.Event) bool {
		if !x.Time.Equal(y.Time) {
			return false
		}
		x.Time, y.Time = time.Time{}, time.Time{}
		return reflect.DeepEqual(x, y)
	})
}

func (o *oracle) sums() {
	ctx := o.t.Context()
	if n, err := o.db.Count(ctx, o.f); err != nil || n != int64(len(o.want)) {
		o.fail(err, "count", n, len(o.want))
	}
	n, exact, err := o.db.Estimate(ctx, o.f)
	if err != nil || exact && n != int64(len(o.want)) || n < 0 {
		o.fail(err, "estimate", n, len(o.want))
	}
	from, to := day.Add(-time.Hour), day.Add(20*time.Hour+1)
	edge := edges(stamp(from), stamp(to), 7)
	want := make([]int64, 7)
	var first, last time.Time
	for _, e := range o.want {
		if e.Time.IsZero() {
			continue
		}
		if last = e.Time; first.IsZero() {
			first = e.Time
		}
		for i := range want {
			if s := stamp(e.Time); s >= edge[i] && s < edge[i+1] {
				want[i]++
			}
		}
	}
	got, err := o.db.Histogram(ctx, o.f, from, to, 7)
	if err != nil || !slices.Equal(got, want) {
		o.fail(err, "histogram", got, want)
	}
	gotFirst, gotLast, err := o.db.Span(ctx, o.f)
	if err != nil || !gotFirst.Equal(first) || !gotLast.Equal(last) {
		o.fail(err, "span", []time.Time{gotFirst, gotLast}, []time.Time{first, last})
	}
	x, err := o.db.Explain(ctx, o.f)
	if err != nil || x.All.Events != int64(len(o.all)) || x.Candidates.Events < int64(len(o.want)) {
		o.fail(err, "explanation", x, len(o.want))
	}
}

func (o *oracle) values() {
	ctx := o.t.Context()
	for _, field := range []struct {
		f    timeline.Field
		name string
	}{
		{timeline.FieldHost, ""},
		{timeline.FieldUser, ""},
		{timeline.FieldExhibit, ""},
		{timeline.FieldParser, ""},
		{timeline.FieldTechnique, ""},
		{timeline.FieldAttribute, "pid"},
		{timeline.FieldAttribute, "time_text"},
		{timeline.FieldAttribute, "имя"},
	} {
		t := newTally()
		for _, e := range o.want {
			if v := field.f.Value(&e, field.name); v != "" {
				t.add(v, 1, stamp(e.Time), stamp(e.Time))
			}
		}
		for _, rare := range []bool{false, true} {
			opt := ValuesOptions{Limit: 1 + o.r.IntN(30), Rare: rare}
			got, err := o.db.Values(ctx, o.f, field.f, field.name, opt)
			if want := t.values(opt); err != nil || !slices.EqualFunc(got, want, sameValue) {
				o.fail(err, "values of "+field.f.String()+field.name, got, want)
			}
		}
	}
	t := newTally()
	for _, e := range o.want {
		for _, a := range e.Attributes {
			t.add(a.Name, 1, stamp(e.Time), stamp(e.Time))
		}
	}
	got, err := o.db.Names(ctx, o.f)
	if want := t.values(ValuesOptions{Limit: 1000}); err != nil || !slices.EqualFunc(got, want, sameValue) {
		o.fail(err, "names", got, want)
	}
	o.fields(t.values(ValuesOptions{Limit: 1000}))
}

func (o *oracle) fields(names []Value) {
	var want []FieldCount
	for _, f := range columnFields {
		c, seen := FieldCount{Field: f}, map[string]bool{}
		for _, e := range o.want {
			if v := f.Value(&e, ""); v != "" {
				c.Events++
				seen[v] = true
			}
		}
		if c.Values = len(seen); c.Events > 0 {
			want = append(want, c)
		}
	}
	for _, n := range names {
		want = append(want, FieldCount{Field: timeline.FieldAttribute, Attribute: n.Value, Events: n.Count})
	}
	if got, err := o.db.Fields(o.t.Context(), o.f); err != nil || !slices.Equal(got, want) {
		o.fail(err, "fields", got, want)
	}
}

func sameValue(a, b Value) bool {
	return a.Value == b.Value && a.Count == b.Count && a.First.Equal(b.First) && a.Last.Equal(b.Last)
}

func (o *oracle) gaps() {
	const atLeast = 45 * time.Minute
	byValue := make(map[string][]int64)
	end := int64(0)
	for _, e := range o.want {
		if e.Time.IsZero() {
			break
		}
		if end = stamp(e.Time); e.Host != "" {
			byValue[e.Host] = append(byValue[e.Host], end)
		}
	}
	var want []string
	for host, stamps := range byValue {
		for i, s := range stamps {
			switch {
			case i+1 < len(stamps) && apart(s, stamps[i+1]) >= atLeast:
				want = append(want, fmt.Sprint(host, " ", timeOf(s), timeOf(stamps[i+1])))
			case i+1 == len(stamps) && apart(s, end) >= atLeast:
				want = append(want, fmt.Sprint(host, " ", timeOf(s), " for good"))
			}
		}
	}
	gaps, err := o.db.Gaps(o.t.Context(), o.f, timeline.FieldHost, atLeast)
	var got []string
	for i, g := range gaps {
		if i > 0 && apart(stamp(g.From), stamp(g.To)) > apart(stamp(gaps[i-1].From), stamp(gaps[i-1].To)) {
			o.fail(err, "order of gaps", gaps, nil)
		}
		before, err := o.db.Get(o.t.Context(), g.Before)
		if err != nil || before.Host != g.Value || stamp(before.Time) != stamp(g.From) {
			o.fail(err, "event before a gap", before, g)
		}
		if g.After.IsZero() {
			got = append(got, fmt.Sprint(g.Value, " ", g.From, " for good"))
			continue
		}
		after, err := o.db.Get(o.t.Context(), g.After)
		if err != nil || after.Host != g.Value || stamp(after.Time) != stamp(g.To) {
			o.fail(err, "event after a gap", after, g)
		}
		got = append(got, fmt.Sprint(g.Value, " ", g.From, g.To))
	}
	slices.Sort(got)
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		o.fail(err, "gaps", got, want)
	}
}

func (o *oracle) session() {
	const idle = 30 * time.Minute
	around := pick(o.r, o.all).Cursor()
	if around.Time.IsZero() || !fits(around.Time) {
		return
	}
	i := 0
	for i < len(o.want) && placeOf(o.want[i].Cursor()).compare(placeOf(around)) < 0 {
		i++
	}
	from, to := i, i
	for at := stamp(around.Time); from > 0 && apart(stamp(o.want[from-1].Time), at) <= idle; from-- {
		at = stamp(o.want[from-1].Time)
	}
	for at := stamp(around.Time); to < len(o.want) && !o.want[to].Time.IsZero() && apart(stamp(o.want[to].Time), at) <= idle; to++ {
		at = stamp(o.want[to].Time)
	}
	first, last, n, err := o.db.Session(o.t.Context(), o.f, around, idle)
	if err != nil || n != int64(to-from) {
		o.fail(err, "events of a session", n, to-from)
	}
	if n > 0 && (first.ID != o.want[from].ID || last.ID != o.want[to-1].ID) {
		o.fail(err, "session", []timeline.Cursor{first, last}, []timeline.Event{o.want[from], o.want[to-1]})
	}
}

func sweepOracle(t *testing.T, db *DB, fs []timeline.Filter, all []timeline.Event) {
	t.Helper()
	told := int64(0)
	got, err := db.Sweep(t.Context(), fs, func(done, total int64) {
		if total != int64(len(all)) || done <= told {
			t.Errorf("told %d of %d after %d", done, total, told)
		}
		told = done
	})
	if err != nil || told != int64(len(all)) {
		t.Fatalf("told %d, %v", told, err)
	}
	for i, f := range fs {
		var want Swept
		for _, e := range all {
			if !f.Match(e) {
				continue
			}
			if want.Count++; want.Count == 1 {
				want.First = e.Cursor()
			}
			want.Last = e.Cursor()
		}
		if got[i].Count != want.Count || got[i].First.ID != want.First.ID || got[i].Last.ID != want.Last.ID ||
			!got[i].First.Time.Equal(want.First.Time) || !got[i].Last.Time.Equal(want.Last.Time) {
			t.Fatalf("%s swept: %+v, want %+v", f, got[i], want)
		}
	}
}
