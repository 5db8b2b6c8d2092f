package tui

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"firebreak/internal/testkit"
	"firebreak/response"
)

// scenes are the screens and dialogs, each with the keys that lead there.
var scenes = []struct {
	name string
	keys []string
}{
	{"list", []string{"q"}},
	{"dashboard", nil},
	{"walker", []string{"2"}},
	{"walker-detail", []string{"2", "down", "enter"}},
	{"approval", []string{"a"}},
	{"form", []string{"2", "down", "space"}},
	{"note", []string{"n", "x", "y", "tab"}},
	{"timeline", []string{"3", "down", "down", "down"}},
	{"event", []string{"3", "down", "down", "down", "enter"}},
	{"timeline-fault", []string{"3", "/", "h", "o", "s", "t", ":", "w", "space", "(", "tick"}},
	{"timeline-complete", []string{"3", "/", "h", "o", "s", "t", ":", "tab", "tab"}},
	{"timeline-strip", []string{"3", "tab", "right", "+", "right"}},
	{"timeline-pivot", []string{"3", "down", "p"}},
	{"timeline-values", []string{"3", "v", "enter"}},
	{"timeline-silences", []string{"3", "s"}},
	{"timeline-raw", []string{"3", "down", "o"}},
	{"timeline-hex", []string{"3", "down", "o", "tab"}},
	{"timeline-columns", []string{"3", "C", "down", "down", "space"}},
	{"timeline-chosen", []string{"3", "space", "down", "down", "r", "C", "space", "u", "enter", "right"}},
	{"evidence", []string{"4", "down"}},
	{"refused", []string{"4", "f"}},
	{"activity", []string{"5"}},
	{"triage", []string{"6"}},
	{"help", []string{"2", "?"}},
	{"palette", []string{"2", ":", "r", "e", "v"}},
	{"review", []string{"x"}},
	{"review-desk", []string{"8", "down"}},
	{"review-release", []string{"8", "f", "down", "enter", "enter"}},
	{"quit", []string{"ctrl+c"}},
}

func TestGoldenScreens(t *testing.T) {
	looks := []struct {
		name  string
		look  Look
		ascii bool
	}{{"ansi", Colour, false}, {"mono", Mono, false}, {"ascii", Bare, true}}
	for _, size := range [][2]int{{60, 15}, {80, 24}, {120, 40}} {
		for _, l := range looks {
			for _, sc := range scenes {
				name := fmt.Sprintf("golden/%s-%dx%d-%s.txt", sc.name, size[0], size[1], l.name)
				t.Run(name, func(t *testing.T) {
					h := sit(t, newScripted(), Options{Incident: "2026-0042", Look: l.look, ASCII: l.ascii}, size[0], size[1])
					h.press(sc.keys...)
					view := h.m.View()
					checkLayout(t, view, size[0], size[1])
					testkit.Golden(t, name, []byte(view+"\n"))
				})
			}
		}
	}
}

// checkLayout says whether a view is exactly w by h cells with nothing in it
// that a terminal would obey, our own attributes apart.
func checkLayout(t testing.TB, view string, w, h int) {
	t.Helper()
	lines := strings.Split(view, "\n")
	if len(lines) != h {
		t.Fatalf("%d lines, want %d:\n%s", len(lines), h, view)
	}
	for i, l := range lines {
		if n := ansi.StringWidth(l); n > w {
			t.Fatalf("line %d has %d cells, want at most %d: %q", i, n, w, l)
		}
		for _, r := range attributesOff(l) {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
				t.Fatalf("line %d has the control character %U: %q", i, r, l)
			}
		}
	}
}

// attributesOff takes away the only sequences that we send: CSI … m.
func attributesOff(l string) string {
	for {
		from := strings.Index(l, "\x1b[")
		if from < 0 {
			return l
		}
		n := strings.IndexFunc(l[from+2:], func(r rune) bool { return r != ';' && !unicode.IsDigit(r) })
		if n < 0 || l[from+2+n] != 'm' {
			return l
		}
		l = l[:from] + l[from+3+n:]
	}
}

// TestLayoutHoldsForHostileText walks at random with every text of the
// incident replaced by what evidence may really hold.
func TestLayoutHoldsForHostileText(t *testing.T) {
	keys := []string{"1", "2", "3", "4", "5", "7", "enter", "esc", "down", "up", "pgdown", "tab", "n", "a", ":", "?", "/", "space", "G", "g", "f", "o", "!", "s", "*", "t", "x", "q", "\u202e", "日", "e\u0301", "R", "r", "l", "u", "i", "d", "p", "v", "C", "Z", "+", "-", "0", "left", "right", "A", "o", "y", "h", "3", "tick", "tab", "ho", "host:"}
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		d := newScripted()
		d.poison(r)
		w, ht := leastW+r.IntN(140), leastH+r.IntN(50)
		h := sit(t, d, Options{Incident: "2026-0042", Look: Look(r.IntN(3)), Here: time.FixedZone("EST", -5*3600)}, w, ht)
		for range 25 {
			k := keys[r.IntN(len(keys))]
			h.press(k)
			if r.IntN(6) == 0 {
				w, ht = leastW+r.IntN(140), leastH+r.IntN(50)
				h.m.Update(sizeMsg(w, ht))
			}
			checkLayout(t, h.m.View(), w, ht)
			if t.Failed() {
				t.Fatalf("round %d after key %q", round, k)
			}
		}
	}
}

// poison puts hostile texts everywhere.
func (s *scripted) poison(r *rand.Rand) {
	texts := append(testkit.Hostile(), strings.Repeat("x", 10_000), strings.Repeat("日本", 500), "", "\n\n\n")
	some := func() string { return texts[r.IntN(len(texts))] }
	for i := range s.reviewed.Parts {
		p := &s.reviewed.Parts[i]
		p.Text, p.Authors, p.Warnings, p.Version = some(), []string{some()}, []string{some()}, i
	}
	for i := range s.reviewed.Standing.Releases {
		x := &s.reviewed.Standing.Releases[i]
		x.For, x.By, x.Reason = some(), some(), some()
	}
	for i := range s.reviewed.Items {
		s.reviewed.Items[i].Text, s.reviewed.Items[i].Owner = some(), some()
	}
	b := &s.board
	b.Incident.Title, b.Incident.Impact, b.Playbook = some(), some(), some()
	for i := range b.Phases {
		for j := range b.Phases[i].Steps {
			st := &b.Phases[i].Steps[j]
			st.Title, st.Text, st.Why, st.By, st.Note = some(), some(), some(), some(), some()
			st.Result = map[string]any{some(): some()}
		}
	}
	for i := range b.Actions {
		v := &b.Actions[i]
		v.Title, v.Target, v.Undo, v.Reason, v.PlannedBy, v.Says = some(), some(), some(), some(), some(), some()
		v.Details = response.PlanDetails{Identity: some(), Base: some(), Effects: []string{some(), some()}, Requests: []string{some(), some()}, Proof: some(), Warnings: []string{some()}}
	}
	for i := range b.Recent {
		b.Recent[i].Text, b.Recent[i].Actor = some(), some()
	}
	s.said = some
}

func TestTooSmall(t *testing.T) {
	h := sit(t, newScripted(), Options{Incident: "2026-0042"}, 40, 10)
	if got := attributesOff(h.m.View()); strings.TrimRight(got, " ") != "need 60x15, try: firebreak run --pla~" && !strings.HasPrefix(got, "need 60x15") {
		t.Errorf("a small terminal shows %q", got)
	}
	checkLayout(t, h.m.View(), 40, 1)
}
