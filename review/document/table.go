package document

// Table is a table. Each row has as many cells as there are columns, but for a
// row that divides, which has one.
type Table struct {
	ID      string // "" when nothing leads to it
	Caption string
	Columns []Column
	Rows    []Row
	Named   bool // the first cell of a row names it
}

// Column is a column of a table.
type Column struct {
	Title string
	Kind  ColumnKind
}

// ColumnKind says what stands in a column, from which a writer takes its width
// and its side.
type ColumnKind int

// The kinds of columns.
const (
	Words  ColumnKind = iota // running text: takes the room there is
	Short                    // a word or two: not broken where it can be helped
	Moment                   // a time
	Number                   // to the right
	Entry                    // references to entries
	Digest                   // hashes: may be broken anywhere
)

// Row is a row of a table.
type Row struct {
	ID     string // what spans lead to: "n12" is the row of entry 12
	Cells  []Text
	Tone   Tone
	Divide bool // one cell across, which divides what is above from what is below
}
