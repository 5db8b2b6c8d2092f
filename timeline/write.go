package timeline

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Format is a text format that events are written in.
type Format string

// The formats. A byte that is no UTF-8 becomes U+FFFD in the JSON ones.
const (
	JSONL           Format = "jsonl"            // an Event and its marks, one object a line
	CSV             Format = "csv"              // for spreadsheets
	TimesketchJSONL Format = "timesketch-jsonl" // for Timesketch's importer
	TimesketchCSV   Format = "timesketch-csv"
)

// Formats lists the formats.
func Formats() []Format { return []Format{JSONL, CSV, TimesketchJSONL, TimesketchCSV} }

// Writer writes events one by one; it keeps none of them.
type Writer struct {
	json  *json.Encoder
	csv   *csv.Writer
	write func(Event, Mark) error
	exact bool
}

// NewWriter writes to w, which it does not close. Flush must be called at the
// end.
func NewWriter(w io.Writer, format Format) (*Writer, error) {
	out := &Writer{}
	switch format {
	case JSONL:
		out.write = out.jsonLine
	case TimesketchJSONL:
		out.write = out.timesketchLine
	case CSV:
		out.write = out.spreadsheetRow
	case TimesketchCSV:
		out.write = out.timesketchRow
	default:
		return nil, fmt.Errorf("format %q: want one of %v", format, Formats())
	}
	if format == CSV || format == TimesketchCSV {
		out.csv = csv.NewWriter(w)
		head := spreadsheetHead
		if format == TimesketchCSV {
			head = timesketchHead
		}
		if err := out.csv.Write(strings.Split(head, ",")); err != nil {
			return nil, fmt.Errorf("write events: %w", err)
		}
		return out, nil
	}
	out.json = json.NewEncoder(w)
	out.json.SetEscapeHTML(false)
	return out, nil
}

// Exact switches off the guard of the CSV formats, which puts ' before a cell
// that a spreadsheet would take for a formula. Use it only for a reader that
// is no spreadsheet.
func (w *Writer) Exact() { w.exact = true }

// Write writes one event and what people said of it.
func (w *Writer) Write(e *Event, m Mark) error {
	if err := w.write(*e, m); err != nil {
		return fmt.Errorf("write event %s: %w", e.ID, err)
	}
	return nil
}

// Flush writes out what is still buffered.
func (w *Writer) Flush() error {
	if w.csv == nil {
		return nil
	}
	w.csv.Flush()
	if err := w.csv.Error(); err != nil {
		return fmt.Errorf("write events: %w", err)
	}
	return nil
}

type markedLine struct {
	Event
	Written  string   `json:"time_text,omitempty"` // a time that RFC 3339 cannot write
	Star     bool     `json:"star,omitempty"`
	Tags     []string `json:"tags,omitempty"`
	Comments []string `json:"comments,omitempty"`
}

func (w *Writer) jsonLine(e Event, m Mark) error {
	line := markedLine{Event: e, Star: m.Star, Tags: m.Tags, Comments: m.Comments}
	if !writable(e.Time) {
		line.Time, line.Written = time.Time{}, seconds(e.Time)
	}
	return w.json.Encode(line)
}

// writable reports whether RFC 3339 has a form for the time.
func writable(t time.Time) bool { return t.Year() >= 0 && t.Year() <= 9999 }

// seconds writes a time as seconds since 1970.
func seconds(t time.Time) string { return fmt.Sprintf("@%d.%09d", t.Unix(), t.Nanosecond()) }

const notATime = "1970-01-01T00:00:00+00:00"

// timesketchTime is the time in the three fields that Timesketch wants.
// Timesketch refuses a file with an event that has none of them, so an undated
// event is written as plaso does it: time 0, called "Not a time".
func timesketchTime(e Event) (datetime string, micros int64, description string) {
	if e.Time.IsZero() || !writable(e.Time) {
		return notATime, 0, Undated.Description()
	}
	return e.Time.UTC().Format("2006-01-02T15:04:05.999999999-07:00"), e.Time.UnixMicro(), e.TimeKind.Description()
}

func (w *Writer) timesketchLine(e Event, m Mark) error {
	line := make(map[string]any, 16+len(e.Attributes))
	for _, a := range e.Attributes {
		line[a.Name] = a.Value
	}
	set := func(name string, value any) {
		// An attribute of that name moves aside.
		if old, taken := line[name]; taken {
			aside := "attr_" + name
			for line[aside] != nil {
				aside = "attr_" + aside
			}
			line[aside] = old
		}
		line[name] = value
	}
	datetime, micros, description := timesketchTime(e)
	set("message", e.Message)
	set("datetime", datetime)
	set("timestamp", micros)
	set("timestamp_desc", description)
	set("data_type", "firebreak:"+e.Source)
	set("parser", e.Parser)
	set("precision", e.Precision)
	set("exhibit", e.Exhibit)
	set("offset", e.Offset)
	set("event_id", e.ID)
	if !writable(e.Time) {
		set("time_text", seconds(e.Time))
	}
	for name, value := range map[string]string{"hostname": e.Host, "username": e.User, "technique": e.Technique, "comment": strings.Join(m.Comments, "\n")} {
		if value != "" {
			set(name, value)
		}
	}
	if tags := timesketchTags(m); len(tags) > 0 {
		set("tag", tags)
	}
	return w.json.Encode(line)
}

func timesketchTags(m Mark) []string {
	if !m.Star {
		return m.Tags
	}
	return append([]string{"starred"}, m.Tags...)
}

const timesketchHead = "message,timestamp,datetime,timestamp_desc,data_type,hostname,username,parser,technique,exhibit,offset,event_id,tag,comment,attributes"

func (w *Writer) timesketchRow(e Event, m Mark) error {
	attributes, err := attributesText(e)
	if err != nil {
		return err
	}
	datetime, micros, description := timesketchTime(e)
	return w.row(
		e.Message, strconv.FormatInt(micros, 10), datetime, description, "firebreak:"+e.Source, e.Host, e.User, e.Parser, e.Technique,
		e.Exhibit, strconv.FormatInt(e.Offset, 10), e.ID.String(), strings.Join(timesketchTags(m), " "), strings.Join(m.Comments, "\n"), attributes,
	)
}

const spreadsheetHead = "time,precision,kind,source,host,user,message,technique,star,tags,comments,attributes,exhibit,offset,parser,id"

func (w *Writer) spreadsheetRow(e Event, m Mark) error {
	attributes, err := attributesText(e)
	if err != nil {
		return err
	}
	when, star := "", ""
	switch {
	case e.Time.IsZero():
	case writable(e.Time):
		when = e.Time.UTC().Format(time.RFC3339Nano)
	default:
		when = seconds(e.Time)
	}
	if m.Star {
		star = "*"
	}
	return w.row(
		when, string(e.Precision), string(e.TimeKind), e.Source, e.Host, e.User, e.Message, e.Technique, star, strings.Join(m.Tags, " "),
		strings.Join(m.Comments, "\n"), attributes, e.Exhibit, strconv.FormatInt(e.Offset, 10), e.Parser, e.ID.String(),
	)
}

func attributesText(e Event) (string, error) {
	if len(e.Attributes) == 0 {
		return "", nil
	}
	b, err := json.Marshal(e.Attributes)
	return string(b), err
}

func (w *Writer) row(cells ...string) error {
	if !w.exact {
		for i, c := range cells {
			cells[i] = inert(c)
		}
	}
	return w.csv.Write(cells)
}

// inert puts ' before what a spreadsheet would take for a formula: = + - @,
// also in their wide forms, tab or carriage return as the first character
// after spaces (OWASP, CSV injection). A plain number stays.
func inert(cell string) string {
	if _, number := parseNumber(cell); number && strings.Trim(cell, "+-.0123456789eE") == "" {
		return cell
	}
	for _, r := range cell {
		switch {
		case strings.ContainsRune("=+-@\t\r＝＋－＠", r):
			return "'" + cell
		case !unicode.IsSpace(r) && !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r):
			return cell
		}
	}
	return cell
}
