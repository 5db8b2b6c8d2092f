package declared

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

var update = flag.Bool("update", false, "write docs/action.schema.json")

const published = "../../docs/action.schema.json"

func TestPublishedSchema(t *testing.T) {
	want, err := Schema()
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
		t.Errorf("docs/action.schema.json is not what the program gives (%v); run go test ./integrations/declared -update", err)
	}
}

// asJSON is what an editor makes of a file.
func asJSON(t *testing.T, src []byte) any {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal(src, &doc); err != nil {
		t.Fatal(err)
	}
	return (&decoder{}).fixed(doc.Content[0], "")
}

// The built-in files fit the schema, as an independent reader sees it; what it
// refuses Parse refuses too.
func TestSchemaAgrees(t *testing.T) {
	s, err := jsonschema.NewCompiler().Compile(published)
	if err != nil {
		t.Fatal(err)
	}
	builtin, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range builtin {
		src, err := BuiltinSource(f.Kind)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(through(asJSON(t, src))); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	for _, c := range wrong() {
		if !c.schema {
			continue
		}
		if s.Validate(through(asJSON(t, []byte(c.src)))) == nil {
			t.Errorf("the schema takes what Parse does not:\n%s", c.src)
		}
	}
}
