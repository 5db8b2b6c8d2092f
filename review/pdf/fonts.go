package pdf

import (
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/go-fonts/dejavu/dejavusanscondensed"
	"github.com/go-fonts/dejavu/dejavusanscondensedbold"
	"github.com/go-fonts/dejavu/dejavusansmono"

	"firebreak/review/document"
)

// face is the look of a text.
type face int

const (
	regular face = iota
	bold
	mono
)

// fonts finds for each character a font that has it. In this order: DejaVu, which
// has the scripts of Europe, Hebrew and Arabic; what people chose; pixels for East
// Asia; what the machine has.
type fonts struct {
	sources []source
	used    []map[rune]glyph // by source
	first   [3][]int         // by face, the sources that come before all others
	picked  [3]map[rune]pick
	chosen  map[rune]int // the sources of what is not in the first
	found   map[rune]int
	machine []int         // sources that the machine gave
	missing map[rune]bool // no font has it
}

// pick is where a character comes from.
type pick struct {
	source int
	width  float64 // of an em
	ok     bool
}

// pixelSource is the number of the pixels among the sources.
const pixelSource = 3

// maxFonts bounds how many fonts of others are looked into.
const maxFonts = 500

// newFonts gathers the fonts that these characters need.
func newFonts(o Options, runes []rune) (*fonts, error) {
	f := &fonts{missing: map[rune]bool{}, chosen: map[rune]int{}, found: map[rune]int{}}
	for _, b := range []struct {
		name string
		data []byte
	}{
		{"DejaVuSansCondensed", dejavusanscondensed.TTF},
		{"DejaVuSansCondensed-Bold", dejavusanscondensedbold.TTF},
		{"DejaVuSansMono", dejavusansmono.TTF},
	} {
		s, err := parseFont(b.name, b.data)
		if err != nil {
			return nil, err
		}
		f.add(s)
	}
	f.first = [3][]int{{0, 1}, {1, 0}, {2, 0}}
	f.add(pixels{})
	for i := range f.picked {
		f.picked[i] = map[rune]pick{}
	}
	runes = slices.DeleteFunc(runes, func(r rune) bool { return !writable(r) || f.has(r) })
	runes = f.look(o.Chosen, runes, f.chosen)
	runes = slices.DeleteFunc(runes, func(r rune) bool { _, ok := pixels{}.glyph(r); return ok })
	own := len(f.sources)
	f.look(o.Found, runes, f.found)
	for n := own; n < len(f.sources); n++ {
		f.machine = append(f.machine, n)
	}
	return f, nil
}

// writable says whether a character can be written at all: one of the first plane
// of Unicode that is not for control.
func writable(r rune) bool { return r >= ' ' && r <= 0xFFFD && (r < 0xD800 || r > 0xDFFF) }

// look looks for characters in fonts, one after the other, until none is left. A
// font that has none of them is let go of.
func (f *fonts) look(seq iter.Seq2[string, []byte], runes []rune, into map[rune]int) (left []rune) {
	if seq == nil || len(runes) == 0 {
		return runes
	}
	seen := 0
	for name, data := range seq {
		if seen++; seen > maxFonts {
			break
		}
		font, err := parseFont(name, data)
		if err != nil {
			continue // what is no font, or one of a kind that we cannot read, has nothing for us
		}
		n := len(f.sources)
		runes = slices.DeleteFunc(runes, func(r rune) bool {
			_, ok := font.glyph(r)
			if ok {
				into[r] = n
			}
			return ok
		})
		for _, source := range into {
			if source == n {
				f.add(font)
				break
			}
		}
		if len(runes) == 0 {
			break
		}
	}
	return runes
}

func (f *fonts) add(s source) {
	f.sources = append(f.sources, s)
	f.used = append(f.used, map[rune]glyph{})
}

// pick returns the font for a character, and remembers that it is used.
func (f *fonts) pick(look face, r rune) pick {
	if p, ok := f.picked[look][r]; ok {
		return p
	}
	p := f.search(look, r)
	f.picked[look][r] = p
	return p
}

func (f *fonts) search(look face, r rune) pick {
	if !writable(r) {
		return pick{}
	}
	for _, n := range f.first[look] {
		if p, ok := f.take(n, r); ok {
			return p
		}
	}
	if n, ok := f.chosen[r]; ok {
		p, _ := f.take(n, r)
		return p
	}
	if p, ok := f.take(pixelSource, r); ok {
		return p
	}
	if n, ok := f.found[r]; ok {
		p, _ := f.take(n, r)
		return p
	}
	return pick{}
}

func (f *fonts) take(n int, r rune) (pick, bool) {
	g, ok := f.used[n][r]
	if !ok {
		if g, ok = f.sources[n].glyph(r); !ok {
			return pick{}, false
		}
		f.used[n][r] = g
	}
	units, _, _ := f.sources[n].metrics()
	return pick{source: n, width: float64(g.advance) / float64(units), ok: true}, true
}

// has says whether a character can be written, without using it.
func (f *fonts) has(r rune) bool {
	for _, n := range f.first[regular] {
		if _, ok := f.sources[n].glyph(r); ok {
			return true
		}
	}
	return false
}

// width is the width of a text at a size of one.
func (f *fonts) width(look face, text string) float64 {
	w := 0.0
	for _, r := range text {
		w += f.pick(look, r).width
	}
	return w
}

// fromMachine names the fonts of the machine that were used.
func (f *fonts) fromMachine() []string {
	var out []string
	for _, n := range f.machine {
		if len(f.used[n]) > 0 {
			out = append(out, f.sources[n].name())
		}
	}
	slices.Sort(out)
	return out
}

// tell hands out the fonts of the machine that were used.
func (f *fonts) tell(used func(string, []byte)) {
	for _, n := range f.machine {
		if font, ok := f.sources[n].(*outlines); ok && len(f.used[n]) > 0 {
			used(font.file, font.data)
		}
	}
}

// characters are the characters that stand in a document, each once and in their
// order.
func characters(d document.Document) []rune {
	seen := map[rune]bool{}
	collect(reflect.ValueOf(d), seen)
	return slices.Sorted(maps.Keys(seen))
}

// collect goes through all texts, wherever they stand.
func collect(v reflect.Value, seen map[rune]bool) {
	switch v.Kind() { //nolint:exhaustive // the other kinds hold no text
	case reflect.String:
		for _, r := range v.String() {
			seen[r] = true
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				collect(v.Field(i), seen)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			collect(v.Index(i), seen)
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			collect(v.Elem(), seen)
		}
	default:
	}
}

// family is how the file calls a source.
func family(n int) string { return fmt.Sprintf("f%d", n) }
