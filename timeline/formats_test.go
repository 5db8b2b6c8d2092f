package timeline

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"firebreak/internal/testkit"
)

// assorted are events of each sort that a format treats in its own way.
func assorted() ([]Event, []Mark) {
	at := time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)
	file := AttributesOf(map[string]string{"path": "/tmp/a|b %41", "macb": "m.c.", "inode": "12-128-1", "mode": "r/rrw-r--r--", "uid": "0", "gid": "0", "size": "7", "md5": "d41d8cd98f00b204e9800998ecf8427e"})
	link := AttributesOf(map[string]string{"path": "/bin/sh", "target": "dash", "macb": ".a..", "inode": "odd", "uid": "0"})
	events := []Event{
		*ordinary(),
		{ID: id("file"), Time: at, Precision: Second, TimeKind: Modified, Source: "file", Parser: "bodyfile", Message: "m.c. /tmp/a|b %41", Attributes: file, Exhibit: "e2", Offset: 0},
		{ID: id("link"), Time: at.Add(456789 * time.Nanosecond), Precision: Nanosecond, TimeKind: Accessed, Source: "file", Parser: "bodyfile", Message: ".a.. /bin/sh -> dash", Attributes: link, Exhibit: "e2", Offset: 99},
		{
			ID: id("evil"), Time: at.Add(time.Second), Precision: Second, TimeKind: Logged, Source: "syslog", Parser: "syslog", Host: "-2+3", User: "@sum", Message: "=cmd|' /C calc'!A0,\n\"two\"\x1b[31m\u202e😀\u200d\xff",
			Attributes: AttributesOf(map[string]string{
				"message": "theirs", "attr_message": "too", "a.b": "dot", "_id": "x", "tag": "t", "x": "a; b: c", TimeFormName: "%b %e %H:%M:%S",
			}), Exhibit: "e1", Offset: 1 << 41, Technique: "T1059",
		},
		{ID: id("quoted"), Time: at.Add(2 * time.Second), Precision: Day, TimeKind: Installed, Source: "dpkg", Parser: "dpkg", Message: "'=guarded already", Exhibit: "e1"},
		{ID: id("far"), Time: time.Date(30828, 9, 14, 2, 48, 5, 0, time.UTC), Precision: Second, TimeKind: Started, Source: "utmp", Parser: "utmp", Message: "far", Exhibit: "e1"},
		{ID: id("undated"), TimeKind: Undated, Source: "shell", Parser: "history", User: "ann", Message: "id", Exhibit: "e3", Offset: 12},
	}
	marks := make([]Mark, len(events))
	marks[0] = Mark{Star: true, Tags: []string{"entry", "two words"}, Comments: []string{"=1+1", "second\nline"}}
	return events, marks
}

// Each format is the text that a person has looked at.
func TestFormatsAreGolden(t *testing.T) {
	events, marks := assorted()
	for _, format := range Formats() {
		var b bytes.Buffer
		w, err := NewWriter(&b, format)
		if err != nil {
			t.Fatal(err)
		}
		for i := range events {
			if err := w.Write(&events[i], marks[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(b.Bytes()) {
			t.Errorf("%s is not UTF-8", format)
		}
		testkit.Golden(t, "formats/"+string(format), b.Bytes())
		n, which := w.LeftOut()
		if want := map[Format]int64{Bodyfile: 5}[format]; n != want || (n > 0) == (which == "") {
			t.Errorf("%s: %d left out, %q", format, n, which)
		}
	}
}

// Lines of JSON are what encoding/json makes of the event.
func TestLinesAreThoseOfEncodingJSON(t *testing.T) {
	events, _ := assorted()
	for _, e := range events {
		if !writable(e.Time) {
			continue
		}
		var ours, theirs map[string]any
		text, err := json.Marshal(e)
		if err == nil {
			err = errors.Join(json.Unmarshal(text, &theirs), json.Unmarshal(appendEventLine(nil, &e, &Mark{}), &ours))
		}
		a, aerr := json.Marshal(ours)
		b, berr := json.Marshal(theirs)
		if err := errors.Join(err, aerr, berr); err != nil || !bytes.Equal(a, b) {
			t.Errorf("%v\n got %s\nwant %s", err, a, b)
		}
	}
}

func TestGuardCanBeTakenOff(t *testing.T) {
	for _, cell := range []string{"", "a", "'", "''", "=1", "'=1", "''=1", " =1", "' =1", "-5", "'-5", "-5a", "'a", "＝x", "\t", "'\t", "'\n=", "@", "1e5", "+1.5"} {
		w := &Writer{}
		rows, err := csv.NewReader(strings.NewReader("x," + string(w.cell(nil, cell)) + "\n")).ReadAll()
		if err != nil || len(rows) != 1 {
			t.Fatalf("%q: %v", cell, err)
		}
		if got := Unguard(rows[0][1]); got != cell {
			t.Errorf("%q is written %q and read back %q", cell, rows[0][1], got)
		}
		if isFormula(rows[0][1]) {
			t.Errorf("%q is written %q, which is a formula", cell, rows[0][1])
		}
	}
}

type full struct{ after int }

var errFullDisk = errors.New("no space left")

func (f *full) Write(b []byte) (int, error) {
	if f.after -= len(b); f.after < 0 {
		return 0, errFullDisk
	}
	return len(b), nil
}

// A disk that is full is told, at the latest at the end.
func TestWriterTellsOfAFullDisk(t *testing.T) {
	for _, format := range []Format{JSONL, CSV, L2TCSV} {
		w, err := NewWriter(&full{after: flushAt * 2}, format)
		if err != nil {
			t.Fatal(err)
		}
		for range 2000 {
			if err = w.Write(ordinary(), Mark{}); err != nil {
				break
			}
		}
		if err = errors.Join(err, w.Flush()); !errors.Is(err, errFullDisk) {
			t.Errorf("%s: %v", format, err)
		}
	}
}

func FuzzFormats(f *testing.F) {
	f.Add("m", "=1", "a.b", "x\ny", int64(0))
	f.Add("\xff\x00", "'@", "", "\u2028", int64(1<<40))
	f.Fuzz(func(t *testing.T, message, host, name, value string, at int64) {
		e := Event{Message: message, Host: host, Source: "file", Time: time.Unix(at%4e9, at%1e9), TimeKind: Modified, Attributes: Attributes{{name, value}}}
		for _, format := range Formats() {
			text := written(t, format, false, Mark{Tags: []string{value}}, e)
			switch format {
			case JSONL, TimesketchJSONL:
				if !json.Valid([]byte(text)) || strings.Count(text, "\n") != 1 {
					t.Errorf("%s: %q", format, text)
				}
			case CSV, TimesketchCSV, L2TCSV:
				rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
				if err != nil || len(rows) != 2 || format == L2TCSV && strings.Count(text, ",") != 32 {
					t.Errorf("%s: %v in %q", format, err, text)
				}
			case Bodyfile:
				if strings.Count(text, "\n") > 1 || text != "" && strings.Count(text, "|") != 10 {
					t.Errorf("%s: %q", format, text)
				}
			}
		}
	})
}
