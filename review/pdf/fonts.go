package pdf

import (
	"fmt"
	"iter"
	"slices"

	"github.com/go-fonts/dejavu/dejavusanscondensed"
	"github.com/go-fonts/dejavu/dejavusanscondensedbold"
	"github.com/go-fonts/dejavu/dejavusansmono"
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
	chosen  *supply
	found   *supply
	missing map[rune]bool // no font has it
}

// pick is where a character comes from.
type pick struct {
	source int
	width  float64 // of an em
	ok     bool
}

// supply hands out fonts one at a time.
type supply struct {
	next func() (string, []byte, bool)
	stop func()
	got  []int
	done bool
}

// maxFonts bounds how many fonts of the machine are looked into.
const maxFonts = 80

func newFonts(o Options) (*fonts, error) {
	f := &fonts{missing: map[rune]bool{}, chosen: newSupply(o.Chosen), found: newSupply(o.Found)}
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
	return f, nil
}

const pixelSource = 3

func newSupply(seq iter.Seq2[string, []byte]) *supply {
	if seq == nil {
		return &supply{done: true}
	}
	next, stop := iter.Pull2(seq)
	return &supply{next: next, stop: stop}
}

func (f *fonts) add(s source) int {
	f.sources = append(f.sources, s)
	f.used = append(f.used, map[rune]glyph{})
	return len(f.sources) - 1
}

// close ends what still hands out fonts.
func (f *fonts) close() {
	for _, s := range []*supply{f.chosen, f.found} {
		if s.stop != nil {
			s.stop()
		}
	}
}

// pick returns the font for a character, and remembers that it is used. Only the
// first plane of Unicode can be written.
func (f *fonts) pick(look face, r rune) pick {
	if p, ok := f.picked[look][r]; ok {
		return p
	}
	p := f.search(look, r)
	f.picked[look][r] = p
	return p
}

func (f *fonts) search(look face, r rune) pick {
	if r > 0xFFFE || r < ' ' {
		return pick{}
	}
	for _, n := range f.first[look] {
		if p, ok := f.take(n, r); ok {
			return p
		}
	}
	if p, ok := f.fromSupply(f.chosen, r); ok {
		return p
	}
	if p, ok := f.take(pixelSource, r); ok {
		return p
	}
	p, _ := f.fromSupply(f.found, r)
	return p
}

func (f *fonts) fromSupply(s *supply, r rune) (pick, bool) {
	for _, n := range s.got {
		if p, ok := f.take(n, r); ok {
			return p, true
		}
	}
	for !s.done {
		name, data, ok := s.next()
		if !ok || len(s.got) >= maxFonts {
			s.done = true
			break
		}
		font, err := parseFont(name, data)
		if err != nil {
			continue // what is no font, or one of a kind that we cannot read, has nothing for us
		}
		n := f.add(font)
		s.got = append(s.got, n)
		if p, ok := f.take(n, r); ok {
			return p, true
		}
	}
	return pick{}, false
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
	for _, n := range f.found.got {
		if len(f.used[n]) > 0 {
			out = append(out, f.sources[n].name())
		}
	}
	slices.Sort(out)
	return out
}

// family is how the file calls a source.
func family(n int) string { return fmt.Sprintf("f%d", n) }
