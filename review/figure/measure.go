package figure

import (
	"strings"
	"unicode"
)

// Width is how much room a text takes, a little more than it does in the fonts that
// pages are shown in: nobody has measured the reader's.
func Width(s string, size float64) float64 {
	w := 0.0
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r >= 0x1100 && wide(r):
			w += 1.05
		case strings.ContainsRune("iljtfrI.,:;'|()[] !-", r):
			w += 0.36
		case strings.ContainsRune("mwMW@%", r):
			w += 0.92
		case unicode.IsUpper(r):
			w += 0.7
		case r < 0x250:
			w += 0.575
		default:
			w += 0.75
		}
	}
	return w * size
}

// wide says whether a rune takes a whole square: those of East Asia, and pictures.
func wide(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana) ||
		r >= 0x3000 && r <= 0x303f || r >= 0xff00 && r <= 0xff60 || r >= 0x1f000
}

// fit cuts a text to the room there is for it, at a space where one is near.
func fit(s string, size, room float64) string {
	s = oneLine(s)
	if Width(s, size) <= room {
		return s
	}
	room -= Width("…", size)
	w, cut := 0.0, 0
	for i, r := range s {
		if w += Width(string(r), size); w > room {
			break
		}
		cut = i + len(string(r))
	}
	out := s[:cut]
	if i := strings.LastIndexByte(out, ' '); i > len(out)*2/3 {
		out = out[:i]
	}
	if out = strings.TrimRight(out, " ,;:"); out == "" {
		return ""
	}
	return out + "…"
}

// oneLine is the beginning of a text as one line; a drawing never needs more.
func oneLine(s string) string { return short(s, 200) }

func short(s string, most int) string {
	if len(s) > most*4 {
		s = strings.ToValidUTF8(s[:most*4], "")
	}
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= most {
		return s
	}
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
