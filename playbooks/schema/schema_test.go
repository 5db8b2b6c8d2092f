package schema_test

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"firebreak/playbooks"
	"firebreak/playbooks/schema"
)

var update = flag.Bool("update", false, "write docs/playbook.schema.json")

const published = "../../docs/playbook.schema.json"

func TestPublishedSchema(t *testing.T) {
	want, err := schema.Playbook()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(published, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(published)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("docs/playbook.schema.json is not what the tables give (%v); run go test ./playbooks/schema -update", err)
	}
}

// validator is an independent reading of the published schema.
func validator(t testing.TB) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(published)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// plain is what an editor makes of a YAML file: keys are texts.
func plain(t testing.TB, n *yaml.Node) any {
	t.Helper()
	if n.Kind == yaml.DocumentNode {
		return plain(t, n.Content[0])
	}
	if n.Kind == yaml.SequenceNode {
		out := []any{}
		for _, c := range n.Content {
			out = append(out, plain(t, c))
		}
		return out
	}
	if n.Kind == yaml.MappingNode {
		out := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			out[n.Content[i].Value] = plain(t, n.Content[i+1])
		}
		return out
	}
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!int", "!!float":
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil {
			return f
		}
	}
	return n.Value
}

func check(t testing.TB, s *jsonschema.Schema, src []byte) error {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal(src, &doc); err != nil {
		t.Fatal(err)
	}
	return s.Validate(plain(t, &doc))
}

func TestPlaybooksOfTheLibraryFit(t *testing.T) {
	s := validator(t)
	library := os.DirFS("../library")
	names, err := fs.Glob(library, "*.yaml")
	if err != nil || len(names) < 3 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".test.yaml") {
			continue
		}
		src, err := fs.ReadFile(library, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := check(t, s, src); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every key of the language is in the schema, and says what it is.
func TestEveryKeyIsExplained(t *testing.T) {
	s := validator(t)
	g := playbooks.TheGrammar()
	for what, of := range map[string]struct {
		keys []string
		have map[string]*jsonschema.Schema
	}{
		"playbook": {g.TopKeys, s.Properties},
		"step":     {g.StepKeys, step(s).Properties},
	} {
		for _, key := range of.keys {
			if p := of.have[key]; p == nil || p.Description == "" {
				t.Errorf("%s: key %s has no description", what, key)
			}
		}
		if len(of.have) != len(of.keys) {
			t.Errorf("%s: %d keys in the schema, %d in the language", what, len(of.have), len(of.keys))
		}
	}
}

func step(s *jsonschema.Schema) *jsonschema.Schema {
	return s.Properties["fallback"].Ref.Items2020.Ref
}

const head = "playbook: v1\nid: x\nname: X\nversion: 1.0.0\n"

func book(vars, step string) string {
	return head + "vars: {" + vars + "}\nphases:\n  identify:\n    - " + step + "\n"
}

// What the schema refuses, Parse refuses with the code beside it.
func TestBadPlaybooksDoNotFit(t *testing.T) {
	s := validator(t)
	for src, code := range map[string]string{
		"[]": "PB011",
		strings.Replace(book("", "{id: a, manual: m}"), "v1", "v9", 1): "PB011",
		"playbook: v1\n": "PB010",
		head + "phases: {identfy: [{id: a, manual: m}]}":                           "PB008",
		head + "phases: {identify: []}":                                            "PB009",
		head + "tlp: purple\nphases: {identify: [{id: a, manual: m}]}":             "PB012",
		head + "attack: [T1]\nphases: {identify: [{id: a, manual: m}]}":            "PB012",
		head + "calendar: DE\nphases: {identify: [{id: a, manual: m}]}":            "PB012",
		head + "roles: {king: required}\nphases: {identify: [{id: a, manual: m}]}": "PB008",
		head + "fallback: {}\nphases: {identify: [{id: a, manual: m}]}":            "PB009",
		book("a: {}", "{id: a, manual: m}"):                                        "PB010",
		book("a: {type: sting}", "{id: a, manual: m}"):                             "PB012",
		book("a: {type: int, promt: x}", "{id: a, manual: m}"):                     "PB008",
		book("A-b: {type: int}", "{id: a, manual: m}"):                             "PB030",
		book("", "{id: a}"):                                                                  "PB020",
		book("", "{id: a, manual: m, wait: 1h}"):                                             "PB020",
		book("b: {type: bool, default: true}", "{id: a, if: b}"):                             "PB020",
		book("", "{manual: m}"):                                                              "PB022",
		book("", "{id: A_b, manual: m}"):                                                     "PB022",
		book("", "{id: a, manual: m, tilte: x}"):                                             "PB008",
		book("", "{id: a, manual: [m]}"):                                                     "PB009",
		book("", "{id: a, wait: 5 minutes}"):                                                 "PB025",
		book("", "{id: a, wait: 5bd}"):                                                       "PB025",
		book("", "{id: a, wait: 1h, retry: {max: 2, every: 1s}}"):                            "PB024",
		book("", "{id: a, action: x.y, retry: {max: 0, every: 1s}}"):                         "PB012",
		book("", "{id: a, action: x.y, approve: {count: 1}}"):                                "PB010",
		book("", "{id: a, action: x.y, rollback: {action: x.z, manual: m}}"):                 "PB009",
		book("", "{id: a, action: x.y, verify: {action: x.z}}"):                              "PB010",
		book("", "{id: a, action: x.y, impact: huge}"):                                       "PB012",
		book("", "{id: a, run: ls -l}"):                                                      "PB009",
		book("", "{id: a, run: [ls], env: {A-B: c}}"):                                        "PB012",
		book("", "{id: a, run: [ls], on: 'ssh:-o'}"):                                         "PB012",
		book("", "{id: a, http: {}}"):                                                        "PB010",
		book("", "{id: a, http: {url: https://a.example, method: PSOT}}"):                    "PB012",
		book("", "{id: a, http: {url: https://a.example, expect: 42}}"):                      "PB012",
		book("", "{id: a, http: {url: https://a.example, headers: {'X A': b}}}"):             "PB036",
		book("", "{id: a, playbook: A B}"):                                                   "PB012",
		book("", "{id: a, notify: x, template: ../x}"):                                       "PB012",
		book("", "{id: a, manual: m, d3fend: [T1078]}"):                                      "PB012",
		book("", "{id: a, manual: m, cacao: x}"):                                             "PB009",
		book("", "{id: a, action: x.y, repeat: {max: 3}}"):                                   "PB010",
		book("", "{id: a, manual: m, do: [{id: b, manual: m}]}"):                             "PB024",
		book("s: {type: string, default: x}", "{id: a, switch: s, cases: {}}"):               "PB009",
		book("b: {type: bool, default: true}", "{id: a, if: b, else: [{id: c, manual: m}]}"): "PB010",
		book("b: {type: bool, default: true}", "{id: a, manual: m, cases: {x: [{id: c, manual: m}]}, default: [{id: d, manual: m}]}"): "PB024",
	} {
		_, err := playbooks.Parse("x.yaml", []byte(src))
		if err == nil || !strings.Contains(err.Error(), " "+code+":") {
			t.Errorf("Parse says %v, want %s to\n%s", err, code, src)
		}
		if check(t, s, []byte(src)) == nil {
			t.Errorf("the schema takes (%s)\n%s", code, src)
		}
	}
}
