package response

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/record"
)

// person is somebody with an ssh key.
type person struct {
	name   string
	key    ed25519.PrivateKey
	signer ssh.Signer
}

func newPerson(t *testing.T, name string) person {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return person{name, key, s}
}

func (p person) public() []byte      { return ssh.MarshalAuthorizedKey(p.signer.PublicKey()) }
func (p person) fingerprint() string { return ssh.FingerprintSHA256(p.signer.PublicKey()) }

// file writes the private key, locked by a passphrase where one is given.
func (p person) file(t *testing.T, passphrase string) string {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(p.key, "")
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(p.key, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "id")
	for name, b := range map[string][]byte{path: pem.EncodeToMemory(block), path + ".pub": p.public()} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// elsewhere signs a text with the real ssh-keygen, as on another machine.
func (p person) elsewhere(t *testing.T, namespace string, text []byte) []byte {
	t.Helper()
	program, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Skip("ssh-keygen is missing: apt-get install openssh-client")
	}
	file := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program, "-Y", "sign", "-f", p.file(t, ""), "-n", namespace, file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b, err := os.ReadFile(file + ".sig")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// signBench is a bench whose roster knows these people; the agent holds the
// keys of the first, ada.
func signBench(t *testing.T, conf config.Config, people ...person) *bench {
	t.Helper()
	b := newBench(t, conf)
	b.agent = testkit.DialAgent(testkit.Agent(t, []any{&people[0].key}))
	b.s = b.service(conf).As(incident.Actor{Name: "ada"})
	for _, p := range people {
		if _, err := b.s.s.AddTrust(NewTrust{Principal: p.name, Key: p.public()}); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func (b *bench) signatures() record.Report {
	b.Helper()
	r, err := b.s.Verify(b.Context(), b.id, nil)
	b.must(err)
	return r
}

func TestWhichKeySigns(t *testing.T) {
	ada, bob := newPerson(t, "ada@example.org"), newPerson(t, "bob@example.org")
	b := signBench(t, config.Config{}, ada, bob)
	locked := ada.file(t, "open sesame")
	private := ada.file(t, "")
	world := ada.file(t, "")
	b.must(os.Chmod(world, 0o644))
	for _, c := range []struct {
		name, as, ref string
		strength      record.Strength
		principal     string
		code          Code
		says          string
	}{
		{"the one key of the agent", "ada", "", record.Agent, ada.name, "", ""},
		{"by its whole name", "ada@example.org", "", record.Agent, ada.name, "", ""},
		{"somebody else's agent", "bob", "", "", "", CodeRefused, "no signing key"},
		{"fingerprint", "ada", ada.fingerprint(), record.Agent, ada.name, "", ""},
		{"public key file", "ada", private + ".pub", record.Agent, ada.name, "", ""},
		{"private key file", "ada", private, record.KeyFile, ada.name, "", ""},
		{"locked, but in the agent", "ada", locked, record.Agent, ada.name, "", ""},
		{"another name", "Ada Okafor", private, record.KeyFile, ada.name, "", ""},
		{"another person of the roster", "bob@example.org", private, "", "", CodeRefused, "you act as bob"},
		{"not in the agent", "bob", bob.fingerprint(), "", "", CodeAuth, "not in the ssh-agent"},
		{"no file", "ada", "/nowhere/id", "", "", CodeUsage, "no such file"},
		{"open to others", "ada", world, "", "", CodeRefused, "others may read it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := b.s.s.As(incident.Actor{Name: c.as}).WithKey(c.ref)
			k, err := s.SigningKey(t.Context())
			if c.code != "" {
				if CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) {
					t.Fatalf("%v (%s)", err, CodeOf(err))
				}
				if _, err := s.Sign(t.Context(), record.HeadNamespace, "x\n"); err == nil {
					t.Error("signed all the same")
				}
				return
			}
			if err != nil || k.Strength != c.strength || k.Principal != c.principal || !k.Known || k.Key != ada.fingerprint() {
				t.Fatalf("%+v, %v", k, err)
			}
			sig, err := s.Sign(t.Context(), record.HeadNamespace, "x\n")
			if err != nil {
				t.Fatal(err)
			}
			if err := b.s.s.CheckSignature(*sig, record.HeadNamespace, "x\n", b.clock.Now()); err != nil || sig.Strength != c.strength {
				t.Errorf("%v, %s", err, sig.Strength)
			}
		})
	}
}

func TestLockedKeyFileAsksForItsPassphrase(t *testing.T) {
	ada := newPerson(t, "ada")
	path := ada.file(t, "open sesame")
	b := newBench(t, config.Config{SigningKey: path})
	_, err := b.s.Sign(t.Context(), record.HeadNamespace, "x\n")
	b.want(CodeAuth, err) // nobody can be asked
	for answer, ok := range map[string]bool{"open sesame": true, "guess": false} {
		b.ask = func(_ context.Context, q string) ([]byte, error) {
			if !strings.Contains(q, path) {
				t.Errorf("asked %q", q)
			}
			return []byte(answer), nil
		}
		s := b.service(config.Config{SigningKey: path}).As(incident.Actor{Name: "ada"})
		sig, err := s.Sign(t.Context(), record.HeadNamespace, "x\n")
		if (err == nil) != ok {
			t.Errorf("%s: %v", answer, err)
		}
		if ok && (sig.Strength != record.KeyFile || sig.Key != ada.fingerprint()) {
			t.Errorf("%+v", sig)
		}
		if err != nil && strings.Contains(err.Error(), answer) {
			t.Error("the error repeats the passphrase")
		}
	}
}

func TestTokenIsWaitedForAndCanBeGivenUp(t *testing.T) {
	token := testkit.NewToken(t, "ed25519", rand.Reader)
	token.Touch = make(chan struct{}, 2)
	b := newBench(t, config.Config{})
	b.agent = testkit.DialAgent(testkit.Agent(t, nil, token))
	b.s = b.service(config.Config{SigningKey: ssh.FingerprintSHA256(token.Key)}).As(incident.Actor{Name: "ada"})
	b.drill(oneComment)
	k, err := b.s.SigningKey(t.Context())
	b.must(err)
	if k.Strength != record.Hardware || k.Known {
		t.Errorf("%+v", k)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := b.s.SignHead(ctx, b.id, "")
		ended <- err
	}()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	token.Touch <- struct{}{} // the one that was given up may still take this
	token.Touch <- struct{}{}
	signed, err := b.s.SignHead(t.Context(), b.id, "touched")
	b.must(err)
	if signed.Signature.Strength != record.Hardware {
		t.Errorf("strength %s", signed.Signature.Strength)
	}
	r := b.signatures()
	if !r.OK() || len(r.Signatures) != 1 || !r.Signatures[0].Stranger || r.Signatures[0].OK {
		t.Errorf("%v %+v", r.Problems, r.Signatures)
	}
	b.trust("ada", ssh.MarshalAuthorizedKey(token.Key))
	if r.Signatures[0].Verified {
		t.Error("a touch alone counts as a PIN")
	}
	if r = b.signatures(); !r.OK() || !r.Signatures[0].OK || r.Signatures[0].Strength != record.Hardware {
		t.Errorf("%v %+v", r.Problems, r.Signatures)
	}
}

func (b *bench) trust(name string, public []byte) {
	b.Helper()
	_, err := b.s.s.AddTrust(NewTrust{Principal: name, Key: public})
	b.must(err)
}

func TestHeadIsSignedHereAndElsewhere(t *testing.T) {
	ada, bob := newPerson(t, "ada"), newPerson(t, "bob")
	b := signBench(t, config.Config{}, ada, bob)
	b.drill(oneComment)
	ctx := t.Context()
	signed, err := b.s.SignHead(ctx, b.id, "handing over")
	b.must(err)
	head, err := b.s.HeadToSign(ctx, b.id)
	b.must(err)
	if head.Size != signed.Size+1 {
		t.Errorf("the signature of %d is not in the head of %d", signed.Size, head.Size)
	}
	answer := bob.elsewhere(t, record.HeadNamespace, []byte(head.Text()))
	b.must(b.s.Note(ctx, b.id, "", "meanwhile", false)) // the record goes on before the answer comes
	pasted, err := b.s.SignHeadPasted(ctx, b.id, answer, "read aloud")
	b.must(err)
	if pasted.Size != head.Size || pasted.Signature.Principal != "bob" || pasted.Signature.Strength != record.Pasted {
		t.Errorf("%+v", pasted)
	}
	_, err = b.s.SignHeadPasted(ctx, b.id, answer, "again")
	b.want(CodeRefused, err)
	_, err = b.s.SignHeadPasted(ctx, b.id, bob.elsewhere(t, record.HeadNamespace, []byte(strings.Replace(head.Text(), "\n", "0\n", 1))), "")
	b.want(CodeRefused, err)
	_, err = b.s.SignHeadPasted(ctx, b.id, bob.elsewhere(t, record.ApprovalNamespace, []byte(head.Text())), "")
	b.want(CodeRefused, err)
	_, err = b.s.SignHeadPasted(ctx, b.id, newPerson(t, "eve").elsewhere(t, record.HeadNamespace, []byte(head.Text())), "")
	b.want(CodeRefused, err)
	_, err = b.s.SignHeadPasted(ctx, b.id, []byte("nonsense"), "")
	b.want(CodeUsage, err)
	b.must(b.s.CloseIncident(ctx, b.id, "over"))
	r := b.signatures()
	if !r.OK() || len(r.Signatures) != 3 {
		t.Fatalf("%v %+v", r.Problems, r.Signatures)
	}
	for _, s := range r.Signatures {
		if !s.OK {
			t.Errorf("%+v", s)
		}
	}
	b.clock.Advance(time.Second)
}

func TestRosterDecidesAtVerification(t *testing.T) {
	ada := newPerson(t, "ada")
	b := signBench(t, config.Config{}, ada)
	b.drill(oneComment)
	_, err := b.s.SignHead(t.Context(), b.id, "")
	b.must(err)
	roster := filepath.Join(b.home, RosterFile)
	key := strings.TrimSpace(string(ada.public()))
	for _, c := range []struct {
		name, lines    string
		ok, stranger   bool
		problems, note string
	}{
		{"as it was", "ada " + key, true, false, "", ""},
		{"line taken out", "# nobody", false, true, "", "nobody here vouches"},
		{"somebody else's now", "eve " + key, false, false, "somebody else", ""},
		{"ran out before", `ada valid-before="20200101Z" ` + key, false, false, "not valid since", ""},
		{"not valid yet", `ada valid-after="20990101Z" ` + key, false, false, "not valid before", ""},
		{"for git only", `ada namespaces="git" ` + key, false, false, "not for firebreak-head", ""},
		{"a broken line beside", "ada " + key + "\nbob ssh-ed25519 x", true, false, "", "line 2: key"},
	} {
		b.must(os.WriteFile(roster, []byte(c.lines+"\n"), 0o600))
		r := b.signatures()
		s := r.Signatures[0]
		if s.OK != c.ok || s.Stranger != c.stranger || r.OK() != (c.problems == "") {
			t.Errorf("%s: %+v %v", c.name, s, r.Problems)
		}
		if c.problems != "" && !strings.Contains(r.Problems[0].String(), c.problems) {
			t.Errorf("%s: %v", c.name, r.Problems)
		}
		if !strings.Contains(strings.Join(r.Notes, "\n"), c.note) {
			t.Errorf("%s: %v", c.name, r.Notes)
		}
	}
}
