package parse

import (
	"strings"

	"firebreak/timeline"
)

// sshd reads the lines of OpenSSH's server.
func sshd(e *timeline.Event, body string) {
	a := &e.Attributes
	word, rest, _ := strings.Cut(body, " ")
	switch word {
	case "Accepted", "Failed", "Postponed":
		method, rest, ok := strings.Cut(rest, " for ")
		if !ok || strings.Contains(method, " ") {
			return
		}
		a.Set(attrAction, "login")
		a.Set("method", method)
		switch word {
		case "Accepted":
			a.Set(attrOutcome, "success")
			if user, tail, ok := lastCut(rest, " ssh2: "); ok {
				rest = user
				a.Set("key", tail)
			}
		case "Failed":
			a.Set(attrOutcome, "failure")
		}
		userFrom(e, rest)
	case "Invalid", "Illegal":
		a.Set(attrAction, "login")
		a.Set("invalid_user", "true")
		a.Set(attrOutcome, "failure")
		userFrom(e, strings.TrimPrefix(rest, "user "))
	case "input_userauth_request:":
		if u, ok := strings.CutPrefix(rest, "invalid user "); ok {
			a.Set("invalid_user", "true")
			e.User = strings.TrimSuffix(u, " [preauth]")
		}
	case "Connection":
		sshdConnection(e, rest)
	case "Disconnected", "Disconnecting", "Received":
		a.Set(attrAction, "disconnect")
		rest = strings.TrimPrefix(rest, "disconnect ")
		if rest, ok := strings.CutPrefix(rest, "from "); ok {
			peer(e, rest)
		}
	case "banner": // exchange: Connection from ADDRESS port N: invalid format
		if _, tail, ok := strings.Cut(rest, "Connection from "); ok {
			a.Set(attrAction, "connect")
			address(a, tail)
		}
	case "Starting", "Close": // session: shell on pts/0 for USER from ADDRESS port N id 0
		if !strings.HasPrefix(rest, "session: ") {
			return
		}
		a.Set(attrAction, map[bool]string{true: "session_open", false: "session_close"}[word == "Starting"])
		if _, tail, ok := strings.Cut(rest, " for "); ok && word == "Starting" {
			userFrom(e, tail)
		} else if tail, ok := strings.CutPrefix(rest, "session: user "); ok {
			userFrom(e, tail)
		}
	case "drop": // connection #10 from [ADDRESS]:N on [ADDRESS]:22 past MaxStartups
		if from := between(rest+" ", " from ", " "); from != "" {
			ip, port := splitPort(from)
			address(a, ip)
			set(a, attrSrcPort, port)
			a.Set(attrAction, "block")
		}
	case "ROOT": // LOGIN REFUSED FROM ADDRESS port N
		if _, tail, ok := strings.Cut(rest, " FROM "); ok {
			e.User = "root"
			a.Set(attrAction, "login")
			a.Set(attrOutcome, "failure")
			address(a, tail)
		}
	case "Did", "User", "error:", "fatal:", "Bad", "Timeout", "Unable":
		if strings.HasPrefix(rest, "maximum authentication attempts exceeded for ") {
			a.Set(attrAction, "login")
			a.Set(attrOutcome, "failure")
			userFrom(e, strings.TrimPrefix(rest, "maximum authentication attempts exceeded for "))
			return
		}
		if u, tail, ok := strings.Cut(rest, " not allowed because"); ok && word == "User" {
			a.Set(attrAction, "login")
			a.Set(attrOutcome, "failure")
			if !userFrom(e, u) {
				e.User = u
			}
			a.Set("reason", strings.TrimSpace(tail))
			return
		}
		if who, ok := strings.CutPrefix(rest, "PAM: "); ok && strings.Contains(who, " for ") {
			_, who, _ = strings.Cut(who, " for ")
			a.Set(attrAction, "login")
			a.Set(attrOutcome, "failure")
			userFrom(e, who)
			return
		}
		for _, before := range []string{" from ", "Timeout before authentication for ", "negotiate with "} {
			if i := strings.LastIndex(rest, before); i >= 0 {
				address(a, rest[i+len(before):])
				break
			}
		}
	case "reverse", "Address":
		if i, j := strings.LastIndexByte(rest, '['), strings.LastIndexByte(rest, ']'); word == "reverse" && i >= 0 && j > i {
			from(a, rest[i+1:j])
		} else if word == "Address" {
			address(a, rest)
		}
	}
}

// lastCut is strings.Cut at the last separator.
func lastCut(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// sshdConnection reads what follows "Connection ".
func sshdConnection(e *timeline.Event, rest string) {
	for _, p := range []struct{ prefix, action string }{
		{"from ", "connect"}, {"closed by ", "disconnect"}, {"reset by ", "disconnect"},
	} {
		if tail, ok := strings.CutPrefix(rest, p.prefix); ok {
			e.Attributes.Set(attrAction, p.action)
			peer(e, tail)
			return
		}
	}
}

// peer reads "[authenticating user|invalid user|user NAME] ADDRESS [port N]".
func peer(e *timeline.Event, s string) {
	named := false
	for _, prefix := range []string{"authenticating user ", "invalid user ", "user "} {
		if tail, ok := strings.CutPrefix(s, prefix); ok {
			s, named = tail, true
			if prefix == "invalid user " {
				e.Attributes.Set("invalid_user", "true")
			}
			break
		}
	}
	if named {
		head, tail, ok := lastCut(s, " port ")
		if user, ip, ok2 := lastCut(head, " "); ok && ok2 {
			e.User = user
			address(&e.Attributes, ip+" port "+tail)
		}
		return
	}
	if i := strings.Index(s, ": "); i > 0 && !strings.Contains(s[:i], " ") { // "10.0.0.1: 11: Bye"
		s = s[:i]
	}
	address(&e.Attributes, s)
}
