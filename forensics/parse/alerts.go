package parse

import (
	"bufio"
	"bytes"
	"strings"

	"firebreak/timeline"
)

// parseFastAlerts reads the alerts of Snort and Suricata that are lines:
//
//	MM/DD[/YYYY]-hh:mm:ss.ffffff  [**] [1:2019401:3] text [**] [Classification: …] [Priority: 1] {TCP} 10.0.0.1:5 -> 10.0.0.2:80
//
// Snort 3 has the text in quotes, and Snort writes years of two digits (-y) or
// none: then they are counted as those of syslog. Local times.
//
// Reference: Snort 2, src/output-plugins/spo_alert_fast.c; Snort 3,
// src/loggers/alert_fast.cc; Suricata, src/alert-fastlog.c.
func parseFastAlerts(j *job, r *bufio.Reader) error {
	j.calendar.stamp = fastStamp
	near := 0
	return eachLine(j, r, func(ln line) error {
		ln.held, ln.valid = false, false
		e := timeline.Event{TimeKind: timeline.Logged, Source: "ids", Attributes: make(timeline.Attributes, 0, attrRoom)}
		t := tale{j: j, e: &e, a: &e.Attributes}
		why := fastAlert(&t, textOf(ln, t.a), ln.offset, &near)
		if why != "" {
			j.reject(ln.offset, ln.text, why)
			return nil
		}
		return j.add(ln.offset, e)
	})
}

// fastStamp reads the time in front; the year is 0 where there is none.
func fastStamp(b []byte) (bsd, bool) {
	var s bsd
	if len(b) < 14 || b[2] != '/' {
		return s, false
	}
	s.mon, s.day = two(b, 0), two(b, 3)
	i := 5
	if b[i] == '/' {
		year := digits(view(b[6:min(len(b), 11)]))
		switch len(year) {
		case 2:
			s.year = 2000 + two(year, 0)
		case 4:
			s.year = two(year, 0)*100 + two(year, 2)
		default:
			return s, false
		}
		i += 1 + len(year)
	}
	if i+9 > len(b) || b[i] != '-' || s.mon < 1 || s.mon > 12 || s.day < 1 || s.day > daysIn(s.mon, 2000) {
		return s, false
	}
	var ok bool
	if s.h, s.m, s.s, ok = clock(b, i+1); !ok {
		return s, false
	}
	s.size = i + 9
	if s.size < len(b) && b[s.size] == '.' {
		frac := digits(view(b[s.size+1 : min(len(b), s.size+10)]))
		s.digits = len(frac)
		s.nsec, _ = fraction(frac)
		s.size += 1 + len(frac)
	}
	return s, s.size < len(b) && b[s.size] == ' '
}

func fastAlert(t *tale, text string, offset int64, near *int) string {
	s, ok := fastStamp(bytesOf(text))
	if !ok {
		return "no time"
	}
	rest, ok := strings.CutPrefix(strings.TrimLeft(text[s.size:], " "), "[")
	if !ok {
		return "no alert"
	}
	if why := t.dated(s, text, offset, near); why != "" {
		return why
	}
	if verdict, tail, ok := strings.Cut(rest, "] [**] ["); ok && verdict != "**" { // [Drop] [**]
		t.set("verdict", verdict)
		rest = tail
	} else {
		rest = strings.TrimPrefix(rest, "**] [")
	}
	id, rest, ok := strings.Cut(rest, "] ")
	if !ok {
		return "no alert"
	}
	t.set("signature_id", id)
	rule, rest, ok := strings.Cut(rest, " [**]")
	if !ok {
		return "no alert"
	}
	rule = strings.Trim(rule, `"`)
	t.set("rule", rule)
	if class := between(rest, "[Classification: ", "]"); class != "(null)" {
		t.set("category", class)
	}
	t.set("severity", between(rest, "[Priority: ", "]"))
	protocol := between(rest, "{", "}")
	t.set("protocol", protocol)
	if i := strings.LastIndex(rest, "} "); i >= 0 {
		src, dst, ok := strings.Cut(strings.TrimSpace(rest[i+2:]), " -> ")
		if !ok {
			return "no addresses"
		}
		for _, x := range [...]struct{ at, ip, port string }{{src, attrSrcIP, attrSrcPort}, {dst, "dst_ip", "dst_port"}} {
			ip, port := alertPeer(x.at)
			t.set(x.ip, ip)
			t.set(x.port, port)
		}
		t.e.Message = say(rule, post(t.get("category")), protocol, src, "->", dst)
		return ""
	}
	return "no addresses"
}

// alertPeer takes the port off an address. An IPv6 address is written in all of
// its eight groups, and the port is the ninth.
func alertPeer(s string) (ip, port string) {
	if strings.Count(s, ":") == 8 {
		i := strings.LastIndexByte(s, ':')
		s, port = s[:i], s[i+1:]
	} else if ip, p := splitPort(s); p != "" {
		s, port = ip, p
	}
	return plainAddress(s), port
}

// between is what stands between two texts, or nothing.
func between(s, from, to string) string {
	_, tail, ok := strings.Cut(s, from)
	if !ok {
		return ""
	}
	text, _, ok := strings.Cut(tail, to)
	if !ok {
		return ""
	}
	return text
}

func isFastAlerts(_ string, head []byte) bool {
	text, _, _ := bytes.Cut(head, []byte("\n"))
	s, ok := fastStamp(text)
	return ok && bytes.Contains(text[s.size:], []byte("[**]")) && bytes.Contains(text, []byte(" -> "))
}
