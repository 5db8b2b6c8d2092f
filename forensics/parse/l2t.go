package parse

import (
	"bufio"
	"strings"
	"time"

	"firebreak/timeline"
)

// l2tNames is the heading of log2timeline's CSV.
var l2tNames = []string{ //nolint:gochecknoglobals // a table
	"date", "time", "timezone", "MACB", "source", "sourcetype", "type", "user", "host", "short", "desc", "version", "filename", "inode", "notes", "format", "extra",
}

// parseL2T reads log2timeline's CSV of 17 columns. plaso writes its values
// without quotes and with blanks for commas, others quote: a line that has 17
// values when it is cut at commas is taken so.
//
// Reference: plaso, output/l2t_csv.py.
func parseL2T(j *job, r *bufio.Reader) error {
	zones := map[string]*localClock{}
	head := false
	return eachRow(j, r, ',', "", func(row csvRow) error {
		if !head {
			head = true
			if strings.EqualFold(row.fields[0], l2tNames[0]) {
				return nil
			}
		}
		if plain := strings.Split(string(row.raw), ","); len(row.fields) != len(l2tNames) && len(plain) == len(l2tNames) {
			row.fields = plain
			for i := range plain {
				plain[i], _ = clean([]byte(plain[i]))
			}
		}
		if len(row.fields) != len(l2tNames) {
			return unfit("not 17 values")
		}
		e, why := l2tEvent(j, row, zones)
		if why != "" {
			return unfit(why)
		}
		return j.add(row.offset, e)
	})
}

func l2tEvent(j *job, row csvRow, zones map[string]*localClock) (timeline.Event, string) {
	var f [17]string
	for i, value := range row.fields {
		if value = timeline.Unguard(value); value != "-" {
			f[i] = value
		}
	}
	attrs := row.attrs
	set := func(name, value string) {
		if value != "" && !attrs.Has(name) {
			attrs.Set(name, value)
		}
	}
	e := timeline.Event{Source: strings.ToLower(f[4]), User: f[7], Host: f[8], Message: f[10], TimeKind: l2tKind(f[6])}
	parser, ours := strings.CutPrefix(f[15], "firebreak/")
	if ours {
		e.Source = f[5]
	} else {
		set("sourcetype", f[5])
		set("timestamp_desc", f[6])
	}
	if e.Source == "" {
		e.Source = "log"
	}
	if e.Message == "" {
		e.Message = f[9]
	} else if f[9] != "" && !strings.HasPrefix(e.Message, strings.TrimSuffix(f[9], "...")) {
		set("short", f[9])
	}
	extra := l2tExtra(f[16], &attrs)
	if ours {
		e.Technique = attrs.Get("technique")
		attrs.Delete("technique")
	}
	if letters := strings.ToLower(f[3]); e.Source == "file" && len(letters) == 4 && strings.Trim(letters, "macb.") == "" && letters != "...." {
		attrs.Set("macb", letters)
		set("path", f[12])
	}
	set("filename", f[12])
	set("inode", f[13])
	set("notes", f[14])
	set("format", parser)
	set("extra", extra)
	exact := ""
	if ours {
		exact = attrs.Get("datetime")
		attrs.Delete("datetime")
	}
	why := l2tTime(j, &e, &attrs, f[0], f[1], f[2], exact, zones)
	e.Attributes = attrs
	if why == "" && e.Message == "" && len(attrs) == 0 {
		why = "neither a description nor anything else"
	}
	return e, why
}

// l2tTime reads date, time and zone. Zeros and dashes are no time, and neither
// is what plaso calls so.
func l2tTime(j *job, e *timeline.Event, attrs *timeline.Attributes, day, clock, zone, exact string, zones map[string]*localClock) string {
	if strings.Trim(day, "0/-") == "" || e.TimeKind == timeline.Undated {
		if exact != "" {
			attrs.Set(attrTimeText, exact)
		}
		return ""
	}
	if exact != "" {
		if t, err := time.Parse(time.RFC3339Nano, exact); err == nil && sane(t) {
			digits := strings.TrimRight(exact[min(len(exact), 20):], "Z")
			e.Time, e.Precision = t.UTC(), precisionOf(len(digits))
			return ""
		}
	}
	iso, ok := l2tDay(day)
	if !ok {
		return "the date is none"
	}
	l, known := l2tZone(j, zone, zones)
	s, ok := isoStamp(iso+"T"+clock, l)
	if !ok || s.size != len(iso)+1+len(clock) {
		return "the time is none"
	}
	e.Time, e.Precision = s.time, s.precision
	text := strings.TrimSpace(day + " " + clock + " " + zone)
	attrs.Set(attrTimeText, text)
	if !known && !s.zoned {
		attrs.Set(attrAssumed, doubt(j.assumedZone(), s.how))
		j.note("times in a zone that is not known, or in none: " + j.assumedZone())
	}
	return ""
}

// l2tDay turns MM/DD/YYYY into YYYY-MM-DD, which some write.
func l2tDay(day string) (string, bool) {
	if len(day) != 10 {
		return "", false
	}
	if day[2] == '/' && day[5] == '/' {
		day = day[6:] + "-" + day[:2] + "-" + day[3:5]
	}
	_, _, _, ok := date(day, 0)
	return day, ok
}

// l2tAbbreviations are the hours of zones that plaso shortens; those of North
// America are of RFC 822. An abbreviation says whether it is summer, which the
// zone of the same name would look up.
var l2tAbbreviations = map[string]float64{ //nolint:gochecknoglobals // a table
	"UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3,
	"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10,
	"JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "ACST": 9.5, "ACDT": 10.5, "AWST": 8, "NZST": 12, "NZDT": 13,
}

// l2tZone finds the clock of a row by the name of its zone.
func l2tZone(j *job, name string, zones map[string]*localClock) (c *localClock, known bool) {
	c, seen := zones[name]
	if !seen {
		c = l2tClock(name)
		if len(zones) < 64 {
			zones[strings.Clone(name)] = c
		}
	}
	if c == nil {
		return j.clock, false
	}
	return c, true
}

func l2tClock(name string) *localClock {
	if offset, n := zoneAt(name); n > 0 && n == len(name) {
		return &localClock{zone: time.FixedZone(name, int(offset))}
	}
	if hours, known := l2tAbbreviations[name]; known {
		return &localClock{zone: time.FixedZone(name, int(hours*3600))}
	}
	if l, err := time.LoadLocation(name); err == nil && name != "" && name != "Local" {
		return &localClock{zone: l}
	}
	return nil
}

// l2tKind is the kind of the time, of the first of several that a row has.
func l2tKind(desc string) timeline.TimeKind {
	kinds := map[timeline.TimeKind]bool{}
	last := timeline.Logged
	for d := range strings.SplitSeq(desc, ";") {
		last = sketchKind(strings.TrimSpace(d))
		kinds[last] = true
	}
	for _, k := range []timeline.TimeKind{timeline.Born, timeline.Modified, timeline.Changed, timeline.Accessed} {
		if kinds[k] {
			return k
		}
	}
	return last
}

// l2tExtra takes "name: value; name: value" apart. A piece without a name belongs
// to the value before it; what has none before it is returned.
func l2tExtra(text string, attrs *timeline.Attributes) string {
	rest, last := "", ""
	for n, piece := range strings.Split(text, "; ") {
		name, value, named := strings.Cut(piece, ": ")
		switch {
		case named && n < maxMembers && name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == "" && !attrs.Has(name):
			attrs.Set(name, value)
			last = name
		case last != "":
			attrs.Set(last, attrs.Get(last)+"; "+piece)
		case rest != "":
			rest += "; " + piece
		default:
			rest = piece
		}
	}
	return rest
}
