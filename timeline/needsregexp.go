package timeline

import (
	"regexp/syntax"
	"unicode"
	"unicode/utf8"
)

// Limits of the set of texts that a part of an expression is spelled out to.
const (
	mostSpelled    = 16
	longestSpelled = 64
)

// expressionNeed is the need of a regular expression.
func expressionNeed(expression string) Need {
	re, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return Need{}
	}
	return spell(re).need()
}

// spelled is what is known of a part of an expression: all the texts, folded,
// that it stands for, or else what each of them needs.
type spelled struct {
	texts []string // nil: too many, or unknown
	needs Need
}

func (s spelled) need() Need {
	if s.texts == nil {
		return s.needs
	}
	each := make([]Need, len(s.texts))
	for i, t := range s.texts {
		each[i] = allNeeds(fragments(t, true, true))
	}
	return AnyNeed(each)
}

func spell(re *syntax.Regexp) spelled {
	switch re.Op { //nolint:exhaustive // of the others nothing is known
	case syntax.OpLiteral:
		return spellLiteral(re)
	case syntax.OpCharClass:
		return spellClass(re)
	case syntax.OpCapture:
		return spell(re.Sub[0])
	case syntax.OpConcat:
		parts := make([]spelled, len(re.Sub))
		for i, sub := range re.Sub {
			parts[i] = spell(sub)
		}
		return concat(parts)
	case syntax.OpAlternate:
		parts := make([]spelled, len(re.Sub))
		for i, sub := range re.Sub {
			parts[i] = spell(sub)
		}
		return alternate(parts)
	case syntax.OpQuest:
		if s := spell(re.Sub[0]); s.texts != nil && len(s.texts) < mostSpelled {
			return spelled{texts: append(s.texts, "")}
		}
	case syntax.OpPlus:
		return spelled{needs: spell(re.Sub[0]).need()}
	case syntax.OpRepeat:
		if re.Min > 0 {
			return spelled{needs: spell(re.Sub[0]).need()}
		}
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return spelled{texts: []string{""}}
	}
	return spelled{}
}

// spellLiteral cuts a literal that ignores case at letters that our folding
// keeps apart where the expression does not: the Kelvin sign and k.
func spellLiteral(re *syntax.Regexp) spelled {
	var parts []spelled
	var text []rune
	for _, r := range re.Rune {
		if re.Flags&syntax.FoldCase == 0 || sameFold(r) {
			text = append(text, r)
			continue
		}
		parts = append(parts, spelled{texts: []string{fold(string(text))}}, spelled{})
		text = nil
	}
	return concat(append(parts, spelled{texts: []string{fold(string(text))}}))
}

// sameFold reports whether every letter that an expression takes for r when it
// ignores case folds to the same.
func sameFold(r rune) bool {
	if r == utf8.RuneError {
		return false
	}
	for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
		if fold(string(o)) != fold(string(r)) {
			return false
		}
	}
	return true
}

func spellClass(re *syntax.Regexp) spelled {
	texts := []string{}
	for i := 0; i+1 < len(re.Rune); i += 2 {
		if re.Rune[i+1]-re.Rune[i] >= mostSpelled || re.Rune[i+1] >= utf8.RuneError {
			return spelled{}
		}
		for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
			texts = union(texts, fold(string(r)))
			if len(texts) > mostSpelled {
				return spelled{}
			}
		}
	}
	if len(texts) == 0 {
		return spelled{} // a class of nothing
	}
	return spelled{texts: texts}
}

func union(texts []string, more ...string) []string {
	seen := make(map[string]bool, len(texts)+len(more))
	out := texts[:0:0]
	for _, list := range [][]string{texts, more} {
		for _, t := range list {
			if !seen[t] {
				seen[t] = true
				out = append(out, t)
			}
		}
	}
	return out
}

func concat(parts []spelled) spelled {
	var needs []Need
	whole := true
	now := []string{""}
	flush := func() {
		needs = append(needs, spelled{texts: now}.need())
		now, whole = []string{""}, false
	}
	for _, p := range parts {
		if p.texts == nil {
			flush()
			needs = append(needs, p.needs)
			continue
		}
		next := cross(now, p.texts)
		if next == nil {
			flush()
			next = p.texts
		}
		now = next
	}
	if whole {
		return spelled{texts: now}
	}
	flush()
	return spelled{needs: allNeeds(needs)}
}

// cross is every text of a followed by every text of b; nil where they are too
// many or too long.
func cross(a, b []string) []string {
	if len(a)*len(b) > mostSpelled {
		return nil
	}
	var out []string
	for _, x := range a {
		for _, y := range b {
			if len(x)+len(y) > longestSpelled {
				return nil
			}
			out = append(out, x+y)
		}
	}
	return union(out)
}

func alternate(parts []spelled) spelled {
	var texts []string
	needs := make([]Need, len(parts))
	whole := true
	for i, p := range parts {
		needs[i] = p.need()
		whole = whole && p.texts != nil
		texts = union(texts, p.texts...)
	}
	if whole && len(texts) <= mostSpelled {
		return spelled{texts: texts}
	}
	return spelled{needs: AnyNeed(needs)}
}
