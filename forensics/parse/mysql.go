package parse

import (
	"bufio"
	"bytes"
	"cmp"
	"strconv"
	"strings"

	"firebreak/timeline"
)

// mysqlError reads the error log of MySQL (5.7 and 8) and of MariaDB:
//
//	2026-11-28T02:30:15.123456Z 0 [System] [MY-010116] [Server] text
//	2026-11-28  2:30:15 0 [Note] text
//
// Reference: MySQL Reference Manual, "Error Log Output Format"; MariaDB, sql/
// log.cc (print_buffer_to_file), whose times are local.
func mysqlError(t *tale, text string) string {
	var rest string
	if size, ok := t.local(text); ok {
		rest = text[size:]
	} else if len(text) > 20 && text[10] == ' ' && text[11] == ' ' { // the hour without its zero
		y, mon, d, ok := date(text, 0)
		h, m, s, ok2 := clock("0"+text[12:], 0)
		if !ok || !ok2 || !t.civil(y, mon, d, h, m, s, "", text[:19]) {
			return "no time"
		}
		rest = text[19:]
	} else {
		return "no time"
	}
	id, rest, ok := strings.Cut(strings.TrimLeft(rest, " "), " ")
	if !ok || id == "" || digits(id) != id || !strings.HasPrefix(rest, "[") {
		return "no error log line of MySQL"
	}
	level, rest, ok := strings.Cut(rest[1:], "]")
	switch level {
	case "System", "Note", "Warning", "Error", "ERROR":
	default:
		return "no error log line of MySQL"
	}
	if !ok {
		return "no error log line of MySQL"
	}
	t.e.Source = "database"
	t.set("process", "mysqld")
	t.set("thread", id)
	t.set("severity", map[string]string{"System": "notice", "Note": "info", "Warning": "warning"}[level])
	if level == "Error" || level == "ERROR" {
		t.set("severity", "err")
	}
	rest = strings.TrimLeft(rest, " ")
	for i := 0; i < 2 && strings.HasPrefix(rest, "["); i++ {
		var word string
		word, rest, _ = strings.Cut(rest[1:], "]")
		t.set([]string{"code", "subsystem"}[i], word)
		rest = strings.TrimLeft(rest, " ")
	}
	if who, ok := strings.CutPrefix(rest, "Access denied for user "); ok {
		t.mysqlWho(who)
		t.set(attrAction, "login")
		t.set(attrOutcome, "failure")
	}
	t.e.Message = say("["+level+"]", rest)
	return ""
}

// mysqlWho reads 'user'@'host' (using password: YES).
func (t *tale) mysqlWho(s string) {
	user, rest, ok := strings.Cut(strings.TrimPrefix(s, "'"), "'@'")
	if !ok {
		return
	}
	t.e.User = user
	host, _, _ := strings.Cut(rest, "'")
	t.peer(host)
}

// parseMySQLGeneral reads the general log, whose statements may have several
// lines:
//
//	2026-11-28T02:30:15.123456Z\t    8 Query\tselect 1
//	261128  2:30:15\t    8 Query\tselect 1
//	\t\t    8 Quit
//
// The first is of MySQL since 5.7; MariaDB, and MySQL before, write a local time
// where another second begins, and none where it goes on.
//
// Reference: MySQL, sql/log.cc (File_query_log::write_general); MariaDB,
// sql/log.cc (MYSQL_QUERY_LOG::write).
func parseMySQLGeneral(j *job, r *bufio.Reader) error {
	return lineLog{record: mysqlGeneral(), joined: true}.inOrder(j, r)
}

func isMySQLGeneral(name string, head []byte) bool {
	return lineLog{record: mysqlGeneral(), joined: true}.detect(name, head)
}

// mysqlGeneral reads the lines of one log in their order.
func mysqlGeneral() func(t *tale, text string) string {
	second := ""                  // that goes on
	who := map[string]mysqlPeer{} // by thread
	return func(t *tale, text string) string {
		if mysqlHeading(text) {
			return noRecord
		}
		when, rest, ok := strings.Cut(text, "\t")
		when = strings.TrimRight(when, " ")
		rest = strings.TrimLeft(rest, "\t ")
		id, rest, ok2 := strings.Cut(rest, " ")
		command, arg, ok3 := strings.Cut(rest, "\t")
		if !ok || !ok2 || !ok3 && command != "Quit" || id == "" || digits(id) != id || command == "" || len(command) > 24 {
			return "no line of MySQL's general log"
		}
		size, iso := t.local(when)
		switch {
		case iso && size == len(when):
		case when == "" && second != "" && t.mysqlSecond(second):
		case !iso && t.mysqlSecond(when):
			second = strings.Clone(when)
		default:
			return "no time"
		}
		t.mysqlCommand(id, command, arg)
		switch p := who[id]; {
		case command == "Connect":
			if len(who) >= mysqlThreads {
				clear(who)
			}
			who[strings.Clone(id)] = mysqlPeer{strings.Clone(t.e.User), strings.Clone(t.get(attrSrcIP)), strings.Clone(t.get(attrSrcHost))}
		case p.user != "": // what follows is by whom the thread was opened
			t.e.User = p.user
			t.set(attrSrcIP, p.ip)
			t.set(attrSrcHost, p.host)
		}
		if command == "Quit" || t.get(attrOutcome) == "failure" {
			delete(who, id)
		}
		return ""
	}
}

// mysqlPeer is who opened a connection, and from where.
type mysqlPeer struct{ user, ip, host string }

// mysqlThreads bounds the connections that are remembered: those of a log that
// was cut never end.
const mysqlThreads = 10_000

// mysqlHeading says whether a line is one of those that the server writes when it
// opens a log.
func mysqlHeading(text string) bool {
	return strings.HasSuffix(text, "started with:") || strings.HasPrefix(text, "Tcp port: ") || strings.HasPrefix(text, "Time") && strings.HasSuffix(text, "Argument")
}

// mysqlSecond takes a time as old servers write it: 261128  2:30:15.
func (t *tale) mysqlSecond(text string) bool {
	day, hour, ok := strings.Cut(text, " ")
	hour = strings.TrimLeft(hour, " ")
	if len(hour) == len("2:30:15") {
		hour = "0" + hour
	}
	if !ok || len(day) != 6 || digits(day) != day || len(hour) != len("02:30:15") {
		return false
	}
	n, _ := strconv.Atoi(day) // six digits
	h, m, s, ok := clock(hour, 0)
	return ok && t.civil(2000+n/10000, n/100%100, n%100, h, m, s, "", text)
}

// mysqlCommand tells what a connection did. Connect is written before the password
// is looked at: a line behind it says when that was wrong.
func (t *tale) mysqlCommand(id, command, arg string) {
	t.e.Source = "database"
	t.set("process", "mysqld")
	t.set("thread", id)
	t.set("kind", command)
	switch command {
	case "Connect":
		t.set(attrAction, "login")
		if who, ok := strings.CutPrefix(arg, "Access denied for user "); ok {
			t.set(attrOutcome, "failure")
			t.mysqlWho(who)
		} else if who, rest, ok := strings.Cut(arg, " on "); ok {
			user, host, _ := strings.Cut(who, "@")
			t.e.User = user
			t.peer(host)
			db, _, _ := strings.Cut(rest, " using ")
			t.set("database", db)
		}
	case "Quit":
		t.set(attrAction, "disconnect")
	case "Query", "Execute", "Prepare":
		t.set(attrAction, "query")
		t.set(attrCommand, arg)
	case "Init DB":
		t.set("database", arg)
	}
	t.e.Message = say(command+":", arg)
}

// parseMySQLSlow reads the slow query log: blocks that begin with "# Time:" or
// "# User@Host:".
//
// Reference: MySQL, sql/log.cc (File_query_log::write_slow); times as of the
// error log, and "SET timestamp=" of the statement's start.
func parseMySQLSlow(j *job, r *bufio.Reader) error {
	s := &mysqlSlow{j: j}
	err := eachLine(j, r, s.line)
	if ferr := s.finish(); err == nil {
		err = ferr
	}
	return err
}

type mysqlSlow struct {
	j     *job
	when  string // of "# Time:", which holds for the blocks behind it
	at    int64
	open  bool
	body  bool // the statement has begun
	attrs timeline.Attributes
	user  string
	sql   []string
	size  int
	sec   string // of SET timestamp
}

func (s *mysqlSlow) line(ln line) error {
	ln.held, ln.valid = false, false
	var a timeline.Attributes
	text := textOf(ln, &a)
	switch {
	case strings.HasPrefix(text, "# Time: "):
		if err := s.finish(); err != nil {
			return err
		}
		s.when = strings.TrimSpace(text[8:])
		s.begin(ln.offset)
	case strings.HasPrefix(text, "# User@Host: "):
		if s.body {
			if err := s.finish(); err != nil {
				return err
			}
		}
		if !s.open {
			s.begin(ln.offset)
		}
		who := text[13:]
		s.user, _, _ = strings.Cut(who, "[")
		if _, rest, ok := strings.Cut(who, " @ "); ok {
			host, tail, _ := strings.Cut(rest, "[")
			ip, _, _ := strings.Cut(tail, "]")
			from(&s.attrs, cmp.Or(ip, strings.TrimSpace(host)))
		}
		if _, id, ok := strings.Cut(who, "Id:"); ok {
			s.attrs.Set("thread", strings.TrimSpace(id))
		}
	case strings.HasPrefix(text, "# ") && s.open && !s.body:
		f := strings.Fields(text[2:])
		for i := 0; i+1 < len(f) && len(s.attrs) < 64; i++ {
			name, ok := strings.CutSuffix(f[i], ":")
			if !ok || name == "" || strings.HasSuffix(f[i+1], ":") { // a name without a value
				continue
			}
			switch name = strings.ToLower(name); name {
			case "thread_id":
				name = "thread"
			case "schema":
				name = "database"
			}
			s.attrs.Set(name, f[i+1])
		}
	case !s.open:
		if mysqlHeading(text) {
			return nil
		}
		s.j.reject(ln.offset, ln.text, "outside a query")
	default:
		s.body = true
		if sec, ok := strings.CutPrefix(text, "SET timestamp="); ok {
			s.sec = strings.TrimSuffix(sec, ";")
			return nil
		}
		if db, ok := strings.CutPrefix(text, "use "); ok && len(s.sql) == 0 {
			s.attrs.Set("database", strings.Trim(strings.TrimSuffix(db, ";"), "`"))
			return nil
		}
		if s.size += len(text) + 1; s.size < maxRecord {
			s.sql = append(s.sql, text)
		}
	}
	return nil
}

func (s *mysqlSlow) begin(offset int64) {
	s.open, s.body, s.at, s.attrs, s.user, s.sql, s.size, s.sec = true, false, offset, nil, "", nil, 0, ""
}

func (s *mysqlSlow) finish() error {
	if !s.open {
		return nil
	}
	s.open = false
	e := timeline.Event{TimeKind: timeline.Logged, Source: "database", User: s.user, Attributes: s.attrs}
	t := tale{j: s.j, e: &e, a: &e.Attributes}
	if size, ok := t.local(s.when); (!ok || size != len(s.when)) && !t.since(s.sec, timeline.Second) && !t.mysqlSecond(s.when) {
		s.j.reject(s.at, nil, "no time")
		return nil
	}
	sql := strings.Join(s.sql, "\n")
	t.set("process", "mysqld")
	t.set(attrAction, "query")
	t.set(attrCommand, sql)
	e.Message = say("slow query of", named(s.user), pre("", t.get("query_time")), "s:", sql)
	return s.j.add(s.at, e)
}

func isMySQLSlow(_ string, head []byte) bool {
	head = head[:min(len(head), 8<<10)]
	return bytes.Contains(head, []byte("# User@Host: ")) && bytes.Contains(head, []byte("# Query_time: "))
}
