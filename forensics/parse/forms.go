package parse

import (
	"strconv"
	"strings"
	"time"

	"firebreak/timeline"
)

// wording is how a time was written, as far as a form (timeline.FormatTime) can
// tell it.
type wording struct {
	layout layout
	sep    byte   // between date and clock
	point  byte   // before the fraction
	digits int    // of the fraction
	zone   string // as it stands behind the clock
	shift  int64  // seconds that the written clock is ahead of UTC
}

// layout is the order of the parts of a time.
type layout uint8

const (
	asWritten layout = iota // none of them: the text itself is kept
	isoLayout               // 2006-01-02T15:04:05
	bsdLayout               // Jan _2 15:04:05
	bsdZero                 // Jan 02 15:04:05
	bsdYear                 // Jan _2 2006 15:04:05
	bsdYearZero
	bsdEnd // Jan _2 15:04:05 2006
	bsdEndZero
	webLayout  // 02/Jan/2006:15:04:05 -0700
	unixLayout // seconds since 1970
	hashLayout // #seconds
	joinLayout // seconds and fraction without a point
)

// forms remembers the form that was made last: it is the same for many lines.
type forms struct {
	of   wording
	form string
}

// told notes how the event's time was written: as a form where one gives the
// text back, else as the text.
func (j *job) told(a *timeline.Attributes, w wording, text string) {
	if w.layout == asWritten {
		a.Set(attrTimeText, text)
		return
	}
	if w != j.forms.of || j.forms.form == "" {
		w.zone = strings.Clone(w.zone)
		j.forms = forms{w, w.form(j.src.Skew)}
	}
	a.Set(attrTimeForm, j.forms.form)
}

// form is the text of a form, for times that a skew will be taken off.
func (w wording) form(skew time.Duration) string {
	clock := "%H:%M:%S"
	fraction := ""
	if w.digits > 0 {
		fraction = string(w.point) + "%" + strconv.Itoa(w.digits) + "N"
	}
	var out string
	switch w.layout {
	case isoLayout:
		out = "%Y-%m-%d" + string(w.sep) + clock + fraction
	case bsdLayout:
		out = "%b %e " + clock + fraction
	case bsdZero:
		out = "%b %d " + clock + fraction
	case bsdYear:
		out = "%b %e %Y " + clock + fraction
	case bsdYearZero:
		out = "%b %d %Y " + clock + fraction
	case bsdEnd:
		out = "%b %e " + clock + fraction + " %Y"
	case bsdEndZero:
		out = "%b %d " + clock + fraction + " %Y"
	case webLayout:
		out = "%d/%b/%Y:" + clock
	case unixLayout:
		out = "%s" + fraction
	case hashLayout:
		out = "#%s"
	case joinLayout:
		out = "%s%" + strconv.Itoa(w.digits) + "N"
	case asWritten:
		return ""
	}
	out += strings.ReplaceAll(w.zone, "%", "%%")
	shift := strconv.FormatInt(w.shift, 10)
	if skew != 0 {
		exact := skew + time.Duration(w.shift)*time.Second
		shift = strconv.FormatFloat(exact.Seconds(), 'f', -1, 64)
	}
	if shift != "0" {
		if shift[0] != '-' {
			shift = "+" + shift
		}
		out += "@" + shift
	}
	return out
}
