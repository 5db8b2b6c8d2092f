package declared

import (
	"testing"
)

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
