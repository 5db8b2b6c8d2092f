package timeline

import (
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// InWord returns the pattern's regular expression so that it ignores case,
// where whatever it matches lies inside one word of ASCII letters. It can then
// be tried on words, folded, in place of texts.
func (p Pattern) InWord() (expression string, ok bool) {
	if p.re == nil {
		return "", false
	}
	source := p.re.String()
	re, err := syntax.Parse(source, syntax.Perl)
	if err != nil || !insideWord(re) || switchesCase(source) || p.re.MatchString("") {
		return "", false
	}
	return "(?i)(?:" + source + ")", true
}

// switchesCase reports whether a part of the expression may ask for case again:
// (?-i:x).
func switchesCase(source string) bool {
	for {
		_, rest, found := strings.Cut(source, "(?")
		if !found {
			return false
		}
		flags, _, _ := strings.Cut(rest, ":")
		flags, _, _ = strings.Cut(flags, ")")
		if strings.Contains(flags, "-") {
			return true
		}
		source = rest
	}
}

func insideWord(re *syntax.Regexp) bool {
	switch re.Op { //nolint:exhaustive // the others may leave the word
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if r >= utf8.RuneSelf || !isWord(r) {
				return false
			}
		}
		return true
	case syntax.OpCharClass:
		for i := 0; i+1 < len(re.Rune); i += 2 {
			for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
				if r >= utf8.RuneSelf && r != '\u212a' && r != '\u017f' || !isWord(r) {
					return false // all but the k and s that (?i) adds
				}
			}
		}
		return true
	case syntax.OpEmptyMatch:
		return true
	case syntax.OpCapture, syntax.OpConcat, syntax.OpAlternate, syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		for _, sub := range re.Sub {
			if !insideWord(sub) {
				return false
			}
		}
		return true
	}
	return false
}
