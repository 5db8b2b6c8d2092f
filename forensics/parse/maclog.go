package parse

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"strings"

	"firebreak/timeline"
)

// macUnified reads what `log show --style ndjson` and `--style json` print of the
// unified log. Its times have a zone; every member stays.
//
// Reference: log(1) of macOS.
func macUnified() service {
	return service{
		knows: func(h recordHead) bool {
			return h.has("traceID", "timestamp") && h.any("eventMessage", "messageType", "eventType")
		},
		tell: tellUnified,
	}
}

func tellUnified(t *tale) string {
	if t.get("timestamp") == "" && t.get("finished") != "" {
		t.j.note("the export says that it has " + t.get("count") + " records")
		return noRecord
	}
	when := t.get("timestamp")
	if len(when) > 10 && when[10] == ' ' { // "2026-11-20 12:34:56.123456-0800"
		when = when[:10] + "T" + when[11:]
	}
	if !t.when(when) {
		return "no time"
	}
	t.e.Source = "syslog"
	exe := t.get("processImagePath")
	process := exe[strings.LastIndexByte(exe, '/')+1:]
	t.set("exe", exe)
	t.set("process", process)
	t.set("pid", t.get("processID"))
	t.set("uid", t.get("userID"))
	t.set("severity", strings.ToLower(t.get("messageType")))
	body := cmp.Or(t.get("eventMessage"), t.get("formatString"), t.get("eventType"))
	t.e.Message = body
	if process != "" {
		t.e.Message = process + "[" + t.get("processID") + "]: " + body
	}
	enrich(t.e, process, body)
	return ""
}

// macLevel takes the severity off that macOS, and NetworkManager, write in front
// of a text: "<Info>: text", "<Error> [user{} ]: text".
func macLevel(a *timeline.Attributes, body string) string {
	word, rest, ok := strings.Cut(body[1:], ">")
	severity := strings.ToLower(word)
	switch severity {
	case "debug", "info", "notice", "error", "critical", "alert", "emergency":
	case "warning", "warn":
		severity = "warning"
	default:
		return body
	}
	if !ok {
		return body
	}
	if !a.Has("severity") {
		a.Set("severity", severity)
	}
	return strings.TrimLeft(strings.TrimPrefix(rest, ":"), " ")
}

// appFirewall reads what the application firewall of macOS says:
//
//	PROGRAM: Allow TCP LISTEN  (in:0 out:1)
//	Deny PROGRAM connecting from 203.0.113.9:50110 to port 22 proto=6
//	Stealth Mode connection attempt to TCP 192.168.1.2:22 from 203.0.113.9:50110
func appFirewall(e *timeline.Event, body string) {
	var program, verdict, rest string
	if target, ok := strings.CutPrefix(body, "Stealth Mode connection attempt to "); ok {
		verdict, rest = "Deny", target
	} else if name, after, ok := strings.Cut(body, ": "); ok {
		verdict, rest, _ = strings.Cut(after, " ")
		program = name
	} else if verdict, rest, _ = strings.Cut(body, " "); strings.Contains(rest, " from ") {
		program, _, _ = strings.Cut(rest, " ")
	}
	if verdict != "Allow" && verdict != "Deny" {
		return
	}
	a := &e.Attributes
	e.Source = "network"
	set(a, "program", program)
	a.Set("verdict", verdict)
	f := strings.Fields(rest)
	action := "connect"
	for i, word := range f {
		next := ""
		if i+1 < len(f) {
			next = f[i+1]
		}
		switch word {
		case "TCP", "UDP", "ICMP":
			a.Set("protocol", word)
			if ip, port := splitPort(next); isAddress(ip) {
				setAll(a, "dst_ip", ip, "dst_port", port)
			}
		case "LISTEN":
			action = "listen"
		case "from":
			ip, port := splitPort(next)
			from(a, ip)
			set(a, attrSrcPort, port)
		case "port":
			set(a, "dst_port", digits(next))
		}
	}
	outcome := "success"
	if verdict == "Deny" {
		action, outcome = "block", "failure"
	}
	setAll(a, attrAction, action, attrOutcome, outcome)
}

// macInstallLine reads install.log: 2026-11-20 12:34:56+01 host installd[123]: text
//
// The zone is of hours; where it has minutes too, the program has to tell.
func macInstallLine(t *tale, text string) string {
	if len(text) < 24 || text[10] != ' ' || text[19] != '+' && text[19] != '-' {
		return "no time"
	}
	zone, rest, ok := strings.Cut(text[19:], " ")
	host, rest, more := strings.Cut(rest, " ")
	process, pid, body := tag(rest)
	if !ok || !more || process == "" {
		return "no line of install.log"
	}
	switch {
	case len(zone) == 3:
		zone += ":00"
	case !strings.Contains(strings.ToLower(process), "install") && process != "softwareupdated": // others write so too
		return "no line of install.log"
	}
	s, ok := isoStamp(text[:19]+zone, t.j.clock)
	if !ok || !s.zoned {
		return "no time"
	}
	t.e.Time, t.e.Precision = s.time, s.precision
	t.j.told(t.a, wording{}, text[:19+strings.IndexByte(text[19:], ' ')])
	t.e.Source, t.e.Host = "system", host
	t.set("process", process)
	t.set("pid", pid)
	t.e.Message = process + ": " + body
	if name, version, ok := strings.Cut(between(body, `Installed "`, ")"), `" (`); ok {
		t.e.Source, t.e.TimeKind = "package", timeline.Installed
		t.set(attrAction, "install")
		t.set("package", name)
		t.set("version", version)
	}
	if strings.Contains(body, "installation failed") || strings.Contains(body, "Install failed") {
		t.set(attrAction, "install")
		t.set(attrOutcome, "failure")
	}
	return ""
}

// Records of macOS' utmpx: user, id, terminal, process, type, time, host.
const (
	macUtmpxSize      = 628
	macUtmpxSignature = "utmpx-1.00"
)

func isMacUtmpx(_ string, head []byte) bool {
	return bytes.HasPrefix(head, []byte(macUtmpxSignature+"\x00")) && len(head) >= macUtmpxSize
}

// parseMacUtmpx reads /var/run/utmpx, whose first record is its signature.
//
// Reference: Apple, Libc, gen/utmpx-darwin.c and include/utmpx.h.
func parseMacUtmpx(j *job, r *bufio.Reader) error {
	return eachRecord(j, r, macUtmpxSize, func(offset int64, b []byte) error {
		const user, id, line, pid, kind, sec, usec, host = 0, 256, 260, 292, 296, 300, 304, 308
		n := binary.LittleEndian.Uint16(b[kind:])
		if n == 10 { // the signature
			return nil
		}
		e := timeline.Event{Source: "auth", Precision: timeline.Microsecond, TimeKind: timeline.Logged}
		s, micro := binary.LittleEndian.Uint32(b[sec:]), binary.LittleEndian.Uint32(b[usec:])
		if micro < 1e6 {
			if at, ok := epoch(int64(s), int64(micro)*1000); ok {
				e.Time = at
			}
		}
		name, odd := cString(b[user:id])
		tty, _ := cString(b[line:pid])
		from, _ := cString(b[host : host+256])
		sessionOf(&e, name, tty, from, "")
		var action, words string
		switch n {
		case 0:
			words = "an empty record"
		case 2:
			e.User, action, words, e.TimeKind = "", "boot", "boot", timeline.Started
		case 7:
			action, words, e.TimeKind = "login", "login of "+named(name), timeline.Started
			e.Attributes.Set(attrOutcome, "success")
		case 8:
			action, words, e.TimeKind = "logout", "logout of "+named(name), timeline.Ended
		case 11:
			e.User, action, words, e.TimeKind = "", "shutdown", "shutdown", timeline.Ended
		case 1, 3, 4, 5, 6, 9:
			words = strings.ToLower([]string{1: "RUN_LVL", 3: "OLD_TIME", 4: "NEW_TIME", 5: "INIT_PROCESS", 6: "LOGIN_PROCESS", 9: "ACCOUNTING"}[n])
		default:
			j.reject(offset, nil, "a record of an unknown type")
			return nil
		}
		if odd {
			e.Attributes.Set(attrEncoding, "escaped")
		}
		setAll(&e.Attributes, attrAction, action, "pid", unless(binary.LittleEndian.Uint32(b[pid:]), 0))
		e.Message = say(words, pre("on ", tty), pre("from ", from))
		return j.add(offset, e)
	})
}

// parseTracev3 tells what to do with the unified log's own files.
func parseTracev3(j *job, _ *bufio.Reader) error {
	j.note("the unified log's own files (tracev3) are not read: export them on a Mac with `log show --archive FOLDER.logarchive --style ndjson > log.ndjson`, and bring that in")
	return nil
}

// isTracev3 knows the header chunk: tag 0x1000, subtag 0x11, 0xd0 bytes.
func isTracev3(_ string, head []byte) bool {
	return len(head) >= 16 && binary.LittleEndian.Uint32(head) == 0x1000 && binary.LittleEndian.Uint32(head[4:]) == 0x11 &&
		binary.LittleEndian.Uint64(head[8:]) == 0xd0
}
