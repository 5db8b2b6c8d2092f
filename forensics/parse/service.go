package parse

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"firebreak/timeline"
)

// service is a log in JSON that a service, an agent or a sensor writes. Its
// records come one a line, in arrays, or in the arrays of one object around
// them (documents.go).
//
// Members become attributes under their own names, those of objects within
// joined by dots (userIdentity.arn), so that rules written for the service
// apply; arrays stay JSON. Beside them stand the words that all formats share.
// Where one of these is also the name of a member with another value, that
// value moves to source.NAME.
type service struct {
	knows func(h recordHead) bool  // the first record is one of these
	inner string                   // the member whose text is the record itself, as the look-up of CloudTrail has it
	tell  func(t *tale) string     // fills the event; says why the record is none
	names func(path string) string // another name for a member, "" to leave it out; nil keeps all
}

// Limits of one record.
const (
	serviceDepth  = 8          // of objects whose members become attributes of their own
	maxAttributes = maxMembers // what is more is counted in members_missing
)

// noRecord is the answer of tell for what belongs to the file and tells nothing.
const noRecord = "no record"

// serviceRow is the row of a service in the table of formats.
func serviceRow(name string, s service, about About) parser {
	return parser{name: name, detect: s.detect, run: s.run, bound: true, about: about}
}

func (s service) detect(_ string, head []byte) bool {
	b := firstRecord(head)
	return b != nil && s.knows(headOf(b))
}

// run reads lines in chunks where the records are lines, else documents.
func (s service) run(j *job, r *bufio.Reader) error {
	head, err := r.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, errDamaged) {
		return err
	}
	if isJSONLines(j.text.head(head)) {
		return readChunks(j, r, s.lines)
	}
	return parseDocuments(j, r, func(offset int64, raw []byte) error { return s.record(j, offset, bytes.Clone(raw)) })
}

// lines reads records that are lines.
func (s service) lines(j *job) lineReader {
	return each(func(ln line) error {
		if ln.cut {
			j.reject(ln.offset, ln.text, "line is too long")
			return nil
		}
		text := ln.text
		if !ln.held {
			text = bytes.Clone(text)
		}
		return s.record(j, ln.offset, text)
	})
}

// record makes an event of one record, whose bytes stay until the event was
// handed over.
func (s service) record(j *job, offset int64, raw []byte) error {
	e := j.slot()
	e.TimeKind = timeline.Logged
	t := tale{j: j, e: e, a: &e.Attributes, names: s.names}
	switch why := s.fill(&t, raw); why {
	case "":
	case noRecord:
		return nil
	default:
		j.reject(offset, raw, why)
		return nil
	}
	return j.keep(offset)
}

func (s service) fill(t *tale, raw []byte) string {
	b := jsonLine(raw, t.a)
	if !json.Valid(b) {
		return "no JSON object"
	}
	text := strings.TrimSpace(view(b))
	if text == "" || text[0] != '{' {
		return "no JSON object"
	}
	t.flatten("", text, 1)
	if s.inner != "" {
		if in := strings.TrimSpace(t.a.Get(s.inner)); strings.HasPrefix(in, "{") && json.Valid(bytesOf(in)) {
			t.a.Delete(s.inner)
			t.flatten("", in, 1)
		}
	}
	if t.more > 0 {
		t.a.Set("members_missing", strconv.Itoa(t.more))
	}
	return s.tell(t)
}

// tale is the event of a record while it is told.
type tale struct {
	j     *job
	e     *timeline.Event
	a     *timeline.Attributes
	names func(string) string
	more  int // members beyond the limit
}

// flatten makes attributes of the members of an object.
func (t *tale) flatten(above, text string, depth int) {
	objectMembers(text, func(name, value string, raw bool) {
		path := name
		if above != "" {
			path = above + "." + name
		}
		if raw && len(value) > 2 && value[0] == '{' && depth < serviceDepth && len(*t.a) < maxAttributes {
			t.flatten(path, value, depth+1)
			return
		}
		if t.names != nil {
			path = t.names(path)
		}
		switch {
		case value == "" || path == "" || value == "{}" || value == "[]":
		case len(*t.a) >= maxAttributes:
			t.more++
		case isOurs(path):
			t.a.Set("source."+path, value)
		default:
			t.a.Set(path, value)
		}
	})
}

// isOurs knows the attributes that tell what we did with a record: a member of
// that name is not taken for it.
func isOurs(name string) bool {
	switch name {
	case attrAssumed, attrEncoding, attrRecovered, attrSuspect, attrTimeForm, attrTimeText, attrTruncated, "members_missing":
		return true
	}
	return false
}

// get is the first of these members that has a value.
func (t *tale) get(paths ...string) string {
	for _, p := range paths {
		if v := t.a.Get(p); v != "" {
			return v
		}
	}
	return ""
}

// at is a value within a member that stayed JSON, by a path as in "0.ARN".
func (t *tale) at(member, path string) string {
	v := t.a.Get(member)
	if v == "" || v[0] != '[' && v[0] != '{' {
		return ""
	}
	return jsonAt(bytesOf(v), path)
}

// texts is a member that is an array of texts, joined.
func (t *tale) texts(member string) string {
	v := t.a.Get(member)
	if strings.HasPrefix(v, "[") {
		return strings.Join(jsonTexts(bytesOf(v)), ", ")
	}
	return v
}

// set gives the event a word that all formats share. A member of that name with
// another value stays under source.NAME.
func (t *tale) set(name, value string) {
	if value == "" {
		return
	}
	if old := t.a.Get(name); old != "" && old != value {
		t.a.Set("source."+name, old)
	}
	t.a.Set(name, value)
}

// peer notes an address, with or without a port, or a name.
func (t *tale) peer(s string) {
	if s == "" {
		return
	}
	ip, port := splitPort(s)
	if ip = strings.Trim(ip, "[]"); isAddress(ip) {
		t.set(attrSrcIP, strings.TrimPrefix(ip, "::ffff:"))
		t.set(attrSrcPort, port)
		return
	}
	t.set(attrSrcHost, s)
}

// isAddress says whether s is an IP address.
func isAddress(s string) bool {
	if isIPv4(s) {
		return true
	}
	if strings.IndexByte(s, ':') < 0 {
		return false
	}
	_, err := netip.ParseAddr(s)
	return err == nil
}

// plainAddress is an address as it is usually written.
func plainAddress(s string) string {
	if ip, err := netip.ParseAddr(s); err == nil {
		return ip.Unmap().String()
	}
	return s
}

func itoa(n int) string { return strconv.Itoa(n) }

// splitPort takes the port off "10.0.0.1:22" and "[::1]:22".
func splitPort(s string) (host, port string) {
	i := strings.LastIndexByte(s, ':')
	if i <= 0 || i+1 == len(s) || strings.Trim(s[i+1:], "0123456789") != "" {
		return s, ""
	}
	if strings.IndexByte(s[:i], ':') >= 0 && s[i-1] != ']' {
		return s, "" // an IPv6 address
	}
	return strings.Trim(s[:i], "[]"), s[i+1:]
}

// when reads an ISO 8601 time; without a zone it is UTC, as services mean it.
func (t *tale) when(text string) bool {
	s, ok := isoStamp(text, utcClock())
	if !ok {
		return false
	}
	if rest := strings.TrimSpace(text[s.size:]); rest != "" && rest != "UTC" {
		return false
	}
	if s.size != len(text) {
		s.as.layout = asWritten
	}
	t.e.Time, t.e.Precision = s.time, s.precision
	t.j.told(t.a, s.as, text)
	return true
}

// since reads a number of seconds or milliseconds since 1970.
func (t *tale) since(text string, unit timeline.Precision) bool {
	at, precision, ok := unixTime(text, unit)
	if !ok {
		return false
	}
	t.e.Time, t.e.Precision = at, precision
	w := wording{}
	if unit == timeline.Second {
		w = decimalForm(text)
	}
	t.j.told(t.a, w, text)
	return true
}

// utcClock reads local times as UTC.
func utcClock() *localClock { return &localClock{zone: time.UTC} }

// say puts a message together: blanks between the parts that are not empty.
func say(parts ...string) string {
	n := 0
	for _, p := range parts {
		n += len(p) + 1
	}
	b := make([]byte, 0, n)
	for _, p := range parts {
		if p == "" {
			continue
		}
		if len(b) > 0 && p[0] != ':' && p[0] != ',' {
			b = append(b, ' ')
		}
		b = append(b, p...)
	}
	return view(b)
}

// pre is a word before a value, and nothing where there is none.
func pre(word, value string) string {
	if value == "" {
		return ""
	}
	return word + value
}

// post is a value in brackets, and nothing where there is none.
func post(value string) string {
	if value == "" {
		return ""
	}
	return "(" + value + ")"
}

// recordHead is what detection sees of a record: its members, and the beginning
// of their values. The last one may be cut.
type recordHead map[string][]byte

// headOf reads the members of an object that may be cut.
func headOf(b []byte) recordHead {
	h := recordHead{}
	i := skipSpace(b, 1)
	for i < len(b) && b[i] == '"' && len(h) < 64 {
		end := skipValue(b, i)
		if end-i < 2 || end >= len(b) {
			break
		}
		name := string(b[i+1 : end-1])
		i = skipSpace(b, end)
		if i >= len(b) || b[i] != ':' {
			break
		}
		i = skipSpace(b, i+1)
		end = skipValue(b, i)
		if end < i || end > len(b) {
			break
		}
		h[name] = b[min(i, len(b)):end]
		if i = skipSpace(b, end); i < len(b) && b[i] == ',' {
			i = skipSpace(b, i+1)
		}
	}
	return h
}

// has says whether all of these members are there.
func (h recordHead) has(names ...string) bool {
	for _, n := range names {
		if _, ok := h[n]; !ok {
			return false
		}
	}
	return true
}

// any says whether one of them is there.
func (h recordHead) any(names ...string) bool {
	for _, n := range names {
		if _, ok := h[n]; ok {
			return true
		}
	}
	return false
}

// is says whether a member is that text.
func (h recordHead) is(name, text string) bool { return string(h[name]) == `"`+text+`"` }

// verb is what an operation does, by the word that its name begins with.
func verb(operation string) string {
	low := strings.ToLower(operation)
	for _, v := range [...]struct{ word, action string }{
		{"create", "create"},
		{"add", "create"},
		{"new", "create"},
		{"insert", "create"},
		{"register", "create"},
		{"import", "create"},
		{"run", "create"},
		{"allocate", "create"},
		{"delete", "delete"},
		{"remove", "delete"},
		{"terminate", "delete"},
		{"destroy", "delete"},
		{"purge", "delete"},
		{"deregister", "delete"},
		{"rename", "rename"},
		{"move", "rename"},
		{"start", "start"},
		{"stop", "stop"},
		{"reboot", "start"},
		{"update", "modify"},
		{"put", "modify"},
		{"modify", "modify"},
		{"set", "modify"},
		{"attach", "modify"},
		{"detach", "modify"},
		{"change", "modify"},
		{"enable", "modify"},
		{"disable", "modify"},
		{"edit", "modify"},
		{"patch", "modify"},
		{"write", "modify"},
		{"associate", "modify"},
		{"disassociate", "modify"},
		{"reset", "modify"},
		{"tag", "modify"},
		{"authorize", "grant"},
		{"grant", "grant"},
		{"assign", "grant"},
		{"share", "grant"},
		{"revoke", "revoke"},
		{"get", "read"},
		{"list", "read"},
		{"describe", "read"},
		{"read", "read"},
		{"lookup", "read"},
		{"head", "read"},
		{"view", "read"},
		{"search", "read"},
		{"query", "read"},
		{"watch", "read"},
		{"download", "download"},
		{"upload", "upload"},
		{"login", "login"},
		{"signin", "login"},
		{"consolelogin", "login"},
		{"logout", "logout"},
		{"userloggedin", "login"},
		{"userloginfailed", "login"},
		{"assumerole", "login"},
		{"exec", "exec"},
		{"invoke", "exec"},
		{"send", "send"},
	} {
		if strings.HasPrefix(low, v.word) {
			return v.action
		}
	}
	return ""
}
