package cmd

import (
	"strings"

	xterm "golang.org/x/term"

	"firebreak/internal/term"
)

// columns is the width of the terminal that the output goes to; 0 is no terminal.
func (p *program) columns() int {
	f, ok := p.Out.(interface{ Fd() uintptr })
	if !ok {
		return 0
	}
	if w, _, err := xterm.GetSize(int(f.Fd())); err == nil && w > 0 {
		return w
	}
	return 0
}

// wrap is a line of text behind a first column; on a terminal long text goes on
// below, between words, indented by so many spaces. Elsewhere it stays one line,
// for grep. Both are safe text.
func (p *program) wrap(first, text string, indent int) string {
	w := p.columns()
	const least = 20
	if w-indent < least {
		return first + text + "\n"
	}
	text = p.env.Sink.Text(text) // a secret must not be broken before it is masked
	gap := max(0, term.Width(first)-indent)
	lines := term.Wrap(strings.Repeat(" ", gap)+text, w-indent) // the first one has its column in front
	lines[0] = first + strings.TrimPrefix(lines[0], strings.Repeat(" ", gap))
	return strings.Join(lines, "\n"+strings.Repeat(" ", indent)) + "\n"
}
