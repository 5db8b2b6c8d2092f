package events

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"firebreak/internal/testkit"
	"firebreak/store/cryptvfs"
	"firebreak/timeline"
)

var day = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

// testOptions are those of a plain file, unless the whole suite is to run
// encrypted.
func testOptions() Options {
	if os.Getenv("FIREBREAK_TEST_SECRET") == "" {
		return Options{}
	}
	return Options{Secret: &[32]byte{1, 2, 3}}
}

// fewRows is a tenth of what a segment has, for tests that want several.
const fewRows = 6500

// openFew opens a new timeline whose segments are full at fewRows, and says how
// much larger they are in earnest: in the soak form they are.
func openFew(t testing.TB) (db *DB, times int) {
	t.Helper()
	o, times := fewOptions()
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "timeline.db"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeTest(t, db) })
	return db, times
}

func fewOptions() (o Options, times int) {
	o = testOptions()
	if testkit.Soak() {
		return o, 10
	}
	o.SegmentRows = fewRows
	return o, 1
}

// openRaw opens a file as somebody with its key could.
func openRaw(t testing.TB, path string) *sql.DB {
	t.Helper()
	q := url.Values{}
	if o := testOptions(); o.Secret != nil {
		key, err := cryptvfs.NewKey(o.Secret)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(key.Release)
		key.Params(q)
	}
	db, err := sql.Open("sqlite3", "file:"+path+"?"+q.Encode())
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func openTest(t testing.TB) *DB {
	t.Helper()
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "timeline.db"), testOptions())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeTest(t, db) })
	return db
}

// openTwo opens a new timeline with two handles, as two processes do.
func openTwo(t *testing.T) (dbs [2]*DB) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "timeline.db")
	for i := range dbs {
		var err error
		if dbs[i], err = Open(t.Context(), path, testOptions()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { closeTest(t, dbs[i]) })
	}
	return dbs
}

func closeTest(t testing.TB, c io.Closer) {
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

var (
	someWords = []string{
		"failed", "Failed", "password", "sshd", "sshd[4711]:", "root", "accepted", "10.0.0.1", "10.0.0.11", "192.0.2.7:22", "[2001:db8::1]:443",
		"::ffff:10.0.0.1", "::ffff:a00:1", "ошибка", "Ошибка", "Größe", "GRÖSSE", "ſshd", "\u212aernel", "kernel", "a\x00b", "\x1b[31mred", "100%", "a_b", "axb",
		`C:\Windows`, "bad\xffutf8", "unit\x1fsep", "rec\x1eord", "/etc/passwd", "user=root", "x", "", "fail2ban", "prefailed", "it's", `quo"ted`,
	}
	someHosts      = []string{"web-1", "WEB-1", "web-2", "db-1", "10.0.0.1", "", "хост"}
	someUsers      = []string{"root", "alice", "bob", "", "svc backup", "ÄRGER", "ärger"}
	someSources    = []string{"syslog", "auth", "cron", "file"}
	someKinds      = []timeline.TimeKind{timeline.Logged, timeline.Started, timeline.Modified, timeline.Undated}
	someExhibits   = []string{"e1", "e2", "e12"}
	someTechniques = []string{"", "", "T1110", "T1110.001", "T1053.003"}
	someNames      = []string{"pid", "path", "Path", "bytes", "sp ace", "имя", "a%b", "x.pid"}
)

func randomEvent(r *rand.Rand, n int) timeline.Event {
	e := timeline.Event{
		ID: timeline.EventID("sha", "p", int64(n), 0), Source: pick(r, someSources), Parser: "p" + pick(r, []string{"1", "2"}),
		Host: pick(r, someHosts), User: pick(r, someUsers), TimeKind: pick(r, someKinds), Precision: timeline.Second,
		Exhibit: pick(r, someExhibits), Offset: int64(r.IntN(50)), Technique: pick(r, someTechniques),
	}
	if r.IntN(20) == 0 {
		e.ID = called(fmt.Sprint("odd ", n))
	}
	words := make([]string, r.IntN(6))
	for i := range words {
		words[i] = pick(r, someWords)
	}
	e.Message = strings.Join(words, " ")
	for range r.IntN(3) {
		value := pick(r, someWords)
		if r.IntN(2) == 0 {
			value = fmt.Sprint(r.IntN(30)) + pick(r, []string{"", "", ".5", "e1", "x"})
		}
		e.Attributes.Set(pick(r, someNames), value)
	}
	switch r.IntN(12) {
	case 0: // undated
	case 1:
		e.Time = pick(r, []time.Time{
			time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2446, 5, 10, 22, 38, 55, 7, time.UTC), time.Date(2500, 1, 1, 0, 0, 0, 0, time.UTC),
			time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC), time.Unix(0, 0).UTC(),
		})
	default:
		e.Time = day.Add(time.Duration(r.IntN(48)) * time.Hour / 2)
	}
	return e
}

func randomFilter(r *rand.Rand, depth int) string {
	value := func(from []string) string {
		v := pick(r, from)
		switch r.IntN(6) {
		case 0:
			return "*"
		case 1:
			if word := strings.Trim(v, `"-/ `); word != "" && !strings.ContainsAny(word, "\x00\x1b\x1e\x1f,() ") && utf8.ValidString(word) {
				cut := []rune(word)
				return pick(r, []string{"*", ""}) + string(cut[:(len(cut)+1)/2]) + "*"
			}
		case 2:
			return pick(r, []string{`/o+t/`, `/^w.b/i`, `/ROOT/`, `/kernel|password/i`, `/(?:fail)+ed/i`, `/SSHD/i`, `/sp? .*fail/`, `/ф?ош+/`, `/\d$/`, `/^$/`, `/ош/i`})
		}
		clean := strings.Map(func(c rune) rune {
			if c < ' ' || c == '\uFFFD' {
				return -1
			}
			return c
		}, strings.ToValidUTF8(v, ""))
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(clean) + `"`
	}
	list := func(from []string) string {
		s := value(from)
		for r.IntN(3) == 0 {
			s += "," + value(from)
		}
		return s
	}
	if depth > 0 && r.IntN(2) == 0 {
		a, b := randomFilter(r, depth-1), randomFilter(r, depth-1)
		switch r.IntN(4) {
		case 0:
			return "(" + a + ") or (" + b + ")"
		case 1:
			return "not (" + a + ")"
		case 2:
			return "-(" + a + ") (" + b + ")"
		default:
			return "(" + a + ") (" + b + ")"
		}
	}
	switch r.IntN(16) {
	case 0:
		return "host:" + list(someHosts)
	case 1:
		return "user:" + list(someUsers)
	case 2:
		return "source:" + list(someSources)
	case 3:
		return "kind:" + string(pick(r, someKinds))
	case 4:
		return "exhibit:" + list(someExhibits)
	case 5:
		return "technique:" + list(someTechniques)
	case 6:
		return pick(r, []string{"after:", "before:"}) + pick(r, []string{
			"2026-11-20T06:00", "2026-11-20", "2027-01-01", "1601-01-01", "1500-01-01", "2400-01-01", "2446-05-10T22:38:55", "9000-01-01", "1970-01-01",
			"0001-01-01T00:00:01Z", "1677-09-21T00:12:43.145224192Z", "2262-04-11T23:47:16.854775806Z",
		})
	case 7:
		return "around:2026-11-20T10:00," + pick(r, []string{"1h", "90m", "1d"})
	case 8:
		return "ip:" + pick(r, []string{"10.0.0.0/8", "10.0.0.1", "10.0.0.0/28", "0.0.0.0/0", "2001:db8::/32", "::/0", "192.0.0.0/12", "::ffff:10.0.0.1", "10.0.0.1,2001:db8::1"})
	case 9:
		name := pick(r, someNames)
		return `attr."` + name + `":` + list(append([]string{"", "12", "5"}, someWords...))
	case 10:
		return `attr.` + pick(r, []string{"pid", "bytes"}) + ":" + pick(r, []string{"<", "<=", ">", ">="}) + pick(r, []string{"7", "5.5", "1e1", "-3"})
	case 11:
		return "offset:" + pick(r, []string{"<20", ">=30", ">7.5", "<=0", "7,8,9", "1*"})
	case 12:
		return "message:" + list(someWords[:30])
	case 13:
		return pick(r, []string{"star:", "tag:pivot", "tag:*", "comment:look"})
	case 14:
		return "id:" + pick(r, []string{timeline.EventID("sha", "p", 3, 0).String(), strings.ToLower(timeline.EventID("sha", "p", 5, 0).String()), "A*", `"odd 7"`})
	default:
		for {
			if v := value(someWords); v != `""` {
				return v
			}
		}
	}
}

// The key promise: what SQL chooses is what Filter.Match says, whatever the
// events and the filter.
func TestSearchEqualsMatch(t *testing.T) {
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 42))
		db := openTest(t)
		all := make([]timeline.Event, 200)
		var marks []timeline.Mark
		for i := range all {
			all[i] = randomEvent(r, i)
			if r.IntN(10) == 0 {
				marks = append(marks, timeline.Mark{Event: all[i].ID, Star: r.IntN(2) == 0, Tags: []string{"pivot"}, Comments: []string{"have a look"}})
			}
		}
		for rest := all; len(rest) > 0; {
			n := min(len(rest), 1+r.IntN(80))
			mustAppend(t, db, rest[:n])
			rest = rest[n:]
		}
		sorted := everything(t, db, timeline.Filter{}, 7)
		if len(sorted) != len(all) {
			t.Fatalf("got %d events of %d", len(sorted), len(all))
		}
		for range 150 {
			text := randomFilter(r, 3)
			f, err := timeline.ParseFilter(text, day)
			if err != nil {
				t.Fatalf("%s\n%v", text, err)
			}
			again, err := timeline.ParseFilter(f.String(), day.AddDate(1, 0, 0))
			if err != nil || again.String() != f.String() {
				t.Fatalf("%s\nwrites itself as %s\nwhich reads as %s, %v", text, f, again, err)
			}
			f, again = f.Marked(marks), again.Marked(marks)
			compareSearch(t, db, sorted, f, again)
		}
	}
}

func compareSearch(t *testing.T, db *DB, sorted []timeline.Event, f, again timeline.Filter) {
	t.Helper()
	var want []string
	perHost := map[string]int64{}
	inHistogram := int64(0)
	from, to := day, day.Add(20*time.Hour)
	for _, e := range sorted {
		if f.Match(e) != again.Match(e) {
			t.Fatalf("%s differs from what it writes as on %+v", f, e)
		}
		if !f.Match(e) {
			continue
		}
		want = append(want, e.ID.String())
		if e.Host != "" {
			perHost[e.Host]++
		}
		if !e.Time.IsZero() && !e.Time.Before(from) && e.Time.Before(to) {
			inHistogram++
		}
	}
	page, err := db.Page(t.Context(), f, Request{Limit: MaxPage})
	if err != nil {
		t.Fatalf("%s: %v", f, err)
	}
	if got := ids(page); !slices.Equal(got, want) {
		t.Fatalf("%s\n got %q\nwant %q", f, got, want)
	}
	if n, err := db.Count(t.Context(), f); err != nil || n != int64(len(want)) {
		t.Fatalf("%s: count %d, want %d, %v", f, n, len(want), err)
	}
	buckets, err := db.Histogram(t.Context(), f, from, to, 7)
	if err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for _, n := range buckets {
		sum += n
	}
	if sum != inHistogram {
		t.Fatalf("%s: histogram %v has %d events, want %d", f, buckets, sum, inHistogram)
	}
	top, err := db.Values(t.Context(), f, timeline.FieldHost, "", ValuesOptions{})
	if err != nil || len(top) != len(perHost) {
		t.Fatalf("%s: top hosts %v, want %v, %v", f, top, perHost, err)
	}
	for _, v := range top {
		if perHost[v.Value] != v.Count {
			t.Fatalf("%s: top hosts %v, want %v", f, top, perHost)
		}
	}
}

func ids(es []timeline.Event) []string {
	var out []string
	for _, e := range es {
		out = append(out, e.ID.String())
	}
	return out
}

// everything pages forwards through the timeline.
func everything(t *testing.T, db *DB, f timeline.Filter, limit int) []timeline.Event {
	t.Helper()
	var all []timeline.Event
	var after *timeline.Cursor
	for {
		page, err := db.Page(context.Background(), f, Request{After: after, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
		c := page[len(page)-1].Cursor()
		after = &c
	}
}
