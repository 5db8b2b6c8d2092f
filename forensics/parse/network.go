package parse

import (
	"strings"

	"firebreak/timeline"
)

// netfilter reads what the kernel's LOG target writes, as ufw and firewalld use
// it: "[UFW BLOCK] IN=eth0 OUT= SRC=10.0.0.1 DST=10.0.0.2 … PROTO=TCP SPT=1 DPT=2".
//
// Reference: Linux, net/netfilter/nf_log_syslog.c.
func netfilter(e *timeline.Event, body string) bool {
	at := strings.Index(body, "IN=")
	if at < 0 || at > 128 || !strings.Contains(body[at:], " SRC=") || !strings.Contains(body[at:], " DST=") {
		return false
	}
	a := &e.Attributes
	e.Source = "network"
	prefix := strings.TrimSpace(body[:at])
	if strings.HasPrefix(prefix, "[") { // the kernel's own clock
		if clock, rest, ok := strings.Cut(prefix[1:], "]"); ok && strings.Trim(clock, " .0123456789") == "" {
			prefix = strings.TrimSpace(rest)
		}
	}
	set(a, "rule", strings.Trim(prefix, "[]: "))
	low := strings.ToLower(prefix)
	for _, v := range [...]struct{ word, action, outcome string }{
		{"block", "block", "failure"}, {"drop", "block", "failure"}, {"reject", "block", "failure"}, {"deny", "block", "failure"}, {"allow", "connect", "success"}, {"accept", "connect", "success"},
	} {
		if strings.Contains(low, v.word) {
			a.Set(attrAction, v.action)
			a.Set(attrOutcome, v.outcome)
			break
		}
	}
	for pair := range strings.FieldsSeq(body[at:]) {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || value == "" {
			continue
		}
		switch name {
		case "SRC":
			a.Set(attrSrcIP, plainAddress(value))
		case "DST":
			a.Set("dst_ip", plainAddress(value))
		case "SPT":
			a.Set(attrSrcPort, value)
		case "DPT":
			a.Set("dst_port", value)
		case "PROTO":
			a.Set("protocol", value)
		case "IN":
			a.Set("interface_in", value)
		case "OUT":
			a.Set("interface_out", value)
		case "MAC":
			a.Set("mac", value)
		case "UID":
			a.Set("uid", value)
		}
	}
	return true
}

// haproxy reads its log of requests and connections:
//
//	10.0.1.2:33317 [06/Feb/2009:12:14:14.655] in back/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {…} "GET / HTTP/1.1"
//
// Reference: HAProxy Configuration Manual, "Log formats".
func haproxy(e *timeline.Event, body string) {
	client, rest, ok := strings.Cut(body, " [")
	when, rest, ok2 := strings.Cut(rest, "] ")
	ip, port := splitPort(client)
	if !ok || !ok2 || !isAddress(ip) || len(when) < 20 {
		return
	}
	a := &e.Attributes
	e.Source = "web"
	a.Set(attrSrcIP, strings.TrimPrefix(ip, "::ffff:"))
	set(a, attrSrcPort, port)
	f := strings.Fields(rest)
	if len(f) < 2 {
		return
	}
	set(a, "frontend", strings.TrimSuffix(f[0], "~"))
	backend, server, _ := strings.Cut(f[1], "/")
	set(a, "backend", backend)
	set(a, "server", server)
	if i := strings.IndexByte(rest, '"'); i >= 0 && len(f) > 5 {
		request := strings.TrimSuffix(rest[i+1:], `"`)
		method, url, protocol := accessRequest(request)
		set(a, "method", method)
		set(a, "url", url)
		set(a, "protocol", protocol)
		set(a, "status", f[3])
		set(a, "bytes", f[4])
		return
	}
	e.Source = "network"
	a.Set(attrAction, "connect")
	if len(f) > 3 {
		set(a, "bytes", f[3])
	}
}

// postfix reads the lines of Postfix' programs.
//
// Reference: Postfix, src/smtpd/smtpd.c, src/global/log_adhoc.c.
func postfix(e *timeline.Event, body string) {
	a := &e.Attributes
	e.Source = "mail"
	if id, rest, ok := strings.Cut(body, ": "); ok && len(id) >= 6 && len(id) <= 20 && strings.Trim(id, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == "" && id != "warning" && id != "connect" && id != "fatal" && id != "statistics" {
		a.Set("message_id", id)
		body = rest
	}
	body = strings.TrimPrefix(body, "warning: ")
	switch {
	case strings.HasPrefix(body, "connect from "):
		a.Set(attrAction, "connect")
		mailPeer(a, body[len("connect from "):])
	case strings.HasPrefix(body, "disconnect from "):
		a.Set(attrAction, "disconnect")
		mailPeer(a, body[len("disconnect from "):])
	case strings.HasPrefix(body, "client="):
		a.Set(attrAction, "receive")
		mailPeer(a, body[len("client="):])
		if user := mailPair(body, "sasl_username="); user != "" {
			e.User = user
			a.Set(attrAction, "login")
			a.Set(attrOutcome, "success")
		}
	case strings.Contains(body, ": SASL ") && strings.Contains(body, " authentication failed"):
		a.Set(attrAction, "login")
		a.Set(attrOutcome, "failure")
		peer, _, _ := strings.Cut(body, ": SASL ")
		mailPeer(a, peer)
		if user := mailPair(body, "sasl_username="); user != "" {
			e.User = user
		}
	case strings.HasPrefix(body, "NOQUEUE: reject: "):
		a.Set(attrAction, "block")
		a.Set(attrOutcome, "failure")
		if _, peer, ok := strings.Cut(body, " from "); ok {
			mailPeer(a, peer)
		}
	case strings.HasPrefix(body, "from=<"):
		set(a, "sender", between(body, "from=<", ">"))
		set(a, "size", mailPair(body, "size="))
	case strings.HasPrefix(body, "to=<"):
		a.Set(attrAction, "send")
		set(a, "recipient", between(body, "to=<", ">"))
		set(a, "relay", mailPair(body, "relay="))
		switch status := mailPair(body, "status="); {
		case strings.HasPrefix(status, "sent"):
			a.Set(attrOutcome, "success")
		case strings.HasPrefix(status, "bounced"), strings.HasPrefix(status, "deferred"):
			a.Set(attrOutcome, "failure")
		}
	}
}

// mailPeer reads "name[10.0.0.1]:25".
func mailPeer(a *timeline.Attributes, s string) {
	if ip := between(s, "[", "]"); isAddress(ip) {
		a.Set(attrSrcIP, ip)
		name, _, _ := strings.Cut(s, "[")
		if name != "unknown" && !strings.Contains(name, " ") {
			set(a, attrSrcHost, name)
		}
	}
}

// mailPair is the value of name=value up to a comma.
func mailPair(s, name string) string {
	_, v, ok := strings.Cut(s, name)
	if !ok {
		return ""
	}
	v, _, _ = strings.Cut(v, ",")
	v, _, _ = strings.Cut(v, " ")
	return strings.Trim(v, "<>")
}

// dovecot reads Dovecot's logins: "imap-login: Login: user=<bob>, method=PLAIN,
// rip=10.0.0.1, lip=10.0.0.2, …" and those that failed.
//
// Reference: Dovecot documentation, login_log_format_elements.
func dovecot(e *timeline.Event, body string) {
	a := &e.Attributes
	e.Source = "mail"
	_, rest, ok := strings.Cut(body, "-login: ")
	if !ok {
		return
	}
	if user := between(rest, "user=<", ">"); user != "" {
		e.User = user
	}
	set(a, "method", mailPair(rest, "method="))
	if ip := mailPair(rest, "rip="); isAddress(ip) {
		a.Set(attrSrcIP, ip)
	}
	if ip := mailPair(rest, "lip="); isAddress(ip) {
		a.Set("dst_ip", ip)
	}
	rest = strings.TrimPrefix(rest, "Info: ")
	switch {
	case strings.HasPrefix(rest, "Login: "), strings.HasPrefix(rest, "Logged in: "):
		a.Set(attrAction, "login")
		a.Set(attrOutcome, "success")
	case strings.Contains(rest, "auth failed"), strings.Contains(rest, "Auth failed"):
		a.Set(attrAction, "login")
		a.Set(attrOutcome, "failure")
	case strings.HasPrefix(rest, "Disconnected"):
		a.Set(attrAction, "disconnect")
	}
}
