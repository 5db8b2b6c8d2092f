package triage

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"firebreak/timeline"
)

const whole = `rules:
- id: x-y
  title: Title
  severity: high
  technique: T1053.003
  find: 'source:cron attr.command:*'
  by: [user, attr.src_ip.net]
  count: {at_least: 3, within: 10m}
  reason: '{user} {count} {first} {attr.command}'
  false_positive: none
  next: [look]
`

// What is wrong in a file is said with its place.
func TestLoaderSaysWhere(t *testing.T) {
	if _, err := Parse("a.yaml", []byte(whole)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ from, to, want string }{
		{"source:cron attr", "nofield:cron attr", "a.yaml:6:10: in the filter: there is no field"},
		{"severity: high", "severity: bad", "a.yaml:4:13: want info, low"},
		{"technique: T1053.003", "technique: cron", "a.yaml:5:14: want an id of ATT&CK"},
		{"id: x-y", "id: X_Y", `a.yaml:2:7: "X_Y" is no id`},
		{"  title: Title\n", "", "a.yaml:2:3: title: is missing"},
		{"title: Title", "titel: Title", `a.yaml:3:3: unknown key "titel"`},
		{"at_least: 3", "at_least: 1", "a.yaml:8:21: want a whole number from 2"},
		{"within: 10m", "within: soon", "a.yaml:8:32: want a length of time"},
		{"{user} {count}", "{user {count}", "a.yaml:9:11: there is no field"},
		{"{user} {count}", "{other.user}", "there is no other event here"},
		{"by: [user,", "by: [usr,", `a.yaml:7:8: there is no field "usr"`},
		{"next: [look]", "next: &a [look]", "anchors and aliases are not allowed"},
		{"next: [look]", "next: []", "want a text or a list of texts"},
		{"title: Title", "title: Title\n  title: Again", `"title" is already set in line 3`},
		{"find: 'source:cron attr.command:*'", "find: 'star:yes'", "star, tag and comment are people's"},
		{"count: {at_least: 3, within: 10m}", "first_seen: {in_last: 7d}\n  last: 3d", "first_seen: looks at all of the evidence"},
		{"rules:", "other: 1\nrules:", `unknown key "other"`},
		{"count: {at_least: 3, within: 10m}", "where: 'time >'", "want FIELD OPERATOR FIELD"},
		{"title: Title", "title: \"a\\u001bb\"", "a control character"},
	} {
		_, err := Parse("a.yaml", []byte(strings.Replace(whole, tt.from, tt.to, 1)))
		var ps Problems
		if !errors.As(err, &ps) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("with %q: %v, want %s", tt.to, err, tt.want)
		}
	}
	if _, err := Parse("a.yaml", []byte("rules:\n- [\n")); err == nil {
		t.Error("broken YAML was read")
	}
	if _, err := Parse("a.yaml", []byte("rules: "+strings.Repeat("[", 60)+strings.Repeat("]", 60))); err == nil {
		t.Error("deep YAML was read")
	}
}

// A user's rule takes the place of one that is built in; a folder without rules,
// and two rules of one id, are errors.
func TestOwnRules(t *testing.T) {
	own, err := Load(fstest.MapFS{"a.yaml": {Data: []byte(strings.Replace(whole, "x-y", "cron-new", 1))}, "b.txt": {Data: []byte("no rule")}}, ".")
	if err != nil || len(own) != 1 {
		t.Fatal(own, err)
	}
	set, err := BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	both := set.With(own)
	if r := both.Rule("cron-new"); len(both.Rules) != len(set.Rules) || r.Title != "Title" || r.BuiltIn || r.File != "a.yaml:2" {
		t.Errorf("%d rules, %+v", len(both.Rules), r)
	}
	if _, err := Load(fstest.MapFS{}, "."); err == nil {
		t.Error("an empty folder was read")
	}
	if _, err := Load(fstest.MapFS{"a.yaml": {Data: []byte(whole)}, "b.yaml": {Data: []byte(whole)}}, "."); err == nil || !strings.Contains(err.Error(), "b.yaml:2:7: the rule x-y is already at a.yaml:2") {
		t.Errorf("two of one id: %v", err)
	}
}

func TestComparisons(t *testing.T) {
	mine := timeline.Event{Time: night, Attributes: timeline.AttributesOf(map[string]string{"size": "10", "born": "2026-11-19T03:00:00Z", "a": "x"})}
	other := timeline.Event{Time: night.Add(500 * time.Millisecond), Attributes: timeline.AttributesOf(map[string]string{"a": "y"})}
	for text, want := range map[string]bool{
		"attr.size = 10": true, "attr.size > 9": true, "attr.size < 9": false, "attr.size != 10": false,
		"time > attr.born + 1h": true, "time > attr.born + 2d": false, "time >= attr.born + 1d": true, "attr.born < time - 1h": true,
		"time.ns = 0": true, "other.time.ns = 500000000": true, "other.time > time": true, "attr.a != other.attr.a": true, `attr.a = "x"`: true,
		"attr.missing = 1": false, "attr.a > other.attr.a": false,
	} {
		c, err := ParseComparison(text, true)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := c.holds(&mine, &other); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	for _, text := range []string{"", "time", "time ~ time", "time > time + x", "time > time * 1d", "nofield = 1", "other.time = time"} {
		if _, err := ParseComparison(text, false); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

// What several rules say of one thing is one finding, told by the most severe;
// of many things, the newest stand by themselves.
func TestOneFindingAThing(t *testing.T) {
	rule := func(id, severity, more string) string {
		return "- id: " + id + "\n  title: T " + id + "\n  severity: " + severity + "\n  find: 'source:cron'\n  by: attr.path\n  reason: '{attr.path} {count}'\n  false_positive: f\n  next: [n " + id + "]\n" + more
	}
	rules, err := Parse("a.yaml", []byte("rules:\n"+rule("mild", "low", "  most: 3\n")+rule("hard", "high", "  most: 3\n")))
	if err != nil {
		t.Fatal(err)
	}
	set := &Set{Rules: rules}
	var events []timeline.Event
	for i := range 6 {
		e := timeline.Event{ID: timeline.EventID("x", "y", int64(i), 0), Source: "cron", Host: "h", Exhibit: "e3", TimeKind: timeline.Logged, Time: night.Add(time.Duration(i) * time.Hour)}
		e.Attributes.Set("path", "/etc/cron.d/"+string(rune('a'+i)))
		events = append(events, e)
	}
	got, err := set.Run(t.Context(), newMemory(events), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Findings) != 3 {
		t.Fatalf("%d findings: %+v", len(got.Findings), got.Findings)
	}
	more, f, e := got.Findings[0], got.Findings[1], got.Findings[2]
	if more.About != "4 more" || more.Count != 4 || !strings.Contains(more.Reason, "/etc/cron.d/d") || !more.First.Equal(night) {
		t.Errorf("the rest: %+v", more)
	}
	if e.About != "/etc/cron.d/f" || f.About != "/etc/cron.d/e" || e.Rule != "hard" || len(e.Also) != 1 || e.Also[0].Rule != "mild" || e.Count != 1 || len(e.Next) != 2 || e.Exhibits[0] != "e3" {
		t.Errorf("merged: %+v", e)
	}
	if got, err = set.Run(t.Context(), newMemory(events), Options{Min: High}); err != nil || got.Rules != 1 || len(got.Findings[2].Also) != 0 {
		t.Errorf("only high: %+v, %v", got, err)
	}
}

// Many events behind a finding are found by a filter that names no ids.
func TestManyEventsBehind(t *testing.T) {
	rules, err := Parse("a.yaml", []byte(strings.Replace(whole, "'source:cron attr.command:*'", "'source:cron'", 1)))
	if err != nil {
		t.Fatal(err)
	}
	var events []timeline.Event
	for i := range 500 {
		events = append(events, timeline.Event{ID: timeline.EventID("x", "y", int64(i), 0), Source: "cron", User: `o"b`, Host: "h", TimeKind: timeline.Logged, Time: night.Add(time.Duration(i) * time.Second)})
	}
	got, err := (&Set{Rules: rules}).Run(t.Context(), newMemory(events), Options{})
	if err != nil || len(got.Findings) != 1 {
		t.Fatal(got, err)
	}
	f := got.Findings[0]
	n := 0
	filter, err := timeline.ParseFilterAt(f.Filter, timeline.Moments{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if filter.Match(e) {
			n++
		}
	}
	if f.Count != 500 || len(f.Events) != MaxEvents || n != 500 {
		t.Errorf("count %d, %d ids, the filter %q finds %d", f.Count, len(f.Events), f.Filter, n)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Fuzz(func(t *testing.T, src []byte) {
		rules, err := Parse("a.yaml", src)
		if err == nil {
			if _, err := (&Set{Rules: rules}).Run(t.Context(), newMemory(nil), Options{}); err != nil {
				t.Error(err)
			}
		}
	})
}
