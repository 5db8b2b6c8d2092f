package tui

import (
	"testing"

	"firebreak/response"
)

// TestAnInjectIsReadAndAnswered: the header counts it, I shows it with the time
// that is left, and one answer is sent after a second look.
func TestAnInjectIsReadAndAnswered(t *testing.T) {
	h := begin(t)
	h.desk.board.Exercise = &response.ExerciseView{
		Scenario: "small", Name: "A small one", Elapsed: 300, Open: 1,
		Injects: []response.InjectView{{
			ID: "boss", At: 240, Due: 840, From: "a manager", To: "commander", Title: "How bad is it?", Text: "I need a word\nfor the board.",
			Question: "What do you say?", State: "open", Choices: []response.InjectChoice{{ID: "facts", Text: "What is known"}, {ID: "calm", Text: "All is well"}},
		}},
	}
	h.m.board.value.Exercise = h.desk.board.Exercise
	h.sees("1 inject")
	h.press("I")
	h.sees("How bad is it?")
	h.sees("I need a word for the board.")
	h.sees("answer within 0:09:00")
	h.press("down", "enter")
	h.sees("All is well")
	h.did("") // not before a yes
	h.press("y")
	h.did("answer boss calm")
}
