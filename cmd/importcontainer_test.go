package cmd_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type imported struct {
	Kind      string   `json:"kind"`
	Members   int      `json:"members"`
	Exhibits  int      `json:"exhibits"`
	Known     int      `json:"known"`
	Added     int64    `json:"added"`
	Sealed    bool     `json:"sealed"`
	Cut       string   `json:"cut"`
	CutItems  []string `json:"cut_items"`
	Container string   `json:"container"`
}

func (b *bench) imports(code int, stdin []byte, args ...string) (i imported, r result) {
	b.t.Helper()
	c := b.command(b.t.Context(), append([]string{"import", "--json", "last"}, args...)...)
	c.Stdin = bytes.NewReader(stdin)
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	_ = c.Run() // its code says it
	if got := c.ProcessState.ExitCode(); got != code {
		b.t.Fatalf("import %v: exit %d, want %d: %s%s", args, got, code, out.String(), said.String())
	}
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &i); err != nil {
			b.t.Fatalf("%v: %s", err, out.String())
		}
	}
	r.out, r.err = out.String(), said.String()
	return i, r
}

// entries is how long the record is.
func (b *bench) entries() string {
	b.t.Helper()
	r := b.want(0, "show", "last", "--json")
	var v struct {
		Head struct {
			Size json.Number `json:"size"`
		} `json:"head"`
	}
	if err := json.Unmarshal([]byte(r.out), &v); err != nil {
		b.t.Fatal(err)
	}
	return v.Head.Size.String()
}

// TestImportContainer takes a container in from a file and from a stream: once,
// and again, which adds nothing.
func TestImportContainer(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.open("break-in", "--playbook", "generic", "--var", "what=x")
	identity, to := b.keyPair()
	auth := b.write("auth, old\n.log", "Nov 20 03:12:01 web-1 sshd[4711]: Accepted hostbased for ada from 198.51.100.7 port 50222 ssh2\n")
	b.want(0, "collect", "--to", "c", "--recipient", to, "--collector", "linux.system", "--file", auth)
	whole, err := os.ReadFile(filepath.Join(b.dir, "c"))
	if err != nil {
		t.Fatal(err)
	}

	if _, r := b.imports(4, nil, "c"); !strings.Contains(r.err, "--identity") {
		t.Error(r.err)
	}
	stranger, _ := b.keyPair()
	b.imports(4, nil, "c", "--identity", stranger)
	b.imports(2, nil, "-") // nothing comes
	b.imports(2, []byte("no container\n"), "-")
	b.imports(2, nil, "c", "--identity", identity, "--password-from", "file:"+identity)

	first, _ := b.imports(0, nil, "c", "--identity", stranger, "--identity", identity, "--zone", "Europe/Berlin", "--year", "2026")
	if first.Kind != "container" || first.Members != 2 || first.Exhibits != 2 || first.Known != 0 || first.Added < 1 || !first.Sealed || first.Container == "" {
		t.Errorf("%+v", first)
	}
	tells(t, b.want(0, "search", "last", "hostbased"), "2026-11-20 02:12:01")
	tells(t, b.want(0, "custody", "last", "e1", "--json"), "came in the container "+first.Container+", signed by the key SHA256:")
	b.want(0, "verify", "last")
	b.want(0, "triage", "last")

	before := b.entries()
	for _, from := range []string{"c", "-"} {
		again, _ := b.imports(0, whole, from, "--identity", identity)
		if again.Exhibits != 0 || again.Known != 2 || again.Added != 0 {
			t.Errorf("again from %s: %+v", from, again)
		}
	}
	if after := b.entries(); after != before {
		t.Errorf("the record grew from %s to %s entries", before, after)
	}
	tells(t, b.want(0, "import", "last", "c", "--identity", identity), "whole, as it was signed by the key SHA256:", "2 members in the incident already")
}

// A stream is taken in as it comes; the key of an encrypted workspace opens what
// is encrypted to it.
func TestImportContainerStream(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.open("break-in", "--playbook", "generic", "--var", "what=x")
	b.want(0, "collect", "--to", "c", "--plain", "--collector", "linux.system")
	whole, err := os.ReadFile(filepath.Join(b.dir, "c"))
	if err != nil {
		t.Fatal(err)
	}
	if i, _ := b.imports(0, whole, "-"); i.Exhibits != 1 || !i.Sealed {
		t.Errorf("%+v", i)
	}
	b.want(0, "verify", "last")

	b = newBench(t)
	b.encrypted()
	b.want(0, append(b.key, "open", "break-in", "--playbook", "generic", "--var", "what=x")...)
	var config struct {
		Encryption struct {
			Recipient string `json:"recipient"`
		} `json:"encryption"`
	}
	b.into(&config, append(b.key, "config", "path")...)
	b.want(0, "collect", "--to", "c", "--recipient", config.Encryption.Recipient, "--collector", "linux.system")
	if i, _ := b.imports(0, nil, append(b.key, "c")...); i.Exhibits != 1 || !i.Sealed {
		t.Errorf("%+v", i)
	}
}

// Of a container that was cut, what came is taken, and the whole one adds the rest.
// A damaged file is refused; of a damaged stream what stood before is taken.
func TestImportContainerCutAndDamaged(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	identity, to := b.keyPair()
	small, big := b.write("small", "small\n"), b.noise("big", 6<<20)
	b.want(0, "collect", "--to", "c", "--recipient", to, "--collector", "linux.files", "--file", small, "--file", big)
	whole, err := os.ReadFile(filepath.Join(b.dir, "c"))
	if err != nil {
		t.Fatal(err)
	}
	bad := bytes.Clone(whole)
	bad[len(bad)*3/4] ^= 1
	b.write("bad", string(bad))
	b.write("cut", string(whole[:len(whole)*4/5]))

	b.open("damaged", "--playbook", "generic", "--var", "what=x")
	before := b.entries()
	if _, r := b.imports(6, nil, "bad", "--identity", identity); !strings.Contains(r.err, "nothing was taken") || !strings.Contains(r.err, "import INCIDENT -") {
		t.Error(r.err)
	}
	if after := b.entries(); after != before {
		t.Errorf("the record grew from %s to %s entries", before, after)
	}
	if i, _ := b.imports(6, bad, "-", "--identity", identity); i.Exhibits != 1 || i.Sealed {
		t.Errorf("%+v", i)
	}
	b.want(0, "verify", "last")

	b.open("cut", "--playbook", "generic", "--var", "what=x")
	i, r := b.imports(5, nil, "cut", "--identity", identity)
	if i.Exhibits != 2 || i.Sealed || i.Cut == "" || len(i.CutItems) != 1 || i.CutItems[0] != big || !strings.Contains(r.err, "was cut") {
		t.Errorf("%+v %s", i, r.err)
	}
	if i, _ = b.imports(0, nil, "c", "--identity", identity); i.Exhibits != 1 || i.Known != 1 || !i.Sealed {
		t.Errorf("%+v", i)
	}
	b.want(0, "verify", "last")
}
