package response

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"firebreak/incident"
	"firebreak/store"
	"firebreak/store/events"
	"firebreak/store/events/sqlview"
	"firebreak/timeline"
)

// SQLRequest is a question in SQL. What Params holds stands for :name, @name or
// $name in the query; a text that is a whole number is one.
type SQLRequest struct {
	Query  string
	Params map[string]string
}

// SQLAnswer takes what a question is answered with. Head is called once, then
// Row for each row with int64, float64, string, []byte or nil for each column.
// Neither keeps the slice.
type SQLAnswer struct {
	Head func(columns []string) error
	Row  func(values []any) error
}

// SQLColumn says what a column of the table events holds.
type SQLColumn = sqlview.Column

// SQLColumns are the columns of the table events, the hidden one last.
func SQLColumns() []SQLColumn { return sqlview.Columns() }

// SQLFault is a fault in a query: the query itself, and where in it, in bytes,
// or -1.
type SQLFault struct {
	Query  string
	Offset int
}

// SQL answers one question over the events of an incident, their marks and its
// exhibits. It reads only. Events are read while the answer is given; what
// others write meanwhile may be in one part of a query and not in another.
func (s *Session) SQL(ctx context.Context, id incident.ID, r SQLRequest, to SQLAnswer) (err error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	db, err := s.s.timeline(ctx, f)
	if err != nil {
		return err
	}
	tables, err := s.sqlTables(ctx, f, db)
	if err != nil {
		return err
	}
	spills, err := s.s.spills(f)
	if err != nil {
		return err
	}
	view, err := sqlview.Open(tables, spills)
	if err != nil {
		return fmt.Errorf("ask in SQL: %w", err)
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	var params []sqlview.Param
	for name, text := range r.Params {
		params = append(params, sqlview.Param{Name: name, Value: paramOf(text)})
	}
	return sqlFault(view.Query(ctx, r.Query, params, to.Head, to.Row))
}

// paramOf is a whole number where the text is how one is written.
func paramOf(text string) any {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && strconv.FormatInt(n, 10) == text {
		return n
	}
	return text
}

// sqlTables reads what stands beside the events.
func (s *Session) sqlTables(ctx context.Context, f *folder, db *events.DB) (sqlview.Tables, error) {
	t := sqlview.Tables{Events: db, Now: s.s.o.Now().UTC(), Sealed: map[string]time.Time{}}
	err := f.store.View(ctx, func(tx *store.Tx) error {
		marks, err := tx.Marks()
		if err != nil {
			return err
		}
		for _, m := range marks {
			t.Marks = append(t.Marks, timeline.Mark{Event: eventID(m.Event), Star: m.Star, Tags: m.Tags, Comments: m.Comments})
		}
		exhibits, err := tx.Exhibits()
		for _, x := range exhibits {
			t.Sealed[x.ID] = x.SealedAt
			t.Exhibits = append(t.Exhibits, sqlview.Exhibit{
				ID: x.ID, Title: x.Title, Kind: x.Kind, Source: x.Source, Host: x.Host, SHA256: x.SHA256, Size: x.Size, Sealed: x.SealedAt, SealedBy: x.SealedBy,
			})
		}
		return err
	})
	return t, err
}

// spills is where a large sort goes: beside the incident, else where the system
// keeps such files. It is encrypted with a key that is drawn here.
func (s *Service) spills(f *folder) (sqlview.Spills, error) {
	var to sqlview.Spills
	if !f.readOnly {
		to.Dir = f.dir
	}
	return to, s.draws(to.Key[:])
}

// sqlFault sorts out the errors of a question.
func sqlFault(err error) error {
	var fault *sqlview.Error
	var filter *timeline.FilterError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, events.ErrDamaged), errors.Is(err, events.ErrDisk), errors.Is(err, events.ErrDiskFull), errors.Is(err, context.Canceled):
		return fmt.Errorf("ask in SQL: %w", err)
	case errors.Is(err, sqlview.ErrRefused):
		return refused("firebreak export INCIDENT --to FILE.sqlite writes a file that is yours to change", "ask in SQL: %w", err)
	case errors.As(err, &filter):
		return usage("firebreak search --help shows the filter language", "ask in SQL: %w", err)
	case errors.As(err, &fault):
		return usage(sqlHint(fault.Message), "ask in SQL: %w", err)
	}
	return fmt.Errorf("ask in SQL: %w", err)
}

// sqlHint is what to do about the slips that are made most.
func sqlHint(message string) string {
	switch {
	case strings.HasPrefix(message, "no such column"):
		return "firebreak sql --schema lists the columns; a text stands in 'single quotes', an attribute is attributes ->> 'name'"
	case strings.HasPrefix(message, "no such table"):
		return "the tables are events, marks and exhibits"
	case strings.Contains(message, "has no value"):
		return "--param name=value"
	case strings.HasPrefix(message, "no such function"):
		return "the functions are SQLite's own, without extensions: firebreak sql INCIDENT 'select distinct name from pragma_function_list'"
	}
	return "the language is SQLite's: docs/sql.md has examples"
}

// FaultOf finds where in a query the fault is.
func FaultOf(err error) (SQLFault, bool) {
	var fault *sqlview.Error
	if !errors.As(err, &fault) {
		return SQLFault{}, false
	}
	return SQLFault{Query: fault.Query, Offset: fault.Offset}, true
}

// Caret is the line of the query that the fault is in, or the part of it around
// the fault, with a caret under the place.
func (f SQLFault) Caret() string {
	const before, width = 40, 72
	at := min(max(f.Offset, 0), len(f.Query))
	from := strings.LastIndexByte(f.Query[:at], '\n') + 1
	line, _, _ := strings.Cut(f.Query[from:], "\n")
	shown := func(s string) []rune {
		return []rune(strings.Map(func(r rune) rune {
			if !unicode.IsPrint(r) {
				return ' '
			}
			return r
		}, strings.ToValidUTF8(s, "?")))
	}
	runes, column := shown(line), len(shown(f.Query[from:at]))
	if len(runes) > width {
		cut := min(max(0, column-before), len(runes)-width)
		runes, column = runes[cut:cut+width], column-cut
	}
	return string(runes) + "\n" + strings.Repeat(" ", min(column, len(runes))) + "^"
}
