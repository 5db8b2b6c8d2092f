package parse

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"firebreak/forensics"
	"firebreak/timeline"
)

func TestWindowsSnapshots(t *testing.T) {
	at := collected.Format(time.RFC3339)
	when := time.Date(2026, 11, 19, 23, 0, 0, 123456700, time.UTC)
	then := "2026-11-19T23:00:00.1234567Z"
	session := uint32(1)
	tests := []struct {
		format string
		object any
		want   told
	}{
		{
			forensics.FormatWindowsProcesses,
			forensics.WindowsProcess{PID: 712, PPID: 604, Parent: "services.exe", Started: when, Session: &session, User: "SYSTEM", SID: "S-1-5-18", Integrity: "system", Elevated: true, Comm: "svchost.exe", Command: `C:\Windows\system32\svchost.exe -k DcomLaunch -p`, Services: []string{"DcomLaunch", "PlugPlay"}, Exe: `C:\Windows\System32\svchost.exe`, ExeSHA256: "aa"},
			told{then, timeline.Started, `process 712 started: C:\Windows\system32\svchost.exe -k DcomLaunch -p, runs the services DcomLaunch, PlugPlay`, `user=SYSTEM|pid=712|ppid=604|parent=services.exe|comm=svchost.exe|process=svchost.exe|action=exec|exe=C:\Windows\System32\svchost.exe|command=C:\Windows\system32\svchost.exe -k DcomLaunch -p|sha256=aa|session=1`},
		},
		{
			forensics.FormatWindowsProcesses,
			forensics.WindowsProcess{PID: 0, Threads: 8, Comm: "[System Process]"},
			told{at, timeline.Observed, "process 0 seen: [[System Process]]", "pid=0|ppid=0|action=exec"},
		},
		{
			forensics.FormatWindowsProcesses,
			forensics.WindowsProcess{PID: 136, PPID: 4, Parent: "System", Started: when, Comm: "Registry", Exe: "Registry", Missing: true},
			told{then, timeline.Started, "process 136 started: [Registry]", "exe=Registry"},
		},
		{
			forensics.FormatWindowsProcesses,
			forensics.WindowsProcess{PID: 9, PPID: 8, Started: when, Comm: "svch0st.exe", Command: `svch0st.exe -c "\"start_ticks\":"`, Exe: `C:\Users\ann\AppData\Local\Temp\x.exe`, Missing: true, User: "ann", SID: "S-1-5-21-1-2-3-1001", Integrity: "system"},
			told{then, timeline.Started, `process 9 started: svch0st.exe -c "\"start_ticks\":" (its executable C:\Users\ann\AppData\Local\Temp\x.exe is gone; listed as svch0st.exe, its file is x.exe; a person's, with the rights of the system)`, "exe_deleted=true|user=ann"},
		},
		{
			forensics.FormatWindowsSockets,
			forensics.WindowsSocket{Proto: "tcp", State: "established", Local: "10.0.0.5:50123", Remote: "203.0.113.9:443", Opened: when, PID: 4711, Process: "powershell.exe"},
			told{then, timeline.Started, "tcp established 10.0.0.5:50123 to 203.0.113.9:443, powershell.exe[4711]", "local_ip=10.0.0.5|local_port=50123|remote_ip=203.0.113.9|remote_port=443|process=powershell.exe|pid=4711"},
		},
		{
			forensics.FormatWindowsSockets,
			forensics.WindowsSocket{Proto: "udp6", State: "unconn", Local: "[fe80::1%5]:546", PID: 7},
			told{at, timeline.Observed, "udp6 unconn [fe80::1%5]:546, process 7", "local_ip=fe80::1|local_port=546"},
		},
		{
			forensics.FormatWindowsSockets,
			forensics.WindowsSocket{Proto: "tcp", State: "time-wait", Local: "10.0.0.5:50124", Remote: "[2001:db8::9]:80"},
			told{at, timeline.Observed, "tcp time-wait 10.0.0.5:50124 to [2001:db8::9]:80", "remote_ip=2001:db8::9|pid="},
		},
		{
			forensics.FormatWindowsDrivers,
			forensics.WindowsDriver{Name: "tcpip.sys", Path: `C:\Windows\System32\drivers\tcpip.sys`, Loaded: 40, Size: 4096, SHA256: "bb", Modified: when},
			told{at, timeline.Observed, `driver tcpip.sys loaded from C:\Windows\System32\drivers\tcpip.sys`, `name=tcpip.sys|path=C:\Windows\System32\drivers\tcpip.sys|sha256=bb`},
		},
		{
			forensics.FormatWindowsDrivers,
			forensics.WindowsDriver{Name: "dump_diskdump.sys", Path: `C:\Windows\System32\Drivers\dump_diskdump.sys`, Refused: "no such file"},
			told{at, timeline.Observed, `driver dump_diskdump.sys loaded from C:\Windows\System32\Drivers\dump_diskdump.sys, not read: no such file`, ""},
		},
		{
			forensics.FormatSystem,
			forensics.System{Host: "PC-7", Kernel: "10.0.26100", OS: "Windows 11 Pro 24H2", Now: when},
			told{then, timeline.Observed, "system PC-7: Windows 11 Pro 24H2, kernel 10.0.26100", "host=PC-7"},
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

// A line of Linux is not taken for one of Windows, nor the other way round.
func TestWindowsStateIsItsOwn(t *testing.T) {
	for format, object := range map[string]any{
		forensics.FormatProcesses:        forensics.Process{PID: 7, PPID: 1, Comm: "x"},
		forensics.FormatSockets:          forensics.Socket{Proto: "tcp", State: "listen", Local: "0.0.0.0:22"},
		forensics.FormatModules:          forensics.Module{Name: "x"},
		forensics.FormatWindowsProcesses: forensics.WindowsProcess{PID: 7, PPID: 1, Comm: "x"},
		forensics.FormatWindowsSockets:   forensics.WindowsSocket{Proto: "tcp", State: "listen", Local: "0.0.0.0:22"},
		forensics.FormatWindowsDrivers:   forensics.WindowsDriver{Name: "x"},
	} {
		b, err := json.Marshal(object)
		must(t, err)
		for _, p := range slices.Concat(liveParsers(), windowsStateParsers(), logParsers()) {
			if got := p.detect("x.jsonl", append(b, '\n')); got != (p.name == format) && p.name != "text" && p.name != "syslog" {
				t.Errorf("%s takes a line of %s: %v", p.name, format, got)
			}
		}
		if !slices.Contains(Names(), format) {
			t.Errorf("no parser for %s", format)
		}
	}
}
