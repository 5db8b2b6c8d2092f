package tui

import (
	"fmt"
	"strings"
	"time"

	"firebreak/response"
	"firebreak/timeline"
)

// dated writes the time of an event. Where the layout leaves the day or the
// year out and it is not this one, they stand there all the same, and the
// fraction gives way: no time may read as another.
func dated(e response.MarkedEvent, layout string, now time.Time) string {
	const whole = "2006-01-02 15:04:05"
	at, now := e.Time.UTC(), now.UTC()
	far := at.Year() != now.Year()
	switch {
	case e.Time.IsZero():
	case far && layout != whole:
		p := e.Precision
		if p != timeline.Minute && p != timeline.Day {
			p = timeline.Second
		}
		return eventTime(e.Time, p, whole)
	case at.YearDay() != now.YearDay() && layout == "15:04:05":
		return at.Format("01-02 15:04:05")
	}
	return eventTime(e.Time, e.Precision, layout)
}

// eventLine is one event in w cells, for a list of a few.
func eventLine(e response.MarkedEvent, w int, now time.Time) line {
	const layout = "15:04:05"
	star := " "
	if e.Star {
		star = "*"
	}
	at := pad(dated(e, layout, now), len(layout)+len(".000")) // a day in front pushes the rest of its row aside
	source := clip(look(faint, e.Source), 9)[0].text
	if strings.HasPrefix(e.Message, e.Source+" ") { // it says so itself
		source = ""
	}
	return clip(line{{warn, star}, {faint, at + " "}, {faint, source}, {usual, " " + e.Message}}, w)
}

// eventDetail says everything about an event. Its time is in UTC, and in the
// zone that is shown.
func eventDetail(e response.MarkedEvent, z *time.Location, w int) []line {
	out := wrap(strong, e.Message, w)
	out = append(out, nil)
	at := "undated"
	if !e.Time.IsZero() {
		at = wholeTime(e) + "  (" + string(e.TimeKind) + ", precision " + string(e.Precision) + ")"
		if why := suspect(e); why != "" {
			at += "  ? " + why
		}
		if z != time.UTC {
			at += "  " + e.Time.In(z).Format("2006-01-02 15:04:05 MST")
		}
	}
	found := ""
	if !e.Discovered.IsZero() {
		found = stamp(e.Discovered) + "  (its evidence was sealed)"
	}
	for _, f := range [][2]string{
		{"Time       ", at},
		{"Discovered ", found},
		{"Source     ", e.Source},
		{"Host       ", e.Host},
		{"User       ", e.User},
		{"Technique  ", e.Technique},
		{"Evidence   ", fmt.Sprintf("%s at %d, read by %s", e.Exhibit, e.Offset, e.Parser)},
		{"Id         ", e.ID.String()},
		{"Tags       ", strings.Join(e.Tags, ", ")},
	} {
		out = append(out, labelled(f[0], f[1], w)...)
	}
	if e.Star {
		out = append(out, look(warn, "* starred"))
	}
	for _, c := range e.Comments {
		out = append(out, labelled("Said       ", c, w)...)
	}
	if len(e.Attributes) > 0 {
		out = append(out, nil, heading("Attributes"))
	}
	for _, a := range e.Shown() {
		out = append(out, labelled("  "+a.Name+" = ", a.Value, w)...)
	}
	return out
}

// wholeTime is the time of an event to its last digit.
func wholeTime(e response.MarkedEvent) string {
	const layout = "2006-01-02 15:04:05"
	switch e.Precision {
	case timeline.Nanosecond:
		return e.Time.UTC().Format(layout+".000000000") + "Z"
	case timeline.Microsecond:
		return e.Time.UTC().Format(layout+".000000") + "Z"
	case timeline.Millisecond, timeline.Second, timeline.Minute, timeline.Day:
	}
	return eventTime(e.Time, e.Precision, layout) + "Z"
}
