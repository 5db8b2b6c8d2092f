// Package parquet writes events as one Parquet file, for the programs that
// analyse tables: pandas, DuckDB, Spark, ClickHouse.
//
// It is pure: what it writes goes to a writer from front to back, a group of
// rows at a time; only the group that is being filled is in memory.
package parquet

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"firebreak/timeline"
)

// row is the schema. A time has nanoseconds and is UTC, and is null where the
// source gave none. Texts that repeat are kept once for each group of rows.
type row struct {
	ID         string            `parquet:"id"`
	Time       *int64            `parquet:"time,timestamp(nanosecond)"`
	Precision  string            `parquet:"precision,dict"`
	Kind       string            `parquet:"kind,dict"`
	Source     string            `parquet:"source,dict"`
	Parser     string            `parquet:"parser,dict"`
	Host       string            `parquet:"host,dict"`
	User       string            `parquet:"user,dict"`
	Message    string            `parquet:"message"`
	Technique  string            `parquet:"technique,dict"`
	Exhibit    string            `parquet:"exhibit,dict"`
	Offset     int64             `parquet:"offset,delta"`
	Star       bool              `parquet:"star"`
	Tags       []string          `parquet:"tags,list"`
	Comments   []string          `parquet:"comments,list"`
	Attributes map[string]string `parquet:"attributes"`
	Discovered *int64            `parquet:"discovered,timestamp(nanosecond),dict"`
}

// The columns, in the order of row.
const (
	colID = iota
	colTime
	colPrecision
	colKind
	colSource
	colParser
	colHost
	colUser
	colMessage
	colTechnique
	colExhibit
	colOffset
	colStar
	colTags
	colComments
	colNames  // of attributes
	colValues // of attributes
	colDiscovered
)

// Sizes of a group of rows: what is in memory at a time.
const (
	groupRows = 64 << 10
	groupText = 32 << 20
	batchRows = 256
)

// Writer writes one file. Rows are put together by hand: by reflection the
// attributes would come in another order each time.
type Writer struct {
	w      *parquet.GenericWriter[row]
	sealed map[string]time.Time
	batch  []parquet.Row
	held   []byte // the texts of the batch
	rows   int    // of the group
	text   int    // of the group, in bytes
}

// New begins a file. sealed says when each exhibit was sealed.
func New(w io.Writer, sealed map[string]time.Time) *Writer {
	return &Writer{
		sealed: sealed, batch: make([]parquet.Row, 0, batchRows),
		w: parquet.NewGenericWriter[row](w, parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}),
			parquet.CreatedBy("firebreak", "", ""), parquet.PageBufferSize(256<<10)),
	}
}

// Write adds an event. It keeps neither the event nor the mark.
func (w *Writer) Write(e *timeline.Event, m timeline.Mark) error {
	n := len(w.batch)
	w.batch = w.batch[:n+1]
	r := w.batch[n][:0]
	before := len(w.held)
	put := func(column int, s string) { r = append(r, w.value(s).Level(0, 0, column)) }
	put(colID, e.ID.String())
	r = append(r, moment(e.Time, colTime))
	put(colPrecision, string(e.Precision))
	put(colKind, string(e.TimeKind))
	put(colSource, e.Source)
	put(colParser, e.Parser)
	put(colHost, e.Host)
	put(colUser, e.User)
	put(colMessage, e.Message)
	put(colTechnique, e.Technique)
	put(colExhibit, e.Exhibit)
	r = append(r, parquet.Int64Value(e.Offset).Level(0, 0, colOffset), parquet.BooleanValue(m.Star).Level(0, 0, colStar))
	r = w.list(r, colTags, len(m.Tags), func(i int) string { return m.Tags[i] })
	r = w.list(r, colComments, len(m.Comments), func(i int) string { return m.Comments[i] })
	r = w.list(r, colNames, len(e.Attributes), func(i int) string { return e.Attributes[i].Name })
	r = w.list(r, colValues, len(e.Attributes), func(i int) string { return e.Attributes[i].Value })
	w.batch[n] = append(r, moment(w.sealed[e.Exhibit], colDiscovered))
	w.rows++
	w.text += len(w.held) - before
	full := w.rows >= groupRows || w.text >= groupText
	if len(w.batch) < batchRows && !full {
		return nil
	}
	return w.send(full)
}

// value is a text as Parquet has it, which is UTF-8. It is copied: an event may
// share memory that is used again.
func (w *Writer) value(s string) parquet.Value {
	from := len(w.held)
	w.held = append(w.held, strings.ToValidUTF8(s, "\uFFFD")...)
	return parquet.ByteArrayValue(w.held[from:len(w.held):len(w.held)])
}

// list is a column with any number of values for a row.
func (w *Writer) list(r parquet.Row, column, n int, at func(int) string) parquet.Row {
	if n == 0 {
		return append(r, parquet.NullValue().Level(0, 0, column))
	}
	for i := range n {
		r = append(r, w.value(at(i)).Level(min(i, 1), 1, column))
	}
	return r
}

// moment is in nanoseconds since 1970, null where there is no time or Parquet
// has none for it.
func moment(t time.Time, column int) parquet.Value {
	if t.IsZero() || t.Before(time.Unix(0, math.MinInt64)) || t.After(time.Unix(0, math.MaxInt64)) {
		return parquet.NullValue().Level(0, 0, column)
	}
	return parquet.Int64Value(t.UnixNano()).Level(0, 1, column)
}

func (w *Writer) send(group bool) error {
	_, err := w.w.WriteRows(w.batch)
	w.batch, w.held = w.batch[:0], w.held[:0]
	if err == nil && group {
		err = w.w.Flush()
		w.rows, w.text = 0, 0
	}
	if err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	return nil
}

// Flush writes what is left and the end of the file.
func (w *Writer) Flush() error {
	if err := w.send(false); err != nil {
		return err
	}
	if err := w.w.Close(); err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	return nil
}
