package playbooks

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// comment is one comment of a file, from its # to the end of the line.
type comment struct {
	text  string
	line  int  // from 1
	col   int  // from 1, in characters
	own   bool // nothing but hyphens stands before it
	blank bool // a blank line stands before it
}

func commentTexts(in []comment) []string {
	out := make([]string, len(in))
	for i, c := range in {
		out[i] = c.text
	}
	slices.Sort(out)
	return out
}

// commentsOf finds the comments of a file. What is between quotes or in a block
// of text is none; the tree says where those are.
func commentsOf(root *yaml.Node, src source) []comment {
	texts := map[int][][2]int{} // by line: stretches of characters that belong to a text
	hidden := func(line, from, to int) { texts[line] = append(texts[line], [2]int{from, to}) }
	walkScalars(root, func(n *yaml.Node) {
		switch {
		case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
			for line := n.Line + 1; line <= blockEnd(n, src); line++ {
				hidden(line, 0, 1<<30)
			}
		case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
			line, col := quoteEnd(n, src)
			for l := n.Line; l <= line; l++ {
				from, to := 0, 1<<30
				if l == n.Line {
					from = n.Column - 1
				}
				if l == line {
					to = col
				}
				hidden(l, from, to)
			}
		}
	})
	var out []comment
	for i, text := range src.lines {
		runes := []rune(text)
		for c := 0; c < len(runes); c++ {
			if runes[c] != '#' || c > 0 && runes[c-1] != ' ' && runes[c-1] != '\t' || inside(texts[i+1], c) {
				continue
			}
			out = append(out, comment{
				text: strings.TrimRight(string(runes[c:]), " \t\r"), line: i + 1, col: c + 1,
				own: strings.Trim(string(runes[:c]), " \t-\ufeff") == "", blank: i > 0 && strings.TrimSpace(src.lines[i-1]) == "",
			})
			break
		}
	}
	return out
}

func inside(stretches [][2]int, c int) bool {
	return slices.ContainsFunc(stretches, func(s [2]int) bool { return c >= s[0] && c < s[1] })
}

func walkScalars(n *yaml.Node, f func(*yaml.Node)) {
	if n.Kind == yaml.ScalarNode {
		f(n)
	}
	for _, c := range n.Content {
		walkScalars(c, f)
	}
}

// blockEnd is the last line of a block of text: all its lines are blank or
// indented at least as far as its first one.
func blockEnd(n *yaml.Node, src source) int {
	end := n.Line
	least := 0
	header := ""
	if n.Line <= len(src.lines) {
		if runes := []rune(src.lines[n.Line-1]); n.Column <= len(runes) {
			header = string(runes[n.Column-1:])
		}
	}
	if i := strings.IndexAny(header, "123456789"); i >= 0 && i <= 2 {
		least = -1 // said by the header: found from the value
	}
	if strings.TrimRight(n.Value, "\n") == "" {
		return end + strings.Count(n.Value, "\n")
	}
	first, _, _ := strings.Cut(strings.TrimLeft(n.Value, "\n"), "\n")
	lead := len(first) - len(strings.TrimLeft(first, " "))
	for line := n.Line + 1; line <= len(src.lines); line++ {
		text := src.lines[line-1]
		body := strings.TrimLeft(text, " ")
		if strings.TrimRight(body, "\r") == "" {
			continue
		}
		indent := len(text) - len(body)
		if end == n.Line {
			if least == -1 {
				least = indent - lead
			} else {
				least = indent
			}
		}
		if indent < least {
			break
		}
		end = line
	}
	return end
}

// quoteEnd is the place behind the closing quote: its line, and the characters
// before it there.
func quoteEnd(n *yaml.Node, src source) (line, col int) {
	double := n.Style&yaml.DoubleQuotedStyle != 0
	quote := '\''
	if double {
		quote = '"'
	}
	for line, col = n.Line, n.Column; line <= len(src.lines); line, col = line+1, 0 {
		runes := []rune(src.lines[line-1])
		for ; col < len(runes); col++ {
			switch {
			case double && runes[col] == '\\':
				col++
			case runes[col] != quote:
			case !double && col+1 < len(runes) && runes[col+1] == quote:
				col++
			default:
				return line, col + 1
			}
		}
	}
	return line, 0
}
