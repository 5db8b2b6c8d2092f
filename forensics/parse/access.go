package parse

import (
	"bytes"
	"net/netip"
	"strings"
	"time"

	"firebreak/timeline"
)

// newAccess reads access logs of web servers in the common and the combined
// form, with or without the virtual host in front:
//
//	[vhost[:port] ]host ident user [time] "request" status bytes[ "referer" "agent"]
//
// and their like in JSON, one object a line (accessjson.go).
//
// Reference: httpd.apache.org, mod_log_config; nginx.org, ngx_http_log_module.
func newAccess(j *job) lineReader {
	var r accessReader
	return each(func(ln line) error {
		e := j.slot()
		e.Precision, e.TimeKind, e.Source = timeline.Second, timeline.Logged, "web"
		text := textOf(ln, &e.Attributes)
		why := "no access log line"
		if ln.text[0] == '{' {
			why = r.object(j, e, text)
		} else if r.line(j, e, text) {
			why = ""
		}
		if why != "" {
			j.reject(ln.offset, ln.text, why)
			return nil
		}
		return j.keep(ln.offset)
	})
}

// accessReader reads single lines; it remembers the day of the last one.
type accessReader struct {
	day  string
	days int64
}

// accessTime reads "10/Oct/2000:13:55:36 -0700".
func (r *accessReader) time(s string) (time.Time, wording, bool) {
	w := wording{layout: webLayout}
	if len(s) != 26 || s[2] != '/' || s[6] != '/' || s[11] != ':' || s[20] != ' ' {
		return time.Time{}, w, false
	}
	if s[:11] != r.day {
		d, mon, c, y := two(s, 0), monthOf(s[3:]), two(s, 7), two(s, 9)
		if mon == 0 || c < 0 || y < 0 || d < 1 || d > daysIn(mon, c*100+y) {
			return time.Time{}, w, false
		}
		r.day, r.days = strings.Clone(s[:11]), days(c*100+y, mon, d)
	}
	h, m, sec, ok := clock(s, 12)
	offset, n := zoneAt(s[21:])
	if !ok || n != 5 {
		return time.Time{}, w, false
	}
	if sec == 60 {
		w.layout = asWritten
	}
	w.zone, w.shift = s[20:], offset
	utc := r.days*86400 + int64(h*3600+m*60+sec) - offset
	return time.Unix(utc, 0).UTC(), w, utc > 0 && utc < maxSeconds
}

// line fills the event from one line.
func (r *accessReader) line(j *job, e *timeline.Event, text string) bool {
	client, rest, ok := strings.Cut(text, " [")
	if !ok {
		return false
	}
	when, rest, ok := strings.Cut(rest, "] ")
	if !ok {
		return false
	}
	var as wording
	if e.Time, as, ok = r.time(when); !ok {
		return false
	}
	vhost, host, user, ok := accessClient(client)
	if !ok {
		return false
	}
	request, rest, ok := accessQuoted(rest)
	if !ok {
		return false
	}
	status, rest, ok := strings.Cut(strings.TrimLeft(rest, " "), " ")
	if !ok || len(status) != 3 && status != "-" {
		return false
	}
	size, rest, more := strings.Cut(rest, " ")
	e.User = user
	e.Message = j.room.join(request, " ", status)
	var referer, agent string
	if more {
		if r, tail, ok := accessQuoted(rest); ok {
			referer = dash(r)
			if a, _, ok := accessQuoted(strings.TrimLeft(tail, " ")); ok {
				agent = dash(a)
			}
		}
	}
	method, url, protocol := accessRequest(request)
	a := &e.Attributes // in the order of their names
	a.Set("bytes", size)
	set(a, "method", method)
	set(a, "protocol", protocol)
	set(a, "referer", referer)
	from(a, host)
	a.Set("status", status)
	j.told(a, as, when)
	if method != "" {
		a.Set("url", url)
	}
	set(a, "user_agent", agent)
	set(a, "vhost", vhost)
	return true
}

// set sets an attribute that has a value.
func set(a *timeline.Attributes, name, value string) {
	if value != "" {
		a.Set(name, value)
	}
}

// dash is the text, or nothing where a dash stands for it.
func dash(s string) string {
	if s == "-" {
		return ""
	}
	return s
}

// accessRequest reads "METHOD URL PROTOCOL"; a URL may hold blanks.
func accessRequest(s string) (method, url, protocol string) {
	method, url, ok := strings.Cut(s, " ")
	if !ok {
		return "", "", ""
	}
	if i := strings.LastIndexByte(url, ' '); i >= 0 && strings.HasPrefix(url[i+1:], "HTTP/") {
		url, protocol = url[:i], url[i+1:]
	}
	return method, url, protocol
}

// accessClient reads "[vhost ]host ident user"; a user's name may hold blanks.
func accessClient(s string) (vhost, host, user string, ok bool) {
	host, rest, ok := strings.Cut(s, " ")
	if !ok || host == "" {
		return "", "", "", false
	}
	second, tail, ok := strings.Cut(rest, " ")
	if !ok {
		return "", "", "", false
	}
	if _, _, four := strings.Cut(tail, " "); four {
		if _, err := netip.ParseAddr(host); err != nil {
			if _, err := netip.ParseAddr(second); err == nil || strings.Contains(host, ":") {
				vhost, host = host, second
				_, tail, _ = strings.Cut(tail, " ")
			}
		}
	}
	if tail == "-" || tail == `""` {
		tail = ""
	}
	return vhost, host, tail, host != ""
}

// accessQuoted takes a quoted text off the front; a backslash escapes.
func accessQuoted(s string) (text, rest string, ok bool) {
	if s == "" || s[0] != '"' {
		return "", s, false
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return s[1:i], s[i+1:], true
		}
	}
	return "", s, false
}

func isAccess(_ string, head []byte) bool {
	j := &job{plain: &plain{}}
	var r accessReader
	for range 4 {
		var text []byte
		text, head, _ = bytes.Cut(head, []byte("\n"))
		e := timeline.Event{}
		if len(text) >= 16<<10 || len(text) == 0 {
			continue
		}
		if text[0] == '{' && r.object(j, &e, string(text)) == "" || r.line(j, &e, string(text)) {
			return true
		}
	}
	return false
}
