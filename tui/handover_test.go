package tui

import (
	"strings"
	"testing"
)

func TestHandover(t *testing.T) {
	h := sit(t, newScripted(), Options{Incident: id, ASCII: true}, 80, 24)
	h.press("N")
	h.sees("Handover", "LOOK AT FIRST", "! a2  Disable a token on acme: UNKNOWN")
	h.sees(`Look at a host\x1b[2J: ready`) // shown, and not obeyed
	h.press("G")
	h.sees("c39")
	h.press("y")
	h.sees("Hand on", "To whom")
	h.press("tab", "tab", "enter", "enter")
	if strings.Contains(strings.Join(h.desk.did, " "), "handed") {
		t.Error("it was handed to nobody")
	}
	h.press("esc")
	h.press("y")
	h.types("grace").press("tab").types("commander").press("tab").types("The bank calls at 9.").press("enter", "enter")
	h.did("handed to grace as commander after 214: The bank calls at 9.")
	h.sees("handed on to grace")

	ro := sit(t, newScripted(), Options{Incident: id, ASCII: true, ReadOnly: true}, 80, 24)
	ro.press("N")
	ro.sees("LOOK AT FIRST")
	ro.press("y")
	ro.seesNot("To whom")
}

func TestHandoverInEverySize(t *testing.T) {
	for _, size := range [][2]int{{120, 40}, {80, 24}, {60, 15}} {
		h := sit(t, newScripted(), Options{Incident: id, ASCII: true}, size[0], size[1])
		h.press("N")
		h.sees("Handover")
		if testing.Verbose() {
			t.Log("\n" + h.m.View())
		}
	}
}
