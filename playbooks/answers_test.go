package playbooks

import (
	"slices"
	"testing"
)

// None is an empty list; unknown is no list at all, and what depends on it waits.
func TestReadList(t *testing.T) {
	v := &Var{Name: "hosts", Type: List, Match: "[a-z0-9-]+"}
	if err := v.setMatch(); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]string{
		"none": {}, " None ": {}, "web-1": {"web-1"}, "web-1, web-2": {"web-1", "web-2"}, ",": {},
	} {
		got, err := v.Read(text)
		list, ok := got.([]string)
		if err != nil || !ok || !slices.Equal(list, want) {
			t.Errorf("Read(%q): %#v, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", "?", "unknown"} {
		if got, err := v.Read(text); got != nil || err != nil {
			t.Errorf("Read(%q): %#v, %v; want no value", text, got, err)
		}
	}
	if _, err := v.Read("web-1, Web 2"); err == nil {
		t.Error("an item that does not match was read")
	}
}
