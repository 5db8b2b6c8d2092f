package timeline

import (
	"strings"
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

// Pieces are pieces of text, folded, that stand in whatever the pattern matches:
// what is between its stars, or one that a regular expression cannot do without.
// whole says that there is no star and no expression, so that the pattern is
// found wherever its one piece is, as whole words.
func (p Pattern) Pieces() (pieces []string, whole bool) {
	if p.must != "" {
		return []string{p.must}, false
	}
	return p.parts, p.re == nil && p.isLiteral()
}

// WordsJoin reports whether a letter, digit, mark or _ stands on either side of
// the position: no word begins or ends there.
func WordsJoin(s string, at int) bool { return joined(s, at) }
