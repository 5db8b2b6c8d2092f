package parse

import (
	"bytes"
	"strings"
	"time"

	"firebreak/timeline"
)

// newVsftpd reads the log of vsftpd: "Mon Jun  6 18:43:28 2016 [pid 3] [user] OK
// UPLOAD: Client "10.0.0.1", "/path", 1884 bytes, …". Times are local.
//
// Reference: vsftpd, logging.c.
func newVsftpd(j *job) lineReader {
	zone := j.assumedZone()
	note := "local times without a zone: " + zone
	return each(func(ln line) error {
		e := j.slot()
		a := &e.Attributes
		text := textOf(ln, a)
		s, ok := weekdayStamp(text)
		if !ok || !strings.HasPrefix(text[4+s.size:], " [pid ") {
			j.reject(ln.offset, ln.text, "no time and process")
			return nil
		}
		at := seconds(s.year, s.mon, s.day, s.h, s.m, s.s)
		utc, how := j.clock.utc(at)
		if utc <= 0 || utc >= maxSeconds || s.day > daysIn(s.mon, s.year) {
			j.reject(ln.offset, ln.text, "no such date")
			return nil
		}
		j.note(note)
		e.Time, e.Precision, e.TimeKind, e.Source = time.Unix(utc, 0).UTC(), timeline.Second, timeline.Logged, "ftp"
		e.Message = text[4+s.size+1:]
		a.Set(attrAssumed, doubt(zone, how))
		vsftpdTell(e, text[4+s.size+len(" [pid "):])
		j.told(a, wording{}, text[:4+s.size])
		return j.keep(ln.offset)
	})
}

// vsftpdTell reads "3] [user] OK UPLOAD: Client "10.0.0.1", "/path", …".
func vsftpdTell(e *timeline.Event, s string) {
	a := &e.Attributes
	pid, s, ok := strings.Cut(s, "] ")
	if !ok {
		return
	}
	set(a, "pid", pid)
	a.Set("process", "vsftpd")
	if strings.HasPrefix(s, "[") {
		if user, rest, ok := strings.Cut(s[1:], "] "); ok {
			e.User, s = user, rest
		}
	}
	verb, rest, ok := strings.Cut(s, ": ")
	if !ok {
		return
	}
	switch word, what, found := strings.Cut(verb, " "); {
	case found && word == "OK":
		a.Set(attrOutcome, "success")
		verb = what
	case found && word == "FAIL":
		a.Set(attrOutcome, "failure")
		verb = what
	}
	a.Set(attrAction, strings.ToLower(verb))
	if client, ok := strings.CutPrefix(rest, `Client "`); ok {
		address, tail, _ := strings.Cut(client, `"`)
		from(a, address)
		if path, ok := strings.CutPrefix(tail, `, "`); ok {
			path, _, _ = strings.Cut(path, `"`)
			set(a, "path", path)
		}
	}
}

// weekdayStamp reads "Mon Jun  6 18:43:28 2016"; its size is without the weekday.
func weekdayStamp[T string | []byte](s T) (bsd, bool) {
	if len(s) < 24 || s[3] != ' ' {
		return bsd{}, false
	}
	switch string(s[:3]) {
	case "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun":
	default:
		return bsd{}, false
	}
	b, ok := bsdStamp([]byte(s[4:min(len(s), 40)]))
	return b, ok && b.layout != bsdYear && b.layout != bsdYearZero && b.year != 0
}

func isVsftpd(_ string, head []byte) bool {
	text, _, _ := bytes.Cut(head, []byte("\n"))
	s, ok := weekdayStamp(text)
	return ok && bytes.HasPrefix(text[min(len(text), 4+s.size):], []byte(" [pid "))
}
