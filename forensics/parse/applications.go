package parse

import (
	"cmp"
	"strconv"
	"strings"

	"firebreak/timeline"
)

// mongoLog is MongoDB's log since 4.4, and its audit log, in JSON.
//
// Reference: mongodb.com/docs/manual, "Log Messages" (structured logging) and
// "System Event Audit Messages".
func mongoLog() service {
	return service{
		knows: func(h recordHead) bool { return h.has("t", "s", "c", "ctx", "msg") || h.has("atype", "ts", "param") },
		tell:  tellMongo,
	}
}

func tellMongo(t *tale) string {
	if !t.when(t.get("t.$date", "ts.$date")) {
		return "no time"
	}
	t.e.Source = "database"
	t.set("process", "mongod")
	if kind := t.get("atype"); kind != "" {
		t.peer(t.get("remote.ip"))
		t.set(attrSrcPort, t.get("remote.port"))
		t.e.User = cmp.Or(t.at("users", "0.user"), t.get("param.user"))
		result := t.get("result")
		t.set(attrOutcome, map[bool]string{true: "success", false: "failure"}[result == "0" || result == ""])
		t.set(attrAction, cmp.Or(map[string]string{"authenticate": "login", "logout": "logout"}[kind], verb(kind)))
		t.e.Message = say(kind, pre("by ", t.e.User), pre("from ", t.get("remote.ip")), pre(": ", t.get("param.ns", "param.db")), post(pre("error ", strings.TrimPrefix(result, "0"))))
		return ""
	}
	t.set("severity", map[string]string{"F": "crit", "E": "err", "W": "warning", "I": "info"}[t.get("s")])
	msg := t.get("msg")
	t.peer(t.get("attr.remote", "attr.client"))
	t.e.User = t.get("attr.user", "attr.principalName")
	switch msg {
	case "Connection accepted":
		t.set(attrAction, "connect")
	case "Connection ended":
		t.set(attrAction, "disconnect")
	case "Authentication succeeded", "Successfully authenticated":
		t.set(attrAction, "login")
		t.set(attrOutcome, "success")
	case "Authentication failed":
		t.set(attrAction, "login")
		t.set(attrOutcome, "failure")
	}
	t.e.Message = say(t.get("c"), msg, pre(": ", t.get("attr.ns", "attr.remote", "attr.error")))
	return ""
}

// postgresJSON is PostgreSQL's log in JSON.
//
// Reference: postgresql.org/docs, "Using JSON-Format Log Output" (15 and later).
func postgresJSON() service {
	return service{
		knows: func(h recordHead) bool { return h.has("timestamp", "error_severity", "message") },
		tell: func(t *tale) string {
			if !t.postgresTime(t.get("timestamp")) {
				return "no time"
			}
			tellPostgres(t, t.get("user"), t.get("dbname"), t.get("remote_host"), t.get("remote_port"), t.get("error_severity"), t.get("message"))
			return ""
		},
	}
}

// postgresTime reads a time with the abbreviation of a zone behind it. Only that
// of UTC says which it is.
func (t *tale) postgresTime(text string) bool {
	s, ok := isoStamp(text, t.j.clock)
	if !ok {
		return false
	}
	zone := strings.TrimSpace(text[s.size:])
	switch {
	case s.zoned:
	case zone == "UTC" || zone == "GMT":
		s, _ = isoStamp(text, utcClock())
	default:
		t.a.Set(attrAssumed, doubt(t.j.assumedZone(), strings.TrimPrefix(say(s.how, pre("the source says ", zone)), ": ")))
		t.j.note("local times without a zone: " + t.j.assumedZone())
	}
	t.e.Time, t.e.Precision = s.time, s.precision
	t.j.told(t.a, wording{}, text)
	return true
}

// tellPostgres fills the event of one record of its server log.
func tellPostgres(t *tale, user, database, host, port, severity, message string) {
	t.e.Source, t.e.User = "database", user
	t.set("database", database)
	t.set("process", "postgres")
	t.set("severity", strings.ToLower(severity))
	if host != "" && host != "[local]" {
		t.peer(host)
		t.set(attrSrcPort, port)
	}
	postgresSays(t.e, message)
	who := user
	if database != "" {
		who += "@" + database
	}
	t.e.Message = say(who, severity+":", message)
}

// journalJSON is what journalctl writes with -o json: a field a member, times in
// microseconds.
//
// Reference: systemd.io, "Journal Export Formats" (JSON), and
// systemd.journal-fields(7).
func journalJSON() service {
	return service{
		knows: func(h recordHead) bool {
			return h.has("__REALTIME_TIMESTAMP") && h.any("__CURSOR", "MESSAGE", "_BOOT_ID")
		},
		tell: func(t *tale) string {
			if !t.since(t.get("__REALTIME_TIMESTAMP"), timeline.Microsecond) {
				return "no time"
			}
			t.a.Delete("__REALTIME_TIMESTAMP")
			t.e.Source = "journal"
			if m := t.get("MESSAGE"); strings.HasPrefix(m, "[") { // bytes that are no text
				t.a.Set("MESSAGE", journalBytes(m))
			}
			tellEntry(t.j, t.e)
			return ""
		},
	}
}

// journalBytes is an array of numbers as the bytes that they are.
func journalBytes(list string) string {
	b := make([]byte, 0, len(list)/3)
	for n := range strings.SplitSeq(strings.Trim(list, "[] "), ",") {
		v, err := strconv.ParseUint(strings.TrimSpace(n), 10, 8)
		if err != nil {
			return list
		}
		b = append(b, byte(v))
	}
	text, _ := clean(b)
	return text
}
