package cmd_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// readOnlyWork is what a responder does with an incident; only the first list
// goes without writing.
func readOnlyWork(id, elsewhere, log string) (look, write [][]string) {
	look = [][]string{
		{"list"},
		{"list", "--json"},
		{"show", id},
		{"show", id, "activity"},
		{"show", id, "--json"},
		{"search", id, "Accepted"},
		{"search", id, "Accepted", "--count"},
		{"sql", id, "select time, message from events order by message"},
		{"verify", id},
		{"doctor"},
		{"version"},
		{"playbook", "list"},
		{"config"},
		{"review", id, "--to", filepath.Join(elsewhere, "review.md")},
	}
	write = [][]string{
		{"note", id, "hi"},
		{"open", "another"},
		{"ingest", id, log},
		{"collect", id, "--collector", "linux.system"},
		{"change", id, "--severity", "sev1"},
		{"plan", id, "webhook.send", "--with", "message=x"},
		{"close", id, "--reason", "over"},
		{"step", "start", id, "look"},
		{"review", id},
		{"export", id, "--to", filepath.Join(elsewhere, "events.sqlite")},
		{"backup", id, "--to", filepath.Join(elsewhere, "backup.zst"), "--plain"},
		{"bundle", id, "--to", filepath.Join(elsewhere, "bundle.tar.gz")},
		{"custody", "take", id, "e1", "--to", filepath.Join(elsewhere, "taken"), "--purpose", "to look at it"},
		{"hold", id, "--reason", "a court says so"},
		{"erase", id, "--exhibit", "e1", "--basis", "GDPR Art. 17(1)(a)"},
		{"repair", id, "--yes"},
	}
	return look, write
}

// checkReadOnly wants what looks to work, and what writes to say why it does
// not; nothing panics, and not one byte of the workspace changes.
func checkReadOnly(t *testing.T, b *bench, run func(args ...string) result, id, elsewhere, log string) {
	t.Helper()
	before := tree(t, b.home)
	look, write := readOnlyWork(id, elsewhere, log)
	for _, args := range look {
		r := run(args...)
		if args[0] == "doctor" {
			if !strings.Contains(r.out+r.err, "fail") && !strings.Contains(r.out+r.err, "read-only") {
				t.Errorf("doctor does not tell: %s%s", r.out, r.err)
			}
		} else if r.code != 0 {
			t.Errorf("firebreak %s: exit %d\n%s%s", strings.Join(args, " "), r.code, r.out, r.err)
		}
		if strings.Contains(r.out+r.err, "panic") || strings.Contains(r.out+r.err, "goroutine ") {
			t.Errorf("firebreak %s: %s%s", strings.Join(args, " "), r.out, r.err)
		}
	}
	for _, args := range write {
		r := run(args...)
		said := r.out + r.err
		if r.code == 0 || !strings.Contains(said, "read-only") && !strings.Contains(said, "permission denied") || !strings.Contains(said, "hint:") || strings.Contains(said, "goroutine ") {
			t.Errorf("firebreak %s: exit %d, it does not say why\n%s", strings.Join(args, " "), r.code, said)
		}
	}
	if after := tree(t, b.home); after != before {
		t.Errorf("the workspace was\n%s\nand is\n%s", before, after)
	}
}

// tree is the names, sizes and times below a folder.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var out bytes.Buffer
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		out.WriteString(strings.Join([]string{path, info.Mode().String(), info.ModTime().String()}, " ") + "\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func prepared(t *testing.T) (b *bench, id, log string) {
	t.Helper()
	b = newBench(t)
	log = b.write("auth.log", "Nov 20 03:12:01 web-1 sshd[4711]: Accepted publickey for root from 203.0.113.66 port 50222 ssh2\n")
	book, err := filepath.Abs(filepath.Join("testdata", "fast.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	b.write(".config/firebreak/config.yaml", newVendors(t, 0).config())
	id = b.open("odd login", "--playbook", book)
	b.want(0, "note", id, "before")
	b.want(0, "ingest", id, log)
	return b, id, log
}

// A file system that was mounted read-only, as a broken disk or an archive is.
func TestReadOnlyMount(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root to mount a folder read-only")
	}
	b, id, log := prepared(t)
	if err := unix.Mount(b.home, b.home, "", unix.MS_BIND, ""); err != nil {
		t.Skipf("needs the right to mount: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(b.home, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	if err := unix.Mount("", b.home, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	checkReadOnly(t, b, b.run, id, t.TempDir(), log)
}

// A workspace that belongs to somebody else: readable, not writable.
func TestReadOnlyWorkspaceOfAnother(t *testing.T) {
	t.Parallel()
	b, id, log := prepared(t)
	elsewhere := t.TempDir()
	if err := os.Chmod(elsewhere, 0o777); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(b.home, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Chmod(path, 0o555)
		}
		return os.Chmod(path, 0o444)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // so that it can be removed
		_ = filepath.WalkDir(b.home, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				return os.Chmod(path, 0o700)
			}
			return err
		})
	})
	for _, path := range []string{".config", ".config/firebreak"} {
		if err := os.Chmod(filepath.Join(b.dir, path), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{".config/firebreak/config.yaml", "auth.log"} {
		if err := os.Chmod(filepath.Join(b.dir, path), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := b.run
	if os.Geteuid() == 0 { // root writes everywhere: become nobody
		for dir := b.dir; dir != "/"; dir = filepath.Dir(dir) {
			if info, err := os.Stat(dir); err != nil || info.Mode()&0o001 == 0 {
				if err := os.Chmod(dir, 0o755); err != nil {
					t.Fatal(err)
				}
			}
		}
		program := filepath.Join(b.dir, "firebreak") // the tests' own lies where only root looks
		self, err := exec.LookPath("firebreak")
		if err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(self)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(program, content, 0o755); err != nil {
			t.Fatal(err)
		}
		run = func(args ...string) result {
			c := b.command(context.Background(), args...)
			c.Path, c.Args[0] = program, "firebreak"
			c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			var out, errs bytes.Buffer
			c.Stdout, c.Stderr = &out, &errs
			err := c.Run()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			return result{out.String(), errs.String(), c.ProcessState.ExitCode()}
		}
	}
	checkReadOnly(t, b, run, id, elsewhere, log)
}
