package cmd

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"firebreak/internal/term"
	"firebreak/timeline"
)

// jsonRows prints each row as one JSON object, its members in the order of the
// columns. A second column of the same name is called name_2.
func jsonRows(w *bufio.Writer) sqlPrinter {
	var names [][]byte
	var line []byte
	return sqlPrinter{
		head: func(columns []string) error {
			seen := map[string]bool{}
			for _, c := range columns {
				name := c
				for n := 2; seen[name]; n++ {
					name = fmt.Sprintf("%s_%d", c, n)
				}
				seen[name] = true
				b, err := json.Marshal(name)
				if err != nil {
					return err
				}
				names = append(names, b)
			}
			return nil
		},
		row: func(values []any) error {
			line = append(line[:0], '{')
			for i, v := range values {
				if i > 0 {
					line = append(line, ',')
				}
				line = append(append(line, names[i]...), ':')
				b, err := json.Marshal(jsonValue(v))
				if err != nil {
					return err
				}
				line = append(line, b...)
			}
			_, err := w.WriteString(term.JSON(string(append(line, '}', '\n'))))
			return err
		},
		end: func() error { return nil },
	}
}

// jsonValue is a value as JSON has it: bytes as hexadecimal digits.
func jsonValue(v any) any {
	switch v := v.(type) {
	case []byte:
		return hex.EncodeToString(v)
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return fmt.Sprint(v) // JSON has no number for it
		}
	}
	return v
}

// csvRows prints a head and the rows. A value that is missing is an empty cell.
// Where it is exact no cell is guarded; on a terminal nothing is shown that it
// would obey.
func csvRows(w *bufio.Writer, exact, terminal bool) sqlPrinter {
	out := csv.NewWriter(w)
	var cells []string
	write := func() error {
		for i, c := range cells {
			if !exact {
				c = timeline.Inert(c)
			}
			if !exact || terminal {
				c = term.Safe(c)
			}
			cells[i] = c
		}
		if err := out.Write(cells); err != nil {
			return err
		}
		out.Flush() // into w, which holds it
		return out.Error()
	}
	return sqlPrinter{
		head: func(columns []string) error {
			cells = append(cells[:0], columns...)
			return write()
		},
		row: func(values []any) error {
			cells = cells[:0]
			for _, v := range values {
				text := ""
				if v != nil {
					text, _ = plainText(v)
				}
				cells = append(cells, text)
			}
			return write()
		},
		end: func() error { return nil },
	}
}

// plainText is a value as a person reads it, and whether it is a number.
func plainText(v any) (text string, number bool) {
	switch v := v.(type) {
	case nil:
		return "NULL", false
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	case []byte:
		return hex.EncodeToString(v), false
	case string:
		return v, false
	}
	return fmt.Sprint(v), false
}

// table prints rows in columns. The widths are those of the first rows; on a
// terminal they are made to fit, and what is longer is cut with a ~.
type table struct {
	w     *bufio.Writer
	width int // of the terminal, 0 for none
	cell  func(any) (text string, number bool)

	names   []string
	first   [][]string // rows held until the widths are known
	right   []bool     // columns of numbers
	widths  []int
	printed bool
}

// measured is how many rows say how wide a column is.
const measured = 100

// widest is how wide a column grows where there is no terminal's edge.
const widest = 60

func (t *table) head(columns []string) error {
	for _, c := range columns {
		t.names = append(t.names, term.Safe(c))
	}
	t.right = make([]bool, len(columns))
	for i := range t.right {
		t.right[i] = true
	}
	return nil
}

func (t *table) row(values []any) error {
	cells := make([]string, len(values))
	for i, v := range values {
		var number bool
		cells[i], number = t.cell(v)
		if !t.printed && v != nil {
			t.right[i] = t.right[i] && number
		}
	}
	if t.printed {
		return t.line(cells)
	}
	if t.first = append(t.first, cells); len(t.first) < measured {
		return nil
	}
	return t.release()
}

func (t *table) end() error { return t.release() }

// release prints the head and the rows that were held.
func (t *table) release() error {
	if t.printed {
		return nil
	}
	t.printed = true
	t.widths = make([]int, len(t.names))
	for i, n := range t.names {
		t.widths[i] = term.Width(n)
		for _, row := range t.first {
			t.widths[i] = max(t.widths[i], term.Width(row[i]))
		}
	}
	t.fit()
	if err := t.line(t.names); err != nil {
		return err
	}
	rule := make([]string, len(t.widths))
	for i, n := range t.widths {
		rule[i] = strings.Repeat("-", n)
	}
	if err := t.line(rule); err != nil {
		return err
	}
	for _, row := range t.first {
		if err := t.line(row); err != nil {
			return err
		}
	}
	t.first = nil
	return nil
}

// fit takes from the widest columns until all fit.
func (t *table) fit() {
	if t.width == 0 {
		for i := range t.widths {
			t.widths[i] = min(t.widths[i], widest)
		}
		return
	}
	sum := 2 * (len(t.widths) - 1)
	for _, n := range t.widths {
		sum += n
	}
	for sum > t.width {
		at := 0
		for i, n := range t.widths {
			if n > t.widths[at] {
				at = i
			}
		}
		if t.widths[at] <= 4 {
			return
		}
		t.widths[at]--
		sum--
	}
}

// line prints one row. Without a terminal nothing is cut.
func (t *table) line(cells []string) error {
	var b strings.Builder
	for i, c := range cells {
		if i > 0 {
			b.WriteString("  ")
		}
		switch {
		case t.width == 0 && term.Width(c) > t.widths[i]:
			b.WriteString(c)
		case t.right[i]:
			b.WriteString(term.PadLeft(c, t.widths[i]))
		default:
			b.WriteString(term.Pad(c, t.widths[i]))
		}
	}
	_, err := t.w.WriteString(strings.TrimRight(b.String(), " ") + "\n")
	return err
}

// width is that of the terminal which the output goes to.
func (p *program) width() int {
	const usual = 80
	return cmp.Or(p.columns(), usual)
}
