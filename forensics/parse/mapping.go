package parse

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/record"
	"firebreak/timeline"
)

// Limits of a mapping file.
const (
	MaxMapping     = 64 << 10 // bytes
	mappingDepth   = 4
	mappingEntries = 256  // of a list
	mappingText    = 4096 // bytes of a template
)

// Mapping says what the members of JSON records, or the columns of CSV, mean:
// which is the time, what the message is made of. docs/formats.md describes the
// file.
type Mapping struct {
	Name   string // of the file
	Text   string
	SHA256 string

	format  string // jsonl, json or csv
	records []string
	comma   byte
	columns []string
	comment string
	none    []string

	from    template
	epoch   timeline.Precision
	layouts []string
	zone    *time.Location

	kind, message, host, user, source, technique template

	rename map[string]string
	drop   map[string]bool
}

// Parser is the name of the parser that reads such files.
func (m *Mapping) Parser() string { return "mapped." + m.format }

// MappingErrors is what is wrong with a mapping file, each with its place.
type MappingErrors []MappingError

// MappingError is one of them.
type MappingError struct {
	File         string
	Line, Column int
	Text         string
}

// Error is as in "map.yaml:3:5: …".
func (e MappingError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Text)
}

// Error is a line for each.
func (e MappingErrors) Error() string {
	lines := make([]string, len(e))
	for i := range e {
		lines[i] = e[i].Error()
	}
	return strings.Join(lines, "\n")
}

// NewMapping reads a mapping file. The error is MappingErrors.
func NewMapping(name string, text []byte) (*Mapping, error) {
	d := &mappingReader{file: name, m: &Mapping{Name: name, Text: string(text), comma: ','}}
	sum := sha256.Sum256(text)
	d.m.SHA256 = hex.EncodeToString(sum[:])
	d.read(text)
	if len(d.errs) > 0 {
		slices.SortStableFunc(d.errs, func(a, b MappingError) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		})
		return nil, d.errs
	}
	return d.m, nil
}

// Record is the mapping as the record keeps it.
func (m *Mapping) Record() *record.Mapping {
	return &record.Mapping{Name: m.Name, SHA256: m.SHA256, Text: m.Text}
}
