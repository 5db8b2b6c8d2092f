package tui

import (
	"strings"
	"testing"

	"firebreak/response"
)

// inOutbox is a desk whose action a1 has come to a state.
func inOutbox(state response.ActionState, class string) *scripted {
	d := newScripted()
	d.board.Approvals = 0
	a := &d.board.Actions[0]
	a.State, a.Class, a.Says, a.NextTry = state, class, "dial tcp: no route to host", at(20)
	if state == response.Queued {
		d.board.Queued = 1
	}
	return d
}

func TestTheOutboxIsReachedAndItsRowsGoOn(t *testing.T) {
	d := inOutbox(response.Queued, "not-sent")
	h := sit(t, d, Options{Incident: id, ASCII: true}, 120, 40)
	h.sees("1 in the outbox")
	h.press("2")
	h.sees("IN THE OUTBOX, O")
	h.press("O")
	h.sees("Outbox", "a1 queued not-sent Isolate FIN-FS01", "Send what waits")
	h.press("enter")
	h.sees("Send it now, with the same key", "a1 is queued: dial tcp: no route to host")
	h.press("down", "enter") // its outcome is known: there is nothing to look for
	h.sees("its outcome is not unknown")
	h.press("up", "enter")
	if did := d.done(); !strings.Contains(did, "retry a1 false") {
		t.Errorf("did %q", did)
	}
}

func TestWhatIsGivenUpHasAReason(t *testing.T) {
	d := inOutbox(response.Unknown, "ambiguous")
	h := sit(t, d, Options{Incident: id, ASCII: true}, 80, 24)
	h.press("O", "enter")
	h.sees("IT MAY HAVE HAPPENED")
	h.press("down", "down", "down", "enter", "n", "o", "enter")
	if did := d.done(); !strings.Contains(did, "drop a1 no") {
		t.Errorf("did %q", did)
	}
	h.press("O", "enter", "down", "down", "enter", "y", "enter")
	if did := d.done(); !strings.Contains(did, "retry a1 true y") {
		t.Errorf("did %q", did)
	}
}

func TestTheOutboxIsWorkedFromTheScreen(t *testing.T) {
	d := inOutbox(response.Queued, "throttled")
	h := sit(t, d, Options{Incident: id, ASCII: true}, 120, 40)
	h.press("O", "down", "enter")
	if did := d.done(); !strings.Contains(did, "run outbox false") {
		t.Errorf("did %q", did)
	}
	h.sees("1 action delivered")
}

func TestAnEmptyOutboxSaysSo(t *testing.T) {
	d := inOutbox(response.Verified, "")
	h := sit(t, d, Options{Incident: id, ASCII: true}, 80, 24)
	h.press("O")
	h.sees("nothing is in it (outbox: not sent, unknown, failed)")
}
