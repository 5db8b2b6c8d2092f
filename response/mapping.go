package response

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"firebreak/forensics/parse"
	"firebreak/record"
)

// ReadMapping reads a mapping file. What is wrong with it is told line by line.
func ReadMapping(path string) (*parse.Mapping, error) {
	return readMapping(path, parse.MaxMapping, "docs/formats.md", parse.NewMapping)
}

// readMapping reads a file of at most that many bytes, whose kind a page describes.
func readMapping[M any](path string, most int64, page string, read func(name string, text []byte) (M, error)) (m M, err error) {
	f, err := os.Open(path)
	if err != nil {
		return m, fmt.Errorf("read mapping: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return m, fmt.Errorf("read mapping %s: %w", path, err)
	}
	if m, err = read(filepath.Base(path), text); err != nil {
		return m, usage(page+" describes mapping files", "%w", err)
	}
	return m, nil
}

// parser is the one that is asked for, "" where it is to be found out.
func (o IngestOptions) parser() (string, error) {
	switch {
	case o.Mapping != nil && o.Parser != "" && o.Parser != o.Mapping.Parser():
		return "", usage("leave the parser out: the mapping names its format", "parser %q does not read by a mapping for %s", o.Parser, o.Mapping.Parser())
	case o.Mapping != nil:
		return o.Mapping.Parser(), nil
	case o.Parser != "" && !slices.Contains(parse.Names(), o.Parser):
		return "", usage("there are: "+strings.Join(parse.Names(), ", "), "parser %q: there is none of that name", o.Parser)
	case strings.HasPrefix(o.Parser, "mapped."):
		return "", usage("--mapping FILE says what the members or columns mean", "parser %q reads by a mapping", o.Parser)
	}
	return o.Parser, nil
}

// sameMapping reports whether two exhibits are read the same way.
func sameMapping(a, b *record.Mapping) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.SHA256 == b.SHA256
}
