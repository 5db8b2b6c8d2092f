package segment

import "fmt"

// dictionary is the texts of a column's codes and how many rows have each.
type dictionary struct {
	known  bool
	shared bool // by several readers: never written again
	texts  []string
	counts []uint32
}

// Dictionary is the texts that the codes of a column stand for. FileOf and Shape
// have none.
func (r *Reader) Dictionary(c Column) ([]string, error) {
	if c == FileOf || c == Shape {
		return nil, nil
	}
	d, err := r.dictionary(c)
	return d.texts, err
}

// Counts is how many rows have each code of a column.
func (r *Reader) Counts(c Column) ([]uint32, error) {
	if c == FileOf {
		counts := make([]uint32, len(r.meta.Files))
		for i := range counts {
			counts[i] = uint32(r.meta.Files[i].Rows) //nolint:gosec // rows are few
		}
		return counts, nil
	}
	d, err := r.dictionary(c)
	return d.counts, err
}

func (r *Reader) dictionary(c Column) (*dictionary, error) {
	if c < 0 || int(c) >= len(r.dicts) {
		return &dictionary{}, fmt.Errorf("read dictionary %d: there is none", c)
	}
	d := &r.dicts[c]
	if d.known {
		return d, nil
	}
	if shared := r.cache.get(r.meta, c).dictionary; shared != nil {
		*d = *shared
		return d, nil
	}
	if d.shared {
		*d = dictionary{}
	}
	content, err := r.unpacked(KindDictionary, int(c))
	keep := r.cache != nil && len(content) <= mostOneCached
	if keep {
		*d = dictionary{shared: true}
	}
	if err == nil {
		err = r.readDictionary(d, content)
	}
	if err != nil {
		*d = dictionary{}
		return &dictionary{}, fmt.Errorf("dictionary %d: %w", c, err)
	}
	d.known = true
	if size := len(content) + textCost*len(d.texts); keep {
		kept := *d
		r.cache.put(r.meta, c, cached{dictionary: &kept, size: size})
	}
	return d, nil
}

func (r *Reader) readDictionary(d *dictionary, content []byte) error {
	in := decoder{rest: content}
	n := in.count(MaxRows)
	sizes := resize(r.numbers, 2*n)
	r.numbers = sizes
	sum := 0
	for i := range n {
		size := in.count(len(content))
		sizes[i] = uint64(size) //nolint:gosec // a count
		sum += size
	}
	rest, ok := unpack(sizes[n:], in.rest)
	if !ok || in.failed || sum != len(rest) {
		return ErrDamaged
	}
	d.texts, d.counts = resize(d.texts, n), resize(d.counts, n)
	all := string(rest)
	for i := range n {
		if sizes[n+i] > MaxRows {
			return ErrDamaged
		}
		d.counts[i] = uint32(sizes[n+i]) //nolint:gosec // checked
		d.texts[i], all = all[:sizes[i]], all[sizes[i]:]
	}
	return nil
}

// namesCache is the names of attributes and the shapes made of them.
type namesCache struct {
	known    bool
	names    []Name
	shapes   [][]int
	byColumn map[Column]int
}

// Names are the names of all attributes. A name that one row has twice is there
// twice.
func (r *Reader) Names() ([]Name, error) {
	err := r.readNames()
	return r.names.names, err
}

// Shapes are the lists of names that rows have: indexes in Names, by the code of
// column Shape.
func (r *Reader) Shapes() ([][]int, error) {
	err := r.readNames()
	return r.names.shapes, err
}

func (r *Reader) readNames() error {
	c := &r.names
	if c.known {
		return nil
	}
	if shared := r.cache.get(r.meta, ofNames).names; shared != nil {
		*c = *shared
		return nil
	}
	*c = namesCache{byColumn: map[Column]int{}}
	content, err := r.unpacked(KindShapes, 0)
	if err != nil {
		return err
	}
	in := decoder{rest: content}
	bad := fmt.Errorf("%w: names of attributes", ErrDamaged)
	for i := range in.count(min(len(content), maxValues)) {
		n := Name{Name: in.text(), Rows: in.count(MaxRows), Column: Column(in.count(r.meta.columns - 1))}
		if in.failed || n.Column != 0 && n.Column < Attributes {
			return bad
		}
		if n.Column != 0 {
			if _, taken := c.byColumn[n.Column]; taken {
				return bad
			}
			c.byColumn[n.Column] = i
		}
		c.names = append(c.names, n)
	}
	left := len(in.rest)
	if r.meta.Rows > 1 {
		left = min(left, maxValues)
	}
	for range in.count(r.meta.Rows) {
		s := make([]int, in.count(min(left, len(in.rest))))
		left -= len(s)
		for i := range s {
			s[i] = in.count(max(0, len(c.names)-1))
		}
		if in.failed || len(s) > 0 && len(c.names) == 0 {
			return bad
		}
		c.shapes = append(c.shapes, s)
	}
	if in.failed || len(in.rest) > 0 {
		return bad
	}
	c.known = true
	if r.cache != nil && len(content) <= mostOneCached {
		kept := *c
		size := 8*len(content) + textCost*(len(c.names)+len(c.shapes))
		r.cache.put(r.meta, ofNames, cached{names: &kept, size: size})
	}
	return nil
}
