//go:build unix

package cmd_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// hostile is text that would clear a screen, set a title, press keys, move the
// cursor, reverse the reading direction and forge a line, if it came through.
const hostile = "\x1b[2J\x1b]0;owned\x07\x1b[6n\u009b31m\u202egnp.exe\r\x08\x7f\u2066spoof"

// TestHostileText: the escapes of an intruder stay out of every output, text or
// JSON, wherever they come from. The runs themselves look for them.
func TestHostileText(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.open("title "+hostile, "--summary", hostile+"\nsecond line "+hostile, "--impact", hostile, "--assign", "commander="+hostile, "--as", hostile)
	b.want(0, "note", id, "a note "+hostile)
	b.want(0, "note", id, "--decision", hostile)
	log := b.write("auth"+strings.ReplaceAll(hostile, "/", "")+".log",
		"Nov 20 03:12:01 web-1 sshd[4711]: Failed password for "+hostile+" from 203.0.113.66 port 1 ssh2\n"+
			"Nov 20 03:12:02 "+hostile+" "+hostile+": "+hostile+"\n"+hostile+"\n")
	b.want(0, "ingest", id, log, "--parser", "syslog", "--host", hostile)
	csv := b.write("t.csv", "message,datetime,timestamp_desc,source,"+hostile+"\n\""+hostile+"\",2025-11-20T03:12:01+00:00,"+hostile+","+hostile+","+hostile+"\n")
	b.run("ingest", id, csv)
	b.run("ingest", id, csv+hostile)
	b.run("ingest", id, log, "--parser", hostile)
	folder := filepath.Join(b.dir, "folder")
	b.write(filepath.Join("folder", "name "+hostile), "")
	b.write(filepath.Join("folder", "sub"+hostile, "file\nname"), "")
	b.want(0, "collect", id, "--collector", "linux.listing", "--path", folder, "--path", filepath.Join(folder, "no"+hostile), "--file", filepath.Join(folder, "name "+hostile))
	b.want(0, "step", "add", b.open("with a run", "--playbook", "generic", "--var", "what="+hostile), hostile, "--text", hostile)
	b.run("plan", id, "linux.run", "--with", "argv=[\"true\",\"\\u001b[2J\\u009b\"]", "--reason", hostile)
	b.run("plan", id, "linux.nft.block", "--with", "address="+hostile)
	b.run("plan", id, hostile+".x")
	b.want(0, "review", id, "--item", hostile, "--owner", hostile)
	for _, args := range [][]string{
		{"list"},
		{"show", id},
		{"show", id, "activity"},
		{"show", id, "evidence"},
		{"show", id, "e1"},
		{"show", id, "e2"},
		{"show", id, "a1"},
		{"show", "2"},
		{"show", id, hostile},
		{"show", hostile},
		{"search", id},
		{"search", id, hostile},
		{"search", id, "((" + hostile},
		{"search", id, "--comment", hostile, "--tag", hostile, "password"},
		{"search", id, "--histogram"},
		{"verify", id},
		{"run", id, "--plain"},
		{"run", "2", "--auto"},
		{hostile},
		{"open", "x", "--" + hostile},
		{"open", "x", "--playbook", hostile},
		{"playbook", "lint", b.write("bad.yaml", "playbook: v1\nid: \""+hostile[:1]+"\"\n"+hostile+": 1\n")},
		{"playbook", "lint", "./" + hostile + ".yaml"},
		{"__complete", "show", ""},
	} {
		b.run(args...)
		b.run(append(args, "--json")...)
	}
	if r := b.run("search", id, "password", "--count"); r.out == "0\n" {
		t.Error("the hostile line is not on the timeline")
	}
}

// TestHostilePlaybooks: bombs and towers are refused, with their place.
func TestHostilePlaybooks(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", c-1), 9), ","))
	}
	deepest := ""
	for i := range 2000 {
		deepest += strings.Repeat(" ", i) + "a:\n"
	}
	for name, src := range map[string]string{
		"bomb.yaml":     bomb,
		"tower.yaml":    strings.Repeat("[", 100_000),
		"braces.yaml":   strings.Repeat("{a: ", 100_000),
		"indent.yaml":   deepest,
		"large.yaml":    "playbook: v1\nname: " + strings.Repeat("x", 8<<20) + "\n",
		"nul.yaml":      "playbook: v1\x00\n",
		"binary.yaml":   "\x7fELF\x02\x01\x01\xff\xfe",
		"empty.yaml":    "",
		"template.yaml": "playbook: v1\nid: x\nname: x\nversion: 1.0.0\nphases:\n  identify:\n    - {id: a, title: a, manual: \"" + strings.Repeat("{{", 20_000) + "\"}\n",
		"expr.yaml":     "playbook: v1\nid: x\nname: x\nversion: 1.0.0\nphases:\n  identify:\n    - {id: a, title: a, manual: b, if: \"" + strings.Repeat("(", 20_000) + "\"}\n",
	} {
		path := b.write(name, src)
		r := b.want(1, "playbook", "lint", path)
		if !strings.Contains(r.out+r.err, name) || len(r.out+r.err) > 64<<10 {
			t.Errorf("%s: it says %.300q (%d bytes)", name, r.out+r.err, len(r.out+r.err))
		}
		if r := b.want(2, "open", "x", "--playbook", path); r.err == "" {
			t.Errorf("%s: nothing was said", name)
		}
	}
	if r := b.want(0, "list"); !strings.Contains(r.out, "no incidents yet") {
		t.Errorf("a refused playbook left an incident: %s", r.out)
	}
}

// TestHostileFiles: lines without end and files that are none.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.open("odd process")
	wide := b.write("wide.csv", strings.Repeat("message,", 10_000)+"datetime\n"+strings.Repeat("x,", 10_000)+"2025-11-20T03:12:01+00:00\n")
	b.run("ingest", id, wide) // taken or refused, it is sealed and nothing is lost
	columns := b.write("wide.log", "Nov 20 03:12:01 web-1 app[1]: "+strings.Repeat("column ", 10_000)+"\n")
	b.want(0, "ingest", id, columns, "--parser", "syslog")
	b.want(0, "search", id, "column")

	long := filepath.Join(b.dir, "long.log")
	longLine(t, long, 100<<20)
	r := b.want(0, "ingest", id, long, "--parser", "syslog")
	if !strings.Contains(r.out, "1 rejected") && !strings.Contains(r.out, "1 event") {
		t.Errorf("a line of 100 MB: %s", r.out)
	}
	if len(r.out) > 4<<10 {
		t.Errorf("a line of 100 MB makes %d bytes of output", len(r.out))
	}

	fifo := filepath.Join(b.dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{
		fifo:                            "regular",
		b.dir:                           "regular",
		"/dev/zero":                     "regular",
		"/dev/tty":                      "",
		"":                              "",
		filepath.Join(b.dir, "nothing"): "no such file",
	} {
		r := b.want(1, "ingest", id, path)
		if !strings.Contains(r.err, says) || !strings.Contains(r.err, path) {
			t.Errorf("ingest %q: %s", path, r.err)
		}
		if r := b.want(0, "collect", id, "--collector", "linux.system", "--file", path, "--json"); path != "" && !strings.Contains(r.out, `"refused":[{`) {
			t.Errorf("collect --file %q: %s", path, r.out)
		}
	}
	loop := filepath.Join(b.dir, "loop")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	b.want(1, "ingest", id, loop)
	b.verified(id)
}

// longLine writes a file of one line with that many bytes.
func longLine(t *testing.T, path string, size int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	piece := "Nov 20 03:12:01 web-1 app[1]: " + strings.Repeat("x", 1<<16)
	for n := 0; n < size; n += len(piece) {
		if _, err := w.WriteString(piece); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.WriteByte('\n'), w.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestUnreadable gives the program files that it may not read.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	secret := b.write("secret.log", "Nov 20 03:12:01 web-1 sshd[1]: nobody may read this\n")
	readable := b.write("readable.log", "Nov 20 03:12:01 web-1 sshd[1]: this is for all\n")
	if err := os.Chmod(secret, 0); err != nil {
		t.Fatal(err)
	}
	as := func(args ...string) result {
		c := b.command(t.Context(), args...)
		if os.Geteuid() == 0 { // nothing is unreadable to root
			c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		return b.finish(c, args)
	}
	if os.Geteuid() == 0 {
		program, err := exec.LookPath("firebreak")
		if err != nil {
			t.Fatal(err)
		}
		for _, dir := range []string{filepath.Dir(program), filepath.Dir(filepath.Dir(program))} {
			if err := os.Chmod(dir, 0o711); err != nil { // another user has to run it
				t.Fatal(err)
			}
		}
		for dir := b.dir; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
			if err := os.Chmod(dir, 0o711); err != nil { // another user has to pass
				t.Fatal(err)
			}
		}
		if err := errors.Join(os.Mkdir(b.home, 0o700), os.Chown(b.home, 65534, 65534), os.Chmod(readable, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if r := as("open", "odd process"); r.code != 0 {
		t.Fatalf("open: exit %d: %s", r.code, r.err)
	}
	if r := as("ingest", "last", secret); r.code != 1 || !strings.Contains(r.err, "permission denied") || !strings.Contains(r.err, secret) {
		t.Errorf("ingest of an unreadable file: exit %d: %s", r.code, r.err)
	}
	if r := as("ingest", "last", secret, readable); r.code != 5 || !strings.Contains(r.out, "1 event (1 new)") || !strings.Contains(r.err, secret) {
		t.Errorf("ingest of a readable and an unreadable file: exit %d: %s%s", r.code, r.out, r.err)
	}
	if r := as("collect", "last", "--collector", "linux.accounts", "--file", secret); r.code != 0 || !strings.Contains(r.out, secret+": ") || !strings.Contains(r.out, "/etc/shadow") {
		t.Errorf("collect with unreadable files: exit %d: %s%s", r.code, r.out, r.err)
	}
	if r := as("verify", "last"); r.code != 0 {
		t.Errorf("verify: exit %d: %s%s", r.code, r.out, r.err)
	}
}

func says(t *testing.T, r result, what string) {
	t.Helper()
	if !strings.Contains(r.err, what) {
		t.Errorf("want %q, said %s%s", what, r.out, r.err)
	}
}
