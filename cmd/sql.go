package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/response"
	"firebreak/timeline"
)

type sqlOptions struct {
	p        *program
	incident string
	query    string
	params   []string
	csv      bool
	exact    bool
	schema   bool
}

func newSQLCmd(p *program, run func(*cobra.Command, *sqlOptions) error) *cobra.Command {
	o := &sqlOptions{p: p}
	c := &cobra.Command{
		Use:   "sql INCIDENT [QUERY]",
		Short: "Ask the timeline in SQL",
		Long: `Ask a question in SQL (SQLite's) over the events of an incident. The table is
events; --schema prints its columns. events('host:web-1 failed') has the events
that match a filter of firebreak search. Beside it are the tables marks and
exhibits. Without a query it is read from the standard input.

A time compares as the moment that it is: time >= '2026-11-20T03:00' and
time < '2026-11-21'. An attribute is attributes ->> 'pid'. Text stands in
'single quotes'.

Nothing can be changed: only SELECT, WITH, VALUES and EXPLAIN are answered, and
no other file is opened. Rows are printed as they come; Ctrl-C stops. A cell of
--csv that a spreadsheet would calculate gets a ' in front, and control
characters are written out; --exact leaves both as they are. A file to work on
with other programs: firebreak export INCIDENT --to FILE.sqlite, or FILE.parquet.`,
		Example: `  firebreak sql last "select host, count(*) n from events group by host order by n desc"
  firebreak sql last "select time, user, message from events('failed password') where host = :h order by time" --param h=web-1
  firebreak sql last --csv "select attributes ->> 'path' path, count(*) from events where source = 'file' group by path" > paths.csv`,
		Args: func(c *cobra.Command, args []string) error {
			if o.schema && len(args) == 0 {
				return nil
			}
			if len(args) > 2 {
				return errFlag{errors.New("firebreak sql wants an incident and one query, in quotes")}
			}
			return atLeast(1, "an incident, and a query")(c, args)
		},
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.incident = args[0]
			}
			if len(args) > 1 {
				o.query = args[1]
			}
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringArrayVar(&o.params, "param", nil, "a value for :name in the query, as `NAME=VALUE`; may be repeated")
	f.BoolVar(&o.csv, "csv", false, "print CSV, the names of the columns first")
	f.BoolVar(&o.exact, "exact", false, "with --csv: cells as they are, for a reader that is a program")
	f.BoolVar(&o.schema, "schema", false, "print the columns of the table events, and ask nothing")
	return c
}

// maxQuery is the longest query that is read from the standard input.
const maxQuery = 1 << 20

func runSQL(c *cobra.Command, o *sqlOptions) error {
	switch {
	case o.schema:
		return o.printSchema()
	case o.csv && o.p.json:
		return errFlag{errors.New("sql: --csv or --json, not both")}
	case o.exact && !o.csv:
		return errFlag{errors.New("sql: --exact goes with --csv")}
	}
	r := response.SQLRequest{Query: o.query, Params: map[string]string{}}
	for _, p := range o.params {
		name, value, ok := strings.Cut(p, "=")
		name = strings.TrimLeft(name, ":@$")
		if _, twice := r.Params[name]; !ok || name == "" || twice {
			return errFlag{fmt.Errorf("--param %s: want NAME=VALUE, each name once", p)}
		}
		r.Params[name] = value
	}
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	if r.Query == "" {
		if r.Query, err = o.readQuery(c.Context()); err != nil {
			return err
		}
	}
	w := bufio.NewWriterSize(o.p.Out, 64<<10)
	out := o.printer(w)
	n := 0
	err = s.SQL(c.Context(), id, r, response.SQLAnswer{Head: out.head, Row: func(values []any) error {
		if err := out.row(values); err != nil {
			return err
		}
		if n++; n <= 256 {
			return w.Flush() // somebody may be waiting for the first
		}
		return nil
	}})
	if err == nil {
		err = out.end()
	}
	if flushed := w.Flush(); err == nil {
		err = flushed
	}
	o.showFault(err)
	return err
}

// readQuery reads it from the standard input.
func (o *sqlOptions) readQuery(ctx context.Context) (string, error) {
	if o.p.IsTerminal {
		o.p.errf("  the query, then Ctrl-D:\n")
	}
	b, err := io.ReadAll(io.LimitReader(response.Interruptible(ctx, o.p.In), maxQuery+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("sql: read the query: %w", err)
	case len(b) > maxQuery:
		return "", errFlag{fmt.Errorf("sql: the query is longer than %d bytes", maxQuery)}
	case strings.TrimSpace(string(b)) == "":
		return "", errFlag{errors.New("sql: there is no query, neither as an argument nor on the standard input")}
	}
	return string(b), nil
}

// showFault shows where in the query or in the filter the fault is.
func (o *sqlOptions) showFault(err error) {
	if o.p.json || err == nil {
		return
	}
	var filter *timeline.FilterError
	if errors.As(err, &filter) {
		o.p.errf("%s\n", filter.Caret())
		return
	}
	if fault, ok := response.FaultOf(err); ok && fault.Offset >= 0 {
		o.p.errf("%s\n", fault.Caret())
	}
}

func (o *sqlOptions) printSchema() error {
	for _, col := range response.SQLColumns() {
		if o.p.json {
			if err := o.p.printJSON(col); err != nil {
				return err
			}
			continue
		}
		if err := o.p.printf("%-11s %-8s %s\n", col.Name, col.Type, col.Says); err != nil {
			return err
		}
	}
	return nil
}

// sqlPrinter prints an answer in one of its forms.
type sqlPrinter struct {
	head func(columns []string) error
	row  func(values []any) error
	end  func() error
}

func (o *sqlOptions) printer(w *bufio.Writer) sqlPrinter {
	switch {
	case o.p.json:
		return jsonRows(w)
	case o.csv:
		return csvRows(w, o.exact, isTerminal(o.p.Out))
	}
	width := 0
	if isTerminal(o.p.Out) {
		width = o.p.width()
	}
	t := &table{w: w, width: width, cell: func(v any) (string, bool) {
		text, number := plainText(v)
		return term.Safe(text), number
	}}
	return sqlPrinter{head: t.head, row: t.row, end: t.end}
}
