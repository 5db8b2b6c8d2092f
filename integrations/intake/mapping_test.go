package intake

import (
	"errors"
	"strings"
	"testing"
	"time"
)

const mappingText = `intake: v1
tool: Own scanner
kind: vulnerability
list: $.items[*]
snapshot: true
error: $.failure
fields:
  title: "@.text"
  severity: {from: "@.level", map: {P1: critical, P2: high}, default: low}
  key: ["@.id", "$.project"]
  cve: "@.ids[*]"
  file: "@.where['the file']"
  line: "@.where.lines[0]"
  state: {from: "@.done", map: {"true": fixed, "false": open}}
  time: "@.seen"
  host: {text: build-1}
`

func TestMapping(t *testing.T) {
	m, err := NewMapping("m.yaml", []byte(mappingText))
	if err != nil {
		t.Fatal(err)
	}
	const text = `{"project":"p","items":[{"id":9007199254740993,"level":"P1","text":"t","ids":["CVE-2026-1001","CVE-2026-1002"],"where":{"the file":"a b","lines":[7,8]},"done":true,"seen":"2026-11-21T03:12:00Z"},{"id":2,"level":"other","text":"u"}]}`
	found, r, err := read(t, text, Options{Mapping: m, Name: "x"})
	if err != nil || len(found) != 2 || r.Format != "mapped" || !r.Snapshot {
		t.Fatalf("%v %v %v", found, r, err)
	}
	f := found[0]
	if f.Tool != "Own scanner" || f.Kind != Vulnerability || f.Severity != Critical || f.Says != "P1" || f.Fingerprint != "9007199254740993|p" || len(f.CVE) != 2 || f.File != "a b" ||
		f.Line != 7 || f.State != Fixed || f.Host != "build-1" || f.Pointer != "/items/0" || !f.Time.Equal(time.Date(2026, 11, 21, 3, 12, 0, 0, time.UTC)) || f.Composed {
		t.Errorf("%+v", f)
	}
	if found[1].Severity != Low || found[1].State != Open {
		t.Errorf("%+v", found[1])
	}
	if found, _, err := read(t, `{"project":"p","items":[]}`, Options{Mapping: m}); err != nil || len(found) != 0 {
		t.Errorf("none: %v %v", found, err)
	}
	if found, _, err := read(t, strings.ReplaceAll(text, "]}]}", "]}]}")+"\n"+text, Options{Mapping: m}); err != nil || len(found) != 4 || found[2].Pointer != "/1/items/0" {
		t.Errorf("two documents: %v %v", found, err)
	}
	for text, want := range map[string]error{
		`{"failure":"no licence","items":[]}`: ErrReported, `{"other":[]}`: ErrMalformed, `{"items":[1]}`: ErrMalformed, `[]`: nil,
	} {
		if _, _, err := read(t, text, Options{Mapping: m}); !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
}

func TestMappingIsStrict(t *testing.T) {
	base := func(old, with string) string { return strings.Replace(mappingText, old, with, 1) }
	for _, c := range []struct{ text, want string }{
		{"", "m.yaml:1:1: there is nothing in it"},
		{"[", "no YAML"},
		{base("intake: v1", "intake: v2"), "m.yaml:1:9: intake: want v1"},
		{base("tool: Own scanner\n", ""), "tool is missing"},
		{base("kind: vulnerability", "kind: bug"), "m.yaml:3:7: kind: want one of"},
		{base("list: $.items[*]", "list: items"), "m.yaml:4:7: list: items: a path begins with"},
		{base("list: $.items[*]", `list: "@.items"`), "a path in the document begins with $"},
		{base("list: $.items[*]", "list: $.items[x]"), "a number from 0"},
		{base("list: $.items[*]", "list: $..items"), "a plain name"},
		{base("snapshot: true", "snapshot: maybe"), "want true or false"},
		{base("  title:", "  titel:"), `there is no field "titel"`},
		{base("tool:", "tools:"), `there is no key "tools"`},
		{base("P1: critical", "P1: worst"), `"worst" is not known`},
		{base("default: low", "default: lowest"), `"lowest" is not known`},
		{base("{text: build-1}", "{text: build-1, from: \"@.x\"}"), "want from or text"},
		{base("{text: build-1}", "build-1"), "m.yaml:16:9: fields.host: build-1: a path begins with @"},
		{base("  host:", "  title:"), `"title" is there twice`},
		{base("tool: Own scanner", "tool: &a x"), "anchors and aliases"},
		{mappingText + "---\na: b\n", "more than one document"},
		{strings.Repeat("#", MaxMapping+1), "more than 64 KiB"},
	} {
		_, err := NewMapping("m.yaml", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}
