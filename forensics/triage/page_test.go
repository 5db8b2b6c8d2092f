package triage

import (
	"os"
	"testing"
)

// The page of documentation has the rules as they are: make docs writes it.
func TestPage(t *testing.T) {
	s, err := BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile("../../docs/triage.md")
	if err != nil {
		t.Fatal(err)
	}
	if page, ok := s.Page(string(b)); !ok || page != string(b) {
		t.Error("docs/triage.md is not what the rules give: make docs")
	}
}
