package tui

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/playbooks"
	"firebreak/response"
)

// exercise is a short playbook with every kind of dialog: a question, a real
// collection, a plan of high danger, a choice, a wait, a review.
const exercise = `playbook: v1
id: exercise
name: Exercise of the screens
version: 1.0.0
description: A walk through every dialog.
severity: sev2
vars:
  spread: {type: bool}
phases:
  identify:
    - {id: look, title: Look around, manual: "Look at the host.", ask: {spread: "Did it spread?"}}
    - {id: take, title: Take the system's state, collect: [linux.system], with: {authority: exercise}}
  contain:
    - id: key
      title: Delete the deploy key
      action: github.deploykey.delete
      with: {repo: acme/payments, key_id: 4242}
      impact: high
      approve: {by: commander, count: 1}
      rollback: {manual: "firebreak revert adds the same public key again."}
  eradicate:
    - {id: sweep, title: Sweep, if: "!spread", manual: "Remove what was found."}
  recover:
    - {id: watch, title: Watch a while, wait: 4h}
  learn:
    - {id: review, title: Write the review, review: blameless}
drill:
  spread: false
`

// workspace opens a real session in a temporary folder.
func workspace(t *testing.T) *response.Session {
	t.Helper()
	s, err := response.New(response.Options{
		Home: t.TempDir(), Now: time.Now, Monotonic: func() (int64, string) { return int64(time.Since(testkit.Start())), "boot" }, Rand: testkit.Rand(7), Host: "web-1",
		Secrets: config.Env{Lookup: os.LookupEnv, Open: config.OpenFile, Exec: config.Run},
		Tool:    "firebreak test", ToolSHA256: func() (string, error) { return strings.Repeat("0", 64), nil },
		Sleep: func(ctx context.Context, d time.Duration) error {
			select {
			case <-time.After(d):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s.As(incident.Actor{Name: "r.singh"})
}

func TestADrillIsWalkedToItsEnd(t *testing.T) {
	session := workspace(t)
	file := filepath.Join(t.TempDir(), "exercise.yaml")
	if err := os.WriteFile(file, []byte(exercise), 0o600); err != nil {
		t.Fatal(err)
	}
	i, err := session.StartDrill(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	m := New(Options{Session: session, Incident: i.ID, Now: time.Now, Look: Mono})
	r := &robot{t: t, session: session, id: i.ID}
	r.program = tea.NewProgram(m, tea.WithInput(nil), tea.WithOutput(r), tea.WithoutSignalHandler(), tea.WithContext(t.Context()))
	ended := make(chan error, 1)
	go func() {
		_, err := r.program.Run()
		ended <- err
	}()
	r.program.Send(sizeMsg(100, 30))
	r.sees("Exercise of the screens")

	r.press("2")
	r.sees("[] Look around")
	r.press("space")
	r.sees("Did it spread?", "no_")
	r.press("shift+tab", "enter")
	r.until("look", playbooks.Done)

	r.sees("[] Take the system's state")
	r.press("r")
	r.until("take", playbooks.Done)

	r.sees("[] Delete the deploy key")
	r.press("r")
	r.sees("APPROVE", "Type the target's name")
	b := r.board()
	plan := b.Actions[0]
	time.Sleep(2 * graceQuiet) // the dialog opened by itself
	r.text(plan.Target + "x")
	r.press("enter")
	r.sees("not the target's name")
	r.press("backspace", "enter")
	r.sees("read to the last line first")
	r.press("pgdown", "pgdown")
	r.sees("Plan    " + plan.Digest[:8])
	r.press("enter")
	r.until("key", playbooks.Done)
	if got := r.board().Actions[0].State; got != response.Verified {
		t.Fatalf("the approved action is %s, want verified", got)
	}

	r.sees("[] Sweep")
	r.press("space")
	r.until("sweep", playbooks.Done)
	r.sees("[] Watch a while")
	r.press("r")
	r.until("watch", playbooks.Running)
	r.sees("waits until")
	r.press("space")
	r.sees("End the wait")
	r.text("quiet")
	r.press("enter")
	r.until("watch", playbooks.Done)
	r.sees("[] Write the review")
	r.press("r")
	r.sees("Review written")
	time.Sleep(2 * graceQuiet)
	r.press("esc", "space")
	r.until("review", playbooks.Done)

	r.press("3")
	r.sees("Timeline")
	r.press("ctrl+c")
	r.sees("Leave Firebreak?")
	r.press("y")
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the program ended with: %v", err)
		}
	case <-time.After(patience):
		t.Fatal("the program did not end")
	}

	report, err := session.Verify(t.Context(), i.ID, func(response.Progress) {})
	if err != nil || !report.OK() {
		t.Errorf("verify: %v %v", err, report.Problems)
	}
}

// robot presses keys on a running program and reads what it draws.
type robot struct {
	t       *testing.T
	program *tea.Program
	session *response.Session
	id      incident.ID
	mu      sync.Mutex
	out     bytes.Buffer
	from    int
}

// Write takes what the program draws.
func (r *robot) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.Write(b)
}

const patience = 20 * time.Second

func (r *robot) wait(what string, ok func() bool) {
	r.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.t.Fatalf("%s did not come; the last output:\n%s", what, r.out.Bytes()[max(0, r.out.Len()-6000):])
}

// sees waits until the texts have been drawn since the last key. What was on
// the screen before is not drawn again, so it asks for what a key changed.
func (r *robot) sees(texts ...string) {
	r.t.Helper()
	for _, s := range texts {
		r.wait(fmt.Sprintf("%q", s), func() bool {
			r.mu.Lock()
			defer r.mu.Unlock()
			return strings.Contains(attributesOffAll(r.out.String()[r.from:]), s)
		})
	}
}

func attributesOffAll(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = attributesOff(l)
	}
	return strings.Join(lines, "\n")
}

func (r *robot) until(step string, want playbooks.State) {
	r.t.Helper()
	r.wait(step+" "+string(want), func() bool {
		for _, p := range r.board().Phases {
			for _, s := range p.Steps {
				if s.ID == step {
					return s.State == want
				}
			}
		}
		return false
	})
}

func (r *robot) board() response.Board {
	r.t.Helper()
	b, err := r.session.Board(r.t.Context(), r.id)
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

func (r *robot) press(keys ...string) {
	r.mu.Lock()
	r.from = r.out.Len()
	r.mu.Unlock()
	for _, k := range keys {
		r.program.Send(keyOf(k))
	}
}

func (r *robot) text(s string) {
	for _, c := range s {
		r.program.Send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{c}})
	}
}
