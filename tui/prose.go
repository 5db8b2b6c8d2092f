package tui

import (
	"strings"

	"firebreak/internal/lazyre"
)

var listMarker = lazyre.New(`^(?:\d{1,2}[.)]|[-*]) +`)

// prose wraps instructions for w cells. Lines that an author broke by hand are
// joined to paragraphs and list items again; lines that stand further in than
// the text around them, such as commands, stay as they are.
func prose(text string, w int) []line {
	const most = 32 << 10
	if len(text) > most {
		return wrap(usual, text, w) // says that it is cut
	}
	type block struct {
		text     string
		in, hang int // columns of the first and of the further lines
		verbatim bool
	}
	var blocks []block
	open := false // the last block may go on
	for raw := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		l := strings.TrimLeft(strings.ReplaceAll(raw, "\t", "    "), " ")
		in := len(strings.ReplaceAll(raw, "\t", "    ")) - len(l)
		l = strings.TrimRight(l, " \r")
		if l == "" {
			blocks, open = append(blocks, block{}), false
			continue
		}
		last := block{}
		if len(blocks) > 0 {
			last = blocks[len(blocks)-1]
		}
		marker := len(listMarker.FindString(l))
		switch {
		case marker > 0:
			blocks, open = append(blocks, block{l, in, in + marker, false}), true
		case open && !last.verbatim && in == last.hang:
			blocks[len(blocks)-1].text += " " + l
		case open && in > last.hang || last.verbatim && in >= last.in:
			blocks, open = append(blocks, block{l, in, in + 2, true}), true
		default:
			blocks, open = append(blocks, block{l, in, in, false}), true
		}
	}
	var out []line
	for _, b := range blocks {
		if b.text == "" {
			out = append(out, nil)
			continue
		}
		in, hang := min(b.in, w/3), min(b.hang, w/3)
		m := usual
		if b.verbatim {
			m = strong
		}
		rows := wrap(m, b.text, max(w-max(in, hang), 8))
		for i, r := range rows {
			n := hang
			if i == 0 {
				n = in
			}
			out = append(out, append(line{{usual, spaces(n)}}, r...))
		}
	}
	return out
}
