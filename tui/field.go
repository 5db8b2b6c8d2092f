package tui

import (
	"slices"
	"strings"
	"unicode"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/internal/term"
)

// field is a text being typed. It holds what was typed as it was typed; how it
// looks is decided when it is drawn.
type field struct {
	text []rune
	at   int
}

func newField(text string) field {
	r := []rune(text)
	return field{r, len(r)}
}

func (f *field) String() string { return string(f.text) }

// key edits the text and reports whether the key belonged to it.
func (f *field) key(k tea.KeyMsg) bool {
	const most = 16 << 10
	switch k.Type { //nolint:exhaustive // every other key belongs to somebody else
	case tea.KeyRunes, tea.KeySpace:
		if k.Alt || len(f.text)+len(k.Runes) > most {
			return !k.Alt
		}
		f.insert(k.Runes)
	case tea.KeyCtrlJ:
		f.insert([]rune{'\n'})
	case tea.KeyBackspace:
		if f.at > 0 {
			f.at--
			f.text = slices.Delete(f.text, f.at, f.at+1)
		}
	case tea.KeyDelete:
		if f.at < len(f.text) {
			f.text = slices.Delete(f.text, f.at, f.at+1)
		}
	case tea.KeyLeft:
		f.at = max(f.at-1, 0)
	case tea.KeyRight:
		f.at = min(f.at+1, len(f.text))
	case tea.KeyHome, tea.KeyCtrlE:
		f.at = 0
		if k.Type == tea.KeyCtrlE {
			f.at = len(f.text)
		}
	case tea.KeyEnd:
		f.at = len(f.text)
	case tea.KeyCtrlU:
		f.text, f.at = slices.Delete(f.text, 0, f.at), 0
	case tea.KeyCtrlW:
		from := f.at
		for from > 0 && unicode.IsSpace(f.text[from-1]) {
			from--
		}
		for from > 0 && !unicode.IsSpace(f.text[from-1]) {
			from--
		}
		f.text, f.at = slices.Delete(f.text, from, f.at), from
	default:
		return false
	}
	return true
}

// insert puts runes at the cursor; the line ends of a paste become newlines.
func (f *field) insert(rs []rune) {
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(rs))
	add := []rune(text)
	f.text = slices.Insert(f.text, f.at, add...)
	f.at += len(add)
}

// lines draws the text behind a prompt in w cells, the cursor as "_" in front
// of the character it stands at, when it has the focus.
func (f *field) lines(prompt string, w int, focus bool) []line {
	text := string(f.text)
	m := usual
	if focus {
		text = string(f.text[:f.at]) + "_" + string(f.text[f.at:])
		m = strong
	}
	n := term.Width(prompt)
	var out []line
	for i, l := range term.Wrap(term.SafeLines(text), max(w-n, 4)) {
		if i > 0 {
			prompt = strings.Repeat(" ", n)
		}
		out = append(out, line{{hotkey, prompt}, {m, l}})
	}
	return out
}

// one draws the text on a single line, the part around the cursor when it is
// longer than w.
func (f *field) one(prompt string, w int, focus bool) line {
	from := f.seen(w - term.Width(prompt))
	text := string(f.text[from:f.at])
	if focus {
		text += "_"
	}
	return line{{hotkey, prompt}, {strong, text + string(f.text[f.at:])}}
}

// seen is the first character that one draws in w cells behind the prompt.
func (f *field) seen(w int) int {
	n, from := max(w-1, 4), f.at
	for from > 0 && term.Width(term.Safe(string(f.text[from-1:f.at]))) < n {
		from--
	}
	return from
}
