package cmd_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"firebreak/internal/testkit"
)

// ingestSum is what ingest prints.
type ingestSum struct {
	Events, Added, Rejected int64
	Resumed, Notes          []string
}

// TestKilledIngest kills an ingest in the middle. A stream that was sealed and not
// read to its end is read on by the next one, with the zone and the skew that were
// given then; a file, which is read while it is sealed, is there whole or not at
// all. What is missing is added, and the same once more adds nothing.
func TestKilledIngest(t *testing.T) {
	t.Parallel()
	b, times := newSmallBench(t)
	lines := 15_000 * times // more than one segment of the timeline
	var text strings.Builder
	for i := range lines {
		at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Second)
		fmt.Fprintf(&text, "%s web-%d sshd[%d]: Failed password for invalid user u%d from 10.0.%d.%d port 22 ssh2\n", at.Format(time.Stamp), i%7, i, i%911, i/251%251, i%251)
	}
	log := b.write("auth.log", text.String())
	other := b.write("other.log", "Jul  1 12:00:00 web-1 sshd[1]: Accepted publickey for root from 10.0.0.1 port 22 ssh2\n")
	hit := 0
	for round := range testkit.Rounds(t, 1, 40) {
		id := b.open(fmt.Sprintf("killed ingest %d", round))
		file, given := log, log
		if round%2 == 0 {
			file, given = other, "-" // another file has the stream read on
		}
		killed := b.killReading(log, id, times, "ingest", id, given, "--zone", "Europe/Berlin", "--year", "2025", "--skew", "90s")
		b.verified(id)
		if got := b.count(id); killed && given == log && got != 0 && got != int64(lines) {
			t.Errorf("%d events of a file are there", got)
		}
		var sum ingestSum
		b.into(&sum, "ingest", id, file, "--zone", "Europe/Berlin", "--year", "2025", "--skew", "90s")
		if left, _ := filepath.Glob(filepath.Join(b.home, "incidents", id, "evidence", "tmp-*")); len(left) > 0 {
			t.Errorf("half sealed, and there still: %v", left)
		}
		if killed && len(sum.Resumed) == 1 && strings.Contains(strings.Join(sum.Notes, "\n"), "e1 was sealed and never read to its end") {
			hit++
		}
		if killed && given == "-" && len(sum.Resumed) != 1 && !b.acknowledged(id) {
			t.Errorf("the reading was not taken up: %+v", sum)
		}
		want := int64(lines)
		if file == other {
			want++
		}
		if given == "-" && b.exhibits(id) == 1 { // killed before the stream was sealed
			want = 1
		}
		if got := b.count(id); got != want {
			t.Errorf("%d events, want %d: %+v", got, want, sum)
		}
		// July in Berlin is two hours ahead, and the clock was 90 seconds fast.
		if got := b.count(id, "after:2025-07-01T09:58:29Z", "before:2025-07-01T09:58:31Z", "host:web-0"); want > 1 && got != 1 {
			t.Errorf("%d events at the time of the first line", got)
		}
		b.into(&sum, "ingest", id, log, "--zone", "Europe/Berlin", "--year", "2025", "--skew", "90s")
		if want == 1 {
			want += int64(lines)
		}
		if got := b.count(id); file == log && sum.Added != 0 || got != want {
			t.Errorf("the same file again: %+v, %d events", sum, got)
		}
		b.verified(id)
	}
	t.Logf("%d kills in the middle of a reading", hit)
}

// killReading runs the program, with a file as its standard input, and kills it
// when it has begun to write events, of a log that is so many times as long.
func (b *bench) killReading(stdin, id string, times int, args ...string) bool {
	b.t.Helper()
	in, err := os.Open(stdin)
	if err != nil {
		b.t.Fatal(err)
	}
	defer in.Close() //nolint:errcheck // read only
	c := exec.Command("firebreak", args...)
	c.Stdin = in
	c.Env, c.Dir = b.env, b.dir
	if err := c.Start(); err != nil {
		b.t.Fatal(err)
	}
	ended := make(chan struct{})
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		log := filepath.Join(b.home, "incidents", id, "timeline.db-wal")
		for {
			select {
			case <-ended:
				return
			case <-time.After(time.Millisecond):
			}
			if info, err := os.Stat(log); err == nil && info.Size() > int64(times)*100<<10 {
				break
			}
		}
		select {
		case <-ended:
		case <-time.After(rand.N(time.Duration(times) * 3 * time.Millisecond)):
			_ = c.Process.Kill() // it may have ended
		}
	}()
	err = c.Wait()
	close(ended)
	<-gone
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		b.t.Fatal(err)
	}
	return exit != nil && exit.ExitCode() < 0
}

// exhibits is how many there are.
func (b *bench) exhibits(id string) int {
	b.t.Helper()
	n := 0
	for _, a := range b.activity(id) {
		if a.Kind == "evidence.sealed" {
			n++
		}
	}
	return n
}

// acknowledged says whether a reading is in the record.
func (b *bench) acknowledged(id string) bool {
	b.t.Helper()
	for _, a := range b.activity(id) {
		if a.Kind == "timeline.ingested" {
			return true
		}
	}
	return false
}

// count is how many events a filter has.
func (b *bench) count(id string, filter ...string) int64 {
	b.t.Helper()
	r := b.want(0, append([]string{"search", id, "--count", "--"}, filter...)...)
	n, err := strconv.ParseInt(strings.TrimSpace(r.out), 10, 64)
	if err != nil {
		b.t.Fatalf("%v in %q", err, r.out)
	}
	return n
}
