package response

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"firebreak/config"
	"firebreak/playbooks/pack"
)

const packedBook = `playbook: v1
id: lock-out
name: Lock out
version: 1.0.0
phases:
  contain:
    - {id: block, action: linux.nft.block, with: {address: 203.0.113.66}, approve: {by: commander}, rollback: {action: linux.nft.unblock, with: {address: 203.0.113.66}}}
`

// packed is a folder with one playbook, below packs in the workspace.
func (b *bench) packed() string {
	b.Helper()
	folder := filepath.Join(b.home, "packs", "acme")
	b.must(os.MkdirAll(filepath.Join(folder, "templates"), 0o700))
	b.put(folder, "lock-out.yaml", packedBook)
	b.put(folder, "templates/all-clear.txt", "It is over.\n")
	return folder
}

func (b *bench) put(folder, name, text string) {
	b.Helper()
	b.must(os.WriteFile(filepath.Join(folder, filepath.FromSlash(name)), []byte(text), 0o600))
}

func (b *bench) pack(want PackState) *Pack {
	b.Helper()
	p, err := b.s.s.Pack("acme")
	b.must(err)
	if p.State != want {
		b.Fatalf("state %s, want %s: %v", p.State, want, p.Why)
	}
	_, err = b.s.Open(b.Context(), NewIncident{Title: "x", Playbook: "lock-out"})
	_, drilled := b.s.StartDrill(b.Context(), filepath.Join(b.home, "packs", "acme", "lock-out.yaml"))
	if want == PackAccepted {
		b.must(err)
		b.must(drilled)
	} else {
		b.want(CodeRefused, err)
		b.want(CodeRefused, drilled)
	}
	if book, err := b.s.s.Playbook("lock-out"); err != nil || book.Name != "Lock out" {
		b.Fatalf("it cannot be looked at: %v", err)
	}
	return p
}

func (b *bench) accept(p *Pack) {
	b.Helper()
	_, err := b.s.AcceptPack("acme", p.Digest)
	b.must(err)
}

// signPack signs with ssh-keygen, as somebody without Firebreak does.
func signPack(t *testing.T, who person, folder string) {
	t.Helper()
	name := filepath.Join(folder, pack.File)
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, pack.Signature), who.elsewhere(t, pack.Namespace, b), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPackRunsOnceItsSignatureAndItsWishesAreAccepted(t *testing.T) {
	ada, eve := newPerson(t, "ada"), newPerson(t, "eve")
	b := newBench(t, config.Config{})
	folder := b.packed()
	head := pack.Head{ID: "acme", Version: "1.0.0", Name: "Acme's", Owner: "team"}
	make1 := func(h pack.Head) {
		t.Helper()
		_, err := b.s.MakePack(t.Context(), folder, h, false)
		b.must(err)
	}
	make1(head)
	b.pack(PackUnsigned)
	signPack(t, ada, folder)
	b.pack(PackStranger)
	b.trust("ada", ada.public())
	p := b.pack(PackNew)
	if len(p.More) != 2 || p.More[0].Name != "linux.nft.block" || p.Signer != "ada" {
		t.Errorf("it asks for %v, signed by %s", p.More, p.Signer)
	}
	_, err := b.s.AcceptPack("acme", strings.Repeat("0", 64))
	b.want(CodeRefused, err)
	b.accept(p)
	b.pack(PackAccepted)

	// A later version that asks for no more runs; one that asks for more is asked about.
	make1(pack.Head{Version: "1.0.1"})
	signPack(t, ada, folder)
	b.pack(PackAccepted)
	b.put(folder, "more.yaml", strings.NewReplacer("id: lock-out", "id: more", "linux.nft.block", "linux.process.stop", "linux.nft.unblock", "linux.process.continue", "address: 203.0.113.66", "pid: 1").Replace(packedBook))
	b.pack(PackChanged)
	make1(pack.Head{Version: "1.1.0"})
	signPack(t, ada, folder)
	p = b.pack(PackMore)
	if len(p.More) != 2 || p.More[0].Name != "linux.process.continue" || p.Name != "Acme's" {
		t.Errorf("%s asks for more: %v", p.Name, p.More)
	}
	b.accept(p)
	b.pack(PackAccepted)

	b.trust("eve", eve.public())
	signPack(t, eve, folder)
	p = b.pack(PackOther)
	b.accept(p)
	b.pack(PackAccepted)
	b.must(b.s.WithdrawPack("acme"))
	b.pack(PackNew)
	b.want(CodeNotFound, b.s.WithdrawPack("acme"))
}

// TestPackAsksForAllThatReachesOutside: whatever a later version adds by which a
// playbook reaches the outside, it is asked about.
func TestPackAsksForAllThatReachesOutside(t *testing.T) {
	ada := newPerson(t, "ada")
	for kind, step := range map[string]string{
		"requests":    `{id: x, http: {method: GET, url: "https://other.example/"}}`,
		"commands":    `{id: x, run: [sh, -c, "cat /etc/shadow"], irreversible: read}`,
		"connections": `{id: x, notify: [elsewhere], with: {message: hello}}`,
		"playbooks":   `{id: x, playbook: other@1}`,
		"files":       `{id: x, ingest: [/etc/passwd]}`,
		"collects":    `{id: x, collect: full}`,
		"actions":     `{id: x, action: github.token.check, with: {token: env:X}}`,
	} {
		t.Run(kind, func(t *testing.T) {
			b := newBench(t, config.Config{})
			folder := b.packed()
			b.trust("ada", ada.public())
			version := func(v string) {
				_, err := b.s.MakePack(t.Context(), folder, pack.Head{ID: "acme", Version: v}, false)
				b.must(err)
				signPack(t, ada, folder)
			}
			version("1.0.0")
			b.accept(b.pack(PackNew))
			b.put(folder, "lock-out.yaml", packedBook+"  recover:\n    - "+step+"\n")
			version("1.0.1")
			if p := b.pack(PackMore); len(p.More) != 1 || p.More[0].Kind != kind {
				t.Errorf("it asks for %v", p.More)
			}
		})
	}
}

// TestPackThatIsNotWhatWasSigned changes a pack by every hand we could think of.
func TestPackThatIsNotWhatWasSigned(t *testing.T) {
	ada := newPerson(t, "ada")
	for name, hand := range map[string]func(b *bench, folder string){
		"a playbook":       func(b *bench, f string) { b.put(f, "lock-out.yaml", packedBook+"# one more line\n") },
		"a file more":      func(b *bench, f string) { b.put(f, "x.yaml", packedBook) },
		"a template more":  func(b *bench, f string) { b.put(f, "templates/x.txt", "x") },
		"a file less":      func(b *bench, f string) { b.must(os.Remove(filepath.Join(f, "templates/all-clear.txt"))) },
		"a signature less": func(b *bench, f string) { b.must(os.Remove(filepath.Join(f, pack.Signature))) },
		"no signature":     func(b *bench, f string) { b.put(f, pack.Signature, "x") },
		"the manifest": func(b *bench, f string) {
			text, err := os.ReadFile(filepath.Join(f, pack.File))
			b.must(err)
			b.put(f, pack.File, strings.Replace(string(text), `"team"`, `"teem"`, 1))
		},
		"half a manifest": func(b *bench, f string) { b.put(f, pack.File, `{"pack": "v1"`) },
		"a path outside": func(b *bench, f string) {
			b.put(f, pack.File, `{"pack":"v1","id":"acme","version":"1.0.0","capabilities":{},"playbooks":[{"id":"lock-out","name":"","version":"","file":"../../x.yaml"}],"files":[]}`)
			signPack(b.T, ada, f)
		},
		"a link": func(b *bench, f string) {
			outside := filepath.Join(b.home, "lock-out.yaml")
			b.must(os.Rename(filepath.Join(f, "lock-out.yaml"), outside))
			b.must(os.Symlink(outside, filepath.Join(f, "lock-out.yaml")))
		},
		"fewer wishes than the playbooks have": func(b *bench, f string) {
			text, err := os.ReadFile(filepath.Join(f, pack.File))
			b.must(err)
			b.put(f, pack.File, strings.Replace(string(text), `"linux.nft.block",`, ``, 1))
			signPack(b.T, ada, f)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, config.Config{})
			folder := b.packed()
			b.trust("ada", ada.public())
			_, err := b.s.MakePack(t.Context(), folder, pack.Head{ID: "acme", Version: "1.0.0", Owner: "team"}, false)
			b.must(err)
			signPack(t, ada, folder)
			b.accept(b.pack(PackNew))
			hand(b, folder)
			_, err = b.s.Open(t.Context(), NewIncident{Title: "x", Playbook: "lock-out"})
			if err == nil {
				t.Fatal("it runs")
			}
			p, err := b.s.s.Pack("acme")
			b.must(err)
			if p.State != PackChanged && p.State != PackUnsigned {
				t.Errorf("state %s: %v", p.State, p.Why)
			}
			if _, err := b.s.AcceptPack("acme", p.Digest); CodeOf(err) != CodeRefused {
				t.Errorf("accepted: %v", err)
			}
		})
	}
}

func TestPackAndSSHKeygenAgree(t *testing.T) {
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Skip("ssh-keygen is missing: apt-get install openssh-client")
	}
	ada := newPerson(t, "ada")
	b := signBench(t, config.Config{}, ada)
	folder := b.packed()
	p, err := b.s.MakePack(t.Context(), folder, pack.Head{ID: "acme", Version: "1.0.0"}, true)
	b.must(err)
	if p.State != PackNew || p.Signer != "ada" {
		t.Fatalf("state %s by %s: %v", p.State, p.Signer, p.Why)
	}
	c := exec.CommandContext(t.Context(), keygen, "-Y", "verify", "-f", filepath.Join(b.home, RosterFile), "-I", "ada", "-n", pack.Namespace, "-s", filepath.Join(folder, pack.Signature))
	if c.Stdin, err = os.Open(filepath.Join(folder, pack.File)); err != nil {
		t.Fatal(err)
	}
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("ssh-keygen: %v: %s", err, out)
	}
	sums := exec.CommandContext(t.Context(), "sha256sum", "-c", "--strict")
	sums.Dir = folder
	var list strings.Builder
	for _, f := range p.Files {
		list.WriteString(f.SHA256 + "  " + f.Path + "\n")
	}
	sums.Stdin = strings.NewReader(list.String())
	if out, err := sums.CombinedOutput(); err != nil {
		t.Errorf("sha256sum: %v: %s", err, out)
	}
}

// TestPackHidesNoBuiltinPlaybook: until it is accepted, a playbook of a pack
// does not stand before a built-in one of its id.
func TestPackHidesNoBuiltinPlaybook(t *testing.T) {
	b := newBench(t, config.Config{})
	folder := filepath.Join(b.home, "packs", "acme")
	b.must(os.MkdirAll(folder, 0o700))
	b.put(folder, "generic.yaml", strings.Replace(packedBook, "id: lock-out", "id: generic", 1))
	p, err := b.s.MakePack(t.Context(), folder, pack.Head{ID: "acme", Version: "1.0.0"}, false)
	b.must(err)
	if len(p.Replaces) != 1 || p.Replaces[0] != "generic" {
		t.Errorf("it replaces %v", p.Replaces)
	}
	if book, err := b.s.s.Playbook("generic"); err != nil || book.Name == "Lock out" {
		t.Errorf("%v, %v", book, err)
	}
}
