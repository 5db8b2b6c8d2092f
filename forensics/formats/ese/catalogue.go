package ese

import (
	"context"
	"fmt"
	"strings"
)

// The catalogue is a table like others, whose own columns are fixed.
const (
	catalogueRoot   = 4
	catalogueCopy   = 24
	catalogueName   = "MSysObjects"
	ofTable         = 1
	ofColumn        = 2
	ofLong          = 4
	columnMultiple  = 0x400 // several values
	firstVariable   = 128
	firstTagged     = 256
	codepageUnicode = 1200
)

// Kind is the type of a column.
type Kind uint32

// The types of columns.
const (
	Bit           Kind = 1
	UnsignedByte  Kind = 2
	Short         Kind = 3
	Long          Kind = 4
	Currency      Kind = 5
	Single        Kind = 6
	Double        Kind = 7
	DateTime      Kind = 8
	Binary        Kind = 9
	Text          Kind = 10
	LongBinary    Kind = 11
	LongText      Kind = 12
	UnsignedLong  Kind = 14
	LongLong      Kind = 15
	GUID          Kind = 16
	UnsignedShort Kind = 17
)

// size is that of a value of the type, 0 where it varies.
func (k Kind) size() int {
	switch k { //nolint:exhaustive // the others vary
	case Bit, UnsignedByte:
		return 1
	case Short, UnsignedShort:
		return 2
	case Long, Single, UnsignedLong:
		return 4
	case Currency, Double, DateTime, LongLong:
		return 8
	case GUID:
		return 16
	}
	return 0
}

// Column is one of a table.
type Column struct {
	Name string
	Kind Kind

	id      uint32
	offset  int // in a record, of a fixed one
	size    int // of a fixed one
	wide    bool
	derived bool // of the table's template
}

// Table is a table of the catalogue.
type Table struct {
	Name    string
	Columns []Column // in the order of the catalogue, those of the template first

	object   uint32
	root     uint32
	long     uint32 // the root of its long values, 0 where it has none
	template string
	byName   map[string]int
}

// Column is the place of a column; -1 where there is none of that name.
func (t *Table) Column(name string) int {
	if i, ok := t.byName[strings.ToLower(name)]; ok {
		return i
	}
	return -1
}

func (t *Table) add(c Column) {
	if len(t.Columns) >= maxColumns {
		return
	}
	name := strings.ToLower(c.Name)
	if _, there := t.byName[name]; there {
		return
	}
	t.byName[name] = len(t.Columns)
	t.Columns = append(t.Columns, c)
}

// catalogue is the table of tables: where a record has what it says.
func catalogue(root uint32) *Table {
	t := &Table{Name: catalogueName, root: root, byName: map[string]int{}}
	at := 4
	for i, c := range []Column{
		{Name: "ObjidTable", Kind: Long},
		{Name: "Type", Kind: Short},
		{Name: "Id", Kind: Long},
		{Name: "ColtypOrPgnoFDP", Kind: Long},
		{Name: "SpaceUsage", Kind: Long},
		{Name: "Flags", Kind: Long},
		{Name: "PagesOrLocale", Kind: Long},
		{Name: "RootFlag", Kind: Bit},
		{Name: "RecordOffset", Kind: Short},
	} {
		c.id, c.offset, c.size = uint32(i)+1, at, c.Kind.size()
		at += c.size
		t.add(c)
	}
	t.add(Column{Name: "Name", Kind: Text, id: firstVariable})
	t.add(Column{Name: "TemplateTable", Kind: Text, id: firstVariable + 2})
	return t
}

// Tables reads the catalogue, or its copy where it has no tables.
func (f *File) Tables(ctx context.Context) ([]*Table, error) {
	if f.read {
		return f.tables, nil
	}
	for _, root := range []uint32{catalogueRoot, catalogueCopy} {
		bad := 0
		tables, err := f.tablesOf(ctx, root, &bad)
		if err != nil {
			return nil, fmt.Errorf("read the catalogue: %w", err)
		}
		if bad > 0 {
			f.note(fmt.Sprintf("%d places of its catalogue are damaged: tables or columns may be missing", bad))
		}
		if len(tables) > len(f.tables) {
			f.tables = tables
		}
		if bad == 0 && len(tables) > 0 {
			break
		}
	}
	f.read = true
	return f.tables, nil
}

// Table is a table by its name, nil where there is none.
func (f *File) Table(ctx context.Context, name string) (*Table, error) {
	tables, err := f.Tables(ctx)
	for _, t := range tables {
		if strings.EqualFold(t.Name, name) {
			return t, err
		}
	}
	return nil, err
}

func (f *File) tablesOf(ctx context.Context, root uint32, bad *int) ([]*Table, error) {
	var out []*Table
	byObject := map[uint32]*Table{}
	err := f.Rows(ctx, catalogue(root), func(r *Row) error {
		if r.Recovered {
			return nil
		}
		number := func(name string) uint32 { n, _ := r.Value(name).Number(); return uint32(n) } //nolint:gosec // as it stands
		object, name := number("ObjidTable"), r.Value("Name").Text()
		if kind := number("Type"); kind == ofTable {
			if len(out) < maxTables && byObject[object] == nil {
				t := &Table{Name: name, object: object, root: number("ColtypOrPgnoFDP"), template: r.Value("TemplateTable").Text(), byName: map[string]int{}}
				byObject[object] = t
				out = append(out, t)
			}
		} else if t := byObject[object]; t != nil && kind == ofColumn {
			t.add(column(name, number))
		} else if t != nil && kind == ofLong && t.long == 0 {
			t.long = number("ColtypOrPgnoFDP")
		}
		return nil
	}, func(int64, error) error { *bad++; return nil })
	if err != nil {
		return nil, err
	}
	for _, t := range out {
		inherit(t, out)
	}
	return out, nil
}

func column(name string, number func(string) uint32) Column {
	c := Column{Name: name, Kind: Kind(number("ColtypOrPgnoFDP")), id: number("Id"), wide: number("PagesOrLocale") == codepageUnicode}
	if c.id < firstVariable {
		c.offset, c.size = int(number("RecordOffset")&0xffff), c.Kind.size()
		if c.size == 0 {
			c.size = int(min(number("SpaceUsage"), 255))
		}
	}
	return c
}

// inherit puts the columns of the table's template in front of its own.
func inherit(t *Table, all []*Table) {
	if t.template == "" {
		return
	}
	for _, from := range all {
		if from.Name != t.template || from == t {
			continue
		}
		own := t.Columns
		t.Columns, t.byName = nil, map[string]int{}
		for _, c := range from.Columns {
			c.derived = true
			t.add(c)
		}
		for _, c := range own {
			t.add(c)
		}
		return
	}
}
