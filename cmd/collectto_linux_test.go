package cmd_test

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// noise is a file of random bytes.
func (b *bench) noise(name string, size int) string {
	b.t.Helper()
	data := make([]byte, size)
	if _, err := rand.Read(data); err != nil {
		b.t.Fatal(err)
	}
	return b.write(name, string(data))
}

type verified struct {
	Items      int      `json:"items"`
	Bytes      int64    `json:"bytes"`
	Cut        string   `json:"cut"`
	Sealed     bool     `json:"sealed"`
	CutItems   []string `json:"cut_items"`
	Kept       []any    `json:"kept"`
	Collection *struct {
		Cut       string   `json:"cut"`
		Kept      int      `json:"kept"`
		Continues []string `json:"continues"`
	} `json:"collection"`
}

// container verifies one and wants that exit code.
func (b *bench) container(code int, file, identity string) verified {
	b.t.Helper()
	var v verified
	r := b.want(code, "verify", "--json", "--container", file, "--identity", identity)
	if err := json.Unmarshal([]byte(r.out), &v); err != nil {
		b.t.Fatalf("%v: %s", err, r.out)
	}
	return v
}

func TestCollectToFile(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	identity, to := b.keyPair()
	odd := b.write("odd\x1b[2Jname", "evidence")
	args := []string{"collect", "--collector", "linux.system", "--file", odd}
	b.want(2, append(args, "--to", "x")...)
	b.want(2, append(args, "--to", "x", "--plain", "--recipient", to)...)
	b.want(2, append(args, "--to", "x", "--recipient", "age1nonsense")...)
	b.want(2, append(args, "INCIDENT", "--to", "x")...)
	b.want(2, append(args, "--to", "gopher://x/y", "--plain")...)
	b.want(2, append(args, "--to", "sftp://me:secret@x/y", "--plain")...)
	if r := b.want(2, "collect", "--to", "none", "--plain", "--collector", "nonsense"); !strings.Contains(r.err, "no such collector") {
		t.Error(r.err)
	}
	r := b.want(0, append(args, "--to", "c", "--recipient", to)...)
	if !strings.Contains(r.out, "encrypted  to "+to) || !strings.Contains(r.err, "signed by the key SHA256:") {
		t.Error(r.out, r.err)
	}
	if v := b.container(0, "c", identity); !v.Sealed || v.Items != 2 {
		t.Errorf("%+v", v)
	}
	b.want(3, append(args, "--to", "c", "--recipient", to)...) // replaces nothing
	b.want(4, "verify", "--container", "c")
	b.want(0, append(args, "--to", "open", "--plain")...)
	if r := b.want(0, "verify", "--container", "open"); !strings.Contains(r.out, "verified: whole") {
		t.Error(r.out)
	}
	for _, name := range []string{"workspace", "none", "none.part", "x", "x.part", ".local", ".config", ".cache"} {
		if _, err := os.Lstat(filepath.Join(b.dir, name)); err == nil {
			t.Errorf("%s was made", name)
		}
	}
	// A profile of one's own, and environments, go into a container too.
	own := b.write("own.yaml", "firebreak-profiles: 1\nprofiles:\n  - {name: own, title: Own, collectors: [linux.system, linux.mounts]}\n")
	b.want(0, "collect", "--to", "own", "--plain", "--profile", own)
	if v := b.container(0, "own", identity); v.Items != 2 {
		t.Errorf("of a profile from a file: %+v", v)
	}
	b.want(1, "collect", "--to", "none", "--plain", "--profile", filepath.Join(b.dir, "no.yaml"))
	b.want(0, "collect", "--to", "env", "--plain", "--collector", "linux.processes", "--environment")
	if v := b.container(0, "env", identity); v.Items != 2 {
		t.Errorf("with environments: %+v", v)
	}
	// A damaged one is told from a cut one.
	whole, err := os.ReadFile(filepath.Join(b.dir, "open"))
	if err != nil {
		t.Fatal(err)
	}
	whole[len(whole)/2] ^= 1
	b.write("bad", string(whole))
	b.want(6, "verify", "--container", "bad")
}

// A reader that goes away ends it, without a file anywhere.
func TestCollectToClosedPipe(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	big := b.noise("big", 40<<20)
	c := b.command(t.Context(), "collect", "-q", "--to", "-", "--plain", "--collector", "linux.system", "--file", big)
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	_ = out.Close()
	_ = c.Wait()
	if c.ProcessState.Success() {
		t.Error("it went well")
	}
}

// Killed in the middle: what was written is a container that was cut.
func TestCollectToKilled(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	identity, to := b.keyPair()
	small, big := b.write("small", "small"), b.noise("big", 150<<20)
	c := b.command(t.Context(), "collect", "-q", "--to", "c", "--recipient", to, "--collector", "linux.files", "--file", small, "--file", big)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	b.waitSize("c.part", 8<<20)
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	v := b.container(5, "c.part", identity)
	if v.Items != 1 || v.Cut == "" || len(v.CutItems) != 1 || v.CutItems[0] != big {
		t.Errorf("%+v", v)
	}
	b.want(3, "collect", "--to", "c", "--recipient", to, "--collector", "linux.system")
}

// waitSize waits until a file has that size.
func (b *bench) waitSize(name string, size int64) {
	b.t.Helper()
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if info, err := os.Stat(filepath.Join(b.dir, name)); err == nil && info.Size() >= size {
			return
		}
	}
	b.t.Fatalf("%s did not grow to %d bytes", name, size)
}

// Too little room is refused with numbers; a disk that fills up in the middle
// leaves a container that is closed and says so.
func TestCollectToFullDisk(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("mounting needs root")
	}
	b := newBench(t)
	identity, to := b.keyPair()
	disk := filepath.Join(b.dir, "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=40m"); err != nil {
		t.Skipf("mount tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	r := b.want(3, "collect", "--to", disk+"/", "--recipient", to, "--collector", "linux.system")
	if !strings.Contains(r.err, "40 MiB are free; 80 MiB are needed, 64 of them to be kept free") {
		t.Error(r.err)
	}
	if left, err := os.ReadDir(disk); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
	small, big := b.write("small", "small"), b.noise("big", 100<<20)
	r = b.want(5, "collect", "--to", disk+"/c", "--reserve", "8", "--recipient", to, "--collector", "linux.files", "--file", small, "--file", big)
	if !strings.Contains(r.err, "no room for evidence") {
		t.Error(r.err)
	}
	if v := b.container(0, disk+"/c", identity); !v.Sealed || v.Items != 1 || v.Collection == nil || v.Collection.Cut == "" {
		t.Errorf("%+v", v)
	}
}
