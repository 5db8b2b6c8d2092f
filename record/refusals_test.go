package record

import (
	"slices"
	"testing"
)

func TestGroupRefused(t *testing.T) {
	got := GroupRefused([]Refusal{
		{"a", "/1", "permission denied"},
		{"a", "/2", "77 bytes: over the limit of 10 for x"},
		{"b", "/3", `symbolic link to "\"x"`},
		{"a", "/4", "permission denied"},
		{"a", "/5", "78 bytes: over the limit of 10 for x"},
		{"a", "/6", `symbolic link to "y"`},
		{"a", "/7", "the same file as /x, y, which was taken"},
		{"a", "/8", "78 bytes: over the limit of 11 for x"},
	})
	want := []struct {
		text    string
		sources []string
	}{
		{"permission denied", []string{"/1", "/4"}},
		{"over the limit of 10 for x", []string{"/2", "/5"}},
		{"symbolic link to …", []string{"/3", "/6"}},
		{"the same file as /x, y, which was taken", []string{"/7"}},
		{"78 bytes: over the limit of 11 for x", []string{"/8"}},
	}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, w := range want {
		if got[i].Text != w.text || !slices.Equal(got[i].Sources, w.sources) || len(got[i].Whole) != len(w.sources) {
			t.Errorf("%+v, want %+v", got[i], w)
		}
	}
}
