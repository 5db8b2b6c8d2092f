//go:build unix

package cmd_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"firebreak/internal/testkit"
	"firebreak/response"
	"firebreak/store/keys"
)

// sealedBench is an encrypted workspace with two incidents, opened by an age key.
func sealedBench(t *testing.T) (b *bench, file string) {
	b, _ = markedBench(t)
	file = ageKey(t)
	b.want(0, "init", "--identity", file)
	b.open("the first one", "--playbook", "generic", "--var", "what=x")
	b.open("the second one")
	b.want(0, "ingest", "last", b.write("auth.log", "Nov 20 03:12:01 web-1 sshd[4711]: Accepted password for root from 203.0.113.66 port 50222 ssh2\n"))
	return b, file
}

// opens lists the files of a workspace that an identity opens.
func opens(t *testing.T, home string, w *keys.Workspace) (out []string) {
	t.Helper()
	for _, pattern := range []string{"keys/*", "incidents/*/key.age*"} {
		files, err := filepath.Glob(filepath.Join(home, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			if b := []byte(readFile(t, path)); keys.IsSealed(b) {
				if _, err := w.Open(b); err == nil {
					out = append(out, path)
				}
			}
		}
	}
	return out
}

// TestRenew: what opened the workspace before, and an old copy of its keys, open
// nothing any more.
func TestRenew(t *testing.T) {
	t.Parallel()
	b, first := sealedBench(t)
	second := ageKey(t)
	backup := filepath.Join(b.dir, "before.fbb")
	b.want(0, "backup", "--all", "--to", backup)
	old := identityOf(t, filepath.Join(b.home, "keys"), first)
	workspace := readFile(t, filepath.Join(b.home, "keys/workspace"))
	if len(opens(t, b.home, old)) != 3 {
		t.Fatalf("the old key opens %v", opens(t, b.home, old))
	}
	b.want(2, "rekey", "--renew")
	var is response.Protection
	b.into(&is, "rekey", "--renew", "--identity", second)
	if is.Recipient == old.Recipient() || is.Renewing || !is.Encrypted {
		t.Errorf("%+v", is)
	}
	b.want(0, "verify", "1")
	b.want(0, "verify", "2")
	if left := opens(t, b.home, old); len(left) > 0 {
		t.Errorf("the old key still opens %v", left)
	}
	b.want(0, "restore", backup, "--test") // with the key that the workspace had
	b.want(0, "rekey", "--renew", "--identity", first)
	b.want(0, "restore", backup, "--test")
	// An old copy of the keys put back opens the workspace file, and nothing else.
	if err := os.WriteFile(filepath.Join(b.home, "keys/workspace"), []byte(workspace), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := b.run("list"); r.code == 0 || strings.Contains(r.out+r.err, "the first one") {
		t.Errorf("exit %d: %s%s", r.code, r.out, r.err)
	}
}

// TestRenewKilled is killed at any moment: before the new key is in force the
// old one opens everything, and after it the new one.
func TestRenewKilled(t *testing.T) {
	t.Parallel()
	sealed, first := sealedBench(t)
	second := ageKey(t)
	old := identityOf(t, filepath.Join(sealed.home, "keys"), first)
	renew := []string{"rekey", "--renew", "--identity", second}
	whole := sealed.copyOf(t).slow(renew...)
	rounds := 3
	if testkit.Soak() {
		rounds = 200
	}
	check := func(b *bench) {
		t.Helper()
		b.want(0, "verify", "1")
		b.want(0, "verify", "2")
	}
	end := func(b *bench) {
		t.Helper()
		b.want(0, renew...)
		check(b)
		if left := opens(t, b.home, old); len(left) > 0 {
			t.Errorf("the old key still opens %v", left)
		}
		if left := leftovers(t, b.home); left != "" {
			t.Errorf("left over: %s", left)
		}
	}
	kills := 0
	for range rounds {
		b := sealed.copyOf(t)
		for n := 0; n < 5 && !b.killed(time.Duration(rand.Int64N(int64(whole))), renew...); n++ {
			kills++
			check(b)
		}
		end(b)
	}
	t.Logf("%d rounds, %d kills", rounds, kills)
	for _, at := range []string{"renewed", "in force"} {
		b := sealed.copyOf(t)
		c := b.command(t.Context(), renew...)
		c.Env = append(c.Env, dieEnv+"="+at)
		var exit *exec.ExitError
		if out, err := c.CombinedOutput(); !errors.As(err, &exit) || exit.Exited() {
			t.Fatalf("%s: it was not killed: %v\n%s", at, err, out)
		}
		check(b)
		if at == "in force" {
			if out := b.run("doctor").out; !strings.Contains(out, "rekey --renew goes on") {
				t.Errorf("doctor says %s", out)
			}
			b.want(0, "rekey", "--renew") // goes on, in the ways that are in force
			check(b)
			if left := opens(t, b.home, old); len(left) > 0 {
				t.Errorf("the old key still opens %v", left)
			}
		}
		end(b)
	}
}

// given copies an incident's folder into another encrypted workspace.
func given(t *testing.T, b *bench, id string) *bench {
	t.Helper()
	c, _ := markedBench(t)
	c.want(0, "init", "--identity", ageKey(t))
	c.copyIn(t, b, id)
	return c
}

func (b *bench) copyIn(t *testing.T, from *bench, id string) {
	t.Helper()
	dir := filepath.Join(b.home, "incidents", id)
	if err := errors.Join(os.RemoveAll(dir), os.RemoveAll(filepath.Join(b.home, "heads"))); err != nil { // it has seen nothing of it
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(from.home, "incidents", id))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.home, "keys/trusted"), []byte(readFile(t, filepath.Join(from.home, "keys/instance.pub"))), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestHandOver gives one encrypted incident to a colleague, by the key of their
// workspace, and to counsel, by a key of their own. Neither opens the other one.
func TestHandOver(t *testing.T) {
	t.Parallel()
	b, _ := sealedBench(t)
	var list struct{ ID string }
	if err := json.Unmarshal([]byte(strings.SplitN(b.want(0, "list", "--json").out, "\n", 2)[0]), &list); err != nil {
		t.Fatal(err)
	}
	id := list.ID
	colleague := given(t, b, id)
	if r := colleague.want(6, "verify", id); !strings.Contains(r.err, "rekey "+id+" --identity FILE") {
		t.Errorf("said %s", r.err)
	}
	var paths struct{ Encryption response.Protection }
	colleague.into(&paths, "config", "path")
	b.want(2, "rekey", id)
	b.want(2, "rekey", id, "--recipient", "age1nonsense")
	var handed response.Handed
	b.into(&handed, "rekey", id, "--recipient", paths.Encryption.Recipient)
	if len(handed.To) != 1 || handed.Taken {
		t.Errorf("%+v", handed)
	}
	counsels := ageKey(t)
	public, err := keys.PublicOf(counsels, []byte(readFile(t, counsels)))
	if err != nil {
		t.Fatal(err)
	}
	b.into(&handed, "rekey", id, "--recipient", public[0])
	if len(handed.To) != 2 {
		t.Errorf("%+v", handed)
	}
	if out := b.want(0, "show", id, "activity").out; !strings.Contains(out, paths.Encryption.Recipient) || !strings.Contains(out, public[0]) {
		t.Errorf("the record does not say who was given the key: %s", out)
	}
	b.want(0, "verify", id)

	works := func(c *bench) {
		t.Helper()
		c.want(0, "verify", id)
		c.want(0, "note", id, "taken over")
		c.want(0, "search", id, "--count")
		c.want(0, "verify", id)
	}
	for _, step := range [][]string{nil, {"rekey", "--data", id}, {"rekey", "--renew", "--identity", ageKey(t)}} {
		if step != nil { // those it was handed to keep it
			b.want(0, step...)
		}
		colleague.copyIn(t, b, id)
		works(colleague)
		counsel := given(t, b, id)
		counsel.want(4, "rekey", id, "--identity", ageKey(t))
		var taken response.Handed
		counsel.into(&taken, "rekey", id, "--identity", counsels)
		if !taken.Taken {
			t.Errorf("%+v", taken)
		}
		works(counsel)
	}
	other := given(t, b, strings.Replace(id, "0002", "0001", 1))
	other.want(4, "rekey", "1", "--identity", counsels)
}

// TestRestoreElsewhere restores the backup of an encrypted workspace into
// another one that was set up before: with the key of the backup the incidents
// open there, and are sealed to the workspace that is there.
func TestRestoreElsewhere(t *testing.T) {
	t.Parallel()
	b, first := sealedBench(t)
	backup := filepath.Join(b.dir, "backup.fbb")
	b.want(0, "backup", "--all", "--to", backup)
	other, _ := markedBench(t)
	other.want(0, "init", "--identity", ageKey(t))
	other.want(0, "restore", backup, "--identity", first, "--trust", strings.TrimSpace(readFile(t, filepath.Join(b.home, "keys/instance.pub"))))
	if err := os.WriteFile(filepath.Join(other.home, "keys/trusted"), []byte(readFile(t, filepath.Join(b.home, "keys/instance.pub"))), 0o600); err != nil {
		t.Fatal(err)
	}
	other.want(0, "verify", "2")
	other.want(0, "note", "2", "gone on with")
	other.want(0, "verify", "2")
	if left := opens(t, other.home, identityOf(t, filepath.Join(b.home, "keys"), first)); len(left) > 0 {
		t.Errorf("the other workspace's key opens %v", left)
	}
}
