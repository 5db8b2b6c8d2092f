package cmd_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"firebreak/internal/testkit"
	"firebreak/internal/testkit/loggen"
)

// TestKillIngest kills the reading of a log at random moments, again and again.
// After each kill: verify and check find nothing wrong, no event that was there
// is gone, and each that is there is as it is without a kill. At last the log is
// read to its end, and the timeline is that of an incident that nothing
// happened to. FIREBREAK_SOAK=1 makes it 200 kills.
//
// A stream is sealed and then read: its events are there batch by batch, and the
// next ingest goes on where the killed one was. The events of a file, which is read
// while it is sealed, are there at once when it is in the record, or not at all.
func TestKillIngest(t *testing.T) {
	t.Parallel()
	b, times := newSmallBench(t)
	// Several segments, and few enough to be looked at after each kill.
	k := &ingestKilling{t: t, lines: 15_000 * times, streamed: true, usual: map[bool]time.Duration{}}
	k.log = writeLog(t, filepath.Join(b.dir, "messages.log"), k.lines, 1)
	id := b.open("nothing happens")
	began := time.Now()
	b.want(0, "ingest", id, k.log)
	k.usual[false] = time.Since(began)
	began = time.Now()
	if said, err := k.reading(b, b.open("a stream")).CombinedOutput(); err != nil {
		t.Fatalf("ingest: %v\n%s", err, said)
	}
	k.usual[true] = time.Since(began)
	if k.want = eventsOf(t, b, id, "--limit", "0"); len(k.want) != k.lines {
		t.Fatalf("%d events of %d lines", len(k.want), k.lines)
	}
	rounds := testkit.Rounds(t, 1, 200)
	for range rounds {
		if k.b == nil {
			k.begin()
		}
		k.round()
	}
	if k.b != nil {
		k.b.want(0, "ingest", k.id, k.log)
		k.whole()
	}
	testkit.Tell(t, testkit.Figure{
		Name: "kill -9 of an ingest", Rounds: rounds, Lost: testkit.N(0), Acked: testkit.N(k.kept), Where: k.seen,
		Note: "a log of " + strconv.Itoa(k.lines) + " lines; acknowledged are the events that were there after a kill and had to be there after the next; at the end every event is that of an undisturbed reading",
	})
}

type ingestKilling struct {
	t     *testing.T
	lines int
	log   string
	usual map[bool]time.Duration // by streamed
	want  map[string][32]byte    // id → the event's hash

	b        *bench // nil: the next round begins a new workspace
	id       string
	walks    int
	streamed bool // the log comes by the standard input
	kills    int  // of this walk
	there    int  // events at the last look
	kept     int
	seen     map[string]int
}

// fileKills is how often the reading of a file is killed before it may end: a kill
// leaves nothing of it to go on with.
const fileKills = 10

// begin opens a new workspace: for a stream, then for a file. Every second pair is
// encrypted.
func (k *ingestKilling) begin() {
	k.t.Helper()
	k.b, _ = newSmallBench(k.t)
	k.streamed = k.walks%2 == 0
	if k.walks%4 >= 2 {
		k.b.want(0, "init", "--identity", ageKey(k.t))
		k.note("begun in an encrypted workspace")
	}
	k.walks++
	k.id, k.there, k.kills = k.b.open("killed"), 0, 0
}

// reading is an ingest of the log.
func (k *ingestKilling) reading(b *bench, id string) *exec.Cmd {
	k.t.Helper()
	if !k.streamed {
		return b.command(k.t.Context(), "ingest", id, k.log)
	}
	f, err := os.Open(k.log)
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() { _ = f.Close() })
	c := b.command(k.t.Context(), "ingest", id, "-")
	c.Stdin = f
	return c
}

// round ingests the log, kills that, and looks at what is left.
func (k *ingestKilling) round() {
	t := k.t
	t.Helper()
	c, usual := k.reading(k.b, k.id), k.usual[k.streamed]
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	after := rand.N(usual + usual/10)
	ended := make(chan struct{})
	var killer sync.WaitGroup
	killer.Go(func() {
		if k.kills%4 == 0 { // anywhere
			select {
			case <-ended:
			case <-time.After(after):
			}
		} else {
			after = k.untilWritten(ended)
		}
		_ = c.Process.Kill() // it may have ended
	})
	err := c.Wait()
	close(ended)
	killer.Wait()
	var exit *exec.ExitError
	switch {
	case err == nil:
		k.note("ended before the kill")
		k.whole()
		return
	case !errors.As(err, &exit) || exit.ExitCode() >= 0:
		t.Fatalf("ingest: %v\n%s", err, said.String())
	}
	k.b.verified(k.id)
	k.b.want(0, "check", k.id)
	limits := [][]string{{"--limit", "1000"}, {"--limit", "1000", "--end"}}
	if testkit.Soak() {
		limits = [][]string{{"--limit", "0"}}
	}
	for _, limit := range limits {
		for id, hash := range eventsOf(t, k.b, k.id, limit...) {
			if want, there := k.want[id]; !there || hash != want {
				t.Fatalf("killed after %s of %s: event %s is not what it is without a kill", after, usual, id)
			}
		}
	}
	now := k.count()
	if now < k.there {
		t.Fatalf("killed after %s of %s: %d events, and there were %d", after, usual, now, k.there)
	}
	k.kept += k.there
	k.kills++
	how := "a file: "
	if k.streamed {
		how = "a stream: "
	}
	switch {
	case now == 0:
		k.note(how + "killed before the first events were there")
	case now == k.there:
		k.note(how + "killed before there were new events")
	case now < k.lines && !k.streamed:
		t.Fatalf("killed after %s of %s: %d events of a file are there", after, usual, now)
	case now < k.lines:
		k.note(how + "killed in the middle of the events")
	default:
		k.note(how + "killed when all events were there")
	}
	k.there = now
	switch {
	case now == k.lines: // another kill of the same would show nothing
		k.whole()
	case !k.streamed && k.kills == fileKills:
		k.b.want(0, "ingest", k.id, k.log)
		k.whole()
	}
}

// untilWritten waits until some of the timeline was written, however quick the
// machine is and the sealing before it: as much as is drawn of all of it.
func (k *ingestKilling) untilWritten(ended <-chan struct{}) time.Duration {
	began := time.Now()
	log := filepath.Join(k.b.home, "incidents", k.id, "timeline.db-wal")
	size := func() int64 {
		info, err := os.Stat(log)
		if err != nil {
			return 0
		}
		return info.Size()
	}
	for want := size() + 1 + rand.Int64N(int64(k.lines)*bytesWritten); size() < want; {
		select {
		case <-ended:
			return time.Since(began)
		case <-time.After(time.Millisecond):
		}
	}
	return time.Since(began)
}

// bytesWritten is what the timeline's log has for each event, nearly.
const bytesWritten = 52

func (k *ingestKilling) note(what string) {
	if k.seen == nil {
		k.seen = map[string]int{}
	}
	k.seen[what]++
}

func (k *ingestKilling) count() int {
	k.t.Helper()
	r := k.b.want(0, "search", k.id, "--count")
	n, err := strconv.Atoi(strings.TrimSpace(r.out))
	if err != nil {
		k.t.Fatal(err)
	}
	return n
}

// whole wants every event there, once and as it should be, and ends the walk.
func (k *ingestKilling) whole() {
	k.t.Helper()
	sameEvents(k.t, eventsOf(k.t, k.b, k.id, "--limit", "0"), k.want)
	k.b.verified(k.id)
	k.b.want(0, "check", k.id)
	if r := k.b.want(0, "ingest", k.id, k.log, "--json"); !strings.Contains(r.out, `"added":0`) {
		k.t.Fatalf("the same log once more adds something: %s", r.out)
	}
	k.note("brought to its end")
	k.b = nil
}

func sameEvents(t *testing.T, got, want map[string][32]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d events, want %d", len(got), len(want))
	}
	for id, hash := range want {
		if got[id] != hash {
			t.Fatalf("event %s is another one, or not there", id)
		}
	}
}

// taken is what says of which exhibit an event was read, which is another one
// each time that a file is given.
var taken = regexp.MustCompile(`"(exhibit|discovered)":"[^"]*",?`)

// eventsOf reads events of the timeline: the hash of each by its id. An event
// that comes twice ends the test.
func eventsOf(t *testing.T, b *bench, id string, args ...string) map[string][32]byte {
	t.Helper()
	c := b.command(t.Context(), append([]string{"search", id, "--json"}, args...)...)
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	found := map[string][32]byte{}
	lines := bufio.NewReaderSize(out, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e struct{ ID string }
			if err := json.Unmarshal(line, &e); err != nil {
				t.Fatalf("%v in %q", err, line)
			}
			if _, twice := found[e.ID]; twice {
				t.Fatalf("event %s comes twice", e.ID)
			}
			found[e.ID] = sha256.Sum256(taken.ReplaceAll(line, nil))
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Wait(); err != nil {
		t.Fatalf("search: %v\n%s", err, errs.String())
	}
	return found
}

// writeLog makes a log of that many lines.
func writeLog(t *testing.T, path string, lines int, seed uint64) string {
	t.Helper()
	l, err := loggen.New(loggen.Options{Lines: lines, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	if _, err := io.Copy(w, l); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}
