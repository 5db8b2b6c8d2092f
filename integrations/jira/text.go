package jira

import (
	"slices"
	"strings"
	"unicode"

	"firebreak/integrations"
)

// maxText is what Jira takes in one field.
const maxText = 32_767

// document is a text in Atlassian's document format: paragraphs of plain text.
type document struct {
	Type    string  `json:"type"`
	Version int     `json:"version,omitempty"`
	Content []block `json:"content"`
}

type block struct {
	Type    string  `json:"type"`
	Text    string  `json:"text,omitempty"`
	Content []block `json:"content,omitempty"`
}

// body is a text as the connection's API takes it.
func (d *desk) body(text string) any {
	text = printable(text)
	if d.api == "2" {
		return literal(text)
	}
	doc := document{Type: "doc", Version: 1, Content: []block{}}
	for p := range strings.SplitSeq(text, "\n\n") {
		para := block{Type: "paragraph"}
		for i, line := range strings.Split(p, "\n") {
			if i > 0 {
				para.Content = append(para.Content, block{Type: "hardBreak"})
			}
			if line != "" { // an empty text is no node
				para.Content = append(para.Content, block{Type: "text", Text: line})
			}
		}
		doc.Content = append(doc.Content, para)
	}
	return doc
}

// literal takes from a text what wiki markup would obey: macros, links, pictures
// (which every reader would fetch), mentions, tables, lists.
func literal(text string) string {
	var b strings.Builder
	for _, r := range text {
		if strings.ContainsRune(`\{}[]!|^~*_+-?#`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func printable(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\r\n", "\n"), "\uFFFD")
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

// compose is a text with the record's head below it; the key is elsewhere.
func compose(text string, c integrations.Call) string {
	c.Key = ""
	return integrations.Text(text, c)
}

func sorted(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
