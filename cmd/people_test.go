package cmd_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"firebreak/internal/testkit"
)

// adasKey is the same in every run: it is a key of the tests.
var adasKey = ed25519.NewKeyFromSeed([]byte("a key of the tests, of 32 bytes."))

// withAgent is the environment with an ssh-agent that holds ada's key.
func withAgent(t *testing.T) []string {
	t.Helper()
	return []string{"SSH_AUTH_SOCK=" + testkit.Agent(t, []any{&adasKey})}
}

// keyFiles writes ada's key, private and public, and returns the private one's
// path.
func keyFiles(t *testing.T, dir string) string {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(adasKey, "")
	if err != nil {
		t.Fatal(err)
	}
	public, err := ssh.NewPublicKey(adasKey.Public())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "id_ada")
	for name, b := range map[string][]byte{path: pem.EncodeToMemory(block), path + ".pub": append(bytes.TrimSpace(ssh.MarshalAuthorizedKey(public)), " ada's laptop\n"...)} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// people runs the commands about people's signatures and time-stamps.
func (j *jsonPage) people() {
	t, b := j.b.t, j.b
	key := keyFiles(t, b.dir)
	j.run("trust add PRINCIPAL KEYFILE", 0, "trust", "add", "ada", key+".pub", "--valid-after", "2020-01-01", "--valid-before", "2099-12-31")
	j.run("trust list", 0, "trust", "list")
	j.run("sign ID", 0, "sign", "last", "--as", "ada", "--reason", "for the file")
	j.run("sign ID --request", 0, "sign", "last", "--request")
	text := b.write("head.txt", b.want(0, "sign", "last", "--request").out)
	sshKeygen(t, "-Y", "sign", "-q", "-n", "firebreak-head", "-f", key, text)
	j.run("sign ID --signature FILE", 0, "sign", "last", "--signature", text+".sig")
	tsa := testkit.NewTSA(t)
	j.run("timestamp ID", 0, "timestamp", "last", "--tsa", tsa.Serve(nil))
	query := filepath.Join(b.dir, "head.tsq")
	j.run("timestamp ID --request FILE", 0, "timestamp", "last", "--request", query)
	q, err := os.ReadFile(query)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := tsa.Reply(q)
	if err != nil {
		t.Fatal(err)
	}
	j.run("timestamp ID --response FILE", 0, "timestamp", "last", "--response", b.write("head.tsr", string(reply)))
	container := b.write("a.tar.zst.age", "a container")
	j.run("timestamp --container FILE --request FILE", 0, "timestamp", "--container", container, "--request", filepath.Join(b.dir, "a.tsq"))
	j.run("timestamp --container FILE", 0, "timestamp", "--container", container, "--tsa", tsa.Serve(nil))
	b.want(3, "timestamp", "--container", container, "--tsa", tsa.Serve(nil)) // there is one
	r := b.want(0, "trust", "check", "--as", "ada", "--json")
	lines := strings.SplitAfter(strings.TrimSpace(r.out), "\n")
	j.ran("trust list", result{out: strings.Join(lines[:len(lines)-1], "")})
	j.ran("trust check", result{out: lines[len(lines)-1]})
}
