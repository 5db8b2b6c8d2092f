package review

import "firebreak/internal/markdown"

// prose writes one line of foreign text into Markdown.
func prose(s string) string { return markdown.Prose(s, markdown.Place{}) }

// cell is prose inside a table.
func cell(s string) string { return markdown.Prose(s, markdown.Place{Cell: true}) }

// code writes one line of foreign text as code, whatever it is.
func code(s string) string {
	return first(markdown.Code(s, markdown.Place{Cell: true}), markdown.Code(withheld, markdown.Place{}))
}
