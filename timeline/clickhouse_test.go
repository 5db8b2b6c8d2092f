package timeline

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func TestClickHouseKeepsValuesApart(t *testing.T) {
	for _, text := range []string{
		`zqxa`, `"zqxa b"`, `zqxa*`, `*zqxa*`, `/zqxa/`, `host:zqxa`, `attr.zqxa:zqxa`, `attr."zqxa' OR 1":>5`, `tag:zqxa`, `comment:"zqxa')--"`, `technique:zqxa`, `id:zqxa`, `message:zqxa`, `user:zqxaé`,
	} {
		where, params, err := ClickHouse(mustParse(t, text))
		if err != nil || strings.Contains(where, "zqxa") || len(params) == 0 {
			t.Errorf("%s: %s, %v, %v", text, where, params, err)
		}
		for _, p := range params {
			if !strings.Contains(where, "{"+p.Name+":"+p.Type+"}") {
				t.Errorf("%s: %s is nowhere in %s", text, p.Name, where)
			}
		}
	}
	if where, params, err := ClickHouse(Filter{}); where != "1" || params != nil || err != nil {
		t.Errorf("everything: %s, %v, %v", where, params, err)
	}
	var no *TranslateError
	if _, _, err := ClickHouse(mustParse(t, "x or after:3000-01-01")); !errors.As(err, &no) || no.Term != "after:3000-01-01T00:00:00Z" {
		t.Errorf("a time that the table has not: %v", err)
	}
}

// A class has the characters that fold to its letter, and no others.
func TestAnyCaseIsFold(t *testing.T) {
	to := map[rune][]rune{}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if utf8.ValidRune(r) && r != utf8.RuneError {
			low := []rune(fold(string(r)))[0]
			to[low] = append(to[low], r)
		}
	}
	for low, all := range to {
		if len(all) == 1 {
			continue
		}
		re := regexp.MustCompile(`\A` + anyCase(string(low)) + `\z`)
		for _, r := range all {
			if !re.MatchString(string(r)) {
				t.Errorf("%U folds to %U, and %s does not match it", r, low, re)
			}
		}
		for x := unicode.SimpleFold(low); x != low; x = unicode.SimpleFold(x) {
			if re.MatchString(string(x)) != (fold(string(x)) == string(low)) {
				t.Errorf("%U and %U", x, low)
			}
		}
	}
}

// The expressions that go to ClickHouse find what the patterns find.
func FuzzPatternAsExpression(f *testing.F) {
	for _, seed := range [][2]string{{"fail*", "Failed x"}, {"p*d", "p d pzd"}, {"größe", "GRÖßE"}, {"/x.", "a /x.y"}, {"*k", "\u212ak"}, {"a*a*b", "aab a-ab"}, {"e\u0301", "e\u0301x"}, {"_x", "a_x"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if !utf8.ValidString(pattern) || !utf8.ValidString(text) || strings.Trim(pattern, "*") == "" || strings.ContainsFunc(pattern, unicode.IsSpace) || len(pattern) > 100 {
			return
		}
		for _, p := range []Pattern{wildcard(pattern), literal(pattern)} {
			if in, re := p.In(text), regexp.MustCompile(p.regexpWithin()); in != re.MatchString(text) {
				t.Fatalf("%q in %q: %v, %s says otherwise", pattern, text, in, re)
			}
			if is, re := p.Match(text), regexp.MustCompile(p.regexpWhole()); is != re.MatchString(text) {
				t.Fatalf("%q is %q: %v, %s says otherwise", pattern, text, is, re)
			}
		}
	})
}

func TestClickHouseRow(t *testing.T) {
	e := Event{ID: id("x"), Message: "from 10.0.0.1 and ::ffff:10.0.0.1\xff", Host: "fe80::1", Exhibit: "e1", Attributes: AttributesOf(map[string]string{"b": "2", "a": "1"})}
	line, err := ClickHouseRow("2026-0007", &e, Mark{Star: true, Tags: []string{"t"}}, now, 12)
	if err != nil {
		t.Fatal(err)
	}
	var row map[string]any
	if err := json.Unmarshal(line, &row); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"dated": `0`, "time_ns": `0`, "attr_names": `["a","b"]`, "attr_values": `["1","2"]`, "tags": `["t"]`, "comments": `[]`, "star": `1`, "version": `12`,
		"addresses": `["00000000000000000000ffff0a000001","fe800000000000000000000000000001"]`,
	} {
		if got, _ := json.Marshal(row[name]); string(got) != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	columns := regexp.MustCompile(`(?m)^(\w+) `).FindAllStringSubmatch(strings.ReplaceAll(ClickHouseColumns, ",\n", "\n"), -1)
	if len(columns) != len(row)+1 { // and time, which the server works out
		t.Errorf("%d columns, %d in a row", len(columns), len(row))
	}
	for _, far := range []int{1, 1500, 2400, 9999} {
		e.Time = time.Date(far, 1, 1, 0, 0, 0, 0, time.UTC)
		if n := sqlTime(e.Time); (n < 0) != (far < 1970) {
			t.Errorf("the year %d is %d", far, n)
		}
	}
}

func TestBulk(t *testing.T) {
	var b strings.Builder
	k := NewBulk(&b, BulkOptions{Index: "firebreak-2026-0007", Incident: "2026-0007", Sealed: map[string]time.Time{"e1": now}})
	e := Event{
		ID: id("x"), Time: now, Message: "m <&>", Host: "h", User: "u", Source: "auth", Parser: "syslog", Exhibit: "e1", Offset: 7, Technique: "T1110",
		Attributes: AttributesOf(map[string]string{"a.b": "1", "a_b": "2", "src_ip": "10.0.0.1", "src_port": "99999", "dst_ip": "no address", "pid": "-4"}),
	}
	if err := k.Write(&e, Mark{Tags: []string{"t"}, Comments: []string{"c"}, Star: true}); err != nil {
		t.Fatal(err)
	}
	if err := k.Write(&Event{ID: id("y")}, Mark{}); err != nil {
		t.Fatal(err)
	}
	if err := k.Flush(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	want := []string{
		`{"index":{"_index":"firebreak-2026-0007","_id":"` + id("x").String() + `"}}`,
		`{"@timestamp":"2026-11-20T12:30:00Z","ecs":{"version":"8.11.0"},"message":"m <&>","event":{"id":"` + id("x").String() + `","kind":"event","dataset":"auth","module":"syslog","created":"2026-11-20T12:30:00Z"},"host":{"name":"h"},"user":{"name":"u"},"source":{"ip":"10.0.0.1"},"related":{"ip":["10.0.0.1"]},"threat":{"framework":"MITRE ATT&CK","technique":{"id":["T1110"]}},"tags":["t"],"labels":{"a_b":"1","a_b_":"2","dst_ip":"no address","pid":"-4","src_ip":"10.0.0.1","src_port":"99999"},"firebreak":{"incident":"2026-0007","exhibit":"e1","offset":7,"time_kind":"","precision":"","star":true,"comments":["c"]}}`,
		`{"index":{"_index":"firebreak-2026-0007","_id":"` + id("y").String() + `"}}`,
		`{"ecs":{"version":"8.11.0"},"message":"","event":{"id":"` + id("y").String() + `","kind":"event"},"firebreak":{"incident":"2026-0007","exhibit":"","offset":0,"time_kind":"","precision":""}}`,
	}
	for i := range want {
		if i >= len(lines) || lines[i] != want[i] {
			t.Errorf("line %d:\n%s\nwant\n%s", i, lines[min(i, len(lines)-1)], want[i])
		}
	}
	for name, ok := range map[string]bool{"a": true, "A": false, "_a": false, "a/b": false, "": false, "firebreak-2026-0007": true} {
		if IndexName(name) != ok {
			t.Errorf("index %q", name)
		}
	}
}
