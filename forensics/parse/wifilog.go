package parse

import (
	"bufio"
	"bytes"
	"strings"

	"firebreak/timeline"
)

// parseWifiLog reads wifi.log of macOS: the day of the week, a date without a year,
// and who says it in angles; the line at its rotation is one of syslog. Local
// times.
//
// Reference: the files themselves.
func parseWifiLog(j *job, r *bufio.Reader) error {
	j.calendar.stamp = wifiStamp
	near := 0
	return eachLine(j, r, func(ln line) error {
		ln.held, ln.valid = false, false
		e := timeline.Event{TimeKind: timeline.Logged, Source: "network", Attributes: make(timeline.Attributes, 0, attrRoom)}
		t := tale{j: j, e: &e, a: &e.Attributes}
		if why := wifiLine(&t, textOf(ln, t.a), ln.offset, &near); why != "" {
			j.reject(ln.offset, ln.text, why)
			return nil
		}
		return j.add(ln.offset, e)
	})
}

// wifiStamp is a date with or without the day of the week in front.
func wifiStamp(b []byte) (bsd, bool) {
	front := 0
	if len(b) > 4 && b[3] == ' ' && bytes.Contains([]byte("Mon Tue Wed Thu Fri Sat Sun "), b[:4]) {
		front = 4
	}
	s, ok := bsdStamp(b[front:])
	s.size += front
	return s, ok
}

func wifiLine(t *tale, text string, offset int64, near *int) string {
	s, ok := wifiStamp(bytesOf(text))
	if !ok {
		return "no time"
	}
	if why := t.dated(s, text, offset, near); why != "" {
		return why
	}
	rest := strings.TrimSpace(text[s.size:])
	t.e.Message = rest
	if who, said, ok := strings.Cut(rest, "> "); ok && strings.HasPrefix(who, "<") {
		name, pid, _ := strings.Cut(who[1:], "[")
		t.set("process", name)
		t.set("pid", strings.TrimSuffix(pid, "]"))
		t.e.Message = said
	}
	for _, quotes := range [...][2]string{{"associated to “", "”"}, {"ssid=", ","}, {"Successfully associated to Wi-Fi network ", "."}} {
		if ssid := between(rest, quotes[0], quotes[1]); ssid != "" {
			t.set("ssid", ssid)
			t.set(attrAction, "connect")
			break
		}
	}
	t.set("bssid", between(rest, "bssid=", ","))
	return ""
}

func isWifiLog(name string, head []byte) bool {
	named := strings.HasPrefix(strings.ToLower(name), "wifi")
	for range 4 {
		text, rest, _ := bytes.Cut(head, []byte("\n"))
		if s, ok := wifiStamp(text); ok && s.size < len(text) {
			said := text[s.size:]
			if bytes.HasPrefix(said, []byte(" <airportd[")) || named && (bytes.Contains(said, []byte("airportd")) || bytes.Contains(said, []byte(" <")) || bytes.Contains(said, []byte(" ***"))) {
				return true
			}
		}
		head = rest
	}
	return false
}
