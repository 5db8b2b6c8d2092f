package parse

import (
	"strings"
)

// fail2banLine reads 2026-11-28 02:30:15,123 fail2ban.actions [1234]: NOTICE [sshd] Ban 10.0.0.1
//
// Reference: fail2ban, fail2ban/helpers.py. Local times.
func fail2banLine(t *tale, text string) string {
	size, ok := t.local(text)
	if !ok {
		return "no time"
	}
	name, rest, ok := strings.Cut(strings.TrimLeft(text[size:], " "), " ")
	if !ok || !strings.HasPrefix(name, "fail2ban.") {
		return "no line of fail2ban"
	}
	rest = strings.TrimLeft(rest, " ")
	t.e.Source = "auth"
	t.set("process", strings.TrimSuffix(name, ":"))
	if strings.HasPrefix(rest, "[") {
		pid, tail, ok := strings.Cut(rest[1:], "]: ")
		if !ok {
			return "no line of fail2ban"
		}
		t.set("pid", pid)
		rest = strings.TrimLeft(tail, " ")
	}
	level, msg, _ := strings.Cut(rest, " ")
	msg = strings.TrimLeft(msg, " ")
	t.set("severity", syslogLevel(level))
	t.e.Message = msg
	if jail, tail, ok := strings.Cut(strings.TrimPrefix(msg, "["), "] "); ok && strings.HasPrefix(msg, "[") {
		t.set("jail", jail)
		f := strings.Fields(tail)
		for i, word := range f {
			switch word {
			case "Ban", "Unban", "Found":
				if i+1 < len(f) && t.get(attrAction) == "" {
					t.peer(f[i+1])
					t.set(attrAction, map[string]string{"Ban": "block", "Unban": "unblock", "Found": "detect"}[word])
				}
			}
		}
	}
	return ""
}

// cloudInitLine reads cloud-init's log: 2026-11-28 02:30:15,123 - util.py[DEBUG]: text
//
// Reference: cloud-init, cloudinit/log. UTC on most images, written without a
// zone: local here.
func cloudInitLine(t *tale, text string) string {
	size, ok := t.local(text)
	if !ok {
		return "no time"
	}
	rest, ok := strings.CutPrefix(text[size:], " - ")
	module, rest, ok2 := strings.Cut(rest, "[")
	level, msg, ok3 := strings.Cut(rest, "]: ")
	if !ok || !ok2 || !ok3 || strings.Contains(module, " ") {
		return "no line of cloud-init"
	}
	t.e.Source = "system"
	t.set("process", "cloud-init")
	t.set("module", module)
	t.set("severity", syslogLevel(level))
	if cmd := between(msg, "Running command ", " with allowed return codes"); cmd != "" {
		t.set(attrAction, "exec")
		t.set(attrCommand, cmd)
	}
	t.e.Message = module + ": " + msg
	return ""
}
