package tui

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/incident"
	"firebreak/response"
)

const id = incident.ID("2026-0042")

func begin(t testing.TB) *hand {
	t.Helper()
	return sit(t, newScripted(), Options{Incident: id, ASCII: true}, 100, 30)
}

func TestNoKeyMeansTwoThings(t *testing.T) {
	m := newModel(newScripted(), nil, Options{})
	tables := map[string][]action{}
	for _, s := range m.screens() {
		tables[s.Title()] = append(s.Actions(), m.everywhere()...)
		if s != screen(m.list) {
			tables[s.Title()] = append(tables[s.Title()], m.inIncident()...)
		}
	}
	for i, o := range m.timeline.tables() {
		tables[o.title] = o.actions
		if i == 0 { // the strip is no dialog
			tables[o.title] = slices.Concat(o.actions, m.everywhere(), m.inIncident())
		}
	}
	for name, table := range tables {
		seen := map[string]string{}
		for _, act := range table {
			if act.title == "" || act.id == "" || act.run == nil {
				t.Errorf("%s: action %q has no id, title or run", name, act.id)
			}
			for _, k := range act.keys {
				if other, ok := seen[k]; ok {
					t.Errorf("%s: key %q means %s and %s", name, k, other, act.id)
				}
				seen[k] = act.id
			}
		}
		for _, taken := range []string{"ctrl+b", "ctrl+a", "ctrl+s", "ctrl+q", "ctrl+z", "ctrl+i", "ctrl+m", "ctrl+["} {
			if who, ok := seen[taken]; ok {
				t.Errorf("%s: %s is bound to %s: terminals keep that key for themselves", name, who, taken)
			}
		}
	}
}

func TestKeysMarkdownNamesEveryAction(t *testing.T) {
	doc := KeysMarkdown()
	m := newModel(newScripted(), nil, Options{})
	for _, s := range m.screens() {
		for _, act := range append(s.Actions(), m.everywhere()...) {
			if !strings.Contains(doc, act.title) {
				t.Errorf("the page of keys does not say %q", act.title)
			}
		}
	}
	for _, o := range m.timeline.tables() {
		for _, act := range o.actions {
			if !strings.Contains(doc, act.title) {
				t.Errorf("the page of keys does not say %q", act.title)
			}
		}
	}
}

func TestApproveByTypingTheTarget(t *testing.T) {
	h := begin(t)
	h.press("a")
	h.sees("APPROVE Isolate FIN-FS01", "DANGER high", "POST https://edr.example/hosts/8841/isolate", digest)
	h.press("enter")
	h.sees("not the target's name")
	h.types("FIN-FS0").press("enter")
	h.did("")
	h.types("1").press("enter")
	h.did("approve a1 9f2c \"FIN-FS01\"\ndo a1")
	h.seesNot("APPROVE")
}

func TestMediumAsksTwiceAndLowOnce(t *testing.T) {
	for danger, keys := range map[incident.Danger][]string{incident.Medium: {"enter", "y"}, incident.Low: {"y"}} {
		h := begin(t)
		h.desk.board.Actions[0].Danger = danger
		h.press("a")
		if danger == incident.Medium {
			h.sees("That is the whole plan.")
			h.press("y")
			h.sees("read to the last line first")
			h.press("enter")
		}
		h.press("enter", "enter") // decides nothing
		h.did("")
		h.sees("APPROVE", "y approves, n does not")
		h.press("n")
		h.seesNot("APPROVE")
		h.sees("not approved; a opens it again")
		h.press("a", "esc")
		h.sees("not approved; a opens it again")
		h.press("a").press(keys...)
		h.did("approve a1 9f2c \"\"\ndo a1")
	}
}

func TestTheFirstOfTwoApprovalsSendsNothing(t *testing.T) {
	h := begin(t)
	h.desk.board.Actions[0].Danger, h.desk.board.Actions[0].Approvals = incident.Low, 2
	h.press("a")
	h.sees("1 more needed after yours")
	h.press("y")
	h.did("approve a1 9f2c \"\"")
}

func TestRejectTakesAReason(t *testing.T) {
	h := begin(t)
	h.press("a", "ctrl+r", "enter").types("wrong host").press("enter")
	h.did(`reject a1 "wrong host"`)
	h.seesNot("APPROVE")
}

func TestADialogThatOpensByItselfSwallowsKeys(t *testing.T) {
	h := begin(t)
	v := h.desk.board.Actions[0]
	v.Danger = incident.Low
	h.m.pushSelf(&approval{a: h.m.app, view: v, layer: nil})
	h.press("y", "enter", "esc") // meant for the screen under it
	h.did("")
	h.sees("APPROVE")
	h.clock.Advance(399 * time.Millisecond)
	h.press("y")
	h.did("")
	for range 4 { // typing goes on: the ceiling ends it
		h.clock.Advance(300 * time.Millisecond)
		h.press("y")
	}
	h.did("approve a1 9f2c \"\"\ndo a1")
}

func TestADialogTakesKeysOnceItIsQuiet(t *testing.T) {
	h := begin(t)
	v := h.desk.board.Actions[0]
	v.Danger = incident.Low
	h.m.pushSelf(&approval{a: h.m.app, view: v})
	_ = h.m.View()
	h.clock.Advance(graceQuiet)
	h.press("y")
	h.did("approve a1 9f2c \"\"\ndo a1")
}

func TestEnterNeverExecutes(t *testing.T) {
	for _, screen := range []string{"1", "2", "3", "4", "5"} {
		h := begin(t)
		h.press(screen)
		for range 12 {
			h.press("enter", "enter", "esc", "down")
		}
		h.did("")
	}
}

func TestManualStepAsksItsQuestions(t *testing.T) {
	h := begin(t)
	h.press("2", "down", "space")
	h.sees("How many sessions were ended?")
	h.types("3").press("enter")
	h.types("no").press("tab", "tab", "enter")
	h.did(`done c5 map[personal_data:no sessions:3] ""`)
}

func TestAnswersMissingAreNotSent(t *testing.T) {
	h := begin(t)
	h.press("2", "down", "space", "shift+tab", "enter")
	h.sees("How many sessions were ended?", "! no answer; unknown says")
	h.did("")
	h.types("three").press("shift+tab", "enter") // the row that sends is above the first
	h.sees("> How many sessions were ended?", `! sessions: answer "three" is not a whole number`)
	h.did("")
}

func TestADrillOffersItsAnswers(t *testing.T) {
	h := begin(t)
	h.desk.board.Incident.Drill = true
	h.m.board.value.Incident.Drill = true
	h.press("2", "down", "space", "shift+tab", "enter")
	h.did(`done c5 map[personal_data:no sessions:3] ""`)
}

func TestTypedTextIsNeverLost(t *testing.T) {
	h := begin(t)
	h.press("n").types("exfil seen").press("esc")
	h.send(sizeMsg(60, 15))
	h.press("n")
	h.sees("exfil seen_")
	h.desk.fail = errors.New("disk full")
	h.press("enter")
	h.sees("! note: disk full")
	h.press("n")
	h.sees("exfil seen_")
	h.desk.fail = nil
	h.press("tab", "enter", "n")
	h.seesNot("exfil")
	h.did("note \"\" \"exfil seen\" false\nnote \"\" \"exfil seen\" true")
}

func TestRefusedAnswersComeBackWithTheForm(t *testing.T) {
	h := begin(t)
	h.desk.fail = &response.Error{Code: response.CodeUsage, Err: errors.New("sessions: \"three\" is not a whole number")}
	h.press("2", "down", "space").types("3").press("enter").types("no").press("tab", "tab", "enter")
	h.sees("3", "is not a whole number")
}

func TestFailuresStayUntilRead(t *testing.T) {
	h := begin(t)
	h.desk.fail = errors.New("429 \x1b[2J Too Many Requests")
	h.press("2", "down", "down", "space")
	h.clock.Advance(time.Hour)
	h.send(clockTick{})
	h.sees("! mark done: Tell legal: 429 \\x1b[2J Too Many Requests")
	h.press("!")
	h.sees("What failed")
	h.press("esc")
	h.seesNot("429 \\x1b")
}

func TestToastsGoAfterFourSeconds(t *testing.T) {
	h := begin(t)
	h.press("2", "down", "down", "space")
	h.sees("done: Tell legal")
	h.clock.Advance(toastTime)
	h.send(clockTick{})
	h.seesNot("done: Tell legal")
}

func TestQuitAsksAboutRunningWork(t *testing.T) {
	h := begin(t)
	h.press("4", "c")
	h.asyn = true
	h.press("enter")
	h.sees("collect triage")
	h.press("q")
	h.release()
	h.asyn = true
	h.press("4", "c", "enter", "q", "q")
	h.sees("FIREBREAK  incidents")
	h.m.drafts["x"] = "half a note"
	h.press("q")
	h.sees("Leave Firebreak?", "1 text typed but not sent")
	if h.quit {
		t.Fatal("it left without an answer")
	}
	h.press("enter")
	if h.quit {
		t.Fatal("enter is no")
	}
	h.asyn = false
	h.press("q", "y")
	if !h.quit {
		t.Fatal("y did not leave")
	}
}

func TestCtrlCCancelsWorkFirst(t *testing.T) {
	h := begin(t)
	h.desk.hold = make(chan struct{})
	h.press("4", "c")
	h.asyn = true
	h.press("enter")
	h.asyn = false
	h.press("ctrl+c")
	h.release() // the work sees its context ended
	h.sees("collect triage: stopped by you")
	if h.quit {
		t.Fatal("ctrl+c left although work was under way")
	}
	h.press("ctrl+c")
	h.sees("Leave Firebreak?")
}

func TestCancellingWhatWasSentAsksFirst(t *testing.T) {
	h := begin(t)
	h.desk.hold = make(chan struct{})
	v := h.desk.board.Actions[0]
	v.State = response.Approved
	h.m.board.value.Actions[0] = v
	h.press("2")
	h.asyn = true
	h.press("r")
	h.asyn = false
	h.press("ctrl+c")
	h.sees("Stop waiting for Isolate FIN-FS01?")
	h.press("enter", "ctrl+c", "y")
	h.release()
	h.sees("stopped by you")
}

func TestReadOnlyRefusesEveryChange(t *testing.T) {
	h := sit(t, newScripted(), Options{Incident: id, ReadOnly: true, ASCII: true}, 100, 30)
	h.sees("READ ONLY")
	for _, s := range h.m.screens()[1:] {
		h.m.shown = s
		for _, act := range h.m.table() {
			if !act.writes && act.id != "exhibit.content" { // a look is recorded
				continue
			}
			if why := h.m.why(act); why == "" {
				t.Errorf("%s: %s is allowed in a read-only session", s.Title(), act.id)
			}
			h.run(h.m.perform(act))
		}
	}
	h.press("a").types("FIN-FS01").press("enter", "ctrl+r")
	h.did("")
}

func TestAClosedIncidentCanOnlyBeOpenedAgain(t *testing.T) {
	h := begin(t)
	h.m.board.value.Incident.Status = incident.Closed
	for _, act := range h.m.table() {
		if why := h.m.why(act); act.writes && (why == "") != (act.id == "incident.reopen" || act.after) {
			t.Errorf("%s: %q", act.id, why)
		}
	}
}

func TestDisabledKeysSayWhy(t *testing.T) {
	h := begin(t)
	h.press("2", "space")
	h.sees("it is not a manual step")
	h.press("u")
	h.sees("its action was not carried out")
}

func TestUndoIsAPlanToo(t *testing.T) {
	h := begin(t)
	h.desk.board.Actions[0].State = response.Verified
	h.m.board.value.Actions[0].State = response.Verified
	h.press("2", "u").types("host is clean").press("enter")
	h.did(`revert a1 "host is clean"`)
	h.sees("APPROVE Release FIN-FS01")
}

func TestPaletteFindsAndRuns(t *testing.T) {
	h := begin(t)
	h.press(":").types("write the rev").press("enter")
	h.did("review")
	h.sees("Review written", "/data/2026-0042/exports/review.html")
}

func TestAPasteIsNoCommand(t *testing.T) {
	h := begin(t)
	h.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("xRx"), Paste: true})
	h.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("xRqy!")})
	h.did("")
	h.sees("pasted text is not taken as commands")
	h.press("n")
	h.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("two\nlines"), Paste: true})
	h.press("enter")
	h.did("note \"\" \"two\\nlines\" false")
}

func TestKeysThatCameTogetherAreKeys(t *testing.T) {
	h := begin(t)
	h.press("5")
	at := h.m.activity.win.at
	h.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("kkkkk")})
	if got := h.m.activity.win.at; got != at-5 {
		t.Errorf("the cursor is at %d, want %d", got, at-5)
	}
}

func TestEscGoesBackOneLevel(t *testing.T) {
	h := begin(t)
	h.press("2", "down", "enter")
	for _, want := range []string{"Steps", "Dashboard", "Incidents", "Incidents"} {
		h.press("esc")
		if got := h.m.shown.Title(); got != want {
			t.Fatalf("esc led to %s, want %s", got, want)
		}
	}
}

func TestOvertakenAnswersAreDropped(t *testing.T) {
	h := begin(t)
	h.asyn = true
	h.press("3") // the first page is under way
	first := h.kept
	h.kept = nil
	h.press("/").types("sshd")
	h.tick()
	h.release()
	after := slices.Clone(h.m.timeline.win.rows)
	for _, c := range first {
		h.run(c)
	}
	if len(after) == 0 || len(h.m.timeline.win.rows) != len(after) || h.m.timeline.win.rows[1].ID != numbered(3) {
		t.Errorf("the overtaken page took the place of the filtered one")
	}
}

func TestFilterIsAppliedWhenTypingPauses(t *testing.T) {
	h := begin(t)
	h.press("3")
	pages := h.desk.pages
	h.press("/").types("sshd")
	if h.desk.pages != pages {
		t.Error("a page was read while the filter was being typed")
	}
	h.tick()
	h.sees("334 events")
	h.types(" (")
	h.tick()
	h.sees("^ a term is missing here")
	h.press("esc")
	h.sees("1 000 events")
	h.seesNot("a term is missing")
}

func TestChangesDoNotStarveTheBoard(t *testing.T) {
	h := begin(t)
	w := watching{turn: h.m.watch, c: make(chan struct{})}
	h.asyn = true
	h.send(watched{w})
	first := h.kept
	h.kept = nil
	for range 5 {
		h.send(watched{w})
	}
	if !h.m.board.busy || !h.m.stale {
		t.Fatal("a change that came meanwhile is forgotten")
	}
	h.kept = nil
	h.desk.board.Incident.Title = "Worse than thought"
	for _, c := range first { // the board, and the wait for the next change
		if b, ok := c().(tea.BatchMsg); ok {
			h.m.Update(b[0]())
		}
	}
	h.sees("Worse than thought")
	if !h.m.board.busy {
		t.Error("the board was not asked for again")
	}
}

func TestNobodyApprovesWhatWasNeverOnTheScreen(t *testing.T) {
	h := sit(t, newScripted(), Options{Incident: id, ASCII: true}, 60, 15)
	h.desk.board.Actions[0].Danger = incident.Low
	h.press("a")
	h.m.View()
	h.press("y")
	h.did("")
	h.sees("read to the last line first")
	for range 10 {
		h.m.View()
		h.press("y")
	}
	h.did("approve a1 9f2c \"\"\ndo a1")
}

func TestEveryLineOfAPlanIsOnTheScreenOnTheWay(t *testing.T) {
	h := sit(t, newScripted(), Options{Incident: id, ASCII: true}, 60, 24)
	v := &h.desk.board.Actions[0]
	v.Danger, v.Target = incident.Medium, "203.0.113.66"
	v.Details.Requests = nil
	for n := range 60 {
		v.Details.Requests = append(v.Details.Requests, fmt.Sprintf("PUT /rule/%02d", n))
	}
	h.press("a")
	seen := bare(h.m)
	for range 20 {
		h.sees("DANGER medium  203.0.113.66", "Undo    edr.release")
		if strings.Contains(bare(h.m), "That is the whole plan.") {
			break
		}
		h.press("enter")
		seen += bare(h.m)
	}
	for _, want := range v.Details.Requests {
		if !strings.Contains(seen, want) {
			t.Errorf("%s was never on the screen", want)
		}
	}
	h.press("enter", "y")
	h.did("approve a1 9f2c \"\"\ndo a1")
}

func TestAFormShowsItsInstructionsOnTheWayUp(t *testing.T) {
	h := sit(t, newScripted(), Options{Incident: id, ASCII: true}, 60, 15)
	h.desk.board.Phases[1].Steps[4].Text = "Look at the directory first.\n\n" + strings.Repeat("Then look again, at everything there is. ", 12)
	h.press("2", "down", "space")
	h.sees("lines above: pgup --", "How many sessions were ended?", "enter next")
	h.press("pgup", "pgup", "pgup")
	h.sees("Look at the directory first.")
	h.seesNot("above: pgup")
	h.types("3")
	h.sees("How many sessions were ended?", "3_")
	h.press("shift+tab")
	h.sees("enter done", "[ Done ]")
}
