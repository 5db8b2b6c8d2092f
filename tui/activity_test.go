package tui

import (
	"context"
	"testing"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/response"
)

// asking notes before which entry a page of the activity was asked for.
type asking struct {
	desk
	before []int64
}

func (d *asking) Activity(_ context.Context, _ incident.ID, before int64, _ int) ([]response.Activity, error) {
	d.before = append(d.before, before)
	return nil, nil
}

// An entry that comes while the first page is under way does not take the
// screen to the beginning.
func TestActivityStaysAtTheEnd(t *testing.T) {
	d := &asking{}
	a := &app{desk: d, ctx: t.Context()}
	v := newActivity(a)
	a.board.loaded = true
	for _, size := range []int64{21, 22} {
		a.board.value = response.Board{Head: record.Head{Size: size}}
		ask := v.Load()
		if ask == nil {
			t.Fatal("nothing is asked for")
		}
		ask()
	}
	if len(d.before) != 2 || d.before[0] != 0 || d.before[1] != 0 {
		t.Errorf("pages before %v, want the last one twice (0)", d.before)
	}
}
