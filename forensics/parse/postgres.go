package parse

import (
	"strings"
	"time"

	"firebreak/timeline"
)

// postgresZone reads the abbreviation of a zone with " [" behind it: the usual
// prefix of PostgreSQL's log is "%m [%p] %q%u@%d ".
func postgresZone(s string) (zone, rest string, ok bool) {
	n := 0
	for n < len(s) && n < 6 && s[n] >= 'A' && s[n] <= 'Z' {
		n++
	}
	if n < 3 || n > 5 || !strings.HasPrefix(s[n:], " [") {
		return "", "", false
	}
	return s[:n], s[n+1:], true
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

// postgres reads "[pid] [user@database ]LEVEL:  text".
func (p *syslogParser) postgres(e *timeline.Event, zone, rest string) {
	a := &e.Attributes
	e.Source, e.Message = "postgresql", rest
	if zone != "UTC" && zone != "GMT" {
		a.Set(attrAssumed, p.assume(0, "the source says "+zone))
	}
	pid, rest, ok := strings.Cut(rest[1:], "] ")
	if !ok {
		return
	}
	pid, _, _ = strings.Cut(pid, "-")
	set(a, "pid", pid)
	a.Set("process", "postgres")
	if who, tail, ok := strings.Cut(rest, " "); ok && !strings.HasSuffix(who, ":") {
		if user, database, ok := strings.Cut(who, "@"); ok {
			e.User, rest = user, tail
			set(a, "database", database)
		}
	}
	level, text, ok := strings.Cut(rest, ":  ")
	if !ok || strings.Contains(level, " ") {
		return
	}
	a.Set("severity", strings.ToLower(level))
	if user, ok := strings.CutPrefix(text, `password authentication failed for user "`); ok {
		user, _, _ = strings.Cut(user, `"`)
		e.User = user
		a.Set(attrAction, "login")
		a.Set(attrOutcome, "failure")
	}
}
