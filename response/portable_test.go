package response

import (
	"bytes"
	"io"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"firebreak/config"
	"firebreak/incident"
)

// Every form of a portable export fits the published schema.
func TestPortableFitsItsSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../docs/portable.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, config.Config{})
	b.open()
	ctx := t.Context()
	b.must(b.s.Note(ctx, b.id, "", "hostile \x1b]0;title\x07 text \u202e and ann@example.org", false))
	for _, name := range []string{"auth.log", "again.log"} {
		_, err := b.s.Ingest(ctx, b.id, []string{b.file(name, authLog+name)}, IngestOptions{}, nil)
		b.must(err)
	}
	fits := func(o PortableOptions, incidents int) {
		t.Helper()
		var out bytes.Buffer
		sum, err := b.s.Portable(ctx, o, &out, nil)
		b.must(err)
		v, err := jsonschema.UnmarshalJSON(&out)
		b.must(err)
		if err := schema.Validate(v); err != nil || sum.Incidents != incidents {
			t.Errorf("%+v: %d incidents; %v", o, sum.Incidents, err)
		}
	}
	fits(PortableOptions{Incident: b.id}, 1)
	fits(PortableOptions{Incident: b.id, Events: 1}, 1)
	fits(PortableOptions{Person: "ann@example.org"}, 1)
	fits(PortableOptions{Person: "nobody-at-all"}, 0)
	fits(PortableOptions{Incident: b.id, Evidence: func(_ incident.ID, exhibit string, plain io.Reader) (string, error) {
		_, err := io.Copy(io.Discard, plain)
		return exhibit + ".bin", err
	}}, 1)
	b.erase(EraseRequest{Exhibits: []string{"e1"}})
	fits(PortableOptions{Incident: b.id}, 1)
}
