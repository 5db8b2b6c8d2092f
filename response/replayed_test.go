package response

import (
	"reflect"
	"testing"

	"firebreak/config"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/store"
)

const manyTurns = `playbook: v1
id: many-turns
name: Many turns
version: 1.0.0
vars: {who: {type: string, default: Ann}}
phases:
  identify:
    - {id: hosts, for_each: '["web-1", "web-2"]', as: host, do: [{id: see, manual: "See {{ host }} with {{ who }}."}]}
    - {id: more, needs: [], if: who == "Ann", then: [{id: once, manual: Once.}], repeat: {every: 1h, max: 3}}
  contain:
    - {id: hold, manual: Hold.}
`

// A run that goes on from the one that was kept is what a replay of the whole
// record gives, and whoever got one may do with it what he likes.
func TestKeptRunIsAReplay(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(manyTurns)
	ctx := t.Context()
	f, err := b.s.s.open(ctx, b.id)
	b.must(err)
	same := func(after string) {
		t.Helper()
		b.must(f.store.View(ctx, func(tx *store.Tx) error {
			kept, err := b.s.s.run(tx)
			if err != nil {
				return err
			}
			held := b.s.s.replayed[b.id]
			b.s.s.replayed = nil
			whole, err := b.s.s.run(tx)
			if err != nil {
				return err
			}
			b.s.s.replayed[b.id] = held
			var states [2][]playbooks.StepStatus
			for i, run := range []*playbooks.Run{kept, whole} {
				for _, st := range run.Steps() {
					states[i] = append(states[i], *st)
				}
			}
			if !reflect.DeepEqual(states[0], states[1]) || !reflect.DeepEqual(kept.Env(), whole.Env()) || kept.Phase() != whole.Phase() {
				t.Errorf("after %s: %+v\nwant %+v", after, states[0], states[1])
			}
			kept.Env()["who"] = "somebody else"
			return nil
		}))
	}
	same("the beginning")
	for _, step := range []string{"see.1", "see.2", "once.1"} {
		b.must(b.s.DoneStep(ctx, b.id, step, nil, "seen"))
		same(step)
	}
	_, err = b.s.AddStep(ctx, b.id, record.AdHoc{Title: "Call Bob"})
	b.must(err)
	same("a step of its own")
	b.must(b.s.ReopenStep(ctx, b.id, "see.2", "another look"))
	same("a step that was opened again")
}
