package parse

import (
	"encoding/json"
	"strings"

	"firebreak/timeline"
)

// object fills the event from a line of JSON, as nginx (with the usual names),
// Caddy and Traefik write access logs. What has no place of its own becomes an
// attribute under its own name. The answer says why the line is none.
func (r *accessReader) object(j *job, e *timeline.Event, text string) string {
	if !json.Valid(bytesOf(text)) || text == "" || text[0] != '{' {
		return "no JSON object"
	}
	q := jsonRequest{a: &e.Attributes}
	objectMembers(text, q.member)
	if q.tooMany {
		return "too many members"
	}
	if q.method == "" && q.request != "" {
		q.method, q.url, q.protocol = accessRequest(q.request)
	}
	if q.method == "" || q.url == "" || q.status == "" {
		return "no access log line"
	}
	var as wording
	if s, ok := isoStamp(q.when, j.clock); ok && s.size == len(q.when) {
		e.Time, e.Precision, as = s.time, s.precision, s.as
		if !s.zoned {
			e.Attributes.Set(attrAssumed, doubt(j.assumedZone(), s.how))
			j.note("local times without a zone: " + j.assumedZone())
		}
	} else if t, w, ok := r.time(q.when); ok {
		e.Time, e.Precision, as = t, timeline.Second, w
	} else if t, precision, ok := decimalTime(q.when); ok {
		e.Time, e.Precision, as = t, precision, decimalForm(q.when)
	} else {
		return "no time"
	}
	e.TimeKind, e.Source = timeline.Logged, "web"
	e.User = dash(q.user)
	a := &e.Attributes
	for _, x := range [...]struct{ name, value string }{
		{"bytes", q.size},
		{"method", q.method},
		{"protocol", q.protocol},
		{"referer", dash(q.referer)},
		{"status", q.status},
		{"url", q.url},
		{"user_agent", dash(q.agent)},
		{"vhost", dash(q.host)},
	} {
		set(a, x.name, x.value)
	}
	from(a, q.client)
	j.told(a, as, q.when)
	e.Message = j.room.join(q.method, " ", q.url)
	if q.protocol != "" {
		e.Message = j.room.join(e.Message, " ", q.protocol)
	}
	e.Message = j.room.join(e.Message, " ", q.status)
	return ""
}

// jsonRequest gathers what the members of such a line say.
type jsonRequest struct {
	a                              *timeline.Attributes
	when, client, user, host       string
	request, method, url, protocol string
	status, size, referer, agent   string
	tooMany                        bool
}

// member takes one member, under the names that the servers and people give it.
func (q *jsonRequest) member(name, value string, raw bool) {
	keep := func(to *string) {
		if *to == "" {
			*to = value
		}
	}
	switch name {
	case "time_iso8601", "time_local", "time", "timestamp", "@timestamp", "ts", "msec", "StartUTC":
		if name == "StartUTC" || q.when == "" { // the more exact of Traefik's two
			q.when = value
		}
	case "remote_addr", "client_ip", "remote_ip", "client", "ClientHost", "ip":
		keep(&q.client)
	case "remote_user", "user_id", "ClientUsername":
		keep(&q.user)
	case "host", "server_name", "http_host", "vhost", "RequestHost":
		keep(&q.host)
	case "request":
		if raw && strings.HasPrefix(value, "{") { // Caddy
			objectMembers(value, q.member)
			return
		}
		keep(&q.request)
	case "request_method", "method", "RequestMethod":
		keep(&q.method)
	case "request_uri", "uri", "url", "path", "RequestPath":
		keep(&q.url)
	case "server_protocol", "protocol", "proto", "RequestProtocol":
		keep(&q.protocol)
	case "status", "DownstreamStatus":
		keep(&q.status)
	case "body_bytes_sent", "bytes_sent", "bytes", "size", "DownstreamContentSize":
		keep(&q.size)
	case "http_referer", "http_referrer", "referer", "referrer", "request_Referer":
		keep(&q.referer)
	case "http_user_agent", "user_agent", "agent", "request_User-Agent":
		keep(&q.agent)
	case "headers": // Caddy: lists of texts
		objectMembers(value, func(name, value string, _ bool) {
			var list []string
			switch strings.ToLower(name) {
			case "user-agent", "referer":
				if json.Unmarshal([]byte(value), &list) != nil || len(list) == 0 {
					return
				}
				if text, _ := clean([]byte(list[0])); strings.EqualFold(name, "referer") {
					q.referer = text
				} else {
					q.agent = text
				}
			}
		})
		q.other(name, value)
	default:
		q.other(name, value)
	}
}

// other keeps what has no place of its own.
func (q *jsonRequest) other(name, value string) {
	if len(*q.a) >= maxMembers {
		q.tooMany = true
		return
	}
	if value != "" && !q.a.Has(name) {
		q.a.Set(name, value)
	}
}

// objectMembers is walkObject without copies: texts without quotes and escapes,
// all else raw; null is empty.
func objectMembers(s string, f func(name, value string, raw bool)) {
	if s == "" || s[0] != '{' {
		return
	}
	b := bytesOf(s)
	i := skipSpace(b, 1)
	for i < len(b) && b[i] != '}' {
		end := skipValue(b, i)
		name := unquote(s[i:end])
		i = min(skipSpace(b, skipSpace(b, end)+1), len(b)) // the colon
		end = skipValue(b, i)
		value, raw := s[i:end], true
		switch {
		case value != "" && value[0] == '"':
			value, raw = unquote(value), false
		case value == "null":
			value = ""
		case !tidy(b[i:end]):
			value, _ = clean(b[i:end])
		}
		f(name, value, raw)
		if i = skipSpace(b, end); i < len(b) && b[i] == ',' {
			i = skipSpace(b, i+1)
		}
	}
}

// unquote is a quoted text of valid JSON; it shares memory where nothing in it
// is escaped.
func unquote(s string) string {
	if len(s) < 2 {
		return ""
	}
	if inner := s[1 : len(s)-1]; strings.IndexByte(inner, '\\') < 0 && tidy(bytesOf(inner)) {
		return inner
	}
	var out string
	if json.Unmarshal([]byte(s), &out) != nil {
		return s[1 : len(s)-1]
	}
	out, _ = clean([]byte(out))
	return out
}
