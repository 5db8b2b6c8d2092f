package segment

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"firebreak/timeline"
)

// Rows in no order, of several files whose pieces come mixed, with times that are
// the same, before 1970, out of range, or none, come out as a comparison has them.
func TestRowsWithoutOrderAreSorted(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	keys := []timeline.FileKey{timeline.KeyOf("a", "x"), timeline.KeyOf("b", "x"), timeline.KeyOf("c", "x")}
	times := []func() time.Time{
		func() time.Time { return time.Unix(r.Int64N(50), 0) },
		func() time.Time { return time.Unix(-r.Int64N(1<<32), r.Int64N(1e9)) },
		func() time.Time { return time.Unix(1.7e9+r.Int64N(1<<20), 0) },
		func() time.Time { return time.Date(1000+int(r.Int64N(9000)), 1, 1, 0, 0, 0, 0, time.UTC) },
		func() time.Time { return time.Time{} },
	}
	for _, kinds := range []int{1, 2, 3, 5} {
		b, e := NewBuilder(), newEncoder(t)
		for n := range 5000 {
			offset := int64(n)
			if n%3 == 0 {
				offset = int64(100_000 - n)
			}
			event := timeline.Event{ID: keys[r.IntN(len(keys))].ID(offset, 0), Offset: offset, Time: times[r.IntN(kinds)]().UTC(), Message: "m"}
			if !b.Add(&event) {
				t.Fatal("the builder is full")
			}
		}
		e.sort(b)
		want := make([]uint32, b.Len())
		for i := range want {
			want[i] = uint32(i)
		}
		slices.SortStableFunc(want, b.compare)
		if !slices.Equal(e.order, want) {
			t.Errorf("%d kinds of times: another order", kinds)
		}
	}
}
