//go:build unix

package cmd_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"firebreak/internal/term"
	"firebreak/response"
)

// TestScreens walks a drill by key in a real terminal, from its first step to
// an action that was approved, carried out, verified and undone, and leaves
// while work is under way.
func TestScreens(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := b.screen("drill", "linux-host-intrusion")
	p.clean(p.sees("SEV2", "DRILL", "[IDENTIFY 0/", "? help"))

	p.press("2")
	p.chosen("Take command and keep qu")
	p.press("Space")
	p.chosen("Collect what a power cut")
	p.press("r") // this one alone; the next ones together
	p.chosen("Collect the")
	p.press("R")
	p.sees("ok   Collect the triage", "ok   Page the people", "[]   Take the memory")
	p.selects("Take the memory")
	p.press("Space")
	p.sees("ok   Take the memory")
	p.press("R")
	p.sees("[] Find the intruder")
	p.selects("Find the intruder")
	p.press("Space")
	p.chosen("Say how far it goes")

	p.press("Space")
	p.sees("hostile address that can be blocked", "yes_", "203.0.113.66")
	p.press("BTab") // from the first question back to the button
	p.sees("> [ Done ]")
	p.press("Enter")
	p.sees("IDENTIFY ok", "[CONTAIN 1/")
	p.chosen("Block the hostile address")

	p.press("r")
	swallowed := p.approves("APPROVE Block the hostile address", "203.0.113.66")
	p.sees("[CONTAIN 2/", "ok Block the hostile")
	if a := b.actions()["linux.nft.block"]; a.State != response.Verified || a.Attempts != 1 {
		t.Fatalf("the approved action is %s after %d attempts, want verified after 1", a.State, a.Attempts)
	}

	p.selects("Block the hostile")
	p.press("u")
	p.sees("Plan the undo of", "> _")
	p.text("the address is ours")
	p.sees("the address is ours_")
	p.press("Enter")
	swallowed = p.approves("APPROVE Let an address through", "203.0.113.66") || swallowed
	if !swallowed {
		t.Log("the machine was too slow to press a key within the time in which keys are swallowed")
	}
	p.sees("verified: Let an address through again")

	p.timeline()
	p.sizes()
	p.leaves()

	b.verified("last")
	done := b.actions()
	if a, undo := done["linux.nft.block"], done["linux.nft.unblock"]; a.State != response.Verified || undo.State != response.Verified || a.RevertedBy != undo.Action {
		t.Errorf("the block is %s, undone by %q; %q is %s", a.State, a.RevertedBy, undo.Action, undo.State)
	}
	if !slices.ContainsFunc(b.activity("last"), func(a activity) bool { return strings.HasPrefix(a.Text, "starred ") }) {
		t.Error("the star is not in the record")
	}
}

// actions are the actions of the last incident by the name of what they do.
func (b *bench) actions() map[string]response.ActionView {
	b.t.Helper()
	var board response.Board
	b.into(&board, "show", "last")
	by := map[string]response.ActionView{}
	for _, a := range board.Actions {
		by[a.Name] = a
	}
	return by
}

// approves takes the dialog that has opened by itself to its yes. It reports
// whether keys were pressed while the dialog had to swallow them; they were, or
// the test has failed.
func (p *pane) approves(title, target string) (swallowed bool) {
	p.t.Helper()
	const soon = 250 * time.Millisecond // well within the 0.4 s: the machine may be slow
	opened := time.Now()                // at the latest look that did not yet show the dialog
	p.until(title, func(rows []string) bool {
		if shows(rows, title) {
			return true
		}
		opened = time.Now()
		return false
	})
	p.press("y", "y", "y", "Enter") // what does no harm where it is taken
	swallowed = time.Since(opened) < soon
	if !swallowed { // they may have been taken
		p.press("Escape")
		p.gone(title)
		p.press("a")
	}
	sent := clock(p.look()) // when the clock goes on, the program has read the keys
	p.until("the clock", func(rows []string) bool { return clock(rows) != sent })
	rows := p.gone("keys are ignored")
	if !shows(rows, "DANGER medium") || !shows(rows, "Action  ") || !shows(rows, "Enter reads on") || shows(rows, "read to the last line first") {
		p.t.Fatalf("keys were not swallowed:\n%s", strings.Join(rows, "\n"))
	}
	for !shows(rows, "Approve plan") {
		before := strings.Join(rows[3:], "\n")
		p.press("Enter")
		rows = p.until("the rest of the plan", func(rows []string) bool { return strings.Join(rows[3:], "\n") != before })
	}
	if !shows(rows, "on "+target+"?") {
		p.t.Fatalf("the question does not name the target:\n%s", strings.Join(rows, "\n"))
	}
	p.press("y")
	p.gone(title)
	return swallowed
}

// clock is the time of day in the header.
func clock(rows []string) string {
	at := strings.Fields(rows[0])
	return at[len(at)-1]
}

// selects moves the cursor to the step, which is on the screen.
func (p *pane) selects(step string) {
	p.t.Helper()
	for {
		rows := p.sees(step)
		from := slices.IndexFunc(rows, func(r string) bool { return strings.HasPrefix(r, ">") })
		to := slices.IndexFunc(rows, func(r string) bool { left, _, _ := strings.Cut(r, "│"); return strings.Contains(left, step) })
		switch {
		case from == to:
			return
		case from < to:
			p.press("Down")
		default:
			p.press("Up")
		}
		p.until("the cursor's move", func(rows []string) bool { return !strings.HasPrefix(rows[from], ">") })
	}
}

// timeline filters the timeline and stars an event.
func (p *pane) timeline() {
	p.t.Helper()
	p.press("3")
	p.sees("Timeline", "UTC, newest last")
	p.press("/")
	p.sees(" / _")
	p.text(`source:process "process 1 started"`)
	p.until("the filtered timeline", func(rows []string) bool {
		return !shows(rows, "reading") && strings.Contains(rows[3], "event") && strings.Contains(rows[6], "process 1 started")
	})
	p.press("Enter")
	p.sees("filter: source:process", "> ")
	p.press("*")
	p.sees("> * ")
	p.press("Enter")
	p.sees("* starred")
	p.press("Escape")
	p.gone("* starred")
}

// sizes shows the steps in every size of terminal.
func (p *pane) sizes() {
	p.t.Helper()
	p.press("2")
	p.sees("CONTAIN  2/")
	first := p.look()[0][:len("2026-0001")]
	rows := p.resize(60, 15, first, ": commands")
	if !shows(rows, "> ") && !shows(rows, ">ok") && !shows(rows, ">[]") {
		p.t.Errorf("no cursor at 60x15:\n%s", strings.Join(rows, "\n"))
	}
	rows = p.resize(40, 10, "need 60x15", "")
	if rest := strings.TrimSpace(strings.Join(rows[1:], "")); rest != "" {
		p.t.Errorf("more than one plain line at 40x10:\n%s", strings.Join(rows, "\n"))
	}
	rows = p.resize(200, 50, first, "5 activity")
	if n := term.Width(strings.TrimRight(rows[0], " ")); n != 200 {
		p.t.Errorf("the header is %d cells wide in a terminal of 200", n)
	}
	p.resize(80, 24, first, ": commands")
	p.sees("CONTAIN  2/")
}

// leaves quits while a large file is being read: the quit asks first.
func (p *pane) leaves() {
	p.t.Helper()
	const line = "Nov 20 03:00:00 web-1 sshd[4242]: Failed password for root from 203.0.113.66 port 4444 ssh2\n"
	file := p.write("big.log", strings.Repeat(line, 600_000))
	p.press("4")
	p.sees("Evidence")
	p.press("i")
	p.sees("> _")
	p.text(file)
	p.press("Enter")
	p.sees("ctrl+c cancels")
	p.press("q")
	p.sees("FIREBREAK", "incidents")
	p.press("q")
	p.sees("Leave Firebreak?", "still under way", "n no (enter)")
	p.press("n")
	p.gone("Leave Firebreak?")
	p.press("q")
	p.sees("Leave Firebreak?", "still under way")
	p.press("y")
	p.ends(0)
}

// TestScreensInterrupted cancels a collection, kills the program in the next
// one, and starts it again where it was. All of it without colours.
func TestScreensInterrupted(t *testing.T) {
	t.Parallel()
	b := newBench(t, "NO_COLOR=1")
	p := b.screen("drill", "linux-host-intrusion")
	p.sees("[IDENTIFY 0/", "? help")
	p.press("2")
	p.chosen("Take command and keep qu") // the mark that needs no colour
	if raw := p.tmux("capture-pane", "-p", "-e"); colour.MatchString(raw) {
		t.Errorf("NO_COLOR is set and the screen has colours: %q", raw)
	}
	p.press("Space")
	p.chosen("Collect what a power cut")

	p.press("R")
	p.sees("under way")
	p.cancels()
	b.verified("last")

	p.collect()
	if err := syscall.Kill(p.pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	p.until("the end of the program", func([]string) bool {
		_, err := os.Stat(filepath.Join(p.files, "status"))
		return err == nil
	})
	b.verified("last")
	var was response.Board
	b.into(&was, "show", "last")

	p = b.screen("run", "last")
	done := was.Phases[0].Done
	p.sees("DRILL", "[IDENTIFY "+strconv.Itoa(done)+"/")
	p.press("2")
	p.sees("ok Take command")
	p.press("C-c")
	p.sees("Leave Firebreak?")
	p.press("y")
	p.ends(0)
	b.verified("last")
}

// cancels presses ctrl+c while evidence is being collected.
func (p *pane) cancels() {
	p.t.Helper()
	for range 5 {
		p.press("C-c")
		rows := p.until("the end of the work", func(rows []string) bool {
			return shows(rows, " ! collected") && !shows(rows, "under way  ") || shows(rows, "Leave Firebreak?")
		})
		if !shows(rows, "Leave Firebreak?") {
			return
		}
		// The collection had ended before the key came.
		p.press("n")
		p.gone("Leave Firebreak?")
		p.collect()
	}
	p.t.Error("no collection took long enough to be cancelled")
}

// collect starts a collection on the screen of the evidence.
func (p *pane) collect() {
	p.t.Helper()
	p.press("4")
	p.sees("Evidence")
	p.press("c")
	p.sees("Collect from this machine", "triage")
	p.press("Enter")
	p.gone("Collect from this machine")
}

// colour is an escape sequence that sets one of the terminal's colours.
var colour = regexp.MustCompile("\x1b\\[[0-9;]*(?:3[0-7]|4[0-7]|9[0-7]|10[0-7])m")

// TestScreensHostile shows an incident whose title wants to command the
// terminal.
func TestScreensHostile(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	title := "evil \x1b]0;OWNED\x07\x1b]52;c;T1dORUQ=\x07\x1b[2J\x1b[31m\u202egpj.exe"
	b.open(title, "--playbook", "generic", "--severity", "sev1", "--var", "what="+title)
	p := b.screen()
	before := p.format("#{pane_title} #{window_name}")
	p.clean(p.sees("FIREBREAK", "SEV1", `evil \x1b]0;OWNED`))
	p.press("Enter")
	p.clean(p.sees("SEV1", "LIVE", `evil \x1b`, "? help"))
	p.press("5")
	p.clean(p.sees("Activity", "OWNED"))
	if after := p.format("#{pane_title} #{window_name}"); after != before {
		t.Errorf("the terminal's title was %q and is %q", before, after)
	}
	if buffers := p.tmux("list-buffers"); buffers != "" {
		t.Errorf("the clipboard was written: %s", buffers)
	}
	p.press("q")
	p.sees("FIREBREAK", "incidents")
	p.press("q")
	p.ends(0)
}
