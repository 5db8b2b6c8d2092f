package events

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"firebreak/timeline"
)

// A scan goes backwards too, and without texts it tells all the rest.
func TestScanBackwardsAndBare(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	db := openTest(t)
	batch := make([]timeline.Event, 400)
	for i := range batch {
		batch[i] = randomEvent(r, i)
	}
	if _, err := db.Append(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	scan := func(q Request) (found []timeline.Event) {
		f, err := timeline.ParseFilter("-host:web-2", day)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Scan(t.Context(), f, q, func(e *timeline.Event) error {
			found = append(found, e.Clone())
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return found
	}
	all := scan(Request{})
	if len(all) < 100 {
		t.Fatalf("only %d events", len(all))
	}
	back := scan(Request{End: true})
	slices.Reverse(back)
	if !reflect.DeepEqual(ids(back), ids(all)) {
		t.Errorf("backwards: %d events of %d, or others", len(back), len(all))
	}
	if few := scan(Request{End: true, Limit: 3}); !reflect.DeepEqual(ids(few), []string{all[len(all)-1].ID.String(), all[len(all)-2].ID.String(), all[len(all)-3].ID.String()}) {
		t.Errorf("the last three: %v", ids(few))
	}
	for i, e := range scan(Request{Bare: true}) {
		want := all[i]
		want.Message, want.Attributes = "", nil
		if !reflect.DeepEqual(e, want) {
			t.Fatalf("bare: %+v, want %+v", e, want)
		}
	}
}
