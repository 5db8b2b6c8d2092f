package parse

// bsd is a time as RFC 3164 writes it; year is 0 when it was not written.
type bsd struct {
	year, mon, day, h, m, s int
	nsec                    int64
	digits, size            int
	layout                  layout
}

// as is how the time was written.
func (s bsd) as() wording {
	w := wording{layout: s.layout, point: '.', digits: s.digits}
	if s.s == 60 || s.digits > 9 {
		w.layout = asWritten
	}
	return w
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
	zero, from := b[i] == '0', i
	for ; i < len(b) && b[i] >= '0' && b[i] <= '9' && s.day < 10; i++ {
		s.day = s.day*10 + int(b[i]-'0')
	}
	dayEnd := i
	if s.day < 1 || s.day > daysIn(s.mon, 2000) || i >= len(b) || b[i] != ' ' {
		return s, false
	}
	i++
	s.layout = bsdLayout
	if y, ok := yearAt(b, i); ok {
		s.year, s.layout, i = y, bsdYear, i+5
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
		s.nsec, _ = fraction(view(b[from:i]))
		s.digits = i - from
	}
	if i < len(b) && b[i] != ' ' && b[i] != ':' {
		return s, false
	}
	if s.year == 0 && i < len(b) && b[i] == ' ' {
		if y, ok := yearAt(b, i+1); ok {
			s.year, s.layout, i = y, bsdEnd, i+5
		}
	}
	switch width := dayEnd - from; { // the day as two characters, or not
	case zero && width == 2 && from == 4:
		s.layout++
	case width == 1 && from == 5, width == 2 && from == 4:
	default:
		s.layout = asWritten
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
func monthOf[T string | []byte](b T) int {
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
