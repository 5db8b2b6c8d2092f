package timeline

import (
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// required is the longest piece of text, folded, that everything a regular
// expression matches contains; empty where none is sure.
func required(expression string) string {
	re, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return ""
	}
	return requiredOf(re)
}

func requiredOf(re *syntax.Regexp) string {
	switch {
	case re.Op == syntax.OpLiteral:
		return requiredOfLiteral(re)
	case re.Op == syntax.OpCapture, re.Op == syntax.OpPlus, re.Op == syntax.OpRepeat && re.Min > 0:
		return requiredOf(re.Sub[0])
	case re.Op == syntax.OpConcat:
		best := ""
		for _, sub := range re.Sub {
			if s := requiredOf(sub); len(s) > len(best) {
				best = s
			}
		}
		return best
	}
	return ""
}

// requiredOfLiteral folds the literal, cut where an expression sees more than our
// folding does. One that ignores case takes the Kelvin sign for a k, the long s
// for an s, and both sigmas for each other; and bytes that are not UTF-8 are
// U+FFFD to it.
func requiredOfLiteral(re *syntax.Regexp) string {
	apart := func(r rune) bool {
		return r == utf8.RuneError || re.Flags&syntax.FoldCase != 0 && !sameFold(r)
	}
	best := ""
	for piece := range strings.FieldsFuncSeq(string(re.Rune), apart) {
		piece = fold(piece)
		if len(piece) > len(best) {
			best = piece
		}
	}
	return best
}
