package parse

import "strings"

// nginxError reads nginx' error log: 2026/11/28 02:30:15 [error] 12#34: *5 text,
// client: …, server: …, request: "…", host: "…".
//
// Reference: nginx, src/core/ngx_log.c and ngx_http_log_error_handler. Local
// times.
func nginxError(t *tale, text string) string {
	if len(text) < 22 || text[4] != '/' || text[7] != '/' || text[10] != ' ' || text[19] != ' ' || text[20] != '[' {
		return "no error log line of nginx"
	}
	h, m, s, ok := clock(text, 11)
	if !ok || !t.civil(two(text, 0)*100+two(text, 2), two(text, 5), two(text, 8), h, m, s, "", text[:19]) {
		return "no time"
	}
	level, rest, ok := strings.Cut(text[21:], "] ")
	if !ok {
		return "no error log line of nginx"
	}
	t.e.Source = "web"
	t.set("severity", syslogLevel(level))
	if ids, tail, ok := strings.Cut(rest, ": "); ok {
		pid, _, _ := strings.Cut(ids, "#")
		if digits(pid) == pid {
			t.set("pid", pid)
			rest = tail
		}
	}
	t.set("process", "nginx")
	msg := rest
	if strings.HasPrefix(msg, "*") {
		if n, tail, ok := strings.Cut(msg[1:], " "); ok && digits(n) == n {
			t.set("connection", n)
			msg = tail
		}
	}
	// The tail is the server's own words; the text in front may hold anything.
	if i := strings.LastIndex(msg, ", client: "); i >= 0 {
		for part := range strings.SplitSeq(msg[i+2:], ", ") {
			name, value, _ := strings.Cut(part, ": ")
			value = strings.Trim(value, `"`)
			switch name {
			case "client":
				t.peer(value)
			case "server", "upstream":
				t.set(name, value)
			case "host":
				t.set("vhost", value)
			case "request":
				t.request(value)
			case "referrer":
				t.set("referer", value)
			}
		}
	}
	if strings.HasPrefix(msg, "user ") && strings.Contains(msg, ": password mismatch") || strings.Contains(msg, " was not found in ") && strings.HasPrefix(msg, "user ") {
		user, _, _ := strings.Cut(strings.TrimPrefix(msg, "user "), " was not found in ")
		user, _, _ = strings.Cut(user, ": password mismatch")
		t.e.User = strings.Trim(user, `"`)
		t.set(attrAction, "login")
		t.set(attrOutcome, "failure")
	}
	if open, tail, ok := strings.Cut(msg, `open() "`); ok && open == "" {
		path, _, _ := strings.Cut(tail, `"`)
		t.set("path", path)
	}
	t.e.Message = "[" + level + "] " + msg
	return ""
}

// syslogLevel is a level of severity by syslog's keyword.
func syslogLevel(s string) string {
	switch s = strings.ToLower(s); s {
	case "error", "failure":
		return "err"
	case "warn":
		return "warning"
	case "critical", "fatal":
		return "crit"
	case "trace", "trace1", "verbose":
		return "debug"
	}
	return s
}

// apacheError reads the error log of Apache's server, of 2.0 and 2.4:
// [Fri Sep 09 10:42:29.902022 2011] [core:error] [pid 1:tid 2] [client 10.0.0.1:5] AH00035: text
//
// Reference: httpd.apache.org, "Log Files" and core's ErrorLogFormat. Local
// times.
func apacheError(t *tale, text string) string {
	when, rest, ok := strings.Cut(strings.TrimPrefix(text, "["), "] [")
	if !ok || text[0] != '[' || len(when) < 24 {
		return "no error log line of Apache"
	}
	s, ok := weekdayStamp(when + " ")
	if !ok || s.size+4 < len(when) || !t.civil(s.year, s.mon, s.day, s.h, s.m, s.s, fractionOf(when), when) {
		return "no time"
	}
	level, rest, ok := strings.Cut(rest, "] ")
	if !ok {
		return "no error log line of Apache"
	}
	t.e.Source = "web"
	if module, l, ok := strings.Cut(level, ":"); ok {
		t.set("module", module)
		level = l
	}
	t.set("severity", syslogLevel(level))
	t.set("process", "apache2")
	for strings.HasPrefix(rest, "[") {
		head, tail, ok := strings.Cut(rest[1:], "] ")
		if !ok {
			break
		}
		switch {
		case strings.HasPrefix(head, "pid "):
			t.set("pid", digits(head[4:]))
		case strings.HasPrefix(head, "client "):
			t.peer(head[7:])
		case strings.HasPrefix(head, "remote "):
			t.peer(head[7:])
		default:
			tail = ""
		}
		if tail == "" {
			break
		}
		rest = tail
	}
	if code, _, ok := strings.Cut(rest, ": "); ok && len(code) == 7 && strings.HasPrefix(code, "AH") {
		t.set("code", code)
	}
	if i := strings.LastIndex(rest, ", referer: "); i >= 0 {
		t.set("referer", rest[i+len(", referer: "):])
		rest = rest[:i]
	}
	if _, who, ok := strings.Cut(rest, "user "); ok {
		for _, why := range []string{": password mismatch", ": authentication failure for ", " not found: "} {
			if user, _, ok := strings.Cut(strings.TrimSpace(who), why); ok {
				t.e.User = strings.Trim(user, `"`)
				t.set(attrAction, "login")
				t.set(attrOutcome, "failure")
				break
			}
		}
	}
	t.e.Message = say("["+level+"]", rest)
	return ""
}

// fractionOf is the digits behind the point of a clock.
func fractionOf(s string) string {
	_, tail, ok := strings.Cut(s, ".")
	if !ok {
		return ""
	}
	return digits(tail)
}

// squidAccess reads squid's native access log: 1286536309.586 921 192.168.0.68
// TCP_MISS/200 507 POST http://… user DIRECT/10.0.0.1 text/html
//
// Reference: wiki.squid-cache.org, "Squid Log Files". Seconds since 1970.
func squidAccess(t *tale, text string) string {
	f := strings.Fields(text)
	if len(f) < 10 {
		return "no access log line of squid"
	}
	verdict, code, ok := strings.Cut(f[3], "/")
	_, frac, ok2 := strings.Cut(f[0], ".")
	if !ok || !ok2 || len(frac) != 3 || digits(f[1]) != f[1] || !t.zeekTime(f[0]) {
		return "no access log line of squid"
	}
	t.e.Precision = "ms"
	t.e.Source = "web"
	t.peer(f[2])
	t.set("elapsed_ms", f[1])
	t.set("verdict", verdict)
	t.status(code)
	t.set("bytes", f[4])
	t.set("method", f[5])
	t.set("url", f[6])
	t.e.User = dash(f[7])
	if _, host, ok := strings.Cut(f[8], "/"); ok {
		if isAddress(host) {
			t.set("dst_ip", host)
		} else {
			t.set("dst_host", dash(host))
		}
	}
	t.set("mime", dash(f[9]))
	if strings.Contains(verdict, "DENIED") {
		t.set(attrOutcome, "failure")
	}
	t.e.Message = say(f[5], f[6], f[3])
	return ""
}
