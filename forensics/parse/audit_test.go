package parse

import (
	"bytes"
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"firebreak/internal/testkit"
	"firebreak/timeline"
)

// auditLog is one command, and a connection whose lines stand between its.
const auditLog = `type=SYSCALL msg=audit(1795054445.123:900): arch=c000003e syscall=59 success=yes exit=0 a0=55d0 a1=55d1 a2=55d2 a3=8 items=2 ppid=2176 pid=2219 auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=8 comm="cat" exe="/usr/bin/cat" subj=unconfined key="exec"
type=EXECVE msg=audit(1795054445.123:900): argc=3 a0="cat" a1_len=12 a1[0]=2F746D702F a1[1]=6120 a1[2]="b" a2="-n"
type=SYSCALL msg=audit(1795054445.124:901): arch=c000003e syscall=42 success=no exit=-111 a0=3 a1=7ffd a2=10 a3=0 items=0 ppid=1 pid=2300 auid=4294967295 uid=33 gid=33 euid=33 suid=33 fsuid=33 egid=33 sgid=33 fsgid=33 tty=(none) ses=4294967295 comm="sh" exe="/usr/bin/dash" key=(null)
type=CWD msg=audit(1795054445.123:900): cwd="/root"
type=SOCKADDR msg=audit(1795054445.124:901): saddr=0200115CC63364070000000000000000
type=PATH msg=audit(1795054445.123:900): item=0 name="/usr/bin/cat" inode=131 dev=fd:00 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL
type=PATH msg=audit(1795054445.123:900): item=1 name="/lib64/ld-linux-x86-64.so.2" inode=132 dev=fd:00 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL
type=PROCTITLE msg=audit(1795054445.123:900): proctitle=636174002F746D702F612062002D6E
type=PROCTITLE msg=audit(1795054445.124:901): proctitle="sh"
type=EOE msg=audit(1795054445.123:900): 
type=USER_LOGIN msg=audit(1795054446.001:902): pid=99 uid=0 auid=1000 ses=9 msg='op=login acct="bob" exe="/usr/sbin/sshd" hostname=? addr=198.51.100.7 terminal=ssh res=failed'
node=db-1 type=CWD msg=audit(1795054445.123:900): cwd="/var"
`

func TestAuditJoins(t *testing.T) {
	got, ing := run(t, "", "audit.log", []byte(auditLog))
	if len(got) != 4 || ing.Rejected != 0 {
		t.Fatalf("%d events, %+v", len(got), ing)
	}
	byKey := map[string]timeline.Event{}
	lines := 0
	for _, e := range got {
		byKey[e.Host+"/"+e.Attributes.Get("serial")] = e
		n, err := strconv.Atoi(cmp.Or(e.Attributes.Get("records"), "1"))
		must(t, err)
		lines += n
	}
	if lines != strings.Count(auditLog, "\n") {
		t.Errorf("%d lines are accounted for", lines)
	}
	for key, want := range map[string]string{
		"web-1/900": "command=cat /tmp/a b -n|action=exec|outcome=success|exe=/usr/bin/cat|pid=2219|ppid=2176|auid=1000|key=exec|cwd=/root|path=/usr/bin/cat|path0.inode=131|path1.inode=132|records=7|syscall_name=execve|type=SYSCALL,EXECVE,CWD,PATH,PROCTITLE,EOE|process=cat",
		"web-1/901": "action=connect|outcome=failure|dst_ip=198.51.100.7|dst_port=4444|command=sh|records=3|syscall_name=connect",
		"web-1/902": "action=login|outcome=failure|src_ip=198.51.100.7|user=bob",
		"db-1/900":  "cwd=/var",
	} {
		e, ok := byKey[key]
		if !ok {
			t.Errorf("no %s", key)
			continue
		}
		for _, pair := range strings.Split(want, "|") {
			name, value, _ := strings.Cut(pair, "=")
			has := e.Attributes.Get(name)
			if name == "user" {
				has = e.User
			}
			if has != value {
				t.Errorf("%s: %s is %q, want %q", key, name, has, value)
			}
		}
	}
	if m := byKey["web-1/900"].Message; m != "SYSCALL execve by auid 1000 key exec: cat /tmp/a b -n" {
		t.Errorf("%q", m)
	}
}

// A log whose lines never end an event is held within its limits.
func TestAuditHostile(t *testing.T) {
	var b bytes.Buffer
	for i := range 5000 {
		b.WriteString("type=PATH msg=audit(1795054445.123:" + strconv.Itoa(i) + "): item=0 name=\"/x\"\n")
	}
	for range 3000 {
		b.WriteString("type=EXECVE msg=audit(1795054446.123:7): argc=1 a0=\"" + strings.Repeat("y", 100) + "\"\n")
	}
	got, ing := run(t, "", "audit.log", b.Bytes())
	if ing.Rejected != 0 || len(got) < 5000 {
		t.Fatalf("%d events, %+v", len(got), ing)
	}
}

// What ausearch reads of the same lines is what stands in the events.
func TestAuditOracle(t *testing.T) {
	if _, err := exec.LookPath("ausearch"); err != nil {
		t.Skip("ausearch is not installed (apt-get install auditd)")
	}
	logs := map[string][]byte{"made": []byte(auditLog)}
	if data, err := os.ReadFile(filepath.Join(os.Getenv("FIREBREAK_CORPUS"), "plaso", "audit_enriched.log")); err == nil {
		logs["corpus"] = data
	}
	for name, data := range logs {
		file := filepath.Join(t.TempDir(), "audit.log")
		must(t, os.WriteFile(file, data, 0o600))
		out, err := exec.CommandContext(t.Context(), "ausearch", "-if", file, "--format", "raw").Output()
		must(t, err)
		serials := regexp.MustCompile(`(?m)^(?:node=(\S+) )?type=.*msg=audit\([0-9.]+:([0-9]+)\)`)
		want := map[string]bool{}
		for _, m := range serials.FindAllStringSubmatch(string(out), -1) {
			want[m[1]+"/"+m[2]] = true
		}
		got, _ := run(t, "", "audit.log", data)
		if len(got) != len(want) {
			t.Errorf("%s: %d events, ausearch has %d", name, len(got), len(want))
		}
		text, err := exec.CommandContext(t.Context(), "ausearch", "-if", file, "-i").Output()
		must(t, err)
		for _, e := range got {
			if exe := e.Attributes.Get("exe"); exe != "" && !strings.Contains(string(text), "exe="+exe) {
				t.Errorf("%s: ausearch does not have %s", name, exe)
			}
			if ip := e.Attributes.Get("dst_ip"); ip != "" && !strings.Contains(string(text), "laddr="+ip+" lport="+e.Attributes.Get("dst_port")) {
				t.Errorf("%s: ausearch does not have %s", name, ip)
			}
			if title := e.Attributes.Get("proctitle"); title != "" && !strings.Contains(string(text), "proctitle="+title) {
				t.Errorf("%s: ausearch does not have %q", name, title)
			}
		}
	}
}

// The records of the corpus' log add up to its lines.
func TestAuditCorpus(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(testkit.Corpus(t, "plaso/audit_enriched.log"), "plaso", "audit_enriched.log"))
	must(t, err)
	got, _ := run(t, "", "audit.log", data)
	lines := 0
	for _, e := range got {
		n, err := strconv.Atoi(cmp.Or(e.Attributes.Get("records"), "1"))
		must(t, err)
		lines += n
	}
	if lines != 29 {
		t.Errorf("%d lines", lines)
	}
}
