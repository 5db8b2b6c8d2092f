package ese

import (
	"context"
	"fmt"

	"firebreak/forensics/formats/le"
)

// Row is one record of a table. It is valid until the next.
type Row struct {
	Offset    int64 // of its value in the file
	Recovered bool  // it was deleted, and not yet written over

	ctx   context.Context //nolint:containedctx // long values are read while the row is
	file  *File
	table *Table
	b     le.Bytes
}

// Rows tells the records of a table in the order of its keys.
func (f *File) Rows(ctx context.Context, t *Table, tell func(*Row) error, bad func(offset int64, err error) error) error {
	row := Row{ctx: ctx, file: f, table: t}
	return f.visit(ctx, t.root, walk{
		all: true,
		node: func(n node) error {
			if len(n.data) < 4 {
				return bad(n.offset, fmt.Errorf("%w: a record of %d bytes", ErrDamaged, len(n.data)))
			}
			row.Offset, row.Recovered, row.b = n.offset, n.deleted, n.data
			return tell(&row)
		},
		bad: bad,
	})
}

// Table is the row's table.
func (r *Row) Table() *Table { return r.table }

// Value is that of a column by its name, the first where it has several; null
// where it has none.
func (r *Row) Value(name string) Value {
	i := r.table.Column(name)
	if i < 0 {
		return Value{}
	}
	return r.At(i)
}

// At is the value of the i-th column.
func (r *Row) At(i int) Value {
	if v := r.values(&r.table.Columns[i], 1); len(v) > 0 {
		return v[0]
	}
	return Value{}
}

// Values is all values of a column.
func (r *Row) Values(name string) []Value {
	i := r.table.Column(name)
	if i < 0 {
		return nil
	}
	return r.values(&r.table.Columns[i], maxValues)
}

func (r *Row) values(c *Column, most int) []Value {
	switch {
	case c.id < firstVariable:
		return r.fixed(c)
	case c.id < firstTagged:
		return r.variable(c)
	}
	return r.tagged(c, most)
}

func valueOf(c *Column, b []byte) []Value {
	return []Value{{Kind: c.Kind, Bytes: b, there: true, wide: c.wide}}
}

// fixed is a value that stands where every record has it. Bits behind the fixed
// ones say which of them are null.
func (r *Row) fixed(c *Column) []Value {
	last, variable := int(r.b[0]), int(r.b.U16(2))
	if c.id == 0 || int(c.id) > last {
		return nil
	}
	nulls := r.b.Cut(variable-(last+7)/8, (last+7)/8)
	bit := int(c.id) - 1
	v := r.b.Cut(c.offset, c.size)
	if v == nil || nulls == nil || nulls[bit/8]>>(bit%8)&1 != 0 {
		return nil
	}
	return valueOf(c, v)
}

// variables is where the ends of the variable values stand, how many there are,
// and where their bytes begin and end.
func (r *Row) variables() (ends le.Bytes, n, from, to int) {
	at := int(r.b.U16(2))
	n = max(int(r.b[1])-firstVariable+1, 0)
	ends = r.b.Cut(at, 2*n)
	if ends == nil {
		return nil, 0, len(r.b), len(r.b)
	}
	from, to = at+2*n, at+2*n
	if n > 0 {
		to += int(ends.U16(2*(n-1)) & 0x7fff)
	}
	return ends, n, from, to
}

func (r *Row) variable(c *Column) []Value {
	ends, n, from, _ := r.variables()
	i := int(c.id) - firstVariable
	if i >= n || ends.U16(2*i)&0x8000 != 0 {
		return nil
	}
	begin := 0
	if i > 0 {
		begin = int(ends.U16(2*(i-1)) & 0x7fff)
	}
	v := r.b.Cut(from+begin, int(ends.U16(2*i)&0x7fff)-begin)
	if v == nil {
		return nil
	}
	return valueOf(c, v)
}

// Flags of a tagged value.
const (
	tagCompressed = 0x02
	tagSeparated  = 0x04 // a long value
	tagMultiple   = 0x08
	tagTwo        = 0x10
	tagNull       = 0x20
	tagEncrypted  = 0x40
)

func (r *Row) tagged(c *Column, most int) []Value {
	_, _, _, from := r.variables()
	area := r.b.From(from)
	mask := uint16(0x1fff)
	if r.file.large {
		mask = 0x7fff
	}
	n := int(area.U16(2)&mask) / 4
	for i := range n {
		id, at := uint32(area.U16(4*i)), area.U16(4*i+2)
		if id != c.id || at&0x8000 != 0 != c.derived && !r.file.large {
			continue
		}
		end := len(area)
		if i+1 < n {
			end = int(area.U16(4*(i+1)+2) & mask)
		}
		v := area.Cut(int(at&mask), end-int(at&mask))
		if v == nil || !r.file.large && at&0x2000 != 0 {
			return nil
		}
		flags := uint8(0)
		if r.file.large || at&0x4000 != 0 {
			flags, v = v.U8(0), v.From(1)
		}
		return r.expand(c, flags, v, most)
	}
	return nil
}

// expand makes values of what a record has of a tagged column.
func (r *Row) expand(c *Column, flags uint8, b le.Bytes, most int) []Value {
	switch {
	case flags&tagNull != 0:
		return nil
	case flags&tagEncrypted != 0:
		r.file.note("values of the column " + c.Name + " are encrypted")
		return nil
	case flags&tagTwo != 0:
		k := int(b.U8(0))
		first, second := b.Cut(1, k), b.From(1+k)
		return append(r.one(c, flags, first), r.one(c, flags&^tagCompressed, second)...)
	case flags&tagMultiple != 0:
		n := int(b.U16(0)&0x7fff) / 2
		var out []Value
		for i := range min(n, most) {
			at, end := b.U16(2*i), len(b)
			if i+1 < n {
				end = int(b.U16(2*(i+1)) & 0x7fff)
			}
			of := flags & tagCompressed
			if i > 0 {
				of = 0
			}
			if at&0x8000 != 0 {
				of |= tagSeparated
			}
			out = append(out, r.one(c, of, b.Cut(int(at&0x7fff), end-int(at&0x7fff)))...)
		}
		return out
	}
	return r.one(c, flags, b)
}

func (r *Row) one(c *Column, flags uint8, b le.Bytes) []Value {
	var out []byte = b
	var err error
	switch {
	case flags&tagSeparated != 0:
		out, err = r.file.longValue(r.ctx, r.table, b)
	case flags&tagCompressed != 0:
		out, err = unpack(b)
	}
	if err != nil {
		r.file.note(fmt.Sprintf("values of the column %s are missing: %v", c.Name, err))
		return nil
	}
	return valueOf(c, out)
}
