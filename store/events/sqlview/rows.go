package sqlview

import (
	"math"
	"sync"
	"time"

	"firebreak/timeline"
)

// cell is a value on its way to SQLite: FbCell of table.h.
type cell struct {
	v int64
	f float64
	n int32
	t int32
}

// rows are some rows packed for C: a head and the cells of the wanted columns
// for each, and all texts in one piece.
type rows struct {
	cells []cell
	text  []byte
	n     int
}

func (r *rows) reset() { r.cells, r.text, r.n = r.cells[:0], r.text[:0], 0 }

// packer makes rows of events.
type packer struct {
	wanted []column
	marks  map[timeline.ID]timeline.Mark
	sealed map[string]time.Time
	files  *fileNumbers

	key   timeline.FileKey // of the event before, and its number
	file  int64
	known bool
}

// fileNumbers gives each file a small number: with the place in the file it is
// the rowid. It holds for one connection.
type fileNumbers struct {
	mu sync.Mutex
	of map[timeline.FileKey]int64
}

func (f *fileNumbers) number(key timeline.FileKey) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, there := f.of[key]
	if !there {
		if f.of == nil {
			f.of = make(map[timeline.FileKey]int64)
		}
		n = int64(len(f.of))
		f.of[key] = n
	}
	return n
}

// maxFiles is how many files can have rowids.
const maxFiles = 1 << 15

// rowid is a number that the event has alone, whichever scan comes by it. It is
// not ok beyond maxFiles files.
func (p *packer) rowid(id timeline.ID) (rowid int64, ok bool) {
	if key := id.Key(); key != p.key || !p.known {
		p.key, p.file, p.known = key, p.files.number(key), true
	}
	return p.file<<48 | int64(id.Place()), p.file < maxFiles //nolint:gosec // 48 bits
}

// number is the cell of a number.
func number(v int64) cell { return cell{v: v, t: typeInteger} }

// add packs one event.
func (p *packer) add(to *rows, rowid int64, e *timeline.Event) {
	to.n++
	to.cells = append(to.cells, cell{v: rowid, t: typeInteger})
	p.columns(to, e)
}

// columns packs the wanted columns of one event.
func (p *packer) columns(to *rows, e *timeline.Event) {
	for _, c := range p.wanted {
		from := len(to.text)
		switch c { //nolint:exhaustive // the hidden column is answered in C
		case colID:
			to.text = append(to.text, e.ID.String()...)
		case colTime:
			if e.Time.IsZero() {
				to.cells = append(to.cells, cell{t: typeNull})
				continue
			}
			to.text = appendTime(to.text, e.Time)
		case colTimeNS:
			if e.Time.IsZero() || !fits(e.Time) {
				to.cells = append(to.cells, cell{t: typeNull})
				continue
			}
			to.cells = append(to.cells, number(e.Time.UnixNano()))
			continue
		case colMessage:
			to.text = append(to.text, e.Message...)
		case colOffset:
			to.cells = append(to.cells, number(e.Offset))
			continue
		case colStar:
			star := int64(0)
			if p.marks[e.ID].Star {
				star = 1
			}
			to.cells = append(to.cells, number(star))
			continue
		case colTags:
			to.text = appendTexts(to.text, p.marks[e.ID].Tags)
		case colComments:
			to.text = appendTexts(to.text, p.marks[e.ID].Comments)
		case colAttributes:
			to.text = appendAttributes(to.text, e.Attributes)
		case colDiscovered:
			at, known := p.sealed[e.Exhibit]
			if !known || at.IsZero() {
				to.cells = append(to.cells, cell{t: typeNull})
				continue
			}
			to.text = appendTime(to.text, at)
		default:
			to.text = append(to.text, columns[c].field.Value(e, "")...)
		}
		to.cells = append(to.cells, cell{v: int64(from), n: int32(len(to.text) - from), t: typeText}) //nolint:gosec // a text is at most 256 MiB
	}
}

// fits reports whether nanoseconds since 1970 can say the time.
func fits(t time.Time) bool {
	return !t.Before(time.Unix(0, math.MinInt64)) && !t.After(time.Unix(0, math.MaxInt64))
}

// run packs a value of one column, and how often it is there.
func (r *rows) run(value string, times int64) {
	from := len(r.text)
	r.text = append(r.text, value...)
	r.cells = append(r.cells, cell{v: times, n: 1, t: typeInteger}, cell{v: int64(from), n: int32(len(value)), t: typeText}) //nolint:gosec // a short text
	r.n++
}
