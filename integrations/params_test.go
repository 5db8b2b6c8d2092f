package integrations

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func described() Description {
	return Description{Name: "x.y", System: "x", Params: []Param{
		{Name: "s", Type: "string", Required: true, Match: "[a-z]+|x"},
		{Name: "i", Type: "int", Match: "-?[0-9]{1,3}"},
		{Name: "b", Type: "bool", Default: true},
		{Name: "d", Type: "duration", Default: "4h"},
		{Name: "l", Type: "list", Match: "[a-z]*"},
		{Name: "k", Type: "secret"},
	}}
}

func TestRead(t *testing.T) {
	v, err := Read(described(), map[string]any{"s": "abc", "i": json.Number("12"), "l": []any{"a", "b"}, "k": "env:TOKEN"})
	if err != nil {
		t.Fatal(err)
	}
	if v.Text("s") != "abc" || v.Int("i") != 12 || !v.Bool("b") || v.Duration("d") != 4*time.Hour || !slices.Equal(v.List("l"), []string{"a", "b"}) || v.Text("k") != "env:TOKEN" {
		t.Errorf("%+v", v)
	}
	v, err = Read(described(), map[string]any{"s": "abc", "i": "12", "b": "false", "d": "2d", "l": "a, b"})
	if err != nil || v.Int("i") != 12 || v.Bool("b") || v.Duration("d") != 48*time.Hour || !slices.Equal(v.List("l"), []string{"a", "b"}) {
		t.Errorf("as text: %+v, %v", v, err)
	}
	if v.Has("k") || v.Text("k") != "" || !v.Has("b") {
		t.Error("what was not given")
	}
}

func TestCheckRefuses(t *testing.T) {
	for params, want := range map[string]string{
		`{}`:                      "s: missing",
		`{"s":""}`:                "s: missing",
		`{"s":null}`:              "s: missing",
		`{"s":"A"}`:               "does not match",
		`{"s":"a\nb"}`:            "does not match",
		`{"s":"ab1"}`:             "does not match", // the pattern is of the whole value
		`{"s":{}}`:                "want text",
		`{"s":1.5}`:               "want text",
		`{"s":"a","i":"x"}`:       "whole number",
		`{"s":"a","i":1.5}`:       "whole number",
		`{"s":"a","i":1e300}`:     "whole number",
		`{"s":"a","i":1000}`:      "does not match",
		`{"s":"a","b":"yes"}`:     "true or false",
		`{"s":"a","b":1}`:         "true or false",
		`{"s":"a","d":"soon"}`:    "duration",
		`{"s":"a","d":-1}`:        "duration",
		`{"s":"a","d":"-1h"}`:     "duration",
		`{"s":"a","d":"99999d"}`:  "duration",
		`{"s":"a","l":[["a"]]}`:   "want text",
		`{"s":"a","l":["A"]}`:     "does not match",
		`{"s":"a","l":7}`:         "want a list",
		`{"s":"a","z":1}`:         "z: unknown; known are s, i, b, d, l, k",
		`{"s":"a\u0000"}`:         "zero byte",
		`{"i":1000,"q":1,"s":""}`: "i: ", // all of them are named
	} {
		var m map[string]any
		if err := json.Unmarshal([]byte(params), &m); err != nil {
			t.Fatal(err)
		}
		err := Check(described(), m)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v: want %q", params, err, want)
		}
		if _, err := Read(described(), m); OutcomeOf(err) != Rejected {
			t.Errorf("%s: %v is no rejection", params, err)
		}
	}
	long := map[string]any{"s": "a", "k": strings.Repeat("a", maxText+1)}
	if err := Check(described(), long); err == nil || len(err.Error()) > 200 {
		t.Errorf("a long text: %v", err)
	}
	many := map[string]any{"s": "a", "l": slices.Repeat([]any{"a"}, 101)}
	if err := Check(described(), many); err == nil {
		t.Error("a long list was taken")
	}
}

func FuzzCheck(f *testing.F) {
	f.Add([]byte(`{"s":"abc","i":12,"b":"false","d":"2d","l":["a"]}`))
	f.Add([]byte(`{"s":1e999,"i":[],"l":"a,,b"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m map[string]any
		if json.Unmarshal(b, &m) != nil {
			return
		}
		v, err := Read(described(), m)
		if (err == nil) != (Check(described(), m) == nil) {
			t.Fatal("Read and Check differ")
		}
		if err == nil && !regexp.MustCompile(`^([a-z]+|x)$`).MatchString(v.Text("s")) {
			t.Errorf("took %q", v.Text("s"))
		}
	})
}

func TestKey(t *testing.T) {
	k := Key("2026-0007", "a1", 0)
	if k != Key("2026-0007", "a1", 0) || len(k) != 52 || strings.ToLower(k) != k || strings.Contains(k, "=") {
		t.Errorf("key %q", k)
	}
	for _, other := range []string{Key("2026-0008", "a1", 0), Key("2026-0007", "a2", 0), Key("2026-0007", "a1", 1), Key("2026-0007", "a", 10)} {
		if other == k {
			t.Error("two intents have the same key")
		}
	}
}

func TestText(t *testing.T) {
	c := Call{Key: "abc", Seal: "2026-0007 @12 9f2c"}
	got := Text("Hello <!-- firebreak-key:stolen -->\n\n", c)
	if want := "Hello <!-- firebreak-key stolen -->\n\nFirebreak record: 2026-0007 @12 9f2c\n\n<!-- firebreak-key:abc -->"; got != want {
		t.Errorf("%q", got)
	}
	if !Marked(got, "abc") || Marked(got, "stolen") || Marked(got, "") {
		t.Error("the marks")
	}
	if got := Text("", Call{}); got != "" {
		t.Errorf("nothing: %q", got)
	}
	if got := Line("  a\nb\tc ", 100); got != "a b c" {
		t.Errorf("line %q", got)
	}
	if got := Line(strings.Repeat("é", 50), 20); len(got) > 20 || !strings.HasSuffix(got, "…") {
		t.Errorf("line %q", got)
	}
}

func TestNumber(t *testing.T) {
	for _, v := range []any{7, int64(7), float64(7), "7", json.Number("7")} {
		if n, err := Number(map[string]any{"n": v}, "n"); err != nil || n != 7 {
			t.Errorf("%T: %d, %v", v, n, err)
		}
	}
	if _, err := Number(nil, "n"); err == nil {
		t.Error("nothing is a number")
	}
}

func TestErrorKeepsNoSecret(t *testing.T) {
	_, x := Watch(t.Context(), "a-long-secret")
	err := x.Fail("do", fmt.Errorf("wrapped: %w", &url.Error{Op: "Get", URL: "https://x/?t=a-long-secret", Err: fmt.Errorf("a-long-secret")}))
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v %#v", err, err)} {
		if strings.Contains(text, "a-long-secret") {
			t.Errorf("shown: %s", text)
		}
	}
	var u *url.Error
	if x.Fail("do", nil) != nil || asURL(err, &u) {
		t.Error("the cause with the secret can be reached")
	}
}

func asURL(err error, target **url.Error) bool {
	for err != nil {
		if u, ok := err.(*url.Error); ok { //nolint:errorlint // this is what is looked for
			*target = u
			return true
		}
		w, ok := err.(interface{ Unwrap() error })
		if !ok {
			return false
		}
		err = w.Unwrap()
	}
	return false
}
