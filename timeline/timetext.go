package timeline

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Attributes that keep how a source wrote a time. TimeFormName names layout and
// zone, which are the same over long stretches of a file and so cost next to
// nothing; TimeTextName is the text itself, where no form gives it back byte
// for byte.
const (
	TimeTextName = "time_text"
	TimeFormName = "time_form"
)

// TimeText is the event's time as its source wrote it, "" where the source
// wrote none (or in binary).
func (e *Event) TimeText() string {
	if text := e.Attributes.Get(TimeTextName); text != "" {
		return text
	}
	form := e.Attributes.Get(TimeFormName)
	if form == "" || e.Time.IsZero() {
		return ""
	}
	text, ok := FormatTime(form, e.Time)
	if !ok {
		return ""
	}
	return text
}

// Shown is the attributes as people read them: the time's text stands where its
// form is kept.
func (e *Event) Shown() Attributes {
	text := e.TimeText()
	if text == "" || !e.Attributes.Has(TimeFormName) {
		return e.Attributes
	}
	a := slices.Clone(e.Attributes)
	a.Delete(TimeFormName)
	a.Set(TimeTextName, text)
	return a
}

// FormatTime writes t in a form as TimeFormName holds it: text with %Y %m %d %e
// (day, a blank before one digit) %b %H %M %S, %s (seconds since 1970), %1N to
// %9N (that many digits of the fraction) and %%; behind an @ at the end, the
// seconds by which the source's clock was ahead of UTC. It is false for what is
// no form.
func FormatTime(form string, t time.Time) (string, bool) {
	if i := strings.LastIndexByte(form, '@'); i >= 0 {
		shift, err := time.ParseDuration(form[i+1:] + "s")
		if err != nil {
			return "", false
		}
		form, t = form[:i], t.Add(shift)
	}
	t = t.UTC()
	var room [64]byte
	out := room[:0]
	for i := 0; i < len(form); i++ {
		if form[i] != '%' {
			out = append(out, form[i])
			continue
		}
		if i++; i == len(form) {
			return "", false
		}
		switch c := form[i]; c {
		case 'Y':
			out = digits(out, t.Year(), 4)
		case 'm':
			out = digits(out, int(t.Month()), 2)
		case 'd':
			out = digits(out, t.Day(), 2)
		case 'e':
			if t.Day() < 10 {
				out = append(out, ' ')
			}
			out = strconv.AppendInt(out, int64(t.Day()), 10)
		case 'b':
			out = append(out, t.Month().String()[:3]...)
		case 'H':
			out = digits(out, t.Hour(), 2)
		case 'M':
			out = digits(out, t.Minute(), 2)
		case 'S':
			out = digits(out, t.Second(), 2)
		case 's':
			out = strconv.AppendInt(out, t.Unix(), 10)
		case '%':
			out = append(out, '%')
		default:
			if c < '1' || c > '9' || i+1 == len(form) || form[i+1] != 'N' {
				return "", false
			}
			i++
			n := t.Nanosecond()
			for range 9 - int(c-'0') {
				n /= 10
			}
			out = digits(out, n, int(c-'0'))
		}
	}
	return string(out), true
}

// digits appends n with leading zeros.
func digits(out []byte, n, width int) []byte {
	var room [20]byte
	text := strconv.AppendInt(room[:0], int64(n), 10)
	for range width - len(text) {
		out = append(out, '0')
	}
	return append(out, text...)
}
