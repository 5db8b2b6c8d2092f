package linux

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"firebreak/incident"
	"firebreak/integrations"
)

// bothHands are this process's own, and the program that is brought to others.
func bothHands(t *testing.T) map[string]integrations.Hands {
	t.Helper()
	out := map[string]integrations.Hands{"here": here{}}
	if _, err := find("python3"); err != nil {
		t.Log("python3 is not installed: what is brought to other hosts is not tried")
		return out
	}
	h := &host{now: time.Now}
	h.Hands = brought{here{}, h}
	out["brought"] = h.Hands
	return out
}

func wantRejected(t *testing.T, err error, says string) {
	t.Helper()
	if err == nil || integrations.OutcomeOf(err) != integrations.Rejected || !strings.Contains(err.Error(), says) {
		t.Errorf("want a rejection with %q, got %v", says, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestFilesReally takes a real file away and puts it back: nothing of it may be
// another one then.
func TestFilesReally(t *testing.T) {
	for name, h := range bothHands(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path, folder := filepath.Join(dir, "she ll';$(x)\tü.php"), filepath.Join(dir, "kept", "deeper")
			must(t, os.WriteFile(path, []byte("<?php evil"), 0o600))
			must(t, os.Chmod(path, 0o4751))
			if os.Geteuid() == 0 {
				must(t, os.Chown(path, 47111, 47112))
				must(t, os.Chmod(path, 0o6751)) // a change of the owner takes these bits away
			}
			attribute := true
			if err := unix.Setxattr(path, "user.origin", []byte("http://203.0.113.9/\x00\xff"), 0); errors.Is(err, unix.ENOTSUP) {
				attribute = false // the file system has none
			} else {
				must(t, err)
			}
			old := time.Date(2021, 3, 4, 5, 6, 7, 891234567, time.UTC)
			must(t, os.Chtimes(path, old, old))
			var before unix.Stat_t
			must(t, unix.Stat(path, &before))
			f, err := h.File(t.Context(), path)
			must(t, err)
			if f.Size != 10 || f.Mode != before.Mode&0o7777 || f.MTime != old.UnixNano() || f.Links != 1 || f.Vital {
				t.Errorf("%+v", f)
			}
			if v, _ := base64.StdEncoding.DecodeString(f.XAttrs["user.origin"]); attribute && string(v) != "http://203.0.113.9/\x00\xff" {
				t.Errorf("attributes %v", f.XAttrs)
			}
			if _, err := h.Quarantined(t.Context(), folder, "q1"); !errors.Is(err, incident.ErrNotFound) {
				t.Errorf("found before it was there: %v", err)
			}
			other := f
			other.SHA256 = strings.Repeat("0", 64)
			wantRejected(t, h.Quarantine(t.Context(), other, folder, "q1"), "not the file that was planned for")
			must(t, h.Quarantine(t.Context(), f, folder, "q1"))
			if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("it is still there: %v", err)
			}
			if _, err := h.File(t.Context(), path); !errors.Is(err, incident.ErrNotFound) {
				t.Errorf("it is still found: %v", err)
			}
			kept, err := h.Quarantined(t.Context(), folder, "q1")
			must(t, err)
			if sealOf(kept) != sealOf(f) {
				t.Errorf("kept is %+v\nand it was %+v", kept, f)
			}
			for _, p := range []string{folder, filepath.Join(folder, "q1")} {
				if st, err := os.Stat(p); err != nil || st.Mode().Perm() != 0o700 {
					t.Errorf("%s: %v, %v", p, st.Mode(), err)
				}
			}
			// Somebody puts another file there.
			must(t, os.WriteFile(path, []byte("new"), 0o644))
			wantRejected(t, h.Restore(t.Context(), f, folder, "q1"), "taken")
			must(t, os.Remove(path))
			must(t, os.Symlink("/nowhere", path))
			wantRejected(t, h.Restore(t.Context(), f, folder, "q1"), "taken")
			must(t, os.Remove(path))
			must(t, h.Restore(t.Context(), f, folder, "q1"))
			var after unix.Stat_t
			must(t, unix.Stat(path, &after))
			if after.Mode != before.Mode || after.Uid != before.Uid || after.Gid != before.Gid || after.Mtim != before.Mtim || after.Size != before.Size || after.Nlink != 1 {
				t.Errorf("it is %+v\nand was %+v", after, before)
			}
			again, err := h.File(t.Context(), path)
			must(t, err)
			if sealOf(again) != sealOf(f) {
				t.Errorf("it is %+v\nand was %+v", again, f)
			}
			if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
				t.Errorf("left in quarantine: %v, %v", left, err)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
				t.Errorf("left beside it: %v, %v", left, err)
			}
		})
	}
}

// TestFilesRefused: links, folders, pipes, what the host stands on, and what is
// kept where others can reach it.
func TestFilesRefused(t *testing.T) {
	for name, h := range bothHands(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path, folder := filepath.Join(dir, "file"), filepath.Join(dir, "kept")
			must(t, os.WriteFile(path, []byte("x"), 0o600))
			must(t, os.Symlink(path, filepath.Join(dir, "link")))
			must(t, os.Symlink(dir, filepath.Join(dir, "folder")))
			must(t, unix.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
			for what, says := range map[string]string{
				"link": "", "folder/file": "symbolic link", "pipe": "no regular file", ".": "",
			} {
				_, err := h.File(t.Context(), filepath.Join(dir, what))
				wantRejected(t, err, says)
			}
			if exe, err := os.Readlink("/proc/1/exe"); err == nil { // not everybody may see it
				f, err := h.File(t.Context(), exe)
				if err != nil || !f.Vital {
					t.Errorf("the first process's program: %+v, %v", f, err)
				}
			}
			f, err := h.File(t.Context(), path)
			must(t, err)
			must(t, os.Mkdir(folder, 0o755))
			must(t, os.Chmod(folder, 0o755))
			wantRejected(t, h.Quarantine(t.Context(), f, folder, "q1"), "mode 755")
			must(t, os.Remove(folder))
			must(t, os.Symlink(dir, folder))
			if err := h.Quarantine(t.Context(), f, folder, "q1"); err == nil {
				t.Error("a quarantine behind a symbolic link was taken")
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("a refused file is gone: %v", err)
			}
			must(t, os.Remove(folder))
			must(t, h.Quarantine(t.Context(), f, folder, "q1"))
			// Who can write there changed what was kept.
			must(t, os.Chmod(filepath.Join(folder, "q1", "content"), 0o600))
			must(t, os.WriteFile(filepath.Join(folder, "q1", "content"), []byte("y"), 0o600))
			wantRejected(t, h.Restore(t.Context(), f, folder, "q1"), "not what was put there")
		})
	}
}

// TestQuarantineGoesOn: an attempt that ended in the midst, before or after the
// copy was whole, is gone on with.
func TestQuarantineGoesOn(t *testing.T) {
	for name, h := range bothHands(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path, folder := filepath.Join(dir, "file"), filepath.Join(dir, "kept")
			must(t, os.WriteFile(path, []byte("x"), 0o640))
			f, err := h.File(t.Context(), path)
			must(t, err)
			must(t, os.MkdirAll(filepath.Join(folder, "q1"), 0o700))
			must(t, os.WriteFile(filepath.Join(folder, "q1", "content"), []byte("hal"), 0o400))
			must(t, h.Quarantine(t.Context(), f, folder, "q1"))
			must(t, os.WriteFile(path, []byte("x"), 0o640)) // as if it had not been taken away any more
			must(t, os.Chtimes(path, time.Unix(0, f.MTime), time.Unix(0, f.MTime)))
			must(t, h.Quarantine(t.Context(), f, folder, "q1"))
			if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("it is still there: %v", err)
			}
			must(t, h.Restore(t.Context(), f, folder, "q1"))
		})
	}
}

// TestProcessesReally reads, stops, lets go on and kills a real process.
func TestProcessesReally(t *testing.T) {
	for name, h := range bothHands(t) {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command("sleep", "300")
			must(t, cmd.Start())
			pid := cmd.Process.Pid
			p := settled(t, h, pid)
			want, err := here{}.Process(t.Context(), pid)
			must(t, err)
			p.State, want.State = "", ""
			if p != want {
				t.Errorf("it reads %+v\nand it is %+v", p, want)
			}
			image, err := h.Image(t.Context(), p)
			must(t, err)
			if sum, _, err := digestOf(p.Exe); err != nil || image.SHA256 != sum || len(image.Mapped) == 0 || !strings.HasPrefix(image.Mapped[0], "/") {
				t.Errorf("image %+v, %v", image, err)
			}
			must(t, h.Signal(t.Context(), p, integrations.SIGSTOP))
			eventually(t, func() bool { return kernelState(t, pid) == "T" })
			must(t, h.Signal(t.Context(), p, integrations.SIGCONT))
			eventually(t, func() bool { return kernelState(t, pid) != "T" })
			other := p
			other.Start++
			wantRejected(t, h.Signal(t.Context(), other, integrations.SIGKILL), "the one meant has ended")
			must(t, h.Signal(t.Context(), p, integrations.SIGKILL))
			if err := cmd.Wait(); err == nil {
				t.Error("it ended by itself")
			}
			if _, err := h.Process(t.Context(), pid); !errors.Is(err, incident.ErrNotFound) {
				t.Errorf("it is still there: %v", err)
			}
			wantRejected(t, h.Signal(t.Context(), p, integrations.SIGKILL), "")
			for _, ours := range []int{os.Getppid(), os.Getpid()} {
				if q, err := h.Process(t.Context(), ours); err != nil || !q.Ours {
					t.Errorf("process %d: %+v, %v", ours, q, err)
				}
			}
		})
	}
}

func digestOf(path string) (string, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close() //nolint:errcheck // read only
	return digest(f)
}

// settled waits until the kernel shows the program's own arguments.
func settled(t *testing.T, h integrations.Hands, pid int) integrations.Process {
	t.Helper()
	for {
		p, err := h.Process(t.Context(), pid)
		must(t, err)
		if strings.HasPrefix(p.Cmdline, "sleep") {
			return p
		}
	}
}

func eventually(t *testing.T, f func() bool) {
	t.Helper()
	for range 3000 {
		if f() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("it did not come")
}

// TestKillReally kills by the action, which keeps what the process was made of.
func TestKillReally(t *testing.T) {
	as := thisHost(t, nil)
	cmd := exec.Command("sleep", "300")
	must(t, cmd.Start())
	p := settled(t, here{}, cmd.Process.Pid)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	call := integrations.Call{Action: "linux.process.kill", Connection: "host", Params: map[string]any{"pid": p.PID, "start": p.Start}}
	plan, r := do(t, as, call)
	if <-ended == nil {
		t.Error("it was not killed")
	}
	if r.Data["exe_sha256"] == "" || r.Data["cmdline"] != "sleep 300" || len(r.Data["mapped"].([]any)) == 0 || plan.Undo != "" {
		t.Errorf("receipt %v, plan %v", r.Data, plan)
	}
	// Again it needs nothing, and another process is never meant.
	if _, err := as[call.Action].Do(t.Context(), call, plan); err != nil {
		t.Error(err)
	}
	if _, found, err := as[call.Action].(integrations.Finder).Find(t.Context(), call); err != nil || !found {
		t.Errorf("find: %v, %v", found, err)
	}
	for _, pid := range []int{1, os.Getpid(), os.Getppid()} {
		call.Params = map[string]any{"pid": pid}
		_, err := as[call.Action].Do(t.Context(), call, integrations.Plan{})
		wantRejected(t, err, "process")
	}
}

func TestFacts(t *testing.T) {
	for text, want := range map[string]integrations.Facts{
		"uid=0\nsession=\nmachine=\n": {},
		"motd\nuid=1000\nsession=203.0.113.7 50022 10.0.0.5 2222\nmachine=0d5c1f7ab2d94b6f8e0c64a7d2d117a1\n": {
			UID: 1000, Client: "203.0.113.7", Server: "10.0.0.5", Port: 2222, Machine: "0d5c1f7ab2d94b6f8e0c64a7d2d117a1",
		},
		"uid=5\nsession=fe80::1%eth0 50022 fe80::2%eth0 22\nmachine=$(x)\n": {UID: 5, Client: "fe80::1", Server: "fe80::2", Port: 22},
	} {
		if f, err := readFacts(text); err != nil || f != want {
			t.Errorf("%q: %+v, %v", text, f, err)
		}
	}
	for _, text := range []string{"", "uid=root\n", "uid=-1\n", "uid=0\nsession=here 1 there 2\n", "uid=0\nsession=10.0.0.1 1 10.0.0.2 70000\n"} {
		if f, err := readFacts(text); err == nil {
			t.Errorf("%q: %+v", text, f)
		}
	}
	h := bothHands(t)["brought"]
	if h == nil {
		return
	}
	f, err := h.Facts(context.Background())
	if err != nil || f.UID != os.Geteuid() {
		t.Errorf("%+v, %v", f, err)
	}
}
