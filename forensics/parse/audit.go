package parse

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"path"
	"strconv"
	"strings"

	"firebreak/timeline"
)

// Lines of auditd:
//
//	[node=NAME ]type=TYPE msg=audit(SECONDS:SERIAL): name=value …
//
// The pairs inside msg='…' stand beside the others, and values that the kernel
// wrote in hexadecimal are decoded. auditjoin.go makes events of them.

// auditLine fills the event from one line, or says why it is none.
func auditLine(j *job, e *timeline.Event, text string) string {
	a := &e.Attributes
	if rest, ok := strings.CutPrefix(text, "node="); ok {
		e.Host, text, _ = strings.Cut(rest, " ")
	}
	rest, ok := strings.CutPrefix(text, "type=")
	if !ok {
		return "no audit line"
	}
	kind, rest, ok1 := strings.Cut(rest, " msg=audit(")
	stamp, body, ok2 := strings.Cut(rest, "):")
	when, serial, ok3 := strings.Cut(stamp, ":")
	if !ok1 || !ok2 || !ok3 || kind == "" || strings.Contains(kind, " ") {
		return "no audit line"
	}
	var ok4 bool
	if e.Time, e.Precision, ok4 = decimalTime(when); !ok4 {
		return "no time"
	}
	if _, err := strconv.ParseUint(serial, 10, 64); err != nil {
		return "serial is no number"
	}
	a.Set("type", kind)
	a.Set("serial", serial)
	j.told(a, decimalForm(when), when)
	body = strings.TrimLeft(body, " ")
	auditPairs(a, body, kind, 0)
	e.Message = kind + ": " + body
	return ""
}

// auditPairs reads name=value pairs; values are bare, in double quotes, or, for
// msg, more pairs in single quotes.
func auditPairs(a *timeline.Attributes, s, kind string, depth int) {
	for len(*a) < maxMembers {
		s = strings.TrimLeft(s, " \x1d,")
		name, rest, ok := strings.Cut(s, "=")
		if !ok {
			return
		}
		if i := strings.LastIndexAny(name, " \x1d"); i >= 0 { // words between pairs
			name = name[i+1:]
		}
		var value string
		quoted := false
		switch {
		case strings.HasPrefix(rest, `"`):
			value, s, _ = strings.Cut(rest[1:], `"`)
			quoted = true
		case strings.HasPrefix(rest, "'"):
			value, s, _ = strings.Cut(rest[1:], "'")
			if depth == 0 {
				auditPairs(a, value, kind, 1)
				continue
			}
		default:
			end := strings.IndexAny(rest, " \x1d")
			if end < 0 {
				end = len(rest)
			}
			value, s = rest[:end], rest[end:]
			if upper := auditGlued(value); upper >= 0 { // res=1UID="root": the separator was lost
				s = value[upper:] + s
				value = value[:upper]
			}
		}
		if name == "" || len(name) > 64 {
			continue
		}
		if !quoted {
			value = auditHex(name, value, kind)
		}
		if a.Has(name) || name == "type" {
			name = "msg." + name
		}
		if value != "" && value != "?" && (name != "key" || value != "(null)") { // no rule asked for it
			a.Set(name, value)
		}
	}
}

// auditGlued finds where an enriched name (in capitals, with its value) begins
// inside a bare value; -1 where it does not.
func auditGlued(value string) int {
	eq := strings.IndexByte(value, '=')
	if eq < 2 {
		return -1
	}
	i := eq
	for i > 0 && (value[i-1] >= 'A' && value[i-1] <= 'Z' || value[i-1] == '-') {
		i--
	}
	if i == 0 || i == eq {
		return -1
	}
	return i
}

// auditHex decodes the values that the kernel writes in hexadecimal when they
// hold blanks or quotes.
func auditHex(name, value, kind string) string {
	switch name {
	case "proctitle", "cmd", "exe", "comm", "name", "cwd", "path", "acct", "data", "key":
	default:
		if kind != "EXECVE" || len(name) < 2 || strings.HasSuffix(name, "_len") || name[0] != 'a' || name[1] < '0' || name[1] > '9' {
			return value
		}
	}
	if len(value) < 2 || len(value)%2 == 1 {
		return value
	}
	b, err := hex.DecodeString(value)
	if err != nil {
		return value
	}
	if name == "proctitle" { // arguments end in NULs
		b = bytes.ReplaceAll(bytes.TrimRight(b, "\x00"), []byte{0}, []byte(" "))
	}
	s, _ := clean(b)
	return s
}

// auditTell fills user, outcome and address. The account that a line names is who
// did it, but where it was changed, or become.
func auditTell(e *timeline.Event, kind string) {
	a := &e.Attributes
	did := first(a, "AUID", "UID")
	if did == "unset" {
		did = a.Get("UID")
	}
	acct := a.Get("acct")
	if auditChanges(kind) || path.Base(a.Get("exe")) == "su" {
		set(a, attrTarget, acct)
		e.User = did
	} else {
		e.User = cmp.Or(acct, did)
	}
	switch first(a, "res", "success") {
	case "success", "yes", "1":
		a.Set(attrOutcome, "success")
	case "failed", "no", "0":
		a.Set(attrOutcome, "failure")
	}
	from(a, first(a, "addr", "hostname"))
	if a.Get("comm") != "" {
		a.Set("process", a.Get("comm"))
	}
	if a.Get("proctitle") != "" {
		a.Set(attrCommand, a.Get("proctitle"))
	} else if a.Get("cmd") != "" {
		a.Set(attrCommand, a.Get("cmd"))
	}
}

// auditChanges says whether a line's account is one that something is done to.
func auditChanges(kind string) bool {
	switch kind {
	case "ADD_USER", "DEL_USER", "USER_MGMT", "USER_CHAUTHTOK", "ACCT_LOCK", "ACCT_UNLOCK", "CHUSER_ID", "GRP_MGMT", "ADD_GROUP", "DEL_GROUP", "CHGRP_ID", "GRP_CHAUTHTOK":
		return true
	}
	return false
}

// auditSaid tells a line that a program had written, by its fields; "" where it
// has none of those that say what it is about.
func auditSaid(e *timeline.Event, kind string) string {
	a := &e.Attributes
	if !a.Has("op") && !a.Has("acct") && !a.Has("cmd") && !a.Has("unit") || !auditOfProgram(kind) {
		return ""
	}
	about := cmp.Or(a.Get(attrCommand), a.Get("exe"))
	if kind != "USER_CMD" && a.Has("exe") {
		about = a.Get("exe")
	}
	failed := ""
	if a.Get(attrOutcome) == "failure" {
		failed = "failed"
	}
	return say(kind, cmp.Or(a.Get("op"), a.Get("unit")), pre("of ", a.Get(attrTarget)), pre("by ", cmp.Or(e.User, pre("auid ", auditID(a)))),
		pre("from ", first(a, attrSrcIP, attrSrcHost)), pre(": ", about), post(failed))
}

// auditID is the number of who logged in; what nobody logged in for has none.
func auditID(a *timeline.Attributes) string {
	if id := a.Get("auid"); id != "4294967295" && id != "-1" && id != "unset" {
		return id
	}
	return ""
}

// auditOfProgram says whether lines of that kind are written by programs: of the
// kernel's own the text itself is told.
func auditOfProgram(kind string) bool {
	for _, prefix := range []string{"USER_", "CRED_", "ADD_", "DEL_", "GRP_", "ACCT_", "CHUSER_", "CHGRP_", "SERVICE_"} {
		if strings.HasPrefix(kind, prefix) {
			return kind != "USER_AVC"
		}
	}
	return false
}

func isAudit(_ string, head []byte) bool {
	head = bytes.TrimLeft(head, "\n")
	text, _, _ := bytes.Cut(head, []byte("\n"))
	return (bytes.HasPrefix(text, []byte("type=")) || bytes.HasPrefix(text, []byte("node="))) && bytes.Contains(text, []byte(" msg=audit("))
}
