package parse

import (
	"strings"
	"time"

	"firebreak/timeline"
)

// postgresZone reads the abbreviation of a zone with " [" behind it: the usual
// prefix of PostgreSQL's log is "%m [%p] %q%u@%d ". That of Amazon RDS is
// "%t:%r:%u@%d:[%p]:".
func postgresZone(s string) (zone, rest string, ok bool) {
	n := 0
	for n < len(s) && n < 6 && s[n] >= 'A' && s[n] <= 'Z' {
		n++
	}
	if n < 3 || n > 5 || !strings.HasPrefix(s[n:], " [") && !postgresOfRDS(s[n:]) {
		return "", "", false
	}
	return s[:n], s[n+1:], true
}

// postgresOfRDS says whether what stands behind the zone is RDS' ":peer:user@database:[pid]:LEVEL:".
func postgresOfRDS(s string) bool {
	return strings.HasPrefix(s, ":") && strings.Contains(s[:min(len(s), 512)], ":[") && between(s, "]:", ":  ") != ""
}

// postgresUTC makes the time that of UTC where UTC or GMT stands behind it. Of
// other abbreviations there are several of the same name.
func postgresUTC(s *stamp, rest string) bool {
	zone, _, ok := postgresZone(strings.TrimPrefix(rest, " "))
	if !ok || zone != "UTC" && zone != "GMT" {
		return false
	}
	s.time = time.Unix(s.time.Unix()+s.as.shift, int64(s.time.Nanosecond())).UTC()
	s.as.shift = 0
	return true
}

// postgres reads "[pid] [user@database ]LEVEL:  text", or RDS' form.
func (p *syslogParser) postgres(e *timeline.Event, zone, rest string) {
	a := &e.Attributes
	e.Source, e.Message = "database", rest
	if zone != "UTC" && zone != "GMT" {
		a.Set(attrAssumed, p.assume(0, "the source says "+zone))
	}
	a.Set("process", "postgres")
	who := func(s string) bool {
		user, database, ok := strings.Cut(s, "@")
		if ok && user != "[unknown]" {
			e.User = user
		}
		if ok && database != "[unknown]" {
			set(a, "database", database)
		}
		return ok
	}
	if head, tail, ok := strings.Cut(rest, ":["); ok && rest[0] != '[' {
		peer, names, _ := strings.Cut(head, "):")
		if strings.HasPrefix(head, ":") { // a process of the server's own has no peer
			peer, names = "", head[1:]
		}
		who(names)
		if host, port, ok := strings.Cut(peer, "("); ok && host != "[local]" {
			from(a, host)
			set(a, attrSrcPort, digits(port))
		}
		pid, text, _ := strings.Cut(tail, "]:")
		set(a, "pid", pid)
		rest = text
	} else {
		pid, text, ok := strings.Cut(rest[1:], "] ")
		if !ok {
			return
		}
		rest = text
		pid, _, _ = strings.Cut(pid, "-")
		set(a, "pid", pid)
		if names, text, ok := strings.Cut(rest, " "); ok && !strings.HasSuffix(names, ":") && who(names) {
			rest = text
		}
	}
	level, text, ok := strings.Cut(rest, ":  ")
	if !ok || strings.Contains(level, " ") {
		return
	}
	a.Set("severity", strings.ToLower(level))
	postgresSays(e, text)
}

// postgresSays reads what the server's own messages tell of connections and
// statements. The names in them are the visitor's text, so what stands in front
// of them counts, and of two the one in front.
//
// Reference: PostgreSQL, src/backend/libpq/auth.c, hba.c, utils/init/postinit.c
// and tcop/postgres.c.
func postgresSays(e *timeline.Event, text string) {
	a := &e.Attributes
	did := func(action, outcome string) {
		a.Set(attrAction, action)
		set(a, attrOutcome, outcome)
	}
	who := func(user, database string) {
		if e.User == "" {
			e.User = user
		}
		if database != "" && !a.Has("database") {
			a.Set("database", database)
		}
	}
	where := func(host, port string) {
		if host == "" || host == "[local]" || a.Has(attrSrcIP) || a.Has(attrSrcHost) {
			return
		}
		from(a, host)
		set(a, attrSrcPort, digits(port))
	}
	word := func(name string) string { // of name=word
		_, rest, _ := strings.Cut(text, " "+name+"=")
		rest, _, _ = strings.Cut(rest, " ")
		return rest
	}
	if slow, ok := strings.CutPrefix(text, "duration: "); ok { // of log_min_duration_statement
		_, text, _ = strings.Cut(slow, " ms  ")
	}
	switch verb, rest, _ := strings.Cut(text, ": "); {
	case verb == "connection received":
		did("connect", "")
		where(word("host"), word("port"))
	case verb == "connection authorized", verb == "replication connection authorized":
		did("login", "success")
		who(word("user"), word("database"))
	case verb == "connection authenticated":
		did("auth", "success")
		who(between(rest, `identity="`, `"`), "")
	case verb == "disconnection":
		did("disconnect", "")
		who(word("user"), word("database"))
		where(word("host"), word("port"))
	case verb == "statement", strings.HasPrefix(verb, "execute "):
		did("query", "")
		set(a, attrCommand, rest)
	case strings.HasPrefix(text, "no pg_hba.conf entry for "), strings.HasPrefix(text, "pg_hba.conf rejects "):
		did("login", "failure")
		where(between(text, ` host "`, `"`), "")
		who(between(text, ` user "`, `"`), between(text, ` database "`, `"`))
	default:
		if _, name, ok := strings.Cut(text, ` authentication failed for user "`); ok {
			did("login", "failure")
			name, _, _ = strings.Cut(name, `"`)
			who(name, "")
		}
	}
}
