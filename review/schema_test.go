package review_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/internal/testkit/reviews"
	"firebreak/internal/testkit/typeschema"
	"firebreak/record"
	"firebreak/review"
)

func maker(t *testing.T) *typeschema.Maker {
	t.Helper()
	return &typeschema.Maker{
		Root: testkit.Root(t), Module: "firebreak", Comments: said,
		Filled: func(t reflect.Type) bool { return t == reflect.TypeFor[review.Review]() },
		Known: map[reflect.Type]typeschema.Object{
			reflect.TypeFor[incident.Severity](): {"enum": []string{"sev1", "sev2", "sev3", "sev4"}},
			reflect.TypeFor[incident.Phase]():    {"enum": []string{"", "identify", "contain", "eradicate", "recover", "learn"}},
			reflect.TypeFor[incident.Danger]():   {"enum": []string{"none", "low", "medium", "high"}},
		},
	}
}

func schemaOf(t *testing.T, m *typeschema.Maker) []byte {
	t.Helper()
	data, err := m.Make(reflect.TypeFor[review.Review](), review.Format, "Firebreak review")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Replace(data, []byte(`"format": {`+"\n      \"description\":"), []byte(`"format": {`+"\n      \"const\": \""+review.Format+"\",\n      \"description\":"), 1)
}

// TestSchemaIsCurrent holds the published schema to the types.
func TestSchemaIsCurrent(t *testing.T) {
	path := filepath.Join(testkit.Root(t), "docs", "review.schema.json")
	want := schemaOf(t, maker(t))
	if f := flag.Lookup("update"); f != nil && f.Value.String() == "true" {
		if err := os.WriteFile(path, want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(path); err != nil || !bytes.Equal(have, want) {
		t.Errorf("docs/review.schema.json is not what the types give (%v); run go test ./review -update", err)
	}
}

func compiled(t *testing.T, data []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("review.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("review.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestReviewsAreOfTheSchema validates whole reviews, strictly: a member that the
// schema does not describe is an error, too.
func TestReviewsAreOfTheSchema(t *testing.T) {
	m := maker(t)
	m.Closed = true
	closed := compiled(t, schemaOf(t, m)) // what is valid of this one is valid of the published one
	valid := func(name string, r review.Review) {
		t.Helper()
		if err := closed.Validate(plain(t, r)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	valid("the whole story", build(t, rich(t)))
	valid("an empty one", reviews.Empty(t, "k"))
	valid("one that knows much", reviews.Rich(t, "k"))
	valid("one whose reader sees little", reviews.Masked(t, "k"))
	for _, p := range []record.Profile{record.PublicProfile, record.RegulatorProfile} {
		valid("for "+string(p), readBy(t, p, "k"))
	}
}

// TestBrokenReviewsAreNot breaks a review in one place after the other.
func TestBrokenReviewsAreNot(t *testing.T) {
	schema := compiled(t, schemaOf(t, maker(t)))
	for name, breaks := range map[string]func(map[string]any){
		"another form":       func(o map[string]any) { o["format"] = "firebreak.review/2" },
		"no timeline":        func(o map[string]any) { delete(o, "timeline") },
		"a list that is not": func(o map[string]any) { o["timeline"] = nil },
		"no incident":        func(o map[string]any) { o["incident"] = "2026-0007" },
		"no such severity":   func(o map[string]any) { o["incident"].(map[string]any)["severity"] = "sev9" },
		"no such phase":      func(o map[string]any) { o["phases"].([]any)[0].(map[string]any)["phase"] = "panic" },
		"no time":            func(o map[string]any) { o["timeline"].([]any)[0].(map[string]any)["time"] = "yesterday" },
		"a time elsewhere":   func(o map[string]any) { o["made"] = "2026-11-20T03:00:00+01:00" },
		"half an entry":      func(o map[string]any) { o["timeline"].([]any)[0].(map[string]any)["seq"] = 1.5 },
		"a number as text":   func(o map[string]any) { o["integrity"].(map[string]any)["size"] = "1" },
	} {
		o, ok := plain(t, reviews.Rich(t, "k")).(map[string]any)
		if !ok {
			t.Fatal("a review is no object")
		}
		if err := schema.Validate(o); err != nil {
			t.Fatal(err)
		}
		if breaks(o); schema.Validate(o) == nil {
			t.Errorf("%s: it is valid", name)
		}
	}
}

func plain(t *testing.T, r review.Review) any {
	t.Helper()
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return v
}
