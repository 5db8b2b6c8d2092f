package timeline

import (
	"fmt"
	"io"
	"strings"
)

// Format is a text format that events are written in. docs/formats.md tells
// each field by field.
type Format string

// The formats. A byte that is no UTF-8 becomes U+FFFD in all of them, and NUL
// in those that are no JSON.
const (
	JSONL           Format = "jsonl"            // an Event and its marks, one object a line
	CSV             Format = "csv"              // the same for spreadsheets
	TimesketchJSONL Format = "timesketch-jsonl" // for Timesketch's importer
	TimesketchCSV   Format = "timesketch-csv"
	L2TCSV          Format = "l2t-csv"  // the 17 columns of log2timeline
	Bodyfile        Format = "bodyfile" // for mactime 3 and later: times of files only
)

// Formats lists the formats.
func Formats() []Format {
	return []Format{JSONL, CSV, TimesketchJSONL, TimesketchCSV, L2TCSV, Bodyfile}
}

// flushAt is how much a Writer holds before it writes.
const flushAt = 64 << 10

// Writer writes events as text, one by one; it keeps none of them. It is a
// Selective sink.
type Writer struct {
	w       io.Writer
	buf     []byte
	append  func(buf []byte, e *Event, m *Mark) []byte // one event; what it returns is at least buf
	exact   bool
	leftOut int64
	spare   []byte // for cells that are built before they are quoted
}

// NewWriter writes to w, which it does not close. Flush must be called at the
// end.
func NewWriter(w io.Writer, format Format) (*Writer, error) {
	out := &Writer{w: w, buf: make([]byte, 0, flushAt+flushAt/4)}
	switch format {
	case JSONL:
		out.append = appendEventLine
	case CSV:
		out.append = out.spreadsheetRow
		out.buf = append(out.buf, spreadsheetHead...)
	case TimesketchJSONL:
		out.append = appendSketchLine
	case TimesketchCSV:
		out.append = out.sketchRow
		out.buf = append(out.buf, sketchHead...)
	case L2TCSV:
		out.append = out.l2tRow
		out.buf = append(out.buf, l2tHead...)
	case Bodyfile:
		out.append = out.bodyLine
	default:
		return nil, fmt.Errorf("%q: want one of %s", format, formatNames())
	}
	return out, nil
}

// Exact switches off the guard of the CSV formats, which puts ' before a cell
// that a spreadsheet would take for a formula. Use it only for a reader that
// is no spreadsheet.
func (w *Writer) Exact() { w.exact = true }

// Write writes one event and what people said of it.
func (w *Writer) Write(e *Event, m Mark) error {
	w.buf = w.append(w.buf, e, &m)
	if len(w.buf) < flushAt {
		return nil
	}
	return w.Flush()
}

// Flush writes out what is still held.
func (w *Writer) Flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	_, err := w.w.Write(w.buf)
	w.buf = w.buf[:0]
	if err != nil {
		return fmt.Errorf("write events: %w", err)
	}
	return nil
}

// LeftOut is how many events the format has no place for.
func (w *Writer) LeftOut() (n int64, which string) {
	if w.leftOut == 0 {
		return 0, ""
	}
	return w.leftOut, "a body file has times of files only"
}

func formatNames() string {
	var names []string
	for _, f := range Formats() {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}
