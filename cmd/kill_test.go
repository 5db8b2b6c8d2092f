package cmd_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/internal/testkit"
)

// TestKill kills the program at random moments of an incident's work, again and
// again. After each kill: verify finds nothing wrong, what was acknowledged is
// there, what was recorded before is still the beginning of the record, nothing
// was sent twice, an action that was under way is unknown and can be settled,
// and the work goes on to its end. FIREBREAK_SOAK=1 makes it 200 kills.
func TestKill(t *testing.T) {
	t.Parallel()
	rounds := testkit.Rounds(t, 8, 200)
	k := &killing{vendors: newVendors(t, 80*time.Millisecond), took: map[string]time.Duration{}, seen: map[string]int{}}
	began := time.Now()
	for range rounds {
		if k.walk == nil {
			k.begin(t)
		}
		k.round(t)
	}
	for k.walk != nil { // the last incident, too, comes to its end
		k.step(t, false)
	}
	t.Logf("%d kills in %s", rounds, time.Since(began).Round(time.Second))
	testkit.Tell(t, testkit.Figure{
		Name: "kill -9 of the program at work", Rounds: rounds, Lost: testkit.N(0), Acked: testkit.N(k.acked), Where: k.seen,
		Note: "every command of an incident's work, killed at random; nothing was sent twice, and what was under way is unknown until somebody looks",
	})
}

// killing is the whole test: one walk after the other.
type killing struct {
	vendors *vendors
	took    map[string]time.Duration // how long each command took when it was left alone
	seen    map[string]int           // what was observed
	acked   int                      // commands that were acknowledged and looked for
	walk    *walk
}

// walk is one incident in a workspace of its own.
type walk struct {
	*bench
	work   []task
	at     int
	id     string
	acked  []task     // what the program said is done
	last   []activity // the record as it was read last
	before map[string]int
}

// task is one command of the work, and how its effect is seen in the incident.
type task struct {
	name string
	args func(id string, s snapshot) []string
	done func(s snapshot) bool
}

// snapshot is what the program shows of an incident.
type snapshot struct {
	Incident struct {
		Status string `json:"status"`
	} `json:"incident"`
	Phases []struct {
		Steps []struct {
			ID    string `json:"id"`
			State string `json:"state"`
		} `json:"steps"`
	} `json:"phases"`
	Actions []shownAction `json:"actions"`
	record  []activity
}

type shownAction struct {
	Action string `json:"action"`
	Name   string `json:"name"`
	Step   string `json:"step"`
	State  string `json:"state"`
	Key    string `json:"key"`
}

func (s snapshot) stepIs(step string, states ...string) bool {
	for _, p := range s.Phases {
		for _, st := range p.Steps {
			if st.ID == step {
				return slices.Contains(states, st.State)
			}
		}
	}
	return false
}

func (s snapshot) recorded(kind, text string) bool {
	return slices.ContainsFunc(s.record, func(a activity) bool { return a.Kind == kind && strings.Contains(a.Text, text) })
}

// own returns the action that belongs to no step.
func (s snapshot) own() shownAction {
	for _, a := range s.Actions {
		if a.Step == "" {
			return a
		}
	}
	return shownAction{}
}

// begin opens a new workspace.
func (k *killing) begin(t *testing.T) {
	t.Helper()
	b := newBench(t, k.vendors.env...)
	b.write(".config/firebreak/config.yaml", k.vendors.config())
	book, err := filepath.Abs(filepath.Join("testdata", "fast.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	log := b.write("auth.log", "Nov 20 03:12:01 web-1 sshd[4711]: Accepted publickey for root from 203.0.113.66 port 50222 ssh2\n")
	k.walk = &walk{bench: b, work: killWork(book, log), before: k.sent()}
}

// killWork is the work of one incident, as a responder's script would do it.
func killWork(book, log string) []task {
	on := func(args ...string) func(string, snapshot) []string {
		return func(id string, _ snapshot) []string { return append([]string{args[0], id}, args[1:]...) }
	}
	step := func(verb, step string, more ...string) func(string, snapshot) []string {
		return func(id string, _ snapshot) []string { return append([]string{"step", verb, id, step}, more...) }
	}
	is := func(step string, states ...string) func(snapshot) bool {
		return func(s snapshot) bool { return s.stepIs(step, states...) }
	}
	has := func(kind, text string) func(snapshot) bool {
		return func(s snapshot) bool { return s.recorded(kind, text) }
	}
	return []task{
		{"open", func(string, snapshot) []string { return []string{"open", "odd process", "--playbook", book} }, has("run.started", "Fast intrusion")},
		{"step start", step("start", "look"), is("look", "running", "done")},
		{"note", on("note", "the first note"), has("note", "the first note")},
		{"collect", on("collect", "--collector", "linux.system,linux.mounts"), has("evidence.collected", "")},
		{"step done", step("done", "look", "--answer", "address=203.0.113.66"), is("look", "done")},
		{"ingest", on("ingest", log), has("timeline.ingested", "syslog")},
		{"run --auto", on("run", "--auto"), is("tell", "done")},
		{"step done", step("done", "clean"), is("clean", "done")},
		{"note", on("note", "the second note"), has("note", "the second note")},
		{"plan", on("plan", "webhook.send", "--with", "message=a message of its own"), func(s snapshot) bool { return s.own().Action != "" }},
		{
			"do", func(id string, s snapshot) []string { return []string{"do", id, s.own().Action} },
			func(s snapshot) bool { return s.own().State == "verified" || s.own().State == "sent" },
		},
		{"run --auto", on("run", "--auto"), is("comment", "done")},
		{"review", on("review"), has("review.written", "")},
		{"step done", step("done", "review"), is("review", "done")},
		{"close", on("close", "--reason", "it is over"), func(s snapshot) bool { return s.Incident.Status == "closed" }},
	}
}

// round lets some commands pass, and kills one.
func (k *killing) round(t *testing.T) {
	t.Helper()
	for range rand.N(3) {
		if k.walk == nil {
			k.begin(t)
		}
		k.step(t, false)
	}
	if k.walk == nil {
		k.begin(t)
	}
	for k.walk != nil && !k.step(t, true) { // it was faster than the kill
		if k.walk == nil {
			k.begin(t)
		}
	}
}

// step runs the command that is next; it says whether it was killed.
func (k *killing) step(t *testing.T, kill bool) bool {
	t.Helper()
	w := k.walk
	next := w.work[w.at]
	var s snapshot
	if next.name == "do" {
		s = k.look(t)
	}
	killed := k.start(t, next, next.args(w.id, s), kill)
	if killed {
		k.seen["killed during "+next.name]++
		k.afterKill(t)
	} else {
		w.acked = append(w.acked, next)
		w.at++
		if w.id == "" {
			k.find(t)
		}
	}
	if w.at == len(w.work) {
		k.end(t)
	}
	return killed
}

// start runs one command and, if asked, kills it at a random moment.
func (k *killing) start(t *testing.T, next task, args []string, kill bool) bool {
	t.Helper()
	w := k.walk
	c := exec.Command("firebreak", args...)
	c.Env, c.Dir = w.env, w.dir
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	began := time.Now()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if kill {
		usual := k.took[next.name]
		if usual == 0 {
			usual = 200 * time.Millisecond
		}
		timer := time.AfterFunc(rand.N(usual+usual/10), func() { _ = c.Process.Kill() }) // it may have ended
		defer timer.Stop()
	}
	err := c.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() < 0 {
		return true
	}
	if err != nil {
		t.Fatalf("firebreak %s: %v\n%s\n%s", strings.Join(args, " "), err, out.String(), k.story())
	}
	k.took[next.name] = time.Since(began)
	return false
}

// story is the record so far, for a failure's message.
func (k *killing) story() string {
	var b strings.Builder
	if k.walk.id != "" {
		for _, a := range k.walk.activity(k.walk.id) {
			fmt.Fprintf(&b, "%4d %s\n", a.Seq, a.Text)
		}
	}
	return b.String()
}

// find learns the incident's id, if it is there.
func (k *killing) find(t *testing.T) {
	t.Helper()
	w := k.walk
	r := w.want(0, "list", "--json")
	for line := range strings.Lines(r.out) {
		var l struct {
			ID     string `json:"id"`
			Broken string `json:"broken"`
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if l.Broken != "" {
			t.Fatalf("a kill left an incident that cannot be opened: %s", line)
		}
		if w.id == "" {
			w.id = l.ID
		}
	}
}

// look reads the incident; what was recorded or acknowledged must be there.
func (k *killing) look(t *testing.T) snapshot {
	t.Helper()
	w := k.walk
	var s snapshot
	w.into(&s, "show", w.id)
	s.record = w.activity(w.id)
	if len(s.record) < len(w.last) || !slices.Equal(s.record[:len(w.last)], w.last) {
		t.Fatalf("the record does not begin with what it was before\n%s", k.story())
	}
	w.last = s.record
	k.acked += len(w.acked)
	for _, a := range w.acked {
		if !a.done(s) {
			t.Fatalf("%s was acknowledged, and is not there\n%s", a.name, k.story())
		}
	}
	return s
}

// afterKill looks at what the kill left, and settles what is open.
func (k *killing) afterKill(t *testing.T) {
	t.Helper()
	w := k.walk
	if w.id == "" {
		if k.find(t); w.id == "" {
			k.seen["killed before the incident was there"]++
			return
		}
	}
	w.verified(w.id)
	s := k.look(t)
	changed := false
	for _, a := range s.Actions {
		changed = k.judge(t, a) || changed
		if a.State == "sent" && a.Step != "" && s.stepIs(a.Step, "running") { // killed before it could look: the next run does
			k.seen["sent, and the next run looked for itself"]++
		}
	}
	if changed {
		s = k.look(t)
	}
	for _, p := range s.Phases {
		for _, st := range p.Steps {
			if st.State == "failed" {
				k.seen["a step was taken up again"]++
				w.want(0, "step", "reopen", w.id, st.ID, "--reason", "the message did not go out")
			}
		}
	}
	if w.work[w.at].done(s) {
		k.seen["killed after the effect was recorded"]++
		w.at++
	}
}

// judge compares what the record says of an action with what the other side
// received. What is unknown it settles, and says so.
func (k *killing) judge(t *testing.T, a shownAction) bool {
	t.Helper()
	received := k.vendors.of(a.Key)
	switch a.State {
	case "planned", "approved", "rejected", "failed":
		if received != 0 {
			t.Fatalf("%s %s is %s, and was received %d times\n%s", a.Action, a.Name, a.State, received, k.story())
		}
	case "sent", "verified":
		if received != 1 {
			t.Fatalf("%s %s is %s, and was received %d times\n%s", a.Action, a.Name, a.State, received, k.story())
		}
	case "unknown":
		if received > 1 {
			t.Fatalf("%s %s was received %d times\n%s", a.Action, a.Name, received, k.story())
		}
		k.seen[fmt.Sprintf("unknown: %s, received %d times", a.Name, received)]++
		k.settle(t, a, received)
		return true
	default: // sending: but nobody is
		t.Fatalf("%s %s is %s after a kill\n%s", a.Action, a.Name, a.State, k.story())
	}
	return false
}

// settle finds out what became of an unknown action: the program looks; where
// nothing can be read back, a person says it.
func (k *killing) settle(t *testing.T, a shownAction, received int) {
	t.Helper()
	w := k.walk
	w.want(1, "do", w.id, a.Action) // it must not be sent again before somebody looked
	if r := w.run("do", w.id, a.Action, "--look"); r.code != 0 {
		if !strings.Contains(r.err, "--happened") {
			t.Fatalf("look: %s%s\n%s", r.out, r.err, k.story())
		}
		happened := map[int]string{0: "no", 1: "yes"}[received]
		w.want(0, "do", w.id, a.Action, "--happened", happened, "--reason", "they looked into their log")
		k.seen["settled by a person: "+happened]++
	} else {
		k.seen["settled by looking"]++
	}
	var now shownAction
	w.into(&now, "show", w.id, a.Action)
	want := map[int][]string{0: {"failed"}, 1: {"sent", "verified"}}[received]
	if !slices.Contains(want, now.State) {
		t.Fatalf("%s was received %d times, and is %s now\n%s", a.Name, received, now.State, k.story())
	}
}

// sent is how many writes each of the vendors' doors has seen.
func (k *killing) sent() map[string]int {
	out := map[string]int{}
	for _, w := range k.vendors.settled() {
		out[w.path]++
	}
	return out
}

// end wants the work to be whole: everything once, and verified.
func (k *killing) end(t *testing.T) {
	t.Helper()
	w := k.walk
	s := k.look(t)
	for _, a := range s.Actions {
		k.judge(t, a)
	}
	w.verified(w.id)
	now := k.sent()
	for path, want := range map[string]int{"/pagerduty/v2/enqueue": 1, "/hook": 2, "/github/repos/acme/payments/issues/1/comments": 1} {
		if got := now[path] - w.before[path]; got != want {
			t.Fatalf("%s received %d writes in one incident, want %d\n%s", path, got, want, k.story())
		}
	}
	if r := w.want(0, "search", w.id, `"Accepted publickey"`, "--count"); r.out != "1\n" {
		t.Fatalf("the log's line is on the timeline %q times", r.out)
	}
	k.seen["incidents brought to their end"]++
	k.walk = nil
}
