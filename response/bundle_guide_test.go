package response

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"firebreak/config"
	"firebreak/record"
	"firebreak/record/bundle"
	"firebreak/record/stamp"
	"firebreak/store"
)

// auditor is a person with a folder of their own, a shell and a handful of
// programs. firebreak is not among them.
type auditor struct {
	t   *testing.T
	dir string
	env []string
}

// tools are all programs of an auditor: coreutils, tar, gzip, and the three
// that VERIFY.md names.
var tools = []string{
	"sh", "cat", "mkdir", "tail", "head", "sha256sum", "basename", "ls", "cp", "rm", "tar", "gzip", "ssh-keygen", "openssl", "python3",
}

func newAuditor(t *testing.T) *auditor {
	t.Helper()
	bin := t.TempDir()
	for _, name := range tools {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skipf("%s is not installed: apt-get install coreutils tar gzip openssh-client openssl python3", name)
		}
		if name == "python3" { // it may be a script that looks for other programs
			out, err := exec.Command(path, "-c", "import sys; print(sys.executable)").Output()
			if err != nil {
				t.Fatal(err)
			}
			path = strings.TrimSpace(string(out))
		}
		if err := os.Symlink(path, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	return &auditor{t, dir, []string{"PATH=" + bin, "HOME=" + dir, "LANG=C.UTF-8"}}
}

// run runs a script in the auditor's folder.
func (a *auditor) run(script string) (out string, code int) {
	a.t.Helper()
	c := exec.Command(filepath.Join(strings.TrimPrefix(a.env[0], "PATH="), "sh"), "-c", script)
	c.Dir, c.Env = a.dir, a.env
	b, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		a.t.Fatal(err)
	}
	return string(b), c.ProcessState.ExitCode()
}

func (a *auditor) must(script string) string {
	a.t.Helper()
	out, code := a.run(script)
	if code != 0 {
		a.t.Fatalf("%s: exit %d\n%s", script, code, out)
	}
	return out
}

// headSigned has a person sign the newest head with the real ssh-keygen.
func (b *bench) headSigned(a *auditor, name string) {
	b.Helper()
	a.must("mkdir -p keys && [ -e keys/" + name + " ] || ssh-keygen -q -t ed25519 -N '' -C '' -f keys/" + name)
	h, text := b.checkpointText()
	b.must(os.WriteFile(filepath.Join(a.dir, "keys", "text"), []byte(text), 0o600))
	a.must("rm -f keys/text.sig && ssh-keygen -q -Y sign -f keys/" + name + " -n firebreak-head keys/text")
	armored, err := os.ReadFile(filepath.Join(a.dir, "keys", "text.sig"))
	b.must(err)
	fingerprint := strings.Fields(a.must("ssh-keygen -l -f keys/" + name + ".pub"))[1]
	b.act(record.HeadSigned, record.Signed{Size: h.Size, Root: h.Root, Reason: "seen", Signature: record.Signature{
		Principal: name + "@example.org", Key: fingerprint, Type: "ssh-ed25519", Namespace: record.HeadNamespace, Text: text,
		Armored: string(armored), Strength: record.KeyFile,
	}})
	public, err := os.ReadFile(filepath.Join(a.dir, "keys", name+".pub"))
	b.must(err)
	b.trusts("allowed_signers", name+"@example.org "+string(public))
}

// headStamped has an authority, made with openssl, stamp the newest head.
func (b *bench) headStamped(a *auditor) {
	b.Helper()
	h, text := b.checkpointText()
	a.must("mkdir -p tsa")
	for name, content := range map[string]string{
		"text":   text,
		"serial": "01\n",
		"conf": "[tsa]\ndefault_tsa = one\n[one]\nserial = tsa/serial\ndefault_policy = 1.2.3.4.1\ndigests = sha256\n" +
			"signer_digest = sha256\nordering = yes\ntsa_name = yes\naccuracy = secs:1\n[req]\ndistinguished_name = dn\n[dn]\n",
	} {
		b.must(os.WriteFile(filepath.Join(a.dir, "tsa", name), []byte(content), 0o600))
	}
	a.must(`openssl req -x509 -config tsa/conf -newkey rsa:2048 -nodes -keyout tsa/key -out tsa/tsa.pem -days 3650 -subj "/CN=Test authority" -addext "basicConstraints=critical,CA:TRUE" -addext "extendedKeyUsage=critical,timeStamping"
openssl ts -query -data tsa/text -sha256 -cert -out tsa/query
openssl ts -reply -config tsa/conf -queryfile tsa/query -signer tsa/tsa.pem -inkey tsa/key -out tsa/reply`)
	token, err := os.ReadFile(filepath.Join(a.dir, "tsa", "reply"))
	b.must(err)
	pem, err := os.ReadFile(filepath.Join(a.dir, "tsa", "tsa.pem"))
	b.must(err)
	said, err := stamp.Check(token, []byte(text), nil)
	if !errors.Is(err, stamp.ErrStranger) {
		b.Fatal(err)
	}
	b.act(record.HeadStamped, record.Stamped{Size: h.Size, Root: h.Root, Authority: said.Authority, Serial: said.Serial, Time: said.Time, Token: token})
	b.trusts("tsa.pem", string(pem))
}

func (b *bench) checkpointText() (record.Head, string) {
	b.Helper()
	f, err := b.s.s.open(b.Context(), b.id)
	b.must(err)
	var h record.Head
	b.must(f.store.View(b.Context(), func(tx *store.Tx) (err error) {
		h, err = tx.Head()
		return err
	}))
	text, _, _ := strings.Cut(string(h.Signed), "\n\n")
	return h, text + "\n"
}

func (b *bench) act(kind record.Kind, payload any) {
	b.Helper()
	f, err := b.s.s.open(b.Context(), b.id)
	b.must(err)
	b.must(b.s.actIn(b.Context(), f, kind, "", payload, nil))
}

// trusts adds to a file of the workspace's trust folder.
func (b *bench) trusts(name, line string) {
	b.Helper()
	dir := filepath.Join(b.home, "trust")
	b.must(os.MkdirAll(dir, 0o700))
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	b.must(err)
	_, err = f.WriteString(line)
	b.must(errors.Join(err, f.Close()))
}

// attested is an incident that people signed and an authority stamped.
func attested(t *testing.T) (*bench, *auditor) {
	a := newAuditor(t)
	b := newBench(t, config.Config{})
	b.open()
	_, err := b.s.Ingest(t.Context(), b.id, []string{b.file("auth.log", authLog)}, IngestOptions{}, nil)
	b.must(err)
	b.headSigned(a, "ada")
	b.must(b.s.Note(t.Context(), b.id, "", "one more", false))
	b.headSigned(a, "ben")
	b.headStamped(a)
	b.trusts("allowed_signers", "carol@example.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINNwMHM8lLcve+HMdKmjaanRnkdOE0Sm3ZUxkjv5LTgg\n")
	a.must("rm -rf keys tsa")
	return b, a
}

var fence = regexp.MustCompile("(?ms)^```(sh|text)\n(.*?)^```$")

// TestVerifyGuideLiterally does what VERIFY.md says, in a folder that has
// nothing but the bundle.
func TestVerifyGuideLiterally(t *testing.T) {
	b, a := attested(t)
	made := b.bundle("case.tar.gz", BundleOptions{Profile: record.LegalProfile, Evidence: []string{"all"}})
	whole, err := os.ReadFile(made.File)
	b.must(err)
	b.must(os.WriteFile(filepath.Join(a.dir, "bundle.tar.gz"), whole, 0o600))
	a.env = append(a.env, "SEAL="+made.Seal, "KEY="+made.Key)
	blocks := fence.FindAllStringSubmatch(string(bundle.Guide()), -1)
	commands, out := 0, ""
	for _, m := range blocks {
		if m[1] == "text" {
			seen(t, out, m[2])
			continue
		}
		commands++
		var code int
		if out, code = a.run(m[2]); code != 0 {
			t.Errorf("exit %d of\n%s\n%s", code, m[2], out)
		}
		if strings.Contains(out, "BAD") || strings.Contains(out, "PROBLEM") || strings.Contains(out, "NOT SIGNED") {
			t.Errorf("%s\nprints\n%s", m[2], out)
		}
	}
	if commands < 9 {
		t.Errorf("the guide has %d blocks of commands", commands)
	}
	for _, who := range []string{"ada@example.org", "ben@example.org"} {
		if out := a.must(signatureBlock(t, blocks)); !strings.Contains(out, `Good "firebreak-head" signature for `+who) {
			t.Errorf("no good signature of %s:\n%s", who, out)
		}
	}
	r := b.checked(made.File, BundleVerification{Keys: []string{made.Key}})
	if !r.OK() || len(r.Signatures) != 2 || !r.Signatures[0].OK || !r.Signatures[1].OK || len(r.Stamps) != 1 || !r.Stamps[0].OK {
		t.Errorf("firebreak says %+v", r)
	}
	files, _ := b.members(made.File)
	if strings.Contains(files["trust/allowed_signers"], "carol") || !strings.Contains(files["trust/allowed_signers"], "ada@") {
		t.Errorf("the roster holds\n%s", files["trust/allowed_signers"])
	}
}

func signatureBlock(t *testing.T, blocks [][]string) string {
	t.Helper()
	for _, m := range blocks {
		if m[1] == "sh" && strings.Contains(m[2], "firebreak-head") {
			return m[2]
		}
	}
	t.Fatal("the guide has no block for signatures")
	return ""
}

// seen wants each line of the page in the output, in order. An ellipsis stands
// for any text within a line.
func seen(t *testing.T, out, page string) {
	t.Helper()
	lines := strings.Split(out, "\n")
	for want := range strings.Lines(page) {
		want = strings.TrimSuffix(want, "\n")
		pattern := regexp.MustCompile("^ *" + strings.ReplaceAll(regexp.QuoteMeta(strings.TrimLeft(want, " ")), "…", ".*"))
		at := 0
		for at < len(lines) && !pattern.MatchString(lines[at]) {
			at++
		}
		if at == len(lines) {
			t.Errorf("the page promises %q, there is\n%s", want, out)
			return
		}
		lines = lines[at+1:]
	}
}

// What the page says of a signature or a stamp that is not good.
func TestForgedSignaturesAreSeen(t *testing.T) {
	b, a := attested(t)
	made := b.bundle("case.tar.gz", BundleOptions{Profile: record.LegalProfile})
	whole, err := os.ReadFile(made.File)
	b.must(err)
	b.must(os.WriteFile(filepath.Join(a.dir, "bundle.tar.gz"), whole, 0o600))
	a.must("mkdir bundle && tar -xzf bundle.tar.gz -C bundle")
	texts, err := filepath.Glob(filepath.Join(a.dir, "bundle/record/checkpoints/*.txt"))
	b.must(err)
	for _, path := range texts {
		text, err := os.ReadFile(path)
		b.must(err)
		b.must(os.WriteFile(path, bytes.Replace(text, []byte("\n"), []byte("x\n"), 1), 0o600))
	}
	blocks := fence.FindAllStringSubmatch(string(bundle.Guide()), -1)
	out, _ := a.run(signatureBlock(t, blocks))
	if strings.Contains(out, "Good") || !strings.Contains(out, "Could not verify") && !strings.Contains(out, "incorrect signature") {
		t.Errorf("ssh-keygen says\n%s", out)
	}
	// A roster of somebody else's.
	stranger := b.file("roster", "ada@example.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINNwMHM8lLcve+HMdKmjaanRnkdOE0Sm3ZUxkjv5LTgg\n")
	r := b.checked(made.File, BundleVerification{Roster: stranger})
	if !r.OK() || len(r.Signatures) != 2 || !r.Signatures[0].Stranger {
		t.Errorf("%+v", r)
	}
	_, err = VerifyBundle(t.Context(), made.File, BundleVerification{Roster: filepath.Join(a.dir, "nothing")}, nil)
	b.want(CodeUsage, err)
	// In the profiles without names there is no signature of a person, and the
	// stamp is there all the same.
	made = b.bundle("public.tar.gz", BundleOptions{Profile: record.PublicProfile})
	files, _ := b.members(made.File)
	var stamps int
	for name, content := range files {
		if strings.HasSuffix(name, ".sig") || name == "trust/allowed_signers" || strings.Contains(content, "ada@example.org") && name != "VERIFY.md" {
			t.Errorf("%s is in the public bundle", name)
		}
		if strings.HasSuffix(name, ".tsr") {
			stamps++
		}
	}
	if r := b.checked(made.File, BundleVerification{}); !r.OK() || stamps != 1 || len(r.Stamps) != 1 {
		t.Errorf("%d stamps: %+v", stamps, r)
	}
}
