package sshsig_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"firebreak/internal/testkit"
	"firebreak/record"
	"firebreak/record/sshsig"
)

const text = "firebreak-1a2b3c4d/2026-0001\n12\n" + "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func keygen(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	program, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Skip("ssh-keygen is missing: apt-get install openssh-client")
	}
	c := exec.Command(program, args...)
	c.Stdin = strings.NewReader(stdin)
	out, err := c.CombinedOutput()
	return string(out), err
}

// privateKeys makes one key of each kind that people use.
func privateKeys(t *testing.T) map[string]any {
	t.Helper()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{"ed25519": ed, "ecdsa": ec, "rsa": r}
}

func write(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func line(k ssh.PublicKey) string { return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k))) }

func signed(t *testing.T, signer ssh.Signer, namespace, text string) record.Signature {
	t.Helper()
	armored, err := sshsig.Sign(signer, rand.Reader, namespace, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	k := signer.PublicKey()
	return record.Signature{
		Principal: "ada@example.org", Key: ssh.FingerprintSHA256(k), Type: k.Type(), Namespace: namespace, Text: text, Armored: armored, Strength: record.Agent,
	}
}

// accepts has the real ssh-keygen judge what was made here.
func accepts(t *testing.T, sig record.Signature, k ssh.PublicKey) {
	t.Helper()
	dir := t.TempDir()
	roster := write(t, dir, "allowed_signers", "ada@example.org namespaces=\"firebreak-head\" "+line(k)+"\n")
	file := write(t, dir, "text.sig", sig.Armored)
	if out, err := keygen(t, sig.Text, "-Y", "verify", "-f", roster, "-I", "ada@example.org", "-n", sig.Namespace, "-s", file); err != nil {
		t.Errorf("ssh-keygen refuses what was signed here: %s", out)
	}
	if out, err := keygen(t, sig.Text+"x", "-Y", "verify", "-f", roster, "-I", "ada@example.org", "-n", sig.Namespace, "-s", file); err == nil {
		t.Errorf("ssh-keygen accepts it for another text: %s", out)
	}
	if out, err := keygen(t, sig.Text, "-Y", "find-principals", "-f", roster, "-s", file); err != nil || !strings.Contains(out, "ada@example.org") {
		t.Errorf("ssh-keygen does not find who signed: %v %s", err, out)
	}
}

func TestSSHKeygenAcceptsWhatIsSignedHere(t *testing.T) {
	for kind, key := range privateKeys(t) {
		t.Run(kind, func(t *testing.T) {
			// through a real conversation with an agent
			c, err := testkit.DialAgent(testkit.Agent(t, []any{key}))(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close() //nolint:errcheck // a test's socket
			signers, err := agent.NewClient(c).Signers()
			if err != nil || len(signers) != 1 {
				t.Fatalf("%d signers, %v", len(signers), err)
			}
			sig := signed(t, signers[0], record.HeadNamespace, text)
			s, err := sshsig.Parse([]byte(sig.Armored))
			if err != nil || s.Check(record.HeadNamespace, []byte(text)) != nil {
				t.Fatalf("not accepted here: %v", err)
			}
			if kind == "rsa" && !bytes.Contains(decoded(t, sig.Armored), []byte("rsa-sha2-512")) {
				t.Error("RSA did not sign with SHA-512")
			}
			accepts(t, sig, signers[0].PublicKey())
		})
	}
}

func decoded(t *testing.T, armored string) []byte {
	t.Helper()
	b, _ := pem.Decode([]byte(armored))
	if b == nil {
		t.Fatal("no armor")
	}
	return b.Bytes
}

func TestSSHKeygenAcceptsTokens(t *testing.T) {
	for _, kind := range []string{"ed25519", "ecdsa"} {
		t.Run(kind, func(t *testing.T) {
			token := testkit.NewToken(t, kind, rand.Reader)
			c, err := testkit.DialAgent(testkit.Agent(t, nil, token))(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close() //nolint:errcheck // a test's socket
			signers, err := agent.NewClient(c).Signers()
			if err != nil || len(signers) != 1 {
				t.Fatalf("%d signers, %v", len(signers), err)
			}
			for range 2 {
				accepts(t, signed(t, signers[0], record.HeadNamespace, text), token.Key)
			}
			sig := signed(t, signers[0], record.HeadNamespace, text)
			s, err := sshsig.Parse([]byte(sig.Armored))
			if err != nil || s.Verified() || s.Counter() != 3 {
				t.Errorf("%v: verified %v, counter %d", err, s.Verified(), s.Counter())
			}
			sig.Verified = true // which the flags deny
			if err := (sshsig.Roster{}).Check(sig, record.HeadNamespace, []byte(text), now); err == nil || !strings.Contains(err.Error(), "claims a PIN") {
				t.Errorf("a claim that the flags deny: %v", err)
			}
			token.Flags = 5
			s, err = sshsig.Parse([]byte(signed(t, signers[0], record.HeadNamespace, text).Armored))
			if err != nil || !s.Verified() {
				t.Errorf("a PIN was given, and is not reported: %v", err)
			}
			token.Flags = 4 // a PIN, and nobody touched it
			if _, err := sshsig.Sign(signers[0], rand.Reader, record.HeadNamespace, []byte(text)); err == nil || !strings.Contains(err.Error(), "not touched") {
				t.Errorf("signed without a touch: %v", err)
			}
		})
	}
}

func TestWhatSSHKeygenSignsIsAccepted(t *testing.T) {
	for _, kind := range []string{"ed25519", "ecdsa", "rsa"} {
		for _, hash := range []string{"sha512", "sha256"} {
			t.Run(kind+" "+hash, func(t *testing.T) {
				dir := t.TempDir()
				key := filepath.Join(dir, "key")
				if out, err := keygen(t, "", "-q", "-t", kind, "-N", "", "-C", "ada's laptop", "-f", key); err != nil {
					t.Fatal(out)
				}
				file := write(t, dir, "head", text)
				if out, err := keygen(t, "", "-Y", "sign", "-f", key, "-n", record.HeadNamespace, "-O", "hashalg="+hash, file); err != nil {
					t.Fatal(out)
				}
				armored, err := os.ReadFile(file + ".sig")
				if err != nil {
					t.Fatal(err)
				}
				public, err := os.ReadFile(key + ".pub")
				if err != nil {
					t.Fatal(err)
				}
				roster, err := sshsig.ParseRoster([]byte("ada@example.org,ada " + string(public)))
				if err != nil {
					t.Fatal(err)
				}
				s, err := sshsig.Parse(armored)
				if err != nil {
					t.Fatal(err)
				}
				sig := record.Signature{Principal: "ada", Key: s.Fingerprint(), Type: s.Type(), Namespace: s.Namespace, Text: text, Armored: string(armored)}
				if err := roster.Check(sig, record.HeadNamespace, []byte(text), now); err != nil {
					t.Error(err)
				}
				if err := roster.Check(sig, record.ApprovalNamespace, []byte(text), now); err == nil {
					t.Error("accepted for another purpose")
				}
				if got := roster.Principals(s.Key, record.HeadNamespace, now); strings.Join(got, " ") != "ada@example.org ada" {
					t.Errorf("principals %q", got)
				}
			})
		}
	}
}

// TestRosterAgreesWithSSHKeygen: for each line, both say the same of one
// signature.
func TestRosterAgreesWithSSHKeygen(t *testing.T) {
	key := privateKeys(t)["ed25519"]
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ssh.NewSignerFromKey(privateKeys(t)["ed25519"])
	if err != nil {
		t.Fatal(err)
	}
	k := line(signer.PublicKey())
	sig := signed(t, signer, record.HeadNamespace, text)
	for _, c := range []struct {
		line string
		ok   bool
	}{
		{"ada@example.org " + k, true},
		{"ada@example.org " + k + " a comment with words", true},
		{`"ada@example.org,bob" ` + k, true},
		{"*@example.org " + k, true},
		{"a?a@example.org,!bob@* " + k, true},
		{"*,!ada@example.org " + k, false},
		{"bob@example.org " + k, false},
		{`ada@example.org namespaces="firebreak-*" ` + k, true},
		{`ada@example.org namespaces="git,file" ` + k, false},
		{`ada@example.org namespaces="firebreak-head",valid-after="20260101Z" ` + k, true},
		{`ada@example.org valid-before="20260101Z" ` + k, false},
		{`ada@example.org valid-after="20270101Z" ` + k, false},
		{`ada@example.org valid-after="202601011200Z",valid-before="20261231235959Z" ` + k, true},
		{"ada@example.org " + line(other.PublicKey()), false},
		{"# nothing\n\n  ada@example.org   " + k, true},
		{"ada@example.org cert-authority " + k, false},
		{"ada@example.org no-such-option " + k, false},
		{"ada@example.org namespaces=git " + k, false},
		{`ada@example.org valid-before="tomorrow" ` + k, false},
	} {
		dir := t.TempDir()
		roster := write(t, dir, "allowed_signers", c.line+"\n")
		file := write(t, dir, "sig", sig.Armored)
		out, err := keygen(t, text, "-Y", "verify", "-f", roster, "-I", "ada@example.org", "-n", record.HeadNamespace,
			"-O", "verify-time=20261120120000Z", "-s", file)
		if (err == nil) != c.ok {
			t.Errorf("ssh-keygen on %.60q: %v %s", c.line, err, out)
		}
		r, parseErr := sshsig.ParseRoster([]byte(c.line + "\n"))
		if err := r.Check(sig, record.HeadNamespace, []byte(text), now); (err == nil) != c.ok {
			t.Errorf("%.60q: %v (%v)", c.line, err, parseErr)
		}
	}
}
