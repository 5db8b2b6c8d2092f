package timeline

import (
	"strconv"
	"strings"
	"time"
)

// notATime stands where there is no time. Timesketch refuses a file with an
// event that has none, so an undated event is written as plaso does it: time 0,
// called "Not a time".
const notATime = "1970-01-01T00:00:00+00:00"

// sketchTime is the time in the fields that Timesketch wants.
func sketchTime(e *Event) (when time.Time, micros int64, description string) {
	if e.Time.IsZero() || !writable(e.Time) {
		return time.Time{}, 0, Undated.Description()
	}
	when = e.Time.UTC()
	return when, when.UnixMicro(), e.TimeKind.Description()
}

// appendSketchLine is one line of what Timesketch imports as JSONL. An
// attribute whose name is taken, or that OpenSearch would not take, moves aside.
func appendSketchLine(b []byte, e *Event, m *Mark) []byte {
	when, micros, description := sketchTime(e)
	b = append(b, `{"message":`...)
	b = appendString(b, e.Message)
	b = append(b, `,"datetime":"`...)
	if when.IsZero() {
		b = append(b, notATime...)
	} else {
		b = when.AppendFormat(b, "2006-01-02T15:04:05.999999999-07:00")
	}
	b = append(b, `","timestamp":`...)
	b = strconv.AppendInt(b, micros, 10)
	b = appendMember(b, "timestamp_desc", description)
	b = append(b, `,"data_type":`...)
	b = appendString(b, "firebreak:"+e.Source)
	b = appendMember(b, "parser", e.Parser)
	b = appendMember(b, "precision", string(e.Precision))
	b = appendGiven(b, "hostname", e.Host)
	b = appendGiven(b, "username", e.User)
	b = appendGiven(b, "technique", e.Technique)
	b = appendMember(b, "exhibit", e.Exhibit)
	b = append(b, `,"offset":`...)
	b = strconv.AppendInt(b, e.Offset, 10)
	b = append(b, `,"event_id":"`...)
	b = appendID(b, e.ID)
	b = append(b, '"')
	if !writable(e.Time) {
		b = appendMember(b, "time_text", seconds(e.Time))
	}
	b = appendList(b, "tag", sketchTags(m))
	b = appendGiven(b, "comment", strings.Join(m.Comments, "\n"))
	for i := range e.Attributes {
		name, value, tell := foreign(e, i)
		if !tell {
			continue
		}
		b = append(b, ',')
		b = appendString(b, sketchName(e.Attributes, name))
		b = append(b, ':')
		b = appendString(b, value)
	}
	return append(b, '}', '\n')
}

// foreign is an attribute for readers who do not know our forms of times: they
// get the time as it was written, unless another attribute tells it.
func foreign(e *Event, i int) (name, value string, tell bool) {
	a := &e.Attributes[i]
	if a.Name != TimeFormName {
		return a.Name, a.Value, true
	}
	if e.Attributes.Has(TimeTextName) {
		return "", "", false
	}
	if text := e.TimeText(); text != "" {
		return TimeTextName, text, true
	}
	return a.Name, a.Value, true
}

// sketchName is the member that an attribute becomes. A dot would make an object
// of it, which OpenSearch refuses beside a text of the name before the dot.
func sketchName(all Attributes, name string) string {
	if !sketchReserved(name) && strings.IndexByte(name, '.') < 0 {
		return name
	}
	aside := strings.ReplaceAll(name, ".", "_")
	for sketchReserved(aside) || all.Has(aside) {
		aside = "attr_" + aside
	}
	return aside
}

// sketchReserved names what a line has from us, and what Timesketch and
// OpenSearch keep for themselves.
func sketchReserved(name string) bool {
	switch name {
	case "message", "datetime", "timestamp", "timestamp_desc", "data_type", "parser", "precision", "hostname", "username", "technique",
		"exhibit", "offset", "event_id", "tag", "comment", "timesketch_label", "":
		return true
	}
	return name[0] == '_'
}

func sketchTags(m *Mark) []string {
	if !m.Star {
		return m.Tags
	}
	return append([]string{"starred"}, m.Tags...)
}

const sketchHead = "message,timestamp,datetime,timestamp_desc,data_type,hostname,username,parser,technique,exhibit,offset,event_id,tag,comment,attributes\n"

// sketchRow is one row of what Timesketch imports as CSV. All times have the
// same number of digits: the importer drops those that look different from the
// first. Tags are a list in JSON, as it reads them; an empty cell would become
// a tag "nan".
func (w *Writer) sketchRow(b []byte, e *Event, m *Mark) []byte {
	when, micros, description := sketchTime(e)
	b = w.cell(b, e.Message)
	b = append(b, ',')
	b = strconv.AppendInt(b, micros, 10)
	b = append(b, ',')
	if when.IsZero() {
		when = time.Unix(0, 0).UTC()
	}
	b = when.AppendFormat(b, "2006-01-02T15:04:05.000000000-07:00")
	for _, s := range [...]string{description, "firebreak:" + e.Source, e.Host, e.User, e.Parser, e.Technique, e.Exhibit} {
		b = append(b, ',')
		b = w.cell(b, s)
	}
	b = append(b, ',')
	b = strconv.AppendInt(b, e.Offset, 10)
	b = append(b, ',')
	b = appendID(b, e.ID)
	w.spare = appendTexts(w.spare[:0], sketchTags(m))
	b = append(b, ',')
	b = w.cell(b, string(w.spare))
	b = append(b, ',')
	b = w.cell(b, strings.Join(m.Comments, "\n"))
	b = append(b, ',')
	if len(e.Attributes) > 0 {
		w.spare = append(w.spare[:0], '{')
		for i := range e.Attributes {
			name, value, tell := foreign(e, i)
			if !tell {
				continue
			}
			if len(w.spare) > 1 {
				w.spare = append(w.spare, ',')
			}
			w.spare = append(appendString(w.spare, name), ':')
			w.spare = appendString(w.spare, value)
		}
		b = w.cell(b, string(append(w.spare, '}')))
	}
	return append(b, '\n')
}
