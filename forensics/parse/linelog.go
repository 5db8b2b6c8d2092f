package parse

import (
	"bufio"
	"bytes"
	"strconv"
	"strings"
	"time"

	"firebreak/timeline"
)

// lineLog is a log in lines of one form.
type lineLog struct {
	// record fills the event of a line, or says why it is none.
	record func(t *tale, text string) string
	// joined says that lines which are none belong to the record above.
	joined bool
}

func lineRow(name string, l lineLog, about About) parser {
	p := parser{name: name, detect: l.detect, run: inChunks(l.lines), about: about}
	if l.joined {
		p.run, p.bound = l.inOrder, true
	}
	return p
}

// lines reads records that are single lines.
func (l lineLog) lines(j *job) lineReader {
	return each(func(ln line) error {
		if ln.text[0] == '#' {
			return nil
		}
		e := j.slot()
		e.TimeKind = timeline.Logged
		t := tale{j: j, e: e, a: &e.Attributes}
		if why := l.record(&t, textOf(ln, t.a)); why != "" {
			j.reject(ln.offset, ln.text, why)
			return nil
		}
		return j.keep(ln.offset)
	})
}

// inOrder reads records that may go over several lines, up to maxRecord.
func (l lineLog) inOrder(j *job, r *bufio.Reader) error {
	var open *timeline.Event
	var at int64
	var more []string
	size := 0
	finish := func() error {
		if open == nil {
			return nil
		}
		e := *open
		if open = nil; len(more) > 0 {
			goOn(&e, "\n"+strings.Join(more, "\n"))
			e.Attributes.Set("lines", strconv.Itoa(1+len(more)))
		}
		more = nil
		return j.add(at, e)
	}
	err := eachLine(j, r, func(ln line) error {
		e := timeline.Event{TimeKind: timeline.Logged, Attributes: make(timeline.Attributes, 0, attrRoom)}
		t := tale{j: j, e: &e, a: &e.Attributes}
		ln.held, ln.valid = false, false
		text := textOf(ln, t.a)
		why := l.record(&t, text)
		switch {
		case why == noRecord: // a heading
			return finish()
		case why == "":
			if err := finish(); err != nil {
				return err
			}
			open, at, size = &e, ln.offset, len(text)
		case open != nil && size+len(text) < maxRecord:
			more = append(more, text)
			size += len(text) + 1
		default:
			j.reject(ln.offset, ln.text, why)
		}
		return nil
	})
	if ferr := finish(); err == nil {
		err = ferr
	}
	return err
}

// goOn adds the lines that belong to a record, and to the command that it ends in.
func goOn(e *timeline.Event, more string) {
	if command := e.Attributes.Get(attrCommand); command != "" && strings.HasSuffix(e.Message, command) {
		e.Attributes.Set(attrCommand, command+more)
	}
	e.Message += more
}

// detect asks whether the first lines are records; half of them do where none
// may be joined.
func (l lineLog) detect(_ string, head []byte) bool {
	j := newScratch()
	good, seen := 0, 0
	for len(head) > 0 && seen < 16 {
		text, rest, more := bytes.Cut(head, []byte("\n"))
		head = rest
		text = bytes.TrimSuffix(text, []byte("\r"))
		if len(text) == 0 || text[0] == '#' && !l.joined || !more && seen > 0 || len(text) > 32<<10 {
			continue
		}
		seen++
		e := timeline.Event{}
		t := tale{j: j, e: &e, a: &e.Attributes}
		if l.record(&t, string(text)) == "" {
			if good++; l.joined && seen <= 4 {
				return true
			}
		}
	}
	return good > 0 && good*2 >= seen
}

// newScratch is a job for a look at the head of a file: it keeps nothing.
func newScratch() *job {
	return &job{plain: &plain{}, zone: time.UTC, clock: utcClock()}
}

// local reads an ISO 8601 time that is local where it names no zone, and says
// how long it is.
func (t *tale) local(text string) (int, bool) {
	s, ok := isoStamp(text, t.j.clock)
	if !ok {
		return 0, false
	}
	t.stamped(s, text[:s.size])
	return s.size, true
}

// stamped takes a time, and what is assumed of it.
func (t *tale) stamped(s stamp, text string) {
	t.e.Time, t.e.Precision = s.time, s.precision
	if !s.zoned {
		t.localTime(s.how)
	}
	t.j.told(t.a, s.as, text)
}

// localTime says which zone was taken for a time that names none.
func (t *tale) localTime(how string) {
	zone := t.j.assumedZone()
	t.a.Set(attrAssumed, doubt(zone, how))
	t.j.note("local times without a zone: " + zone)
}

// dated takes the local time that begins a line. Where it has no year, near and
// its neighbours tell which; a year of 0 that stays one leaves the event undated.
func (t *tale) dated(s bsd, text string, offset int64, near *int) (why string) {
	year := s.year
	if year == 0 {
		if year, why = t.j.yearOf(s, offset, near); why != "" {
			return why
		}
	}
	if year > 0 {
		utc, how := t.j.clock.utc(seconds(year, s.mon, s.day, s.h, s.m, s.s))
		if utc <= 0 || utc >= maxSeconds || s.day > daysIn(s.mon, year) {
			return "no such date"
		}
		t.e.Time, t.e.Precision = time.Unix(utc, s.nsec).UTC(), precisionOf(s.digits)
		t.localTime(how)
		if s.year == 0 {
			t.a.Set(attrAssumed, "year "+itoa(year)+" ("+t.j.calendar.basis+"), "+t.a.Get(attrAssumed))
		}
	}
	t.j.told(t.a, wording{}, text[:s.size])
	return ""
}

// civil takes a local time by its parts; text is how it was written.
func (t *tale) civil(y, mon, d, h, m, s int, frac, text string) bool {
	if y < 1970 || y > 2261 || mon < 1 || mon > 12 || d < 1 || d > daysIn(mon, y) || h < 0 || h > 23 || m < 0 || m > 59 || s < 0 || s > 60 {
		return false
	}
	nsec, ok := fraction(frac)
	utc, how := t.j.clock.utc(seconds(y, mon, d, h, m, s))
	if !ok || utc <= 0 || utc >= maxSeconds {
		return false
	}
	t.e.Time, t.e.Precision = time.Unix(utc, nsec).UTC(), precisionOf(len(frac))
	t.localTime(how)
	t.j.told(t.a, wording{}, text)
	return true
}

// web takes a time as access logs write it: 10/Oct/2000:13:55:36 -0700.
func (t *tale) web(text string) bool {
	var r accessReader
	at, as, ok := r.time(text)
	if ok {
		t.e.Time, t.e.Precision = at, timeline.Second
		t.j.told(t.a, as, text)
	}
	return ok
}

// digits is the run of digits at the beginning of s.
func digits(s string) string {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return s[:n]
}

// quotedFields splits at blanks; what stands in double quotes or brackets is
// one field, without them.
func quotedFields(s string, most int) []string {
	out := make([]string, 0, 32)
	for len(out) < most {
		s = strings.TrimLeft(s, " ")
		if s == "" {
			break
		}
		switch s[0] {
		case '"':
			text, rest, ok := accessQuoted(s)
			if !ok {
				return append(out, s[1:])
			}
			out, s = append(out, text), rest
		case '[':
			text, rest, ok := strings.Cut(s[1:], "]")
			if !ok {
				return append(out, s)
			}
			out, s = append(out, text), rest
		default:
			text, rest, _ := strings.Cut(s, " ")
			out, s = append(out, text), rest
		}
	}
	return out
}

// request takes "METHOD URL PROTOCOL".
func (t *tale) request(s string) {
	method, url, protocol := accessRequest(s)
	t.set("method", method)
	t.set("url", url)
	t.set("protocol", protocol)
}

// status takes the status of an answer.
func (t *tale) status(code string) {
	t.set("status", dash(code))
	if len(code) == 3 && (code[0] == '4' || code[0] == '5') {
		t.set(attrOutcome, "failure")
	}
}
