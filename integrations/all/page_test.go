package all

import (
	"os"
	"regexp"
	"testing"

	"firebreak/integrations"
)

// TestEveryActionSaysWhatItIs: danger, grade and numbers are there, and of the
// shape that they have where they come from.
func TestEveryActionSaysWhatItIs(t *testing.T) {
	list, err := Descriptions(Systems())
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 100 {
		t.Fatalf("%d actions", len(list))
	}
	react, d3fend := regexp.MustCompile(`^RA[1-6][0-9]{3}$`), regexp.MustCompile(`^D3-[A-Z0-9]{2,6}$`)
	for _, d := range list {
		switch d.Tested {
		case integrations.RealPeer, integrations.Emulated, integrations.Described, integrations.Unconfirmed:
		default:
			t.Errorf("%s: nobody says against what it was tested: %q", d.Name, d.Tested)
		}
		for _, id := range d.React {
			if !react.MatchString(id) {
				t.Errorf("%s: %q is no number of RE&CT", d.Name, id)
			}
		}
		for _, id := range d.D3fend {
			if !d3fend.MatchString(id) {
				t.Errorf("%s: %q is no number of D3FEND", d.Name, id)
			}
		}
	}
}

func TestPage(t *testing.T) {
	want, err := Page()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../docs/actions.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/actions.md is not what the actions say: make docs")
	}
}
