package response

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	mrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/integrations/drill"
	"firebreak/internal/testkit"
	"firebreak/record"
	"firebreak/store"
)

// The worst way there: requests are dropped, a gateway says 502, answers are lost
// after the effect, the effect comes late, and whoever sends is killed again and
// again. What is sent so must be there once in the end.

// What the proxy does, in percent, and how late an effect may come.
const (
	dropsRequests = 10
	saysBad       = 5
	losesAnswers  = 20
	mostLate      = 30 * time.Millisecond
)

// lossy is a proxy in front of a server.
type lossy struct {
	next   http.Handler
	honest atomic.Bool // it does nothing of that

	mu   sync.Mutex
	rand *mrand.Rand

	requests, dropped, bad, lost atomic.Int64
}

func (l *lossy) draw() (fate, answer int, late time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rand.IntN(100), l.rand.IntN(100), time.Duration(l.rand.Int64N(int64(mostLate)))
}

func (l *lossy) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if l.honest.Load() {
		l.next.ServeHTTP(rw, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender was killed in the middle of it
	}
	fate, answer, late := l.draw()
	l.requests.Add(1)
	switch {
	case fate < dropsRequests:
		l.dropped.Add(1)
		panic(http.ErrAbortHandler)
	case fate < dropsRequests+saysBad:
		l.bad.Add(1)
		http.Error(rw, "bad gateway", http.StatusBadGateway)
		return
	}
	time.Sleep(late) // the sender may be gone by then: it happens all the same
	r = r.Clone(context.WithoutCancel(r.Context()))
	r.Body = io.NopCloser(bytes.NewReader(body))
	got := httptest.NewRecorder()
	l.next.ServeHTTP(got, r)
	if answer < losesAnswers {
		l.lost.Add(1)
		panic(http.ErrAbortHandler)
	}
	for k, v := range got.Header() {
		rw.Header()[k] = v
	}
	rw.WriteHeader(got.Code)
	_, _ = rw.Write(got.Body.Bytes()) // whoever went away is looked for later
}

// lossyJob is what a worker is told.
type lossyJob struct {
	Home     string
	Incident incident.ID
	GitHub   string // the proxies
	Duty     string
	Tokens   map[string]string
	Timeout  time.Duration
}

func (j lossyJob) service() (*Service, error) {
	c := config.Config{Connections: map[string]config.Connection{
		"github":    {Kind: "github", BaseURL: j.GitHub, Settings: map[string]string{"repo": drill.Repo}},
		"pagerduty": {Kind: "pagerduty", BaseURL: j.Duty, Settings: map[string]string{"from": "responder@acme.example"}},
	}}
	for name, conn := range c.Connections {
		conn.Secrets = map[string]config.Reference{}
		for _, secret := range []string{"token", "routing_key"} {
			if _, ok := j.Tokens[name+"_"+secret]; ok {
				ref, err := config.ParseReference("env:" + name + "_" + secret)
				if err != nil {
					return nil, err
				}
				conn.Secrets[secret] = ref
			}
		}
		conn.Timeout, conn.Grace, conn.Writes = config.Wait(j.Timeout), config.Wait(j.Timeout), 60_000
		c.Connections[name] = conn
	}
	s, err := New(Options{
		Home: j.Home, Config: c, Now: time.Now, Rand: rand.Reader, Host: "web-1", Tool: "firebreak test",
		Monotonic:  func() (int64, string) { return time.Now().UnixNano(), "boot" },
		ToolSHA256: func() (string, error) { return "00", nil },
		Secrets: config.Env{Lookup: func(name string) (string, bool) {
			v, ok := j.Tokens[name]
			return v, ok
		}},
		Sleep: func(ctx context.Context, d time.Duration) error {
			t := time.NewTimer(d)
			defer t.Stop()
			select {
			case <-t.C:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		},
	})
	if err == nil {
		s.breakerOpen, s.mostWait = 200*time.Millisecond, 2*time.Second
	}
	return s, err
}

// mostKills is how often a worker is killed; then it comes to its end.
func mostKills() int {
	if testkit.Soak() {
		return 400
	}
	return 15 // a start costs half a second under the race detector
}

const lossyEnv = "FIREBREAK_TEST_LOSSY_WORKER"

// TestLossyWorker is not a test: it is the process that is killed.
func TestLossyWorker(t *testing.T) {
	var j lossyJob
	if os.Getenv(lossyEnv) == "" {
		t.Skip("it works the outbox for TestSoakLossyProxy")
	}
	if err := json.Unmarshal([]byte(os.Getenv(lossyEnv)), &j); err != nil {
		t.Fatal(err)
	}
	s, err := j.service()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stdout.WriteString("working\n"); err != nil {
		t.Fatal(err)
	}
	run, err := s.As(incident.Actor{Name: "worker " + strconv.Itoa(os.Getpid())}).RunOutbox(t.Context(), j.Incident, false, nil)
	if err != nil || len(run.Waiting) > 0 {
		t.Fatalf("%v; still there: %+v", err, run.Waiting)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// work keeps a worker at it, killing it every 40 to 200 ms of its work, until one
// has come to the end.
func (j lossyJob) work(t *testing.T, draw *mrand.Rand, kills *atomic.Int64) {
	b, err := json.Marshal(j)
	if err != nil {
		t.Error(err)
		return
	}
	for round := 0; ; round++ {
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestLossyWorker$", "-test.count=1")
		c.Env = append(os.Environ(), lossyEnv+"="+string(b), "GORACE=halt_on_error=1 atexit_sleep_ms=0")
		out, err := c.StdoutPipe()
		if err != nil {
			t.Error(err)
			return
		}
		var errs bytes.Buffer
		c.Stderr = &errs
		if err := c.Start(); err != nil {
			t.Error(err)
			return
		}
		lines := bufio.NewReader(out)
		first, _ := lines.ReadString('\n') // a worker that says nothing has failed: its end tells why
		after := 40*time.Millisecond + time.Duration(draw.Int64N(int64(160*time.Millisecond)))
		if round > mostKills() {
			after = time.Minute
		}
		timer := time.AfterFunc(after, func() { _ = c.Process.Kill() }) // it may have ended
		rest, rerr := io.ReadAll(lines)
		err = c.Wait()
		timer.Stop()
		switch {
		case err == nil && rerr == nil:
			return
		case c.ProcessState.ExitCode() == -1:
			kills.Add(1)
		case !strings.HasPrefix(first, "working"), c.ProcessState.ExitCode() != 0:
			t.Errorf("a worker ended with %v:\n%s%s%s", err, first, rest, errs.String())
			return
		}
	}
}

// lossyTally is what one run came to.
type lossyTally struct {
	keys, lost, duplicated map[string]int // by system
	kills                  int64
	requests, hurt         int64
}

// lossyWorld is what the workers send to, and the incident whose outbox they work.
type lossyWorld struct {
	*drill.World
	job       lossyJob
	hub, duty *lossy
	ada       *Session
	f         *folder
	system    map[string]string // of each key
}

// newLossy plans so many messages over each system.
func newLossy(t *testing.T, seed uint64, keys int, timeout time.Duration) *lossyWorld {
	t.Helper()
	world, err := drill.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, world) })
	l := &lossyWorld{
		World: world, system: map[string]string{},
		hub:  &lossy{next: world.GitHub(), rand: mrand.New(mrand.NewPCG(seed, 1))},
		duty: &lossy{next: world.PagerDuty(), rand: mrand.New(mrand.NewPCG(seed, 2))},
	}
	l.hub.honest.Store(true)
	l.duty.honest.Store(true)
	first, second := httptest.NewServer(l.hub), httptest.NewServer(l.duty)
	t.Cleanup(first.Close)
	t.Cleanup(second.Close)
	l.job = lossyJob{Home: t.TempDir(), GitHub: first.URL, Duty: second.URL, Timeout: timeout, Tokens: map[string]string{}}
	for _, c := range world.Connections() {
		if c.Kind != "github" && c.Kind != "pagerduty" {
			continue
		}
		for _, secret := range []string{"token", "routing_key"} {
			if v, err := c.Secret(t.Context(), secret); err == nil {
				l.job.Tokens[c.Name+"_"+secret] = v
			}
		}
	}
	s, err := l.job.service()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, s) })
	l.ada = s.As(incident.Actor{Name: "ada"})
	inc, err := l.ada.Open(t.Context(), NewIncident{Title: "lossy", Severity: incident.SEV2})
	if err != nil {
		t.Fatal(err)
	}
	l.job.Incident = inc.ID
	if l.f, err = s.open(t.Context(), inc.ID); err != nil {
		t.Fatal(err)
	}
	for i := range keys {
		text := fmt.Sprintf("finding %d", i)
		over := []wish{{name: "github.issue.create", connection: "github", params: map[string]any{"repo": drill.Repo, "title": text}}}
		if i%2 == 0 {
			over = append(over, wish{name: "pagerduty.incident.note", connection: "pagerduty", params: map[string]any{"incident": drill.Incident, "note": text}})
		} else {
			over = append(over, wish{name: "pagerduty.event.trigger", connection: "pagerduty", params: map[string]any{"summary": text}})
		}
		for _, w := range over {
			w.message = true
			a, err := l.ada.plan(t.Context(), l.f, w)
			if err != nil {
				t.Fatal(err)
			}
			l.system[a.Key] = w.connection
		}
	}
	return l
}

// made counts what each key came to over there.
func (l *lossyWorld) made(t *testing.T) map[string]int {
	t.Helper()
	effects, err := l.Effects()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, e := range effects {
		for key := range l.system {
			if strings.Contains(e.Key, key) {
				out[key]++
			}
		}
	}
	return out
}

// lossyRun sends so many keys over each system, and counts.
func lossyRun(t *testing.T, seed uint64, keys int, timeout time.Duration) lossyTally {
	t.Helper()
	l := newLossy(t, seed, keys, timeout)
	l.hub.honest.Store(false)
	l.duty.honest.Store(false)
	var kills atomic.Int64
	var both sync.WaitGroup
	for n := range uint64(2) { // two at a time: each key is sent by one of them
		both.Go(func() { l.job.work(t, mrand.New(mrand.NewPCG(seed, 10+n)), &kills) })
	}
	both.Wait()
	out := lossyTally{keys: map[string]int{}, lost: map[string]int{}, duplicated: map[string]int{}, kills: kills.Load()}
	out.requests = l.hub.requests.Load() + l.duty.requests.Load()
	for _, p := range []*lossy{l.hub, l.duty} {
		out.hurt += p.dropped.Load() + p.bad.Load() + p.lost.Load()
	}
	made := l.made(t)
	for key, of := range l.system {
		out.keys[of]++
		if made[key] == 0 {
			out.lost[of]++
			t.Errorf("%s was not made on %s", key, of)
		}
		if made[key] > 1 {
			out.duplicated[of]++
			t.Errorf("%s was made %d times on %s", key, made[key], of)
		}
	}
	l.verified(t, out.lost)
	return out
}

// verified wants the record to say of each action that it is there.
func (l *lossyWorld) verified(t *testing.T, lost map[string]int) {
	t.Helper()
	rows, err := l.ada.Outbox(t.Context(), l.job.Incident, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.State != Verified {
			lost[r.Connection]++
			t.Errorf("%s on %s is %s: %s\n%s", r.Action, r.Connection, r.State, r.Says, entriesOf(t, l.f, r.Action))
		}
	}
	report, err := l.ada.Verify(t.Context(), l.job.Incident, nil)
	if err != nil || !report.OK() {
		t.Errorf("the record: %v, %v", report.Problems, err)
	}
}

// TestTwoProcessesSendEachOnce: both work the same outbox from its beginning to its
// end. An issue on GitHub has no key that would make a repeat harmless.
func TestTwoProcessesSendEachOnce(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it starts processes")
	}
	l := newLossy(t, 1, 5, 10*time.Second)
	b, err := json.Marshal(l.job)
	if err != nil {
		t.Fatal(err)
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestLossyWorker$", "-test.count=1")
			c.Env = append(os.Environ(), lossyEnv+"="+string(b))
			if out, err := c.CombinedOutput(); err != nil {
				t.Errorf("a worker: %v\n%s", err, out)
			}
		})
	}
	both.Wait()
	made := l.made(t)
	for key, of := range l.system {
		if made[key] != 1 {
			t.Errorf("%s was made %d times on %s", key, made[key], of)
		}
	}
	l.verified(t, map[string]int{})
}

// entriesOf is what the record says of an action.
func entriesOf(t *testing.T, f *folder, action string) string {
	t.Helper()
	var out strings.Builder
	err := f.store.View(t.Context(), func(tx *store.Tx) error {
		entries, err := tx.EntriesOf(record.ActionSending, record.ActionSent, record.ActionVerified, record.ActionFailed, record.ActionUnknown, record.ActionQueued)
		for _, e := range entries {
			var of struct {
				Action string `json:"action"`
			}
			if err := e.Decode(&of); err != nil {
				return err
			}
			if of.Action == action {
				fmt.Fprintf(&out, "  %d %s %s %s %s\n", e.Seq, e.Time.Format("15:04:05.000"), e.Actor.Name, e.Kind, e.Fields)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return out.String()
}

func closed(t *testing.T, c io.Closer) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// TestSoakLossyProxy counts what is lost and what is there twice.
func TestSoakLossyProxy(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it starts processes and kills them")
	}
	keys, timeout := 8, 400*time.Millisecond
	if testkit.Soak() {
		keys, timeout = 60, time.Second
	}
	all := lossyTally{keys: map[string]int{}, lost: map[string]int{}, duplicated: map[string]int{}}
	runs := testkit.Rounds(t, 1, 10)
	for n := range runs {
		one := lossyRun(t, uint64(n)+1, keys, timeout)
		t.Logf("run %d: keys %v, %d kills, %d requests, %d of them hurt; lost %v, duplicated %v", n+1, one.keys, one.kills, one.requests, one.hurt, one.lost, one.duplicated)
		for _, of := range []string{"github", "pagerduty"} {
			all.keys[of] += one.keys[of]
			all.lost[of] += one.lost[of]
			all.duplicated[of] += one.duplicated[of]
		}
		all.kills, all.requests, all.hurt = all.kills+one.kills, all.requests+one.requests, all.hurt+one.hurt
	}
	for of, n := range all.keys {
		testkit.Tell(t, testkit.Figure{
			Name: "a lossy way to " + of + ", senders killed", Rounds: runs, Lost: testkit.N(all.lost[of]), Acked: testkit.N(n),
			Values: map[string]any{"there twice": all.duplicated[of]},
			Note:   fmt.Sprintf("Two workers at a time, killed every 40 to 200 ms of their work (%d kills in all, over both systems); %d %% of requests dropped, %d %% answered with 502, %d %% of answers lost after the effect, which came up to %s late (%d of %d requests hurt)", all.kills, dropsRequests, saysBad, losesAnswers, mostLate, all.hurt, all.requests),
		})
	}
}
