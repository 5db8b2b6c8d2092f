package pdf

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"unicode/utf16"
)

// embed writes the fonts that are drawn with, and returns the number of the object
// that names them. Glyphs are numbered in the order of what they stand for.
func (f *fonts) embed(to *file) (int, error) {
	var all []byte
	for n, used := range f.used {
		if len(used) == 0 {
			continue
		}
		var glyphs []*drawn
		for i, key := range slices.Sorted(maps.Keys(used)) {
			used[key].number = i + 1
			glyphs = append(glyphs, used[key])
		}
		font, err := f.font(to, n, glyphs)
		if err != nil {
			return 0, err
		}
		all = fmt.Appendf(all, "/%s %d 0 R", family(n), font)
	}
	return to.add("<<%s>>", all), nil
}

// font writes one font: its file, the widths, and what its glyphs are to be read as.
func (f *fonts) font(to *file, n int, glyphs []*drawn) (int, error) {
	units, ascent, descent := f.sources[n].metrics()
	shapes := make([]glyph, len(glyphs))
	widths := []byte("1[")
	box := [4]int{0, -descent, units, ascent}
	for i, g := range glyphs {
		shapes[i] = g.glyph
		widths = append(number(widths, 1000*g.width), ' ')
		for _, c := range g.glyph.contours {
			for _, p := range c {
				box = [4]int{min(box[0], p.x), min(box[1], p.y), max(box[2], p.x), max(box[3], p.y)}
			}
		}
	}
	data := trueType(units, ascent, descent, shapes)
	program, unicode := to.ref(), to.ref()
	if err := to.put(program, fmt.Sprintf("/Length1 %d", len(data)), data); err != nil {
		return 0, err
	}
	if err := to.put(unicode, "", toUnicode(glyphs)); err != nil {
		return 0, err
	}
	name := fontName(n)
	em := func(x int) int { return x * 1000 / units }
	descriptor := to.add("<</Type/FontDescriptor/FontName/%s/Flags 4/FontBBox[%d %d %d %d]/ItalicAngle 0/Ascent %d/Descent %d/CapHeight %d/StemV 80/FontFile2 %d 0 R>>",
		name, em(box[0]), em(box[1]), em(box[2]), em(box[3]), em(ascent), -em(descent), em(ascent), program)
	below := to.add("<</Type/Font/Subtype/CIDFontType2/BaseFont/%s/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor %d 0 R/DW 1000/W[%s]]/CIDToGIDMap/Identity>>",
		name, descriptor, widths)
	return to.add("<</Type/Font/Subtype/Type0/BaseFont/%s/Encoding/Identity-H/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>", name, below, unicode), nil
}

// fontName is how the file calls a font that holds a part of one: six letters go
// before the name (ISO 32000-1, 9.6.4).
func fontName(n int) string {
	letters := []byte("AAAAAA")
	for i := len(letters) - 1; n > 0; i-- {
		letters[i] += byte(n % 26)
		n /= 26
	}
	return string(letters) + "+Review"
}

// toUnicode says what each glyph is to be read as.
func toUnicode(glyphs []*drawn) []byte {
	b := []byte("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n" +
		"/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n" +
		"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for some := range slices.Chunk(glyphs, 100) { // as many as one list may have
		b = fmt.Appendf(b, "%d beginbfchar\n", len(some))
		for _, g := range some {
			b = g.code(append(b, '<'))
			b = append(b, "> <"...)
			for _, u := range utf16.Encode([]rune(g.text)) {
				b = hex.AppendEncode(b, []byte{byte(u >> 8), byte(u)}) //nolint:gosec // its two bytes
			}
			b = append(b, ">\n"...)
		}
		b = append(b, "endbfchar\n"...)
	}
	return append(b, "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"...)
}
