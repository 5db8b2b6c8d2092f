package ese

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"firebreak/internal/testkit/edb"
)

var columns = []edb.Column{
	{Name: "Id", Kind: 4},
	{Name: "Bit", Kind: 1},
	{Name: "Byte", Kind: 2},
	{Name: "Short", Kind: 3},
	{Name: "Word", Kind: 17},
	{Name: "Unsigned", Kind: 14},
	{Name: "Currency", Kind: 5},
	{Name: "When", Kind: 8},
	{Name: "Narrow", Kind: 10},
	{Name: "Wide", Kind: 10, Wide: true},
	{Name: "Bytes", Kind: 9},
	{Name: "LongText", Kind: 12, Wide: true},
	{Name: "Packed", Kind: 12},
	{Name: "Seven", Kind: 12},
	{Name: "Elsewhere", Kind: 11},
	{Name: "Several", Kind: 12},
}

var (
	when  = time.Date(2026, 11, 28, 2, 14, 5, 0, time.UTC)
	large = []byte(strings.Repeat("what does not fit a page ", 400))
)

// made is a database of three rows and of a table of many, the last deleted.
func made(pageSize int) []byte {
	f := edb.New(pageSize)
	f.Table("things", columns,
		[]any{7, 1, 200, -2, 65535, 4000000000, -5, when, "narrow\xe9", "weit 🦊", []byte{1, 2}, "long", edb.Packed(strings.Repeat("p", 100)), edb.Seven("seven bits"), edb.Separate(large), edb.Several{"a", "bc"}},
		[]any{8},
		[]any{9, nil, 0, nil, nil, nil, nil, nil, "", nil, nil, nil, nil, edb.Seven("x")})
	var many [][]any
	for i := range 3 * pageSize / 100 {
		many = append(many, []any{i, strings.Repeat("y", 100)})
	}
	many[len(many)-1] = []any{edb.Deleted(many[len(many)-1])}
	f.Table("many", []edb.Column{{Name: "Id", Kind: 4}, {Name: "Text", Kind: 10}}, many...)
	return f.Bytes()
}

func openBytes(t *testing.T, b []byte) *File {
	t.Helper()
	f, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func inWords(v Value) string {
	n, ok := v.Number()
	switch {
	case v.Null():
		return "-"
	case ok:
		return fmt.Sprint(n)
	case v.Kind == DateTime:
		return v.Time().Format(time.RFC3339)
	case v.Kind == Text || v.Kind == LongText:
		return v.Text()
	}
	return fmt.Sprintf("%x", []byte(v.Bytes[:min(len(v.Bytes), 4)]))
}

func TestRows(t *testing.T) {
	want := []string{
		"7 1 200 -2 65535 4000000000 -5 2026-11-28T02:14:05Z narrowé weit 🦊 0102 long " + strings.Repeat("p", 100) + " seven bits 77686174 a",
		"8 - - - - - - - - - - - - - - -",
		"9 - 0 - - - - -  - - - - x - -",
	}
	for _, size := range []int{2048, 4096, 8192, 16 << 10, 32 << 10} {
		f := openBytes(t, made(size))
		things, err := f.Table(t.Context(), "THINGS")
		if err != nil || things == nil {
			t.Fatalf("%d: %v %v", size, things, err)
		}
		var got []string
		bad := func(offset int64, err error) error { t.Errorf("%d: at %d: %v", size, offset, err); return nil }
		must(t, f.Rows(t.Context(), things, func(r *Row) error {
			var words []string
			for i := range things.Columns {
				words = append(words, inWords(r.At(i)))
			}
			got = append(got, strings.Join(words, " "))
			if n, _ := r.Value("Id").Number(); n == 7 {
				if !bytes.Equal(r.Value("Elsewhere").Bytes, large) {
					t.Errorf("%d: the long value has %d bytes", size, len(r.Value("Elsewhere").Bytes))
				}
				if v := r.Values("Several"); len(v) != 2 || v[1].Text() != "bc" {
					t.Errorf("%d: several: %v", size, v)
				}
			}
			return nil
		}, bad))
		if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
			t.Errorf("%d:\n%s\nwant\n%s", size, g, w)
		}
		many, _ := f.Table(t.Context(), "many")
		n, gone := 0, 0
		must(t, f.Rows(t.Context(), many, func(r *Row) error {
			if id, _ := r.Value("Id").Number(); id != int64(n) || len(r.Value("Text").Text()) != 100 {
				t.Errorf("%d: row %d is %d", size, n, id)
			}
			if n++; r.Recovered {
				gone++
			}
			return nil
		}, bad))
		if n != 3*size/100 || gone != 1 || len(f.Notes()) != 0 {
			t.Errorf("%d: %d rows, %d deleted, %v", size, n, gone, f.Notes())
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// count reads everything, and answers with the rows and the places that are bad.
func count(t *testing.T, b []byte) (rows, bad int, notes string) {
	f, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
		return 0, 1, ""
	}
	tables, err := f.Tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables[:min(len(tables), 8)] {
		err := f.Rows(t.Context(), table, func(r *Row) error {
			rows++
			for i := range table.Columns[:min(len(table.Columns), 32)] {
				inWords(r.At(i))
				r.Values(table.Columns[i].Name)
			}
			return nil
		}, func(int64, error) error { bad++; return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	return rows, bad, strings.Join(f.Notes(), "; ")
}

func TestDamage(t *testing.T) {
	whole := made(4096)
	all, bad, _ := count(t, whole)
	if bad != 0 {
		t.Fatal("the whole one is damaged")
	}
	change := func(at int, to ...byte) []byte {
		b := bytes.Clone(whole)
		copy(b[at:], to)
		return b
	}
	for name, c := range map[string]struct {
		b    []byte
		rows int
		note string
	}{
		"header":       {change(100, 1), all, "the copy behind it"},
		"both headers": {func() []byte { b := change(100, 1); b[4096+100] = 1; return b }(), all, "and of the copy"},
		"dirty": {func() []byte {
			f := edb.New(4096)
			f.State = Dirty
			f.Table("t", columns, []any{1})
			return f.Bytes()
		}(), 1, "not closed"},
		"a bit of a page": {change(5*4096+2000, 1, 2, 3), all, "wrong checksum"},
		"catalogue":       {change(5*4096+34, 0, 0), all, "catalogue are damaged"},
	} {
		rows, bad, notes := count(t, c.b)
		if rows != c.rows || bad != 0 || !strings.Contains(notes, c.note) {
			t.Errorf("%s: %d of %d rows, %d bad, %s", name, rows, c.rows, bad, notes)
		}
	}
	// a leaf that is gone is told once, the others are read
	f := openBytes(t, whole)
	many, _ := f.Table(t.Context(), "many")
	top, _ := f.at(many.root)
	n, _ := top.node(1)
	rows, bad, _ := count(t, change((int(n.data.U32(0))+1)*4096, make([]byte, 4096)...))
	if rows >= all || rows < all/2 || bad != 1 {
		t.Errorf("without a leaf: %d of %d rows, %d bad", rows, all, bad)
	}
	// a branch that leads back to itself ends
	at := int(n.offset) + 4 + len(n.key)
	if rows, bad, _ = count(t, change(at, byte(many.root), byte(many.root>>8))); bad != 1 || rows < all/2 {
		t.Errorf("in a circle: %d of %d rows, %d bad", rows, all, bad)
	}
	// tables that share their pages are not read for ever
	f = openBytes(t, whole)
	many, _ = f.Table(t.Context(), "many")
	rows, bad = 0, 0
	for range 1000 {
		must(t, f.Rows(t.Context(), many, func(*Row) error { rows++; return nil }, func(int64, error) error { bad++; return nil }))
	}
	if rows > 5000*20 || bad < 100 {
		t.Errorf("a table a thousand times: %d rows, %d bad", rows, bad)
	}
	for n := 0; n < len(whole); n += 1777 {
		count(t, whole[:n])
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		b := bytes.Clone(whole)
		for range 1 + r.IntN(20) {
			b[8192+r.IntN(len(b)-8192)] = byte(r.IntN(256))
		}
		count(t, b)
	}
}

func TestTime(t *testing.T) {
	for name, c := range map[string]struct {
		b    uint64
		want string
	}{
		"ole":      {math.Float64bits(44482.5), "2021-10-13T12:00:00Z"},
		"none":     {0, "0001-01-01T00:00:00Z"},
		"filetime": {edb.Filetime(when), "2026-11-28T02:14:05Z"},
	} {
		b := make([]byte, 8)
		for i := range b {
			b[i] = byte(c.b >> (8 * i))
		}
		v := Value{Kind: DateTime, Bytes: b, there: true}
		if got := v.Time().Format(time.RFC3339); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func FuzzFile(f *testing.F) {
	small := edb.New(2048)
	small.Table("t", columns, []any{7, 1, 2, 3, 4, 5, 6, when, "n", "w", []byte{1}, "l", edb.Packed("pp"), edb.Seven("s"), edb.Separate("elsewhere"), edb.Several{"a", "b"}})
	f.Add(small.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) { count(t, b) })
}
