package cmd_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// follow runs "ingest --follow" until the steps are done, each after another
// line that begins with {"state":STATE, and then stops it as ctrl+c does.
func (b *bench) follow(incident, file string, steps ...func()) result {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	args := []string{"ingest", incident, "--follow", file, "--json"}
	c := b.command(ctx, args...)
	var said, failed bytes.Buffer
	c.Stderr = &failed
	out, err := c.StdoutPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.t.Fatal(err)
	}
	for s := bufio.NewScanner(out); s.Scan(); {
		said.WriteString(s.Text() + "\n")
		if !strings.Contains(s.Text(), `"state":"piece"`) {
			continue
		}
		if len(steps) > 0 {
			steps[0]()
			steps = steps[1:]
			continue
		}
		if err := c.Process.Signal(os.Interrupt); err != nil {
			b.t.Fatal(err)
		}
	}
	_ = c.Wait() // its exit code says it
	return result{out: said.String(), err: failed.String(), code: c.ProcessState.ExitCode()}
}

func TestFollowUntilCtrlC(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.open("odd logins")
	line := func(n string) string {
		return "2026-11-20T02:58:0" + n + ".000000+00:00 web-1 sshd[811]: Failed password for root from 203.0.113.9 port 4000" + n + " ssh2\n"
	}
	log := b.write("auth.log", line("0"))
	more := func(text string) {
		f, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	r := b.follow(id, log,
		func() { more(line("1")) },
		func() {
			if err := os.Rename(log, log+".1"); err != nil {
				t.Fatal(err)
			}
			more(line("2") + "half")
		})
	if r.code != 0 {
		t.Errorf("ctrl+c ends it with %d: %s", r.code, r.err)
	}
	var states []string
	var events, left int64
	for l := range strings.Lines(r.out) {
		var f struct {
			State         string
			Events, Left  int64
			Exhibit       string
			Source        string
			From, To      int64
			Added, Reject int64
		}
		if err := json.Unmarshal([]byte(l), &f); err != nil {
			t.Fatalf("%v: %s", err, l)
		}
		states, events, left = append(states, f.State), events+f.Events, f.Left
	}
	got := strings.ReplaceAll(strings.Join(states, " "), "gone ", "") // seen only when a look falls between
	if got != "started piece piece rotated piece ended" || events != 3 || left != 4 {
		t.Errorf("it told %s with %d events, and %d bytes were left", got, events, left)
	}
	b.want(0, "search", id, "sshd", "--count")
	if n := strings.TrimSpace(b.want(0, "search", id, "sshd", "--count").out); n != "3" {
		t.Errorf("%s events are on the timeline, want 3", n)
	}
	b.want(2, "ingest", id, "--follow", log, log+".1")
	b.want(2, "ingest", id, "--follow", "-")
	b.want(2, "ingest", id, "--from-end", log)
	b.verified(id)
}
