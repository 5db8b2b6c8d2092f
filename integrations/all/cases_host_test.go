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

// kubernetesCases are the actions in a cluster.
func kubernetesCases() []conform.Case {
	type m = map[string]any
	ns := drill.Namespace
	names := func(param string, more m) []m {
		var out []m
		for _, bad := range []any{"../x", "a/b", "A", "-x", "a b", "x?y=z", "", 7.5, "nowhere"} {
			one := m{param: bad}
			for k, v := range more {
				one[k] = v
			}
			out = append(out, one)
		}
		return out
	}
	pod := m{"namespace": ns, "pod": drill.Pod}
	bad := append(names("pod", m{"namespace": ns}), m{"namespace": "../kube-system", "pod": drill.Pod}, m{"namespace": ns, "pod": drill.Pod, "uid": "another"})
	set := func(name string, p m) func(*testing.T, conform.World, map[string]any) {
		return func(t *testing.T, w conform.World, _ map[string]any) { did(t, w, name, "kubernetes", p) }
	}
	scale := m{"namespace": ns, "name": drill.Workload}
	return []conform.Case{
		{
			Action: "kubernetes.networkpolicy.deny", Connection: "kubernetes", Params: m{"namespace": ns, "selector": []any{"app=api"}},
			Bad: []m{{"namespace": ns, "selector": []any{}}, {"namespace": ns, "selector": []any{"app"}}, {"namespace": ns, "selector": []any{"app=a b"}}, {"namespace": "a/b", "selector": []any{"app=api"}}},
		},
		{
			Action: "kubernetes.networkpolicy.delete", Connection: "kubernetes", Params: m{"namespace": ns}, Lasting: true,
			Bad: []m{{"namespace": ns, "name": "default-deny"}, {"namespace": ns, "name": "firebreak-deny-../x"}},
			Setup: func(t *testing.T, w conform.World, p map[string]any) {
				p["name"] = did(t, w, "kubernetes.networkpolicy.deny", "kubernetes", m{"namespace": ns, "selector": []any{"app=api", "x/y=z"}}).Data["name"]
			},
		},
		{Action: "kubernetes.pod.quarantine", Connection: "kubernetes", Params: pod, Bad: bad},
		{
			Action: "kubernetes.pod.readmit", Connection: "kubernetes", Params: m{"namespace": ns, "pod": drill.Pod, "labels": []any{"app=api", "pod-template-hash=7d9c5"}},
			Setup: set("kubernetes.pod.quarantine", pod), Bad: append(bad, m{"namespace": ns, "pod": drill.Pod, "labels": []any{"app"}}),
		},
		{Action: "kubernetes.node.cordon", Connection: "kubernetes", Params: m{"node": drill.Node}, Bad: names("node", nil)},
		{Action: "kubernetes.node.uncordon", Connection: "kubernetes", Params: m{"node": drill.Node}, Setup: set("kubernetes.node.cordon", m{"node": drill.Node}), Bad: names("node", nil)},
		{Action: "kubernetes.workload.stop", Connection: "kubernetes", Params: scale, Bad: append(names("name", m{"namespace": ns}), m{"namespace": ns, "name": drill.Workload, "kind": "daemonset"})},
		{
			Action: "kubernetes.workload.start", Connection: "kubernetes", Params: m{"namespace": ns, "name": drill.Workload, "kind": "deployment", "replicas": 3},
			Setup: set("kubernetes.workload.stop", scale), Bad: []m{{"namespace": ns, "name": drill.Workload, "replicas": 0}, {"namespace": ns, "name": drill.Workload, "replicas": "many"}},
		},
		{Action: "kubernetes.cronjob.suspend", Connection: "kubernetes", Params: m{"namespace": ns, "cronjob": drill.CronJob}, Bad: names("cronjob", m{"namespace": ns})},
		{
			Action: "kubernetes.cronjob.resume", Connection: "kubernetes", Params: m{"namespace": ns, "cronjob": drill.CronJob}, Bad: names("cronjob", m{"namespace": ns}),
			Setup: set("kubernetes.cronjob.suspend", m{"namespace": ns, "cronjob": drill.CronJob}),
		},
		{Action: "kubernetes.pod.delete", Connection: "kubernetes", Params: m{"namespace": ns, "pod": drill.Pod, "grace": 0}, Bad: append(bad, m{"namespace": ns, "pod": drill.Pod, "grace": -1})},
		{Action: "kubernetes.pod.evict", Connection: "kubernetes", Params: pod, Bad: bad},
		{Action: "kubernetes.serviceaccount.revoke", Connection: "kubernetes", Params: m{"namespace": ns, "serviceaccount": drill.Account}, Bad: names("serviceaccount", m{"namespace": ns})},
	}
}
