package all

import (
	"slices"
	"strings"
	"testing"

	"firebreak/integrations"
)

// The ids that were looked up: in RE&CT's response_actions and in the D3FEND
// ontology. Look a new one up there before it is put here: a wrong one is worse
// than none.
var (
	knownReact  = strings.Fields("RA3101 RA3303 RA3501 RA3601 RA4601 RA5101 RA5301 RA5501 RA5601")
	knownD3fend = strings.Fields("D3-AL D3-CE D3-CQ D3-CR D3-EAL D3-ITF D3-NI D3-NTF D3-PS D3-PT D3-RA D3-RF D3-RNA D3-RUAA D3-ST D3-UAP D3-ULA")
)

func TestFrameworkIDs(t *testing.T) {
	used := map[string]bool{}
	for _, s := range Systems() {
		actions, err := s.Actions(integrations.Connection{Name: s.Kind, Kind: s.Kind}.WithDefaults())
		if err != nil {
			continue // what it needs for its actions is not configured
		}
		for _, a := range actions {
			d := a.Describe()
			for _, id := range d.React {
				if used[id] = true; !slices.Contains(knownReact, id) {
					t.Errorf("%s: %s was not looked up", d.Name, id)
				}
			}
			for _, id := range d.D3fend {
				if used[id] = true; !slices.Contains(knownD3fend, id) {
					t.Errorf("%s: %s was not looked up", d.Name, id)
				}
			}
		}
	}
	for _, id := range slices.Concat(knownReact, knownD3fend) {
		if !used[id] {
			t.Errorf("%s: no action has it", id)
		}
	}
}
