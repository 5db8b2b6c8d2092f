package pdf

import (
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"time"
	"unicode"

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
// has the scripts of Europe, Hebrew and Arabic; what the machine has; pixels for East
// Asia.
type fonts struct {
	sources []source
	used    []map[string]*drawn // by source
	first   [3][]int            // by face, the sources that come before all others
	picked  [3]map[rune]*drawn
	other   map[rune]int // the sources of what is not in the first
	machine []int        // sources that the machine gave
	words   map[word][]piece
	missing map[rune]bool // no font has it
}

// drawn is what stands for a character, or for several that are written as one, in
// the font that we make of a source.
type drawn struct {
	source int
	text   string // what it is to be read as
	width  float64
	glyph  glyph
	parts  string // the glyphs of the source that it is made of; "" for that of its character
	number int    // in the font that we make
}

// pixelSource is the number of the pixels among the sources.
const pixelSource = 3

// maxFonts bounds how many fonts of others are looked into.
const maxFonts = 500

// newFonts gathers the fonts that these characters need.
func newFonts(o Options, runes []rune) (*fonts, error) {
	f := &fonts{missing: map[rune]bool{}, other: map[rune]int{}, words: map[word][]piece{}}
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
		f.picked[i] = map[rune]*drawn{}
	}
	runes = slices.DeleteFunc(runes, func(r rune) bool { return !writable(r) || f.has(r) })
	own := len(f.sources)
	f.look(o.Found, runes)
	for n := own; n < len(f.sources); n++ {
		f.machine = append(f.machine, n)
	}
	return f, nil
}

// writable says whether a character can be written at all: one that is not for
// control.
func writable(r rune) bool {
	return r >= ' ' && r != 0x7F && r <= unicode.MaxRune && (r < 0xD800 || r > 0xDFFF) && r != 0xFFFE && r != 0xFFFF
}

// look looks for characters in fonts, one after the other, until none is left. A
// font that has none of them is let go of.
func (f *fonts) look(seq iter.Seq2[string, []byte], runes []rune) {
	if seq == nil || len(runes) == 0 {
		return
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
		n, before := len(f.sources), len(runes)
		runes = slices.DeleteFunc(runes, func(r rune) bool {
			i, ok := font.index(r)
			if ok {
				_, ok = font.outline(i)
			}
			if ok {
				f.other[r] = n
			}
			return ok
		})
		if len(runes) < before {
			f.add(font)
		}
		if len(runes) == 0 {
			break
		}
	}
}

func (f *fonts) add(s source) {
	f.sources = append(f.sources, s)
	f.used = append(f.used, map[string]*drawn{})
}

// pick returns what stands for a character, and remembers that it is used; nil when
// no font has it.
func (f *fonts) pick(look face, r rune) *drawn {
	if p, ok := f.picked[look][r]; ok {
		return p
	}
	p := f.search(look, r)
	f.picked[look][r] = p
	return p
}

func (f *fonts) search(look face, r rune) *drawn {
	if !writable(r) {
		return nil
	}
	for _, n := range f.first[look] {
		if p := f.take(n, r); p != nil {
			return p
		}
	}
	if n, ok := f.other[r]; ok {
		return f.take(n, r)
	}
	return f.take(pixelSource, r)
}

// take draws a character with a source.
func (f *fonts) take(n int, r rune) *drawn {
	key := string(r)
	if d, ok := f.used[n][key]; ok {
		return d
	}
	i, ok := f.sources[n].index(r)
	if !ok {
		return nil
	}
	g, ok := f.sources[n].outline(i)
	if !ok {
		return nil
	}
	return f.keep(n, key, "", g)
}

// keep adds a glyph to the font that we make of a source.
func (f *fonts) keep(n int, text, parts string, g glyph) *drawn {
	key := text
	if parts != "" {
		key += "\x00" + parts
	}
	if d, ok := f.used[n][key]; ok {
		return d
	}
	units, _, _ := f.sources[n].metrics()
	d := &drawn{source: n, text: text, parts: parts, width: float64(g.advance) / float64(units), glyph: g}
	if len(f.used[n]) < maxGlyphs {
		f.used[n][key] = d
	}
	return d
}

// maxGlyphs is how many glyphs a font that we make has at most.
const maxGlyphs = 0xFFF0

// has says whether a character can be written with our own outlines, without using
// it.
func (f *fonts) has(r rune) bool {
	for _, n := range f.first[regular] {
		if _, ok := f.sources[n].index(r); ok {
			return true
		}
	}
	return false
}

// glyphs are those of a text in a font of ours, and their width at a size of one.
func (f *fonts) glyphs(look face, text string) (out []*drawn, width float64) {
	for _, r := range text {
		if d := f.pick(look, r); d != nil {
			out = append(out, d)
			width += d.width
		}
	}
	return out, width
}

// width is the width of a text at a size of one.
func (f *fonts) width(look face, text string) float64 {
	_, w := f.glyphs(look, text)
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
