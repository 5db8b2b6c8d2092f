package parse

import (
	"bytes"
	"path"
	"strings"
	"time"

	"firebreak/timeline"
)

// hosted reads "HOST TAG: text". A first word that ends in a colon, or in the
// number of a process, is the tag, and the line names no host: the logs of macOS'
// securityd are so.
func (p *syslogParser) hosted(e *timeline.Event, rest string) {
	if i := strings.IndexByte(rest, ' '); i > 0 && rest[i-1] != ':' && !numbered(rest[:i]) && rest[:i] != "---" {
		e.Host = rest[:i]
		rest = rest[i+1:]
	}
	p.tagged(e, rest)
}

// numbered says whether a word is a tag with the number of its process.
func numbered(word string) bool {
	open := strings.IndexByte(word, '[')
	if open < 1 || word[len(word)-1] != ']' {
		return false
	}
	n := word[open+1 : len(word)-1]
	return n != "" && digits(n) == n
}

// tagged reads "TAG[pid]: text". The message keeps the tag: it is the line as
// people know it.
func (p *syslogParser) tagged(e *timeline.Event, rest string) {
	e.Message = rest
	process, pid, body := tag(rest)
	if process == "" {
		enrich(e, "", rest)
		return
	}
	if strings.HasPrefix(body, "<") {
		body = macLevel(&e.Attributes, body)
	}
	enrich(e, process, body)
	set(&e.Attributes, "pid", pid)
	e.Attributes.Set("process", process)
}

// tag splits "TAG[pid]: text"; process is empty when s has no tag.
func tag(s string) (process, pid, body string) {
	end := 0
	for end < len(s) && s[end] != ' ' && s[end] != ':' && s[end] != '[' {
		end++
	}
	if end == 0 || end > 128 || end == len(s) {
		return "", "", s
	}
	process, body = s[:end], s[end:]
	if body[0] == '[' {
		shut := strings.IndexByte(body[:min(len(body), 33)], ']')
		if shut < 0 {
			return "", "", s
		}
		pid, body = body[1:shut], body[shut+1:]
		return process, pid, strings.TrimLeft(strings.TrimPrefix(body, ":"), " ")
	}
	if body[0] != ':' {
		return "", "", s
	}
	return process, "", strings.TrimLeft(body[1:], " ")
}

// programName is the bare name of a tag: "/usr/sbin/CRON" and "sshd(pam_unix)"
// are "cron" and "sshd".
func programName(process string) string {
	if strings.IndexByte(process, '/') >= 0 {
		process = path.Base(process)
	}
	if i := strings.IndexByte(process, '('); i > 0 {
		process = process[:i]
	}
	return process
}

// modern reads RFC 5424: "1 TIME HOST APP PROCID MSGID SD [MSG]".
func (p *syslogParser) modern(e *timeline.Event, ln line, skip, pri int) string {
	attrs := &e.Attributes
	text := textOf(ln, attrs)[skip+2:]
	when, text, ok := strings.Cut(text, " ")
	if !ok {
		return "no time"
	}
	var as wording
	if when != "-" {
		s, ok := isoStamp(when, p.j.clock)
		if !ok || s.size != len(when) {
			return "no time"
		}
		e.Time, e.Precision, as = s.time, s.precision, s.as
		if !s.zoned {
			attrs.Set(attrAssumed, p.assume(0, s.how))
		}
	}
	origin(attrs, skip, pri)
	var field [4]string // host, app, procid, msgid
	for i := range field {
		if field[i], text, ok = strings.Cut(text, " "); !ok {
			return "header is cut"
		}
		if field[i] == "-" {
			field[i] = ""
		}
	}
	data, msg, ok := structuredData(text)
	if !ok {
		return "structured data is damaged"
	}
	e.Host = field[0]
	for _, x := range [...]struct{ name, value string }{{"msgid", field[3]}, {"pid", field[2]}, {"process", field[1]}} {
		if x.value != "" {
			attrs.Set(x.name, x.value)
		}
	}
	if data != "-" {
		attrs.Set("structured_data", data)
	}
	msg = strings.TrimPrefix(strings.TrimPrefix(msg, " "), "\ufeff")
	told := strings.TrimLeft(msg, " ")
	switch {
	case field[1] == "":
		e.Message = msg
	case field[2] == "":
		e.Message = p.j.room.join(field[1], ": ", told)
	default:
		e.Message = p.j.room.join(field[1], "[", field[2], "]: ", told)
	}
	enrich(e, field[1], told)
	p.j.told(attrs, as, when)
	return ""
}

// structuredData takes "-" or a run of "[id name="value" …]" off the front;
// inside values, backslash escapes the next character.
func structuredData(s string) (data, rest string, ok bool) {
	if s == "-" || strings.HasPrefix(s, "- ") {
		return "-", s[1:], true
	}
	i := 0
	for i < len(s) && s[i] == '[' {
		quoted := false
		for i++; i < len(s); i++ {
			if s[i] == '\\' && quoted {
				i++
			} else if s[i] == '"' {
				quoted = !quoted
			} else if s[i] == ']' && !quoted {
				break
			}
		}
		if i >= len(s) {
			return "", s, false
		}
		i++
	}
	return s[:i], s[i:], i > 0 && (i == len(s) || s[i] == ' ')
}

// facilityName is the keyword of syslog.conf for a facility's number.
func facilityName(n int) string {
	names := [...]string{
		"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
		"ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
	}
	if n < 0 || n >= len(names) {
		return "unknown"
	}
	return names[n]
}

// severityName is the keyword of syslog.conf for a severity's number.
func severityName(n int) string {
	names := [...]string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}
	if n < 0 || n >= len(names) {
		return "unknown"
	}
	return names[n]
}

// severityWord is the keyword of an upper-case severity that stands where others
// have the host, "" of any other word. CMD is what UAC writes of what it runs.
func severityWord(s string) string {
	switch s {
	case "EMERG", "ALERT", "CRIT", "ERR", "WARNING", "NOTICE", "INFO", "DEBUG":
		return strings.ToLower(s)
	case "FATAL", "CRITICAL":
		return "crit"
	case "ERROR":
		return "err"
	case "WARN", "WRN":
		return "warning"
	case "INF", "CMD":
		return "info"
	case "DBG", "TRACE":
		return "debug"
	}
	return ""
}

// isSyslog counts the head's lines that a syslog parser would take.
func isSyslog(_ string, head []byte) bool {
	if _, _, ok := frameAt(head); ok {
		return true
	}
	good, seen := 0, 0
	for len(head) > 0 && seen < 64 {
		var text []byte
		text, head, _ = bytes.Cut(head, []byte("\n"))
		if len(text) == 0 || text[0] == ' ' || text[0] == '\t' {
			continue
		}
		seen++
		_, text = withoutZeros(text)
		_, n := priority(text)
		text = text[n:]
		if _, ok := bsdStamp(text); ok {
			good++
			continue
		}
		if n > 0 && len(text) > 2 && text[1] == ' ' {
			text = text[2:]
		}
		if s, ok := isoStamp(string(text[:min(len(text), 64)]), &localClock{zone: time.UTC}); ok && s.size < len(text) && text[s.size] == ' ' {
			good++
		}
	}
	return good > 0 && good*2 >= seen
}
