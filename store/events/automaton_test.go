package events

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"firebreak/timeline"
)

// The automaton finds whatever the expression matches.
func TestAutomatonMissesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	alphabet := []string{"a", "b", "c", "K", "k", "\u212a", "é", "ош", " ", "\n", "\x00", "\xff", "1", "2", "fail", "FAIL", "ed"}
	found, matched := 0, 0
	for _, x := range []string{
		`a+b`, `(?i)k`, `[^a]b`, `.é.`, `fail(ed)?$`, `^a`, `\bfail\b`, `(?s)a.b`, `\d{2,3}`, `(?i)FAIL[^e]`, `ош|c`, `[а-я]+1`, `\x{212a}`, `(a|b)*c`, `$^`, `\pL2`, `[\x{fffd}]a`, `a{3}`,
		`(?:a?){9}a{9}`,
	} {
		re, a := regexp.MustCompile(x), newAutomaton(x)
		if a == nil {
			t.Fatalf("%s is too large", x)
		}
		run := a.runner()
		for range 3000 {
			var b strings.Builder
			for range r.IntN(12) {
				b.WriteString(alphabet[r.IntN(len(alphabet))])
			}
			text := b.String()
			at := run.find([]byte(text))
			if at >= 0 {
				found++
			}
			if re.MatchString(text) && text != "" {
				if matched++; at < 0 {
					t.Fatalf("%s matches %q and is not found", x, text)
				}
				// The first match ends no earlier than where it is found.
				if loc := re.FindStringIndex(text); loc[1] > loc[0] && at >= loc[1] {
					t.Fatalf("%s in %q: found at %d, matched to %d", x, text, at, loc[1])
				}
			}
		}
		run.done()
	}
	if matched < 5000 || found > 3*matched {
		t.Errorf("%d found, %d matched", found, matched)
	}
	if newAutomaton(`(?:a{100}){10}`) != nil {
		t.Error("an automaton of a thousand instructions")
	}
}

// An automaton whose states are too many forgets them and goes on.
func TestAutomatonForgets(t *testing.T) {
	a := newAutomaton(`a[ab]{12}c`)
	run := a.runner()
	defer run.done()
	r := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		text := make([]byte, 2000)
		for i := range text {
			text[i] = "ab"[r.IntN(2)]
		}
		if at := run.find(text); at >= 0 {
			t.Fatalf("found at %d", at)
		}
		text[1500] = 'c'
		text[1487] = 'a'
		if at := run.find(text); at != 1500 {
			t.Fatalf("found at %d", at)
		}
	}
	if len(run.sets) > mostStates {
		t.Errorf("%d states", len(run.sets))
	}
}

func TestAppendLower(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 2000 {
		text := make([]byte, r.IntN(40))
		for i := range text {
			text[i] = byte(r.IntN(256))
			if r.IntN(2) == 0 {
				text[i] = "@AZ[`az{MmÀ"[r.IntN(12)]
			}
		}
		want := []byte("x")
		for _, c := range text {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			want = append(want, c)
		}
		if got := appendLower([]byte("x"), text); string(got) != string(want) {
			t.Fatalf("%q in lower case is %q", text, got)
		}
	}
}

func TestBitmap(t *testing.T) {
	for _, test := range [][2]int{{0, 0}, {0, 1}, {0, 64}, {63, 65}, {0, 1024}, {5, 900}, {1023, 1024}} {
		var b bitmap
		b.fill(test[0], test[1])
		n := 0
		for i := b.next(0); i >= 0; i = b.next(i + 1) {
			if i != test[0]+n {
				t.Fatalf("%v: row %d", test, i)
			}
			n++
		}
		if n != test[1]-test[0] || n != b.count() || b.empty() != (n == 0) {
			t.Errorf("%v has %d rows, counts %d", test, n, b.count())
		}
		if n > 0 && (b.first() != test[0] || b.last() != test[1]-1) {
			t.Errorf("%v is from %d to %d", test, b.first(), b.last())
		}
	}
}

// Each fragment is found in the words that have it, and in no others.
func TestFragmentSearch(t *testing.T) {
	words := []string{"he", "she", "his", "hers", "ushers", "10.0.0.5", "ошибка", "x", "shed"}
	texts := []byte(strings.Join(words, "\x00") + "\x00")
	var fragments []timeline.Fragment
	for _, text := range []string{"he", "she", "hers", "ers", "шиб", "10.0.0.5", "us", "x", "none"} {
		for _, open := range [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
			fragments = append(fragments, timeline.Fragment{Text: text, Front: open[0], Back: open[1]})
		}
	}
	s := newFragmentSearch(fragments)
	got := make(map[timeline.Fragment]uint64)
	err := s.eachToken(texts, func(f timeline.Fragment, at int) error {
		n := strings.Count(string(texts[:at]), "\x00")
		got[f] |= 1 << n
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	front := map[bool]string{false: " "}
	for _, f := range fragments {
		want := uint64(0)
		for i, w := range words {
			if strings.Contains(" "+w+" ", front[f.Front]+f.Text+front[f.Back]) {
				want |= 1 << i
			}
		}
		if got[f] != want {
			t.Errorf("%+v is in %b, want %b", f, got[f], want)
		}
	}
}
