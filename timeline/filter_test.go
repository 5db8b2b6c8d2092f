package timeline

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var now = time.Date(2026, 11, 20, 12, 30, 0, 0, time.UTC)

func mustParse(t *testing.T, text string) Filter {
	t.Helper()
	f, err := ParseFilterAt(text, Moments{Now: now, Detected: now.Add(-30 * time.Minute)})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return f
}

// Each filter is asked about one event; the event is a message alone unless
// more is given.
func TestFilterMatches(t *testing.T) {
	ssh := Event{
		ID: id("sample"), Time: now.Add(-time.Hour), Precision: Second, TimeKind: Logged, Source: "auth", Parser: "syslog",
		Host: "web-1", User: "root", Message: "Failed password for root from 203.0.113.9 port 51122 ssh2",
		Attributes: AttributesOf(map[string]string{"program": "sshd", "pid": "4711", "cmd": "curl -s http://198.51.100.7/x.sh", "sp ace": "v"}),
		Exhibit:    "e3", Offset: 1300, Technique: "T1110.001",
	}
	text := func(s string) Event { return Event{Message: s} }
	tests := []struct {
		filter string
		event  Event
		want   bool
	}{
		{``, ssh, true},
		{`   `, ssh, true},
		// words
		{`failed`, ssh, true},
		{`FAILED password`, ssh, true},
		{`fail`, ssh, false},
		{`fail*`, ssh, true},
		{`*ail*`, ssh, true},
		{`*sword`, ssh, true},
		{`p*d`, ssh, true},
		{`p*d`, text("p d"), false},
		{`f*w*d`, text("xx f_w_dz f-w-d"), true},
		{`f*w*d`, text("f_w_dz"), false},
		{`nc`, text("nc -e /bin/sh"), true},
		{`nc`, text("sync rsync ncat"), false},
		{`sshd`, text("sshd[4711]: x"), true},
		{`sshd[4711]:`, text("sshd[4711]: x"), true},
		{`/etc/passwd`, text("read /etc/passwd twice"), true},
		{`/etc/passwd`, text("read /etc/passwd_ twice"), false},
		{`.sh`, text("x.sh"), true},
		{`ошибка`, text("ОШИБКА диска"), true},
		{`größe`, text("GRÖSSE"), false},
		{`größe`, text("GRÖßE"), true},
		{`k`, text("\u212a"), false},
		{`bad*`, text("bad\xff"), true},
		{`a`, text("b\x00a"), true},
		{`*`, text("x"), true},
		{`curl`, ssh, true},  // an attribute's value
		{`web-1`, ssh, true}, // host
		{`root`, Event{User: "root"}, true},
		{`pid`, ssh, false}, // an attribute's name
		{`message:curl`, ssh, false},
		{`message:failed,curl`, ssh, true},
		// phrases
		{`"failed password"`, ssh, true},
		{`"password failed"`, ssh, false},
		{`"ail*"`, text("fail*"), false},
		{`"fail*"`, text("fail*"), true},
		{`"say \"hi\" \\ \n"`, text(`say "hi" \ \n`), true},
		{`"or"`, text("this or that"), true},
		// expressions
		{`/port \d+/`, ssh, true},
		{`/^failed/`, ssh, false},
		{`/^failed/i`, ssh, true},
		{`/a\/b/`, text("xa/by"), true},
		{`/(a|b) (c|d)/`, text("b c"), true},
		{`-/zz/ (/fail/i)`, ssh, true},
		{`/tmp/ x`, text("tmp x"), true},
		// fields
		{`host:web-1`, ssh, true},
		{`host:web`, ssh, false},
		{`host:WEB-*`, ssh, true},
		{`HOST:web-1`, ssh, true},
		{`host:db-1,web-1`, ssh, true},
		{`host:/^w.b/`, ssh, true},
		{`host:/x/,/^w.b/`, ssh, true},
		{`user:"root"`, ssh, true},
		{`user:*`, ssh, true},
		{`user:*`, text("x"), false},
		{`user:""`, text("x"), true},
		{`source:auth parser:syslog kind:logged precision:s exhibit:e3`, ssh, true},
		{`id:r774cjb84oacgitt0000000000`, ssh, true},
		{`technique:T1110`, ssh, true},
		{`technique:t1110.001`, ssh, true},
		{`technique:T1110.002`, ssh, false},
		{`technique:T111`, ssh, false},
		{`attr.program:sshd`, ssh, true},
		{`attr.Program:sshd`, ssh, false},
		{`attr."sp ace":v`, ssh, true},
		{`attr.cmd:*curl*`, ssh, true},
		{`attr.cmd:curl`, ssh, false},
		{`attr.none:""`, ssh, true},
		// comparisons
		{`attr.pid:>4710 attr.pid:<=4711`, ssh, true},
		{`attr.pid:>4711`, ssh, false},
		{`attr.program:>1`, ssh, false},
		{`attr.none:<1`, ssh, false},
		{`offset:>=1300 offset:<1300.5`, ssh, true},
		{`attr.n:>9007199254740992`, Event{Attributes: AttributesOf(map[string]string{"n": "9007199254740993"})}, true},
		{`attr.pid:4000..5000`, ssh, true},
		{`attr.pid:4711..4711`, ssh, true},
		{`attr.pid:..4710`, ssh, false},
		{`attr.pid:4711..`, ssh, true},
		{`attr.pid:1,5000..6000,4700..4800`, ssh, true},
		{`-attr.pid:1..2 offset:1300..1300`, ssh, true},
		{`attr.pid:[4711 TO *]`, ssh, true},
		{`attr.pid:{4711 TO 5000}`, ssh, false},
		{`attr.pid:{4710 TO 4711]`, ssh, true},
		{`attr.v:"1..2"`, Event{Attributes: AttributesOf(map[string]string{"v": "1..2"})}, true},
		{`attr.v:a..b`, Event{Attributes: AttributesOf(map[string]string{"v": "a..b"})}, true},
		{`exists:user`, ssh, true},
		{`missing:user`, ssh, false},
		{`_exists_:attr.none,attr.pid`, ssh, true},
		{`missing:technique,attr."no ne"`, ssh, true},
		{`exists:message`, text(""), false},
		{`exists:tag`, ssh, false},
		{`hostname:web-1 username:root msg:failed`, ssh, true},
		{`!nothing && failed || x`, ssh, true},
		{`! failed`, ssh, false}, // a ! alone is a word
		{`!=`, text("a != b"), true},
		// addresses
		{`ip:203.0.*`, ssh, true},
		{`ip:203.0.113.1..203.0.113.9`, ssh, true},
		{`ip:203.0.113.10-203.0.114.2`, ssh, false},
		{`ip:2001:db8::1..2001:db8::ff`, text("from 2001:db8::80"), true},
		{`ip:0.0.0.0-255.255.255.255`, ssh, true},
		{`ip:203.0.113.0/24`, ssh, true},
		{`ip:198.51.100.7`, ssh, true},
		{`ip:10.0.0.0/8,203.0.113.9`, ssh, true},
		{`ip:10.0.0.0/8`, ssh, false},
		{`ip:10.0.0.1`, Event{Host: "10.0.0.1"}, true},
		{`ip:10.0.0.1`, text("10.0.0.11 110.0.0.1 x10.0.0.1"), false},
		{`ip:10.0.0.1`, text("src:10.0.0.1:domain"), true},
		{`ip:10.0.0.1`, text("[::ffff:a00:1]:22"), true},
		{`ip:::ffff:10.0.0.0/104`, text("10.9.8.7,"), true},
		{`ip:2001:db8::/32`, text("from [2001:DB8::5]:443."), true},
		{`ip:::/0`, text("at 12:30:45 de:ad:be:ef:00:01"), false},
		// times
		{`after:2026-11-20`, ssh, true},
		{`after:2026-11-20T11:30:00Z`, ssh, true},
		{`before:2026-11-20T11:30:00Z`, ssh, false},
		{`after:2026-11-20T12:29:59.5+01:00`, ssh, true},
		{`after:-61m before:-59m`, ssh, true},
		{`after:"59m ago"`, ssh, false},
		{`after:-1h30m`, ssh, true},
		{`after:11:30 before:11:30:01`, ssh, true},
		{`around:11:34`, ssh, true},
		{`around:11:36`, ssh, false},
		{`around:11:36,10m`, ssh, true},
		{`after:today before:now`, ssh, true},
		{`before:yesterday`, ssh, false},
		{`after:@1795174200`, ssh, true},
		{`after:"2026-11-20 11:00"`, ssh, true},
		{`after:1970-01-01`, text("undated"), false},
		{`-after:1970-01-01`, text("undated"), true},
		{`time:2026-11-20`, ssh, true},
		{`time:2026-11-19`, ssh, false},
		{`time:2026-11-20T11`, ssh, true},
		{`time:2026-11-20T11:30`, ssh, true},
		{`time:2026-11`, ssh, true},
		{`time:today`, ssh, true},
		{`time:friday`, ssh, true}, // 2026-11-20 is one
		{`time:thu`, ssh, false},
		{`time:2026-11-19..2026-11-20`, ssh, true},
		{`time:2026-11-20T11:30:00..2026-11-20T11:30:00`, ssh, true},
		{`time:-2h..now`, ssh, true},
		{`time:..-2h`, ssh, false},
		{`time:>=2026-11-20T11:30`, ssh, true},
		{`time:>2026-11-20`, ssh, false},
		{`time:<=2026-11-20`, ssh, true},
		{`timestamp:[2026-11-20 TO 2026-11-21}`, ssh, true},
		{`@timestamp:{2026-11-20 TO *]`, ssh, false},
		{`datetime:"2026-11-20 11:00".."2026-11-20 12:00"`, ssh, true},
		{`after:now-2h before:now+1m`, ssh, true},
		{`after:"yesterday 14:00"`, ssh, true},
		{`before:today+11h`, ssh, false},
		{`after:detected-1h`, ssh, true},
		{`before:T-1h`, ssh, false},
		{`around:detected,2h`, ssh, true},
		// and, or, not
		{`failed or nothing`, ssh, true},
		{`nothing or failed nothing`, ssh, false},
		{`(nothing or failed) password`, ssh, true},
		{`failed and not nothing`, ssh, true},
		{`failed -password`, ssh, false},
		{`-(a or b)`, text("c"), true},
		{`not(a)`, text("c"), true},
		{`NOT a OR c`, text("a c"), true},
		{`--a`, text("a"), true},
		{`-source:cron host:web-1 ip:203.0.0.0/8`, ssh, true},
		// what looks like a field
		{`http://198.51.100.7/x.sh`, ssh, true},
		{`C:\Windows`, text(`c:\windows\temp`), true},
		{`fe80::1`, text("via fe80::1 now"), true},
		{`dead::beef`, text("dead::beef"), true},
		{`12:30`, text("at 12:30"), true},
		{`host:::1`, Event{Host: "::1"}, true},
		{`host:\\srv`, Event{Host: `\\srv`}, true},
		{`message:a,::ff*`, text("from ::ffff:1"), true},
		{`f(x)`, text("call f(x)"), true},
		{`(f(x))`, text("call f(x)"), true},
		{`a,b`, text("a,b"), true},
		// marks are unknown until Marked
		{`star:`, ssh, false},
		{`star:no`, ssh, true},
	}
	for _, test := range tests {
		f := mustParse(t, test.filter)
		if f.Match(test.event) != test.want {
			t.Errorf("%s on %+v: %v", test.filter, test.event, !test.want)
		}
		again, err := ParseFilter(f.String(), now.AddDate(3, 1, 1))
		if err != nil || again.String() != f.String() || again.Match(test.event) != test.want {
			t.Errorf("%s writes itself as %s, which reads as %s, %v", test.filter, f, again, err)
		}
	}
}

func TestFilterMarks(t *testing.T) {
	marks := []Mark{
		{Event: id("1"), Star: true, Comments: []string{"the Pivot host"}},
		{Event: id("2"), Tags: []string{"pivot", "T1486"}},
		{Event: id("3")},
	}
	for filter, want := range map[string]string{
		"star:": "1", "star:yes": "1", "-star:": "23", "star:no": "23", "tag:PIVOT": "2", "tag:piv*": "2", "tag:x,t1486": "2", "tag:*": "2",
		"comment:pivot": "1", "comment:piv": "", "tag:pivot or star:": "12", "-(tag:pivot star:)": "123",
	} {
		f := mustParse(t, filter)
		if !f.UsesMarks() {
			t.Errorf("%s does not know that it uses marks", filter)
		}
		f = f.Marked(marks)
		got := ""
		for _, name := range []string{"1", "2", "3"} {
			if f.Match(Event{ID: id(name)}) {
				got += name
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", filter, got, want)
		}
	}
	if mustParse(t, "a -b").UsesMarks() {
		t.Error("a filter without marks says it uses them")
	}
}

func TestFilterErrors(t *testing.T) {
	deep := strings.Repeat("(", 40) + "a" + strings.Repeat(")", 40)
	tests := []struct {
		filter string
		offset int
		says   string
	}{
		{`host:web "failed`, 9, "quote is not closed"},
		{`hots:web`, 0, "did you mean host:?"},
		{`a pid:4711`, 2, "attr.pid:"},
		{`a or`, 4, "term is missing"},
		{`or a`, 0, "term is missing"},
		{`a and or b`, 6, "term is missing"},
		{`(a`, 0, "not closed"},
		{`a)`, 1, "closes nothing"},
		{`()`, 1, "term is missing"},
		{`- a`, 0, "stands before nothing"},
		{`""`, 0, "nothing in these quotes"},
		{`host:`, 5, "value is missing"},
		{`host:a,`, 7, "value is missing"},
		{`"a"b`, 3, "space is missing"},
		{`/a(/ b`, 0, "missing closing )"},
		{`foo(bar b`, 0, "not closed"},
		{`ip:10.0.0`, 3, "no address"},
		{`ip:10.0.0.1,x`, 12, "no address"},
		{`after:teatime`, 6, "no time"},
		{`after:2h`, 6, "no time"},
		{`after:-99999999999999h`, 6, "no time"},
		{`after:0001-01-01`, 6, "no time"},
		{`around:12:00,x`, 13, "no length of time"},
		{`host:>5`, 5, "no number"},
		{`host: web-1`, 5, "no space stands after the colon"},
		{`host:(a or b)`, 5, "a list is host:a,b"},
		{`failed | stats count`, 7, "no pipes"},
		{`"failed root"~3`, 13, "regular expression"},
		{`source_ip:10.0.0.1`, 0, "attr.source_ip:10.0.0.1, an address anywhere is ip:10.0.0.1"},
		{`after:detected`, 6, "not recorded when"},
		{`after:2026-11-20..now`, 6, "a range is time:"},
		{`time:now`, 5, "not a stretch"},
		{`time:..`, 5, "no end"},
		{`time:[x TO now]`, 6, "no time"},
		{`attr.n:[a TO 5]`, 8, "no number"},
		{`attr.n:*..*`, 7, "no end"},
		{`exists:usr`, 7, "did you mean user:?"},
		{`exists:time`, 7, "kind:undated"},
		{`ip:10.*.1.*`, 3, "no address"},
		{`ip:10.0.0.9-10.0.0.1`, 3, "no address"},
		{`ip:10.0.0.1..2001:db8::1`, 3, "no address"},
		{`time:"yesterday 25:00"`, 5, "no time"},
		{`attr.x:>y`, 8, "no number"},
		{`star:maybe`, 5, "yes or no"},
		{"a\x00b", 1, "control"},
		{"a\xff", 1, "UTF-8"},
		{deep, 32, "nested"},
		{strings.Repeat("-", 40) + "a", 32, "nested"},
		{strings.Repeat("x", MaxFilter+1), MaxFilter, "longer than"},
		{strings.Repeat("after:-1h ", 400), 0, "too long"},
	}
	for _, test := range tests {
		_, err := ParseFilter(test.filter, now)
		var fe *FilterError
		if !errors.As(err, &fe) {
			t.Errorf("%.40s: %v", test.filter, err)
			continue
		}
		if fe.Offset != test.offset || !strings.Contains(fe.Problem+" "+fe.Hint, test.says) {
			t.Errorf("%.40s: at %d: %v", test.filter, fe.Offset, err)
		}
		line, caret, _ := strings.Cut(fe.Caret(), "\n")
		if strings.Contains(caret, "\n") || len([]rune(line)) > 72 || strings.IndexByte(caret, '^') > len([]rune(line)) {
			t.Errorf("%.40s: caret\n%s", test.filter, fe.Caret())
		}
	}
}

func TestCaret(t *testing.T) {
	_, err := ParseFilter(`имя "a`, now)
	var fe *FilterError
	if !errors.As(err, &fe) {
		t.Fatal(err)
	}
	if want := "имя \"a\n    ^ this quote is not closed"; fe.Caret() != want {
		t.Errorf("got\n%s", fe.Caret())
	}
	_, err = ParseFilter(strings.Repeat("word ", 100)+"\x1b[31m", now)
	if !errors.As(err, &fe) {
		t.Fatal(err)
	}
	line, caret, _ := strings.Cut(fe.Caret(), "\n")
	if strings.ContainsRune(line, '\x1b') || !strings.HasPrefix(line[strings.IndexByte(caret, '^'):], " [31m") {
		t.Errorf("got\n%s", fe.Caret())
	}
}

func TestClockIsTheLastOne(t *testing.T) {
	f := mustParse(t, "after:23:00")
	if want := "after:2026-11-19T23:00:00Z"; f.String() != want {
		t.Errorf("got %s, want %s", f, want)
	}
}

func TestWhatAnExpressionRequires(t *testing.T) {
	for expression, want := range map[string]string{
		`mimi.atz`: "mimi", `(?i)Mimikatz`: "mimi", `(?i)sks`: "", `a|b`: "", `abc|abd`: "ab", `(foo)+bar{2}`: "foo", `x*yy?`: "y", `^Größe$`: "größe",
		`(?:long one){0,3}s`: "s", `[Ff]ailed`: "ailed", ``: "", `(?i)ärger`: "ärger",
	} {
		if got := required(expression); got != want {
			t.Errorf("%s requires %q, want %q", expression, got, want)
		}
	}
}

// A long run without spaces and a pattern that nearly fits everywhere.
func TestWildcardIsNotQuadratic(t *testing.T) {
	f := mustParse(t, "*a*a*a*a*b*c")
	if f.Match(Event{Message: strings.Repeat("a", 1<<20)}) {
		t.Error("matches")
	}
	f = mustParse(t, "a*b")
	if f.Match(Event{Message: strings.Repeat("-a", 1<<19)}) {
		t.Error("matches")
	}
}

// Whatever an expression matches contains what it is said to require.
func FuzzRequired(f *testing.F) {
	f.Add(`(?i)fail.d (pass|word)+x`, "FAILed passwordx")
	f.Add(`a\x{212a}b[^c]k`, "a\u212abdk")
	f.Fuzz(func(t *testing.T, expression, text string) {
		re, err := regexp.Compile(expression)
		if err != nil {
			return
		}
		if must := required(expression); re.MatchString(text) && !strings.Contains(fold(text), must) && utf8.ValidString(text) {
			t.Fatalf("%q matches %q without %q", expression, text, must)
		}
	})
}

func FuzzParseFilter(f *testing.F) {
	for _, seed := range []string{
		`host:web-1 user:root "failed password" after:2026-11-20T03:00Z -source:cron tag:pivot ip:10.0.0.0/8`,
		`(a or -b*) /x\/y/i attr."q\"":>=1e3 around:-2h,5m star:no message:a,"b c",/d/`, `id:x,y technique:T1* user:"" C:\x http://x`, `not(a)or b and(c)`, `a(b*c)d`, `-"-"`,
		`message:a,::b*,//c*,\d*,<e* host:::1*,<f* comment:-x*,(y*)`, `id::1 source:\x star:: tag:"",/,/`,
		`attr.a:1..2,[3 TO 4},"5..6",x*..* !b && c || !(d) ip:10.*,1.2.3.4-1.2.3.9 time:2026-11..now discovered:>=-2h`, `exists:user,attr."x y" missing:tag time:[* TO "2026-11-20 03:00"] @timestamp:<monday around:T+1h`,
	} {
		f.Add(seed, "Failed password for root from 10.0.0.1")
	}
	f.Fuzz(func(t *testing.T, text, message string) {
		filter, err := ParseFilter(text, now)
		if err != nil {
			var fe *FilterError
			if !errors.As(err, &fe) || fe.Offset < 0 || fe.Offset > len(text) || fe.Caret() == "" || fe.Error() == "" {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		again, err := ParseFilter(filter.String(), now.AddDate(1, 2, 3))
		if err != nil {
			t.Fatalf("%q writes itself as %q: %v", text, filter, err)
		}
		if again.String() != filter.String() {
			t.Fatalf("%q writes itself as %q, then as %q", text, filter, again)
		}
		for _, e := range []Event{
			{ID: id(message), Message: message, Host: message, Time: now, Attributes: AttributesOf(map[string]string{"a": message, message: "b"}), Technique: message},
			{User: message, Message: text},
		} {
			if filter.Match(e) != again.Match(e) {
				t.Fatalf("%q and %q differ on %q", text, filter, message)
			}
		}
	})
}

func TestNotes(t *testing.T) {
	for filter, says := range map[string]string{
		`host=web-1`: "the field is host:web-1", `username!=root x`: "the field is -user:root", `user=root`: "user:root", `10.0.0.0/8`: "ip:10.0.0.0/8", `host:10.0.0.0/8`: "ip:10.0.0.0/8",
		`'failed password'`: "double quotes", `host:web-?`: "plain character", `sha256:abc`: "attr.sha256:abc", `process.name:sshd`: "attr.process.name:sshd",
		`host:web-1 "a=b"`: "", `uid=0`: "", `/index.php?id=1`: "", `10.0.0.1:22`: "", `example.com:443`: "", `10.0.0.1/32`: "", `"'x"`: "",
	} {
		notes := mustParse(t, filter).Notes()
		if got := strings.Join(notes, "; "); says == "" && got != "" || !strings.Contains(got, says) {
			t.Errorf("%s: %q, want %q", filter, got, says)
		}
	}
}

func TestSealed(t *testing.T) {
	sealed := map[string]time.Time{"e1": now.Add(-3 * time.Hour), "e2": now.Add(-time.Hour)}
	for filter, want := range map[string]string{
		`discovered:>=-2h`: "exhibit:e2", `discovered:<-2h`: "exhibit:e1", `discovered:today`: "exhibit:e1,e2 exhibit:e1,e2", `-discovered:>-5m`: "-exhibit:none",
	} {
		f := mustParse(t, filter)
		if f.Match(Event{Exhibit: "e1"}) != strings.HasPrefix(filter, "-") {
			t.Errorf("%s matches before it is known what was sealed when", filter)
		}
		if got := f.Sealed(sealed).String(); got != want {
			t.Errorf("%s: %s, want %s", filter, got, want)
		}
	}
}

func TestPrefixesBetween(t *testing.T) {
	for text, want := range map[string]string{
		"ip:10.0.0.0-10.0.0.255": "ip:10.0.0.0/24", "ip:10.0.0.1-10.0.0.6": "ip:10.0.0.1,10.0.0.2/31,10.0.0.4/31,10.0.0.6", "ip:::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": "ip:::/0",
		"ip:10.*.*.*": "ip:10.0.0.0/8", "ip:10.1.2.*": "ip:10.1.2.0/24",
	} {
		if got := mustParse(t, text).String(); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestBuiltFilters(t *testing.T) {
	e := Event{Host: "web 1", User: "root", Attributes: AttributesOf(map[string]string{"p id": "1..2"}), Time: now}
	f, err := Same(&e, []string{"host", "technique", `attr.p id`})
	if err != nil {
		t.Fatal(err)
	}
	f = f.And(Between(now, now.Add(1)))
	if want := `host:"web 1" attr."p id":"1..2" after:2026-11-20T12:30:00Z before:2026-11-20T12:30:00.000000001Z`; f.String() != want || !f.Match(e) {
		t.Errorf("got %s", f)
	}
	if !mustParse(t, f.String()).Match(e) {
		t.Error("does not read back")
	}
	if _, err := Same(&e, []string{"hots"}); err == nil {
		t.Error("a field that there is not")
	}
	c, err := Containing(`a "b" \`)
	if err != nil || !c.Match(Event{Message: `x a "b" \ y`}) {
		t.Errorf("%s: %v", c, err)
	}
	if _, err := Containing(""); err == nil {
		t.Error("the empty text")
	}
}
