package timeline

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// words are the folded words of a text, and its IPv4 addresses.
func words(text string) []string {
	var all []string
	folded := fold(text)
	for i := 0; i < len(folded); {
		start := i
		for i < len(folded) {
			r, n := utf8.DecodeRuneInString(folded[i:])
			if !isWord(r) {
				break
			}
			i += n
		}
		if i > start {
			all = append(all, folded[start:i])
			continue
		}
		all = append(all, string(folded[i]))
		_, n := utf8.DecodeRuneInString(folded[i:])
		i += n
	}
	short := func(s string) bool { return len(s) <= 3 && strings.Trim(s, "0123456789") == "" }
	for i := 0; i+6 < len(all); i++ {
		if a := all[i : i+7]; short(a[0]) && a[1] == "." && short(a[2]) && a[3] == "." && short(a[4]) && a[5] == "." && short(a[6]) {
			all = append(all, strings.Join(a, ""))
		}
	}
	return all
}

func meets(words []string, n Need) bool {
	switch n.Op { //nolint:exhaustive // nothing else is left
	case NeedWord:
		return slices.ContainsFunc(words, func(w string) bool {
			switch f := n.Word; {
			case f.Front && f.Back:
				return strings.Contains(w, f.Text)
			case f.Front:
				return strings.HasSuffix(w, f.Text)
			case f.Back:
				return strings.HasPrefix(w, f.Text)
			default:
				return w == f.Text
			}
		})
	case NeedAll:
		return !slices.ContainsFunc(n.Of, func(of Need) bool { return !meets(words, of) })
	case NeedAny:
		return slices.ContainsFunc(n.Of, func(of Need) bool { return meets(words, of) })
	default:
		return true
	}
}

var needTexts = []string{
	"Failed password for root from 10.0.0.5 port 22 ssh2", "accepted publickey", "10.0.0.50", "1.10.0.0.5", "x10.0.0.5", "passwd", "PASSWORD", "pass wd",
	"ошибка Größe GRÖSSE", "\u212aernel kernel Kernel", "ſshd sshd", "ΣΑΣ σας", "a_b axb a\u0301b", "bad\xffutf8", "\x00zero", "",
	"abcdef0123456789", "C:\\Windows\\system32\\cmd.exe", "user=root uid=0", "éfailed", "failed2", "ab ab abab",
}

var needPatterns = []Pattern{
	literal("failed password"), literal("10.0.0.5"), literal("0.0.5"), literal("1.10.0.0.5"), literal("ошибка"), literal("größe"), literal("password"),
	literal("cmd.exe"), literal("=root"), literal("\xffutf8"), literal("a\u0301b"), wildcard("pass*"), wildcard("*word"), wildcard("*ail*"), wildcard("f*d"),
	wildcard("a*b"), wildcard("10.0.0.*"), wildcard("*.0.0.5"), wildcard("*"), wildcard("с*"), wildcard("σ*"), literal("σας"),
}

func needExpressions(t *testing.T) []Pattern {
	t.Helper()
	var all []Pattern
	for _, x := range []string{
		`pass(wd|word)`, `(?:fail|accept)ed`, `[Ff]ailed\b`, `^failed`, `(root|\d+)$`, `10\.0\.0\.\d+`, `k+ernel`, `(ab){2}`, `(ab)+`, `(ab)*c?`, `x?ssh`,
		`gr.sse|größe`, `σ`, `[a-f0-9]{16}`, `\w+word`, `(?:s|x)shd`, `()|x`, `[^a]b`, `\bfailed`, `\x{212a}`, `ſ`, `(?i:K)ernel`, `a.b`, `pa(s){2}w`,
	} {
		for _, ignoreCase := range []bool{false, true} {
			p, err := expression(x, ignoreCase)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, p)
		}
	}
	return all
}

// Whatever a pattern matches has what the pattern is said to need.
func TestWhatMatchesMeetsTheNeed(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	texts := slices.Clone(needTexts)
	for range 3000 {
		a, b := needTexts[r.IntN(len(needTexts))], needTexts[r.IntN(len(needTexts))]
		texts = append(texts, a[r.IntN(len(a)+1):]+b[:r.IntN(len(b)+1)])
	}
	matched := 0
	for _, p := range append(needExpressions(t), needPatterns...) {
		need := p.Need()
		for _, text := range texts {
			if !p.In(text) && !p.Match(text) {
				continue
			}
			matched++
			if !meets(words(text), need) {
				t.Fatalf("%q matches %q, which lacks %+v", p.raw, text, need)
			}
		}
	}
	if matched < 1000 {
		t.Errorf("only %d matches", matched)
	}
}

func TestNeeds(t *testing.T) {
	re := func(x string) Pattern {
		p, err := expression(x, true)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, test := range []struct {
		p    Pattern
		want string
	}{
		{literal("Failed password"), "failed & password"},
		{wildcard("pass*"), "pass*"},
		{wildcard("*a.b*"), "*a & b*"},
		{literal("10.0.0.5"), "10 & 0 & 0 & 5 & 10.0.0.5"},
		{wildcard("10.0.0.*"), "10 & 0 & 0"},
		{literal("=>"), "?"},
		{re(`fail(ed|ure) x`), "*failed & x* | *failure & x*"},
		{re(`\d+ from`), "from*"},
		{re(`mimi.atz`), "*mimi* & *atz*"},
		{re(`(a|b.*)`), "?"},
		{re(`(aa|bb.*)`), "*aa* | *bb*"},
		{re(`x*`), "?"},
		{re(`disk`), "*di*"},
	} {
		if got := describe(test.p.Need()); got != test.want {
			t.Errorf("%s needs %s, want %s", test.p.raw, got, test.want)
		}
	}
}

func describe(n Need) string {
	var of []string
	for _, x := range n.Of {
		of = append(of, describe(x))
	}
	switch n.Op { //nolint:exhaustive // nothing else is left
	case NeedWord:
		text := n.Word.Text
		if n.Word.Front {
			text = "*" + text
		}
		if n.Word.Back {
			text += "*"
		}
		return text
	case NeedAll:
		return strings.Join(of, " & ")
	case NeedAny:
		return strings.Join(of, " | ")
	default:
		return "?"
	}
}

// What an expression that stays inside words matches, it matches in a word.
func TestInWord(t *testing.T) {
	inside := 0
	for _, p := range needExpressions(t) {
		x, ok := p.InWord()
		if !ok {
			continue
		}
		inside++
		in, err := expression(x, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range needTexts {
			if p.In(text) && !slices.ContainsFunc(words(text), in.In) {
				t.Errorf("%s matches %q, but no word of it", p.raw, text)
			}
		}
	}
	if inside < 6 {
		t.Errorf("only %d", inside)
	}
	for _, x := range []string{`a b`, `^a`, `a.b`, `x*`, `(?-i:a)`, `[^a]`, `\W`} {
		p, err := expression(x, false)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := p.InWord(); ok {
			t.Errorf("%s stays inside a word as %s", x, got)
		}
	}
}
