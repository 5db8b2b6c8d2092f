package tui

import (
	"context"
	"errors"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/response"
)

// undone is a desk whose step c4 was carried out by a1, with an undo in a state.
func undone(state response.ActionState) *scripted {
	d := newScripted()
	d.board.Phases[1].Steps[3].State, d.board.Phases[1].Steps[3].By = playbooks.Done, "m.okafor"
	d.board.Next, d.board.Approvals = "c5", 0
	a := &d.board.Actions[0]
	a.State, a.Says = response.Verified, "State verified: isolated"
	if state == "" {
		return d
	}
	if state == response.Verified || state == response.Sent {
		a.RevertedBy = "a4"
	}
	if state == response.Planned {
		d.board.Approvals = 1
	}
	d.board.Actions = append(d.board.Actions, response.ActionView{
		Planned: record.Planned{Action: "a4", Title: "Release FIN-FS01", Target: "FIN-FS01", Danger: incident.Low, Digest: digest, Reverts: "a1", Approvals: 1},
		Step:    "c4", State: state,
	})
	return d
}

func TestAnUndoneActionDoesNotLookInForce(t *testing.T) {
	for state, want := range map[response.ActionState][2]string{
		response.Planned:  {"!! Isolate FIN-FS01", "undo a4 NEEDS APPROVAL"},
		response.Approved: {".. Isolate FIN-FS01", "undo a4 approved, r sends"},
		response.Sending:  {".. Isolate FIN-FS01", "undo a4 SENDING"},
		response.Unknown:  {"?? Isolate FIN-FS01", "undo a4 UNKNOWN, l looks"},
		response.Verified: {"<- Isolate FIN-FS01", "UNDONE a4"},
		response.Failed:   {"ok Isolate FIN-FS01", "m.okafor"},
		response.Rejected: {"ok Isolate FIN-FS01", "m.okafor"},
	} {
		h := sit(t, undone(state), Options{Incident: id, ASCII: true}, 120, 40)
		h.press("2", "up")
		h.sees(want[0], want[1])
		if state == response.Verified {
			h.sees("UNDONE by a4; was verified")
			h.press("1")
			h.sees("1 verified, 1 undone")
		}
	}
}

func TestAnUndoThatWaitsIsNotPlannedAgain(t *testing.T) {
	h := sit(t, undone(response.Planned), Options{Incident: id, ASCII: true}, 120, 40)
	h.press("2", "up", "u")
	h.sees("undo a4 NEEDS APPROVAL (a)")
	h.press("enter")
	h.sees("APPROVE Release FIN-FS01")
	h.did("")
}

func TestAnApprovedUndoIsSentAndAnUnknownOneLookedAt(t *testing.T) {
	h := sit(t, undone(response.Approved), Options{Incident: id, ASCII: true}, 120, 40)
	h.press("2", "up", "r")
	h.did("do a4")
	h = sit(t, undone(response.Unknown), Options{Incident: id, ASCII: true}, 120, 40)
	h.press("2", "up", "l")
	h.did("look a4")
}

// end lets the scripted run go on: the step is done and the next one waits.
func (s *scripted) end(step int, next string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	phases := append([]response.PhaseView(nil), s.board.Phases...)
	steps := append([]response.StepView(nil), phases[1].Steps...)
	steps[step].State = playbooks.Done
	phases[1].Steps = steps
	s.board.Phases, s.board.Next = phases, next
}

func TestTheCursorFollowsTheWork(t *testing.T) {
	h := begin(t)
	h.press("2")
	h.desk.end(3, "") // for a while nothing waits
	h.run(h.m.refresh())
	h.desk.end(3, "c5")
	h.run(h.m.refresh())
	h.sees(">[] Disable svc-backup")
	h.press("down")
	h.desk.end(4, "c6")
	h.run(h.m.refresh())
	h.press("up", "up") // the person looks at what is over
	h.run(h.m.refresh())
	h.sees(">ok Isolate FIN-FS01")
	h.press("down", "down", "space")
	h.desk.end(5, "c7")
	h.run(h.m.refresh())
	h.sees(">XX Collect again")
}

func TestWhatHasJustEndedCanBeUndone(t *testing.T) {
	h := begin(t)
	h.press("2")
	approved := h.desk.board.Actions[0]
	approved.State = response.Approved
	h.m.board.value.Actions = []response.ActionView{approved}
	h.desk.board.Actions[0].State = response.Verified
	h.desk.end(3, "c5")
	h.press("r")
	h.sees(">[] Disable svc-backup", "verified: Isolate FIN-FS01; u undoes it")
	h.press("u")
	h.sees("Plan the undo of Isolate FIN-FS01")
	h.press("esc", "down", "u")
	h.sees("it has no action")
}

func TestRunningWorkStaysInSight(t *testing.T) {
	h := begin(t)
	h.desk.hold = make(chan struct{})
	h.press("4", "c")
	h.asyn = true
	h.press("enter")
	h.m.tell("noted")
	h.sees("noted", ".. collect triage", "ctrl+c cancels")
	_ = h.m.fail("note", errors.New("disk full"))
	h.sees("! note: disk full", "! reads", ".. collect triage", "ctrl+c cancels")
}

func TestAnAutomaticRunSaysWhatItWaitsFor(t *testing.T) {
	b := newScripted().board
	until := time.Date(2026, 11, 20, 2, 49, 5, 0, time.UTC)
	for want, w := range map[string]response.Waiting{
		"the run has ended":                           {Done: true},
		"waits: step c7 failed":                       {Reason: "step c7 failed", Steps: []string{"c7"}},
		"waits for a person: Disable svc-backup, x9":  {Steps: []string{"c5", "x9"}},
		"another process performs Disable svc-backup": {Others: []string{"c5"}, Until: until},
		"tries again at 02:49:05Z; r runs it now":     {Until: until},
		"nothing can be done now":                     {},
	} {
		if got := waits(w, b); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	s := &b.Phases[1].Steps[4]
	s.Verb, s.State, s.Until = playbooks.VerbWait, playbooks.Running, until
	if got, want := waits(response.Waiting{Until: until}, b), "waits until 02:49:05Z; space ends the wait"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestStoppedWorkSaysSo(t *testing.T) {
	h := begin(t)
	_ = h.m.fail("collect", context.Canceled)
	h.sees("collect: stopped by you")
}

func TestWhatSeveralExhibitsHaveIsSaidOnce(t *testing.T) {
	h := begin(t)
	h.press("4")
	clock := "the host's clock is not synchronised"
	xs := append(h.m.evidence.held.value.exhibits, response.ExhibitView{})
	h.m.evidence.held.value.exhibits = xs
	for i := range xs {
		xs[i].Parsed = nil
		xs[i].Deviations = append(xs[i].Deviations, clock)
	}
	xs[0].Deviations = nil
	h.sees("! 3 exhibits: " + clock)
	if got := special(xs[1], h.m.evidence.common()); len(got) != 1 || got[0] == clock {
		t.Errorf("special about the second: %q", got)
	}
	if got := special(xs[2], h.m.evidence.common()); len(got) != 0 {
		t.Errorf("special about the third: %q", got)
	}
}

func TestAListShowsAnEntryInShort(t *testing.T) {
	h := begin(t)
	for _, c := range [][3]string{
		{"c4", "step c4 failed: no route", "Isolate FIN-FS01: failed: no route"},
		{"zz", "step zz started", "step zz started"},
		{"", "a2 sent [ngrk6icxabcdefghijklmnop]", "a2 sent [ngrk6icx..]"},
		{"", "a3 sent [203.0.113.66]", "a3 sent [203.0.113.66]"},
	} {
		if got := h.m.brief(response.Activity{Step: c[0], Text: c[1]}).Text; got != c[2] {
			t.Errorf("%q, want %q", got, c[2])
		}
	}
}
