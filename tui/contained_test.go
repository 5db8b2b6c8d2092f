package tui

import (
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/response"
)

// contains is a desk with one containment that ends in a while, and one that has no
// end.
func contains(ends time.Duration) *scripted {
	d := undone("")
	d.board.Contained = []response.Containment{
		{Action: "a1", Name: "edr.isolate", Title: "Isolate FIN-FS01", Target: "FIN-FS01", State: response.Verified, Since: at(13), By: []string{"m.okafor"}, Lasts: "4h0m0s", Until: clockNow().Add(ends), Over: ends <= 0, Undo: "edr.release", Timer: "the EDR lets it go after 8h0m0s"},
		{Action: "a3", Name: "x.y", Title: "Block 203.0.113.9", Target: "203.0.113.9", State: response.Sent, Since: at(14), By: []string{"m.okafor"}, Undo: "unblock"},
	}
	return d
}

func clockNow() time.Time { return at(0).Add(47 * time.Minute) }

func TestWhatIsInForceIsOnTheDashboard(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}} {
		d := contains(3 * time.Hour)
		h := sit(t, d, Options{Incident: id, ASCII: true}, size[0], size[1])
		left := d.board.Contained[0].Until.Sub(h.m.now())
		h.sees("IN FORCE", "a1 Isolate FIN-FS01", lasted(left)+" left")
		h.press("E")
		h.sees("In force", "by m.okafor", "no end")
		h.press("enter")
		h.sees("a1 in force", "over there: the EDR", "give it more time: 4h00m from now")
	}
}

func TestAContainmentThatIsOverIsInSightAndDoneAbout(t *testing.T) {
	d := contains(0)
	h := sit(t, d, Options{Incident: id, ASCII: true}, 80, 24)
	d.board.Contained[0].Until = h.m.now().Add(-time.Minute)
	h.run(h.m.refresh())
	h.sees("1 OVER TIME", "OVER by 1m00s")
	h.run(h.m.reminders())
	h.sees("the time of a1 is over: Isolate FIN-FS01 on FIN-FS01")
	h.run(h.m.reminders()) // not again and again
	h.press("E", "enter", "down", "down", "enter")
	h.types("not clean yet")
	h.press("enter")
	h.did("remind\n" + `extend a1 4h0m0s "not clean yet"`)
}

func TestSoonIsInTheHeader(t *testing.T) {
	d := contains(time.Hour)
	h := sit(t, d, Options{Incident: id, ASCII: true}, 120, 40)
	d.board.Contained[0].Until = h.m.now().Add(10 * time.Minute)
	h.run(h.m.refresh())
	h.sees("a1 ends in 10m00s")
}

func TestAPlanShowsWhatItIsBoundTo(t *testing.T) {
	v := newScripted().board.Actions[0]
	v.Lasts, v.Level, v.Tried = "4h0m0s", response.LevelTried, "isolated (dry run)"
	v.Details.Bound, v.Details.Count, v.Details.Limits = true, 1, "step 5, incident 20"
	v.Details.Targets, v.Details.Prior = []string{"host FIN-FS01 (id 8841), one of 300"}, []string{"state: online"}
	v.Details.Inverse, v.Details.Timer = "edr.release host=8841", "the EDR lets it go after 8h0m0s"
	v.Overrides = []string{"protected: host:FIN-*"}
	var b strings.Builder
	for _, l := range planLines(v, 200, v.PlannedAt.Add(90*time.Second)) {
		for _, s := range l {
			b.WriteString(s.text)
		}
		b.WriteByte('\n')
	}
	for _, want := range []string{
		"GOES AROUND protected: host:FIN-*", "one of 300", "state: online", "edr.release host=8841", "4h00m, then you are reminded", "lets it go after 8h0m0s",
		"L2, by the other side: isolated (dry run)", "1 target; step 5, incident 20", "1m30s ago",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
}

func TestWhoPlannedItReadsThatSomebodyElseHasToAgree(t *testing.T) {
	d := newScripted()
	d.board.Actions[0].Second, d.board.Actions[0].PlannedBy = true, d.Actor().Name
	d.board.Actions[0].Danger = incident.High
	h := sit(t, d, Options{Incident: id, ASCII: true}, 80, 24)
	h.press("a")
	h.sees("You planned it: somebody else has to agree")
}
