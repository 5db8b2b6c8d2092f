package review

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"time"

	"firebreak/internal/lazyre"
	"firebreak/timeline"
)

var sheetHead = []string{
	"time", "discovered", "side", "who", "phase", "kind", "text", "techniques", "tags", "comments", "entry", "event", "precision", "marks",
}

// Sheet writes the merged timeline as CSV (RFC 4180) for a spreadsheet: one row of
// each line, every cell of which is text: no formula is worked out, and 007 stays
// 007. It begins with a byte order mark, as
// Excel reads a file without one in the alphabet of the machine; what is to be
// read by a program is the JSON form.
func (r Review) Sheet() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("\ufeff")
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	rows := [][]string{sheetHead}
	for _, row := range r.Timeline {
		rows = append(rows, sheetRow(row))
	}
	for _, row := range rows {
		for i, cell := range row {
			row[i] = asText(Harmless(cell))
		}
	}
	if err := w.WriteAll(rows); err != nil {
		return nil, fmt.Errorf("write the sheet: %w", err)
	}
	return b.Bytes(), nil
}

// figures is what a spreadsheet may take for a number, a date or a time.
var figures = lazyre.New(`^[\s+-]*[0-9][0-9\s.,:/%eE+-]*$`)

// asText is a cell that a spreadsheet takes for text: a ' stands in front of one
// that it would take for something else.
func asText(cell string) string {
	if figures.MatchString(cell) {
		return "'" + cell
	}
	return timeline.Inert(cell)
}

func sheetRow(row Row) []string {
	var marks []string
	for _, m := range []struct {
		is   bool
		word string
	}{{row.Star, "starred"}, {row.Bad, "problem"}, {row.Back, "clock went back"}} {
		if m.is {
			marks = append(marks, m.word)
		}
	}
	return []string{
		instant(row.Time), instant(row.Discovered), row.Side, row.Who, row.Phase.String(), string(row.Kind), row.Text, strings.Join(row.Techniques, " "),
		strings.Join(row.Tags, " "), strings.Join(row.Comments, "\n"), row.Ref, row.Event, row.Fine, strings.Join(marks, ", "),
	}
}

// instant is a time as spreadsheets sort it; one that is not known is an empty
// cell.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.999Z")
}
