package gate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"firebreak/integrations"
)

// clock is a clock in the test's hands; sleeping moves it.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
	return ctx.Err()
}

func start() *clock { return &clock{t: time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)} }

func openGate(t *testing.T, dir, name string, r Rules, c *clock) *Gate {
	t.Helper()
	g, err := Open(dir, name, r, c.now, c.sleep)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func outcome(o integrations.Outcome) error {
	if o == "" {
		return nil
	}
	return &integrations.Error{Outcome: o, After: 7 * time.Second, Err: errors.New(string(o))}
}

func sign(err error) Sign {
	switch {
	case err == nil:
		return Answered
	case errors.Is(err, context.Canceled):
		return Nothing
	case integrations.OutcomeOf(err) == integrations.NotSent, integrations.OutcomeOf(err) == integrations.Ambiguous:
		return Failed
	}
	return Answered
}

// sends makes one attempt that ends like that, and says whether it was let through.
func sends(t *testing.T, g *Gate, o integrations.Outcome, force bool) bool {
	t.Helper()
	through := false
	_, err := g.Break(g.Limit(func(context.Context) (integrations.Receipt, error) {
		through = true
		return integrations.Receipt{}, outcome(o)
	}), sign, force)(t.Context())
	var open *OpenError
	if through == errors.As(err, &open) || !through && integrations.OutcomeOf(err) != integrations.NotSent {
		t.Errorf("let through %v, and %v", through, err)
	}
	return through
}

func TestTheBreaker(t *testing.T) {
	c, dir := start(), t.TempDir()
	r := Of("webhook")
	a, b := openGate(t, dir, "chat", r, c), openGate(t, dir, "chat", r, c) // as two processes have it
	other := openGate(t, dir, "pager", r, c)
	for n := range 4 {
		sends(t, a, integrations.NotSent, false)
		if !sends(t, other, "", false) {
			t.Fatalf("another connection was held up after %d failures", n+1)
		}
	}
	sends(t, a, integrations.Rejected, false) // it answered: the count begins anew
	for range 5 {
		if !sends(t, a, integrations.Ambiguous, false) {
			t.Fatal("it opened too early")
		}
	}
	v, err := b.View()
	if err != nil || v.Breaker != BreakerOpen || v.Failures != 5 {
		t.Fatalf("%+v, %v", v, err)
	}
	if sends(t, b, "", false) {
		t.Fatal("an open breaker let an attempt through")
	}
	if !sends(t, other, "", false) {
		t.Fatal("an open breaker held up another connection")
	}
	c.t = v.Until
	if !sends(t, b, integrations.NotSent, false) {
		t.Fatal("nothing was tried when its time was over")
	}
	if sends(t, a, "", false) {
		t.Fatal("a second attempt was let through after the first had failed")
	}
	if !sends(t, a, "", true) {
		t.Fatal("a person was not let through")
	}
	for range 4 {
		if !sends(t, a, integrations.NotSent, false) {
			t.Fatal("a success did not close it")
		}
	}
}

// TestOneAttemptProbes: while the one attempt that was let through is under way,
// nobody else is, also no person; one that is killed does not keep it shut.
func TestOneAttemptProbes(t *testing.T) {
	c, dir := start(), t.TempDir()
	a, b := openGate(t, dir, "chat", Of(""), c), openGate(t, dir, "chat", Of(""), c)
	for range 5 {
		sends(t, a, integrations.NotSent, false)
	}
	c.t = c.t.Add(Of("").Open)
	if err := a.enter(t.Context(), false); err != nil { // and it is killed now
		t.Fatal(err)
	}
	for _, force := range []bool{false, true} {
		if sends(t, b, "", force) {
			t.Errorf("a second attempt was let through (a person: %v)", force)
		}
	}
	v, err := b.View()
	if err != nil || v.Breaker != BreakerOpen {
		t.Errorf("%+v, %v", v, err)
	}
	c.t = c.t.Add(Of("").Probe)
	if v, err := b.View(); err != nil || v.Breaker != BreakerHalfOpen {
		t.Errorf("%+v, %v", v, err)
	}
	if !sends(t, b, "", false) {
		t.Error("a process that was killed keeps it shut")
	}
}

// TestGivingUpSaysNothing: a person who cancels is no failure of the connection,
// and does not close an open breaker.
func TestGivingUpSaysNothing(t *testing.T) {
	c := start()
	g := openGate(t, t.TempDir(), "chat", Of(""), c)
	stop := func(context.Context) (integrations.Receipt, error) { return integrations.Receipt{}, context.Canceled }
	for range 9 {
		_, err := g.Break(stop, sign, false)(t.Context())
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if v, err := g.View(); err != nil || v.Failures != 0 {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestTheRate(t *testing.T) {
	for _, r := range []struct {
		rules Rules
		n     int
		takes time.Duration // until the last of them may begin
	}{
		{Of("github"), 5, 4 * time.Second},
		{Of("pagerduty"), 121, time.Minute},
		{Rules{Every: time.Second, Burst: 3}, 5, 2 * time.Second},
		{Of("linux"), 5, 0},
	} {
		c, dir := start(), t.TempDir()
		began := c.t
		for n := range r.n {
			g := openGate(t, dir, "c", r.rules, c) // each time another process
			done, err := g.Turn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			done()
			if n == r.n-1 && c.t.Sub(began) != r.takes {
				t.Errorf("%+v: %d writes took %s, want %s", r.rules, r.n, c.t.Sub(began), r.takes)
			}
		}
	}
}

// TestWhatIsAskedToWaitHoldsForAll: one was throttled, and no other begins before
// that is over. A clock that is set back does not keep them for ever.
func TestWhatIsAskedToWaitHoldsForAll(t *testing.T) {
	c, dir := start(), t.TempDir()
	a, b := openGate(t, dir, "c", Of("github"), c), openGate(t, dir, "c", Of("github"), c)
	sends(t, a, integrations.Throttled, false)
	began := c.t
	sends(t, b, "", false)
	if got := c.t.Sub(began); got != 7*time.Second {
		t.Errorf("the other waited %s, want 7s", got)
	}
	if err := a.change(t.Context(), func(s *State) { s.Asked = c.t; s.Until = c.t.Add(time.Minute) }); err != nil {
		t.Fatal(err)
	}
	var e *integrations.Error
	_, err := b.Limit(func(context.Context) (integrations.Receipt, error) {
		t.Error("it was sent")
		return integrations.Receipt{}, nil
	})(t.Context())
	if !errors.As(err, &e) || e.Outcome != integrations.Throttled || e.After != time.Minute {
		t.Errorf("asked to wait a minute: %v", err)
	}
	for _, back := range []time.Duration{time.Hour, 48 * time.Hour} {
		c.t = c.t.Add(-back)
		began = c.t
		sends(t, b, "", false)
		if got := c.t.Sub(began); got > 2*time.Second {
			t.Errorf("after the clock was set back by %s it waited %s", back, got)
		}
	}
}

func TestStateThatNobodyWrote(t *testing.T) {
	for _, text := range []string{"", "{", "[]", `{"failures": -3}`, `{"failures": 99999999999999999999}`, `{"full": "yesterday"}`, strings.Repeat("x", most+1)} {
		c, dir := start(), t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "c.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		g := openGate(t, dir, "c", Of("github"), c)
		if !sends(t, g, "", false) {
			t.Errorf("%.20q keeps people from acting", text)
		}
	}
	for _, name := range []string{"", ".", "..", "../x", "a/b", ".hidden"} {
		if _, err := Open(t.TempDir(), name, Of(""), time.Now, nil); err == nil {
			t.Errorf("the name %q was taken", name)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "c\x00"), "c", Of(""), time.Now, nil); err == nil {
		t.Error("a folder that cannot be was made")
	}
}

func TestATurnCanBeGivenUp(t *testing.T) {
	c, dir := start(), t.TempDir()
	a, b := openGate(t, dir, "c", Of("github"), c), openGate(t, dir, "c", Of("github"), c)
	done, err := a.Turn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	waits := make(chan error)
	go func() {
		_, err := b.Limit(func(context.Context) (integrations.Receipt, error) {
			return integrations.Receipt{}, errors.New("it was sent")
		})(ctx)
		waits <- err
	}()
	cancel()
	if err := <-waits; integrations.OutcomeOf(err) != integrations.NotSent || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	done()
}

const workerEnv = "FIREBREAK_TEST_GATE_WORKER"

// TestGateWorker is not a test: it is one of the processes that write. It notes
// when each of its writes begins and ends.
func TestGateWorker(t *testing.T) {
	dir, n, _ := strings.Cut(os.Getenv(workerEnv), " ")
	if n == "" {
		t.Skip("it writes for TestProcessesKeepTheRate")
	}
	most, err := strconv.Atoi(n)
	if err != nil {
		t.Fatal(err)
	}
	sleep := func(ctx context.Context, d time.Duration) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	g, err := Open(dir, "c", Rules{Every: rate, Burst: 1, Failures: 5}, time.Now, sleep)
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.OpenFile(filepath.Join(dir, "writes"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := out.Close(); err != nil {
			t.Error(err)
		}
	}()
	for range most {
		_, err := g.Limit(func(context.Context) (integrations.Receipt, error) {
			began := time.Now().UnixNano()
			time.Sleep(2 * time.Millisecond)
			_, err := fmt.Fprintf(out, "%d %d\n", began, time.Now().UnixNano())
			return integrations.Receipt{}, err
		})(t.Context())
		if err != nil {
			t.Fatal(err)
		}
	}
}

const rate = 20 * time.Millisecond

// TestProcessesKeepTheRate has three processes write to one connection, one of
// which is killed in the middle: their writes never overlap, and are never nearer
// to each other than the rate allows.
func TestProcessesKeepTheRate(t *testing.T) {
	dir := t.TempDir()
	worker := func(n int) *exec.Cmd {
		c := exec.Command(os.Args[0], "-test.run=^TestGateWorker$")
		c.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d", workerEnv, dir, n))
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	killed, a, b := worker(100_000), worker(10), worker(10)
	for _, c := range []*exec.Cmd{a, b} {
		if err := c.Wait(); err != nil {
			t.Errorf("a worker: %v", err)
		}
	}
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = killed.Wait() // it was killed
	c := worker(3)    // what that one held is free
	if err := c.Wait(); err != nil {
		t.Errorf("a worker after the kill: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "writes"))
	if err != nil {
		t.Fatal(err)
	}
	type write struct{ began, ended int64 }
	var all []write
	for line := range strings.Lines(string(text)) {
		var w write
		if _, err := fmt.Sscan(line, &w.began, &w.ended); err != nil {
			continue // the last line of the one that was killed
		}
		all = append(all, w)
	}
	slices.SortFunc(all, func(x, y write) int { return int(x.began - y.began) })
	if len(all) < 23 {
		t.Fatalf("%d writes", len(all))
	}
	for i := 1; i < len(all); i++ {
		if all[i].began < all[i-1].ended {
			t.Errorf("write %d began before the one before it had ended", i)
		}
	}
	// Each token is given out once: so many writes take at least that long.
	if took, least := time.Duration(all[len(all)-1].began-all[0].began), time.Duration(len(all)-2)*rate; took < least-rate {
		t.Errorf("%d writes took %s, want at least %s", len(all), took, least)
	}
}
