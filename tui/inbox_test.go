package tui

import (
	"fmt"
	"strings"
	"testing"

	"firebreak/internal/testkit"
	"firebreak/response"
)

// The start screen says that alerts wait, and how bad they are.
func TestInboxOnTheStartScreen(t *testing.T) {
	for _, size := range [][2]int{{60, 15}, {80, 24}} {
		d := newScripted()
		d.inbox = response.InboxState{Count: 3, Worst: "critical"}
		h := sit(t, d, Options{Look: Mono}, size[0], size[1])
		view := h.m.View()
		checkLayout(t, view, size[0], size[1])
		testkit.Golden(t, fmt.Sprintf("golden/inbox-%dx%d.txt", size[0], size[1]), []byte(view+"\n"))
	}
	h := sit(t, newScripted(), Options{Look: Mono}, 80, 24)
	h.seesNot("INBOX")
}

func TestInboxIsReadOut(t *testing.T) {
	d := newScripted()
	d.inbox = response.InboxState{Count: 1, Worst: "low"}
	if said := talk(t, d, PlainOptions{}, ""); !strings.Contains(said, "Inbox: 1 alert waits, worst low. To see them: firebreak intake list.") {
		t.Errorf("%s", said)
	}
}
