package parse

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"firebreak/forensics"
	"firebreak/record"
	"firebreak/timeline"
)

// Every format that the collectors name has a parser.
func TestNamesCoverCollectors(t *testing.T) {
	names := Names()
	for _, format := range []string{
		forensics.FormatSystem, forensics.FormatProcesses, forensics.FormatSockets, forensics.FormatOpenFiles, forensics.FormatRoutes,
		forensics.FormatModules, forensics.FormatMounts, forensics.FormatUnits, forensics.FormatAccounts, forensics.FormatBodyfile,
		forensics.FormatUtmp, forensics.FormatBtmp, forensics.FormatLastlog, forensics.FormatSyslog, forensics.FormatJournal,
		forensics.FormatHistory, forensics.FormatDpkg, forensics.FormatApt, forensics.FormatText, forensics.FormatSettings,
		forensics.FormatWindowsRegistry,
	} {
		if !slices.Contains(names, format) {
			t.Errorf("no parser for %s", format)
		}
	}
}

func TestSnapshots(t *testing.T) {
	started := time.Date(2026, 11, 19, 23, 0, 0, 120e6, time.UTC)
	at := collected.Format(time.RFC3339)
	tests := []struct {
		format string
		object any
		want   told
	}{
		{
			forensics.FormatProcesses,
			forensics.Process{PID: 7, PPID: 1, Started: started, Comm: "sh", Argv: []string{"sh", "-c", "id"}, User: "root", Exe: "/tmp/x", Deleted: true},
			told{"2026-11-19T23:00:00.12Z", timeline.Started, "process 7 started: sh -c id (its executable /tmp/x is deleted)", `user=root|command=sh -c id|ppid=1|argv=["sh","-c","id"]|process=sh`},
		},
		{
			forensics.FormatProcesses,
			forensics.Process{PID: 2, Comm: "kthreadd", Kernel: true},
			told{at, timeline.Observed, "process 2 seen: [kthreadd]", "kernel=true"},
		},
		{
			forensics.FormatSockets,
			forensics.Socket{Proto: "tcp6", State: "established", Local: "[::ffff:10.0.0.1]:22", Remote: "[2001:db8::9]:4444", User: "root", Owners: []forensics.Held{{PID: 9, FD: 3, Comm: "sshd"}}},
			told{at, timeline.Observed, "tcp6 established [::ffff:10.0.0.1]:22 to [2001:db8::9]:4444, sshd[9]", "local_ip=10.0.0.1|remote_ip=2001:db8::9|remote_port=4444|process=sshd|pid=9"},
		},
		{
			forensics.FormatOpenFiles,
			forensics.OpenFile{PID: 7, Comm: "x", FD: 3, Path: "/tmp/gone", Device: "8:1"},
			told{at, timeline.Observed, "file without a name held by x[7], descriptor 3: /tmp/gone", "path=/tmp/gone"},
		},
		{
			forensics.FormatModules,
			forensics.Module{Name: "evil", State: "Live", Taint: "OE", Hidden: true},
			told{at, timeline.Observed, "kernel module evil live, taint OE, hidden from /proc/modules", "name=evil"},
		},
		{
			forensics.FormatMounts,
			forensics.Mount{Source: "tmpfs", Point: "/tmp", Type: "tmpfs", Options: "rw"},
			told{at, timeline.Observed, "tmpfs mounted on /tmp, type tmpfs, rw", ""},
		},
		{
			forensics.FormatRoutes,
			forensics.Route{Kind: "neighbour", Interface: "eth0", Address: "10.0.0.1", Hardware: "02:00:00:00:00:01"},
			told{at, timeline.Observed, "neighbour 10.0.0.1 on eth0 at 02:00:00:00:00:01", ""},
		},
		{
			forensics.FormatUnits,
			forensics.Unit{Path: "/etc/systemd/system/x.service", Name: "x.service", Kind: "service", Stat: record.Stat{Modified: started}, Exec: []string{"ExecStart=/tmp/x"}},
			told{"2026-11-19T23:00:00.12Z", timeline.Modified, "unit x.service at /etc/systemd/system/x.service: ExecStart=/tmp/x", ""},
		},
		{
			forensics.FormatAccounts,
			forensics.Account{Name: "bob", UID: 0, Home: "/", Shell: "/bin/sh", Password: "usable"},
			told{at, timeline.Observed, "account bob, uid 0, shell /bin/sh, password usable", "user=bob"},
		},
		{
			forensics.FormatSystem,
			forensics.System{Host: "web-9", Kernel: "6.1.0", OS: "Debian", Boot: "b", Now: started},
			told{"2026-11-19T23:00:00.12Z", timeline.Observed, "system web-9: Debian, kernel 6.1.0, boot b", "host=web-9"},
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
	}
}
