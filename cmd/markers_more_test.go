//go:build unix

package cmd_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"firebreak/internal/testkit"
	"firebreak/store/keys"
)

// TestMarkersOfWhatLeaves looks for the markers after everything that writes
// copies, was refused to, or was killed at any moment of it.
func TestMarkersOfWhatLeaves(t *testing.T) {
	t.Parallel()
	b, temp := markedBench(t)
	b.want(0, "init", "--identity", ageKey(t)) // fast: this runs the program often
	m := newMarkers()
	m.plant(b)
	b.want(0, "close", "last", "--reason", m["note"])
	out := filepath.Join(b.dir, "out")
	if err := os.Mkdir(out, 0o700); err != nil {
		t.Fatal(err)
	}
	look := func(when string) {
		t.Helper()
		m.none(t, when, m.scan(t, b.home, temp))
	}
	to := func(name string) string { return filepath.Join(out, name) }

	// What leaves in the clear goes elsewhere, and nowhere else.
	inside := filepath.Join(b.home, "playbooks")
	b.want(0, "custody", "last", "--form", to("form.html"))
	b.want(0, "custody", "last", "--case", to("case.json"))
	b.want(0, "custody", "take", "last", "e1", "--to", to("e1"), "--purpose", m["note"])
	r := b.want(0, "export", "last", "--portable", "--evidence", "--to", to("all.json"))
	if !strings.Contains(r.err, "is encrypted, and") || !strings.Contains(readFile(t, to("all.json")), m["note"]) {
		t.Errorf("the export says %s", r.err)
	}
	b.want(0, "bundle", "last", "--plain", "--to", to("plain.tar.gz"))
	look("after copies were written elsewhere")
	for _, args := range [][]string{
		{"custody", "last", "--form", filepath.Join(inside, "form.html")},
		{"custody", "last", "--case", filepath.Join(inside, "case.json")},
		{"custody", "take", "last", "e1", "--to", filepath.Join(inside, "e1"), "--purpose", "x"},
		{"export", "last", "--portable", "--evidence", "--to", filepath.Join(inside, "all.json")},
		{"bundle", "last", "--plain", "--to", filepath.Join(inside, "plain.tar.gz")},
		{"review", "last", "--to", inside},
	} {
		if r := b.run(args...); r.code != 2 && r.code != 3 {
			t.Errorf("%v: exit %d: %s%s", args, r.code, r.out, r.err)
		}
	}
	b.want(3, "bundle", "last", "--to", to("refused.tar.gz"))
	look("after copies in the workspace were refused")

	// Retention, holds and erasures.
	b.write(".config/firebreak/config.yaml", "retention: [{kind: evidence, closed_for: 1d, action: erase}]\n")
	b.want(0, "retention")
	b.want(0, "hold", "last", "--reason", m["note"], "--authority", m["person"])
	for _, who := range []string{m["actor"], m["person"]} {
		if who == m["actor"] {
			b.want(0, "erase", "last", "--exhibit", "e1", "--basis", m["decision"], "--reason", m["summary"], "--as", who)
		}
		var v struct{ Digest string }
		b.into(&v, "show", "last", "x1")
		b.want(0, "erase", "last", "--agree", "x1", "--digest", v.Digest, "--as", who)
	}
	b.want(3, "erase", "last", "--do", "x1")
	b.want(0, "hold", "last", "--lift", "--reason", m["note"])
	look("after an erasure was asked for")

	backup, bundle := []string{"backup", "--all", "--to"}, []string{"bundle", "last", "--evidence", "all", "--recipient", recipientFile(t), "--to"}
	repair := []string{"repair", "last", "--yes"}
	whole := b.slow(append(backup, to("0.fbb"))...)
	b.want(0, append(bundle, to("0.tar.gz.age"))...)
	rounds := 4
	if testkit.Soak() {
		rounds = 60
	}
	kills := 0
	for n := range rounds {
		name := string(rune('a'+n%26)) + strings.Repeat("x", n/26)
		for _, args := range [][]string{append(backup[:3:3], to(name+".fbb")), append(bundle[:len(bundle):len(bundle)], to(name+".tar.gz.age")), repair} {
			if !b.killed(time.Duration(rand.Int64N(int64(whole))), args...) {
				kills++
			}
			look("after a killed " + args[0])
		}
	}
	if kills == 0 {
		t.Error("nothing was killed")
	}
	t.Logf("%d kills", kills)
	b.want(0, repair...)
	b.want(0, "verify", "last")
	for _, at := range eraseSteps {
		c := b.command(t.Context(), "erase", "last", "--do", "x1")
		c.Env = append(c.Env, dieEnv+"="+at)
		var exit *exec.ExitError
		if out, err := c.CombinedOutput(); err != nil && !errors.As(err, &exit) {
			t.Fatalf("%v\n%s", err, out)
		}
		look("after an erasure was killed at " + at)
	}
	b.want(0, "erase", "last", "--do", "x1")
	look("after an erasure")
	b.want(0, "verify", "last")
}

// recipientFile is a file with a public age key.
func recipientFile(t *testing.T) string {
	t.Helper()
	secret := ageKey(t)
	public, err := keys.PublicOf(secret, []byte(readFile(t, secret)))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "recipient.txt")
	if err := os.WriteFile(file, []byte(public[0]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
