package tui

import (
	"strings"
	"testing"
	"time"

	"firebreak/response"
)

// lateUpdate is a desk whose executives wait for twelve minutes.
func lateUpdate() *scripted {
	d := newScripted()
	d.board.Updates = []response.UpdateDue{
		{Audience: "executives", Last: "u2", LastAt: at(-70), Due: at(-12), Now: true, Late: 12},
		{Audience: "customers", Due: at(600)},
		{Audience: "responders", Last: "u1", LastAt: at(-70), Open: []string{"a7"}},
	}
	return d
}

func TestUpdatesThatAreDue(t *testing.T) {
	h := sit(t, lateUpdate(), Options{Incident: id, ASCII: true}, 120, 40)
	h.sees("executives  LATE by", "customers  ", " left", "NOT GONE OUT: a7")
	h.press("U")
	h.sees("Who is told what is new since the last time?", "executives  last u2", "customers  nothing yet", "LATE by")
	h.press("down", "enter")
	h.sees("Update to executives", "What do you say to them?")
	h.types("It works again.").press("enter")
	h.release()
	h.clock.Advance(time.Second) // it opened by itself
	h.sees("u3  TLP:AMBER  profile executive", "12 min late", "It works again.", "Phase: contain", "chat, slack.message.post on #leaders", "POST https://slack.example/api", "h-3Z6626TW")
	h.press("enter")
	if strings.Contains(strings.Join(h.desk.did, " "), "update u3") {
		t.Error("enter sent it")
	}
	h.press("y")
	h.did("update u3 to executives: It works again.")
	h.sees("executives were told: u3")
}

func TestUpdateIsNotSent(t *testing.T) {
	h := sit(t, lateUpdate(), Options{Incident: id, ASCII: true}, 80, 24)
	h.press("U", "down", "enter")
	h.types("red").press("enter")
	h.release()
	h.clock.Advance(time.Second) // it opened by itself
	h.press("G")
	h.sees("NOT over chat: TLP:RED goes nowhere by itself", "tell them another way")
	h.press("y")
	h.sees("! chat: TLP:RED goes nowhere by itself")
	h.press("n")
	h.sees("not sent; U puts it together again")
	if strings.Contains(strings.Join(h.desk.did, " "), "update u3") {
		t.Error("it was sent")
	}
	// What was typed is not lost.
	h.press("U", "down", "enter")
	h.sees("red")
	h.press("esc", "esc")
	ro := sit(t, lateUpdate(), Options{Incident: id, ASCII: true, ReadOnly: true}, 80, 24)
	ro.press("U")
	ro.seesNot("Who is told")
}

func TestUpdatesInEverySize(t *testing.T) {
	for _, size := range [][2]int{{120, 40}, {80, 24}, {60, 15}} {
		h := sit(t, lateUpdate(), Options{Incident: id, ASCII: true}, size[0], size[1])
		h.press("U", "down", "enter").types("x").press("enter")
		h.release()
		h.clock.Advance(time.Second) // it opened by itself
		h.sees("Update to executives")
		if testing.Verbose() {
			t.Log("\n" + h.m.View())
		}
	}
}
