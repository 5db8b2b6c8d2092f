package tui

import (
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/record"
	"firebreak/response"
	"firebreak/review/clocks"
)

// deadlines is a desk with deadlines in every state, made by the real engine.
func deadlines(t *testing.T) *scripted {
	t.Helper()
	b, err := clocks.NewBook(nil, clocks.Choice{Regimes: []string{"GDPR", "NIS2", "DORA", "Visa"}})
	if err != nil {
		t.Fatal(err)
	}
	var es []record.Entry
	say := func(kind record.Kind, payload any) {
		d, err := record.NewDraft(incident.Actor{Name: "r.singh"}, kind, incident.Contain, "", payload)
		if err != nil {
			t.Fatal(err)
		}
		es = append(es, record.Entry{Seq: int64(len(es) + 1), Kind: kind, Fields: d.Fields})
	}
	say(record.ClockStarted, record.ClockStart{Event: "aware", At: at(-27 * 60), Reason: "SOC lead, then legal on the call"})
	say(record.ClockMet, record.Submission{Clock: "eu-nis2-early-warning", At: at(-200), To: "BSI", Proof: "e2"})
	say(record.ClockChosen, record.ClockChoice{Clock: "pci-visa-3bd", Reason: "no cards here, says payments"})
	say(record.ClockChosen, record.ClockChoice{Clock: "eu-gdpr-33-authority", Applies: true, Reason: "customer table, says legal"})
	say(record.ClockStarted, record.ClockStart{Event: "classified", At: at(-26 * 60), Reason: "two criteria", Clocks: []string{"eu-dora-initial"}})
	terms := clocks.Terms{Now: at(20), House: []clocks.HouseRule{clocks.UpdateDue("executives", time.Hour, at(-35))}}
	d := newScripted()
	d.sheet = response.ClockSheet{Lines: clocks.Lines(b, clocks.Fold(es), terms), Checked: "2026-11-21", Zone: "UTC", On: 12}
	for _, l := range d.sheet.Lines {
		if l.State.Running() && l.Regime != clocks.House || l.State == clocks.OpenDuty {
			d.board.Clocks = append(d.board.Clocks, l)
		}
	}
	return d
}

// asked wants the last thing that the desk was asked.
func (h *hand) asked(want string) {
	h.t.Helper()
	all := strings.Split(h.desk.done(), "\n")
	if got := all[len(all)-1]; !strings.HasSuffix(got, want) {
		h.t.Errorf("the desk was asked %q, want %q", got, want)
	}
}

func TestClocksScreen(t *testing.T) {
	for _, size := range [][2]int{{120, 40}, {80, 24}, {60, 15}} {
		h := sit(t, deadlines(t), Options{Incident: id, ASCII: true}, size[0], size[1])
		h.sees("LATE 22h", "eu-dora-initial")
		if testing.Verbose() {
			t.Log("\n" + h.m.View())
		}
		h.press("7")
		h.sees("Clocks", "LATE", "eu-dora-initial", "eu-gdpr-33-authority", "open duty")
		h.seesNot("pci-visa-3bd")
		if testing.Verbose() {
			t.Log("\n" + h.m.View())
		}
	}
}

func TestClocksAreSaid(t *testing.T) {
	h := sit(t, deadlines(t), Options{Incident: id, ASCII: true}, 120, 40)
	h.press("7")
	h.sees("4 deadlines running", "1 LATE", "Give the initial notification", "nobody has said so (+ or -)")
	h.seesNot("no cards here")
	h.press("u", "end")
	h.sees("pci-visa-3bd", "no cards here, says payments")
	h.press("g", "enter")
	h.sees("Delegated Regulation (EU) 2025/301", "Wants", "criteria of classification", "Source")
	h.press("esc", "+")
	h.sees("eu-dora-initial applies", "financial entities in the scope of DORA")
	h.types("we are a bank").press("enter")
	h.asked("clock eu-dora-initial applies=true: we are a bank")
	h.press("-")
	h.types("we are none").press("enter")
	h.asked("clock eu-dora-initial applies=false: we are none")

	h.press("m")
	h.sees("Done: eu-dora-initial", "It is your word that it was done")
	h.press("enter")
	h.types("BaFin").press("enter")
	h.types("portal").press("enter")
	h.types("e3").press("enter", "enter")
	h.asked("to BaFin how portal proof e3")

	h.press("s")
	h.sees("What happened", "suspected, aware, discovered")
	h.types("determined").press("enter")
	h.types("2026-11-20 26:00").press("enter")
	h.types("board").press("enter", "enter", "enter")
	h.sees("want 2026-11-21 03:12 or 03:12, in UTC")
	h.press("esc", "d")
	h.asked("clock draft eu-dora-initial")
	h.release()
	h.sees("DRAFT, not sent", "[MISSING: likely consequences]", "--to FILE")
}

func TestClocksOfTheHouse(t *testing.T) {
	h := sit(t, deadlines(t), Options{Incident: id, ASCII: true}, 120, 40)
	h.press("7", "down", "m")
	h.sees("house-update-executives follows from the record by itself")
}

func TestClocksReadOnly(t *testing.T) {
	h := sit(t, deadlines(t), Options{Incident: id, ASCII: true, ReadOnly: true}, 120, 40)
	h.press("7", "s")
	h.sees("this session is read only")
	closed := deadlines(t)
	closed.board.Incident.Status = incident.Closed
	h = sit(t, closed, Options{Incident: id, ASCII: true}, 120, 40)
	h.press("7", "m") // the last reports are due after the end
	h.sees("Done: eu-dora-initial")
	h.press("esc", "n")
	h.sees("the incident is closed")
}

func TestClocksGoOn(t *testing.T) {
	h := sit(t, deadlines(t), Options{Incident: id, ASCII: true}, 120, 40)
	h.press("7")
	h.sees("1d20h left")
	h.clock.Advance(46 * time.Hour)
	h.send(clockTick{})
	h.sees("eu-gdpr-33-authority", "LATE 1h")
}

func TestClocksStaleAndEmpty(t *testing.T) {
	d := deadlines(t)
	d.sheet.Stale, d.sheet.Checked = true, "2026-01-01"
	h := sit(t, d, Options{Incident: id, ASCII: true}, 80, 24)
	h.press("7")
	h.sees("looked at 2026-01-01: too long ago")
	d = newScripted()
	d.sheet = response.ClockSheet{Named: []response.NamedClock{{Clock: "eu-gdpr-33-authority", When: "personal_data", Known: true}}}
	h = sit(t, d, Options{Incident: id, ASCII: true}, 80, 24)
	h.press("7")
	h.sees("No deadline is shown", "The playbook names eu-gdpr-33-authority where personal_data")
	h.press("m")
	h.sees("no deadline is selected")
	d.sheet.Lines = []clocks.Line{{Clock: "pci-visa-3bd", State: clocks.NotApplicable, Applies: clocks.Excluded, Why: "no cards", Duty: "Tell Visa"}}
	h = sit(t, d, Options{Incident: id, ASCII: true}, 80, 24)
	h.press("7")
	h.sees("1 deadline does not apply: u shows what was said", "The playbook names eu-gdpr-33-authority where personal_data")
	h.press("u")
	h.sees("pci-visa-3bd", "does not apply")
	d.board.Unjudged = []clocks.Line{{Clock: "eu-gdpr-33-authority", State: clocks.NotStarted, Applies: clocks.Undecided, Duty: "Tell the authority"}}
	h = sit(t, d, Options{Incident: id, ASCII: true}, 80, 24)
	h.sees("? eu-gdpr-33-authority  judge: 7")
	d.board.NoClocks = "clocks.regimes: no regime or place is called \"GDRP\""
	h = sit(t, d, Options{Incident: id, ASCII: true}, 120, 40)
	h.sees("deadlines are not known")
}

func TestTypedMoment(t *testing.T) {
	now := testkit.Start()
	for text, want := range map[string]string{
		"": now.UTC().Format(time.RFC3339), "2026-11-21 03:12": "2026-11-21T03:12:00Z", "2026-11-21T03:12:00+01:00": "2026-11-21T02:12:00Z",
	} {
		if got, err := typedMoment(text, now); err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%q: %v, %v, want %s", text, got, err, want)
		}
	}
	evening := time.Date(2026, 11, 21, 0, 10, 0, 0, time.UTC)
	if got, err := typedMoment("23:50", evening); err != nil || got != time.Date(2026, 11, 20, 23, 50, 0, 0, time.UTC) {
		t.Errorf("23:50 said after midnight: %v, %v", got, err)
	}
	if _, err := typedMoment("tomorrow", now); err == nil || !strings.Contains(err.Error(), "in UTC") {
		t.Errorf("%v", err)
	}
}
