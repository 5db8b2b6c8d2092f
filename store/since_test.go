package store

import (
	"slices"
	"testing"

	"firebreak/record"
)

func TestSince(t *testing.T) {
	t.Parallel()
	s := create(t, testOptions(t))
	kinds := []record.Kind{record.Noted, record.ItemAdded}
	var r Reading
	read := func(want ...string) (anew bool) {
		t.Helper()
		view(t, s, func(tx *Tx) error {
			es, now, again, err := tx.Since(r, kinds...)
			if err != nil {
				return err
			}
			var got []string
			for _, e := range es {
				var n record.Note
				if err := e.Decode(&n); err != nil {
					return err
				}
				got = append(got, n.Text)
			}
			if !slices.Equal(got, want) {
				t.Errorf("read %q, want %q", got, want)
			}
			r, anew = now, again
			return nil
		})
		return anew
	}
	read()
	add(t, s, record.Noted, record.Note{Text: "one"})
	add(t, s, record.Noted, record.Note{Text: "two"})
	anew := read("one", "two")
	add(t, s, record.ActionPlanned, plan("a1", 1)) // of another kind
	anew = read() || anew
	add(t, s, record.Noted, record.Note{Text: "three"})
	if anew = read("three") || anew; anew {
		t.Error("nothing was changed, and it is read anew")
	}
	var fields []record.ErasedField
	all, _ := erasableFields(t, s)
	for _, f := range all {
		if f.Seq == 2 && f.Name == "text" {
			fields = append(fields, f)
		}
	}
	if err := erase(t, s, agreeTo(t, s, fields)); err != nil {
		t.Fatal(err)
	}
	finish(t, s)
	if !read(record.ErasedMark, "two", "three") {
		t.Error("what was read before an erasure is still held to be so")
	}
	if read() {
		t.Error("read anew twice")
	}
}
