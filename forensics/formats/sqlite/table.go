package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Table is a table of the schema.
type Table struct {
	Name    string
	Columns []string // those that rows keep, in the order of CREATE TABLE

	root    uint32
	order   []int // of a table without row ids: which column each value of a row is
	rowid   int   // the column that is the row's id; -1 when none is
	keyless bool  // WITHOUT ROWID
	text    bool  // the first column is declared as text
}

// Column is the place of a column; -1 when there is none of that name.
func (t *Table) Column(name string) int {
	return slices.IndexFunc(t.Columns, func(c string) bool { return strings.EqualFold(c, name) })
}

// Row is one row. It is valid until the next.
type Row struct {
	ID        int64 // 0 where the table has none, and where it is not known
	Offset    int64 // of its cell in the file; behind the file's end when the write-ahead log has it
	Recovered bool  // it was deleted

	table  *Table
	values []Value
}

// Value is that of a column by its name, NULL when the row has none.
func (r *Row) Value(column string) Value {
	i := r.table.Column(column)
	if i < 0 {
		return Value{}
	}
	return r.At(i)
}

// At is the value of the i-th column.
func (r *Row) At(i int) Value {
	if i == r.table.rowid && (r.ID != 0 || !r.Recovered) {
		return Value{Kind: Integer, Int: r.ID}
	}
	if r.table.order != nil {
		i = slices.Index(r.table.order, i)
	}
	if i < 0 || i >= len(r.values) {
		return Value{}
	}
	return r.values[i]
}

// Tables lists the tables.
func (f *File) Tables(ctx context.Context) ([]*Table, error) {
	schema := &Table{Name: "sqlite_schema", Columns: []string{"type", "name", "tbl_name", "rootpage", "sql"}, root: 1, rowid: -1}
	var out []*Table
	err := f.Rows(ctx, schema, func(r *Row) error {
		if r.Value("type").String() != "table" {
			return nil
		}
		root, ok := r.Value("rootpage").Number()
		if !ok || root <= 0 || root > int64(f.pages) {
			return nil // a virtual table has no pages
		}
		t := define(r.Value("sql").String())
		t.Name, t.root = r.Value("name").String(), uint32(root) //nolint:gosec // just compared
		out = append(out, t)
		return nil
	}, func(int64, error) error { return nil })
	if err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	return out, nil
}

// Table is the table of that name; nil when there is none.
func (f *File) Table(ctx context.Context, name string) (*Table, error) {
	all, err := f.Tables(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		if strings.EqualFold(t.Name, name) {
			return t, nil
		}
	}
	return nil, nil //nolint:nilnil // as documented
}

// Rows visits the rows of a table in the order of their keys. What cannot be
// read is told to bad with its place, and left out. Errors are the context's,
// the reader's, and those that visit and bad return.
func (f *File) Rows(ctx context.Context, t *Table, visit func(*Row) error, bad func(offset int64, err error) error) error {
	row := Row{table: t}
	return f.walk(ctx, t.root, visitor{
		cell: func(p node, at int) error {
			err := f.row(&row, p, at)
			if errors.Is(err, ErrDamaged) {
				return bad(f.offset(p.number)+int64(at), err)
			}
			if err != nil {
				return err
			}
			return visit(&row)
		},
		bad: func(page uint32, err error) error { return bad(f.offset(max(page, 1)), err) },
	})
}

// row reads the cell at a place of a page.
func (f *File) row(row *Row, p node, at int) error {
	row.Offset, row.Recovered, row.ID = f.offset(p.number)+int64(at), false, 0
	b := p.b[at:f.usable]
	if p.kind == indexInterior {
		b = b[4:] // the child on its left
	}
	size, n := varint(b)
	if n == 0 {
		return fmt.Errorf("%w: a cell is cut", ErrDamaged)
	}
	b = b[n:]
	if p.kind == tableLeaf {
		id, n := varint(b)
		if n == 0 {
			return fmt.Errorf("%w: a cell is cut", ErrDamaged)
		}
		row.ID, b = int64(id), b[n:] //nolint:gosec // two's complement, as it is kept
	}
	payload, err := f.payload(b, size, p.kind != tableLeaf)
	if err != nil {
		return err
	}
	row.values, err = f.record(payload, row.values)
	return err
}
