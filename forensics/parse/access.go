package parse

import (
	"bufio"
	"bytes"
	"net/netip"
	"strings"

	"firebreak/timeline"
)

// parseAccess reads access logs of web servers in the common and the combined
// form, with or without the virtual host in front:
//
//	[vhost[:port] ]host ident user [time] "request" status bytes[ "referer" "agent"]
func parseAccess(j *job, r *bufio.Reader) error {
	return eachLine(j, r, func(ln line) error {
		e := timeline.Event{Precision: timeline.Second, TimeKind: timeline.Logged, Source: "web", Attributes: make(timeline.Attributes, 0, 12)}
		if !accessLine(&e, textOf(ln, &e.Attributes)) {
			j.reject(ln.offset, ln.text, "no access log line")
			return nil
		}
		return j.add(ln.offset, e)
	})
}

// accessLine fills the event from one line.
func accessLine(e *timeline.Event, text string) bool {
	a := &e.Attributes
	client, rest, ok := strings.Cut(text, " [")
	if !ok {
		return false
	}
	when, rest, ok := strings.Cut(rest, "] ")
	if !ok {
		return false
	}
	if e.Time, ok = accessTime(when); !ok {
		return false
	}
	a.Set(attrTimeText, when)
	if !accessClient(e, client) {
		return false
	}
	request, rest, ok := accessQuoted(rest)
	if !ok {
		return false
	}
	f := strings.SplitN(strings.TrimLeft(rest, " "), " ", 3)
	if len(f) < 2 || len(f[0]) != 3 && f[0] != "-" {
		return false
	}
	a.Set("status", f[0])
	a.Set("bytes", f[1])
	e.Message = request + " " + f[0]
	if method, tail, ok := strings.Cut(request, " "); ok {
		a.Set("method", method)
		a.Set("url", tail)
		if url, proto, ok := lastCut(tail, " "); ok && strings.HasPrefix(proto, "HTTP/") {
			a.Set("url", url)
			a.Set("protocol", proto)
		}
	}
	if len(f) == 3 {
		if referer, tail, ok := accessQuoted(f[2]); ok {
			if referer != "-" {
				a.Set("referer", referer)
			}
			if agent, _, ok := accessQuoted(strings.TrimLeft(tail, " ")); ok && agent != "-" {
				a.Set("user_agent", agent)
			}
		}
	}
	return true
}

// accessClient reads "[vhost ]host ident user"; a user's name may hold blanks.
func accessClient(e *timeline.Event, s string) bool {
	f := strings.Split(s, " ")
	if len(f) >= 4 {
		if _, err := netip.ParseAddr(f[0]); err != nil {
			if _, err := netip.ParseAddr(f[1]); err == nil || strings.Contains(f[0], ":") {
				e.Attributes.Set("vhost", f[0])
				f = f[1:]
			}
		}
	}
	if len(f) < 3 || f[0] == "" {
		return false
	}
	from(&e.Attributes, f[0])
	if user := strings.Join(f[2:], " "); user != "-" && user != `""` {
		e.User = user
	}
	return true
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
	for range 4 {
		var text []byte
		text, head, _ = bytes.Cut(head, []byte("\n"))
		e := timeline.Event{}
		if len(text) < 4096 && accessLine(&e, string(text)) {
			return true
		}
	}
	return false
}
