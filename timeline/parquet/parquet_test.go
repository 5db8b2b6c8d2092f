package parquet

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"firebreak/timeline"
)

var day = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

func randomEvent(r *rand.Rand, i int) (timeline.Event, timeline.Mark) {
	pick := func(texts ...string) string { return texts[r.IntN(len(texts))] }
	e := timeline.Event{
		ID: timeline.EventID("sha", "syslog", int64(i), 0), Precision: timeline.Second, TimeKind: timeline.Logged, Source: "auth", Parser: "syslog",
		Host: pick("web-1", "", "хост"), User: pick("root", ""), Message: pick("Failed password", "", "bad\xffbytes", "a\x00b", strings.Repeat("long ", 200)),
		Exhibit: pick("e1", "e2"), Offset: int64(i), Technique: pick("", "T1110"),
	}
	switch r.IntN(10) {
	case 0:
		e.TimeKind = timeline.Undated
	case 1:
		e.Time = time.Date(1500, 1, 1, 0, 0, 0, 0, time.UTC)
	default:
		e.Time = day.Add(time.Duration(r.Int64N(int64(time.Hour))))
	}
	for range r.IntN(4) {
		e.Attributes.Set(pick("pid", "path", "имя", "b\xffd", ""), pick("1", "", "x\xffy"))
	}
	m := timeline.Mark{}
	if r.IntN(5) == 0 {
		m = timeline.Mark{Event: e.ID, Star: true, Tags: []string{"pivot", "b"}[:1+r.IntN(2)], Comments: []string{"look"}[:r.IntN(2)]}
	}
	return e, m
}

func write(t *testing.T, n int) (*bytes.Buffer, []row) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, uint64(n)))
	var out bytes.Buffer
	sealed := day.Add(time.Hour)
	w := New(&out, map[string]time.Time{"e1": sealed})
	valid := func(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
	var want []row
	for i := range n {
		e, m := randomEvent(r, i)
		x := row{
			ID: e.ID.String(), Precision: string(e.Precision), Kind: string(e.TimeKind), Source: e.Source, Parser: e.Parser, Host: e.Host, User: e.User,
			Message: valid(e.Message), Technique: e.Technique, Exhibit: e.Exhibit, Offset: e.Offset, Star: m.Star,
			Tags: m.Tags, Comments: m.Comments, Attributes: map[string]string{},
		}
		if e.Time.Year() == 2026 {
			ns := e.Time.UnixNano()
			x.Time = &ns
		}
		if e.Exhibit == "e1" {
			ns := sealed.UnixNano()
			x.Discovered = &ns
		}
		for _, a := range e.Attributes {
			x.Attributes[valid(a.Name)] = valid(a.Value)
		}
		if err := w.Write(&e, m); err != nil {
			t.Fatal(err)
		}
		want = append(want, x)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return &out, want
}

func say(r row) string {
	at := func(p *int64) string {
		if p == nil {
			return "null"
		}
		return fmt.Sprint(*p)
	}
	t, d := r.Time, r.Discovered
	r.Time, r.Discovered = nil, nil
	return fmt.Sprintf("%q %s %s", fmt.Sprintf("%v", r), at(t), at(d))
}

// What is read back is what was written, in its order.
func TestReadsBack(t *testing.T) {
	for _, n := range []int{0, 1, batchRows, 3*batchRows + 1} {
		out, want := write(t, n)
		got, err := parquet.Read[row](bytes.NewReader(out.Bytes()), int64(out.Len()))
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d rows of %d, %v", len(got), len(want), err)
		}
		for i := range want {
			if say(got[i]) != say(want[i]) {
				t.Fatalf("row %d\n got %s\nwant %s", i, say(got[i]), say(want[i]))
			}
		}
		again, _ := write(t, n)
		if !bytes.Equal(again.Bytes(), out.Bytes()) {
			t.Fatal("the same events give other bytes")
		}
	}
}

// A group of rows ends where it would grow too large.
func TestGroupsAreBounded(t *testing.T) {
	var out bytes.Buffer
	w := New(&out, nil)
	e := timeline.Event{ID: timeline.EventID("s", "p", 1, 0), Message: strings.Repeat("x", groupText/4)}
	for range 9 {
		if err := w.Write(&e, timeline.Mark{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	f, err := parquet.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var rows []int64
	for _, g := range f.RowGroups() {
		rows = append(rows, g.NumRows())
	}
	if !slices.Equal(rows, []int64{4, 4, 1}) {
		t.Errorf("groups of %v rows", rows)
	}
}

// Another reader finds the same, where one is installed.
func TestAnotherReader(t *testing.T) {
	duckdb, err := exec.LookPath("duckdb")
	if err != nil {
		t.Skip("needs the program duckdb")
	}
	out, want := write(t, 1000)
	path := filepath.Join(t.TempDir(), "x.parquet")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	dated := 0
	for _, r := range want {
		if r.Time != nil {
			dated++
		}
	}
	b, err := exec.CommandContext(t.Context(), duckdb, "-csv", "-noheader", "-c", "select count(*), count(time), max(attributes['pid']) from '"+path+"'").CombinedOutput()
	if err != nil || strings.TrimSpace(string(b)) != fmt.Sprintf("%d,%d,x\uFFFDy", len(want), dated) {
		t.Errorf("%s, %v", b, err)
	}
}

func BenchmarkWrite(b *testing.B) {
	var out bytes.Buffer
	w := New(&out, nil)
	key := timeline.KeyOf("x", "syslog")
	b.ReportAllocs()
	for i := range b.N {
		e := timeline.Event{
			ID: key.ID(int64(i*100), 0), Time: day.Add(time.Duration(i) * time.Millisecond), Precision: timeline.Second, TimeKind: timeline.Logged, Source: "auth", Parser: "syslog",
			Host: fmt.Sprintf("web-%d", i%7), User: "root", Message: fmt.Sprintf("Failed password for root from 10.0.%d.%d port %d ssh2", i>>8&255, i&255, i&65535), Exhibit: "e1", Offset: int64(i * 100),
			Attributes: timeline.Attributes{{Name: "pid", Value: fmt.Sprint(i % 30000)}, {Name: "process", Value: "sshd"}},
		}
		if err := w.Write(&e, timeline.Mark{}); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(out.Len())/float64(b.N), "B/event")
}
