package parse

import (
	"bufio"
	"bytes"
	"strconv"
	"strings"

	"firebreak/timeline"
)

// parsePostgresCSV reads PostgreSQL's csvlog: 23 to 26 columns without a heading.
//
// Reference: postgresql.org/docs, "Using CSV-Format Log Output", with
// backend_type (13), leader_pid and query_id (14) behind.
func parsePostgresCSV(j *job, r *bufio.Reader) error {
	return eachRow(j, r, ',', "", func(row csvRow) error {
		if n := len(row.fields); n < 22 || n > 28 {
			return unfit("no record of csvlog: " + strconv.Itoa(n) + " columns")
		}
		e := timeline.Event{TimeKind: timeline.Logged, Attributes: row.attrs}
		t := tale{j: j, e: &e, a: &e.Attributes}
		f := row.fields
		if !t.postgresTime(f[0]) {
			return unfit("no time")
		}
		for i, name := range []string{"", "", "", "pid", "", "session", "line", "command_tag", "session_start", "vxid", "xid", "", "sqlstate", "", "detail", "hint", "internal_query", "", "context", "query", "", "location", "application", "backend_type", "leader_pid", "query_id"} {
			if name != "" && i < len(f) {
				t.set(name, f[i])
			}
		}
		host, port := splitPort(f[4])
		tellPostgres(&t, f[1], f[2], host, port, f[11], f[13])
		return j.add(row.offset, e)
	})
}

func isPostgresCSV(_ string, head []byte) bool {
	text, _, _ := bytes.Cut(head, []byte("\n"))
	if len(text) > 16<<10 {
		return false
	}
	f := csvFields(string(text), ',')
	if len(f) < 12 {
		return false
	}
	_, ok := isoStamp(f[0], utcClock())
	switch f[11] {
	case "LOG", "ERROR", "FATAL", "PANIC", "WARNING", "NOTICE", "INFO", "DEBUG1", "DEBUG":
		return ok && digits(f[3]) == f[3]
	}
	return false
}

// redisLine reads Redis' log: 1234:M 28 Nov 2026 02:30:15.123 * text
//
// Reference: Redis, src/server.c (serverLogRaw). Local times.
func redisLine(t *tale, text string) string {
	pid, rest, ok := strings.Cut(text, ":")
	f := strings.SplitN(rest, " ", 7)
	if !ok || pid == "" || digits(pid) != pid || len(f) < 7 || len(f[0]) != 1 || len(f[2]) != 3 || len(f[4]) < 8 || len(f[5]) != 1 {
		return "no line of Redis"
	}
	day, err := strconv.Atoi(f[1])
	year, err2 := strconv.Atoi(f[3])
	h, m, s, ok := clock(f[4], 0)
	if err != nil || err2 != nil || !ok || !t.civil(year, monthOf(f[2]), day, h, m, s, fractionOf(f[4]), strings.Join(f[1:5], " ")) {
		return "no time"
	}
	t.e.Source = "database"
	t.set("process", "redis-server")
	t.set("pid", pid)
	t.set("role", map[string]string{"M": "master", "S": "replica", "C": "child", "X": "sentinel"}[f[0]])
	t.set("severity", map[string]string{".": "debug", "-": "info", "*": "notice", "#": "warning"}[f[5]])
	t.e.Message = f[6]
	t.redisSays(f[6])
	return ""
}

// redisSays tells what servers are taken over by: another one that it is to
// follow, modules, and requests of browsers.
func (t *tale) redisSays(text string) {
	to := func(s string) {
		host, port := splitPort(s)
		t.set(map[bool]string{true: "dst_ip", false: "dst_host"}[isAddress(host)], host)
		t.set("dst_port", port)
	}
	if peer := between(text, " addr=", " "); peer != "" { // of the client that asked for it
		t.peer(peer)
	}
	switch word, rest, _ := strings.Cut(text, " "); {
	case strings.HasPrefix(text, "Connecting to MASTER "):
		t.set(attrAction, "connect")
		to(strings.TrimPrefix(text, "Connecting to MASTER "))
	case word == "REPLICAOF" || word == "SLAVEOF":
		t.set(attrAction, "modify")
		to(rest[:strings.IndexByte(rest+" ", ' ')])
	case strings.HasPrefix(text, "Module '") && strings.Contains(text, "' loaded from "):
		t.set(attrAction, "load")
		_, file, _ := strings.Cut(text, "' loaded from ")
		t.set("path", file)
	case strings.HasPrefix(text, "Possible SECURITY ATTACK"):
		t.set(attrAction, "detect")
		if peer := between(text, "Connection from ", " "); peer != "" {
			t.peer(peer)
		}
	}
}

// mongoText reads MongoDB's log before 4.4: 2014-11-03T18:28:32.450-0500 I NETWORK [initandlisten] text
//
// Reference: MongoDB Manual 4.2, "Log Messages".
func mongoText(t *tale, text string) string {
	s, ok := isoStamp(text, utcClock())
	if !ok || !s.zoned {
		return "no time"
	}
	f := strings.Fields(text[s.size:])
	if len(f) < 4 || len(f[0]) != 1 || !strings.Contains("DIWEF", f[0]) || strings.ToUpper(f[1]) != f[1] || f[2][0] != '[' {
		return "no line of MongoDB"
	}
	t.stamped(s, text[:s.size])
	_, msg, _ := strings.Cut(text, "] ")
	t.e.Source = "database"
	t.set("process", "mongod")
	t.set("component", f[1])
	t.set("severity", map[string]string{"F": "crit", "E": "err", "W": "warning", "I": "info", "D": "debug"}[f[0]])
	if rest, ok := strings.CutPrefix(msg, "connection accepted from "); ok {
		ip, _, _ := strings.Cut(rest, " ")
		t.peer(ip)
		t.set(attrAction, "connect")
	}
	t.e.Message = say(f[1], msg)
	return ""
}
