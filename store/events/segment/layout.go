package segment

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// Nearly every event has its time twice: as a time, and as its source wrote it.
// The second is not kept where it is the first, written in a layout: that spares
// some thirty bytes and ten words an event.

// stampedName is the attribute that is kept as a layout.
const stampedName = "time_text"

// layout is a way to write a time. Its bytes from fieldYear to fieldEpoch stand
// for fields, the others for themselves.
type layout struct {
	pattern string
	offset  int64 // nanoseconds from the event's time to the one that is written

	digits int    // of the fraction
	behind string // what belongs to the same word as the fraction, folded
}

const (
	fieldYear   = iota + 1 // four digits
	fieldMonth             // two
	fieldDay               // two
	fieldHour              // two
	fieldMinute            // two
	fieldSecond            // two
	fieldName              // Jan
	fieldSpaced            // day, a blank before the 1 to 9
	fieldShort             // day, without it
	fieldFraction
	fieldEpoch // seconds since 1970
)

// The fraction is followed by how many digits it has, counted from digitsFrom.
const digitsFrom = 0x10

const monthNames = "JanFebMarAprMayJunJulAugSepOctNovDec"

// farthest is how far a written time may be from the time in UTC: a zone, and a
// clock that was wrong.
const farthest = 48 * int64(time.Hour)

// layoutOf finds the layout in which text is the time.
func layoutOf(text string, stamp int64) (layout, bool) {
	if len(text) < 10 || len(text) > 48 || isFar(stamp) || stamp == Undated {
		return layout{}, false
	}
	for _, scan := range [...]func(*layoutScan) bool{(*layoutScan).iso, (*layoutScan).bsd, (*layoutScan).access, (*layoutScan).epoch} {
		s := layoutScan{rest: text, stamp: stamp}
		if !scan(&s) {
			continue
		}
		l := layout{pattern: string(s.pattern) + s.rest}
		if strings.ContainsFunc(s.rest, func(r rune) bool { return r < ' ' || r > '~' }) {
			return layout{}, false
		}
		local := s.seconds*int64(time.Second) + s.fraction
		truncated := stamp
		if s.unit > 1 {
			truncated -= mod(stamp, s.unit)
		}
		if l.offset = local - truncated; l.offset < -farthest || l.offset > farthest || mod(l.offset, int64(time.Millisecond)) != 0 {
			return layout{}, false
		}
		l.settle()
		var room [64]byte
		return l, string(l.write(room[:0], stamp, true)) == text
	}
	return layout{}, false
}

// settle works out what follows from the pattern.
func (l *layout) settle() {
	l.digits, l.behind = 0, ""
	if i := strings.IndexByte(l.pattern, fieldFraction); i >= 0 && i+1 < len(l.pattern) {
		l.digits = int(l.pattern[i+1]) - digitsFrom
		tail := l.pattern[i+2:]
		n := 0
		for n < len(tail) && classes[tail[n]] != 0 {
			n++
		}
		l.behind = strings.ToLower(tail[:n])
	}
}

// write writes the time; without fraction, the word in which that is is left out.
func (l *layout) write(dst []byte, stamp int64, fraction bool) []byte {
	local := stamp + l.offset
	nano := mod(local, int64(time.Second))
	seconds := (local - nano) / int64(time.Second)
	var y, mon, d int
	inDay := int(mod(seconds, 86400))
	dated := false
	for i := 0; i < len(l.pattern); i++ {
		f := l.pattern[i]
		if !dated && (f == fieldYear || f == fieldMonth || f == fieldDay || f == fieldName || f == fieldSpaced || f == fieldShort) {
			y, mon, d = civil((seconds - int64(inDay)) / 86400)
			dated = true
		}
		switch f {
		case fieldYear:
			dst = two(two(dst, y/100%100), y%100)
		case fieldMonth:
			dst = two(dst, mon)
		case fieldDay:
			dst = two(dst, d)
		case fieldHour:
			dst = two(dst, inDay/3600)
		case fieldMinute:
			dst = two(dst, inDay/60%60)
		case fieldSecond:
			dst = two(dst, inDay%60)
		case fieldName:
			dst = append(dst, monthNames[3*mon-3:3*mon]...)
		case fieldSpaced, fieldShort:
			switch {
			case d >= 10:
				dst = two(dst, d)
			case f == fieldSpaced:
				dst = append(dst, ' ', byte('0'+d)) //nolint:gosec // a digit
			default:
				dst = append(dst, byte('0'+d)) //nolint:gosec // a digit
			}
		case fieldFraction:
			if i++; fraction {
				dst = appendDigits(dst, nano/scale[l.digits], l.digits)
			} else {
				i += len(l.behind)
			}
		case fieldEpoch:
			dst = fmt.Appendf(dst, "%d", seconds)
		default:
			dst = append(dst, f)
		}
	}
	return dst
}

// fractionOf is the number that the fraction is.
func (l *layout) fractionOf(stamp int64) int64 {
	return mod(stamp+l.offset, int64(time.Second)) / scale[l.digits]
}

// scale is the nanoseconds of the last of so many digits.
var scale = [10]int64{1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 1e1, 1}

func two(dst []byte, n int) []byte {
	return append(dst, byte('0'+n/10), byte('0'+n%10)) //nolint:gosec // two digits
}

func appendDigits(dst []byte, n int64, digits int) []byte {
	at := len(dst)
	dst = append(dst, "000000000"[:digits]...)
	for i := at + digits - 1; i >= at; i-- {
		dst[i] = byte('0' + n%10) //nolint:gosec // a digit
		n /= 10
	}
	return dst
}

func mod(a, b int64) int64 {
	if a %= b; a < 0 {
		a += b
	}
	return a
}

// civil is the date of a day counted from 1970-01-01, after Howard Hinnant's
// "chrono-compatible low-level date algorithms".
func civil(days int64) (y, m, d int) {
	days += 719468
	era := (days - mod(days, 146097)) / 146097
	doe := days - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d = int(doy - (153*mp+2)/5 + 1)
	m = int(mp + 3)
	if m > 12 {
		m -= 12
	}
	y = int(yoe + era*400)
	if m <= 2 {
		y++
	}
	return y, m, d
}

// layoutScan takes a text apart.
type layoutScan struct {
	rest     string
	stamp    int64
	pattern  []byte
	seconds  int64
	fraction int64
	unit     int64 // what the text does not tell is less than this
	y, m, d  int
}

func (s *layoutScan) digits(n, field int) (int, bool) {
	if len(s.rest) < n {
		return 0, false
	}
	v := 0
	for i := range n {
		c := s.rest[i] - '0'
		if c > 9 {
			return 0, false
		}
		v = v*10 + int(c)
	}
	s.rest, s.pattern = s.rest[n:], append(s.pattern, byte(field)) //nolint:gosec // a field
	return v, true
}

func (s *layoutScan) one(of string) bool {
	if s.rest == "" || strings.IndexByte(of, s.rest[0]) < 0 {
		return false
	}
	s.pattern, s.rest = append(s.pattern, s.rest[0]), s.rest[1:]
	return true
}

func (s *layoutScan) name() bool {
	if len(s.rest) < 3 {
		return false
	}
	i := strings.Index(monthNames, s.rest[:3])
	if i < 0 || i%3 != 0 {
		return false
	}
	s.m = i/3 + 1
	s.rest, s.pattern = s.rest[3:], append(s.pattern, fieldName)
	return true
}

// clock reads "hh:mm:ss" with a fraction.
func (s *layoutScan) clock() bool {
	h, ok1 := s.digits(2, fieldHour)
	if !ok1 || !s.one(":") {
		return false
	}
	m, ok := s.digits(2, fieldMinute)
	if !ok {
		return false
	}
	s.unit = int64(time.Minute)
	sec := 0
	if strings.HasPrefix(s.rest, ":") {
		if s.one(":"); ok {
			if sec, ok = s.digits(2, fieldSecond); !ok {
				return false
			}
		}
		s.unit = int64(time.Second)
		s.part()
	}
	s.seconds = time.Date(s.y, time.Month(s.m), s.d, h, m, sec, 0, time.UTC).Unix()
	return true
}

// part reads a fraction, where there is one.
func (s *layoutScan) part() {
	n := 0
	for n+1 < len(s.rest) && n < 9 && s.rest[n+1]-'0' <= 9 {
		n++
	}
	if n == 0 || !s.one(".,") {
		return
	}
	for i := range n {
		s.fraction = s.fraction*10 + int64(s.rest[i]-'0')
	}
	s.fraction *= scale[n]
	s.unit = scale[n]
	s.rest, s.pattern = s.rest[n:], append(s.pattern, fieldFraction, byte(digitsFrom+n)) //nolint:gosec // a digit
}

// iso reads 2026-11-20T03:00:00.123456+01:00.
func (s *layoutScan) iso() bool {
	var ok [3]bool
	s.y, ok[0] = s.digits(4, fieldYear)
	if !ok[0] || !s.one("-") {
		return false
	}
	s.m, ok[1] = s.digits(2, fieldMonth)
	if !ok[1] || !s.one("-") {
		return false
	}
	s.d, ok[2] = s.digits(2, fieldDay)
	return ok[2] && s.one("Tt ") && s.clock()
}

// bsd reads "Nov 20 03:00:00"; the year is the one in which that is nearest.
func (s *layoutScan) bsd() bool {
	if !s.name() || !s.one(" ") {
		return false
	}
	field := fieldSpaced
	if s.rest != "" && s.rest[0] == ' ' {
		s.rest = s.rest[1:]
	} else if len(s.rest) > 1 && s.rest[1] == ' ' {
		field = fieldShort
	}
	size := 2
	if len(s.rest) > 1 && s.rest[1] == ' ' {
		size = 1
	}
	var ok bool
	if s.d, ok = s.digits(size, field); !ok || !s.one(" ") {
		return false
	}
	at := *s
	at.pattern = append([]byte{}, s.pattern...)
	best := int64(-1)
	year := time.Unix(0, s.stamp).UTC().Year()
	for y := year - 1; y <= year+1; y++ {
		try := at
		try.pattern = append([]byte{}, at.pattern...)
		try.y = y
		if !try.clock() {
			return false
		}
		far := try.seconds - s.stamp/int64(time.Second)
		if far = max(far, -far); best < 0 || far < best {
			best, *s = far, try
		}
	}
	return true
}

// access reads 20/Nov/2026:03:00:00 +0000.
func (s *layoutScan) access() bool {
	var ok bool
	if s.d, ok = s.digits(2, fieldDay); !ok || !s.one("/") || !s.name() || !s.one("/") {
		return false
	}
	if s.y, ok = s.digits(4, fieldYear); !ok {
		return false
	}
	return s.one(":") && s.clock()
}

// epoch reads 1763607600.123.
func (s *layoutScan) epoch() bool {
	n := 0
	for n < len(s.rest) && s.rest[n]-'0' <= 9 {
		s.seconds = s.seconds*10 + int64(s.rest[n]-'0')
		if n++; n > 10 {
			return false
		}
	}
	if n < 9 || s.rest[0] == '0' {
		return false
	}
	s.rest, s.pattern = s.rest[n:], append(s.pattern, fieldEpoch)
	s.unit = int64(time.Second)
	s.part()
	return true
}

func appendLayout(dst []byte, l *layout) []byte {
	dst = binary.AppendVarint(dst, l.offset)
	dst = binary.AppendUvarint(dst, uint64(len(l.pattern)))
	return append(dst, l.pattern...)
}
