package metrics

import (
	"fmt"
	"strings"
)

// The marks between which the page about the metrics has their definitions.
const (
	referenceBegin = "<!-- made of the table in review/metrics: make docs -->"
	referenceEnd   = "<!-- end -->"
)

// Reference puts the definitions into a page, between their marks. ok is false
// where it has none.
func Reference(page string) (out string, ok bool) {
	before, rest, found := strings.Cut(page, referenceBegin)
	_, after, ends := strings.Cut(rest, referenceEnd)
	if !found || !ends {
		return "", false
	}
	return before + referenceBegin + "\n\n" + definitions() + "\n" + referenceEnd + after, true
}

func definitions() string {
	var b strings.Builder
	b.WriteString("| metric | what | one value for each | from | to | besides |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, d := range table {
		from, to := d.From, d.To
		if from == "" {
			from, to = "counted: "+d.Unit, ""
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", d.Key, d.Title, d.Per, from, to, d.Meaning)
	}
	b.WriteString("\n" + Method + "\n\n| tally | what | words |\n| --- | --- | --- |\n")
	for _, d := range tallies {
		var words []string
		for _, w := range d.words {
			if w.means != "" {
				w.word += " (" + w.means + ")"
			}
			words = append(words, w.word)
		}
		fmt.Fprintf(&b, "| `%s` | %s: %s | %s |\n", d.Key, d.Title, d.Meaning, strings.Join(words, "; "))
	}
	return b.String()
}
