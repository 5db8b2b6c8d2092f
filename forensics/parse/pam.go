package parse

import (
	"strings"

	"firebreak/timeline"
)

// pam reads the lines of pam_unix and its like, with and without the prefix
// "pam_unix(service:type): ".
func pam(e *timeline.Event, body string) bool {
	a := &e.Attributes
	if strings.HasPrefix(body, "pam_") {
		module, rest, ok := strings.Cut(body, ": ")
		if !ok {
			return false
		}
		a.Set("pam", module)
		body = rest
	}
	switch {
	case strings.HasPrefix(body, "session opened for user "):
		user, by, _ := strings.Cut(body[len("session opened for user "):], " by ")
		e.User = withoutUID(user)
		a.Set(attrAction, "session_open")
		if by = withoutUID(by); by != "" {
			a.Set("by", by)
		}
	case strings.HasPrefix(body, "session closed for user "):
		e.User = withoutUID(body[len("session closed for user "):])
		a.Set(attrAction, "session_close")
	case strings.HasPrefix(body, "authentication failure"), strings.HasPrefix(body, "more authentication failure"),
		len(body) > 2 && body[0] >= '1' && body[0] <= '9' && strings.Contains(body, "more authentication failure"),
		strings.HasPrefix(body, "PAM ") && strings.Contains(body, " authentication failure"):
		a.Set(attrAction, "auth")
		a.Set(attrOutcome, "failure")
		pamPairs(e, body)
	case strings.HasPrefix(body, "check pass; user unknown"):
		a.Set(attrAction, "auth")
		a.Set(attrOutcome, "failure")
		a.Set("invalid_user", "true")
	case strings.HasPrefix(body, "password changed for "):
		a.Set(attrAction, "account")
		a.Set(attrTarget, body[len("password changed for "):])
	default:
		return false
	}
	return true
}

// pamPairs reads "rhost=… user=…" at the end of a failure. The user's name is
// the last pair and may hold anything.
func pamPairs(e *timeline.Event, body string) {
	if i := strings.Index(body, " rhost="); i >= 0 {
		rest := body[i+len(" rhost="):]
		host, tail, _ := strings.Cut(rest, " ")
		from(&e.Attributes, host)
		if user, ok := strings.CutPrefix(strings.TrimLeft(tail, " "), "user="); ok {
			e.User = user
		}
	}
	if i := strings.Index(body, " ruser="); i >= 0 {
		if by, _, _ := strings.Cut(body[i+len(" ruser="):], " "); by != "" {
			e.Attributes.Set("by", by)
		}
	}
}

// withoutUID takes "(uid=0)" off a name.
func withoutUID(s string) string {
	if i := strings.Index(s, "(uid="); i >= 0 {
		s = s[:i]
	}
	return strings.TrimSpace(s)
}
