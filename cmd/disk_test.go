package cmd_test

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"firebreak/internal/testkit"
	"firebreak/internal/testkit/mishap"
)

// TestFailedSyncs lets each fsync of a command fail, one after the other: the
// program says that the disk failed, acknowledges nothing, and the next one
// finds everything that was acknowledged before.
func TestFailedSyncs(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.open("odd process")
	log := b.write("auth.log", "Nov 20 03:12:01 web-1 sshd[4711]: Accepted publickey for root from 203.0.113.66 port 50222 ssh2\n")
	rounds, kept, harmless := 0, 1, 0
	folder := filepath.Join(b.home, "incidents", id)
	where := map[string]int{}
	for _, args := range [][]string{{"note", id, "a word"}, {"ingest", id, log}} {
		folders := 0
		for n := 1; ; n++ {
			c := b.command(context.Background(), args...)
			var out, errs bytes.Buffer
			c.Stdout, c.Stderr = &out, &errs
			w := mishap.Start(t, c, mishap.Plan{Kinds: []mishap.Kind{mishap.Sync}, Name: "/incidents/", Nth: n, Errno: syscall.EIO})
			err := c.Wait()
			seen, hit := w.End(t)
			if !hit {
				if err != nil {
					t.Fatalf("firebreak %s: %v\n%s", strings.Join(args, " "), err, errs.String())
				}
				kept++
				break
			}
			rounds++
			path := strings.Fields(seen[n-1])[1]
			if path == folder {
				folders++
			}
			// SQLite syncs the folder again, for a name that is safe by then; and
			// what it could not move out of the log of timeline.db stays there.
			if err == nil && (path == folder && folders > 1 || path == filepath.Join(folder, "timeline.db")) {
				harmless++
				b.verified(id)
				continue
			}
			where[args[0]]++
			if err == nil || !strings.Contains(errs.String(), "input/output error") && !strings.Contains(errs.String(), "I/O error") || !strings.Contains(errs.String(), "hint:") || strings.Contains(errs.String(), "goroutine ") {
				t.Errorf("firebreak %s, %s failed: %v\n%s%s", strings.Join(args, " "), seen[n-1], err, out.String(), errs.String())
			}
			b.verified(id)
		}
	}
	testkit.Tell(t, testkit.Figure{Name: "EIO from fsync of the program", Rounds: rounds, Detected: testkit.N(rounds - harmless), Harmless: testkit.N(harmless), Lost: testkit.N(0), Acked: testkit.N(kept), Where: where})
}
