package parse

import (
	"time"

	"firebreak/forensics/formats/sqlite"
	"firebreak/timeline"
)

// wtmpdb's types of entries (man wtmpdb, lib/wtmpdb.h).
const (
	wtmpdbBoot     = 1
	wtmpdbRunLevel = 2
	wtmpdbUser     = 3
)

// tellWtmpdb reads a row of wtmpdb's table: a session with its login, and its
// logout when it has ended. Times are microseconds.
func tellWtmpdb(db *database, row *sqlite.Row) error {
	kind, _ := row.Value("Type").Number()
	e := timeline.Event{Source: "auth", Precision: timeline.Microsecond, TimeKind: timeline.Started, Time: rowTime(row.Value("Login"), time.Microsecond)}
	sessionOf(&e, text(row, "User"), text(row, "TTY"), text(row, "RemoteHost"), text(row, "Service"))
	out := timeline.Event{Source: e.Source, Precision: e.Precision, TimeKind: timeline.Ended, Time: rowTime(row.Value("Logout"), time.Microsecond)}
	out.User, out.Attributes = e.User, append(timeline.Attributes(nil), e.Attributes...)
	switch kind {
	case wtmpdbBoot:
		e.User, out.User = "", ""
		e.Message, out.Message = "boot, kernel "+named(text(row, "RemoteHost")), "shutdown"
		e.Attributes.Set(attrAction, "boot")
		out.Attributes.Set(attrAction, "shutdown")
	case wtmpdbRunLevel:
		e.Message, out.Message = "run level", "end of the run level"
		e.Attributes.Set(attrAction, "runlevel")
	case wtmpdbUser:
		e.Message = "login of " + named(e.User) + onAndFrom(row)
		out.Message = "logout of " + named(e.User) + onAndFrom(row)
		e.Attributes.Set(attrAction, "login")
		e.Attributes.Set(attrOutcome, "success")
		out.Attributes.Set(attrAction, "logout")
	default:
		db.reject(row.Offset, nil, "entry of an unknown type")
		return nil
	}
	if err := db.put(row, e); err != nil || out.Time.IsZero() {
		return err
	}
	return db.put(row, out)
}

// tellLastlog2 reads a row of lastlog2's table: when a user was last logged in,
// in seconds.
func tellLastlog2(db *database, row *sqlite.Row) error {
	e := timeline.Event{Source: "auth", Precision: timeline.Second, TimeKind: timeline.Started, Time: rowTime(row.Value("Time"), time.Second)}
	sessionOf(&e, text(row, "Name"), text(row, "TTY"), text(row, "RemoteHost"), text(row, "Service"))
	e.Message = "last login of " + named(e.User) + onAndFrom(row)
	e.Attributes.Set(attrAction, "login")
	e.Attributes.Set(attrOutcome, "success")
	return db.put(row, e)
}

func sessionOf(e *timeline.Event, user, tty, host, service string) {
	e.User = user
	for name, value := range map[string]string{"tty": tty, "ut_host": host, "service": service} {
		if value != "" {
			e.Attributes.Set(name, value)
		}
	}
	from(&e.Attributes, host)
}

func onAndFrom(row *sqlite.Row) string {
	s := ""
	if tty := text(row, "TTY"); tty != "" {
		s = " on " + tty
	}
	if host := text(row, "RemoteHost"); host != "" {
		s += " from " + host
	}
	if service := text(row, "Service"); service != "" {
		s += " (" + service + ")"
	}
	return s
}

// fitsWtmpdb says whether a deleted row can be a session.
func fitsWtmpdb(row *sqlite.Row) bool {
	kind, ok := row.Value("Type").Number()
	return ok && kind >= wtmpdbBoot && kind <= wtmpdbUser && row.Value("User").Kind == sqlite.Text && !rowTime(row.Value("Login"), time.Microsecond).IsZero()
}

func fitsLastlog2(row *sqlite.Row) bool {
	return row.Value("Name").Kind == sqlite.Text && !rowTime(row.Value("Time"), time.Second).IsZero()
}
