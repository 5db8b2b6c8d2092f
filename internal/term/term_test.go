package term_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"firebreak/internal/term"
)

// hostile is what evidence really carries when somebody expects it to be read
// in a terminal.
var hostile = []struct{ name, in, want string }{
	{"unterminated osc title", "login ok\x1b]0;owned", `login ok\x1b]0;owned`},
	{"osc 52 clipboard", "\x1b]52;c;ZXZpbA==\x07", `\x1b]52;c;ZXZpbA==\x07`},
	{"osc 8 link", "\x1b]8;;http://e\x1b\\x\x1b]8;;\x1b\\", `\x1b]8;;http://e\x1b\x\x1b]8;;\x1b\`},
	{"dcs", "\x1bP$q\"p\x1b\\", `\x1bP$q"p\x1b\`},
	{"alternate screen", "\x1b[?1049h\x1b[2J", `\x1b[?1049h\x1b[2J`},
	{"c1 csi as utf-8", "a\u009b31mb", `a\u009b31mb`},
	{"c1 csi as a byte", "a\x9b31mb", `a\x9b31mb`},
	{"overwrite", "FAILED\rok    \b\b", `FAILED\rok    \x08\x08`},
	{"bell and delete", "a\x07b\x7fc", `a\x07b\x7fc`},
	{"bidi override", "svch\u202etxt.exe", `svch\u202etxt.exe`},
	{"bidi isolate", "a\u2066b\u2069", `a\u2066b\u2069`},
	{"zero width", "pay\u200bpal\ufeff", `pay\u200bpal\ufeff`},
	{"tag characters", "x\U000e0041\U000e007f", `x\U000e0041\U000e007f`},
	{"separators", "a\u2028b\u2029c\u0085d", `a\u2028b\u2029c\u0085d`},
	{"not utf-8", "caf\xe9 \xff\xed\xa0\x80", `caf\xe9 \xff\xed\xa0\x80`},
	{"private use", "\ue0b0 \U000f0000", `\ue0b0 \U000f0000`},
	{"variation selector", "\u26a0\ufe0f", "\u26a0" + `\ufe0f`},
	{"joined emoji", "\U0001f468\u200d\U0001f469", "\U0001f468" + `\u200d` + "\U0001f469"},
	{"skin tone", "\U0001f44d\U0001f3fd", "\U0001f44d" + `\U0001f3fd`},
	{"hangul filler", "a\u3164b", `a\u3164b`},
	{"braille blank", "a\u2800b", `a\u2800b`},
	{"other spaces", "a\u00a0b\u3000c", `a\u00a0b\u3000c`},
	{"soft hyphen", "a\u00adb", `a\u00adb`},
	{"leading mark", "\u0301a", `\u0301a`},
	{"mark on an escape", "\x1b\u0301", `\x1b\u0301`},
	{"nul", "a\x00b", `a\x00b`},
	{"newline", "a\nb\r\nc", `a\nb\r\nc`},
	{"tab", "a\tb", "a    b"},
	{"backslash stays", `C:\Users\x1b`, `C:\Users\x1b`},
	{"words of the world", "Zoë 日本 ŵ́ пароль", "Zoë 日本 ŵ́ пароль"},
}

func TestSafe(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			if got := term.Safe(c.in); got != c.want {
				t.Errorf("Safe(%q)\n got %q\nwant %q", c.in, got, c.want)
			}
		})
	}
}

func TestTowerOfMarks(t *testing.T) {
	got := term.Safe("a" + strings.Repeat("\u0301", 6))
	if want := "a" + strings.Repeat("\u0301", 4) + `\u0301\u0301`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSafeLines(t *testing.T) {
	got := term.SafeLines("one\r\ntwo\x1b[2J\nthree\rfour\n")
	want := "one\ntwo" + `\x1b[2J` + "\nthree" + `\rfour` + "\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestExactCanBeReadBack(t *testing.T) {
	for _, c := range hostile {
		shown := term.Exact(c.in)
		if back := unescape(t, shown); back != c.in {
			t.Errorf("%s: %q shown as %q reads back as %q", c.name, c.in, shown, back)
		}
	}
}

func TestCutAndPad(t *testing.T) {
	for _, c := range []struct {
		in  string
		w   int
		cut string
		pad string
	}{
		{"abc", 5, "abc", "abc  "},
		{"abcdef", 5, "abcd~", "abcd~"},
		{"日本語", 5, "日本~", "日本~"},
		{"日本語", 4, "日~", "日~ "},
		{"日", 1, "~", "~"},
		{"abc", 0, "", ""},
		{"abc", -1, "", ""},
		{"", 2, "", "  "},
	} {
		if got := term.Cut(c.in, c.w); got != c.cut {
			t.Errorf("Cut(%q, %d) = %q, want %q", c.in, c.w, got, c.cut)
		}
		if got := term.Pad(c.in, c.w); got != c.pad {
			t.Errorf("Pad(%q, %d) = %q, want %q", c.in, c.w, got, c.pad)
		}
	}
	if got := term.PadLeft("42", 5); got != "   42" {
		t.Errorf("PadLeft = %q", got)
	}
}

func TestWrap(t *testing.T) {
	for _, line := range term.Wrap("a long sentence with averyveryverylongword and\na second line", 10) {
		if term.Width(line) > 10 {
			t.Errorf("line %q is wider than 10", line)
		}
	}
	for w := 1; w < 60; w++ {
		for _, line := range term.Wrap(`"$T" | curl -sS -K - -D - -o body.json https://api.github.com/user`, w) {
			if term.Width(line) > w {
				t.Errorf("line %q is wider than %d", line, w)
			}
		}
	}
	for _, c := range []struct {
		text string
		w    int
		want []string
	}{
		{"collect with --full --fast now", 15, []string{"collect with", "--full --fast", "now"}},
		{"a well-known host", 8, []string{"a", "well-kno", "wn host"}},
		{"  indented text goes on", 12, []string{"  indented", "text goes on"}},
		{"/a/very/long/path and more", 10, []string{"/a/very/lo", "ng/path", "and more"}},
		{"two  spaces   stay", 12, []string{"two  spaces", "stay"}},
		{"ends here      ", 10, []string{"ends here"}},
		{"a\n\nb", 5, []string{"a", "", "b"}},
		{"日本語 日本", 6, []string{"日本語", "日本"}},
		{"", 5, []string{""}},
		{"          ", 4, []string{""}},
	} {
		if got := term.Wrap(c.text, c.w); !slices.Equal(got, c.want) {
			t.Errorf("Wrap(%q, %d) = %q, want %q", c.text, c.w, got, c.want)
		}
	}
	if got := term.Wrap("x", 0); got != nil {
		t.Errorf("Wrap to nothing = %q", got)
	}
}

func FuzzSafe(f *testing.F) {
	for _, c := range hostile {
		f.Add(c.in, 7)
	}
	f.Fuzz(func(t *testing.T, s string, w int) {
		safe := term.Safe(s)
		checkQuiet(t, safe, "")
		if again := term.Safe(safe); again != safe {
			t.Fatalf("not idempotent: %q then %q", safe, again)
		}
		lines := term.SafeLines(s)
		checkQuiet(t, lines, "\n")
		if again := term.SafeLines(lines); again != lines {
			t.Fatalf("lines not idempotent: %q then %q", lines, again)
		}
		exact := term.Exact(s)
		checkQuiet(t, exact, "")
		if back := unescape(t, exact); back != s {
			t.Fatalf("%q shown as %q reads back as %q", s, exact, back)
		}
		w %= 200
		for _, line := range term.Wrap(lines, w) {
			if term.Width(line) > max(w, 2) { // a wide character takes two
				t.Fatalf("Wrap(%q, %d) has the line %q", lines, w, line)
			}
		}
		if got := term.Width(term.Cut(safe, w)); got > max(w, 0) {
			t.Fatalf("Cut(%q, %d) is %d wide", safe, w, got)
		}
		if got := term.Width(term.Pad(safe, w)); got != max(w, 0) {
			t.Fatalf("Pad(%q, %d) is %d wide", safe, w, got)
		}
	})
}

// checkQuiet fails when s holds a character that a terminal would act on or
// that nobody could see.
func checkQuiet(t *testing.T, s, but string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Fatalf("%q is not UTF-8", s)
	}
	for _, r := range s {
		if strings.ContainsRune(but, r) {
			continue
		}
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp, unicode.Variation_Selector) ||
			(r >= 0x200b && r <= 0x200f) || (r >= 0x2060 && r <= 0x206f) || (r >= 0xe0000 && r <= 0xe007f) {
			t.Fatalf("%q holds %U", s, r)
		}
	}
}

// unescape reads Exact's output back.
func unescape(t *testing.T, s string) string {
	t.Helper()
	var out []byte
	for len(s) > 0 {
		if s[0] != '\\' {
			out, s = append(out, s[0]), s[1:]
			continue
		}
		digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[1]]
		switch s[1] {
		case '\\':
			out = append(out, '\\')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		default:
			v, err := strconv.ParseUint(s[2:2+digits], 16, 32)
			if err != nil {
				t.Fatalf("read %q: %v", s, err)
			}
			if s[1] == 'x' {
				out = append(out, byte(v))
			} else {
				out = utf8.AppendRune(out, rune(v))
			}
		}
		s = s[2+digits:]
	}
	return string(out)
}

func TestJSON(t *testing.T) {
	for _, text := range []string{
		"plain", "zwölf Boxkämpfer", "\x1b[2J\u009b31m\x7f\u202e\u2066", "\U000e0041tag", "a\nb\tc\u2028", "\xff\xfe", "日本語 👍",
	} {
		encoded, err := json.Marshal(map[string]string{"text": text})
		if err != nil {
			t.Fatal(err)
		}
		safe := term.JSON(string(encoded) + "\n")
		if line := strings.TrimSuffix(safe, "\n"); term.Safe(line) != line || line == safe {
			t.Errorf("%q is not safe to print", safe)
		}
		var before, after map[string]string
		if err := errors.Join(json.Unmarshal(encoded, &before), json.Unmarshal([]byte(safe), &after)); err != nil {
			t.Fatal(err)
		}
		if before["text"] != after["text"] {
			t.Errorf("%q became %q", before["text"], after["text"])
		}
	}
}
