package parse

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/hex"
	"path"
	"strconv"
	"strings"

	"firebreak/timeline"
)

// Zeek's logs, as columns under a heading and as JSON.
//
// Reference: docs.zeek.org, "Zeek Log Formats and Inspection" and the scripts
// of each log. ts is in seconds since 1970 with six digits, UTC; JSON may have it
// as ISO 8601. The log's name is #path, _path, or the file's.

// parseZeek reads the form with columns: lines that begin with # say how the
// values are separated, what empty ones look like, and how the columns are
// named.
func parseZeek(j *job, r *bufio.Reader) error {
	z := &zeek{j: j, sep: "\t", none: "-", empty: "(empty)", log: zeekName(j.src.Exhibit.Source)}
	return eachLine(j, r, z.line)
}

type zeek struct {
	j                     *job
	sep, none, empty, log string
	fields                []string
}

func (z *zeek) line(ln line) error {
	if ln.text[0] == '#' {
		z.heading(string(ln.text[:min(len(ln.text), 64<<10)]))
		return nil
	}
	if z.fields == nil {
		z.j.reject(ln.offset, ln.text, "values without #fields above")
		return nil
	}
	e := z.j.slot()
	e.TimeKind = timeline.Logged
	t := tale{j: z.j, e: e, a: &e.Attributes}
	text := textOf(ln, t.a)
	if ln.valid || ln.held {
		text = strings.Clone(text)
	}
	n := 0
	for value := range strings.SplitSeq(text, z.sep) {
		if n == len(z.fields) {
			z.j.reject(ln.offset, ln.text, "more values than fields")
			return nil
		}
		name := z.fields[n]
		n++
		if value != z.none && value != z.empty && value != "" && !isOurs(name) {
			t.a.Set(name, value)
		}
	}
	if n < len(z.fields) {
		z.j.reject(ln.offset, ln.text, "fewer values than fields")
		return nil
	}
	if why := tellZeek(&t, z.log); why != "" {
		z.j.reject(ln.offset, ln.text, why)
		return nil
	}
	return z.j.keep(ln.offset)
}

// heading takes a line of the heading; a new one begins anew.
func (z *zeek) heading(text string) {
	if rest, ok := strings.CutPrefix(text, "#separator "); ok {
		if b, err := hex.DecodeString(strings.ReplaceAll(rest, `\x`, "")); err == nil && len(b) > 0 && len(b) < 8 && strings.HasPrefix(rest, `\x`) {
			rest = string(b)
		}
		if rest != "" {
			z.sep = rest
		}
		return
	}
	name, value, _ := strings.Cut(text, z.sep)
	switch name {
	case "#empty_field":
		z.empty = value
	case "#unset_field":
		z.none = value
	case "#path":
		z.log = value
	case "#fields":
		z.fields = strings.Split(value, z.sep)
		if len(z.fields) > maxMembers {
			z.fields = z.fields[:maxMembers]
		}
	}
}

// zeekName is a log's name by its file: conn.12:00:00-13:00:00.log is conn.
func zeekName(source string) string {
	name, _, _ := strings.Cut(path.Base(source), ".")
	return name
}

func isZeek(_ string, head []byte) bool {
	return bytes.HasPrefix(head, []byte("#separator ")) || bytes.HasPrefix(head, []byte("#fields\tts\t"))
}

// zeekJSON reads the form with a JSON object a line.
func zeekJSON() service {
	return service{
		knows: func(h recordHead) bool {
			return h.has("ts") && (h.any("uid", "_path", "id.orig_h", "id.resp_h", "fuid") || h.has("note", "msg") || h.has("host", "port_num", "port_proto"))
		},
		tell: func(t *tale) string { return tellZeek(t, cmp.Or(t.get("_path"), zeekName(t.j.src.Exhibit.Source))) },
	}
}

// tellZeek fills the event from the columns of a log.
func tellZeek(t *tale, log string) string {
	ts := t.get("ts")
	if !t.zeekTime(ts) && !t.when(ts) {
		return "no time"
	}
	t.a.Delete("ts")
	t.set("log", log)
	t.e.Source = "network"
	t.set(attrSrcIP, t.get("id.orig_h"))
	t.set(attrSrcPort, t.get("id.orig_p"))
	t.set("dst_ip", t.get("id.resp_h"))
	t.set("dst_port", t.get("id.resp_p"))
	flow := arrow(t.get("id.orig_h"), t.get("id.orig_p"), t.get("id.resp_h"), t.get("id.resp_p"))
	what := ""
	switch log {
	case "conn":
		t.set(attrAction, "connect")
		t.set("bytes", sum(t.get("orig_bytes"), t.get("resp_bytes")))
		what = say(t.get("proto"), t.get("service"), t.get("conn_state"))
	case "dns":
		t.e.Source = "dns"
		t.set("domain", t.get("query"))
		what = say(t.get("qtype_name"), t.get("query"), t.get("rcode_name"), pre("= ", t.get("answers")))
	case "http":
		t.e.Source = "web"
		t.set("domain", t.get("host"))
		t.set("url", t.get("uri"))
		t.set("status", t.get("status_code"))
		t.set("referer", t.get("referrer"))
		t.e.User = t.get("username")
		what = say(t.get("method"), t.get("host")+t.get("uri"), t.get("status_code"))
	case "ssl":
		t.set("domain", t.get("server_name"))
		what = say(t.get("version"), t.get("server_name"), t.get("subject"))
	case "files":
		t.e.Source = "file"
		t.set("path", t.get("filename"))
		t.set("size", t.get("seen_bytes"))
		t.set("hash_md5", t.get("md5"))
		t.set("hash_sha1", t.get("sha1"))
		if t.a.Get(attrSrcIP) == "" {
			t.peer(t.texts("tx_hosts"))
			t.set("dst_ip", t.texts("rx_hosts"))
		}
		what = say(t.get("source"), t.get("mime_type"), t.get("filename"), t.get("md5", "sha1"))
	case "notice", "weird":
		t.e.Source = "ids"
		t.set("rule", t.get("note", "name"))
		if t.a.Get(attrSrcIP) == "" {
			t.peer(t.get("src"))
			t.set("dst_ip", t.get("dst"))
		}
		what = say(t.get("note", "name"), pre(": ", cmp.Or(say(t.get("msg"), t.get("sub")), t.get("addl"))))
	case "ssh":
		t.e.Source = "auth"
		switch t.get("auth_success") {
		case "T", "true":
			t.set(attrAction, "login")
			t.set(attrOutcome, "success")
			what = "login"
		case "F", "false":
			t.set(attrAction, "login")
			t.set(attrOutcome, "failure")
			what = "failed login"
		}
		what = say(what, t.get("client"), pre("to ", t.get("server")))
	case "ftp":
		t.e.Source = "ftp"
		t.e.User = t.get("user")
		what = say(t.get("command"), t.get("arg"), t.get("reply_code"))
	case "smb_files", "smb_mapping":
		t.e.Source = "file"
		t.set("path", say(t.get("path")))
		what = say(t.get("action"), t.get("path"), t.get("name"))
	case "rdp":
		t.e.User = t.get("cookie")
		what = say(t.get("cookie"), t.get("result"))
	case "kerberos", "ntlm":
		t.e.Source = "auth"
		t.e.User = t.get("client", "username")
		what = say(t.get("request_type"), t.e.User, t.get("service", "hostname"), t.get("error_msg"))
		switch t.get("success") {
		case "T", "true":
			t.set(attrOutcome, "success")
		case "F", "false":
			t.set(attrOutcome, "failure")
		}
	case "smtp":
		t.e.Source = "mail"
		what = say(t.get("mailfrom"), pre("to ", t.texts("rcptto")), pre(": ", t.get("subject")))
	case "dhcp":
		what = say(t.get("mac"), t.get("assigned_addr", "assigned_ip"), t.get("host_name"))
	case "x509":
		what = cmp.Or(t.get("certificate.subject"), t.get("san.dns"))
	default:
		what = t.get("msg", "message", "name", "value", "host", "software_type")
	}
	t.e.Message = say(log, pre(": ", what), flow)
	return ""
}

// zeekTime reads seconds with six digits; JSON may have lost zeros at the end.
func (t *tale) zeekTime(ts string) bool {
	at, precision, ok := decimalTime(ts)
	if !ok {
		return false
	}
	t.e.Time, t.e.Precision = at, precision
	if precision != timeline.Nanosecond {
		t.e.Precision = timeline.Microsecond
	}
	t.j.told(t.a, decimalForm(ts), ts)
	return true
}

// sum adds two counts; "" where neither is one.
func sum(a, b string) string {
	x, err1 := strconv.ParseInt(a, 10, 62)
	y, err2 := strconv.ParseInt(b, 10, 62)
	if err1 != nil && err2 != nil {
		return ""
	}
	return strconv.FormatInt(x+y, 10)
}
