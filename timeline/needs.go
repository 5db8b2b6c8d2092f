package timeline

import (
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Need is what a text must have in it for a pattern to match there. A store
// that knows which words its texts have can pass over those that lack it.
// What has the need may still not match.
type Need struct {
	Op   NeedOp
	Word Fragment // of NeedWord
	Of   []Need   // of NeedAll and NeedAny, at least one
}

// NeedOp is the kind of a need.
type NeedOp int

// The kinds. The zero Need says that nothing is sure.
const (
	NeedNothing NeedOp = iota
	NeedWord           // a word with this fragment
	NeedAll            // all of these needs
	NeedAny            // one of these needs
)

// Fragment is a word or a part of one, folded. A word is a run of letters,
// digits, marks and _ with none of them beside it, or four numbers of up to
// three digits that dots join.
type Fragment struct {
	Text  string
	Front bool // the word may have more before it
	Back  bool // the word may have more behind it
}

// Need is what every text has that the pattern matches, as a whole (Match) or
// inside (In).
func (p Pattern) Need() Need {
	if p.re != nil {
		return expressionNeed(p.re.String())
	}
	var all []Need
	for i, part := range p.parts {
		front, back := i > 0 || p.left, i < len(p.parts)-1 || p.right
		all = append(all, fragments(part, front, back)...)
	}
	return allNeeds(all)
}

// fragments are the words of a piece of a pattern, and the IPv4 addresses in
// it: those are looked up as one. At an end that is open the word there may go
// on.
func fragments(piece string, front, back bool) []Need {
	if !utf8.ValidString(piece) {
		return nil
	}
	var all []Need
	var numbers [4]int // where the last short numbers that dots join begin
	joinedNumbers, end := 0, -2
	for i := 0; i < len(piece); {
		start := i
		for i < len(piece) {
			r, n := utf8.DecodeRuneInString(piece[i:])
			if !isWord(r) {
				break
			}
			i += n
		}
		if i == start {
			_, n := utf8.DecodeRuneInString(piece[i:])
			i += n
			continue
		}
		f := Fragment{Text: piece[start:i], Front: front && start == 0, Back: back && i == len(piece)}
		// That some word has a letter says nothing.
		if !f.Front || !f.Back || len(f.Text) > 1 {
			all = append(all, Need{Op: NeedWord, Word: f})
		}
		switch {
		case f.Front || f.Back || len(f.Text) > 3 || strings.Trim(f.Text, "0123456789") != "":
			joinedNumbers = 0
		case start == end+1 && piece[end] == '.' && joinedNumbers > 0:
			joinedNumbers++
		default:
			joinedNumbers = 1
		}
		end = i
		if joinedNumbers > 0 {
			copy(numbers[:], numbers[1:])
			numbers[3] = start
		}
		if joinedNumbers >= 4 {
			all = append(all, Need{Op: NeedWord, Word: Fragment{Text: piece[numbers[0]:i]}})
		}
	}
	return all
}

// allNeeds joins needs that must all be met; those that say nothing fall away.
func allNeeds(needs []Need) Need {
	var all []Need
	for _, n := range needs {
		if n.Op == NeedAll {
			all = append(all, n.Of...)
		} else if n.Op != NeedNothing {
			all = append(all, n)
		}
	}
	switch len(all) {
	case 0:
		return Need{}
	case 1:
		return all[0]
	}
	return Need{Op: NeedAll, Of: all}
}

// AnyNeed joins needs of which one must be met; where one says nothing, nothing
// is sure.
func AnyNeed(needs []Need) Need {
	for _, n := range needs {
		if n.Op == NeedNothing {
			return Need{}
		}
	}
	switch len(needs) {
	case 0:
		return Need{}
	case 1:
		return needs[0]
	}
	return Need{Op: NeedAny, Of: needs}
}

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

// Matches is Match for a value at hand, of any field but the offset.
func (x Compare) Matches(value string) bool {
	n, ok := parseNumber(value)
	return ok && x.Op.holds(n.compare(x.Number))
}

// Pieces are the literal pieces of a pattern between its stars, folded, nil for
// a regular expression; whole says that it has no star, so that it is found
// wherever its one piece is, as whole words.
func (p Pattern) Pieces() (pieces []string, whole bool) {
	if p.re != nil {
		return nil, false
	}
	return p.parts, p.isLiteral()
}

// WordsJoin reports whether a letter, digit, mark or _ stands on either side of
// the position: no word begins or ends there.
func WordsJoin(s string, at int) bool { return joined(s, at) }
