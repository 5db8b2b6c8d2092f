package parse

import (
	"bufio"
	"bytes"
	"strconv"
	"strings"
	"time"

	"firebreak/timeline"
)

// maxRecord bounds a record that goes over several lines.
const maxRecord = 1 << 20

// syslogParser reads the syslog family line by line: RFC 3164 (BSD), RFC 5424
// and lines that begin with an ISO 8601 time, each with or without "<pri>".
//
// A line that does not begin with a time continues the record above it when it
// is indented, or when that record is RFC 5424 or ISO (whose beginnings cannot
// be mistaken) and the line is plain text. All other lines are rejected.
type syslogParser struct {
	j     *job
	years *years
	zone  string
	open  bool // event waits for continuation lines
	event timeline.Event
	at    int64
	long  bool // of a form whose continuation need not be indented
	more  []string
	size  int
	bare  bool // the log of a package manager: text follows the time at once
}

func parseSyslog(j *job, r *bufio.Reader) error {
	return parseDated(r, &syslogParser{j: j, zone: j.assumedZone()})
}

// parseDated reads lines that begin with a time.
func parseDated(r *bufio.Reader, p *syslogParser) error {
	err := eachLine(p.j, r, p.line)
	if ferr := p.finish(); err == nil {
		err = ferr
	}
	return err
}

// finish hands the waiting event over.
func (p *syslogParser) finish() error {
	if !p.open {
		return nil
	}
	p.open = false
	if len(p.more) > 0 {
		p.event.Message += "\n" + strings.Join(p.more, "\n")
		p.event.Attributes.Set("lines", strconv.Itoa(1+len(p.more)))
		p.more = nil
	}
	return p.j.add(p.at, p.event)
}

func (p *syslogParser) line(ln line) error {
	e, long, why := p.record(ln)
	if why == "" {
		if err := p.finish(); err != nil {
			return err
		}
		p.open, p.event, p.at, p.long, p.size = true, e, ln.offset, long, len(ln.text)
		return nil
	}
	if p.open && p.continues(ln) {
		if p.size+len(ln.text) < maxRecord {
			p.more = append(p.more, textOf(ln, &p.event.Attributes))
			p.size += len(ln.text) + 1
			return nil
		}
		why = "record is too long"
	}
	p.j.reject(ln.offset, ln.text, why)
	return nil
}

// continues says whether a line without a time belongs to the record above.
func (p *syslogParser) continues(ln line) bool {
	if ln.text[0] == ' ' || ln.text[0] == '\t' {
		return true
	}
	return p.long && !looksDated(ln.text) && !ln.cut && plainText(ln.text)
}

// looksDated says whether a line begins as a record would, only damaged.
func looksDated(b []byte) bool {
	if b[0] == '<' && len(b) > 1 && b[1] >= '0' && b[1] <= '9' {
		return true
	}
	n := min(len(b), 24)
	return bytes.Count(b[:n], []byte(":")) >= 2 && b[0] >= '0' && b[0] <= '9'
}

// plainText says whether b is valid UTF-8 without control characters other
// than tabs.
func plainText(b []byte) bool {
	for _, c := range b {
		if c < 0x20 && c != '\t' || c == 0x7f {
			return false
		}
	}
	_, escaped := clean(b)
	return !escaped
}

// record reads one line as a record, or says why it is none.
func (p *syslogParser) record(ln line) (e timeline.Event, long bool, why string) {
	head := ln.text
	pri, n := priority(head)
	if p.bare && head[0] == '[' {
		pri, n = -1, 1
	}
	head = head[n:]
	switch {
	case len(head) < 15:
		return e, false, "no time"
	case n > 0 && head[0] >= '1' && head[0] <= '9' && head[1] == ' ':
		e, why = p.modern(ln, n)
		long = true
	case head[0] >= '0' && head[0] <= '9':
		e, why = p.iso(ln, n)
		long = true
	default:
		e, why = p.bsd(ln, n)
	}
	if why == "" && n > 0 && pri >= 0 {
		e.Attributes.Set("facility", facilityName(pri>>3))
		e.Attributes.Set("severity", severityName(pri&7))
	}
	return e, long, why
}

// priority reads "<n>" with n up to 191 and says how long it is.
func priority(b []byte) (pri, size int) {
	if len(b) < 3 || b[0] != '<' {
		return 0, 0
	}
	for i := 1; i < len(b) && i < 5; i++ {
		switch c := b[i]; {
		case c == '>' && i > 1 && pri <= 191:
			return pri, i + 1
		case c < '0' || c > '9':
			return 0, 0
		default:
			pri = pri*10 + int(c-'0')
		}
	}
	return 0, 0
}

// iso reads a line that begins with an ISO 8601 time.
func (p *syslogParser) iso(ln line, skip int) (timeline.Event, string) {
	e := timeline.Event{TimeKind: timeline.Logged, Source: "syslog", Attributes: make(timeline.Attributes, 0, 6)}
	attrs := &e.Attributes
	text := textOf(ln, attrs)[skip:]
	s, ok := isoStamp(text, p.j.zone)
	if !ok {
		return timeline.Event{}, "no time"
	}
	ends := " :"
	if p.bare {
		ends = " :|]"
	}
	if s.size < len(text) && strings.IndexByte(ends, text[s.size]) < 0 {
		return timeline.Event{}, "no time"
	}
	e.Time, e.Precision = s.time, s.precision
	attrs.Set(attrTimeText, text[:s.size])
	if !s.zoned {
		attrs.Set(attrAssumed, p.zone)
		p.j.note("local times without a zone: " + p.zone)
	}
	if p.bare {
		p.packaged(&e, text[s.size:])
		return e, ""
	}
	rest := strings.TrimPrefix(text[s.size:], " ")
	if sev, after, ok := strings.Cut(rest, " "); ok && isSeverityWord(sev) { // ChromeOS writes the severity there
		attrs.Set("severity", strings.ToLower(sev))
		p.tagged(&e, after)
		return e, ""
	}
	p.hosted(&e, rest)
	return e, ""
}

// bsd reads a line that begins with "Mmm dd hh:mm:ss".
func (p *syslogParser) bsd(ln line, skip int) (timeline.Event, string) {
	s, ok := bsdStamp(ln.text[skip:])
	if !ok {
		return timeline.Event{}, "no time"
	}
	e := timeline.Event{Precision: precisionOf(s.digits), TimeKind: timeline.Logged, Source: "syslog", Attributes: make(timeline.Attributes, 0, 6)}
	attrs := &e.Attributes
	text := textOf(ln, attrs)[skip:]
	attrs.Set(attrTimeText, text[:s.size])
	year := s.year
	if year == 0 {
		var err string
		if year, err = p.yearOf(s); err != "" {
			return timeline.Event{}, err
		}
		attrs.Set(attrAssumed, p.years.text(year, p.zone))
	} else {
		attrs.Set(attrAssumed, p.zone)
	}
	p.j.note("local times without a zone: " + p.zone)
	if year > 0 {
		e.Time = time.Date(year, time.Month(s.mon), s.day, s.h, s.m, s.s, int(s.nsec), p.j.zone).UTC()
		if !sane(e.Time) || s.day > daysIn(s.mon, year) {
			return timeline.Event{}, "no such date"
		}
	}
	rest := text[s.size:]
	if p.bare {
		p.packaged(&e, rest)
		return e, ""
	}
	if strings.HasPrefix(rest, ": ") { // no host, no tag: a remark of the logger
		e.Message = rest[2:]
		return e, ""
	}
	p.hosted(&e, strings.TrimPrefix(rest, " "))
	return e, ""
}

// yearOf infers the year of a date. The event stays undated (year 0) only when
// nothing at all is known about the time of collection.
func (p *syslogParser) yearOf(s bsd) (int, string) {
	if p.years == nil {
		y, err := newYears(p.j)
		if err != nil {
			return 0, err.Error()
		}
		if y.basis == "" {
			bound, how := p.j.bound()
			at := -1
			if s.mon == 2 && s.day == 29 {
				at = 0
			}
			y.settle(p.j.src.Year, bound, dayNumber(s.mon, s.day), 0, at, how+", one reading")
		}
		p.years = y
		p.j.note("years are not in the log: first line taken as " + strconv.Itoa(y.year) + " (" + y.basis + ")")
	}
	if p.years.basis == "unknown" {
		p.j.note("years are not in the log and the time of collection is unknown: events are undated")
		return 0, ""
	}
	year := p.years.of(s.mon, s.day)
	if s.mon == 2 && s.day == 29 {
		for n := 0; n < 8 && !leap(year); n++ {
			year--
		}
		if p.j.again == nil { // nothing was read ahead: the lines behind follow
			p.years.year = year
		}
	}
	return year, ""
}

// bsd is a time as RFC 3164 writes it; year is 0 when it was not written.
type bsd struct {
	year, mon, day, h, m, s int
	nsec                    int64
	digits, size            int
}

// bsdStamp reads "Mmm dd hh:mm:ss", with an optional year behind the day or
// the clock and an optional fraction.
func bsdStamp(b []byte) (bsd, bool) {
	var s bsd
	if len(b) < 15 || b[3] != ' ' {
		return s, false
	}
	if s.mon = monthOf(b); s.mon == 0 {
		return s, false
	}
	i := 4
	if b[i] == ' ' {
		i++
	}
	for ; i < len(b) && b[i] >= '0' && b[i] <= '9' && s.day < 10; i++ {
		s.day = s.day*10 + int(b[i]-'0')
	}
	if s.day < 1 || s.day > daysIn(s.mon, 2000) || i >= len(b) || b[i] != ' ' {
		return s, false
	}
	i++
	if y, ok := yearAt(b, i); ok {
		s.year, i = y, i+5
	}
	var ok bool
	if s.h, s.m, s.s, ok = clock(b, i); !ok {
		return s, false
	}
	i += 8
	if i+1 < len(b) && b[i] == '.' && b[i+1] >= '0' && b[i+1] <= '9' {
		i++
		from := i
		for i < len(b) && b[i] >= '0' && b[i] <= '9' {
			i++
		}
		s.nsec, _ = fraction(string(b[from:i]))
		s.digits = i - from
	}
	if i < len(b) && b[i] != ' ' && b[i] != ':' {
		return s, false
	}
	if y, ok := yearAt(b, i+1); ok && s.year == 0 {
		s.year, i = y, i+5
	}
	s.size = i
	return s, true
}

// yearAt reads "yyyy " at i: a year of this age followed by a blank.
func yearAt(b []byte, i int) (int, bool) {
	if i+5 > len(b) || b[i+4] != ' ' {
		return 0, false
	}
	c, y := two(b, i), two(b, i+2)
	if y < 0 || c < 19 || c > 20 {
		return 0, false
	}
	return c*100 + y, true
}

// monthOf reads an English month's three letters.
func monthOf(b []byte) int {
	switch string(b[:3]) {
	case "Jan":
		return 1
	case "Feb":
		return 2
	case "Mar":
		return 3
	case "Apr":
		return 4
	case "May":
		return 5
	case "Jun":
		return 6
	case "Jul":
		return 7
	case "Aug":
		return 8
	case "Sep":
		return 9
	case "Oct":
		return 10
	case "Nov":
		return 11
	case "Dec":
		return 12
	}
	return 0
}
