package triage

import "testing"

func TestBuiltIn(t *testing.T) {
	s, err := BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Rules) < 60 {
		t.Errorf("%d rules", len(s.Rules))
	}
}
