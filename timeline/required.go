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

// requiredOfLiteral folds the literal. Where the expression ignores case, K
// also matches the Kelvin sign and S the long s, which our folding keeps
// apart: the literal is cut there.
func requiredOfLiteral(re *syntax.Regexp) string {
	text := string(re.Rune)
	if re.Flags&syntax.FoldCase == 0 {
		return fold(text)
	}
	best := ""
	for piece := range strings.FieldsFuncSeq(fold(text), func(r rune) bool { return r == 'k' || r == 's' || r == utf8.RuneError }) {
		if len(piece) > len(best) {
			best = piece
		}
	}
	return best
}
