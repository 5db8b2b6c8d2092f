package cmd_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"firebreak/internal/testkit"
)

// examples are the indented blocks of a page whose lines begin with one of the
// words; a line that does not goes on with the one above it, and "with" goes on to
// the end of its block.
func examples(t *testing.T, page string, begins ...string) (found []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testkit.Root(t), "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	above := ""
	for line := range strings.Lines(string(text)) {
		code, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "    ")
		first, _, _ := strings.Cut(code, " ")
		switch {
		case !ok:
			above = ""
		case above != "" && (above == "with" || !slices.Contains(begins, first)):
			found[len(found)-1] += "\n" + code
		case slices.Contains(begins, first):
			found = append(found, code)
			if above = first; first == "firebreak" {
				above = ""
			}
		}
	}
	return found
}

// TestDocumentedQueries asks what docs/sql.md shows.
func TestDocumentedQueries(t *testing.T) {
	t.Parallel()
	b := sqlBench(t)
	queries := examples(t, "sql.md", "select", "with")
	if len(queries) < 6 {
		t.Fatalf("only %d queries were found in docs/sql.md", len(queries))
	}
	for _, q := range queries {
		b.want(0, "sql", "last", q)
	}
}

// TestDocumentedCommands types what the pages show, where it needs no server and
// no other program.
func TestDocumentedCommands(t *testing.T) {
	t.Parallel()
	b := sqlBench(t)
	b.want(0, "change", "last", "--detected", "2026-11-20T04:00:00Z")
	b.write("super.csv", "date,time,timezone,MACB,source,sourcetype,type,user,host,short,desc,version,filename,inode,notes,format,extra\n"+
		"11/20/2026,01:02:03,UTC,....,LOG,syslog,Content Modification Time,-,web-1,hello,hello,2,-,-,-,-,-\n")
	b.write("indicators.txt", "10.0.0.5\n")
	b.write("conn.log", `{"ts":1,"proto":"tcp"}`+"\n")
	b.write("zeek.yaml", "mapping: v1\nformat: jsonl\ntime: {from: \"{ts}\", epoch: s}\nmessage: \"{proto}\"\n")
	n := 0
	for _, page := range []string{"formats.md", "sql.md", "scale.md", "filter.md"} {
		for _, line := range examples(t, page, "firebreak") {
			line, _, _ = strings.Cut(line, " | ")
			switch {
			case strings.Contains(line, "clickhouse="), strings.Contains(line, "INCIDENT"), strings.Contains(line, "…"):
				continue
			}
			line = strings.ReplaceAll(line, " ID", " last")
			args := words(t, strings.TrimPrefix(line, "firebreak "))
			b.want(0, args...)
			n++
		}
	}
	if n < 8 {
		t.Errorf("only %d commands were typed", n)
	}
}

// words splits a line as a shell does that knows quotes only.
func words(t *testing.T, line string) (out []string) {
	t.Helper()
	var word strings.Builder
	quote, some := rune(0), false
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote, some = r, true
		case quote == 0 && r == ' ':
			if word.Len() > 0 || some {
				out = append(out, word.String())
			}
			some = false
			word.Reset()
		default:
			word.WriteRune(r)
		}
	}
	if quote != 0 {
		t.Fatalf("%s: a quote is not closed", line)
	}
	if word.Len() > 0 || some {
		out = append(out, word.String())
	}
	return out
}
