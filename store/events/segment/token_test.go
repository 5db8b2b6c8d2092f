package segment

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"firebreak/timeline"
)

// naiveTokens is what Tokens yields, written another way.
func naiveTokens(s string) []string {
	var out []string
	type piece struct {
		start, end int
		number     bool
	}
	var pieces []piece
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if !isWord(r) {
			i += n
			continue
		}
		start := i
		for i < len(s) {
			if r, n = utf8.DecodeRuneInString(s[i:]); !isWord(r) {
				break
			}
			i += n
		}
		out = append(out, string(appendFolded(nil, []byte(s[start:i]))))
		pieces = append(pieces, piece{start, i, i-start <= 3 && strings.Trim(s[start:i], "0123456789") == ""})
		if n := len(pieces); n >= 4 {
			run := true
			for j := n - 4; j < n; j++ {
				run = run && pieces[j].number && (j == n-4 || pieces[j].start == pieces[j-1].end+1 && s[pieces[j-1].end] == '.')
			}
			if run {
				out = append(out, s[pieces[n-4].start:i])
			}
		}
	}
	return out
}

func tokensOf(s string) []string {
	var out []string
	Tokens(s, func(token string) { out = append(out, token) })
	return out
}

func TestTokens(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "",
		"Failed password":          "failed password",
		"sshd[4711]: a_b-c":        "sshd 4711 a_b c",
		"10.0.0.5":                 "10 0 5 10.0.0.5",
		"v1.2.3.4.5":               "v1 2 3 4 5 2.3.4.5",
		"1.2.3.4.5":                "1 2 3 4 1.2.3.4 5 2.3.4.5",
		"1.2.3.4567":               "1 2 3 4567",
		"1..2.3.4":                 "1 2 3 4",
		"Größe ОШИБКА \u212aernel": "größe ошибка \u212aernel",
		"x\u212a":                  "x\u212a",
	} {
		if got := strings.Join(tokensOf(text), " "); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if Tokens("a\xff", func(string) {}) {
		t.Error("bytes that are no text have tokens")
	}
}

// Folding makes no letter of what is none, nor the other way round.
func TestFoldingKeepsWords(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		folded := appendFolded(nil, []byte(string(r)))
		if low, n := utf8.DecodeRune(folded); n != len(folded) || isWord(low) != isWord(r) {
			t.Fatalf("%U folds to %U", r, low)
		}
	}
}

// A literal that a filter finds in a text has only tokens of the text.
func FuzzLiteralsHaveTokensOfTheText(f *testing.F) {
	for i, s := range someTexts {
		f.Add(s, i%3, 5)
		f.Add(s+" "+s+".1", i, i+4)
	}
	f.Fuzz(func(t *testing.T, text string, from, to int) {
		tokens := tokensOf(text)
		want := naiveTokens(text)
		slices.Sort(want)
		if got := slices.Sorted(slices.Values(tokens)); utf8.ValidString(text) && !slices.Equal(got, slices.Compact(want)) {
			t.Fatalf("%q: %q, want %q", text, got, want)
		}
		if from < 0 || to > len(text) || from >= to {
			return
		}
		literal := text[from:to]
		if strings.ContainsAny(literal, `"\`) || !utf8.ValidString(literal) {
			return
		}
		filter, err := timeline.ParseFilter(`"`+literal+`"`, day)
		if err != nil || !filter.Match(timeline.Event{Message: text}) {
			return
		}
		Tokens(literal, func(token string) {
			if regexp.MustCompile(`^\s*$`).MatchString(literal) {
				return
			}
			if !slices.Contains(naiveTokens(text), token) {
				t.Fatalf("%q stands in %q, its token %q does not", literal, text, token)
			}
		})
	})
}
