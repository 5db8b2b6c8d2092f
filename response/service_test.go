package response

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/integrations/drill"
	"firebreak/internal/testkit"
	"firebreak/playbooks"
)

// bench is a workspace with a clock in the test's hands.
type bench struct {
	*testing.T
	clock *testkit.Clock
	s     *Session
	id    incident.ID
	home  string
	seed  uint64 // of its randomness, and so of its keys
	rows  int    // at which a segment of the timeline is full; 0 as it is
	agent func(context.Context) (net.Conn, error)
	ask   func(context.Context, string) ([]byte, error) // for a passphrase
}

func newBench(t *testing.T, conf config.Config) *bench { return newBenchOf(t, conf, 0) }

// newBenchOf is one whose segments are full at so many events, where rows is not 0.
func newBenchOf(t *testing.T, conf config.Config, rows int) *bench {
	b := &bench{T: t, rows: rows, clock: testkit.NewClock(time.Millisecond), home: t.TempDir()}
	b.s = b.service(conf).As(incident.Actor{Name: "ada"})
	return b
}

func (b *bench) service(conf config.Config) *Service {
	b.Helper()
	svc, err := b.tryService(conf)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := svc.Close(); err != nil {
			b.Error(err)
		}
	})
	return svc
}

// tryService opens the workspace; the caller closes it.
func (b *bench) tryService(conf config.Config) (*Service, error) {
	return New(Options{
		Home: b.home, Config: conf, Now: b.clock.Now, Monotonic: b.clock.Monotonic, Rand: testkit.Rand(b.seed), Host: "web-1",
		Secrets: config.Env{Lookup: os.LookupEnv, Open: config.OpenFile, Exec: config.Run}, Tool: "firebreak test",
		ToolSHA256: func() (string, error) { return "00", nil }, Agent: b.agent, Passphrase: b.ask, SegmentRows: b.rows,
		Sleep: func(ctx context.Context, d time.Duration) error {
			b.clock.Advance(d)
			return ctx.Err()
		},
	})
}

// drill opens a drill on a playbook given as YAML and returns its servers.
func (b *bench) drill(yaml string) *drill.World {
	b.Helper()
	file := filepath.Join(b.TempDir(), "p.yaml")
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		b.Fatal(err)
	}
	inc, err := b.s.StartDrill(b.Context(), file)
	if err != nil {
		b.Fatal(err)
	}
	b.id = inc.ID
	f, err := b.s.s.open(b.Context(), inc.ID)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := b.s.s.systems(f); err != nil {
		b.Fatal(err)
	}
	return f.world
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) want(code Code, err error) {
	b.Helper()
	if err == nil || CodeOf(err) != code {
		b.Fatalf("want an error with code %s, got %v (%s)", code, err, CodeOf(err))
	}
}

func (b *bench) state(step string) playbooks.State {
	b.Helper()
	f, err := b.s.s.open(b.Context(), b.id)
	b.must(err)
	st, err := b.s.stepStatus(b.Context(), f, step)
	b.must(err)
	if st == nil {
		b.Fatalf("no step %s", step)
	}
	return st.State
}

// effects counts what the other sides really did.
func (b *bench) effects(w *drill.World) int {
	b.Helper()
	es, err := w.Effects()
	b.must(err)
	return len(es)
}

func (b *bench) verified() {
	b.Helper()
	r, err := b.s.Verify(b.Context(), b.id, nil)
	b.must(err)
	if !r.OK() {
		b.Fatalf("not verified: %v", r.Problems)
	}
}

const oneComment = `playbook: v1
id: one-comment
name: One comment
version: 1.0.0
phases:
  contain:
    - id: ask
      title: Look
      manual: Look at it.
    - id: comment
      title: Comment on the issue
      action: github.issue.create
      connection: github
      with: {repo: acme/payments, title: "Incident", body: "Found."}
      approve: {by: commander, count: 1}
      irreversible: people have read it
    - id: after
      title: Afterwards
      manual: Go on.
`

// reach brings the drill to its action.
func (b *bench) reach() ActionView {
	b.Helper()
	b.must(b.s.DoneStep(b.Context(), b.id, "ask", nil, ""))
	a, err := b.s.PlanStep(b.Context(), b.id, "comment")
	b.must(err)
	return a
}

// sleepFor really sleeps.
func sleepFor(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
