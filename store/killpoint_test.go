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

	"firebreak/forensics"
	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/internal/testkit/mishap"
	"firebreak/record"
)

func lockerOf(dir string) *forensics.Locker {
	return forensics.NewLocker(filepath.Join(dir, "evidence"), [32]byte{1, 2, 3})
}

// sealMany does what a collection does: blob, row, head, acknowledgement.
func sealMany(ctx context.Context, dir string, o Options, n int) error {
	s, err := Open(ctx, dir, o)
	if err != nil {
		return err
	}
	locker := lockerOf(dir)
	for i := range n {
		id := ""
		x, err := locker.Seal(ctx, strings.NewReader(fmt.Sprintf("line %d\n", i/2)), record.Exhibit{Title: "auth.log", Source: "auth.log"})
		if err != nil {
			fmt.Println("seal", errors.Is(err, forensics.ErrDisk), err)
			continue
		}
		e, err := s.Update(ctx, func(tx *Tx) (record.Draft, error) {
			if id, err = tx.NextID("e"); err != nil {
				return record.Draft{}, err
			}
			x.ID = id
			return record.NewDraft(alice, record.EvidenceSealed, incident.Identify, "", x)
		})
		if err != nil {
			fmt.Println("update", errors.Is(err, ErrDamaged), err)
			continue
		}
		fmt.Println("ack", e.Seq, id)
	}
	return s.Close()
}

// The process is killed at each single moment at which it asks the system to
// write, sync, cut, rename or remove a file of the incident: between blob, row,
// head and acknowledgement, and within each of them.
func TestKilledAtEveryCall(t *testing.T) {
	t.Parallel()
	const exhibits = 4
	ctx := context.Background()
	home, o := newHome(t)
	base := filled(t, o, 3)
	run := func(dir string, nth int) (acks map[string]int64, seen []string) {
		cmd := exec.Command(os.Args[0], dir, home, strconv.Itoa(exhibits))
		cmd.Env = append(os.Environ(), jobEnv+"="+jobSeal)
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, os.Stderr
		w := mishap.Start(t, cmd, mishap.Plan{Name: "/" + string(testID) + "/", Nth: nth, Then: mishap.Kill})
		err := cmd.Wait()
		seen, hit := w.End(t)
		if hit != (nth > 0) || (err == nil) != (nth == 0) {
			t.Fatalf("call %d: hit %v, %v\n%s", nth, hit, err, out.String())
		}
		return acked(t, strings.Split(out.String(), "\n")), seen
	}
	_, all := run(copyDir(t, base), 0)
	step := max(1, len(all)/testkit.Rounds(t, 20, len(all)))
	where := map[string]int{}
	rounds, looked := 0, 0
	for n := 1; n <= len(all); n += step {
		dir := copyDir(t, base)
		acks, seen := run(dir, n)
		rounds++
		looked += len(acks)
		where["before "+kindOfCall(seen[n-1])]++
		expect(t, dir, o, nil)
		s, err := Open(ctx, dir, o)
		if err != nil {
			t.Fatal(err)
		}
		var xs []Exhibit
		view(t, s, func(tx *Tx) error { xs, err = tx.Exhibits(); return err })
		there := map[string]int64{}
		for _, x := range xs {
			there[x.ID] = x.Seq
			if c, err := lockerOf(dir).Check(ctx, x.Exhibit); err != nil || !c.OK {
				t.Errorf("killed before %s: exhibit %s is in the record and its blob is not sound: %+v, %v", seen[n-1], x.ID, c, err)
			}
		}
		for id, seq := range acks {
			if there[id] != seq {
				t.Errorf("killed before %s: acknowledged %s as entry %d, found %d", seen[n-1], id, seq, there[id])
			}
		}
		closeStore(t, s)
	}
	testkit.Tell(t, testkit.Figure{
		Name: "kill -9 at every call between blob, row, head and acknowledgement", Rounds: rounds, Lost: testkit.N(0), Acked: testkit.N(looked), Where: where,
		Note: "what is in the record has its blob, sound",
	})
}

// kindOfCall turns "sync /…/incident.db-wal" into words without a random name.
func kindOfCall(seen string) string {
	kind, path, _ := strings.Cut(seen, " ")
	name := filepath.Base(path)
	switch {
	case strings.HasPrefix(name, ".probe-"):
		name = "the lock's trial"
	case strings.HasPrefix(name, "tmp-"), len(name) == 64:
		name = "the blob"
	case len(name) <= 2, name == string(testID), name == "evidence":
		name = "a folder"
	}
	return kind + " of " + name
}

// Every fsync of the blobs and their folders fails once. The locker seals
// nothing more then: not even the same content again, whose name is there.
func TestFailedSyncsOfBlobs(t *testing.T) {
	t.Parallel()
	const exhibits = 4
	home, o := newHome(t)
	base := filled(t, o, 3)
	run := func(dir string, p mishap.Plan) (said, seen []string) {
		cmd := exec.Command(os.Args[0], dir, home, strconv.Itoa(exhibits))
		cmd.Env = append(os.Environ(), jobEnv+"="+jobSeal)
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, os.Stderr
		p.Kinds, p.Name = []mishap.Kind{mishap.Sync}, "/evidence"
		w := mishap.Start(t, cmd, p)
		if err := cmd.Wait(); err != nil {
			t.Fatalf("%v: %s", err, out.String())
		}
		seen, _ = w.End(t)
		return strings.Split(strings.TrimSpace(out.String()), "\n"), seen
	}
	_, all := run(copyDir(t, base), mishap.Plan{})
	if len(all) < 2*exhibits {
		t.Fatalf("syncs: %v", all)
	}
	where := map[string]int{}
	for n := 1; n <= len(all); n++ {
		dir := copyDir(t, base)
		said, seen := run(dir, mishap.Plan{Nth: n, Errno: syscall.EIO})
		where[kindOfCall(seen[n-1])]++
		failed := false
		for _, line := range said {
			switch {
			case strings.HasPrefix(line, "ack ") && !failed:
			case strings.HasPrefix(line, "seal true "):
				failed = true
			default:
				t.Errorf("sync %d (%s): %q in %q", n, seen[n-1], line, said)
			}
		}
		if !failed {
			t.Errorf("sync %d (%s) failed, and nothing was said: %q", n, seen[n-1], said)
		}
		s, err := Open(context.Background(), dir, o)
		if err != nil {
			t.Fatal(err)
		}
		var xs []Exhibit
		view(t, s, func(tx *Tx) error { xs, err = tx.Exhibits(); return err })
		if acks := acked(t, said); len(xs) != len(acks) {
			t.Errorf("sync %d: %d exhibits recorded, %d acknowledged", n, len(xs), len(acks))
		}
		for _, x := range xs {
			if c, err := lockerOf(dir).Check(context.Background(), x.Exhibit); err != nil || !c.OK {
				t.Errorf("sync %d: %+v, %v", n, c, err)
			}
		}
		closeStore(t, s)
	}
	testkit.Tell(t, testkit.Figure{Name: "EIO from fsync of evidence", Rounds: len(all), Detected: testkit.N(len(all)), Lost: testkit.N(0), Where: where})
}
