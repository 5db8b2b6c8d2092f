package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"firebreak/forensics/parse"
	"firebreak/record"
	"firebreak/timeline"
)

// The page of the parsers is written by people, but for two tables: what the
// parsers say of themselves, and what they count in the public corpus.
const (
	parsersPage  = "docs/parsers.md"
	parsersBegin = "<!-- of the parsers themselves: make docs -->\n"
	parsersEnd   = "<!-- end of the parsers -->\n"
	countsBegin  = "<!-- counted in the corpus: FIREBREAK_CORPUS=… make docs -->\n"
	countsEnd    = "<!-- end of the counts -->\n"
)

// parsers writes the tables anew; that of the counts only where the corpus is.
func parsers(page []byte, corpus string) ([]byte, error) {
	page, err := between(page, parsersBegin, parsersEnd, catalogue())
	if err != nil || corpus == "" {
		return page, err
	}
	rows, err := counts(corpus)
	if err != nil {
		return nil, err
	}
	return between(page, countsBegin, countsEnd, rows)
}

// between replaces what stands between two marks.
func between(page []byte, begin, end, text string) ([]byte, error) {
	head, rest, ok := bytes.Cut(page, []byte(begin))
	_, tail, ok2 := bytes.Cut(rest, []byte(end))
	if !ok || !ok2 {
		return nil, fmt.Errorf("%s: the marks %q and %q are not there", parsersPage, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return bytes.Join([][]byte{head, []byte(begin), []byte(text), []byte(end), tail}, nil), nil
}

// catalogue is the table of parsers, in the order in which detection asks them.
// Neighbours that say the same share a row.
func catalogue() string {
	var b strings.Builder
	b.WriteString("| parser | formats | events and kinds of time | times | reference | held against | differs |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	list := parse.Catalogue()
	for i := 0; i < len(list); {
		names := []string{"`" + list[i].Name + "`"}
		rest := list[i]
		rest.Name = ""
		next := i + 1
		for ; next < len(list); next++ {
			other := list[next]
			names = append(names, "`"+other.Name+"`")
			if other.Name = ""; other != rest {
				names = names[:len(names)-1]
				break
			}
		}
		fmt.Fprintf(&b, "| %s |", strings.Join(names, ", "))
		for _, text := range []string{rest.Formats, rest.Events, rest.Times, rest.Reference, cmp.Or(rest.Oracle, ownSamples), rest.Differs} {
			fmt.Fprintf(&b, " %s |", cell(text))
		}
		b.WriteByte('\n')
		i = next
	}
	return b.String()
}

// ownSamples stands where nobody else's count was at hand; the page says what it means.
const ownSamples = "own samples"

// cell is a text in a table: a bar that is not in code would end it.
func cell(text string) string {
	if text == "" {
		return "—"
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, "\n", " "), "|", "\\|")
}

// counts is the table of what was read of the public corpus.
func counts(corpus string) (string, error) {
	var b strings.Builder
	b.WriteString("| file | others count | parser | events | rejected | recovered | why |\n| --- | ---: | --- | ---: | ---: | ---: | --- |\n")
	for _, set := range countedSets() {
		table, err := os.ReadFile(filepath.Join(corpus, set, "expected.tsv"))
		if err != nil {
			return "", fmt.Errorf("read the corpus: %w", err)
		}
		for row := range strings.Lines(string(table)) {
			f := strings.Split(strings.TrimRight(row, "\r\n"), "\t")
			want, ok := expected(set, f)
			if !ok {
				continue // the heading
			}
			if err := countRow(&b, corpus, set, f[0], want); err != nil {
				return "", err
			}
		}
	}
	return b.String(), nil
}

// countedSets are the folders of the corpus that say how much is in their files.
func countedSets() []string { return []string{"plaso", "evtx", "cloudtrail"} }

// expected is what others count: events of plaso, records by the chunks' headers,
// Records of CloudTrail.
func expected(set string, f []string) (int64, bool) {
	column := len(f) - 1
	if set == "evtx" {
		column = 1
	}
	n, err := strconv.ParseInt(f[column], 10, 64)
	return n, err == nil
}

func countRow(b *strings.Builder, corpus, set, name string, want int64) error {
	path := filepath.Join(corpus, set, filepath.FromSlash(name))
	info, err := os.Stat(path)
	switch {
	case os.IsNotExist(err):
		fmt.Fprintf(b, "| `%s` | %d | — | — | — | — | the corpus names it and does not have it: not counted |\n", set+"/"+name, want)
		return nil
	case err == nil && info.IsDir():
		return fmt.Errorf("count %s: it is a folder", name)
	case err != nil:
		return err
	}
	in, err := countFile(path, name)
	if err != nil {
		return err
	}
	why := reason(set+"/"+name, want, in)
	if strings.HasPrefix(why, "an archive") || strings.HasPrefix(why, "an image") { // ingest keeps it as it is
		in = record.Ingestion{Parser: "—"}
	}
	fmt.Fprintf(b, "| `%s` | %d | %s | %d | %d | %d | %s |\n", set+"/"+name, want, in.Parser, in.Events, in.Rejected, in.Recovered, why)
	return nil
}

// reason is why a count differs. One that nobody explained says so: it is a fault.
func reason(name string, want int64, in record.Ingestion) string {
	if why := whys[name]; why != "" {
		return cell(why)
	}
	switch {
	case in.Events+in.Recovered == want:
		return ""
	case in.Events == want && in.Recovered > 0:
		return "those recovered come on top: others do not look there"
	case in.Parser == "text":
		return "no parser: kept as evidence"
	}
	return "**not explained**"
}

func countFile(path, name string) (record.Ingestion, error) {
	f, err := os.Open(path)
	if err != nil {
		return record.Ingestion{}, err
	}
	defer f.Close() //nolint:errcheck // read only
	src := parse.Source{
		Exhibit:   record.Exhibit{ID: "e1", Source: "/corpus/" + name, SHA256: strings.Repeat("0", 64)},
		Collected: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC),
	}
	in, err := parse.File(context.Background(), f, src, func([]timeline.Event) error { return nil })
	if err != nil {
		return in, fmt.Errorf("count %s: %w", name, err)
	}
	return in, nil
}
