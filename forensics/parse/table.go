package parse

import (
	"bufio"
	"slices"
)

// About tells people of one parser; docs/parsers.md is made of it.
type About struct {
	Name      string `json:"name"`
	Formats   string `json:"formats"`             // which versions of the format
	Events    string `json:"events"`              // what becomes an event, and of which kind its time is
	Times     string `json:"times,omitempty"`     // precision, zone, year
	Reference string `json:"reference,omitempty"` // the specification, or the source that was read
	Oracle    string `json:"oracle,omitempty"`    // the program or the corpus that its counts were held against
	Differs   string `json:"differs,omitempty"`   // where others count otherwise, and why
}

// parser is one row of the table of formats.
type parser struct {
	name   string
	detect func(name string, head []byte) bool
	run    func(j *job, r *bufio.Reader) error
	binary bool // its bytes are no text: nothing is decoded for it
	bound  bool // its lines belong together: it may not be cut at one of them
	about  About
}

// parsers is the table of formats. Detection asks from the top, so the narrower
// format stands above the wider one.
func parsers() []parser {
	return slices.Concat(windowsParsers(), macParsers(), databaseParsers(), eseParsers(), rpmParsers(), liveParsers(), windowsStateParsers(), serviceParsers(), logParsers(), findingParsers())
}

// Catalogue tells of the parsers in the order in which detection asks them.
func Catalogue() []About {
	var out []About
	for _, p := range parsers() {
		p.about.Name = p.name
		out = append(out, p.about)
	}
	return out
}

// IsText says whether a parser reads lines of text, from the beginning to the end.
func IsText(name string) bool { return !isBinary(name) }

// isBinary says whether a parser reads bytes that are no text.
func isBinary(name string) bool {
	return slices.ContainsFunc(parsers(), func(p parser) bool { return p.name == name && p.binary })
}
