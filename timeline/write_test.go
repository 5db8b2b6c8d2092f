package timeline

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func written(t *testing.T, format Format, exact bool, m Mark, events ...Event) string {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, format)
	if err != nil {
		t.Fatal(err)
	}
	if exact {
		w.Exact()
	}
	for _, e := range events {
		if err := w.Write(&e, m); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var sample = Event{
	ID: id("ID"), Time: time.Date(2026, 11, 20, 3, 0, 0, 123456789, time.UTC), Precision: Nanosecond, TimeKind: Modified, Source: "file", Parser: "bodyfile",
	Host: "web-1", User: "root", Message: "=cmd|' /C calc'!A0", Attributes: AttributesOf(map[string]string{"size": "7", "message": "theirs", "attr_message": "too"}),
	Exhibit: "e1", Offset: 42, Technique: "T1070",
}

func TestWriteJSONL(t *testing.T) {
	out := written(t, JSONL, false, Mark{Star: true, Tags: []string{"pivot"}}, sample, Event{ID: id("2"), TimeKind: Undated})
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var back Event
	if len(lines) != 2 || json.Unmarshal([]byte(lines[0]), &back) != nil || !back.Time.Equal(sample.Time) || back.Message != sample.Message || back.Offset != 42 {
		t.Errorf("got %s", out)
	}
	if !strings.Contains(lines[0], `"star":true,"tags":["pivot"]`) || strings.Contains(lines[1], `"time":`) {
		t.Errorf("got %s", out)
	}
	far := written(t, JSONL, false, Mark{}, Event{ID: id("3"), Time: time.Date(30828, 9, 14, 2, 48, 5, 0, time.UTC)})
	if !strings.Contains(far, `"time_text":"@910692730085.000000000"`) {
		t.Errorf("got %s", far)
	}
}

func TestWriteTimesketch(t *testing.T) {
	out := written(t, TimesketchJSONL, false, Mark{Star: true, Tags: []string{"pivot"}, Comments: []string{"look"}}, sample)
	var line map[string]any
	if err := json.Unmarshal([]byte(out), &line); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"message": sample.Message, "datetime": "2026-11-20T03:00:00.123456789+00:00", "timestamp": float64(sample.Time.UnixMicro()),
		"timestamp_desc": "Content Modification Time", "data_type": "firebreak:file", "hostname": "web-1", "username": "root", "comment": "look",
		"size": "7", "event_id": id("ID").String(), "attr_attr_message": "theirs", "attr_message": "too",
	} {
		if line[name] != want {
			t.Errorf("%s is %v, want %v", name, line[name], want)
		}
	}
	undated := written(t, TimesketchJSONL, false, Mark{}, Event{ID: id("2"), Message: "m", TimeKind: Logged})
	if !strings.Contains(undated, `"timestamp":0,"timestamp_desc":"Not a time"`) {
		t.Errorf("got %s", undated)
	}
	for _, k := range []TimeKind{Logged, Started, Ended, Modified, Accessed, Changed, Born, Observed, Installed, Undated} {
		if back, ok := DescribedTimeKind(strings.ToUpper(k.Description())); !ok || back != k {
			t.Errorf("%s is described as %s, which is %s", k, k.Description(), back)
		}
	}
	if _, ok := DescribedTimeKind("Whenever"); ok {
		t.Error("Whenever is a time kind")
	}
}

// No cell, whatever is in it, begins in a way that a spreadsheet calculates.
func TestCSVCellsAreInert(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	pieces := []string{"=", "+", "-", "@", "\t", "\r", "\n", " ", "'", "a", "1", `"`, ",", "＝", "\u200b", "\ufeff", "\x00", "cmd|' /C calc'!A0", "\u00a0"}
	cell := func() string {
		var b strings.Builder
		for range r.IntN(5) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		return b.String()
	}
	for range 3000 {
		e := Event{ID: id(cell()), Message: cell(), Host: cell(), User: cell(), Source: cell(), Parser: cell(), Exhibit: cell(), Technique: cell(), TimeKind: TimeKind(cell())}
		m := Mark{Star: true, Tags: []string{cell()}, Comments: []string{cell()}}
		for _, format := range []Format{CSV, TimesketchCSV} {
			rows, err := csv.NewReader(strings.NewReader(written(t, format, false, m, e))).ReadAll()
			if err != nil || len(rows) != 2 {
				t.Fatalf("%+v: %v", e, err)
			}
			for _, c := range rows[1] {
				bare := strings.TrimLeft(c, " \n\u00a0\u200b\ufeff\x00")
				if bare == "" || strings.HasPrefix(c, "'") {
					continue
				}
				if _, number := parseNumber(c); strings.ContainsAny(bare[:1], "=+-@\t\r") && !number || strings.HasPrefix(bare, "＝") {
					t.Fatalf("cell %q in %q", c, rows[1])
				}
			}
		}
	}
	if out := written(t, CSV, true, Mark{}, sample); !strings.Contains(out, ",=cmd|") {
		t.Errorf("exact: %s", out)
	}
	if out := written(t, CSV, false, Mark{}, sample); !strings.Contains(out, ",'=cmd|") {
		t.Errorf("got: %s", out)
	}
}

func TestUnknownFormat(t *testing.T) {
	if _, err := NewWriter(&bytes.Buffer{}, "xlsx"); err == nil {
		t.Error("xlsx is a format")
	}
}

func TestStrip(t *testing.T) {
	for _, test := range []struct {
		counts []int64
		want   string
	}{
		{nil, ""},
		{[]int64{0, 0}, "  "},
		{[]int64{0, 1, 0, 1}, " # #"},
		{[]int64{0, 1, 10, 100, 1000, 10000}, " ..:|#"},
		{[]int64{9, 10}, "|#"},
		{[]int64{1 << 62, 1, 1<<62 - 1}, "#.#"},
	} {
		if got := Strip(test.counts); got != test.want {
			t.Errorf("%v: %q, want %q", test.counts, got, test.want)
		}
	}
}

// id is an id that a name stands for.
func id(name string) ID { return EventID(name, "test", 0, 0) }

func TestEventID(t *testing.T) {
	seen := map[string]bool{}
	last := ""
	for _, offset := range []int64{0, 1, 255, 256, 1 << 20, 1<<40 - 1} {
		for _, n := range []int{0, 1, 255} {
			id := EventID("aa", "syslog", offset, n).String()
			if id <= last {
				t.Errorf("ids of a file do not rise: %s after %s", id, last)
			}
			last = id
			seen[id] = true
		}
	}
	for _, id := range []ID{
		EventID("aa", "syslog", 1<<40, 0), EventID("aa", "syslog", -1, 0), EventID("aa", "syslog", 0, 256), EventID("aa", "auth", 0, 0), EventID("ab", "syslog", 0, 0),
	} {
		if seen[id.String()] {
			t.Errorf("%s twice", id)
		}
		seen[id.String()] = true
		if read, ok := ParseID(id.String()); !ok || read != id || id.Key().At(id.Place()) != id {
			t.Errorf("%s does not read back", id)
		}
	}
	for _, id := range []string{"", "x", last[:25], last + "0", strings.ToLower(last), last[:25] + "V", last[:10] + "\n" + last[11:]} {
		if _, ok := ParseID(id); ok {
			t.Errorf("%q is read as an id", id)
		}
	}
}

func TestCursorOrder(t *testing.T) {
	ordered := []Cursor{{now, ID{1}}, {now, ID{2}}, {now.Add(1), ID{1}}, {time.Time{}, ID{1}}, {time.Time{}, ID{2}}}
	for i, a := range ordered {
		for j, b := range ordered {
			if got := a.Compare(b); (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("%v and %v compare as %d", a, b, got)
			}
		}
	}
}
