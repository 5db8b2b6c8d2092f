package keys

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/zalando/go-keyring"

	"firebreak/internal/testkit"
)

func workspace(t *testing.T) *Workspace {
	t.Helper()
	w, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// wrapped saves the workspace's lock in a folder and reads it back.
func wrapped(t *testing.T, w *Workspace, p Protection) (string, *Lock) {
	t.Helper()
	if p.Work == 0 {
		p.Work = 10 // real ones take a second
	}
	l, err := w.Wrap(p, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := l.Save(dir); err != nil {
		t.Fatal(err)
	}
	if l, err = Load(dir); err != nil {
		t.Fatal(err)
	}
	return dir, l
}

func secret(s string) func() ([]byte, bool, error) {
	return func() ([]byte, bool, error) { return []byte(s), true, nil }
}

func says(s string) AskFunc { return func(string) ([]byte, error) { return []byte(s), nil } }

// opens wants the lock to open, and typed as said.
func opens(t *testing.T, l *Lock, w *Workspace, o Opener, typed bool) {
	t.Helper()
	got, asked, err := l.Unlock(o)
	if err != nil {
		t.Fatal(err)
	}
	if got.id.String() != w.id.String() {
		t.Error("another identity came out")
	}
	if asked != typed {
		t.Errorf("typed is %v, want %v", asked, typed)
	}
}

func TestPassphrase(t *testing.T) {
	w := workspace(t)
	dir, l := wrapped(t, w, Protection{Passphrase: []byte("correct horse")})
	opens(t, l, w, Opener{Ask: says("correct horse")}, true)
	opens(t, l, w, Opener{Secret: secret("correct horse")}, false)
	for _, o := range []Opener{{Ask: says("wrong horse")}, {Secret: secret("wrong")}, {Secret: secret("AGE-SECRET-KEY-1BAD")}} {
		if got, _, err := l.Unlock(o); !errors.Is(err, ErrWrong) || got != nil {
			t.Errorf("%v, %v", got, err)
		}
	}
	if _, _, err := l.Unlock(Opener{}); !errors.Is(err, ErrLocked) {
		t.Errorf("nobody to ask: %v", err)
	}
	b, err := os.ReadFile(filepath.Join(dir, WorkspaceFile))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(b, []byte("SECRET-KEY")) {
		t.Error("the file shows the identity")
	}
	if info, err := os.Stat(filepath.Join(dir, WorkspaceFile)); err != nil || info.Mode().Perm() != testkit.Mode(0o600) {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestCalibrate(t *testing.T) {
	for took, want := range map[time.Duration]int{time.Hour: leastWork, 0: mostWork} {
		at := time.Unix(0, 0)
		clock := func() time.Time { at = at.Add(took); return at }
		if got := Calibrate(clock); got != want {
			t.Errorf("a machine that takes %v works 2^%d, want 2^%d", took, got, want)
		}
	}
}

// Two people and a recovery key: each opens alone, a fourth does not.
func TestSeveralKeys(t *testing.T) {
	w := workspace(t)
	ada, bob := agePair(t), agePair(t)
	pq, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	_, l := wrapped(t, w, Protection{To: []string{ada.Recipient().String(), bob.Recipient().String()}})
	opens(t, l, w, Opener{Secret: secret("# a comment\n" + ada.String() + "\n")}, false)
	opens(t, l, w, Opener{Secret: secret(bob.String())}, false)
	if _, _, err := l.Unlock(Opener{Secret: secret(agePair(t).String())}); !errors.Is(err, ErrWrong) {
		t.Errorf("a stranger's key: %v", err)
	}
	_, l = wrapped(t, w, Protection{To: []string{pq.Recipient().String()}})
	opens(t, l, w, Opener{Secret: secret(pq.String())}, false)
}

func TestKeyFileIsRemembered(t *testing.T) {
	w, ada := workspace(t), agePair(t)
	file := filepath.Join(t.TempDir(), "key.txt")
	if err := os.WriteFile(file, []byte(ada.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	to, err := PublicOf(file, []byte(ada.String()))
	if err != nil {
		t.Fatal(err)
	}
	_, l := wrapped(t, w, Protection{To: to, Files: []string{filepath.Join(t.TempDir(), "not-there"), file}, Passphrase: []byte("spare")})
	opens(t, l, w, Opener{}, false)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	opens(t, l, w, Opener{Ask: says("spare")}, true) // the passphrase is what is left
}

func TestSSH(t *testing.T) {
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Skip("needs the program ssh-keygen (openssh-client), which is not installed")
	}
	for name, c := range map[string]struct{ kind, passphrase string }{
		"ed25519": {"ed25519", ""}, "rsa": {"rsa", ""}, "locked ed25519": {"ed25519", "open up"}, "locked rsa": {"rsa", "open up"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "id")
			if out, err := exec.Command(keygen, "-q", "-t", c.kind, "-N", c.passphrase, "-C", "ada", "-f", file).CombinedOutput(); err != nil {
				t.Fatalf("ssh-keygen: %v %s", err, out)
			}
			var to []string
			for _, f := range []string{file, file + ".pub"} {
				text, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				if to, err = PublicOf(f, text); err != nil || len(to) != 1 {
					t.Fatalf("%s: %v, %v", f, to, err)
				}
			}
			w := workspace(t)
			_, l := wrapped(t, w, Protection{To: to, Files: []string{file}})
			opens(t, l, w, Opener{Ask: says("open up")}, c.passphrase != "")
			if c.passphrase == "" {
				return
			}
			if _, _, err := l.Unlock(Opener{Ask: says("wrong")}); !errors.Is(err, ErrWrong) {
				t.Errorf("wrong passphrase of the ssh key: %v", err)
			}
			if _, _, err := l.Unlock(Opener{}); !errors.Is(err, ErrLocked) {
				t.Errorf("nobody to ask: %v", err)
			}
		})
	}
}

func TestKeyring(t *testing.T) {
	keyring.MockInit()
	k := &Keyring{Rand: rand.Reader}
	w := workspace(t)
	dir, l := wrapped(t, w, Protection{Keyring: k})
	opens(t, l, w, Opener{Keyring: k}, false)
	if err := l.ClearKeyring(dir, k); err == nil {
		t.Error("the only key was thrown away")
	}
	dir, l = wrapped(t, w, Protection{Keyring: k, Passphrase: []byte("spare")})
	was := l.Slots[0].Item
	if err := l.ClearKeyring(dir, k); err != nil {
		t.Fatal(err)
	}
	if _, err := keyring.Get(service, was); !errors.Is(err, keyring.ErrNotFound) {
		t.Errorf("the keyring still holds it: %v", err)
	}
	l, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.Unlock(Opener{Keyring: k}); !errors.Is(err, ErrLocked) {
		t.Errorf("a cleared keyring: %v", err)
	}
	opens(t, l, w, Opener{Keyring: k, Ask: says("spare")}, true)
	if err := w.Remember(dir, l, k); err != nil {
		t.Fatal(err)
	}
	opens(t, l, w, Opener{Keyring: k}, false)

	away := &Keyring{Rand: rand.Reader, Unreachable: errors.New("no session bus")}
	if _, err := w.Wrap(Protection{Keyring: away}, time.Now); err == nil || !strings.Contains(err.Error(), "no session bus") {
		t.Errorf("no keyring: %v", err)
	}
}

// A folder sealed to a recipient made with age's own tool must be readable by it:
// the text of keys is age's.
func TestBech32(t *testing.T) {
	for range 200 {
		id := agePair(t)
		again, err := age.ParseX25519Identity(id.String())
		if err != nil {
			t.Fatal(err)
		}
		k, err := NewDataKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		e, err := k.Exports()
		if err != nil {
			t.Fatal(err)
		}
		sub := k.Subkey(ForExports)
		if e.String() != bech32("age-secret-key-", sub[:]) || again.String() != id.String() {
			t.Fatal("written otherwise than read")
		}
	}
}

func TestDataKey(t *testing.T) {
	w, dir := workspace(t), t.TempDir()
	if _, err := w.ReadDataKey(dir, DataKeyFile); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a plain incident: %v", err)
	}
	k, err := NewDataKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.WriteDataKey(dir, DataKeyFile, k); err != nil {
		t.Fatal(err)
	}
	got, err := w.ReadDataKey(dir, DataKeyFile)
	if err != nil || got.b != k.b {
		t.Fatalf("read another key, %v", err)
	}
	seen := map[[32]byte]string{k.b: "the key itself"}
	for _, p := range []string{ForDatabase, ForTimeline, ForEvidence, ForNames, ForExports, ForDrill} {
		sub := *k.Subkey(p)
		if was, ok := seen[sub]; ok {
			t.Errorf("%s has the key of %s", p, was)
		}
		seen[sub] = p
	}
	if _, err := workspace(t).ReadDataKey(dir, DataKeyFile); !errors.Is(err, ErrDamaged) {
		t.Errorf("another workspace: %v", err)
	}
	k.Wipe()
	if k.b != [32]byte{} {
		t.Error("not wiped")
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{"", "{}", `{"format":"firebreak workspace keys v1"}`, `{"format":"firebreak workspace keys v2","slots":[{"kind":"keys"}]}`} {
		if l, err := Parse("x", []byte(text)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%q: %v, %v", text, l, err)
		}
	}
}

// What was changed on the disk never opens to something else.
func FuzzUnlock(f *testing.F) {
	w, err := Generate()
	if err != nil {
		f.Fatal(err)
	}
	ada, err := age.GenerateX25519Identity()
	if err != nil {
		f.Fatal(err)
	}
	l, err := w.Wrap(Protection{To: []string{ada.Recipient().String()}}, time.Now)
	if err != nil {
		f.Fatal(err)
	}
	dir := f.TempDir()
	if err := l.Save(dir); err != nil {
		f.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, WorkspaceFile))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := Parse("x", b)
		if err != nil {
			return
		}
		for i := range l.Slots {
			l.Slots[i].Files = nil // no fuzzer opens files
		}
		if got, _, err := l.Unlock(Opener{Secret: secret(ada.String())}); err == nil && got.id.String() != w.id.String() {
			t.Error("another identity came out")
		}
	})
}

func agePair(t *testing.T) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestSilentKeyring: nobody answers what a locked keyring asks.
func TestSilentKeyring(t *testing.T) {
	answer := make(chan struct{})
	defer close(answer)
	never := func() error { <-answer; return nil }
	k := &Keyring{Patience: time.Millisecond}
	if err := k.patient(never); !errors.Is(err, ErrLocked) || !errors.Is(err, errSilent) {
		t.Errorf("%v", err)
	}
	stop := make(chan struct{})
	close(stop)
	if err := (&Keyring{Stop: stop}).patient(never); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	if err := k.patient(func() error { return nil }); err != nil {
		t.Error(err)
	}
}
