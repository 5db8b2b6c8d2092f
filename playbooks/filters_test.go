package playbooks

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"firebreak/timeline"
)

func TestFillFilter(t *testing.T) {
	values := map[string]any{
		"user": `an"n or \ host:x`, "n": 7, "hosts": []string{"web-1", `a b"`}, "none": []string{}, "blank": " ",
	}
	for _, c := range []struct{ text, want, wrong string }{
		{"failed password", "failed password", ""},
		{"user:{{ user }} -source:cron", `user:"an\"n or \\ host:x" -source:cron`, ""},
		{`"for {{ user }} from"`, `"for an\"n or \\ host:x from"`, ""},
		{"attr.port:{{ n }}", `attr.port:"7"`, ""},
		{"host:{{ hosts }}", `host:"web-1","a b\""`, ""},
		{`"x {{ hosts }}"`, "", "list of 2"},
		{"host:{{ none }}", "", "list of 0"},
		{"user:{{ blank }}", "", "empty value"},
		{"/port {{ n }}/", "", "between slashes"},
		{`message:/\/{{ n }}/`, "", "between slashes"},
		{`/a\/b/ {{ n }}`, `/a\/b/ "7"`, ""},
		{`"\"" {{ n }}`, `"\"" "7"`, ""},
		{"a/b {{ n }}", `a/b "7"`, ""},
	} {
		got, err := fillFilter(c.text, func(name string) (any, error) { return values[name], nil })
		switch {
		case c.wrong != "":
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%s: %q, %v; want an error with %q", c.text, got, err, c.wrong)
			}
		case err != nil || got != c.want:
			t.Errorf("%s: %q, %v; want %q", c.text, got, err, c.want)
		default:
			if _, err := timeline.ParseFilterAt(got, timeline.Moments{}); err != nil {
				t.Errorf("%s: %v", got, err)
			}
		}
	}
}

// FuzzFillFilter: whatever a value holds, it is that value and nothing else.
func FuzzFillFilter(f *testing.F) {
	f.Add(`x" or host:*`)
	f.Add(`\`)
	f.Add(`/.*/`)
	f.Add(`a*`)
	f.Add(`b,c`)
	f.Fuzz(func(t *testing.T, v string) {
		if strings.TrimSpace(v) == "" || len(v) > 500 || !utf8.ValidString(v) {
			t.Skip("no value that a playbook puts in")
		}
		filled, err := fillFilter("user:{{ v }}", func(string) (any, error) { return v, nil })
		if err != nil {
			t.Fatal(err)
		}
		only, err := timeline.ParseFilterAt(filled, timeline.Moments{})
		if err != nil { // the language has no phrase with control characters
			if strings.IndexFunc(v, unicode.IsGraphic) < 0 || strings.IndexFunc(v, func(r rune) bool { return !unicode.IsGraphic(r) }) >= 0 {
				t.Skip("a control character: refused, as it should be")
			}
			t.Fatalf("%q gives %s: %v", v, filled, err)
		}
		if !only.Match(timeline.Event{User: v}) {
			t.Errorf("%s does not find %q", filled, v)
		}
		for _, other := range []string{v + "x", "x" + v, "", "root", "host"} {
			if !strings.EqualFold(other, v) && only.Match(timeline.Event{User: other, Host: "host"}) {
				t.Errorf("%s finds %q", filled, other)
			}
		}
	})
}
