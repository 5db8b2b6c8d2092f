package pdf

import (
	"bytes"
	"fmt"
	"sync"
	"unicode"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/harfbuzz"
	"github.com/go-text/typesetting/language"
	"golang.org/x/text/unicode/norm"
)

// shaper knows how the letters of a font change shape and place beside others.
type shaper struct {
	font *harfbuzz.Font
	buf  *harfbuzz.Buffer
}

// word is what is shaped at once.
type word struct {
	source int
	right  bool // from right to left
	text   string
}

// piece is what some characters of a word, which follow each other, are written as.
type piece struct {
	from  int // of the first character
	drawn *drawn
}

// maxWord is how many characters are shaped together; longer words are cut.
const maxWord = 200

// changes says whether a character changes with those beside it, or stands on one.
func changes(r rune) bool {
	switch {
	case r < 0x300:
		return false
	case r >= 0x600 && r <= 0x1FFF && (r <= 0x109F || r >= 0x1100 && r <= 0x11FF || r >= 0x1700 && r <= 0x1CFF), // Arabic to Myanmar, Jamo, Khmer and others
		r >= 0xA800 && r <= 0xABFF, r >= 0xD7B0 && r <= 0xD7FF, r >= 0x10800 && r <= 0x1EFFF && (r < 0x16F00 || r > 0x1DFFF):
		return true
	}
	return unicode.Is(unicode.M, r)
}

// joiner says whether a character only says how those beside it join.
func joiner(r rune) bool { return r == 0x200C || r == 0x200D || r >= 0xFE00 && r <= 0xFE0F }

// shaped are the pieces of a word in their order of reading; nil where the font has
// no shapes for it, and each character stands for itself.
func (f *fonts) shaped(w word) []piece {
	if out, ok := f.words[w]; ok {
		return out
	}
	out := f.shape(w)
	f.words[w] = out
	return out
}

func (f *fonts) shape(w word) []piece {
	o, ok := f.sources[w.source].(*outlines)
	if !ok {
		return nil
	}
	text := []rune(w.text)
	infos, places, err := o.shapes(text, w.right)
	if err != nil {
		return nil
	}
	var out []piece
	for from := 0; from < len(infos); {
		to := from + 1
		for to < len(infos) && infos[to].Cluster == infos[from].Cluster {
			to++
		}
		first := infos[from].Cluster
		end := len(text) // of the characters: where the next piece of the text begins
		if w.right && from > 0 {
			end = infos[from-1].Cluster
		} else if !w.right && to < len(infos) {
			end = infos[to].Cluster
		}
		if first < 0 || end <= first || end > len(text) {
			return nil
		}
		g, parts, ok := o.compose(infos[from:to], places[from:to])
		if !ok {
			return nil
		}
		read := string(text[first:end])
		if w.right && end > first+1 {
			read = asOne(read)
		}
		out = append(out, piece{first, f.keep(w.source, read, parts, g)})
		from = to
	}
	if w.right {
		for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
			out[i], out[j] = out[j], out[i]
		}
	}
	return out
}

// shapes are the glyphs of a text from left to right. A font that makes the shaper
// fail has no shapes.
func (o *outlines) shapes(text []rune, right bool) (infos []harfbuzz.GlyphInfo, places []harfbuzz.GlyphPosition, err error) {
	defer func() {
		if p := recover(); p != nil { // a broken font of the machine must not cost the review
			err = fmt.Errorf("shape with %s: %v", o.file, p)
		}
	}()
	if o.shape == nil {
		faces, err := font.ParseTTC(bytes.NewReader(o.data))
		if err != nil || len(faces) == 0 {
			return nil, nil, fmt.Errorf("read shapes of %s: %w", o.file, err)
		}
		o.shape = &shaper{harfbuzz.NewFont(faces[0]), harfbuzz.NewBuffer()}
	}
	b := o.shape.buf
	b.Clear()
	b.Props = harfbuzz.SegmentProperties{Script: scriptOf(text), Direction: harfbuzz.LeftToRight}
	if right {
		b.Props.Direction = harfbuzz.RightToLeft
	}
	b.Flags = harfbuzz.Bot | harfbuzz.Eot
	b.AddRunes(text, 0, -1)
	b.Shape(o.shape.font, nil)
	return b.Info, b.Pos, nil
}

// scriptOf is the script of the first letter that has one.
func scriptOf(text []rune) language.Script {
	for _, r := range text {
		if s := language.LookupScript(r); s != language.Common && s != language.Inherited && s != language.Unknown {
			return s
		}
	}
	return language.Latin
}

// compose makes one glyph of those that stand for the same characters: what is read
// together is one in the file, too.
func (o *outlines) compose(infos []harfbuzz.GlyphInfo, places []harfbuzz.GlyphPosition) (out glyph, parts string, ok bool) {
	var key []byte
	pen, points := 0, 0
	for i, info := range infos {
		if info.Glyph == 0 {
			return out, "", false
		}
		g, ok := o.outline(int(info.Glyph))
		if !ok {
			return out, "", false
		}
		p := places[i]
		dx, dy := clip(pen+int(p.XOffset)), clip(int(p.YOffset))
		key = fmt.Appendf(key, "%d,%d,%d,%d;", info.Glyph, dx, dy, p.XAdvance)
		for _, c := range g.contours {
			moved := make([]point, len(c))
			for n, q := range c {
				moved[n] = point{clip(q.x + dx), clip(q.y + dy), q.on}
			}
			points += len(moved)
			out.contours = append(out.contours, moved)
		}
		pen += int(p.XAdvance)
	}
	out.advance = min(max(pen, 0), maxUnits)
	return out, string(key), points <= maxPoints
}

// asOne is the character that Unicode has for letters from right to left which are
// written as one, or the letters. Programs that read a PDF take such a character
// apart, and some of them turn several around.
func asOne(s string) string {
	if one, ok := ligatures()[s]; ok {
		return string(one)
	}
	return s
}

var ligatures = sync.OnceValue(func() map[string]rune {
	out := map[string]rune{}
	for _, x := range [][2]rune{{0xFEFC, 0xFE70}, {0xFDFF, 0xFB50}, {0xFB4F, 0xFB1D}} {
		for r := x[0]; r >= x[1]; r-- { // that of a letter which stands alone comes first, and stays
			if s := norm.NFKC.String(string(r)); s != string(r) {
				out[s] = r
			}
		}
	}
	return out
})
