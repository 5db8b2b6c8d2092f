package parse

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"firebreak/timeline"
)

// date finds the event's time. datetime goes before timestamp, as it may be
// finer and says its zone; a time of zero and "Not a time" are none.
func (s *sketch) date() error {
	if strings.EqualFold(s.desc, timeline.Undated.Description()) {
		return nil
	}
	text := s.datetime
	if text == "" {
		text = s.timestamp
	}
	var as wording
	switch t, ok := sketchMoment(s.datetime, s.j.clock); {
	case ok:
		s.e.Time, s.e.Precision, as = t.time, t.precision, t.as
		if !t.zoned {
			s.attrs.Set(attrAssumed, doubt(s.j.assumedZone(), t.how))
			s.j.note("local times without a zone: " + s.j.assumedZone())
		}
	case s.timestamp != "":
		if err := s.stamp(); err != nil {
			return err
		}
		text = s.timestamp
		if len(text) == 16 && strings.Trim(text, "0123456789") == "" {
			as = wording{layout: joinLayout, digits: 6}
		}
	case !emptyMoment(s.datetime):
		return errors.New("datetime is no time")
	}
	if !s.exact.IsZero() && s.exact.Truncate(time.Microsecond).Equal(s.e.Time.Truncate(time.Microsecond)) {
		s.e.Time = s.exact
	}
	if s.precision != "" && !s.e.Time.IsZero() {
		s.e.Precision = s.precision
	}
	if s.e.Time.IsZero() {
		as = wording{}
	}
	if text != "" {
		s.j.told(&s.attrs, as, text)
	}
	return nil
}

// stamp reads the timestamp, which is microseconds; other numbers of digits are
// taken for what they must be, as Timesketch does.
func (s *sketch) stamp() error {
	digits := strings.TrimSuffix(s.timestamp, ".0")
	unit := timeline.Microsecond
	switch n := len(digits); {
	case strings.Trim(digits, "0") == "":
		return nil // none
	case n <= 11:
		unit = timeline.Second
	case n <= 14:
		unit = timeline.Millisecond
	case n >= 18:
		unit = timeline.Nanosecond
	}
	t, precision, ok := unixTime(digits, unit)
	if !ok {
		return errors.New("neither datetime nor timestamp is a time")
	}
	if unit != timeline.Microsecond {
		s.attrs.Set(attrAssumed, "timestamp is in "+string(unit))
		s.j.note("timestamps that are no microseconds were read by their number of digits")
	}
	s.e.Time, s.e.Precision = t, precision
	return nil
}

// emptyMoment reports whether a datetime says that there is none.
func emptyMoment(text string) bool {
	return text == "" || strings.EqualFold(text, "not set") || strings.HasPrefix(text, "0000-00-00") || strings.HasPrefix(text, "1970-01-01T00:00:00")
}

// sketchLayouts are forms of datetime besides ISO 8601 that name their day in
// one way only.
var sketchLayouts = []string{ //nolint:gochecknoglobals // a table
	time.RFC1123Z, time.RFC1123, time.RFC850, "Mon, 2 Jan 2006 15:04:05 -0700", time.UnixDate, time.RubyDate, time.ANSIC,
	"2006/01/02 15:04:05.999999999", "02/Jan/2006:15:04:05 -0700",
}

// sketchMoment reads a datetime.
func sketchMoment(text string, local *localClock) (stamp, bool) {
	whole := text
	text = strings.TrimSpace(text)
	if s, ok := isoStamp(text, local); ok {
		if s.size != len(whole) {
			s.as = wording{}
		}
		switch rest := strings.TrimSpace(text[s.size:]); {
		case rest == "":
			return s, true
		case s.zoned:
			return s, false
		case rest == "UTC" || rest == "GMT":
			s, ok = isoStamp(text[:s.size]+"Z", local)
			s.as = wording{}
			return s, ok
		default:
			joined := text[:s.size] + rest // a blank before the zone
			s, ok = isoStamp(joined, local)
			s.as = wording{}
			return s, ok && s.zoned && s.size == len(joined)
		}
	}
	if len(text) == 10 {
		if y, mon, d, ok := date(text, 0); ok {
			utc, how := local.utc(seconds(y, mon, d, 0, 0, 0))
			t := time.Unix(utc, 0).UTC()
			return stamp{time: t, precision: timeline.Day, size: len(text), how: how}, sane(t)
		}
	}
	for _, layout := range sketchLayouts {
		if t, err := time.ParseInLocation(layout, text, local.zone); err == nil {
			zoned := strings.Contains(layout, "MST") || strings.Contains(layout, "-0700")
			if name, offset := t.Zone(); zoned && offset == 0 && name != "UTC" && name != "GMT" && name != "" && !strings.Contains(layout, "-0700") {
				return stamp{}, false // an abbreviation that nobody knows
			}
			return stamp{time: t.UTC(), precision: timeline.Second, size: len(text), zoned: zoned}, sane(t)
		}
	}
	return stamp{}, false
}

// plasoTime reads plaso's date_time: how fine the time is, and what of it is
// finer than microseconds.
func (s *sketch) plasoTime(raw []byte) {
	var class, number string
	_ = walkObject(raw, func(name string, raw []byte) error { // it calls nothing that fails
		switch name {
		case "__class_name__":
			class = jsonText(raw, nil)
		case "timestamp":
			number = jsonText(raw, nil)
		}
		return nil
	})
	switch class {
	case "PosixTimeInNanoseconds":
		s.precision = timeline.Nanosecond
		if t, _, ok := unixTime(number, timeline.Nanosecond); ok {
			s.exact = t
		}
	case "Filetime":
		s.precision = timeline.Nanosecond
		if n, ok := filetime(number); ok {
			s.exact = n
		}
	case "PosixTime", "TimeElements", "SystemdTime":
		s.precision = timeline.Second
	case "PosixTimeInMilliseconds", "TimeElementsInMilliseconds", "JavaTime", "Systemtime":
		s.precision = timeline.Millisecond
	case "SemanticTime":
		s.precision = ""
	}
}

// filetime reads tenths of microseconds since 1601.
func filetime(number string) (time.Time, bool) {
	const unix = 116444736000000000 // 1970
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n <= unix {
		return time.Time{}, false
	}
	n -= unix
	return epoch(n/1e7, n%1e7*100)
}
