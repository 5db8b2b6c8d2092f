package parse

import (
	"strings"
)

// eximLine reads Exim's mainlog and rejectlog.
//
// Reference: The Exim Specification, "Log files". Local times, with a zone where
// log_timezone is set.
func eximLine(t *tale, text string) string {
	size, ok := t.local(text)
	if !ok || size >= len(text) {
		return "no time"
	}
	rest := strings.TrimLeft(text[size:], " ")
	if len(rest) > 6 && (rest[0] == '+' || rest[0] == '-') && digits(rest[1:5]) == rest[1:5] && rest[5] == ' ' { // the zone behind a blank
		s, ok := isoStamp(text[:size]+rest[:5], utcClock())
		if !ok {
			return "no time"
		}
		t.a.Delete(attrAssumed)
		t.e.Time, t.e.Precision = s.time, s.precision
		t.a.Delete(attrTimeForm)
		t.j.told(t.a, wording{}, text[:size+6])
		rest = rest[6:]
	}
	if strings.HasPrefix(rest, "[") { // the process
		if pid, tail, ok := strings.Cut(rest[1:], "] "); ok && digits(pid) == pid {
			t.set("pid", pid)
			rest = tail
		}
	}
	known := false
	if id, tail, ok := strings.Cut(rest, " "); ok && isEximID(id) {
		t.set("message_id", id)
		rest, known = tail, true
	}
	t.e.Source = "mail"
	t.set("process", "exim")
	t.e.Message = rest
	word, tail, _ := strings.Cut(rest, " ")
	switch word {
	case "<=":
		t.set(attrAction, "receive")
		sender, _, _ := strings.Cut(tail, " ")
		t.set("sender", sender)
	case "=>", "->", ">>":
		t.set(attrAction, "send")
		t.set(attrOutcome, "success")
		to, _, _ := strings.Cut(tail, " ")
		t.set("recipient", to)
	case "**":
		t.set(attrAction, "send")
		t.set(attrOutcome, "failure")
		to, _, _ := strings.Cut(tail, " ")
		t.set("recipient", to)
	case "==", "Completed", "Frozen":
	default:
		if !known && !eximSays(rest) {
			return "no line of Exim"
		}
	}
	if strings.Contains(rest, "authenticator failed for ") {
		t.set(attrAction, "login")
		t.set(attrOutcome, "failure")
		if user := between(rest, "(set_id=", ")"); user != "" {
			t.e.User = user
		}
	}
	if _, who, ok := strings.Cut(rest, " A="); ok {
		who, _, _ = strings.Cut(who, " ")
		if _, user, ok := strings.Cut(who, ":"); ok {
			t.e.User = user
		}
	}
	if at := strings.Index(rest, " ["); at >= 0 || strings.HasPrefix(rest, "[") {
		t.peer(between(rest[max(at, 0):], "[", "]"))
	}
	return ""
}

// isEximID knows 1rAbCd-0003Xy-2Z, and the longer ids since 4.97.
func isEximID(s string) bool {
	f := strings.Split(s, "-")
	if len(f) != 3 || len(f[0]) != 6 || len(f[1]) != 6 && len(f[1]) != 11 || len(f[2]) != 2 && len(f[2]) != 4 {
		return false
	}
	return strings.Trim(s, "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == ""
}

// eximSays knows the lines without an id.
func eximSays(s string) bool {
	for _, p := range []string{"H=", "exim ", "Start queue run", "End queue run", "SMTP ", "no host name found", "no IP address found", "TLS error", "unexpected disconnection", "login_server authenticator", "login authenticator", "plain authenticator", "cwd=", "rejected "} {
		if strings.HasPrefix(s, p) || p == "login authenticator" && strings.Contains(s[:min(len(s), 64)], " authenticator failed for ") {
			return true
		}
	}
	return false
}
