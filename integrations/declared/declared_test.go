package declared

import (
	"reflect"
	"testing"
)

// What acts is what is tested.
func TestWithoutTests(t *testing.T) {
	t.Parallel()
	with, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	without := MustBuiltin()
	if len(with) != len(without) {
		t.Fatal(len(with), len(without))
	}
	for i, f := range with {
		for j, a := range f.Actions {
			b := without[i].Actions[j]
			if len(a.Examples) == 0 || len(b.Examples) != 0 || a.at != b.at || a.ID != b.ID {
				t.Errorf("%s: %d and %d tests, at %v and %v", a.ID, len(a.Examples), len(b.Examples), a.at, b.at)
			}
			x, y := act{Action: a, kind: f.Kind}.Describe(), act{Action: b, kind: f.Kind}.Describe()
			if !reflect.DeepEqual(x, y) || len(a.prior) != len(b.prior) || (a.verify == nil) != (b.verify == nil) || (a.find == nil) != (b.find == nil) || (a.undo == nil) != (b.undo == nil) || len(a.errors) != len(b.errors) {
				t.Errorf("%s differs", a.ID)
			}
		}
	}
}

// Every built-in file can be read, and its own tests go as they say.
func TestBuiltinFiles(t *testing.T) {
	t.Parallel()
	files, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		for _, id := range f.Untested() {
			t.Errorf("%s: %s has no test", f.Name, id)
		}
		for _, a := range f.Actions {
			for _, e := range a.Examples {
				p := Play(t.Context(), f.System, f.Kind, a, e)
				for _, bad := range p.Failures {
					t.Errorf("%s:%d: %s, %s: %s", f.Name, bad.Line, a.ID, e.Name, bad.Message)
				}
			}
		}
	}
}
