package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"firebreak/integrations/drill"
)

func sshKeygen(t *testing.T, args ...string) string {
	t.Helper()
	program, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Skip("ssh-keygen is missing: apt-get install openssh-client")
	}
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("ssh-keygen %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// TestAnApprovalIsSignedOnAnotherMachine goes the way of docs/signatures.md: the
// request out, ssh-keygen there, the answer back, and nothing is sent without.
func TestAnApprovalIsSignedOnAnotherMachine(t *testing.T) {
	t.Parallel()
	v := newVendors(t, 0)
	b := newBench(t, v.env...)
	b.want(0, "config", "init")
	b.write(".config/firebreak/config.yaml", v.config()+"\napprovals: signed\n")
	key := keyFiles(t, b.dir)
	b.want(0, "trust", "add", "ada@example.org", key+".pub")
	b.want(0, "open", "odd commit")
	b.want(0, "plan", "last", "github.workflow.disable", "--with", "repo="+drill.Repo, "--with", "workflow=test.yml")
	r := b.run("approve", "last", "a1", "--json")
	if r.code == 0 {
		t.Fatalf("approved without a word: %s", r.out)
	}
	digest := digestOf(t, b.want(0, "show", "last", "a1", "--json").out)
	if r := b.run("approve", "last", "a1", "--digest", digest); r.code != 3 || !strings.Contains(r.err, "approvals: signed") {
		t.Fatalf("unsigned: %d %s", r.code, r.err)
	}
	if r := b.run("do", "last", "a1"); r.code != 3 {
		t.Fatalf("sent without an approval: %d", r.code)
	}
	request := b.write("request.json", b.want(0, "approve", "last", "a1", "--request", "--of", "ada@example.org").out)
	sshKeygen(t, "-Y", "sign", "-q", "-n", "firebreak-approval", "-f", key, request)
	said := b.want(0, "approve", "last", "a1", "--signature", request+".sig").out
	if !strings.Contains(said, "ada@example.org (pasted)") {
		t.Errorf("it does not say who approved: %s", said)
	}
	if r := b.run("approve", "last", "a1", "--signature", request+".sig"); r.code != 3 {
		t.Errorf("the same again: %d %s", r.code, r.err)
	}
	b.want(0, "do", "last", "a1")
	if out := b.want(0, "verify", "last").out; !strings.Contains(out, "approval of a1, by ada@example.org (pasted") {
		t.Errorf("verify does not say who signed:\n%s", out)
	}
	// and an outsider checks it with ssh-keygen and the roster alone
	text, err := os.ReadFile(request)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("ssh-keygen", "-Y", "verify", "-f", filepath.Join(b.home, "trust", "allowed_signers"), "-I", "ada@example.org", "-n", "firebreak-approval", "-s", request+".sig")
	c.Stdin = strings.NewReader(string(text))
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("ssh-keygen: %s", out)
	}
}

func digestOf(t *testing.T, line string) string {
	t.Helper()
	_, rest, ok := strings.Cut(line, `"digest":"`)
	if !ok || len(rest) < 64 {
		t.Fatalf("no digest in %s", line)
	}
	return rest[:64]
}

// TestSignedAtClosing: with a key at hand, who closes signs; without one nothing
// is asked.
func TestSignedAtClosing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.want(0, "open", "nothing much")
	key := keyFiles(t, b.dir)
	b.want(0, "trust", "add", "ada", key+".pub")
	b.want(0, "close", "last", "--key", key, "--as", "ada")
	if out := b.want(0, "verify", "last").out; !strings.Contains(out, "by ada (key file") {
		t.Errorf("not signed:\n%s", out)
	}
	b.want(0, "open", "another")
	b.want(0, "close", "last")
	if out := b.want(0, "verify", "last").out; strings.Contains(out, "signed   entry") {
		t.Errorf("signed by nobody:\n%s", out)
	}
	b.want(0, "open", "a third")
	if r := b.run("close", "last", "--key", b.dir+"/nothing"); r.code != 5 || !strings.Contains(r.out, "closed") || !strings.Contains(r.err, "not signed") {
		t.Errorf("%d %s %s", r.code, r.out, r.err)
	}
}
