package tui

import (
	"testing"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/response"
)

const fingerprint = "SHA256:7BySAyT7kEwMN0WOzIhATNoIVxkO0DGI+mZSISnbeyc"

// TestApprovalSaysWithWhatItIsSigned: who approves reads the key before the yes.
func TestApprovalSaysWithWhatItIsSigned(t *testing.T) {
	for _, c := range []struct {
		key  response.SigningKey
		says string
	}{
		{response.SigningKey{Principal: "m.okafor@example.org", Key: fingerprint, Strength: record.Agent, Known: true}, "Signed as m.okafor@example.org, SHA256:7BySAyT7kE.. (agent)."},
		{response.SigningKey{Principal: "m.okafor", Key: fingerprint, Strength: record.KeyFile}, "Nobody here vouches for the key."},
		{response.SigningKey{}, "Not signed: there is no signing key."},
	} {
		d := newScripted()
		d.signs, d.key = true, c.key
		d.board.Actions[0].Danger = incident.Low
		d.board.Actions[0].Approvals = 2
		d.board.Actions[0].ApprovedBy = []string{"j.lind"}
		d.board.Actions[0].Given = []response.Given{{Person: "j.lind", Strength: record.Local}}
		h := sit(t, d, Options{Incident: id, ASCII: true}, 100, 40)
		h.press("a")
		h.sees("APPROVE", c.says, "1 of 2 approvals by commander: j.lind (local)")
	}
}

// TestTokenIsToBeTouched: what waits for a finger says so, and can be given up.
func TestTokenIsToBeTouched(t *testing.T) {
	d := newScripted()
	d.key = response.SigningKey{Principal: "m.okafor", Key: fingerprint, Strength: record.Hardware, Known: true}
	h := sit(t, d, Options{Incident: id, ASCII: true}, 100, 40)
	h.press("S")
	h.sees("Sign the record", "Why now?")
	d.hold = make(chan struct{}) // the token waits
	h.asyn = true
	h.press("enter")
	h.asyn = false
	h.press("ctrl+c")
	h.release() // the work sees its context ended
	h.sees("stopped by you")
	close(d.hold)
	h.press("S", "enter")
	h.sees("signed by m.okafor (hardware)")

	var told []string
	touch(t.Context(), d, func(p response.Progress) { told = append(told, p.What) })
	d.key.Strength = record.Agent
	touch(t.Context(), d, func(p response.Progress) { told = append(told, p.What) })
	if len(told) != 1 || told[0] != touchWord {
		t.Errorf("told %q", told)
	}
}
