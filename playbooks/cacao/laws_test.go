package cacao_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"firebreak/internal/testkit"
	"firebreak/playbooks"
	"firebreak/playbooks/cacao"

	"go.yaml.in/yaml/v4"
)

// data is a playbook's file as data: numbers alike, the order of what has none
// forgotten.
func data(t *testing.T, src []byte) any {
	t.Helper()
	var v any
	if err := yaml.Load(src, &v, yaml.WithV4Defaults()); err != nil {
		t.Fatalf("%v in\n%s", err, src)
	}
	return plain(v)
}

func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if s, ok := x.(string); ok && (k == "manual" || k == "note" || k == "description") {
				x = strings.TrimRight(s, "\n") // as Parse does
			}
			v[k] = plain(x)
		}
		return v
	case map[any]any:
		out := map[string]any{}
		for k, x := range v {
			out[fmt.Sprint(k)] = plain(x)
		}
		return out
	case []any:
		for i, x := range v {
			v[i] = plain(x)
		}
		return v
	case int:
		return float64(v)
	case time.Time:
		return v.Format(time.DateOnly) // a playbook has no dates: it is a text
	default:
		return v
	}
}

// there holds the law for one playbook: yaml, cacao (in canonical form, as
// another tool may write it), yaml.
func there(t *testing.T, src []byte) *cacao.Exported {
	t.Helper()
	p, err := playbooks.Parse("x.yaml", src)
	if err != nil {
		t.Fatalf("%v in\n%s", err, src)
	}
	out, err := cacao.Export(p, cacao.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, pr := range out.Problems {
		if pr.Severity == "error" {
			t.Errorf("the export is not valid: %s\n%s", pr, cacao.Indented(out.Doc))
		}
	}
	in, err := cacao.Import(cacao.Canonical(out.Doc))
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, src, cacao.Indented(out.Doc))
	}
	if got, want := data(t, in.YAML), data(t, src); !reflect.DeepEqual(got, want) {
		t.Fatalf("the playbook differs: %s\n%s\nwas\n%s\nby way of\n%s", unequal(got, want, ""), in.YAML, src, cacao.Indented(out.Doc))
	}
	again, err := playbooks.Parse("x.yaml", in.YAML)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range p.Vars {
		if again.Vars[i].Name != v.Name {
			t.Fatalf("the order of the variables is lost:\n%s", in.YAML)
		}
	}
	for i, s := range p.Steps() {
		was := again.Steps()[i]
		for j := range s.Ask {
			if s.Ask[j].Name != was.Ask[j].Name {
				t.Fatalf("the order of the questions is lost:\n%s\nwas\n%s", in.YAML, src)
			}
		}
		for j := range s.Cases {
			if s.Cases[j].Value != was.Cases[j].Value {
				t.Fatalf("the order of the cases is lost:\n%s\nwas\n%s", in.YAML, src)
			}
		}
	}
	return out
}

// TestLibraryRoundTrip: each playbook of the library comes back from CACAO as
// it was.
func TestLibraryRoundTrip(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testkit.Root(t), "playbooks", "library", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, file := range files {
		if match, _ := filepath.Match("*.test.yaml", filepath.Base(file)); match {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := playbooks.Parse(file, src); err != nil {
				t.Fatal(err)
			}
			there(t, src)
		})
	}
}

// unequal says where two values differ first.
func unequal(got, want any, at string) string {
	switch g := got.(type) {
	case map[string]any:
		w, _ := want.(map[string]any)
		for k, x := range g {
			if !reflect.DeepEqual(x, w[k]) {
				return unequal(x, w[k], at+"/"+k)
			}
		}
		for k, x := range w {
			if _, ok := g[k]; !ok {
				return fmt.Sprintf("%s/%s is missing: %v", at, k, x)
			}
		}
	case []any:
		w, _ := want.([]any)
		for i, x := range g {
			if i < len(w) && !reflect.DeepEqual(x, w[i]) {
				return unequal(x, w[i], fmt.Sprintf("%s/%d", at, i))
			}
		}
	}
	return fmt.Sprintf("at %s got %#v, want %#v", at, got, want)
}
