package parse

import (
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // for machines without zones, as Windows

	"firebreak/timeline"
)

// maxSeconds is 2262-01-01, past which nanoseconds no longer fit 64 bits.
const maxSeconds = 9214646400

// epoch makes a time of seconds and nanoseconds since 1970. Zero, negative and
// absurd values are no time.
func epoch(sec, nsec int64) (time.Time, bool) {
	if sec < 0 || sec >= maxSeconds || nsec < 0 || nsec >= 1e9 || sec == 0 && nsec == 0 {
		return time.Time{}, false
	}
	return time.Unix(sec, nsec).UTC(), true
}

// sane says whether t is inside what the timeline can hold.
func sane(t time.Time) bool {
	s := t.Unix()
	return s > 0 && s < maxSeconds
}

// precisionOf is the precision of a time written with n fractional digits.
func precisionOf(n int) timeline.Precision {
	switch {
	case n == 0:
		return timeline.Second
	case n <= 3:
		return timeline.Millisecond
	case n <= 6:
		return timeline.Microsecond
	default:
		return timeline.Nanosecond
	}
}

// decimalTime reads seconds since 1970 with an optional fraction, as in
// "1337961564.25".
func decimalTime(s string) (time.Time, timeline.Precision, bool) {
	if len(s) > 11 || len(s) == 0 || s[0] < '0' || s[0] > '9' {
		return fractionTime(s)
	}
	sec := int64(0)
	for i := range len(s) {
		c := s[i] - '0'
		if c > 9 {
			return fractionTime(s)
		}
		sec = sec*10 + int64(c)
	}
	t, ok := epoch(sec, 0)
	return t, timeline.Second, ok
}

func fractionTime(s string) (time.Time, timeline.Precision, bool) {
	whole, frac, _ := strings.Cut(s, ".")
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return time.Time{}, "", false
	}
	nsec, ok := fraction(frac)
	if !ok {
		return time.Time{}, "", false
	}
	t, ok := epoch(sec, nsec)
	return t, precisionOf(len(frac)), ok
}

// decimalForm says how a time that decimalTime read was written.
func decimalForm(s string) wording {
	whole, frac, point := strings.Cut(s, ".")
	if whole == "" || whole[0] == '0' && whole != "0" || whole[0] == '+' || point && frac == "" || len(frac) > 9 {
		return wording{}
	}
	return wording{layout: unixLayout, point: '.', digits: len(frac)}
}

// fraction reads the digits behind a decimal point as nanoseconds; digits past
// the ninth are dropped.
func fraction(s string) (int64, bool) {
	n := int64(0)
	for i := range len(s) {
		c := s[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		if i < 9 {
			n = n*10 + int64(c-'0')
		}
	}
	for i := len(s); i < 9; i++ {
		n *= 10
	}
	return n, true
}

// two reads two digits at i, or answers -1.
func two[T string | []byte](s T, i int) int {
	if i+2 > len(s) {
		return -1
	}
	a, b := s[i]-'0', s[i+1]-'0'
	if a > 9 || b > 9 {
		return -1
	}
	return int(a)*10 + int(b)
}

// clock reads "hh:mm:ss" at i. Second 60 is a leap second and read as such by
// time.Date, which carries it into the next minute.
func clock[T string | []byte](s T, i int) (h, m, sec int, ok bool) {
	if i+8 > len(s) || s[i+2] != ':' || s[i+5] != ':' {
		return 0, 0, 0, false
	}
	h, m, sec = two(s, i), two(s, i+3), two(s, i+6)
	return h, m, sec, h >= 0 && h < 24 && m >= 0 && m < 60 && sec >= 0 && sec <= 60
}

// date reads "yyyy-mm-dd" at i.
func date[T string | []byte](s T, i int) (y, mon, d int, ok bool) {
	if i+10 > len(s) || s[i+4] != '-' || s[i+7] != '-' {
		return 0, 0, 0, false
	}
	c, yy := two(s, i), two(s, i+2)
	mon, d = two(s, i+5), two(s, i+8)
	if c < 0 || yy < 0 || mon < 1 || mon > 12 || d < 1 || d > daysIn(mon, c*100+yy) {
		return 0, 0, 0, false
	}
	return c*100 + yy, mon, d, true
}

func leap(y int) bool { return y%4 == 0 && (y%100 != 0 || y%400 == 0) }

func daysIn(mon, y int) int {
	switch mon {
	case 2:
		if leap(y) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	default:
		return 31
	}
}

// stamp is a time read at the head of a text, and how it was written.
type stamp struct {
	time      time.Time
	precision timeline.Precision
	size      int    // bytes it took
	zoned     bool   // it named its own zone
	how       string // what had to be assumed of a local time, besides the zone
	as        wording
}

// isoStamp reads an ISO 8601 / RFC 3339 time at the beginning of s: date, "T"
// or a blank, clock (seconds may be missing), optional fraction and zone, which may
// stand behind a blank. Without
// a zone it is local time of the clock's.
func isoStamp(s string, local *localClock) (stamp, bool) {
	y, mon, d, ok := date(s, 0)
	if !ok || len(s) < 16 || s[10] != 'T' && s[10] != ' ' && s[10] != 't' {
		return stamp{}, false
	}
	out := stamp{precision: timeline.Second, size: 19, as: wording{layout: isoLayout, sep: s[10]}}
	h, m, sec, ok := clock(s, 11)
	if !ok {
		if h, m = two(s, 11), two(s, 14); s[13] != ':' || h < 0 || h > 23 || m < 0 || m > 59 || len(s) > 16 && s[16] >= '0' && s[16] <= ':' {
			return stamp{}, false
		}
		out.precision, out.size, out.as.layout, sec = timeline.Minute, 16, asWritten, 0
	}
	var nsec int64
	if out.size == 19 && len(s) > 20 && (s[19] == '.' || s[19] == ',') && s[20] >= '0' && s[20] <= '9' {
		end := 20
		for end < len(s) && s[end] >= '0' && s[end] <= '9' {
			end++
		}
		nsec, _ = fraction(s[20:end])
		out.as.point, out.as.digits = s[19], end-20
		out.precision, out.size = precisionOf(end-20), end
	}
	if sec == 60 || out.as.digits > 9 {
		out.as.layout = asWritten
	}
	at := seconds(y, mon, d, h, m, sec)
	var utc int64
	offset, n := zoneAt(s[out.size:])
	if n == 0 {
		offset, n = apartZone(s[out.size:])
	}
	if n > 0 {
		out.zoned, out.as.zone = true, s[out.size:out.size+n]
		out.size += n
		utc = at - offset
	} else {
		utc, out.how = local.utc(at)
	}
	out.as.shift = at - utc
	out.time = time.Unix(utc, nsec).UTC()
	return out, utc > 0 && utc < maxSeconds
}

// apartZone is zoneAt for a zone with a blank before it and one behind, or nothing.
// What is no zone of the world is text.
func apartZone(s string) (offset int64, size int) {
	if len(s) < 6 || s[0] != ' ' || s[1] != '+' && s[1] != '-' {
		return 0, 0
	}
	offset, size = zoneAt(s[1:])
	if size++; size == 1 || size < len(s) && s[size] != ' ' || offset%(15*60) != 0 || offset < -12*3600 || offset > 14*3600 {
		return 0, 0
	}
	return offset, size
}

// zoneAt reads "Z", "+hh:mm" or "+hhmm" as seconds, and says how long it is.
func zoneAt(s string) (offset int64, size int) {
	if s == "" {
		return 0, 0
	}
	if s[0] == 'Z' || s[0] == 'z' {
		return 0, 1
	}
	if s[0] != '+' && s[0] != '-' {
		return 0, 0
	}
	h, n := two(s, 1), 3
	if n < len(s) && s[n] == ':' {
		n++
	}
	m := two(s, n)
	if h < 0 || h > 23 || m < 0 || m > 59 {
		return 0, 0
	}
	d := int64(h*3600 + m*60)
	if s[0] == '-' {
		d = -d
	}
	return d, n + 2
}
