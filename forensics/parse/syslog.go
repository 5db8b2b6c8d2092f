package parse

import (
	"bufio"
	"bytes"
	"errors"
	"io"
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
	j    *job
	zone string
	bare bool // the log of a package manager: text follows the time at once
	solo bool // every line is a record, or none

	// The record that is open: the last event of the batch.
	open bool
	long bool // of a form whose continuation need not be indented
	more []string
	size int

	// A chunk begins with lines of which only those who read the chunk before
	// know whether they continue a record.
	unknown bool
	start   int64 // offset of the first record

	noted     bool // the zone
	dated     bool // the years
	near      int  // where the years were found the last time
	year      int
	how       string
	assumed   string // what is assumed in that year, with that doubt
	recovered int    // zeros in front of the line at hand
}

func newSyslog(j *job) lineReader { return &syslogParser{j: j, zone: j.assumedZone()} }

// newPackages is for the logs of package managers.
//
// Reference: dnf, dnf/logging.py; yum, yum/logginglevels.py; pacman,
// lib/libalpm/log.c; libzypp, zypp/HistoryLog.cc.
func newPackages(j *job) lineReader { return &syslogParser{j: j, zone: j.assumedZone(), bare: true} }

// parseSyslog reads lines, or the frames that syslog has on a TCP connection.
//
// Reference: RFC 3164, RFC 5424, RFC 6587; sysklogd, rsyslog and systemd as they write.
func parseSyslog(j *job, r *bufio.Reader) error {
	head, err := r.Peek(512)
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, bufio.ErrBufferFull) {
		if _, _, ok := frameAt(head); ok && j.text.order == nil {
			return parseFrames(j, r)
		}
	}
	return parseDated(newSyslog)(j, r)
}

// parseDated reads lines that begin with a time. Years that are not written
// have to be counted by one reader where the log cannot be read twice.
func parseDated(read func(*job) lineReader) func(*job, *bufio.Reader) error {
	return func(j *job, r *bufio.Reader) error {
		if j.again == nil {
			j.workers = 1
		}
		return readChunks(j, r, read)
	}
}

func (p *syslogParser) begin() {
	p.unknown, p.open, p.noted, p.dated, p.more = true, false, false, false, nil
}

// settle has the reader above read the lines up to the first record, and hands
// it the last record.
func (p *syslogParser) settle(above lineReader, c *chunk) error {
	up, ok := above.(*syslogParser)
	if !ok {
		return errors.New("a reader of another format stands above")
	}
	to := len(c.data)
	if !p.unknown {
		to = int(p.start - c.offset)
	}
	err := c.lines(to, func(ln line) error {
		ln.held, ln.valid = false, false // the record may go on behind the chunk
		return up.line(ln)
	})
	if err != nil || p.unknown {
		return err
	}
	if err := up.finish(); err != nil {
		return err
	}
	// At once, so that whoever keeps it has the lines around it at hand.
	if err := up.j.flush(); err != nil {
		return err
	}
	if err := up.j.adopt(p.j); err != nil {
		return err
	}
	up.open, up.long, up.size, up.more = true, p.long, p.size, p.more
	for i := range up.more {
		up.more[i] = strings.Clone(up.more[i])
	}
	p.open, p.more = false, nil
	return nil
}

// finish closes the record that is open.
func (p *syslogParser) finish() error {
	if p.open && len(p.more) > 0 {
		e := p.j.open()
		goOn(e, "\n"+strings.Join(p.more, "\n"))
		e.Attributes.Set("lines", strconv.Itoa(1+len(p.more)))
		p.more = nil
	}
	p.open = false
	return nil
}

func (p *syslogParser) line(ln line) error {
	e := p.j.slot()
	long, why := p.record(e, ln)
	if why == "" {
		if p.unknown {
			p.unknown, p.start = false, ln.offset
		}
		if err := p.finish(); err != nil {
			return err
		}
		p.open, p.long, p.size = true, long, len(ln.text)
		return p.j.take(ln.offset, p.recovered > 0)
	}
	if p.unknown { // whoever reads the chunk above will read this line again
		p.j.notes, p.noted, p.dated = p.j.notes[:0], false, false
		return nil
	}
	if p.open && !p.solo && p.continues(ln) {
		if p.size+len(ln.text) < maxRecord {
			p.more = append(p.more, textOf(ln, &p.j.open().Attributes))
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

// withoutZeros takes NULs off the front of a line: a file system leaves them
// where a machine stopped while it wrote.
func withoutZeros(b []byte) (n int, rest []byte) {
	for n < len(b) && b[n] == 0 {
		n++
	}
	return n, b[n:]
}

// record reads one line as a record, or says why it is none.
func (p *syslogParser) record(e *timeline.Event, ln line) (long bool, why string) {
	p.recovered = 0
	if ln.text[0] == 0 {
		p.recovered, ln.text = withoutZeros(ln.text)
	}
	head := view(ln.text)
	pri, n := priority(ln.text)
	if p.bare && len(head) > 0 && head[0] == '[' {
		pri, n = -1, 1
	}
	head = head[n:]
	if len(head) < 15 {
		return false, "no time"
	}
	e.TimeKind, e.Source = timeline.Logged, "syslog"
	switch {
	case n > 0 && head[0] >= '1' && head[0] <= '9' && head[1] == ' ':
		long, why = true, p.modern(e, ln, n, pri)
	case head[0] >= '0' && head[0] <= '9':
		long, why = true, p.iso(e, ln, n, pri)
	default:
		why = p.bsd(e, ln, n, pri)
	}
	if why == "" && p.recovered > 0 {
		e.Attributes.Set(attrRecovered, "behind "+strconv.Itoa(p.recovered)+" NUL bytes")
	}
	return long, why
}

// origin notes facility and severity.
func origin(a *timeline.Attributes, n, pri int) {
	if n > 0 && pri >= 0 {
		a.Set("facility", facilityName(pri>>3))
		a.Set("severity", severityName(pri&7))
	}
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
func (p *syslogParser) iso(e *timeline.Event, ln line, skip, pri int) string {
	attrs := &e.Attributes
	s, ok := isoStamp(view(ln.text)[skip:], p.j.clock)
	if !ok {
		return "no time"
	}
	if at := skip + s.size; at < len(ln.text) {
		switch c := ln.text[at]; {
		case c == ' ' || c == ':':
		case p.bare && (c == '|' || c == ']'):
		default:
			return "no time"
		}
	}
	text := textOf(ln, attrs)[skip:]
	e.Precision = s.precision
	if !s.zoned && !postgresUTC(&s, text[s.size:]) {
		attrs.Set(attrAssumed, p.assume(0, s.how))
		p.noteZone()
	}
	e.Time = s.time
	origin(attrs, skip, pri)
	rest := text[s.size:]
	switch {
	case p.bare:
		p.packaged(e, rest)
	default:
		if rest != "" && rest[0] == ' ' {
			rest = rest[1:]
		}
		if rest != "" && rest[0] <= 'Z' { // ChromeOS writes the severity there, PostgreSQL the zone
			if zone, after, ok := postgresZone(rest); ok {
				p.postgres(e, zone, after)
				break
			}
			if word, after, ok := strings.Cut(rest, " "); ok {
				if sev := severityWord(word); sev != "" {
					p.tagged(e, after)
					attrs.Set("severity", sev)
					break
				}
			}
		}
		p.hosted(e, rest)
	}
	p.j.told(attrs, s.as, text[:s.size])
	return ""
}

// bsd reads a line that begins with "Mmm dd hh:mm:ss".
func (p *syslogParser) bsd(e *timeline.Event, ln line, skip, pri int) string {
	s, ok := bsdStamp(ln.text[skip:])
	if !ok {
		return "no time"
	}
	attrs := &e.Attributes
	e.Precision = precisionOf(s.digits)
	text := textOf(ln, attrs)[skip:]
	year, written := s.year, s.year
	if year == 0 {
		var why string
		if year, why = p.yearOf(s, ln.offset); why != "" {
			return why
		}
		written = year
	}
	as := s.as()
	if year > 0 {
		at := seconds(year, s.mon, s.day, s.h, s.m, s.s)
		utc, how := p.j.clock.utc(at)
		if utc <= 0 || utc >= maxSeconds || s.day > daysIn(s.mon, year) {
			p.noteZone()
			return "no such date"
		}
		e.Time = time.Unix(utc, s.nsec).UTC()
		as.shift = at - utc
		if s.year != 0 {
			written = 0
		}
		attrs.Set(attrAssumed, p.assume(written, how))
	} else {
		attrs.Set(attrAssumed, "year "+strconv.Itoa(year)+" (unknown), "+p.zone)
		as.layout = asWritten
	}
	p.noteZone()
	origin(attrs, skip, pri)
	rest := text[s.size:]
	switch {
	case p.bare:
		p.packaged(e, rest)
	case strings.HasPrefix(rest, ": "): // no host, no tag: a remark of the logger
		e.Message = rest[2:]
	default:
		p.hosted(e, strings.TrimPrefix(rest, " "))
	}
	p.j.told(attrs, as, text[:s.size])
	return ""
}

// assume says what was assumed of a time: the year where it is not 0, the zone,
// and a doubt about the hour.
func (p *syslogParser) assume(year int, how string) string {
	if p.assumed == "" || p.year != year || p.how != how {
		p.year, p.how, p.assumed = year, how, p.zone
		if year != 0 {
			p.assumed = "year " + strconv.Itoa(year) + " (" + p.j.calendar.basis + "), " + p.zone
		}
		if how != "" {
			p.assumed += "; " + how
		}
	}
	return p.assumed
}

// noteZone states the zone of local times.
func (p *syslogParser) noteZone() {
	if !p.noted {
		p.noted = true
		p.j.note("local times without a zone: " + p.zone)
	}
}

// yearOf infers the year of a date. The event stays undated (year 0) only when
// nothing at all is known about the time of collection.
func (p *syslogParser) yearOf(s bsd, offset int64) (int, string) {
	c := &p.j.calendar
	c.once.Do(func() { c.begin(p.j, s) })
	if c.err != nil {
		return 0, c.err.Error()
	}
	if !p.dated {
		p.dated = true
		p.j.note(c.note)
	}
	if c.basis == "unknown" {
		return 0, ""
	}
	return c.at(s, offset, &p.near), ""
}
