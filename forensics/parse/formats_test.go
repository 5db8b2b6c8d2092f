package parse

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

	"firebreak/internal/testkit"
	"firebreak/timeline"
)

// wrote is what a format makes of events.
func wrote(t *testing.T, format timeline.Format, events ...timeline.Event) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := timeline.NewWriter(&b, format)
	must(t, err)
	for i := range events {
		must(t, w.Write(&events[i], timeline.Mark{}))
	}
	must(t, w.Flush())
	return b.Bytes()
}

// pieces are what hostile texts are made of.
var pieces = []string{
	"=", "+1", "-", "@", "\t", "\r", "\n", "\r\n", " ", "'", "''", "a", "1", `"`, `""`, ",", ";", ": ", "; x: y", "|", "＝", "\u200b", "\ufeff", "\u202e", "\x1b[31m", "\x7f",
	"cmd|' /C calc'!A0", "\u00a0", `\`, `\x00`, `\u0041`, "{", "}", "<b>", "&amp;", "%41", "%", "😀", "🏽", "\U000e0041", "é", "\u2028", "null", "-1", "12.5e3", "T10", "\v", "\x01",
}

// hostileEvents are events as evil as a parser can give them.
func hostileEvents(n int) []timeline.Event {
	r := rand.New(rand.NewPCG(3, 7))
	text := func() string {
		var b strings.Builder
		for range r.IntN(6) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		return b.String()
	}
	kinds := []timeline.TimeKind{timeline.Logged, timeline.Started, timeline.Ended, timeline.Modified, timeline.Accessed, timeline.Changed, timeline.Born, timeline.Observed, timeline.Installed}
	fine := []timeline.Precision{timeline.Nanosecond, timeline.Microsecond, timeline.Millisecond, timeline.Second, timeline.Minute, timeline.Day}
	out := make([]timeline.Event, n)
	for i := range out {
		e := timeline.Event{
			ID: timeline.EventID("x", "test", int64(i), 0), Source: text(), Host: text(), User: text(), Message: "m" + text(), Technique: text(), Exhibit: text(), Parser: text(), Offset: int64(i),
			TimeKind: timeline.Undated,
		}
		if r.IntN(5) > 0 {
			e.Time = time.Unix(r.Int64N(1.79e9)+100_000, r.Int64N(1e9)).UTC() // neither the first day nor the future
			e.TimeKind, e.Precision = kinds[r.IntN(len(kinds))], fine[r.IntN(len(fine))]
		}
		for range r.IntN(4) {
			e.Attributes.Set(text(), text())
		}
		out[i] = e
	}
	return out
}

// same compares what an event says, without where it was read.
func same(a, b timeline.Event) bool {
	bare := func(e timeline.Event) string {
		host := e.Host
		if host == "" {
			host = "web-1" // what run gives those without
		}
		return fmt.Sprintf("%s|%s|%s|%q|%q|%q|%q|%q|%q", e.Time.Format(time.RFC3339Nano), e.Precision, e.TimeKind, e.Source, host, e.User, e.Message, e.Technique, slices.Clone(e.Attributes))
	}
	return bare(a) == bare(b)
}

// What was written as JSONL or CSV reads back as it was, whatever is in it.
func TestOwnFormatsReadBack(t *testing.T) {
	events := hostileEvents(3000)
	for format, parser := range map[timeline.Format]string{timeline.JSONL: "events.jsonl", timeline.CSV: "events.csv"} {
		data := wrote(t, format, events...)
		got, ing := run(t, "", "x", data)
		if ing.Parser != parser || len(got) != len(events) || ing.Rejected != 0 {
			t.Fatalf("%s: %d of %d events by %s: %+v", format, len(got), len(events), ing.Parser, ing)
		}
		for i := range got {
			got[i].Attributes.Delete(attrSuspect) // some of them are in the future
			if !same(got[i], events[i]) {
				t.Fatalf("%s: event %d\n got %+v\nwant %+v", format, i, got[i], events[i])
			}
		}
		again, _ := run(t, "", "x", wrote(t, format, got...))
		for i := range again {
			again[i].Attributes.Delete(attrSuspect)
			if !same(again[i], got[i]) {
				t.Fatalf("%s: the second time, event %d\n got %+v\nwant %+v", format, i, again[i], got[i])
			}
		}
	}
}

func TestMarksAndFarTimesReadBack(t *testing.T) {
	for _, format := range []timeline.Format{timeline.JSONL, timeline.CSV} {
		var b bytes.Buffer
		w, err := timeline.NewWriter(&b, format)
		must(t, err)
		e := timeline.Event{Message: "m", Source: "s", TimeKind: timeline.Logged, Precision: timeline.Second, Time: time.Date(30828, 9, 14, 2, 48, 5, 0, time.UTC)}
		must(t, w.Write(&e, timeline.Mark{Star: true, Tags: []string{"a b", "=c"}, Comments: []string{"one\ntwo", "+3"}}))
		must(t, w.Flush())
		got, ing := run(t, "", "x", b.Bytes())
		check(t, got, []told{{"", timeline.Undated, "m", "time_text=@910692730085.000000000|mark_star=true|mark_tags=a b, =c|mark_comments=one\ntwo\n+3"}})
		if ing.Rejected != 0 {
			t.Errorf("%s: %+v", format, ing)
		}
	}
}

// Timesketch's and log2timeline's forms keep what they have a place for.
func TestForeignFormatsReadBack(t *testing.T) {
	at := time.Date(2026, 11, 20, 3, 0, 0, 123456789, time.UTC)
	e := timeline.Event{
		Time: at, Precision: timeline.Nanosecond, TimeKind: timeline.Started, Source: "auth", Parser: "syslog", Host: "h", User: "u", Message: "a session, \"quoted\"",
		Attributes: timeline.AttributesOf(map[string]string{"pid": "7", "src_ip": "10.0.0.1"}), Technique: "T1078",
	}
	undated := timeline.Event{TimeKind: timeline.Undated, Source: "shell", Parser: "history", Message: "id", Host: "h"}
	for _, format := range []timeline.Format{timeline.TimesketchJSONL, timeline.TimesketchCSV, timeline.L2TCSV} {
		got, ing := run(t, "", "x", wrote(t, format, e, undated))
		if len(got) != 2 || ing.Rejected != 0 {
			t.Fatalf("%s: %+v", format, ing)
		}
		message := e.Message
		if format == timeline.L2TCSV {
			message = strings.ReplaceAll(message, ",", " ")
		}
		g := got[0]
		if !g.Time.Equal(at) || g.Precision != e.Precision || g.TimeKind != e.TimeKind || g.Source != e.Source || g.Host != e.Host || g.User != e.User || g.Message != message || g.Technique != e.Technique ||
			g.Attributes.Get("pid") != "7" || g.Attributes.Get("src_ip") != "10.0.0.1" {
			t.Errorf("%s: %+v", format, g)
		}
		if g := got[1]; !g.Time.IsZero() || g.Message != "id" || g.Source != "shell" {
			t.Errorf("%s: %+v", format, g)
		}
	}
}

// mactime makes of an exported body file the rows that it makes of the first.
func TestBodyfileThroughMactime(t *testing.T) {
	mactime, err := exec.LookPath("mactime")
	if err != nil {
		t.Skip("mactime is not here: apt-get install sleuthkit")
	}
	body := "0|/etc/passwd|131|r/rrw-r--r--|0|0|1926|1700000000|1690000000|1700000001|1680000000\n" +
		"d41d8cd98f00b204e9800998ecf8427e|/tmp/a b, \"c\" %41 é|12-128-1|r/rrwxr-xr-x|1000|1000|7|1700000005|1700000005|1700000005|1700000005\n" +
		"0|/bin/sh -> dash|77|l/lrwxrwxrwx|0|0|4|1700000002|1700000002|1600000000|1600000000\n"
	rows := func(text []byte) string {
		name := filepath.Join(t.TempDir(), "body")
		must(t, os.WriteFile(name, text, 0o600))
		cmd := exec.Command(mactime, "-y", "-d", "-b", name, "1970-01-02")
		cmd.Env = append(os.Environ(), "TZ=UTC")
		out, err := cmd.Output()
		must(t, err)
		return string(out)
	}
	events, _ := run(t, "bodyfile", "body", []byte(body))
	first := strings.ReplaceAll(body, "%41", "%2541") // mactime decodes, and we take names as they are
	want, got := rows([]byte(first)), rows(wrote(t, timeline.Bodyfile, events...))
	if got != want || strings.Count(got, "\n") < 8 {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	back, ing := run(t, "", "timeline.csv", []byte(got))
	if ing.Parser != "mactime.csv" || len(back) != len(events) || ing.Rejected != 0 {
		t.Fatalf("%d of %d rows read back: %+v", len(back), len(events), ing)
	}
	find := func(e timeline.Event) bool {
		return slices.ContainsFunc(back, func(b timeline.Event) bool {
			return b.Time.Equal(e.Time) && b.TimeKind == e.TimeKind && b.Message == e.Message && b.Attributes.Get("macb") == e.Attributes.Get("macb") && b.Attributes.Get("path") == e.Attributes.Get("path")
		})
	}
	for _, e := range events {
		if !find(e) {
			t.Errorf("%s is not among them", e.Message)
		}
	}
}

func TestMactime(t *testing.T) {
	got, ing := run(t, "", "x.csv", []byte("The Sleuth Kit mactime Timeline\nInput Source: body\n\nDate,Size,Type,Mode,UID,GID,Meta,File Name\n"+
		"Xxx Xxx 00 0000 00:00:00,10,...b,r/rrw-r--r--,0,0,12,\"/etc/a\"\nTue Nov 14 2023 22:13:20,10,ma..,r/rrw-r--r--,0,0,12,\"/etc/a\"\n"+
		"Tue 11 14 2023 22:13:20,10,m.c.,l/lrwxrwxrwx,0,0,12,\"/etc/b -> c\"\nwhen,10,m.c.,r,0,0,12,x\n2023-11-14T22:13:20Z,10,none,r,0,0,12,x\nshort,row\n"))
	check(t, got, []told{
		{"", timeline.Undated, "/etc/a", "path=/etc/a|macb=|assumed="},
		{"2023-11-14T22:13:20Z", timeline.Modified, "ma.. /etc/a", "path=/etc/a|macb=ma..|inode=12|assumed=zone UTC"},
		{"2023-11-14T22:13:20Z", timeline.Modified, "m.c. /etc/b -> c", "path=/etc/b|target=c"},
	})
	if ing.Rejected != 3 || ing.Parser != "mactime.csv" {
		t.Errorf("%+v", ing)
	}
}

func TestL2T(t *testing.T) {
	head := strings.Join(l2tNames, ",") + "\n"
	got, ing := run(t, "", "x.csv", []byte("\ufeff"+head+
		"01/22/2012,07:52:33,UTC,M...,LOG,Log File,Content Modification Time,-,host.example,[client  pid: 30840] INFO,[client  pid: 30840] INFO \"No new content,2,OS:/log/syslog,-,-,text/syslog_traditional,pid: 3; sha256_hash: ab; note; text: a: b\n"+
		"07/02/2026,17:47:57,UTC,M.C.,FILE,File stat,Content Modification Time; Metadata Modification Time,root,-,/a,/a Type: file,2,/a,351025,tagged,filestat,no names here\n"+
		"07/02/2026,19:47:58,CEST,.A..,FILE,File stat,Last Access Time,-,-,/a,/a,2,/a,-,-,filestat,-\n"+
		"07/02/2026,19:47:58.250,Europe/Berlin,....,EVT,\"quoted, here\",Logged In,-,-,-,\"a, b\",2,-,-,-,x,-\n"+
		"07/02/2026,19:47:58,Middle-Earth,....,EVT,x,x,-,-,-,b,2,-,-,-,x,-\n"+
		"00/00/0000,--:--:--,UTC,....,LOG,x,Not a time,-,-,-,c,2,-,-,-,x,-\n"+
		"13/13/2026,19:47:58,UTC,....,LOG,x,x,-,-,-,d,2,-,-,-,x,-\n07/02/2026,noon,UTC,....,LOG,x,x,-,-,-,d,2,-,-,-,x,-\nthree,values,only\n"))
	check(t, got, []told{
		{"2012-01-22T07:52:33Z", timeline.Modified, `[client  pid: 30840] INFO "No new content`, "host=host.example|pid=3|sha256_hash=ab; note|text=a: b|sourcetype=Log File|short=|inode=|time_text=01/22/2012 07:52:33 UTC"},
		{"2026-07-02T17:47:57Z", timeline.Modified, "/a Type: file", "user=root|macb=m.c.|path=/a|inode=351025|notes=tagged|extra=no names here"},
		{"2026-07-02T17:47:58Z", timeline.Accessed, "/a", "macb=.a..|assumed="},
		{"2026-07-02T17:47:58.25Z", timeline.Started, "a, b", "sourcetype=quoted, here"},
		{"2026-07-02T19:47:58Z", timeline.Logged, "b", "assumed=zone UTC"},
		{"", timeline.Undated, "c", ""},
	})
	if ing.Rejected != 3 || ing.Parser != "l2t.csv" {
		t.Errorf("%+v", ing)
	}
}

func TestPlasoJSON(t *testing.T) {
	line := `{"__container_type__": "event", "__type__": "AttributeContainer", "data_type": "fs:stat", "date_time": {"__class_name__": "PosixTimeInNanoseconds", "__type__": "DateTimeValues", "timestamp": 1783014480586325324}, "inode": "7", "message": "/a", "parser": "filestat", "tag": {"labels": ["one", "two"]}, "timestamp": 1783014480586325, "timestamp_desc": "Last Access Time"}`
	whole := `{"__container_type__": "event", "data_type": "syslog:line", "date_time": {"__class_name__": "TimeElements", "time_elements_tuple": [2012, 1, 22, 7, 52, 33]}, "hostname": "h", "message": "m", "timestamp": "1327218753000000", "timestamp_desc": "Recorded Time"}`
	none := `{"data_type": "x", "date_time": {"__class_name__": "SemanticTime", "string": "Not set"}, "message": "n", "timestamp": 0, "timestamp_desc": "Not a time"}`
	want := []told{
		{"2026-07-02T17:48:00.586325324Z", timeline.Accessed, "/a", "inode=7|tag=one, two|parser=filestat|__type__="},
		{"2012-01-22T07:52:33Z", timeline.Logged, "m", "host=h|date_time="},
		{"", timeline.Undated, "n", ""},
	}
	for _, text := range []string{
		line + "\n" + whole + "\n" + none + "\n",
		`{"event_0": ` + line + "\n, " + `"event_1": ` + whole + "\n, " + `"event_2": ` + none + "\n}\n",
	} {
		got, ing := run(t, "", "x.jsonl", []byte(text))
		check(t, got, want)
		if ing.Rejected != 0 || got[0].Precision != timeline.Nanosecond || got[1].Precision != timeline.Second || got[0].Source != "file" {
			t.Errorf("%+v", ing)
		}
	}
}

func TestSketchMoments(t *testing.T) {
	for text, want := range map[string]string{
		"2015-07-24T19:01:01+00:00": "2015-07-24T19:01:01Z", "2015-07-24 19:01:01 UTC": "2015-07-24T19:01:01Z", "2015-07-24 19:01:01.5 +0200": "2015-07-24T17:01:01.5Z",
		"2015-07-24T19:01:01.123456789Z": "2015-07-24T19:01:01.123456789Z", "2015-07-24": "2015-07-24T00:00:00Z", "Fri, 24 Jul 2015 19:01:01 GMT": "2015-07-24T19:01:01Z",
		"Fri, 24 Jul 2015 19:01:01 -0700": "2015-07-25T02:01:01Z", "2015/07/24 19:01:01": "2015-07-24T19:01:01Z", "Fri Jul 24 19:01:01 2015": "2015-07-24T19:01:01Z",
		"24/Jul/2015:19:01:01 +0100":    "2015-07-24T18:01:01Z",
		"Fri, 24 Jul 2015 19:01:01 XYZ": "", "07/24/2015 19:01:01": "", "2015-07-24T19:01:01 or so": "", "2015-07-24T19:01:01 EST": "", "": "", "1437764461": "",
	} {
		got := ""
		if s, ok := sketchMoment(text, &localClock{zone: time.UTC}); ok {
			got = s.time.Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	for _, tt := range []struct{ stamp, want, assumed string }{
		{"1437764461123456", "2015-07-24T19:01:01.123456Z", ""},
		{"1437764461123456.0", "2015-07-24T19:01:01.123456Z", ""},
		{`"1437764461123456"`, "2015-07-24T19:01:01.123456Z", ""},
		{"1437764461", "2015-07-24T19:01:01Z", "timestamp is in s"},
		{"1437764461123", "2015-07-24T19:01:01.123Z", "timestamp is in ms"},
		{"1437764461123456789", "2015-07-24T19:01:01.123456789Z", "timestamp is in ns"},
		{"0", "", ""},
	} {
		got, _ := run(t, "timesketch.jsonl", "x", []byte(`{"message":"m","timestamp":`+tt.stamp+`}`))
		kind := timeline.Logged
		if tt.want == "" {
			kind = timeline.Undated
		}
		check(t, got, []told{{tt.want, kind, "m", "assumed=" + tt.assumed}})
	}
}

// A quote that is not closed costs its line, and no other; a blank line belongs
// to the value that it stands in.
func TestCSVRecords(t *testing.T) {
	head := "message,datetime,timestamp_desc,x\n"
	row := func(m string) string { return m + ",2026-01-02T03:04:05Z,mtime,\n" }
	got, ing := run(t, "", "x.csv", []byte(head+row("one")+row(`say "hi"`)+row(`"a`)+row("two")+row("three")+row("\"four\n\n\r\nfive\"")+row(`"a""b"`)))
	var messages []string
	for _, e := range got {
		messages = append(messages, e.Message)
	}
	if want := []string{"one", `say "hi"`, "two", "three", "four\n\n\r\nfive", `a"b`}; ing.Rejected != 1 || !slices.Equal(messages, want) {
		t.Errorf("%q, %+v", messages, ing)
	}
	got, ing = run(t, "", "x.csv", []byte(head+row(`"a`)+row("two")+row("three")))
	if len(got) != 2 || got[0].Message != "two" || got[1].Message != "three" || ing.Rejected != 1 || got[0].Offset != int64(len(head)+len(row(`"a`))) {
		t.Errorf("%+v, %+v", got, ing)
	}
	long := strings.Repeat("x", maxRecord)
	got, ing = run(t, "", "x.csv", []byte(head+row(long)+row(`"`+long)+row("after")))
	if len(got) != 1 || got[0].Message != "after" || ing.Rejected != 2 || got[0].Offset != int64(len(head)+len(row(long))+len(row(`"`+long))) {
		t.Errorf("%d events, %+v", len(got), ing.Rejected)
	}
	wide := strings.Repeat("a,", maxColumns+5)
	if _, ing := run(t, "timesketch.csv", "x.csv", []byte(wide+"\n"+wide+"\n")); ing.Rejected != 1 {
		t.Errorf("%+v", ing.Rejected)
	}
}

// python3's own csv and json read what we write, and find the same in it.
func TestPythonReadsWhatWeWrite(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not here: apt-get install python3")
	}
	events := hostileEvents(800)
	dir := t.TempDir()
	for _, format := range timeline.Formats() {
		must(t, os.WriteFile(filepath.Join(dir, string(format)), wrote(t, format, events...), 0o600))
	}
	const script = `
import csv, json, sys, os
d = sys.argv[1]
def rows(name):
    with open(os.path.join(d, name), newline="", encoding="utf-8") as f:
        r = list(csv.reader(f, strict=True))
    assert all(len(x) == len(r[0]) for x in r), name
    return [dict(zip(r[0], x)) for x in r[1:]]
def lines(name):
    with open(os.path.join(d, name), encoding="utf-8", newline="\n") as f:
        return [json.loads(l) for l in f]
def bare(s): # the guard
    t = s[1:] if s[:1] == "'" else s
    return s, t
own, sheet = lines("jsonl"), rows("csv")
ts, tc, l2 = lines("timesketch-jsonl"), rows("timesketch-csv"), rows("l2t-csv")
assert len(own) == len(sheet) == len(ts) == len(tc) == len(l2) == int(sys.argv[2]), [len(x) for x in (own, sheet, ts, tc, l2)]
danger = "=+-@\t\r\n＝＋－＠"
for a, b, c, e, l in zip(own, sheet, ts, tc, l2):
    assert a["message"] in bare(b["message"]) and a["message"] in bare(e["message"]), (a, b, e)
    assert a["message"] == c["message"], (a, c)
    assert a.get("attributes", {}) == json.loads(b["attributes"] or "{}") == json.loads(e["attributes"] or "{}")
    assert isinstance(c["timestamp"], int) and c["datetime"] and c["timestamp_desc"]
    assert json.loads(e["tag"]) == []
    for row in (b, e, l):
        for k, v in row.items():
            s = v.lstrip(" \n\u200b\ufeff\u00a0")
            if s and s[0] in danger and v != "-" and k not in ("date", "time"):
                float(v) # a plain number, or this fails
    assert "\n" not in "".join(l.values()) and "," not in "".join(l.values())
`
	out, err := exec.Command(python, "-c", script, dir, fmt.Sprint(len(events))).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestExternalCorpusOfPlasoFormats(t *testing.T) {
	for _, tt := range []struct {
		file, mapping string
		events        int64
	}{
		{"plaso/jsonl/azure_activity_log.jsonl", "azure", 4},
		{"plaso/jsonl/gcp_logging.jsonl", "gcp", 11},
	} {
		t.Run(tt.file, func(t *testing.T) {
			data := corpus(t, tt.file)
			_, ing := runSource(t, Source{Exhibit: exhibitOf(tt.file), Mapping: documented(t, tt.mapping)}, data)
			if ing.Events != tt.events || ing.Rejected != 0 {
				t.Errorf("%+v", ing)
			}
		})
	}
	dir := testkit.Corpus(t, "cloudtrail")
	table, err := os.ReadFile(filepath.Join(dir, "cloudtrail", "expected.tsv"))
	must(t, err)
	for line := range strings.Lines(string(table)) {
		name, count, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if name == "file" {
			continue
		}
		_, ing := runSource(t, Source{Exhibit: exhibitOf(name), Mapping: documented(t, "cloudtrail")}, corpus(t, "cloudtrail/"+name))
		if fmt.Sprint(ing.Events) != count || ing.Rejected != 0 {
			t.Errorf("%s: %d events, want %s; %+v", name, ing.Events, count, ing)
		}
	}
}

// A file in which every line opens a quote is read in the end.
func TestCSVOfOddQuotes(t *testing.T) {
	_, ing := run(t, "timesketch.csv", "x.csv", []byte("message,datetime\n"+strings.Repeat("x\",\"\n", 1_000_000)))
	if ing.Events != 0 || ing.Rejected != 1_000_000 {
		t.Errorf("%+v", ing)
	}
}

func TestMembers(t *testing.T) {
	var got []string
	must(t, eachMember([]byte(" {\"a\":1, \"b\\u0020\" : {\"c\":[\"}\",\"\\\"\"]} ,\"d\":null,\"e\":\"\\\\\",\"f\":[ ] , \"g\":-1.5e3,\"h\":true} "), func(name string, raw []byte) error {
		got = append(got, name+"="+string(raw))
		return nil
	}))
	want := []string{"a=1", `b ={"c":["}","\""]}`, "d=null", `e="\\"`, "f=[ ]", "g=-1.5e3", "h=true"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for _, bad := range []string{"", "[]", "1", `{"a"`, `{"a":1}x`, `{"a":1,}`} {
		if err := eachMember([]byte(bad), func(string, []byte) error { t.Error("called"); return nil }); err == nil {
			t.Errorf("%q is an object", bad)
		}
	}
	for _, odd := range []string{`"\`, `{"a\`, `"`, "", "}", `[[[`} {
		if n := skipValue([]byte(odd), 0); n > len(odd) {
			t.Errorf("%q ends at %d", odd, n)
		}
	}
}
