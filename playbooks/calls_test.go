package playbooks

import (
	"testing"

	"firebreak/incident"
	"firebreak/record"
)

const holds = `playbook: v1
id: keep
name: Keep
version: 1.0.0
phases:
  identify:
    - {id: order, manual: Get the order.}
  recover:
    - {id: prove, manual: Prove that it holds.}
  learn:
    - {id: note, manual: Write it down.}
fallback: [{id: else, manual: m}]
`

// keeper is a playbook that calls another beside its own work in one phase, and
// has more work in the next.
func keeper(t *testing.T) *walker {
	t.Helper()
	own := `playbook: v1
id: x
name: X
version: 1.0.0
phases:
  identify:
    - {id: begin, manual: m}
    - {id: hold, playbook: keep@1, needs: [begin]}
    - {id: look, manual: m, needs: [begin]}
  contain:
    - {id: cut, manual: m}
    - {id: beside, manual: m, needs: []}
`
	return newWalker(t, own, nil)
}

func (w *walker) wantPhase(want incident.Phase) {
	w.t.Helper()
	if got := w.run.Phase(); got != want {
		w.t.Errorf("phase %s, want %s", got, want)
	}
}

// A called playbook is one step of the phase that it is called in, whatever
// phases it has of its own: it holds up no sibling that does not need it, and the
// next phase until all of it has ended.
func TestCalledPlaybookAndTheNextPhase(t *testing.T) {
	w := keeper(t)
	w.done("begin")
	w.call("hold", mustParse(t, holds))
	w.wantReady("hold/order:begin look:begin")
	w.done("look")
	w.done("hold/order") // its own recover and learn are no phase of the run
	w.wantReady("hold/prove:begin")
	w.wantPhase(incident.Identify)
	for _, id := range []string{"cut", "beside"} { // needs: [] waits for no step of its phase, and for the phase all the same
		st, _ := w.run.Status(id)
		if st.State != Locked || st.Why != "waits for hold of identify" {
			t.Errorf("%s is %s: %s", id, st.State, st.Why)
		}
	}
	if st, _ := w.run.Status("hold/prove"); st.Phase != incident.Identify {
		t.Errorf("shown in %s", st.Phase)
	}
	w.done("hold/prove")
	w.done("hold/note")
	w.wantReady("hold:finish") // the end is an entry of its own: its variables are the result
	w.wantState("cut", Locked)
	w.finish("hold")
	w.wantReady("cut:begin beside:begin")
	w.wantPhase(incident.Contain)

	w.reopen("hold/prove") // people go back into it: what has not begun waits again
	w.wantState("cut", Locked)
	w.wantPhase(incident.Identify)
	w.done("hold/prove")
	w.finish("hold")
	w.done("beside")
	w.done("cut")
	w.wantOver(true)
	replay(t, w)
}

// What a called playbook leaves open when it is passed over holds up nothing, and
// what it lets its own fallback handle does as long as that is open.
func TestCalledPlaybookThatIsLeft(t *testing.T) {
	w := keeper(t)
	w.done("begin")
	w.done("look")
	w.call("hold", mustParse(t, holds))
	w.fail("hold/order")
	w.wantReady("hold/else:begin")
	w.wantState("cut", Locked)
	w.done("hold/else")
	w.wantReady("hold/prove:begin")
	w.must(record.StepAdded, "hold/more", record.AdHoc{Run: "r", ID: "hold/more", Title: "More", Phase: incident.Learn})
	w.skip("hold")
	for _, id := range []string{"hold/prove", "hold/note", "hold/more"} {
		w.wantState(id, Skipped)
	}
	w.wantReady("cut:begin beside:begin")
	w.refused(record.StepReopened, "hold/order", record.StepSkip{Run: "r", Reason: "again"}, "around it")
	w.reopen("hold") // the call is made anew; nothing of the first one is left
	w.wantReady("hold:begin")
	w.wantState("cut", Locked)
	w.call("hold", mustParse(t, holds))
	w.wantReady("hold/order:begin")
	w.skip("hold")
	w.done("cut")
	w.done("beside")
	w.wantOver(true)
	replay(t, w)
}
