package parse

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"firebreak/forensics"
	"firebreak/timeline"
)

func TestLiveSnapshots(t *testing.T) {
	at := collected.Format(time.RFC3339)
	when := time.Date(2026, 11, 19, 23, 0, 0, 0, time.UTC)
	then := "2026-11-19T23:00:00Z"
	login := uint32(1000)
	tests := []struct {
		format string
		object any
		want   told
	}{
		{
			forensics.FormatProcesses,
			forensics.Process{PID: 7, Started: when, Comm: "x", Hidden: true, Tracer: 4, Loader: []string{"LD_PRELOAD=/tmp/a.so"}, Container: "abcdefabcdefabcdef", User: "root", LoginUID: &login, LoginUser: "bob"},
			told{then, timeline.Started, "process 7 started: [x] (hidden from the list of processes; traced by process 4; loads LD_PRELOAD=/tmp/a.so; in container abcdefabcdef; of a login of bob)", "pid=7"},
		},
		{
			forensics.FormatSockets,
			forensics.Socket{Proto: "packet", State: "unconn", Protocol: "0003", Filter: 30, Owners: []forensics.Held{{PID: 9, Comm: "dbus"}}},
			told{at, timeline.Observed, "packet unconn  protocol 0003, dbus[9], with a filter of 30 instructions", "pid=9|process=dbus"},
		},
		{
			forensics.FormatSockets,
			forensics.Socket{Proto: "tcp", State: "listen", Local: "0.0.0.0:4444", Hidden: "/proc/net"},
			told{at, timeline.Observed, "tcp listen 0.0.0.0:4444, hidden from /proc/net", "local_port=4444"},
		},
		{
			forensics.FormatOpenFiles,
			forensics.OpenFile{PID: 7, Comm: "x", FD: -1, Mapped: "rwxp", Path: "memory without a file", Why: []string{"writable+executable"}, Count: 3},
			told{at, timeline.Observed, "writable+executable held by x[7], mapping rwxp: memory without a file, 3 times", "process=x"},
		},
		{
			forensics.FormatEnvironment,
			forensics.Environment{PID: 7, Comm: "x", Variables: []string{"HOME=/", "TOKEN=hunter2"}},
			told{at, timeline.Observed, "environment of process 7 (x): 2 variables, values in the exhibit", "names=HOME TOKEN"},
		},
		{
			forensics.FormatKernel,
			forensics.Setting{Kind: "sysctl", Name: "kernel.core_pattern", Value: "|/tmp/x", Note: "odd"},
			told{at, timeline.Observed, "kernel setting kernel.core_pattern = |/tmp/x: odd", ""},
		},
		{
			forensics.FormatKmsg,
			forensics.KernelMessage{Seq: 1, Time: when, Priority: "warning", Text: "module x: loading out-of-tree"},
			told{then, timeline.Logged, "module x: loading out-of-tree", "severity=warning"},
		},
		{
			forensics.FormatBPF,
			forensics.BPF{Kind: "program", ID: 4, Type: "kprobe", Name: "hook", Loaded: when, User: "root", Owners: []forensics.Held{{PID: 9, Comm: "evil"}}},
			told{then, timeline.Started, "eBPF program 4, kprobe hook, loaded by root, evil[9]", "action=load|pid=9"},
		},
		{
			forensics.FormatFirewall,
			forensics.Firewall{Kind: "rule", Engine: "nftables", Family: "inet", Table: "t", Chain: "in", Rule: "dport 22 drop", Comment: "c"},
			told{at, timeline.Observed, "nftables rule inet t in: dport 22 drop # c", "rule=dport 22 drop"},
		},
		{
			forensics.FormatSessions,
			forensics.Session{ID: "3", UID: 1000, User: "bob", Service: "sshd", RemoteHost: "203.0.113.9", Started: when},
			told{then, timeline.Started, "session 3 of bob by sshd from 203.0.113.9", "user=bob|session=3|src_host=203.0.113.9|action=login"},
		},
		{
			forensics.FormatContainers,
			forensics.Container{Runtime: "docker", ID: "abc", Name: "miner", Image: "x:1", State: "running", Started: when, Source: "f", Why: []string{"privileged"}},
			told{then, timeline.Started, "docker container miner of image x:1, running: privileged", "container=abc"},
		},
		{
			forensics.FormatTimers,
			forensics.Timer{Name: "a.timer", Path: "/etc/systemd/system/a.timer", Last: when, Exec: []string{"ExecStart=/tmp/x"}},
			told{then, timeline.Started, "timer a.timer last ran: ExecStart=/tmp/x", "action=exec"},
		},
		{
			forensics.FormatPackageFile,
			forensics.PackageFile{Path: "/usr/bin/ps", Finding: "changed", Package: "procps", Version: "1", Changed: when},
			told{then, timeline.Changed, "/usr/bin/ps is not as package procps 1 brought it", "action=modify|path=/usr/bin/ps"},
		},
	}
	for _, tt := range tests {
		b, err := json.Marshal(tt.object)
		must(t, err)
		if got := Detect("snapshot.jsonl", append(b, '\n')); got != tt.format {
			t.Errorf("detected %s as %s", tt.format, got)
		}
		got, ing := run(t, tt.format, "x", append(b, "\n{\"cut\":\n[]\n"...))
		if ing.Rejected != 2 {
			t.Errorf("%s: %+v", tt.format, ing)
		}
		check(t, got, []told{tt.want})
		for _, e := range got {
			if text, err := json.Marshal(e); err != nil || strings.Contains(string(text), "hunter2") {
				t.Errorf("%s: a value of an environment is in the timeline: %v", tt.format, err)
			}
		}
	}
}
