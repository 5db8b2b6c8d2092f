package pdf

import (
	"cmp"
	"encoding/binary"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/go-fonts/dejavu/dejavusanscondensed"
	"github.com/go-fonts/dejavu/dejavusansmono"
	"golang.org/x/text/unicode/norm"

	"firebreak/review/document"
)

// stands is a text as it stands from left to right in one line: its glyphs.
func stands(t *testing.T, text string) []*drawn {
	t.Helper()
	f, err := newFonts(Options{}, []rune(text))
	if err != nil {
		t.Fatal(err)
	}
	p := f.paragraph(document.Text{{Text: text}}, regular, ink, func(string) bool { return false })
	var out []*drawn
	all := p.stretches(line{0, len(p.cells), 0})
	slices.SortFunc(all, func(a, b stretch) int { return cmp.Compare(a.x, b.x) })
	for _, s := range all {
		out = append(out, s.glyphs...)
	}
	return out
}

// lineOf is what these glyphs are to be read as.
func lineOf(t *testing.T, text string) string {
	t.Helper()
	out := ""
	for _, g := range stands(t, text) {
		out += g.text
	}
	return out
}

// TestOrder compares with what a reader of the script expects, by UAX 9.
func TestOrder(t *testing.T) {
	for text, want := range map[string]string{
		"plain (text) 12":  "plain (text) 12",
		"by אבג, seen":     "by גבא, seen",
		"by אבג 123, דהו.": "by והד ,123 גבא.",
		"abc(אבג)12":       "abc(גבא)12",
		"אבג (דה) 12":      "12 )הד( גבא", // drawn as the other one of the pair
		"אבג web-1 דה":     "הד web-1 גבא",
		"x אב 45, y":       "x 45 בא, y",
		"שָׁלוֹם":          "םוֹלשָׁ",
	} {
		if got := lineOf(t, text); norm.NFKD.String(got) != norm.NFKD.String(want) {
			t.Errorf("%q stands as %q (%U), want %q", text, got, []rune(got), want)
		}
	}
}

// TestArabicJoins has the forms by hand, as the characters that Unicode once gave
// them: beginning, middle, end, alone, and lam with alef as one. A mark is one with
// its letter.
func TestArabicJoins(t *testing.T) {
	from, err := parseFont("sans", dejavusanscondensed.TTF)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]rune{
		"بيت":  {0xFE96, 0xFEF4, 0xFE91}, // the first begins, the second is in the middle, the third ends
		"دار":  {0xFEAD, 0xFE8D, 0xFEA9}, // none of these joins to the left
		"سلام": {0xFEE1, 0xFEFC, 0xFEB3}, // lam and alef are one, joined to seen
		"لا":   {0xFEFB},                 // and alone
		"گچ":   {0xFB7B, 0xFB94},         // Persian letters
		"م م":  {0xFEE1, ' ', 0xFEE1},    // a space parts
		"مx":   {'x', 0xFEE1},            // what begins with Arabic reads from the right
		"ـم":   {0xFEE2, 0x0640},         // the long stroke joins
	} {
		got := stands(t, text)
		if len(got) != len(want) {
			t.Errorf("%q: %d glyphs, want %d", text, len(got), len(want))
			continue
		}
		for i, r := range want {
			n, _ := from.index(r)
			if shape, ok := from.outline(n); !ok || !reflect.DeepEqual(got[i].glyph.contours, shape.contours) {
				t.Errorf("%q: glyph %d, %q, does not look like %U", text, i, got[i].text, r)
			}
		}
	}
	if got := stands(t, "مَد"); len(got) != 2 || got[1].text != "مَ" {
		t.Errorf("%d glyphs", len(got))
	}
}

// TestMarks puts marks on their letters, as one that is read as both.
func TestMarks(t *testing.T) {
	got := stands(t, "e\u0301a\u0308x\u0332")
	if len(got) != 3 || got[0].text != "e\u0301" || got[1].text != "a\u0308" {
		t.Fatalf("%d glyphs", len(got))
	}
	from, err := parseFont("sans", dejavusanscondensed.TTF)
	if err != nil {
		t.Fatal(err)
	}
	n, _ := from.index('é')
	want, _ := from.outline(n)
	if !reflect.DeepEqual(got[0].glyph, want) {
		t.Error("e with an acute does not look like é")
	}
	n, _ = from.index('x')
	if x, _ := from.outline(n); got[2].glyph.advance != x.advance || len(got[2].glyph.contours) != len(x.contours)+1 {
		t.Errorf("x with a line below: %d wide, %d contours", got[2].glyph.advance, len(got[2].glyph.contours))
	}
}

func TestLines(t *testing.T) {
	f, err := newFonts(Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	broken := func(text string, width float64) (out []string) {
		p := f.paragraph(document.Text{{Text: text}}, mono, ink, func(string) bool { return false })
		one := f.width(mono, "x")
		for _, l := range p.lines(width*one + 0.001) {
			s := ""
			for _, c := range p.cells[l.from:l.to] {
				s += c.drawn.text
			}
			if width >= 1 && l.width > width*one+0.01 && s[len(s)-1] != ' ' {
				t.Errorf("%q is %.2f wide in %.2f", s, l.width/one, width)
			}
			out = append(out, s)
		}
		return out
	}
	for _, x := range []struct {
		text  string
		width float64
		want  []string
	}{
		{"", 5, []string{""}},
		{"one two three", 7, []string{"one two ", "three"}},
		{"one two three", 8, []string{"one two ", "three"}},
		{"aaaaaaaaaa", 4, []string{"aaaa", "aaaa", "aa"}},
		{"ab-cdefgh", 5, []string{"ab-", "cdefg", "h"}},
		{"a\nb\n", 9, []string{"a", "b"}},
		{"a  b", 1, []string{"a  ", "b"}},
		{"abc", 0, []string{"a", "b", "c"}},
	} {
		got := broken(x.text, x.width)
		if len(got) != len(x.want) {
			t.Errorf("%q in %v: %q, want %q", x.text, x.width, got, x.want)
			continue
		}
		for i := range got {
			if got[i] != x.want[i] {
				t.Errorf("%q in %v: %q, want %q", x.text, x.width, got, x.want)
				break
			}
		}
	}
}

// TestFontFile reads our font file with somebody else's reader: the glyphs are
// where they should be, and of the same shape.
func TestFontFile(t *testing.T) {
	from, err := parseFont("mono", dejavusansmono.TTF)
	if err != nil {
		t.Fatal(err)
	}
	var glyphs []glyph
	for _, r := range "Aé€ж中" {
		var s source = from
		n, ok := s.index(r)
		if !ok {
			s = pixels{}
			n, _ = s.index(r)
		}
		g, ok := s.outline(n)
		if !ok {
			t.Fatalf("no %c", r)
		}
		glyphs = append(glyphs, g)
	}
	units, ascent, descent := from.metrics()
	to, err := parseFont("ours", readable(trueType(units, ascent, descent, glyphs)))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range glyphs {
		got, ok := to.outline(i + 1)
		if !ok || got.advance != want.advance || len(got.contours) != len(want.contours) {
			t.Errorf("glyph %d: %v %d %d, want %d %d", i, ok, got.advance, len(got.contours), want.advance, len(want.contours))
		}
	}
	if got, ok := to.outline(len(glyphs) + 1); ok {
		t.Errorf("a glyph too many: %v", got)
	}
}

// readable adds what a font has outside of a PDF, so that others read it.
func readable(data []byte) []byte {
	tables := map[string][]byte{}
	for i := range int(binary.BigEndian.Uint16(data[4:])) {
		at := data[12+16*i:]
		from, n := binary.BigEndian.Uint32(at[8:]), binary.BigEndian.Uint32(at[12:])
		tables[string(at[:4])] = data[from : from+n]
	}
	words := func(values ...int) (out []byte) {
		for _, v := range values {
			out = append16(out, v)
		}
		return out
	}
	tables["cmap"] = words(0, 1, 3, 1, 0, 12, 4, 24, 0, 2, 2, 0, 0, 0xFFFF, 0, 0xFFFF, 1, 0)
	tables["post"] = words(3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	tables["name"] = words(0, 0, 6)
	tables["OS/2"] = make([]byte, 96)
	return assemble(tables)
}

func FuzzFont(f *testing.F) {
	f.Add(dejavusansmono.TTF[:20_000])
	f.Add(dejavusanscondensed.TTF[:40_000])
	if paths, err := filepath.Glob("/usr/share/fonts/*/*/Loma.otf"); err == nil && len(paths) > 0 {
		if data, err := os.ReadFile(paths[0]); err == nil {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		font, err := parseFont("x", data)
		if err != nil {
			return
		}
		units, ascent, descent := font.metrics()
		for _, r := range "aA ก中ب" {
			n, ok := font.index(r)
			if !ok {
				continue
			}
			if g, ok := font.outline(n); ok {
				trueType(units, ascent, descent, []glyph{g})
			}
		}
		fonts := &fonts{sources: []source{font}, used: []map[string]*drawn{{}}, words: map[word][]piece{}}
		for _, w := range []string{"هि\u093fक", "abم"} {
			for _, right := range []bool{false, true} {
				read := ""
				for _, p := range fonts.shaped(word{0, right, w}) {
					read += p.drawn.text
				}
				if read != "" && read != w {
					t.Errorf("%q is read as %q", w, read)
				}
			}
		}
	})
}
