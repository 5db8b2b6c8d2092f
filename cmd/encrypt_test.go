//go:build unix

package cmd_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"firebreak/internal/testkit"
	"firebreak/response"
)

// settled is a workspace with something of everything in it, made once and
// copied for each round.
func settledWorkspace(t *testing.T, m markers) *bench {
	t.Helper()
	b, _ := markedBench(t)
	m.plant(b)
	b.want(0, "drill", "generic", "--auto")
	// What a process that was killed leaves in a plain workspace.
	b.write("workspace/incidents/2026-0001/.stream-1/"+m["file name"], m["stream"])
	// What a repair kept, and what a restore moved aside.
	first := filepath.Join(b.home, "incidents", "2026-0001")
	b.write("workspace/incidents/2026-0001/damaged-1/incident.db", readFile(t, filepath.Join(first, "incident.db")))
	if err := os.CopyFS(filepath.Join(b.home, "incidents", ".replaced-2026-0001-x-0"), os.DirFS(first)); err != nil {
		t.Fatal(err)
	}
	return b
}

// copyOf is another bench with the same workspace.
func (b *bench) copyOf(t *testing.T) *bench {
	t.Helper()
	c, _ := markedBench(t)
	err := filepath.WalkDir(b.home, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(b.home, path)
		if err != nil {
			return err
		}
		to := filepath.Join(c.home, rel)
		if d.IsDir() {
			return os.MkdirAll(to, 0o700)
		}
		in, err := os.Open(path)
		if err != nil {
			return err
		}
		defer func() { _ = in.Close() }()
		info, err := in.Stat()
		if err != nil {
			return err
		}
		out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, info.Mode())
		if err != nil {
			return err
		}
		_, err = io.Copy(out, in)
		return errors.Join(err, out.Close())
	})
	if err != nil {
		t.Fatal(err)
	}
	c.key = b.key
	return c
}

// killed runs the program and kills it after that time; done says that it had
// ended by itself, and well.
func (b *bench) killed(after time.Duration, args ...string) (done bool) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	c := b.command(ctx, args...)
	if err := c.Start(); err != nil {
		b.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			b.t.Fatalf("firebreak %s: %v", strings.Join(args, " "), err)
		}
		return true
	case <-time.After(after):
	}
	if err := c.Process.Signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
		b.t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := <-ended; err != nil && !errors.As(err, &exit) {
		b.t.Fatal(err)
	}
	return c.ProcessState.Success()
}

// heads are the incidents with the number of their entries.
func (b *bench) heads() map[string]string {
	b.t.Helper()
	out := map[string]string{}
	for _, id := range []string{"2026-0001", "2026-0002"} {
		var r struct {
			Head struct {
				Root string
				Size int64
			}
			Problems []any
			Exhibits int
		}
		b.into(&r, append([]string{"verify", id}, b.key...)...)
		if r.Head.Size == 0 || r.Exhibits == 0 {
			b.t.Fatalf("%s: %+v", id, r)
		}
		out[id] = r.Head.Root
	}
	return out
}

func (b *bench) same(was map[string]string) {
	b.t.Helper()
	for id, root := range b.heads() {
		if root != was[id] {
			b.t.Errorf("%s has another record", id)
		}
	}
}

// slow is what a whole conversion of that workspace may take: kills are spread
// over it.
func (b *bench) slow(args ...string) time.Duration {
	b.t.Helper()
	start := time.Now()
	b.want(0, args...)
	return time.Since(start)
}

// TestEncryptExistingKilled encrypts a workspace that is in use, is killed at
// any moment, and goes on. Nothing is lost, and in the end nothing is readable.
func TestEncryptExistingKilled(t *testing.T) {
	t.Parallel()
	m := newMarkers()
	plain := settledWorkspace(t, m)
	was := plain.heads()
	file := ageKey(t)
	first := []string{"init", "--encrypt-existing", "--identity", file}
	again := []string{"init", "--encrypt-existing"}
	whole := plain.copyOf(t).slow(first...)
	rounds := 2
	if testkit.Soak() {
		rounds = 150
	}
	kills := 0
	for range rounds {
		b := plain.copyOf(t)
		args, done := first, false
		for n := 0; !done && n < 60; n++ {
			if _, err := os.Stat(filepath.Join(b.home, "keys/workspace")); err == nil {
				args = again
			}
			done = b.killed(time.Duration(rand.Int64N(int64(whole)/3)), args...)
			if !done {
				kills++
			}
		}
		if !done {
			b.want(0, again...)
		}
		b.same(was)
		m.none(t, "encrypted in place", m.scan(t, b.home))
		if left := leftovers(t, b.home); left != "" {
			t.Errorf("left over: %s", left)
		}
	}
	t.Logf("%d rounds, %d kills", rounds, kills)
	if kills == 0 {
		t.Error("no round was killed")
	}
}

// leftovers is a file that only a conversion under way has.
func leftovers(t *testing.T, home string) (left string) {
	t.Helper()
	err := filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		for _, s := range []string{".new", ".reseal", "tmp-", ".part", ".stream-"} {
			if strings.Contains(d.Name(), s) {
				left = path
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// TestRekeyDataKilled gives incidents new keys and is killed at any moment.
func TestRekeyDataKilled(t *testing.T) {
	t.Parallel()
	m := newMarkers()
	sealed := settledWorkspace(t, m)
	was := sealed.heads()
	sealed.want(0, "init", "--encrypt-existing", "--identity", ageKey(t))
	rekey := []string{"rekey", "--data"}
	whole := sealed.copyOf(t).slow(rekey...)
	rounds := 2
	if testkit.Soak() {
		rounds = 150
	}
	kills := 0
	for range rounds {
		b := sealed.copyOf(t)
		old := readFile(t, filepath.Join(b.home, "incidents/2026-0001/key.age"))
		for n := 0; n < 60 && !b.killed(time.Duration(rand.Int64N(int64(whole)/3)), rekey...); n++ {
			kills++
			if kills%5 == 0 { // an incident in between says what to do
				r := b.run(append([]string{"note", "2026-0001", "x", "--json"}, b.key...)...)
				if r.code != 0 && (r.code != 3 || !strings.Contains(r.err, "rekey --data 2026-0001")) {
					t.Fatalf("exit %d %s", r.code, r.err)
				}
				if r.code == 0 {
					break
				}
			}
		}
		b.want(0, rekey...)
		for id := range was {
			b.want(0, append([]string{"verify", id}, b.key...)...)
		}
		if readFile(t, filepath.Join(b.home, "incidents/2026-0001/key.age")) == old {
			t.Error("the key is the old one")
		}
		m.none(t, "after rekey", m.scan(t, b.home))
		if left := leftovers(t, b.home); left != "" {
			t.Errorf("left over: %s", left)
		}
	}
	t.Logf("%d rounds, %d kills", rounds, kills)
}

// TestEncryptInUse refuses to encrypt what another process is using, and lets
// nobody in meanwhile.
func TestEncryptInUse(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.open("in use", "--playbook", "generic", "--var", "what=x")
	ref := "file:" + b.write("passphrase", passphrase)
	c := b.command(t.Context(), "run", "last", "--plain")
	stdin, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil { // it is open
		t.Fatal(err)
	}
	var drained sync.WaitGroup
	drained.Go(func() { _, _ = io.Copy(io.Discard, out) }) // the test does not read it
	r := b.want(3, "init", "--encrypt-existing", "--passphrase-from", ref)
	if !strings.Contains(r.err, "another firebreak has it open") {
		t.Errorf("said %s", r.err)
	}
	b.want(0, "note", "last", "others go on")
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	drained.Wait()
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	b.want(0, "init", "--encrypt-existing", "--passphrase-from", ref)
	b.want(0, "note", "last", "and now encrypted", "--unlock", ref)
	var is response.Protection
	var paths struct{ Encryption *response.Protection }
	paths.Encryption = &is
	b.into(&paths, "config", "path")
	if !is.Encrypted || is.Unfinished {
		t.Errorf("%+v", is)
	}
}
