package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/internal/testkit/mishap"
	"firebreak/record"
)

// insist records n notes and does not stop at a failure. Each line of its
// output is what became of one; the notes are long, so that the log is moved
// into the database on the way.
func insist(ctx context.Context, dir string, o Options, n int) error {
	s, err := Open(ctx, dir, o)
	if err != nil {
		fmt.Println("open", class(err))
		return nil
	}
	for i := range n {
		text := fmt.Sprintf("%d-%d", os.Getpid(), i)
		e, err := s.Update(ctx, func(*Tx) (record.Draft, error) {
			return record.NewDraft(alice, record.Noted, incident.Identify, "", record.Note{Text: text + "|" + strings.Repeat("x", 300<<10)})
		})
		if err != nil {
			fmt.Println("update", class(err), err)
			continue
		}
		fmt.Println("ack", e.Seq, text)
	}
	if err := s.Close(); err != nil {
		fmt.Println("close", class(err))
	}
	return nil
}

// class names the sentinel of an error.
func class(err error) string {
	for name, is := range map[string]error{"damaged": ErrDamaged, "full": ErrFull, "read-only": ErrReadOnly} {
		if errors.Is(err, is) {
			return name
		}
	}
	return "unexpected"
}

// faulty runs insist under the plan and returns what it said, the calls that
// matched, and whether the plan's came.
func faulty(t *testing.T, dir, home string, n int, p mishap.Plan) (said []string, seen []string, hit bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0], dir, home, strconv.Itoa(n))
	cmd.Env = append(os.Environ(), jobEnv+"="+jobInsist)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	w := mishap.Start(t, cmd, p)
	err := cmd.Wait()
	seen, hit = w.End(t)
	if err != nil && p.Then != mishap.Kill {
		t.Fatalf("%v: %s", err, out.String())
	}
	return strings.Split(strings.TrimSpace(out.String()), "\n"), seen, hit
}

// acked are the notes that were acknowledged.
func acked(t *testing.T, said []string) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	for _, line := range said {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "ack" {
			n, err := strconv.ParseInt(f[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			out[f[2]] = n
		}
	}
	return out
}

// Every fsync of the database, its log and the heads fails once, each in a
// process of its own. From then on nothing is acknowledged and nothing is
// synced again; the next start finds every acknowledged entry.
func TestFailedSyncsOfTheDisk(t *testing.T) {
	t.Parallel()
	const notes = 20
	home, o := newHome(t)
	base := filled(t, o, 3)
	_, all, _ := faulty(t, copyDir(t, base), home, notes, mishap.Plan{Kinds: []mishap.Kind{mishap.Sync}, Name: "/" + string(testID) + "/"})
	if len(all) < 2*notes {
		t.Fatalf("%d syncs for %d notes: %v", len(all), notes, all)
	}
	step := max(1, len(all)/testkit.Rounds(t, 8, len(all)))
	where := map[string]int{}
	rounds, looked := 0, 0
	for n := 1; n <= len(all); n += step {
		dir := copyDir(t, base)
		said, seen, hit := faulty(t, dir, home, notes, mishap.Plan{
			Kinds: []mishap.Kind{mishap.Sync}, Name: "/" + string(testID) + "/", Nth: n, Errno: syscall.EIO,
		})
		if !hit {
			t.Fatalf("sync %d did not come: %v", n, seen)
		}
		rounds++
		file := filepath.Base(strings.Fields(seen[n-1])[1])
		where["EIO from fsync of "+file]++
		failed := false
		for _, line := range said {
			f := strings.Fields(line)
			switch {
			case f[0] == "ack" && failed:
				t.Fatalf("sync %d (%s): acknowledged after the disk failed:\n%s", n, file, strings.Join(said, "\n"))
			case f[0] != "ack" && f[1] != "damaged":
				t.Fatalf("sync %d (%s): %s", n, file, line)
			case f[0] != "ack":
				failed = true
			}
		}
		if !failed {
			t.Fatalf("sync %d (%s) failed, and nothing was said:\n%s", n, file, strings.Join(said, "\n"))
		}
		if len(seen) > n {
			t.Fatalf("sync %d (%s) failed, and then: %v", n, file, seen[n:])
		}
		acks := acked(t, said)
		looked += len(acks)
		expect(t, dir, o, acks)
	}
	testkit.Tell(t, testkit.Figure{
		Name: "EIO from fsync", Rounds: rounds, Detected: testkit.N(rounds), Lost: testkit.N(0), Acked: testkit.N(looked), Where: where,
		Note: "every fsync of 20 updates, the moves of the log and the end, one after the other; after it nothing is acknowledged and nothing synced again",
	})
}

// Every write fails once: no room, a failing disk, half of it written.
func TestFailedWrites(t *testing.T) {
	t.Parallel()
	const notes = 16
	home, o := newHome(t)
	base := filled(t, o, 3)
	kinds := []mishap.Kind{mishap.Write, mishap.Truncate}
	name := "/" + string(testID) + "/"
	_, all, _ := faulty(t, copyDir(t, base), home, notes, mishap.Plan{Kinds: kinds, Name: name})
	where := map[string]int{}
	rounds, looked, noticed, harmless := 0, 0, 0, 0
	for i, way := range []struct {
		name string
		plan mishap.Plan
	}{
		{"ENOSPC, once", mishap.Plan{Errno: syscall.ENOSPC}},
		{"ENOSPC, from then on", mishap.Plan{Errno: syscall.ENOSPC, Onward: true}},
		{"EIO", mishap.Plan{Errno: syscall.EIO}},
		{"half of it written", mishap.Plan{Then: mishap.Short}},
	} {
		step := max(1, len(all)/testkit.Rounds(t, 4, 100))
		for n := 1 + i%step; n <= len(all); n += step {
			dir := copyDir(t, base)
			p := way.plan
			p.Kinds, p.Name, p.Nth = kinds, name, n
			said, seen, hit := faulty(t, dir, home, notes, p)
			if !hit {
				continue // how often the index of the log is written is not always the same
			}
			rounds++
			where[way.name]++
			bad := false
			for _, line := range said {
				f := strings.Fields(line)
				bad = bad || f[0] != "ack"
				if f[0] != "ack" && f[1] == "unexpected" {
					t.Fatalf("%s at %s: %s", way.name, seen[n-1], line)
				}
			}
			if bad {
				noticed++
			} else {
				harmless++
			}
			acks := acked(t, said)
			looked += len(acks)
			expect(t, dir, o, acks)
		}
	}
	if rounds == 0 {
		t.Fatal("no write failed: the test tests nothing")
	}
	testkit.Tell(t, testkit.Figure{
		Name: "failing writes", Rounds: rounds, Detected: testkit.N(noticed), Harmless: testkit.N(harmless), Lost: testkit.N(0), Acked: testkit.N(looked), Where: where,
		Note: "harmless: the update was recorded all the same, out of the ballast or by writing the rest",
	})
}
