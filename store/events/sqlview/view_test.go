package sqlview

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"firebreak/store/events"
	"firebreak/timeline"
)

var day = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

// openView opens a view of a new timeline with these events.
func openView(t testing.TB, batch []timeline.Event, marks ...timeline.Mark) *DB {
	t.Helper()
	store, err := events.Open(t.Context(), filepath.Join(t.TempDir(), "timeline.db"), events.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := store.Append(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	db, err := Open(Tables{
		Events: store, Marks: marks, Now: day, Sealed: map[string]time.Time{"e1": day.Add(time.Hour)},
		Exhibits: []Exhibit{{ID: "e1", Title: "auth.log", Kind: "file", Size: 12, Sealed: day.Add(time.Hour)}},
	}, Spills{Dir: t.TempDir(), Key: [32]byte{1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// ask returns the answer as lines of values.
func ask(t testing.TB, db *DB, query string, params ...Param) []string {
	t.Helper()
	lines, err := try(t.Context(), db, query, params...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return lines
}

func try(ctx context.Context, db *DB, query string, params ...Param) (lines []string, err error) {
	err = db.Query(ctx, query, params, func([]string) error { return nil }, func(row []any) error {
		texts := make([]string, len(row))
		for i, v := range row {
			texts[i] = fmt.Sprint(v)
			if v == nil {
				texts[i] = "NULL"
			}
		}
		lines = append(lines, strings.Join(texts, "|"))
		return nil
	})
	return lines, err
}

func someEvents() []timeline.Event {
	at := func(n int, e timeline.Event) timeline.Event {
		e.ID = timeline.EventID("sha", "syslog", int64(n), 0)
		e.Parser, e.Source, e.Exhibit, e.Offset = "syslog", "auth", "e1", int64(n)
		if e.Time.IsZero() {
			e.TimeKind = timeline.Undated
		} else {
			e.TimeKind, e.Precision = timeline.Logged, timeline.Second
		}
		return e
	}
	return []timeline.Event{
		at(1, timeline.Event{Time: day.Add(1500 * time.Millisecond), Host: "web-1", User: "root", Message: "Failed password for root", Attributes: timeline.AttributesOf(map[string]string{"pid": "4711"})}),
		at(2, timeline.Event{Time: day.Add(time.Second), Host: "web-1", User: "alice", Message: "Accepted password"}),
		at(3, timeline.Event{Time: day.Add(2 * time.Second), Host: "db-1", Message: "it's \"quoted\" \\ 100%", Technique: "T1110.001"}),
		at(4, timeline.Event{Host: "db-1", Message: "no time"}),
		at(5, timeline.Event{Time: day.Add(time.Hour), Message: "bad\xff and \x00 NUL"}),
	}
}

func TestQuestions(t *testing.T) {
	es := someEvents()
	db := openView(t, es, timeline.Mark{Event: es[0].ID, Star: true, Tags: []string{"pivot", "a\"b"}, Comments: []string{"look"}})
	for _, c := range []struct {
		query string
		want  []string
	}{
		{"select count(*) from events", []string{"5"}},
		{"select count(*) from events('failed password host:web-1')", []string{"1"}},
		{"select count(*) from events where filter = 'password'", []string{"2"}},
		{"select count(*) from events(null)", []string{"0"}},
		{"select host, count(*) from events group by host", []string{"|1", "db-1|2", "web-1|2"}},
		{"select distinct host from events order by host desc", []string{"web-1", "db-1", ""}},
		{"select offset from events order by time", []string{"4", "2", "1", "3", "5"}},
		{"select offset from events order by time desc", []string{"5", "3", "1", "2", "4"}},
		{"select offset from events order by time desc limit 2", []string{"5", "3"}},
		{"select time, time_ns from events where offset = 1", []string{"2026-11-20T00:00:01.500000000Z|1795132801500000000"}},
		{"select time, time_ns, discovered from events where offset = 4", []string{"NULL|NULL|2026-11-20T01:00:00.000000000Z"}},
		{"select offset from events where time >= '2026-11-20T00:00:01Z' and time < '2026-11-20 00:00:02' order by time", []string{"2", "1"}},
		{"select offset from events where time = '2026-11-20T01:00:02+01:00'", []string{"3"}},
		{"select offset from events where time > '2026-11-20T00:30'", []string{"5"}},
		{"select offset from events where time in ('2026-11-20T00:00:01Z', '2026-11-20T01:00') order by 1", []string{"2", "5"}},
		{"select offset from events where time_ns >= 1795132802000000000 order by time_ns", []string{"3", "5"}},
		{"select attributes ->> 'pid', star, tags, json_extract(tags, '$[1]'), comments from events where star = 1", []string{`4711|1|["pivot","a\"b"]|a"b|["look"]`}},
		{"select offset from events where message like '%PASSWORD%' order by 1", []string{"1", "2"}},
		{"select offset from events where message like '%100\\%%' escape '\\'", []string{"3"}},
		{"select offset from events where message glob '*quoted*'", []string{"3"}},
		{"select offset from events where host like 'web%' or user = 'nobody' or message like '%no time%' order by 1", []string{"1", "2", "4"}},
		{"select count(*) from events where host = 'db-1' or host like 'web-%'", []string{"4"}},
		{"select offset from events where user in ('root', 'alice') and host = 'WEB-1'", nil},
		{"select offset from events where user in ('root', 'alice') and host = 'WEB-1' collate nocase order by 1", []string{"1", "2"}},
		{"select length(cast(message as blob)), hex(substr(message, 4, 1)) from events where offset = 5", []string{"14|"}},
		{"select e.offset, x.title from events e join exhibits x on x.id = e.exhibit where e.technique = 'T1110.001'", []string{"3|auth.log"}},
		{"select m.tags, e.message from marks m join events e on e.id = m.event", []string{`["pivot","a\"b"]|Failed password for root`}},
		{"select count(*) from events a join events b on a.host = b.host", []string{"9"}},
		{"select h.host, (select count(*) from events(h.f)) from (select 'web-1' host, 'host:web-1' f) h", []string{"web-1|2"}},
		{"with recursive n(i) as (select 1 union all select i+1 from n where i < 4) select sum(i) from n", []string{"10"}},
		{"values (1, x'00ff', 2.5, null)", []string{"1|[0 255]|2.5|NULL"}},
		{"select name from pragma_table_info('events') limit 2", []string{"id", "time"}},
		{"select min(time), max(time) from events", []string{"2026-11-20T00:00:01.000000000Z|2026-11-20T01:00:00.000000000Z"}},
		{"select count(distinct rowid) from events", []string{"5"}},
		{"select offset from events where offset between 2 and 3 order by time; -- the end", []string{"2", "3"}},
	} {
		got := ask(t, db, c.query)
		if strings.Contains(c.query, "hex(substr") {
			got[0] = got[0][:3]
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s\n got %q\nwant %q", c.query, got, c.want)
		}
	}
	if got := ask(t, db, "select offset from events where host = :h and offset > :n", Param{"h", "web-1"}, Param{"n", int64(1)}); fmt.Sprint(got) != "[2]" {
		t.Errorf("with parameters: %q", got)
	}
}

// Nothing but a question is answered, and nothing is written anywhere.
func TestOnlyQuestions(t *testing.T) {
	db := openView(t, someEvents())
	dir := t.TempDir()
	for _, query := range []string{
		"delete from events", "insert into marks values (1,2,3,4)", "update exhibits set title = 'x'", "drop table marks", "create table x(a)",
		"create temp table x(a)", "create view v as select 1", "attach '" + dir + "/x.db' as x", "attach ':memory:' as x", "detach main",
		"vacuum", "vacuum into '" + dir + "/x.db'", "pragma journal_mode = wal", "pragma query_only = 0", "pragma writable_schema = 1",
		"pragma temp_store_directory = '" + dir + "'", "begin", "commit", "savepoint a", "analyze", "reindex", "select load_extension('x')",
		"create virtual table x using events", "alter table marks rename to m", "select 1; select 2", "select 1; drop table marks",
		"with x as (select 1) delete from marks", "explain delete from marks", "replace into marks values (1,2,3,4)", "pragma function_list(1) ; vacuum",
		"create trigger t after insert on marks begin select 1; end", "select * from pragma_database_list",
	} {
		_, err := try(t.Context(), db, query)
		var e *Error
		if !errors.Is(err, ErrRefused) && !errors.As(err, &e) {
			t.Errorf("%s: %v", query, err)
		}
	}
	for _, query := range []string{"select load_extension('x')", "select fts3_tokenizer('simple')", "select writefile('x', 'y')", "select readfile('/etc/passwd')", "select edit('x')"} {
		if _, err := try(t.Context(), db, query); err == nil {
			t.Errorf("%s was answered", query)
		}
	}
	if files, err := filepath.Glob(dir + "/*"); err != nil || files != nil {
		t.Errorf("there are files: %v, %v", files, err)
	}
	if got := ask(t, db, "select count(*) from marks"); got[0] != "0" {
		t.Errorf("marks: %v", got)
	}
}

func TestFaultsAreShown(t *testing.T) {
	db := openView(t, someEvents())
	for _, c := range []struct {
		query, message string
		offset         int
	}{
		{"select nonsense from events", "no such column: nonsense", 7},
		{"select * from events where host = \"web-1\"", `no such column: "web-1"`, 34},
		{"selec 1", `near "selec": syntax error`, 0},
		{"", "there is no statement", -1},
		{" -- nothing\n", "there is no statement", -1},
		{"select :a", "the parameter :a has no value", 7},
		{"select ?", "a parameter has a name: :name instead of ?", 7},
		{"select 1 \x00", "the query has a NUL in it", 9},
	} {
		_, err := try(t.Context(), db, c.query)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(e.Message, c.message) || e.Offset != c.offset {
			t.Errorf("%q: %v, %+v", c.query, err, e)
		}
	}
	_, err := try(t.Context(), db, "select * from events('host:(')")
	var wrong *timeline.FilterError
	if !errors.As(err, &wrong) {
		t.Errorf("a bad filter: %v", err)
	}
	_, err = try(t.Context(), db, "select 1", Param{"a", "b"})
	var e *Error
	if !errors.As(err, &e) {
		t.Errorf("a parameter too many: %v", err)
	}
}

// Scans that wait for each other do not wait for ever, and too many of them are
// refused.
func TestScansInsideScans(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	es := make([]timeline.Event, 5000)
	for i := range es {
		es[i] = timeline.Event{ID: timeline.EventID("sha", "syslog", int64(i), 0), Time: day.Add(time.Duration(i) * time.Second), Message: "line", Host: "h", Offset: int64(i)}
	}
	db := openView(t, es)
	// Each is far from its end when the next begins.
	four := "select a.offset + b.offset + c.offset + d.offset%s from events a cross join events b cross join events c cross join events d %s limit 6000"
	if got := ask(t, db, fmt.Sprintf(four, "", "")); len(got) != 6000 || got[5999] != "1000" {
		t.Errorf("four at once: %d rows", len(got))
	}
	if _, err := try(t.Context(), db, fmt.Sprintf(four, " + e.offset", "cross join events e")); !errors.Is(err, errTooManyScans) {
		t.Errorf("five at once: %v", err)
	}
	if got := ask(t, db, "select count(*) from events"); got[0] != "5000" {
		t.Error(got)
	}
}

func TestCancel(t *testing.T) {
	db := openView(t, someEvents())
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err := try(ctx, db, "with recursive n(i) as (select 1 union all select i+1 from n) select count(*) from n")
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if _, err = try(ctx, db, "select * from events"); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	if err := db.Query(t.Context(), "select * from events", nil, func([]string) error { return nil }, func([]any) error { return enough }); !errors.Is(err, enough) {
		t.Fatal(err)
	}
	if got := ask(t, db, "select count(*) from events"); got[0] != "5" {
		t.Fatal(got)
	}
}
