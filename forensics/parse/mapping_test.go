package parse

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"firebreak/internal/testkit"
	"firebreak/record"
	"firebreak/timeline"
)

func exhibitOf(name string) record.Exhibit {
	return record.Exhibit{ID: "e1", SHA256: "feed", Source: name, Host: "web-1"}
}

var example = regexp.MustCompile("(?s)```yaml (\\w+)\n(.*?)```")

// documented is a mapping that docs/formats.md shows.
func documented(t *testing.T, name string) *Mapping {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(testkit.Root(t), "docs", "formats.md"))
	must(t, err)
	for _, m := range example.FindAllSubmatch(page, -1) {
		if string(m[1]) == name {
			return mapping(t, string(m[2]))
		}
	}
	t.Fatalf("docs/formats.md has no mapping %s", name)
	return nil
}

func mapping(t *testing.T, text string) *Mapping {
	t.Helper()
	m, err := NewMapping("map.yaml", []byte(text))
	must(t, err)
	return m
}

func runMapped(t *testing.T, m *Mapping, data string) ([]timeline.Event, record.Ingestion) {
	t.Helper()
	return runSource(t, Source{Exhibit: exhibitOf("x"), Mapping: m, Collected: collected}, []byte(data))
}

// The mappings that the page shows read what it says they read.
func TestDocumentedMappings(t *testing.T) {
	for _, tt := range []struct {
		name, data string
		want       told
	}{
		{
			"cloudtrail", `{"Records":[{"eventTime":"2023-07-10T11:42:36Z","eventName":"ListBuckets","eventSource":"s3.amazonaws.com","sourceIPAddress":"10.0.0.1","userIdentity":{"type":"IAMUser","userName":"ann"},"eventType":"AwsApiCall","recipientAccountId":"1"}]}`,
			told{"2023-07-10T11:42:36Z", timeline.Logged, "ListBuckets on s3.amazonaws.com from 10.0.0.1: AwsApiCall", "user=ann|host=1|src_ip=10.0.0.1|action=ListBuckets|userIdentity.type=IAMUser|time_text=2023-07-10T11:42:36Z"},
		},
		{
			"zeek", `{"ts":1591367999.305988,"uid":"CMdzit1AMNsmfAIiQc","id.orig_h":"192.168.4.76","id.orig_p":36844,"id.resp_h":"192.168.4.1","id.resp_p":53,"proto":"udp","service":"dns","conn_state":"SF","orig_bytes":62}`,
			told{"2020-06-05T14:39:59.305988Z", timeline.Started, "udp 192.168.4.76:36844 to 192.168.4.1:53 dns SF", "src_ip=192.168.4.76|dst_port=53|orig_bytes=62|uid=CMdzit1AMNsmfAIiQc"},
		},
		{
			"nginx", `{"time_iso8601":"2026-11-20T03:00:00+01:00","remote_addr":"10.0.0.9","remote_user":"-","request":"GET /x HTTP/1.1","status":"404","http_user_agent":"curl","server_name":"www"}`,
			told{"2026-11-20T02:00:00Z", timeline.Logged, `10.0.0.9 "GET /x HTTP/1.1" 404`, "user=|host=www|src_ip=10.0.0.9|status=404"},
		},
		{
			"okta", `{"actor":{"alternateId":"ann@example.org","type":"User"},"client":{"ipAddress":"198.51.100.1"},"displayMessage":"User login to Okta","eventType":"user.session.start","outcome":{"result":"SUCCESS"},"published":"2026-11-20T03:00:00.123Z","target":[{"displayName":"App"}]}`,
			told{"2026-11-20T03:00:00.123Z", timeline.Logged, "User login to Okta: SUCCESS App", "user=ann@example.org|src_ip=198.51.100.1|action=user.session.start"},
		},
		{
			"spreadsheet", "\"Datum\";\"Uhrzeit\";\"Wer\";\"Was\"\n20.11.2026;04:05:06;ann;\"door; opened\"\n",
			told{"2026-11-20T03:05:06Z", timeline.Logged, "door; opened", "user=ann|assumed=zone Europe/Berlin (mapping)"},
		},
	} {
		got, ing := runMapped(t, documented(t, tt.name), tt.data)
		if ing.Rejected != 0 {
			t.Errorf("%s: %+v", tt.name, ing)
		}
		check(t, got, []told{tt.want})
	}
}

func TestMappingErrors(t *testing.T) {
	good := "mapping: v1\nformat: jsonl\ntime: \"{ts}\"\nmessage: \"{m}\"\n"
	mapping(t, good)
	for _, tt := range []struct{ text, want string }{
		{"", "m.yaml:1:1: the file is empty"},
		{"mapping: v2\n" + strings.TrimPrefix(good, "mapping: v1\n"), "m.yaml:1:10: mapping is v1"},
		{good + "foo: 1\n", `m.yaml:5:1: a mapping file has no key "foo"`},
		{good + "host: \"{a\"\n", "m.yaml:5:8: this { is not closed"},
		{good + "host: a}b\n", "m.yaml:5:8: this } closes nothing"},
		{good + "host: \"{a||b}\"\n", "m.yaml:5:8: the name of a member is empty"},
		{good + "host: [a]\n", "m.yaml:5:7: want a text"},
		{good + "host:\n", "m.yaml:5:6: the value is missing"},
		{good + "host: a\nhost: b\n", "m.yaml:6:"},
		{good + "records: a\n", "m.yaml:5:10: records goes with format: json"},
		{good + "kind: often\n", `m.yaml:5:7: kind "often" is none of ours`},
		{good + "rename: {a: \"\"}\n", "m.yaml:5:13: a name is empty"},
		{good + "drop: {a: b}\n", "m.yaml:5:7: want a list"},
		{good + "drop: &a [x]\n", "m.yaml:5:7: anchors"},
		{good + "drop: !!str x\n", "m.yaml:5:7: anchors, aliases and tags"},
		{good + "---\na: 1\n", "a second document begins here"},
		{strings.Replace(good, "jsonl", "xml", 1), `m.yaml:2:9: format "xml" is none of`},
		{strings.Replace(good, `"{ts}"`, "{from: \"{ts}\", epoch: h}", 1), `m.yaml:3:29: epoch "h" is none of`},
		{strings.Replace(good, `"{ts}"`, "{epoch: s}", 1), "m.yaml:3:7: time needs from"},
		{strings.Replace(good, `"{ts}"`, "{from: \"{ts}\", layout: \"%H:%M\"}", 1), "m.yaml:3:30: a layout needs the year"},
		{strings.Replace(good, `"{ts}"`, "{from: \"{ts}\", layout: \"%Y %Q\"}", 1), "m.yaml:3:30: the layout has %Q"},
		{strings.Replace(good, `"{ts}"`, "{from: \"{ts}\", layout: \"2006 MST\"}", 1), "abbreviations of zones"},
		{strings.Replace(good, `"{ts}"`, "{from: \"{ts}\", layout: \"%Y\", epoch: s}", 1), "give epoch or layout"},
		{strings.Replace(good, `"{ts}"`, "{from: \"{ts}\", zone: Nowhere}", 1), `zone "Nowhere" is not known`},
		{strings.Replace(good, "message: \"{m}\"\n", "", 1), "m.yaml:1:1: the file needs a message"},
		{strings.Replace(good, "time: \"{ts}\"\n", "", 1), "m.yaml:1:1: the file needs a time"},
		{"mapping: [\n", "m.yaml:"},
		{"a: {b: {c: {d: {e: {f: 1}}}}}\n", "nested too deep"},
		{good + "drop: [" + strings.Repeat("a,", 300) + "]\n", "more than 256 entries"},
		{good + "# " + strings.Repeat("x", MaxMapping) + "\n", "the limit is"},
		{good + "# \xff\n", "the file is not UTF-8"},
		{"- a\n", "m.yaml:1:1: a mapping file is keys with values"},
	} {
		_, err := NewMapping("m.yaml", []byte(tt.text))
		var all MappingErrors
		if !errors.As(err, &all) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %s", tt.text[:min(len(tt.text), 200)], err, tt.want)
		}
	}
}

func TestMappedTimes(t *testing.T) {
	for _, tt := range []struct {
		time, value, want string
		precision         timeline.Precision
	}{
		{"{from: \"{t}\", epoch: s}", "1700000000", "2023-11-14T22:13:20Z", timeline.Second},
		{"{from: \"{t}\", epoch: s}", `"1700000000.25"`, "2023-11-14T22:13:20.25Z", timeline.Millisecond},
		{"{from: \"{t}\", epoch: ms}", "1700000000123", "2023-11-14T22:13:20.123Z", timeline.Millisecond},
		{"{from: \"{t}\", epoch: ms}", "1700000000123.5", "2023-11-14T22:13:20.1235Z", timeline.Microsecond},
		{"{from: \"{t}\", epoch: us}", "1700000000123456", "2023-11-14T22:13:20.123456Z", timeline.Microsecond},
		{"{from: \"{t}\", epoch: ns}", "1700000000123456789", "2023-11-14T22:13:20.123456789Z", timeline.Nanosecond},
		{"{from: \"{t}\", epoch: s}", "0", "undated", ""},
		{"{from: \"{t}\", epoch: s}", "null", "undated", ""},
		{"{from: \"{t}\", epoch: s}", `"soon"`, "rejected", ""},
		{"{from: \"{t}\", epoch: s}", "-5", "rejected", ""},
		{"{from: \"{t}\", epoch: ns}", "99999999999999999999999", "rejected", ""},
		{"{from: \"{t}\", layout: \"%d/%b/%Y:%H:%M:%S %z\"}", `"14/Nov/2023:23:13:20 +0100"`, "2023-11-14T22:13:20Z", timeline.Second},
		{"{from: \"{t}\", layout: \"%Y-%m-%d %H:%M:%S,%f\", zone: Europe/Berlin}", `"2023-11-14 23:13:20,123"`, "2023-11-14T22:13:20.123Z", timeline.Millisecond},
		{"{from: \"{t}\", layout: [\"2006.01.02\", \"%Y %j\"]}", `"2023 318"`, "2023-11-14T00:00:00Z", timeline.Day},
		{"{from: \"{t}\", layout: \"%Y-%m-%d %H:%M\"}", `"2023-11-14 22:13"`, "2023-11-14T22:13:00Z", timeline.Minute},
		{"{from: \"{t}\", layout: \"%Y\"}", `"x"`, "rejected", ""},
		{"\"{t}\"", `"2023-11-14T22:13:20.5Z"`, "2023-11-14T22:13:20.5Z", timeline.Millisecond},
		{"\"{t}\"", `"14.11.2023"`, "rejected", ""},
	} {
		m := mapping(t, "mapping: v1\nformat: jsonl\nmessage: m\ntime: "+tt.time+"\n")
		got, ing := runMapped(t, m, `{"t":`+tt.value+`,"x":1}`+"\n")
		was := "rejected"
		switch {
		case len(got) == 1 && got[0].Time.IsZero():
			was = "undated"
		case len(got) == 1:
			was = got[0].Time.Format(time.RFC3339Nano)
		}
		if was != tt.want || len(got) == 1 && got[0].Precision != tt.precision {
			t.Errorf("%s of %s: %s, want %s; %+v %+v", tt.time, tt.value, was, tt.want, got, ing)
		}
	}
}

func TestMappedMembers(t *testing.T) {
	m := mapping(t, `mapping: v1
format: jsonl
comment: "#"
time: "{t}"
kind: "{k}"
message: "{{{a.b}}} {list.1.name|list.0} {none}"
host: "{h}"
user: "{u|a.user}"
source: "{src}"
technique: T1
none: ["-", "(empty)"]
rename: {a.c: sea}
drop: [secret, a.gone]
`)
	got, ing := runMapped(t, m, "# a comment\n\n"+
		`{"t":"2026-01-02T03:04:05Z","k":"Start Time","a":{"b":"B","c":1,"gone":2,"user":"bob","deep":{"er":null}},"list":["x",{"name":"N"}],"u":"-","h":"H","src":"S","secret":"s","n":[1,2],"e":"(empty)","bad\u0000":"\u0000"}`+"\n"+
		"{\"t\":\"2026-01-02T03:04:05Z\",\"x\":\"\xff\"}\n[1]\n{\"t\":\n{}\n")
	check(t, got, []told{
		{"2026-01-02T03:04:05Z", timeline.Started, "{B} N ", `host=H|user=bob|a.b=B|sea=1|a.c=|a.gone=|secret=|n=[1,2]|e=|u=|h=|src=|list=["x",{"name":"N"}]|time_text=2026-01-02T03:04:05Z|encoding=escaped`},
		{"2026-01-02T03:04:05Z", timeline.Logged, "{}  ", `x=\xff|encoding=escaped`},
		{"", timeline.Undated, "{}  ", ""},
	})
	if got[0].Source != "S" || got[1].Source != "map" || got[0].Technique != "T1" || ing.Rejected != 2 || ing.Parser != "mapped.jsonl" {
		t.Errorf("%q, %q, %+v", got[0].Source, got[1].Source, ing)
	}
	var wide bytes.Buffer
	wide.WriteString(`{"t":"2026-01-02T03:04:05Z"`)
	for i := range 3000 {
		wide.WriteString(`,"m` + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + time.Unix(int64(i), 0).UTC().Format("150405") + `":1`)
	}
	wide.WriteString("}\n")
	got, _ = runMapped(t, m, wide.String())
	if len(got) != 1 || got[0].Attributes.Get(attrTruncated) == "" || len(got[0].Attributes) > 2*mappedMembers+2 {
		t.Errorf("%d events, %d attributes", len(got), len(got[0].Attributes))
	}
	deep := strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000)
	if got, ing = runMapped(t, m, `{"t":"2026-01-02T03:04:05Z","d":`+deep+"}\n"); len(got) != 1 || ing.Rejected != 0 {
		t.Errorf("%+v", ing)
	}
}

func TestMappedJSON(t *testing.T) {
	const rest = "time: \"{t}\"\nmessage: \"{m}\"\n"
	within := mapping(t, "mapping: v1\nformat: json\nrecords: a.list\n"+rest)
	plain := mapping(t, "mapping: v1\nformat: json\n"+rest)
	one := `{"t":"2026-01-02T03:04:05Z","m":"one"}`
	for _, tt := range []struct {
		name, data       string
		m                *Mapping
		events, rejected int64
	}{
		{"array", "[" + one + ",\n" + one + "]", plain, 2, 0},
		{"documents", one + one + "\n[" + one + "]", plain, 3, 0},
		{"pretty", "{\n \"t\" : \"2026-01-02T03:04:05Z\",\n \"m\" : \"one\"\n}", plain, 1, 0},
		{"within", `{"x":[1,{"y":2}],"a":{"b":"c","list":[` + one + "," + one + `]},"z":{}}`, within, 2, 0},
		{"not there", `{"x":1}`, within, 0, 0},
		{"no array", `{"a":{"list":7}}`, within, 0, 1},
		{"no object", `[7,` + one + `]`, plain, 1, 1},
		{"a number", `7`, plain, 0, 1},
		{"cut", `{"a":{"list":[` + one + "," + one[:9], within, 1, 1},
		{"broken", `[` + one + `,}` + strings.Repeat("x", 100_000), plain, 1, 1},
		{"long", `[{"m":"` + strings.Repeat("x", maxRecord) + `"},` + one + `]`, plain, 1, 1},
		{"too long", `[{"m":"` + strings.Repeat("x", 2*maxElement) + `"},` + one + `]`, plain, 0, 1},
		{"empty", "", plain, 0, 0},
	} {
		got, ing := runMapped(t, tt.m, tt.data)
		if ing.Events != tt.events || ing.Rejected != tt.rejected {
			t.Errorf("%s: %d events, %d rejected, want %d and %d: %.300q", tt.name, ing.Events, ing.Rejected, tt.events, tt.rejected, ing.Samples)
		}
		for _, e := range got {
			if tt.name != "pretty" && !strings.HasPrefix(tt.data[e.Offset:], one) {
				t.Errorf("%s: no record at %d", tt.name, e.Offset)
			}
		}
	}
	if _, err := File(t.Context(), failing{errors.New("gone")}, Source{Exhibit: exhibitOf("x"), Mapping: plain}, func([]timeline.Event) error { return nil }); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Errorf("a stream that fails: %v", err)
	}
}

func TestMappingIsNeeded(t *testing.T) {
	none := func([]timeline.Event) error { return nil }
	m := mapping(t, "mapping: v1\nformat: csv\ntime: \"{t}\"\nmessage: \"{m}\"\n")
	for _, src := range []Source{{Parser: "mapped.jsonl"}, {Parser: "mapped.jsonl", Mapping: m}} {
		if _, err := File(t.Context(), strings.NewReader("{}\n"), src, none); !errors.Is(err, ErrMapping) {
			t.Errorf("%+v: %v", src.Parser, err)
		}
	}
}

func FuzzMapping(f *testing.F) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "formats.md"))
	if err != nil {
		f.Fatal(err)
	}
	for _, m := range example.FindAllSubmatch(page, -1) {
		f.Add(m[2], []byte(`{"Records":[{"a":{"b":[1,{"c":null}]}}]}`))
	}
	f.Add([]byte("mapping: v1\nformat: csv\ncomma: ;\ntime: {from: \"{a} {b}\", layout: \"%Y %f\"}\nmessage: \"{a.0|b}\"\n"), []byte("a;b\n1;\"2\n\"\n"))
	f.Fuzz(func(t *testing.T, text, data []byte) {
		m, err := NewMapping("m.yaml", text)
		if err != nil {
			var all MappingErrors
			if !errors.As(err, &all) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		runSource(t, Source{Exhibit: exhibitOf("x"), Mapping: m, Collected: collected}, data)
	})
}
