package parse

import (
	"net/netip"
	"strings"

	"firebreak/timeline"
)

// Attributes that the enrichment of authentication lines sets. User of the
// event is who logged in or acted; target_user is who they became or changed.
const (
	attrAction  = "action"  // login, logout, auth, session_open, session_close, sudo, su, connect, disconnect, account
	attrOutcome = "outcome" // success or failure, only where the line says it
	attrSrcIP   = "src_ip"
	attrSrcHost = "src_host" // where the line names a host that is no address
	attrSrcPort = "src_port"
	attrTarget  = "target_user"
	attrCommand = "command"
)

// enrich reads who, from where and with what outcome out of the lines of the
// programs that let people in, and of cron.
func enrich(e *timeline.Event, process, body string) {
	a := &e.Attributes
	if n, inner, ok := repeated(body); ok {
		a.Set("repeated", n)
		body = inner
	}
	switch name := programName(process); name {
	case "sshd", "sshd-session", "sshd-auth", "dropbear":
		e.Source = "auth"
		if !pam(e, body) {
			sshd(e, body)
		}
	case "sudo":
		e.Source = "auth"
		if !pam(e, body) {
			sudo(e, body)
		}
	case "su":
		e.Source = "auth"
		if !pam(e, body) {
			su(e, body)
		}
	case "login", "systemd-logind", "gdm-password", "gdm", "lightdm", "sddm", "passwd", "polkitd", "pkexec", "systemd":
		if pam(e, body) || logind(e, body) || name == "pkexec" && pkexec(e, body) {
			e.Source = "auth"
		} else if name == "systemd" {
			unitLine(a, body)
		} else if name != "systemd" && name != "polkitd" {
			e.Source = "auth"
		}
	case "useradd", "usermod", "userdel", "groupadd", "groupmod", "groupdel", "chage", "gpasswd", "chpasswd":
		e.Source = "auth"
		account(e, name, body)
	case "CRON", "cron", "crond", "CROND", "anacron", "crontab":
		e.Source = "cron"
		if !pam(e, body) {
			cron(e, body)
		}
	case "ftpd", "vsftpd", "proftpd":
		if pam(e, body) {
			e.Source = "auth"
		} else if ip, ok := strings.CutPrefix(body, "connection from "); ok {
			first, _, _ := strings.Cut(ip, " ")
			from(a, first)
			a.Set(attrAction, "connect")
		}
	case "kernel":
		netfilter(e, body)
	case "haproxy":
		haproxy(e, body)
	case "socketfilterfw", "Firewall":
		appFirewall(e, body)
	default:
		switch {
		case strings.HasPrefix(body, "pam_") && pam(e, body):
			e.Source = "auth"
		case strings.HasPrefix(name, "postfix/"), strings.HasPrefix(process, "postfix/"):
			postfix(e, body)
		case name == "dovecot" || strings.HasSuffix(name, "-login") && strings.HasPrefix(process, "dovecot"):
			dovecot(e, body)
		}
	}
}

// repeated opens "message repeated 5 times: [ text]".
func repeated(body string) (times, inner string, ok bool) {
	rest, ok := strings.CutPrefix(body, "message repeated ")
	if !ok {
		return "", "", false
	}
	times, rest, ok = strings.Cut(rest, " times: [")
	if !ok || len(times) > 9 || strings.Trim(times, "0123456789") != "" {
		return "", "", false
	}
	return times, strings.TrimSpace(strings.TrimSuffix(rest, "]")), true
}

// from notes an address, or a host name where it is none.
func from(a *timeline.Attributes, s string) {
	s = strings.Trim(s, "[]")
	switch {
	case s == "":
	case isIPv4(s):
		a.Set(attrSrcIP, s)
	case strings.IndexByte(s, ':') < 0:
		a.Set(attrSrcHost, s)
	default:
		if _, err := netip.ParseAddr(s); err != nil {
			a.Set(attrSrcHost, s)
		} else {
			a.Set(attrSrcIP, s)
		}
	}
}

// isIPv4 says what netip.ParseAddr does of addresses without a colon.
func isIPv4(s string) bool {
	n, size, parts := 0, 0, 1
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			if size > 0 && n == 0 {
				return false // a leading zero
			}
			n = n*10 + int(c-'0')
			if size++; n > 255 {
				return false
			}
		case c == '.':
			if size == 0 {
				return false
			}
			n, size = 0, 0
			parts++
		default:
			return false
		}
	}
	return parts == 4 && size > 0
}

// userFrom reads "USER from ADDRESS [port N]…", from the right: a user's name
// is the visitor's own text and may hold " from 10.0.0.1".
func userFrom(e *timeline.Event, s string) bool {
	i := strings.LastIndex(s, " from ")
	user := ""
	switch {
	case i >= 0:
		user, s = s[:i], s[i+6:]
	case strings.HasPrefix(s, "from "):
		s = s[5:]
	default:
		return false
	}
	for _, prefix := range []string{"invalid user ", "illegal user "} {
		if u, ok := strings.CutPrefix(user, prefix); ok {
			e.Attributes.Set("invalid_user", "true")
			user = u
		}
	}
	if user != "" {
		e.User = user
	}
	address(&e.Attributes, s)
	return true
}

// address reads "ADDRESS [port N] …".
func address(a *timeline.Attributes, s string) {
	ip, rest, _ := strings.Cut(s, " ")
	from(a, strings.TrimRight(ip, ":,"))
	if rest, ok := strings.CutPrefix(rest, "port "); ok {
		end := 0
		for end < len(rest) && end < 5 && rest[end] >= '0' && rest[end] <= '9' {
			end++
		}
		if end > 0 {
			a.Set(attrSrcPort, rest[:end])
		}
	}
}

// sudo reads "user : [remark ;] TTY=… ; PWD=… ; USER=… ; COMMAND=…". The
// command is last and may hold anything.
func sudo(e *timeline.Event, body string) {
	user, rest, ok := strings.Cut(strings.TrimLeft(body, " "), " : ")
	if !ok || strings.Contains(user, " ") {
		return
	}
	a := &e.Attributes
	e.User = user
	a.Set(attrAction, "sudo")
	a.Set(attrOutcome, "success")
	if head, command, ok := strings.Cut(rest, "COMMAND="); ok {
		a.Set(attrCommand, command)
		rest = head
	}
	for i, part := range strings.Split(rest, " ; ") {
		part = strings.TrimRight(part, " ;")
		name, value, ok := strings.Cut(part, "=")
		switch {
		case ok && name == "USER":
			a.Set(attrTarget, value)
		case ok && name == "TTY":
			a.Set("tty", value)
		case ok && name == "PWD":
			a.Set("pwd", value)
		case i == 0 && part != "" && !ok:
			a.Set(attrOutcome, "failure")
			a.Set("reason", part)
		}
	}
}

// su reads the lines of the shadow and util-linux versions.
func su(e *timeline.Event, body string) {
	a := &e.Attributes
	set := func(outcome, target, by string) {
		a.Set(attrAction, "su")
		a.Set(attrOutcome, outcome)
		a.Set(attrTarget, target)
		by, tty, _ := strings.Cut(by, " on ")
		e.User = by
		if tty != "" {
			a.Set("tty", tty)
		}
	}
	switch {
	case strings.HasPrefix(body, "(to "), strings.HasPrefix(body, "FAILED SU (to "), strings.HasPrefix(body, "FAILED su (to "):
		_, rest, _ := strings.Cut(body, "(to ")
		outcome := "success"
		if body[0] == 'F' {
			outcome = "failure"
		}
		if target, by, ok := strings.Cut(rest, ") "); ok {
			set(outcome, target, by)
		}
	case strings.HasPrefix(body, "Successful su for "), strings.HasPrefix(body, "FAILED su for "):
		_, rest, _ := strings.Cut(body, " su for ")
		outcome := "success"
		if body[0] == 'F' {
			outcome = "failure"
		}
		if target, by, ok := strings.Cut(rest, " by "); ok {
			set(outcome, target, by)
		}
	case strings.HasPrefix(body, "+ "), strings.HasPrefix(body, "- "):
		tty, names, ok := strings.Cut(body[2:], " ")
		if by, target, ok2 := strings.Cut(names, ":"); ok && ok2 {
			outcome := "success"
			if body[0] == '-' {
				outcome = "failure"
			}
			set(outcome, target, by)
			a.Set("tty", tty)
		}
	}
}

// logind reads systemd-logind's sessions and login's failures.
func logind(e *timeline.Event, body string) bool {
	a := &e.Attributes
	switch {
	case strings.HasPrefix(body, "New session "):
		_, user, ok := strings.Cut(body, " of user ")
		if !ok {
			return false
		}
		user, _, _ = strings.Cut(strings.TrimSuffix(user, "."), "' with class")
		e.User = strings.Trim(user, "'")
		a.Set(attrAction, "session_open")
	case strings.HasPrefix(body, "Removed session "):
		a.Set(attrAction, "session_close")
	case strings.HasPrefix(body, "Session ") && strings.Contains(body, " logged out"):
		a.Set(attrAction, "logout")
	case strings.HasPrefix(body, "FAILED LOGIN"):
		a.Set(attrAction, "login")
		a.Set(attrOutcome, "failure")
		if _, user, ok := strings.Cut(body, " FOR "); ok {
			user, _, _ = strings.Cut(user, ", ")
			e.User = strings.Trim(user, "'`")
		}
	case strings.HasPrefix(body, "ROOT LOGIN"):
		a.Set(attrAction, "login")
		a.Set(attrOutcome, "success")
		e.User = "root"
	default:
		return false
	}
	return true
}

// account reads what shadow's tools say they changed.
func account(e *timeline.Event, program, body string) {
	e.Attributes.Set(attrAction, "account")
	switch {
	case strings.HasPrefix(body, "new "):
		e.Attributes.Set("change", "create")
	case strings.HasPrefix(body, "delete "), strings.HasPrefix(body, "remove"), strings.Contains(body, " removed"):
		e.Attributes.Set("change", "delete")
	case strings.HasPrefix(body, "failed "), strings.Contains(body, "already exists"):
		e.Attributes.Set(attrOutcome, "failure")
	default:
		e.Attributes.Set("change", "modify")
	}
	_, rest, ok := strings.Cut(body, "name=")
	if !ok {
		if _, rest, ok = strings.Cut(body, " '"); !ok {
			return
		}
	}
	name := rest
	if i := strings.IndexAny(rest, ",' "); i >= 0 {
		name = rest[:i]
	}
	if strings.HasPrefix(program, "group") {
		e.Attributes.Set("target_group", name)
	} else {
		e.Attributes.Set(attrTarget, name)
	}
}

// cron reads "(user) CMD (command)".
func cron(e *timeline.Event, body string) {
	if !strings.HasPrefix(body, "(") {
		return
	}
	user, rest, ok := strings.Cut(body[1:], ") ")
	if !ok || strings.Contains(user, " ") {
		return
	}
	verb, arg, _ := strings.Cut(rest, " (")
	if verb != "CRON" && user != "CRON" {
		e.User = user
	}
	switch verb {
	case "CMD":
		e.Attributes.Set(attrAction, "run")
		e.Attributes.Set(attrCommand, strings.TrimSuffix(arg, ")"))
	case "REPLACE", "END EDIT", "DELETE": // crontab, of whose table
		e.Attributes.Set(attrAction, map[bool]string{true: "delete", false: "modify"}[verb == "DELETE"])
		e.Attributes.Set(attrTarget, strings.TrimSuffix(arg, ")"))
	}
}

// pkexec reads "bob: Executing command [USER=root] [TTY=…] [CWD=…] [COMMAND=…]".
func pkexec(e *timeline.Event, body string) bool {
	user, rest, ok := strings.Cut(body, ": Executing command ")
	if !ok || strings.Contains(user, " ") {
		return false
	}
	a := &e.Attributes
	e.User = user
	a.Set(attrAction, "exec")
	a.Set(attrOutcome, "success")
	set(a, attrTarget, between(rest, "[USER=", "]"))
	set(a, "tty", between(rest, "[TTY=", "]"))
	set(a, "pwd", between(rest, "[CWD=", "]"))
	if _, command, ok := strings.Cut(rest, "[COMMAND="); ok {
		a.Set(attrCommand, strings.TrimSuffix(command, "]"))
	}
	return true
}

// unitLine reads what systemd says of units: "Started cron.service - Regular
// background program processing daemon."
func unitLine(a *timeline.Attributes, body string) {
	word, rest, _ := strings.Cut(body, " ")
	var action string
	switch word {
	case "Started", "Finished":
		action = "start"
	case "Stopped", "Deactivated":
		action = "stop"
	case "Reloaded":
		action = "modify"
	case "Failed":
		action = "start"
		if _, tail, ok := strings.Cut(rest, "to start "); ok {
			rest = tail
			a.Set(attrOutcome, "failure")
		} else {
			return
		}
	default:
		return
	}
	unit, _, _ := strings.Cut(rest, " ")
	unit = strings.TrimSuffix(unit, ".")
	for _, kind := range []string{".service", ".timer", ".socket", ".mount", ".scope", ".target", ".slice", ".path"} {
		if strings.HasSuffix(unit, kind) {
			a.Set("unit", unit)
			a.Set(attrAction, action)
			return
		}
	}
}
