package cmd_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// onTerminal runs the program on a terminal and answers its questions in turn.
func (b *bench) onTerminal(answers []string, args ...string) result {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	c := b.command(ctx, args...)
	tty, err := pty.Start(c)
	if err != nil {
		b.t.Skip("no pseudo-terminal here: " + err.Error())
	}
	defer tty.Close() //nolint:errcheck // all was read
	var out bytes.Buffer
	buf := make([]byte, 4096)
	for {
		n, err := tty.Read(buf)
		out.Write(buf[:n])
		// A question ends in ": " and no line break. By then the echo is off.
		if len(answers) > 0 && strings.HasSuffix(out.String(), ": ") {
			if echoes(b.t, tty) {
				b.t.Error("the question is there, and the terminal still shows what is typed")
			}
			if _, err := io.WriteString(tty, answers[0]+"\n"); err != nil {
				b.t.Fatal(err)
			}
			answers = answers[1:]
		}
		if err != nil {
			break // EIO: the program is gone
		}
	}
	_ = c.Wait() // its exit code says it
	return result{out: out.String(), code: c.ProcessState.ExitCode()}
}

func echoes(t *testing.T, tty *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// TestBackupWithPassphrase is asked twice, shows nothing of it, and keeps it out
// of arguments and record.
func TestBackupWithPassphrase(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.open("odd process")
	const secret = "correct horse battery staple"
	file := filepath.Join(b.dir, "x.age")
	r := b.onTerminal([]string{secret, "another"}, "backup", id, "--to", file, "--passphrase")
	if tells(t, r, "the two passphrases differ"); r.code != 2 {
		t.Errorf("exit %d", r.code)
	}
	if _, err := os.Lstat(file); err == nil {
		t.Error("it was written all the same")
	}
	r = b.onTerminal([]string{secret, secret}, "backup", id, "--to", file, "--passphrase")
	if tells(t, r, "tested     restored and verified, with the key at hand", "to passphrase"); r.code != 0 || strings.Contains(r.out, secret) {
		t.Errorf("exit %d: %s", r.code, r.out)
	}
	for _, c := range []struct {
		say  string
		code int
	}{{"wrong", 4}, {secret, 0}} {
		if r := b.onTerminal([]string{c.say}, "restore", file, "--test"); r.code != c.code || strings.Contains(r.out, secret) {
			t.Errorf("%q: exit %d: %s", c.say, r.code, r.out)
		}
	}
	tells(t, b.want(2, "restore", file, "--test"), "there is no terminal")
	b.verified(id)
}

// TestBackupOfAnEncryptedWorkspace needs no recipient, and comes back on a clean
// machine with the key of one of its people.
func TestBackupOfAnEncryptedWorkspace(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	identity, recipient := b.keyPair()
	b.want(0, "init", "--identity", identity)
	const marker = "PLANTED-MARKER-7731"
	id := b.open(marker)
	b.want(0, "ingest", id, b.write("auth.log", loginLine))
	b.want(0, "review", id)
	file := filepath.Join(b.dir, "x.age")
	r := b.want(0, "backup", "--all", "--to", file)
	tells(t, r, recipient, "with the key at hand")
	c := b.elsewhere("clean")
	tells(t, c.want(4, "restore", file), "no key at hand")
	c.want(0, "restore", file, "--identity", identity)
	c.verified(id)
	tells(t, c.want(0, "show", id), marker)
	tells(t, c.want(0, "search", id, "publickey"), "203.0.113.66")
	c.want(0, "note", id, "gone on with")
	c.want(0, "check", "--read-data")
	if err := os.Remove(c.blobs(id)[0]); err != nil {
		t.Fatal(err)
	}
	for _, path := range c.blobs(id) {
		if err := os.Remove(path); err != nil { // the key beside it too
			t.Fatal(err)
		}
	}
	c.want(6, "check")
	tells(t, c.want(0, "repair", id, "--from", file, "--yes"), id+" verified")
	c.want(0, "check", "--read-data")
	for _, home := range []string{b.home, c.home} {
		err := filepath.Walk(home, func(path string, info os.FileInfo, err error) error {
			if err != nil || !info.Mode().IsRegular() {
				return err
			}
			if content, err := os.ReadFile(path); err != nil || bytes.Contains(content, []byte(marker)) {
				t.Errorf("%s holds what is secret, or %v", path, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if content, err := os.ReadFile(file); err != nil || bytes.Contains(content, []byte(marker)) {
		t.Errorf("the backup holds what is secret, or %v", err)
	}
}
