package triage

import (
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// found are the findings of the built-in rules, or of some, in events that are
// written as those of samples.yaml.
func found(t *testing.T, events string, only ...string) []Finding {
	t.Helper()
	var s sample
	if err := yaml.Unmarshal([]byte(events), &s); err != nil {
		t.Fatal(err)
	}
	set, err := BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	if len(only) > 0 {
		set = &Set{Rules: slices.DeleteFunc(slices.Clone(set.Rules), func(r *Rule) bool { return !slices.Contains(only, r.ID) })}
	}
	all := s.events(t)
	got, err := set.Run(t.Context(), newMemory(all), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range got.Findings {
		checkFinding(t, f, all)
	}
	return got.Findings
}

// What a build left in a folder is one finding, and what lies beside it another.
func TestManyBelowOneFolder(t *testing.T) {
	var about []string
	for _, f := range found(t, `
- {repeat: 300, number: attr.path, source: file, kind: born, at: 1h, attr.path: /dev/shm/build1/b/x, attr.mode: r/rrw-r--r--}
- {source: file, kind: born, attr.path: /dev/shm/.k, attr.mode: r/rrwxr-xr-x}
- {source: file, kind: born, attr.path: /dev/.l, attr.mode: r/rrwxr-xr-x}`, "device-folder-file") {
		about = append(about, f.About)
	}
	slices.Sort(about)
	if got, want := strings.Join(about, ", "), "/dev/.l, /dev/shm/.k, 300 below /dev/shm/build1/b"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// On a host where files are made all the time, new persistence is still seen.
func TestBusyHost(t *testing.T) {
	var rules []string
	for _, f := range found(t, `
- {repeat: 600, number: attr.path, every: 1s, at: -5m, source: file, kind: born, attr.path: /var/cache/nginx/x, attr.mode: r/rrw-r--r--}
- {repeat: 600, number: attr.path, every: 1s, at: -5m, source: file, kind: changed, attr.path: /srv/mail/x, attr.mode: r/rrw-r--r--}
- {source: unit, kind: modified, attr.path: /etc/systemd/system/x.service, attr.exec: ExecStart=/opt/x, message: m}
- {source: unit, kind: modified, attr.path: /etc/systemd/system/x.timer, attr.timer: OnBootSec=1min, message: m}
- {source: cron, parser: settings, kind: modified, attr.path: /etc/cron.d/x, attr.command: /opt/x, message: m}
- {source: sshkey, kind: modified, attr.path: /root/.ssh/authorized_keys, attr.fingerprint: 'SHA256:a', message: m}
- {source: sudo, kind: modified, attr.path: /etc/sudoers.d/x, attr.command: 'ann ALL=(ALL) NOPASSWD: ALL', message: m}
- {source: startup, kind: modified, attr.path: /root/.bashrc, attr.command: x, message: m}
- {source: file, kind: born, attr.path: /etc/cron.d/x, attr.mode: r/rrw-r--r--}
- {source: file, kind: born, attr.path: /usr/bin/x, attr.mode: r/rrwxr-xr-x}`) {
		rules = append(rules, f.Rules()...)
	}
	for _, want := range []string{"unit-new", "timer-new", "cron-new", "sshkey-new", "sudo-all-new", "startup-new", "persist-file-new", "system-program-changed"} {
		if !slices.Contains(rules, want) {
			t.Errorf("%s is not found: %q", want, rules)
		}
	}
}
