//go:build unix

package cmd_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// markers are words that people and evidence bring into an incident. Each is
// looked for in the raw bytes of everything the program leaves.
type markers map[string]string

func newMarkers() markers {
	m := markers{}
	for i, what := range []string{
		"title", "summary", "impact", "person", "actor", "variable", "note", "decision", "file content", "file name", "host", "user",
		"stream", "collected", "tag", "comment", "follow-up", "step note", "ad-hoc step", "skip reason", "screen note", "search", "draft",
	} {
		m[what] = fmt.Sprintf("%s%02dvW%s", common, i, strings.Map(func(r rune) rune {
			if r == ' ' || r == '-' {
				return -1
			}
			return r
		}, what))
	}
	return m
}

// common is how every marker begins: what is large is searched for it alone.
const common = "QxZjKwPv"

// unsaid never reach the disk of a plain workspace either.
var unsaid = []string{"search", "draft"}

// needles are the ways a word can stand in a file: as it is, in base64 at each
// of the three places it can begin, and as UTF-16.
func needles(word string) [][]byte {
	out := [][]byte{[]byte(word)}
	for shift := range 3 {
		b := make([]byte, shift, shift+len(word))
		b = append(b, word...)
		text := base64.RawURLEncoding.EncodeToString(b)
		from, to := (shift*8+5)/6, len(text)
		if len(b)%3 != 0 {
			to--
		}
		out = append(out, []byte(text[from:to]))
	}
	var wide []byte
	for _, c := range []byte(word) {
		wide = append(wide, c, 0)
	}
	return append(out, wide)
}

// found counts the markers in some bytes.
func (m markers) found(b []byte, in map[string]int) {
	for _, c := range needles(common) {
		for at := 0; ; at++ {
			i := bytes.Index(b[at:], c)
			if i < 0 {
				break
			}
			at += i
			near := b[max(0, at-2):min(len(b), at+100)]
			for what, word := range m {
				for _, n := range needles(word) {
					if bytes.Contains(near, n) {
						in[what]++
					}
				}
			}
		}
	}
}

// scan counts the markers in the names and the bytes of all files below some
// folders. Compressed evidence is also looked at opened.
func (m markers) scan(t *testing.T, roots ...string) map[string]int {
	t.Helper()
	in := map[string]int{}
	files := 0
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // a file of a running program
			}
			if err != nil {
				return err
			}
			before := len(in)
			m.found([]byte(d.Name()), in)
			if !d.Type().IsRegular() {
				return nil
			}
			b, err := os.ReadFile(path)
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			files++
			m.found(b, in)
			if len(in) > before {
				t.Logf("found in %s", path)
			}
			if bytes.HasPrefix(b, []byte{0x28, 0xb5, 0x2f, 0xfd}) {
				z, err := zstd.NewReader(bytes.NewReader(b))
				if err != nil {
					return err
				}
				defer z.Close()
				plain, err := io.ReadAll(z)
				if err != nil {
					return err
				}
				m.found(plain, in)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 5 {
		t.Fatalf("only %d files were there to look at", files)
	}
	return in
}

// none wants no marker at all.
func (m markers) none(t *testing.T, where string, in map[string]int) {
	t.Helper()
	for what, n := range in {
		if n > 0 {
			t.Errorf("%s: the marker of the %s (%s) is there %d times", where, what, m[what], n)
		}
	}
}

// plant brings every marker in, through the command line.
func (m markers) plant(b *bench) {
	b.t.Helper()
	log := b.write("in/"+m["file name"]+".log", fmt.Sprintf("Nov 20 03:12:01 %s sshd[4711]: Accepted password for %s from 203.0.113.66 port 50222 ssh2\nNov 20 03:12:02 %s sudo: %s\n", m["host"], m["user"], m["host"], m["file content"]))
	kept := b.write("in/kept", m["collected"]+"\n")
	steps := [][]string{
		{"open", m["title"], "--playbook", b.write("in/fast.yaml", readFile(b.t, "testdata/fast.yaml")), "--var", "address=" + m["variable"], "--summary", m["summary"], "--impact", m["impact"], "--assign", "commander=" + m["person"]},
		{"note", "last", m["note"], "--as", m["actor"]},
		{"note", "last", m["decision"], "--decision"},
		{"collect", "last", "--collector", "linux.system", "--file", kept},
		{"ingest", "last", log},
		{"search", "last", "sudo", "--tag", m["tag"], "--comment", m["comment"]},
		{"search", "last", m["search"]},
		{"step", "add", "last", m["ad-hoc step"]},
		{"step", "note", "last", "look", "--text", m["step note"]},
		{"step", "skip", "last", "take", "--reason", m["skip reason"]},
		{"review", "last", "--item", m["follow-up"], "--owner", m["person"]},
	}
	for _, s := range steps {
		b.want(0, append(s, b.key...)...)
	}
	c := b.command(b.t.Context(), append([]string{"ingest", "last", "-"}, b.key...)...)
	c.Stdin = strings.NewReader("Nov 20 03:13:00 web-1 sshd[1]: " + m["stream"] + "\n")
	if r := b.finish(c, []string{"ingest", "-"}); r.code != 0 {
		b.t.Fatalf("ingest -: exit %d\n%s", r.code, r.err)
	}
	if err := os.RemoveAll(filepath.Join(b.dir, "in")); err != nil {
		b.t.Fatal(err)
	}
}

const passphrase = "four words nobody guesses"

// markedBench has temporary files in a folder of its own, and nothing else.
func markedBench(t *testing.T) (b *bench, temp string) {
	b = newBench(t)
	temp = filepath.Join(b.dir, "tmp")
	if err := os.Mkdir(temp, 0o700); err != nil {
		t.Fatal(err)
	}
	b.env = append(b.env, "TMPDIR="+temp, "SQLITE_TMPDIR="+temp)
	return b, temp
}

// encrypted sets the workspace up with a passphrase, and with a key: a passphrase
// takes seconds to try, each time.
func (b *bench) encrypted() {
	b.t.Helper()
	identity, recipient := b.keyPair()
	b.key = []string{"--unlock", "file:" + identity}
	b.want(0, "init", "--passphrase-from", "file:"+b.write("passphrase", passphrase), "--recipient", recipient)
}

// TestMarkersInPlainWorkspace is the control: what the other test looks for can
// be found.
func TestMarkersInPlainWorkspace(t *testing.T) {
	t.Parallel()
	b, temp := markedBench(t)
	m := newMarkers()
	m.plant(b)
	p := b.screen("run", "last")
	m.typed(p)
	in := m.scan(t, b.home, temp)
	for what := range m {
		if in[what] == 0 && !slices.Contains(unsaid, what) {
			t.Errorf("the marker of the %s is not found where nothing is encrypted", what)
		}
	}
}

// typed brings in what is typed on the screens: a search, a note, and a text
// that is not sent.
func (m markers) typed(p *pane) {
	p.t.Helper()
	p.sees("? help", "IDENTIFY")
	p.press("3")
	p.sees("Timeline")
	p.press("/")
	p.sees(" / _")
	p.text(m["search"])
	p.sees(m["search"] + "_")
	p.press("Enter")
	p.sees("filter: " + m["search"])
	p.press("n")
	p.sees("> _")
	p.text(m["screen note"])
	p.sees(m["screen note"] + "_")
	p.press("Enter")
	p.gone(m["screen note"] + "_")
	p.press("5")
	p.sees(m["screen note"])
	p.press("n")
	p.sees("> _")
	p.text(m["draft"])
	p.sees(m["draft"] + "_")
}

// TestMarkers plants words in an encrypted workspace and finds none of them on
// the disk: while the program runs, when it is locked, after it was killed. Nor
// in the memory of the locked program.
func TestMarkers(t *testing.T) {
	t.Parallel()
	b, temp := markedBench(t)
	b.encrypted()
	m := newMarkers()
	m.plant(b)
	m.none(t, "after the commands", m.scan(t, b.home, temp))

	p := b.screen("run", "last")
	p.unlocks()
	m.typed(p)
	m.none(t, "while the screens are open", m.scan(t, b.home, temp))
	if dump := p.dump(); dump != nil {
		in := map[string]int{}
		m.found(dump, in)
		for _, what := range []string{"title", "screen note", "draft"} {
			if in[what] == 0 {
				t.Errorf("the %s is not found in the memory of the open program: the search would find nothing", what)
			}
		}
	}

	p.press("Escape")
	p.gone(m["draft"] + "_")
	p.palette("lock the screens")
	p.sees("FIREBREAK is locked", "Passphrase: _")
	for _, row := range p.look() {
		for what, word := range m {
			if strings.Contains(row, word) {
				t.Errorf("the locked screen shows the %s", what)
			}
		}
	}
	m.none(t, "while locked", m.scan(t, b.home, temp))
	if dump := p.dump(); dump != nil {
		in := map[string]int{}
		m.found(dump, in)
		m.none(t, "the memory of the locked program", in)
		if bytes.Contains(dump, []byte(passphrase)) {
			t.Error("the memory of the locked program holds the passphrase")
		}
	}

	p.text("not the passphrase")
	p.press("Enter")
	p.sees("! that does not open the workspace")
	p.unlocks()
	p.sees("Activity", m["screen note"]) // the screen it was locked at
	p.press("n")
	p.sees(m["draft"] + "_") // what was typed there and not sent
	if err := syscall.Kill(p.pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	p.until("the end of the program", func([]string) bool {
		_, err := os.Stat(filepath.Join(p.files, "status"))
		return err == nil
	})
	m.none(t, "after it was killed", m.scan(t, b.home, temp))
	b.want(0, append([]string{"verify", "last"}, b.key...)...)
	b.want(4, "verify", "last", "--unlock", "file:"+b.write("wrong", "wrong passphrase"))

	// A copy in the clear is where it was asked for, and nowhere else.
	out := filepath.Join(b.dir, "out")
	if err := os.Mkdir(out, 0o700); err != nil {
		t.Fatal(err)
	}
	b.want(0, append([]string{"review", "last", "--to", out}, b.key...)...)
	if text := readFile(t, filepath.Join(out, "review.md")); !strings.Contains(text, m["title"]) {
		t.Error("the copy in the clear cannot be read")
	}
	b.want(2, append([]string{"review", "last", "--to", filepath.Join(b.home, "playbooks")}, b.key...)...)
	m.none(t, "after a copy was written elsewhere", m.scan(t, b.home, temp))
}

// unlocks types the passphrase.
func (p *pane) unlocks() {
	p.t.Helper()
	p.sees("Passphrase")
	p.text(passphrase)
	p.press("Enter")
	p.sees("? help")
}

// palette does a command by a part of its name.
func (p *pane) palette(name string) {
	p.t.Helper()
	p.press(":")
	p.sees(": _")
	p.text(name)
	p.sees(": "+name+"_", "> "+name)
	p.press("Enter")
}

// dump is what is in the memory of the program; nil where it cannot be had.
func (p *pane) dump() []byte {
	p.t.Helper()
	if raceDetector {
		p.t.Log("no core dump: the race detector's memory is too large for one")
		return nil
	}
	if _, err := exec.LookPath("gcore"); err != nil {
		p.t.Log("no core dump: needs the program gcore (gdb), which is not installed")
		return nil
	}
	if os.Geteuid() != 0 {
		p.t.Log("no core dump: only root may look into a program that holds keys")
		return nil
	}
	core := filepath.Join(p.files, "core")
	if out, err := exec.CommandContext(p.t.Context(), "gcore", "-o", core, strconv.Itoa(p.pid())).CombinedOutput(); err != nil {
		p.t.Fatalf("gcore: %v\n%s", err, out)
	}
	core += "." + strconv.Itoa(p.pid())
	b, err := os.ReadFile(core)
	if err = errors.Join(err, os.Remove(core)); err != nil {
		p.t.Fatal(err)
	}
	return b
}
