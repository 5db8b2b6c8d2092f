package events

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"firebreak/internal/testkit"
	"firebreak/timeline"
)

func parse(t testing.TB, text string) timeline.Filter {
	t.Helper()
	f, err := timeline.ParseFilter(text, day)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// numbered makes n events of an exhibit, one a second, every tenth undated.
func numbered(exhibit string, n int) []timeline.Event {
	events := make([]timeline.Event, n)
	for i := range events {
		events[i] = timeline.Event{
			ID: timeline.EventID(exhibit, "p", int64(i), 0), Time: day.Add(time.Duration(i/3) * time.Second), TimeKind: timeline.Logged,
			Source: "syslog", Parser: "p", Host: "web-1", Message: fmt.Sprintf("event number %d of %s", i, exhibit), Exhibit: exhibit, Offset: int64(i),
		}
		if i%10 == 9 {
			events[i].Time, events[i].TimeKind = time.Time{}, timeline.Undated
		}
	}
	return events
}

func mustAppend(t testing.TB, db *DB, events []timeline.Event) {
	t.Helper()
	if n, err := db.Append(t.Context(), events); err != nil || n != int64(len(events)) {
		t.Fatalf("added %d of %d: %v", n, len(events), err)
	}
}

func TestEventsComeBackAsTheyWere(t *testing.T) {
	db := openTest(t)
	events := []timeline.Event{
		{ID: called("plain")},
		{
			ID: timeline.EventID("a", "b", 1, 0), Time: day.Add(123456789), Precision: timeline.Nanosecond, TimeKind: timeline.Modified, Source: "file", Parser: "bodyfile",
			Host: "h", User: "u", Message: "m\x00\x1b\x1e\x1f\x1d\xff", Exhibit: "e1", Offset: -5, Technique: "T1",
			Attributes: timeline.AttributesOf(map[string]string{"": "", "a": "", "b\x1f": "\x1e\x1d\x1beur\xff\x00", "имя": "знач"}),
		},
		{ID: called("far"), Time: time.Date(30828, 9, 14, 2, 48, 5, 477580700, time.UTC), Attributes: timeline.AttributesOf(map[string]string{"x": "y"})},
		{ID: called("old"), Time: time.Date(1601, 1, 1, 0, 0, 0, 1, time.UTC)},
		{ID: called("long"), Message: strings.Repeat("x", 1<<20)},
	}
	mustAppend(t, db, events)
	for _, want := range events {
		got, err := db.Get(t.Context(), want.ID)
		if err != nil || !got.Time.Equal(want.Time) {
			t.Fatalf("%s: time %s, %v", want.ID, got.Time, err)
		}
		got.Time = want.Time
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
	}
	if _, err := db.Get(t.Context(), called("nobody")); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestTheSameFileTwiceAddsNothing(t *testing.T) {
	db := openTest(t)
	events := numbered("e1", 100)
	mustAppend(t, db, events[:60])
	for range 2 {
		if _, err := db.Append(t.Context(), events); err != nil {
			t.Fatal(err)
		}
	}
	other := slices.Clone(events[:5]) // the same file under another exhibit
	for i := range other {
		other[i].Exhibit = "e2"
	}
	if n, err := db.Append(t.Context(), other); n != 0 || err != nil {
		t.Errorf("added %d, %v", n, err)
	}
	if n, err := db.Total(t.Context()); n != 100 || err != nil {
		t.Errorf("total %d, %v", n, err)
	}
	if n, err := db.Append(t.Context(), nil); n != 0 || err != nil {
		t.Errorf("added %d, %v", n, err)
	}
}

func TestDeleteExhibit(t *testing.T) {
	db := openTest(t)
	mustAppend(t, db, numbered("e1", 30))
	mustAppend(t, db, numbered("e2", 20))
	if n, err := db.DeleteExhibit(t.Context(), "e1"); n != 30 || err != nil {
		t.Errorf("removed %d, %v", n, err)
	}
	if n, err := db.DeleteExhibit(t.Context(), "e1"); n != 0 || err != nil {
		t.Errorf("removed %d, %v", n, err)
	}
	if n, err := db.Total(t.Context()); n != 20 || err != nil {
		t.Errorf("total %d, %v", n, err)
	}
	if n, err := db.Count(t.Context(), parse(t, "exhibit:e1")); n != 0 || err != nil {
		t.Errorf("count %d, %v", n, err)
	}
	mustAppend(t, db, numbered("e1", 30))
}

// Another process that has the timeline open goes on with the same file.
func TestClear(t *testing.T) {
	dbs := openTwo(t)
	mustAppend(t, dbs[0], numbered("e1", 300))
	mustAppend(t, dbs[1], numbered("e2", 20))
	if err := dbs[0].Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := dbs[1].Count(t.Context(), parse(t, "number")); n != 0 || err != nil {
		t.Errorf("count %d, %v", n, err)
	}
	mustAppend(t, dbs[1], numbered("e2", 20))
	mustAppend(t, dbs[0], numbered("e1", 300))
	for _, db := range dbs {
		if n, err := db.Total(t.Context()); n != 320 || err != nil {
			t.Errorf("total %d, %v", n, err)
		}
		if err := db.Check(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// Pages, forwards and backwards and of any size, cover everything once.
func TestPagesCoverEverythingOnce(t *testing.T) {
	db := openTest(t)
	mustAppend(t, db, numbered("e1", 103))
	mustAppend(t, db, numbered("e2", 50))
	for _, text := range []string{"", "number", "exhibit:e2", "-exhibit:e2 number*", "kind:undated"} {
		f := parse(t, text)
		want := ids(everything(t, db, f, MaxPage))
		if len(want) == 0 {
			t.Fatalf("%q finds nothing", text)
		}
		for _, limit := range []int{1, 7, 64} {
			if got := ids(everything(t, db, f, limit)); !slices.Equal(got, want) {
				t.Errorf("%q forwards by %d: %d events, want %d", text, limit, len(got), len(want))
			}
			var got []string
			r := Request{End: true, Limit: limit}
			for {
				page, err := db.Page(t.Context(), f, r)
				if err != nil {
					t.Fatal(err)
				}
				if len(page) == 0 {
					break
				}
				got = append(ids(page), got...)
				c := page[0].Cursor()
				r = Request{Before: &c, Limit: limit}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%q backwards by %d: %d events, want %d", text, limit, len(got), len(want))
			}
		}
	}
}

func TestPagePlaces(t *testing.T) {
	db := openTest(t)
	mustAppend(t, db, numbered("e1", 40))
	all := everything(t, db, timeline.Filter{}, MaxPage)
	for i := 1; i < len(all); i++ {
		if all[i-1].Cursor().Compare(all[i].Cursor()) >= 0 {
			t.Fatalf("%d is not before %d", i-1, i)
		}
	}
	ask := func(r Request) []string {
		t.Helper()
		page, err := db.Page(t.Context(), timeline.Filter{}, r)
		if err != nil {
			t.Fatal(err)
		}
		return ids(page)
	}
	c := func(i int) *timeline.Cursor { c := all[i].Cursor(); return &c }
	for name, test := range map[string]struct{ got, want []string }{
		"start":            {ask(Request{Limit: 3}), ids(all[:3])},
		"end":              {ask(Request{End: true, Limit: 3}), ids(all[37:])},
		"after":            {ask(Request{After: c(4), Limit: 2}), ids(all[5:7])},
		"before":           {ask(Request{Before: c(4), Limit: 2}), ids(all[2:4])},
		"between":          {ask(Request{After: c(1), Before: c(5)}), ids(all[2:5])},
		"after the last":   {ask(Request{After: c(39)}), nil},
		"before the first": {ask(Request{Before: c(0)}), nil},
		"from a time":      {ask(Request{At: day.Add(5 * time.Second), Limit: 1}), ids(all[slices.IndexFunc(all, func(e timeline.Event) bool { return !e.Time.Before(day.Add(5 * time.Second)) }):][:1])},
		"from far":         {ask(Request{At: day.AddDate(1, 0, 0)}), ids(all[36:])}, // the undated
		"a cursor of none": {ask(Request{After: &timeline.Cursor{Time: day.Add(-time.Hour), ID: called("gone")}, Limit: 1}), ids(all[:1])},
	} {
		if !slices.Equal(test.got, test.want) {
			t.Errorf("%s: got %q, want %q", name, test.got, test.want)
		}
	}
}

func TestSums(t *testing.T) {
	db := openTest(t)
	if first, last, err := db.Span(t.Context(), timeline.Filter{}); !first.IsZero() || !last.IsZero() || err != nil {
		t.Errorf("span of nothing: %s to %s, %v", first, last, err)
	}
	mustAppend(t, db, numbered("e1", 40))
	mustAppend(t, db, numbered("e2", 4))
	first, last, err := db.Span(t.Context(), timeline.Filter{})
	if err != nil || !first.Equal(day) || !last.Equal(day.Add(12*time.Second)) {
		t.Errorf("span %s to %s, %v", first, last, err)
	}
	first, last, err = db.Span(t.Context(), parse(t, `number "12"`))
	if err != nil || !first.Equal(day.Add(4*time.Second)) || !first.Equal(last) {
		t.Errorf("span %s to %s, %v", first, last, err)
	}
	top, err := db.Values(t.Context(), timeline.Filter{}, timeline.FieldExhibit, "", ValuesOptions{Limit: 1})
	if err != nil || len(top) != 1 || top[0].Value != "e1" || top[0].Count != 40 || !top[0].First.Equal(day) || !top[0].Last.Equal(day.Add(12*time.Second)) {
		t.Errorf("top %v, %v", top, err)
	}
	if _, err := db.Values(t.Context(), timeline.Filter{}, timeline.FieldOffset, "", ValuesOptions{}); !errors.Is(err, ErrField) {
		t.Errorf("got %v", err)
	}
	counts, err := db.Histogram(t.Context(), timeline.Filter{}, day, day.Add(13*time.Second), 13)
	if err != nil || counts[0] != 6 || counts[1] != 4 || counts[3] != 2 || counts[12] != 3 {
		t.Errorf("histogram %v, %v", counts, err)
	}
	for _, bad := range []struct {
		from, to time.Time
		n        int
	}{{day, day, 1}, {day.Add(1), day, 1}, {day, day.Add(1), 0}, {time.Time{}, day, 1}, {day, time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC), 5}} {
		if _, err := db.Histogram(t.Context(), timeline.Filter{}, bad.from, bad.to, bad.n); err == nil {
			t.Errorf("histogram of %v", bad)
		}
	}
	if e := edges(-1<<63, 1<<63-1, 7); e[0] != -1<<63 || e[7] != 1<<63-1 || !slices.IsSorted(e) {
		t.Errorf("edges %v", e)
	}
}

func TestOpenWhereNoFolderIs(t *testing.T) {
	if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "no", "timeline.db"), testOptions()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestOpenWithAwkwardName(t *testing.T) {
	name := "a?b#c%20 ü"
	if runtime.GOOS == "windows" {
		name = "a!b#c%20 ü" // it allows no question marks
	}
	dir := filepath.Join(t.TempDir(), name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	db, err := Open(t.Context(), filepath.Join(dir, "timeline.db"), testOptions())
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, db, numbered("e1", 3))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(filepath.Join(dir, "timeline.db")); err != nil || st.Size() == 0 || st.Mode().Perm() != testkit.Mode(0o600) {
		t.Errorf("%v, %v", st, err)
	}
}

// A batch that does not fit leaves what was there as it was.
func TestDiskFull(t *testing.T) {
	db := openTest(t)
	mustAppend(t, db, numbered("e1", 100))
	limit := func(pages int) {
		err := on(db.writer.conn, func(s session) error {
			_, _, err := s.number(t.Context(), fmt.Sprintf(`PRAGMA max_page_count = %d`, pages))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	limit(40)
	if n, err := db.Append(t.Context(), numbered("e2", 20_000)); n != 0 || !errors.Is(err, ErrDiskFull) {
		t.Errorf("added %d, %v", n, err)
	}
	if n, err := db.Count(t.Context(), parse(t, "number")); n != 100 || err != nil {
		t.Errorf("count %d, %v", n, err)
	}
	limit(1 << 20)
	mustAppend(t, db, numbered("e2", 20_000))
}

func TestCancelledWorkStops(t *testing.T) {
	db := openTest(t)
	mustAppend(t, db, numbered("e1", 20_000))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	f := parse(t, "/x/ or nothing")
	_, page := db.Page(ended, f, Request{})
	_, count := db.Count(ended, f)
	_, histogram := db.Histogram(ended, f, day, day.Add(time.Hour), 10)
	_, top := db.Values(ended, f, timeline.FieldHost, "", ValuesOptions{})
	_, _, span := db.Span(ended, f)
	_, added := db.Append(ended, numbered("e2", 10))
	_, deleted := db.DeleteExhibit(ended, "e1")
	for name, err := range map[string]error{"page": page, "count": count, "histogram": histogram, "top": top, "span": span, "append": added, "delete": deleted} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Cancelled in the middle of a scan that SQLite does alone: were it not
	// interrupted, this would not end.
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan struct{})
	go func() {
		<-started
		time.Sleep(20 * time.Millisecond)
		cancel()
	}()
	err := db.view(ctx, func(s *snapshot) error {
		close(started)
		_, _, err := s.number(ctx, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n WHERE i < 0`)
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n, err := db.Count(t.Context(), parse(t, "number")); n != 20_000 || err != nil {
		t.Errorf("afterwards: %d, %v", n, err)
	}
}

// Readers see whole batches while another handle of the same file writes.
func TestReadersWhileWriting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "timeline.db")
	writer, err := Open(t.Context(), path, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer closeTest(t, writer)
	const batches, size = 20, 500
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		reader, err := Open(t.Context(), path, testOptions())
		if err != nil {
			t.Fatal(err)
		}
		defer closeTest(t, reader)
		wg.Go(func() {
			for last := int64(0); ; {
				n, err := reader.Count(t.Context(), parse(t, "number -exhibit:nothing"))
				if err != nil || n%size != 0 || n < last {
					t.Errorf("count %d after %d, %v", n, last, err)
					return
				}
				last = n
				if _, err := reader.Page(t.Context(), parse(t, "exhibit:e1"), Request{End: true}); err != nil {
					t.Error(err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for i := range batches {
		mustAppend(t, writer, numbered(fmt.Sprint("e", i), size))
	}
	close(done)
	wg.Wait()
}

// Two handles write at the same time; neither loses anything.
func TestTwoWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "timeline.db")
	var wg sync.WaitGroup
	for w := range 2 {
		wg.Go(func() {
			db, err := Open(context.Background(), path, testOptions())
			if err != nil {
				t.Error(err)
				return
			}
			defer closeTest(t, db)
			for i := range 10 {
				if _, err := db.Append(context.Background(), numbered(fmt.Sprint("e", w, "-", i), 100)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	db, err := Open(t.Context(), path, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer closeTest(t, db)
	if n, err := db.Count(t.Context(), parse(t, "number")); n != 2000 || err != nil {
		t.Errorf("count %d, %v", n, err)
	}
}

// called is the id that a name stands for.
func called(name string) timeline.ID { return timeline.EventID(name, "test", 0, 0) }
