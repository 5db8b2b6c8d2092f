package parse

import (
	"cmp"
	"strings"
)

// xferLine reads xferlog: Mon Oct  1 17:09:23 2001 0 10.0.0.1 2 /path a _ d r user ftp 0 * c
//
// Reference: xferlog(5), as of wu-ftpd, ProFTPD and vsftpd. Local times.
func xferLine(t *tale, text string) string {
	s, ok := weekdayStamp(text)
	if !ok {
		return "no time"
	}
	if len(text) < 4+s.size {
		return "no line of xferlog"
	}
	f := strings.Fields(text[4+s.size:])
	if len(f) < 13 {
		return "no line of xferlog"
	}
	tail := f[len(f)-9:]
	if digits(f[0]) != f[0] || digits(f[2]) != f[2] || len(tail[0]) != 1 || len(tail[2]) != 1 || len(tail[3]) != 1 {
		return "no line of xferlog"
	}
	if !t.civil(s.year, s.mon, s.day, s.h, s.m, s.s, "", text[:4+s.size]) {
		return "no time"
	}
	t.e.Source, t.e.User = "ftp", tail[4]
	path := strings.Join(f[3:len(f)-9], " ") // blanks are written as underscores
	t.peer(f[1])
	t.set("path", path)
	t.set("bytes", f[2])
	t.set("service", tail[5])
	t.set(attrAction, map[string]string{"o": "download", "i": "upload", "d": "delete"}[tail[2]])
	t.set("access", map[string]string{"a": "anonymous", "g": "guest", "r": "real"}[tail[3]])
	switch tail[8] {
	case "c":
		t.set(attrOutcome, "success")
	case "i":
		t.set(attrOutcome, "failure")
	}
	t.e.Message = say(cmp.Or(t.get(attrAction), "transfer"), "of", path, "by", tail[4], "from", f[1])
	return ""
}

// proftpdLine reads ProFTPD's own log: 2026-11-28 02:30:15,123 host proftpd[123] …
func proftpdLine(t *tale, text string) string {
	size, ok := t.local(text)
	if !ok {
		return "no time"
	}
	f := strings.SplitN(strings.TrimLeft(text[size:], " "), " ", 3)
	if len(f) < 3 || !strings.HasPrefix(f[1], "proftpd[") {
		return "no line of ProFTPD"
	}
	t.e.Source = "ftp"
	t.e.Host = f[0]
	t.set("process", "proftpd")
	t.set("pid", digits(f[1][8:]))
	msg := f[2]
	peer := between(msg, "(", ")")
	if ip := between(peer, "[", "]"); ip != "" {
		t.peer(ip)
	}
	switch {
	case strings.Contains(msg, "): FTP session opened"):
		t.set(attrAction, "connect")
	case strings.Contains(msg, "): FTP session closed"):
		t.set(attrAction, "disconnect")
	case strings.Contains(msg, ": Login successful"):
		t.ftpLogin(msg, "success")
	case strings.Contains(msg, "(Login failed)"), strings.Contains(msg, "no such user"):
		t.ftpLogin(msg, "failure")
	}
	t.e.Message = msg
	return ""
}

// ftpLogin reads "… USER name: Login successful." and "USER name (Login failed)".
func (t *tale) ftpLogin(msg, outcome string) {
	t.set(attrAction, "login")
	t.set(attrOutcome, outcome)
	if _, user, ok := strings.Cut(msg, "USER "); ok {
		user, _, _ = strings.Cut(user, ": ")
		user, _, _ = strings.Cut(user, " (")
		t.e.User = strings.TrimSpace(user)
	}
}
