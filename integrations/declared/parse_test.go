package declared

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"firebreak/internal/problem"
)

// page is the file that docs/declared-actions.md begins with.
func page(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile("../../docs/declared-actions.md")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile("(?s)```yaml\n(declared: .*?)```").FindSubmatch(b)
	if m == nil {
		t.Fatal("the page has no file")
	}
	return string(m[1])
}

type mistake struct {
	src    string
	want   string
	schema bool // the JSON Schema sees it too
}

const top = "declared: v1\nkind: x\nsystem: {title: X, credential: none}\nactions:\n  - id: x.y\n    version: 1.0.0\n    title: Y\n    danger: low\n    reversible: false\n    idempotency: native\n    effects: [e]\n"

// with is an action that is right but for what is put in.
func with(lines ...string) string {
	out := top
	have := strings.Join(lines, "\n")
	for key, value := range map[string]string{
		"target": "{kind: t, id: a}", "receipt": "{ref: a}", "do": "{method: POST, url: /a}", "verify": "{unread: why}",
	} {
		if !strings.Contains("\n"+have, "\n"+key+":") {
			out += "    " + key + ": " + value + "\n"
		}
	}
	for _, l := range lines {
		out += "    " + l + "\n"
	}
	return out
}

func wrong() []mistake {
	return []mistake{
		{"", "file is empty", false},
		{"declared: v1\n---\nx", "a second document", false},
		{"a: &x 1\nb: *x", "anchors and aliases", false},
		{"declared: !!str v1", "tag", false},
		{"declared: v1\ndeclared: v1", "there twice", false},
		{"declared: v2\nkind: x\nactions: []", `format "v2" is not known`, true},
		{"declared: v1\nkind: okt\nactions: []", `did you mean "okta"?`, false},
		{"declared: v1\nkind: X\nactions: []", "kind", true},
		{"declared: v1\nkind: x\nsystem: {title: X}\nactions: []", "system has no credential", true},
		{strings.Replace(with(), "credential: none", "credential: {kind: beerer}", 1), `did you mean "bearer"?`, true},
		{strings.Replace(with(), "credential: none", "credential: none, base_url: ftp://x.example", 1), "not the address of a server", true},
		{strings.Replace(with(), "credential: none", "credential: none, base_url: 'https://u:p@x.example'", 1), "not the address of a server", true},
		{strings.Replace(with(), "credential: none", "credential: none, base_url: 'https://{zone}.example'", 1), "no setting with a pattern", false},
		{strings.Replace(with(), "credential: none", "credential: {kind: oauth2, user: client_id, token_url: /t}", 1), "which is no setting", false},
		{strings.Replace(with(), "credential: none", "credential: {kind: sigv4}", 1), "needs a setting region", false},
		{strings.Replace(with(), "credential: none", "credential: none, headers: {Host: evil.example}", 1), "made by the program", false},
		{strings.Replace(with(), "credential: none", "credential: {kind: header, header: X-Key}, headers: {x-key: a}", 1), "the connection's own", false},
		{with("titel: x"), `did you mean "title"?`, true},
		{strings.Replace(with(), "id: x.y", "id: y.x", 1), "must begin with the kind", false},
		{strings.Replace(with(), "id: x.y", "id: X.Y", 1), "id", true},
		{strings.Replace(with(), "danger: low", "danger: hgih", 1), `did you mean "high"?`, true},
		{strings.Replace(with(), "idempotency: native", "idempotency: [native]", 1), "idempotency must be a mapping", true},
		{strings.Replace(with(), "    idempotency: native\n", "", 1), "does not say its idempotency", false},
		{strings.Replace(with(), "reversible: false", "reversible: true", 1), "has no undo", false},
		{strings.Replace(with(), "idempotency: native", "idempotency: marker", 1), "cannot look for it", false},
		{with("verify: {says: x}"), "how it is verified", false},
		{with("done: state.a == 1"), "there is no member a", false},
		{with("params: {p: {type: sting}}"), `did you mean "string"?`, true},
		{with("params: {P: {}}"), "is not a name", true},
		{with("params: {p: {match: '('}}"), "not a regular expression", false},
		{with("params: {p: {required: true, default: a}}"), "required and has a default", false},
		{with("params: {p: {type: int, default: a}}"), "default of p", false},
		{with("do: {method: POST, url: 'https://evil.example/'}"), "path that begins with one /", false},
		{with("do: {method: POST, url: //evil.example/}"), "path that begins with one /", false},
		{with("do: {method: POST, url: /a?b=c}"), "character that no path has", false},
		{with("do: {method: POST, url: /a/../b}"), "goes up a folder", false},
		{with("do: {method: TRACE, url: /a}"), "TRACE", true},
		{with("do: {method: POST, url: /a, body: {}, form: {}}"), "more than one body", false},
		{with("do: {method: POST, url: /a, expect: 99}"), "from 100 to 599", true},
		{with("do: {method: POST, url: /a, headers: {Authorization: x}}"), "made by the program", false},
		{with("do: {method: POST, url: /a, headers: {'X Y': x}}"), "not the name of a header", false},
		{with("do: {method: POST, url: /a, body: '{{ params.a '}"), "never closed", false},
		{with("do: {method: POST, url: /a, body: '{{ parms.a }}'}"), `did you mean "params"?`, false},
		{with("do: {method: POST, url: /a, body: '{{ now() }}'}"), "now", false},
		{with("do: {method: POST, url: /a, body: '{{ map([1], # + 1) }}'}"), "not part of the language", false},
		{with("do: {method: POST, url: /a, body: '{{ 1..10000000 }}'}"), "ranges", false},
		{with("do: {method: POST, url: /a, body: 'x {{ secrets.s }}'}", "params: {s: {type: secret}}"), "can only be a whole value", false},
		{with("do: {method: POST, url: '/{{ secrets.s }}'}", "params: {s: {type: secret}}"), "can only be a whole value", false},
		{with("do: {method: POST, url: /a, query: {k: '{{ secrets.s }}'}}", "params: {s: {type: secret}}"), "cannot stand here", false},
		{with("do: {method: POST, url: /a, body: '{{ secrets.s }}'}"), "is not declared", false},
		{with("do: {method: POST, url: /a, body: '{{ params.s }}'}", "params: {s: {type: secret}}"), "there is no member s", false},
		{with("prior: {get: /a, keep: {a: answer.}}"), "unexpected", false},
		{with("prior: {keep: {}}"), "has no get", true},
		{with("prior: {get: /a, pages: {items: answer, next: link, most: 1000}}"), "from 1 to 50", true},
		{with("undo: {action: x.z, says: back}"), "reversible", false},
		{strings.Replace(with("undo: {action: x.z, says: back}"), "reversible: false", "reversible: true", 1), "which is not there", false},
		{strings.Replace(with("undo: {action: okta.user.suspend, says: back, with: {usr: a}}"), "reversible: false", "reversible: true", 1), `did you mean "user"?`, false},
		{with("refuse: {when: 1, say: x}"), "bool", false},
		{with("react: RA31"), "react", true},
		{with("errors: {outcome: rejected}"), "needs a status, or says", false},
		{with("errors: {status: 400, outcome: failed}"), "failed", true},
		{with("tests: [{name: a, talk: [{to: x}], expect: {}}]"), "to", true},
		{with("effects2: x"), `has no key "effects2"`, true},
		{with("target: {kind: t, id: 'a\u202eb'}"), "cannot be seen", false},
		{strings.Repeat("[", 200), "nested more than", false},
		{"declared: v1\nkind: github\nsystem: {title: G, credential: none}\nactions:\n  - {id: github.x, version: 1.0.0, title: T, reversible: false, idempotency: none, effects: [e], target: {kind: t, id: a}, receipt: {ref: a}, do: {method: POST, url: /}, verify: {unread: why}}", "kind github is there already", false},
		{"declared: v1\nkind: okta\nactions:\n  - {id: okta.user.suspend, version: 1.0.0, title: T, reversible: false, idempotency: none, effects: [e], target: {kind: t, id: a}, receipt: {ref: a}, do: {method: POST, url: /}, verify: {unread: why}}", "action okta.user.suspend is there already", false},
	}
}

func TestWrongFiles(t *testing.T) {
	t.Parallel()
	if _, err := Read([]Source{{"right.yaml", []byte(with())}}); err != nil {
		t.Fatalf("what the others are changed from: %v", err)
	}
	for _, c := range wrong() {
		_, err := Read([]Source{{"x.yaml", []byte(c.src)}})
		ps, ok := err.(problem.Problems) //nolint:errorlint // Read says so
		if !ok || !strings.Contains(err.Error(), c.want) {
			t.Errorf("says %v, want %q to\n%s", err, c.want, c.src)
			continue
		}
		for _, p := range ps {
			if p.Line < 1 || p.Column < 1 || p.File != "x.yaml" {
				t.Errorf("a problem without its place: %+v", p)
			}
		}
	}
}

// The place of a mistake is that of the character that is wrong.
func TestPlaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ change, to, want string }{
		{"keep: {since: answer.since}", "keep: {since: anwser.since}", "x.yaml:23:21: anwser is not known here (did you mean \"answer\"?)"},
		{`"{{ params.address }}"}`, `"{{ params.addresz }}"}`, "there is no member addresz (did you mean \"address\"?)"},
		{"with: {address:", "with: {addresz:", "takes no parameter addresz (did you mean \"address\"?)"},
		{"done: state.found\n", "done: state.fuond\n", "there is no member fuond (did you mean \"found\"?)"},
	} {
		_, err := Read([]Source{{"x.yaml", []byte(strings.Replace(page(t), c.change, c.to, 1))}})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("says %v, want %s", err, c.want)
		}
	}
}

// A file that declares a kind may stand behind one that adds to it.
func TestTwoFiles(t *testing.T) {
	t.Parallel()
	more := strings.NewReplacer("kind: x\nsystem: {title: X, credential: none}", "kind: waf", "id: x.y", "id: waf.more").Replace(with())
	files, err := Read([]Source{{"a.yaml", []byte(more)}, {"b.yaml", []byte(page(t))}})
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	n := 0
	for _, s := range Systems(files) {
		if s.Kind != "waf" {
			t.Errorf("kind %s", s.Kind)
		}
		actions, err := s.Actions(testConnection("http://127.0.0.1:1"))
		if err != nil {
			t.Fatal(err)
		}
		n += len(actions)
	}
	if n != 3 {
		t.Errorf("%d actions", n)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(page(f)))
	for _, c := range wrong() {
		f.Add([]byte(c.src))
	}
	builtin, err := Builtin()
	if err != nil {
		f.Fatal(err)
	}
	for _, b := range builtin {
		src, err := BuiltinSource(b.Kind)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		files, err := Read([]Source{{"f.yaml", src}})
		if err != nil {
			if _, ok := err.(problem.Problems); !ok { //nolint:errorlint // Read says so
				t.Fatalf("%T", err)
			}
			return
		}
		// What is taken can be made into actions and described.
		for _, s := range Systems(files) {
			actions, err := s.Actions(testConnection("http://127.0.0.1:1"))
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range actions {
				if d := a.Describe(); d.Name == "" || d.System != s.Kind {
					t.Errorf("%+v", d)
				}
			}
		}
	})
}

func FuzzAnswers(f *testing.F) {
	f.Add(`{"a":[1,2.5,9007199254740993,1e999],"b":{"c":null}}`)
	f.Add(`<a><b>1</b><b>2</b><c><member>x</member></c></a>`)
	f.Add(`<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>`)
	f.Fuzz(func(t *testing.T, text string) {
		if v, err := parseJSON(text); err == nil {
			if _, err := encode(v); err != nil {
				t.Errorf("JSON that cannot be written again: %v", err)
			}
		}
		if v, err := parseXML(text); err == nil {
			if _, err := encode(v); err != nil {
				t.Errorf("XML that JSON cannot hold: %v", err)
			}
		}
	})
}
