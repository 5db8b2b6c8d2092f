package all

import (
	"testing"

	"firebreak/integrations/conform"
	"firebreak/integrations/drill"
)

// hostCases are the actions on a Linux host beyond blocks and stops.
func hostCases() []conform.Case {
	type m = map[string]any
	users := []m{{"user": "root"}, {"user": "nobody-here"}, {"user": "-L"}, {"user": "a b"}, {"user": "x;id"}, {"user": "../x"}, {"user": ""}}
	paths := []m{
		{"path": "relative"},
		{"path": "/"},
		{"path": "/tmp/../etc/passwd"},
		{"path": "/proc/1/exe"},
		{"path": "/boot/vmlinuz"},
		{"path": "/nowhere"},
		{"path": "/usr/lib/systemd/systemd"},
		{"path": "/var/lib/firebreak/quarantine/x/content"},
		{"path": "/tmp/a\nb"},
	}
	units := []m{{"unit": "sshd.service"}, {"unit": "ssh.socket"}, {"unit": "systemd-logind.service"}, {"unit": "dbus.service"}, {"unit": "-x.service"}, {"unit": "basic.target"}, {"unit": "nowhere.service"}, {"unit": "a b.service"}, {"unit": "nginx"}}
	return []conform.Case{
		{
			Action: "linux.process.kill", Connection: "host", Params: m{"pid": drill.PID, "start": 884201},
			Bad: []m{{"pid": 1}, {"pid": 2}, {"pid": 4100}, {"pid": 700}, {"pid": 99999}, {"pid": "x"}, {"pid": drill.PID, "start": 1}},
		},
		{
			Action: "linux.host.isolate", Connection: "host", Params: m{"management": []any{"198.51.100.7", "10.8.0.0/16", "2001:db8::/32"}, "ttl": "4h"},
			Bad: []m{
				{"management": []any{"0.0.0.0/0"}},
				{"management": []any{"10.0.0.5/8"}},
				{"management": []any{"here"}},
				{"management": []any{"10.0.0.1; flush ruleset"}},
				{"port": 0},
				{"port": 65536},
				{"ttl": "1s"},
				{"ttl": "9000h"},
			},
		},
		{
			Action: "linux.host.release", Connection: "host", Params: m{},
			Setup: func(t *testing.T, w conform.World, _ map[string]any) {
				did(t, w, "linux.host.isolate", "host", m{"management": []any{"198.51.100.7"}})
			},
		},
		{Action: "linux.account.lock", Connection: "host", Params: m{"user": "deploy"}, Bad: append(users, m{"user": "deploy", "end_sessions": "perhaps"})},
		{Action: "linux.account.lock", Connection: "host", Params: m{"user": "kiosk", "end_sessions": false}},
		{
			Action: "linux.account.unlock", Connection: "host", Params: m{"user": "deploy", "expires": "2028-11-12"},
			Bad: []m{{"user": "nobody-here"}, {"user": "deploy", "expires": "soon"}, {"user": "deploy", "expires": "2026-02-31"}, {"user": "deploy", "password": "secret"}},
			Setup: func(t *testing.T, w conform.World, p map[string]any) {
				did(t, w, "linux.account.lock", "host", m{"user": p["user"]})
			},
		},
		{Action: "linux.account.logout", Connection: "host", Params: m{"user": drill.User}, Bad: users},
		{Action: "linux.file.quarantine", Connection: "host", Params: m{"path": drill.File}, Bad: paths},
		{
			Action: "linux.file.restore", Connection: "host", Params: m{"path": drill.File},
			Bad: []m{
				{"path": drill.File, "id": "00000000000000000000", "sha256": "0000000000000000000000000000000000000000000000000000000000000000"},
				{"path": drill.File, "id": "../../etc", "sha256": "00"},
			},
			Setup: func(t *testing.T, w conform.World, p map[string]any) {
				r := did(t, w, "linux.file.quarantine", "host", m{"path": p["path"]})
				p["id"], p["sha256"] = r.Data["id"], r.Data["sha256"]
			},
		},
		{Action: "linux.unit.stop", Connection: "host", Params: m{"unit": "cron.service"}, Bad: units},
		{Action: "linux.unit.stop", Connection: "host", Params: m{"unit": drill.Unit}},
		{
			Action: "linux.unit.start", Connection: "host", Params: m{"unit": "cron.service"}, Bad: []m{{"unit": "nowhere.service"}, {"unit": "x"}},
			Setup: func(t *testing.T, w conform.World, p map[string]any) {
				did(t, w, "linux.unit.stop", "host", m{"unit": p["unit"]})
			},
		},
	}
}
