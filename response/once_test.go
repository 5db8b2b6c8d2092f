package response

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/internal/testkit"
)

// sender says to a test of this binary that it is one of several processes that
// send the same action: the workspace, the incident, the action and the file
// that sets them off.
const sender = "FIREBREAK_TEST_SENDER"

// TestSenderProcess is no test of its own: it is what each process does.
func TestSenderProcess(t *testing.T) {
	args := strings.Split(os.Getenv(sender), "\n")
	if len(args) != 4 {
		t.Skip("started by TestOneApprovedPlanRunsOnce")
	}
	b := &bench{T: t, clock: testkit.NewClock(time.Millisecond), home: args[0], id: incident.ID(args[1])}
	b.clock.Advance(time.Minute)
	b.s = b.service(config.Config{}).As(incident.Actor{Name: "ada"})
	if _, err := b.s.Board(t.Context(), b.id); err != nil {
		t.Fatal(err)
	}
	fmt.Println("ready")
	for range 10_000 {
		if _, err := os.Stat(args[3]); err == nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	a, err := b.s.Do(t.Context(), b.id, args[2])
	fmt.Printf("end %s %v %s\n", a.State, CodeOf(err) == CodeRefused && err != nil, strings.ReplaceAll(fmt.Sprint(err), "\n", " / "))
}

// TestOneApprovedPlanRunsOnce: several processes send the same approved plan at
// the same moment. The approval is used up in the transaction that begins, so
// one of them sends, and the others are told why not.
func TestOneApprovedPlanRunsOnce(t *testing.T) {
	for _, name := range []string{"of a step", "of nobody's step"} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, config.Config{})
			w := b.drill(oneComment)
			a := b.reach()
			if name != "of a step" {
				var err error
				a, err = b.s.Plan(t.Context(), b.id, PlanRequest{Action: "github.issue.create", Params: map[string]any{"repo": "acme/payments", "title": "x", "body": "y"}})
				b.must(err)
			}
			b.must(b.s.Approve(t.Context(), b.id, a.Action, a.Digest, "", ""))
			b.race(a, 2)
			if b.effects(w) != 1 {
				t.Errorf("%d effects", b.effects(w))
			}
			got, err := b.s.Action(t.Context(), b.id, a.Action)
			b.must(err)
			if got.State != Verified || got.Attempts != 1 {
				t.Errorf("%s after %d attempts", got.State, got.Attempts)
			}
			b.verified()
		})
	}
}

// race has n processes send an action at the same moment: one may.
func (b *bench) race(a ActionView, n int) {
	b.Helper()
	off := b.TempDir() + "/off"
	var lines []*bufio.Scanner
	for range n {
		c := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^TestSenderProcess$")
		c.Env = append(os.Environ(), sender+"="+strings.Join([]string{b.home, string(b.id), a.Action, off}, "\n"))
		c.Stderr = os.Stderr
		out, err := c.StdoutPipe()
		b.must(err)
		b.must(c.Start())
		b.Cleanup(func() { _ = c.Wait() })
		s := bufio.NewScanner(out)
		for s.Scan() && s.Text() != "ready" {
			b.Log(s.Text())
		}
		lines = append(lines, s)
	}
	b.must(os.WriteFile(off, nil, 0o600))
	sent, refusals := 0, 0
	for _, s := range lines {
		for s.Scan() {
			text, ok := strings.CutPrefix(s.Text(), "end ")
			switch {
			case !ok:
			case strings.HasPrefix(text, "verified false"):
				sent++
			case strings.Contains(text, " true "):
				refusals++
				if !strings.Contains(text, "another process") && !strings.Contains(text, " is ") {
					b.Errorf("refused without a word on why: %s", text)
				}
			default:
				b.Errorf("neither sent nor refused: %s", text)
			}
		}
	}
	if sent != 1 || refusals != n-1 {
		b.Errorf("%d sent, %d refused", sent, refusals)
	}
}
