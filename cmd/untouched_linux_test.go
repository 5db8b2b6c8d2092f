package cmd_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"firebreak/internal/testkit"
)

// changing are the system calls that change a file system, and where in their
// arguments a path is the first text.
const changing = "open,openat,openat2,creat,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,mknod,mknodat,link,linkat,symlink,symlinkat,truncate,chmod,fchmodat,chown,lchown,fchownat,utime,utimes,utimensat,futimesat,setxattr,lsetxattr,removexattr,lremovexattr"

// TestCollectWritesNowhereElse watches every system call of a triage: nothing but
// the workspace is written to, and no program is started. Comparing all packages
// of the machine that tests is for the long form; of an image it is always done.
func TestCollectWritesNowhereElse(t *testing.T) {
	t.Parallel()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("needs strace")
	}
	b := newBench(t)
	id := b.open("untouched")
	log := filepath.Join(b.dir, "calls")
	self, err := exec.LookPath("firebreak")
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(b.dir, "image")
	for name, text := range map[string]string{
		"/var/log/auth.log": "Nov 28 03:00:00 h sshd[1]: x\n", "/etc/passwd": "root:x:0:0::/root:/bin/sh\n", "/usr/bin/tool": "#!/bin/sh\n", "/root/.bash_history": "id\n",
	} {
		if err := os.MkdirAll(filepath.Dir(root+name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(root+name, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	live := []string{"--path", "/etc"}
	if !testkit.Soak() {
		for line := range strings.Lines(b.want(0, "collect", "--list").out) {
			if name, profiles, _ := strings.Cut(line, " "); strings.Contains(profiles, " triage ") && name != "linux.verify" && name != "linux.temporary" {
				live = append(live, "--collector", name)
			}
		}
	}
	for _, args := range [][]string{{"--root", root}, live} {
		c := exec.CommandContext(t.Context(), strace, append([]string{"-f", "--seccomp-bpf", "-qq", "-s", "4096", "-o", log, "-e", "trace=" + changing + ",execve", "--", self, "collect", id, "-q"}, args...)...)
		c.Env = b.env
		if out, err := c.CombinedOutput(); err != nil {
			if strings.Contains(string(out), "ptrace") || strings.Contains(string(out), "PTRACE") {
				t.Skipf("strace may not trace here: %s", out)
			}
			t.Fatalf("%v: %s", err, out)
		}
		opens, outside := calls(t, log, b.home)
		if opens < 50 {
			t.Errorf("%d files were opened: nothing was watched", opens)
		}
		for _, line := range outside {
			t.Errorf("%v: %s", args, line)
		}
	}
}

var path1 = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)

// calls returns how many files were opened, and the calls that change something
// outside the workspace.
func calls(t *testing.T, log, home string) (opens int, outside []string) {
	t.Helper()
	f, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it is only read
	started := 0
	for in := bufio.NewScanner(f); in.Scan(); {
		_, line, _ := strings.Cut(in.Text(), " ")
		line = strings.TrimSpace(line)
		name, _, _ := strings.Cut(line, "(")
		if strings.HasPrefix(line, "<...") || strings.HasPrefix(line, "---") || strings.HasPrefix(line, "+++") {
			continue
		}
		if name == "execve" {
			if started++; started > 1 {
				outside = append(outside, line)
			}
			continue
		}
		if strings.HasPrefix(name, "open") {
			opens++
			if !strings.Contains(line, "O_WRONLY") && !strings.Contains(line, "O_RDWR") && !strings.Contains(line, "O_CREAT") && !strings.Contains(line, "O_TRUNC") {
				continue
			}
		}
		m := path1.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		switch p := m[1]; {
		case strings.HasPrefix(p, home), p == "/dev/null", p == "/dev/tty":
		case !filepath.IsAbs(p): // below a folder of the workspace that is open: os.Root
			if !strings.HasPrefix(p, "tmp-") && !ofBlob.MatchString(p) && !strings.HasSuffix(p, ".lock") {
				outside = append(outside, line)
			}
		default:
			outside = append(outside, line)
		}
	}
	return opens, outside
}

// ofBlob is the name of a sealed blob, its key, or its folder.
var ofBlob = regexp.MustCompile(`^([0-9a-f]{2}/)?[0-9a-f]{2}([0-9a-f]{62}(\.key)?)?$`)
