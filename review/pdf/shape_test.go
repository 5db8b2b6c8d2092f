package pdf

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/go-fonts/dejavu/dejavusansmono"
	"golang.org/x/image/font/sfnt"

	"firebreak/review/document"
)

// lineOf is a text as it stands from left to right in one line.
func lineOf(t *testing.T, text string) string {
	t.Helper()
	f, err := newFonts(Options{}, []rune(text))
	if err != nil {
		t.Fatal(err)
	}
	p := f.paragraph(document.Text{{Text: text}}, regular, ink, func(string) bool { return false })
	out := ""
	for _, s := range p.stretches(line{0, len(p.cells), 0}) {
		out += s.text
	}
	return out
}

// TestOrder compares with what a reader of the script expects, by UAX 9.
func TestOrder(t *testing.T) {
	for text, want := range map[string]string{
		"plain (text) 12":  "plain (text) 12",
		"by אבג, seen":     "by גבא, seen",
		"by אבג 123, דהו.": "by והד ,123 גבא.",
		"אבג (דה) 12":      "12 (הד) גבא",
		"אבג web-1 דה":     "הד web-1 גבא",
		"x אב 45, y":       "x 45 בא, y",
		"שָׁלוֹם":          "םוֹלשָׁ",
	} {
		if got := lineOf(t, text); got != want {
			t.Errorf("%q stands as %q (%U), want %q", text, got, []rune(got), want)
		}
	}
}

// TestArabicJoins has the forms by hand: beginning, middle, end, alone, and lam
// with alef as one.
func TestArabicJoins(t *testing.T) {
	for text, want := range map[string][]rune{
		"بيت":  {0xFE96, 0xFEF4, 0xFE91}, // the first begins, the second is in the middle, the third ends
		"دار":  {0xFEAD, 0xFE8D, 0xFEA9}, // none of these joins to the left
		"سلام": {0xFEE1, 0xFEFC, 0xFEB3}, // lam and alef are one, joined to seen
		"لا":   {0xFEFB},                 // and alone
		"گچ":   {0xFB7B, 0xFB94},         // Persian letters
		"مَد":  {0xFEAA, 0xFEE3, 0x064E}, // a mark parts nothing, and stays with its letter
		"م م":  {0xFEE1, ' ', 0xFEE1},    // a space does
		"مx":   {'x', 0xFEE1},            // what begins with Arabic reads from the right
		"ـم":   {0xFEE2, 0x0640},         // the long stroke joins
	} {
		if got := lineOf(t, text); got != string(want) {
			t.Errorf("%q is written as %U, want %U", text, []rune(got), want)
		}
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
				s += string(c.r)
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
	glyphs := map[rune]glyph{}
	for _, r := range "Aé€ж中" {
		if g, ok := from.glyph(r); ok {
			glyphs[r] = g
		} else if g, ok := (pixels{}).glyph(r); ok {
			glyphs[r] = g
		}
	}
	if len(glyphs) != 5 {
		t.Fatalf("%d glyphs", len(glyphs))
	}
	units, ascent, descent := from.metrics()
	to, err := parseFont("ours", trueType(units, ascent, descent, glyphs))
	if err != nil {
		t.Fatal(err)
	}
	for r, want := range glyphs {
		got, ok := to.glyph(r)
		if !ok || got.advance != want.advance || len(got.contours) != len(want.contours) {
			t.Errorf("%c: %v %d %d, want %d %d", r, ok, got.advance, len(got.contours), want.advance, len(want.contours))
		}
	}
	if n, err := to.font.GlyphIndex(&sfnt.Buffer{}, 'B'); err != nil || n != 0 {
		t.Errorf("B is glyph %d, %v", n, err)
	}
}

func FuzzFont(f *testing.F) {
	f.Add(dejavusansmono.TTF[:20_000])
	f.Add(trueType(1000, 800, 200, map[rune]glyph{'a': {advance: 500, contours: [][]point{{{0, 0, true}, {9, 9, false}, {5, 0, true}}}}}))
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
			if g, ok := font.glyph(r); ok {
				if _, err := parseFont("again", trueType(units, ascent, descent, map[rune]glyph{r: g})); err != nil {
					t.Errorf("what we made of %c: %v", r, err)
				}
			}
		}
	})
}
