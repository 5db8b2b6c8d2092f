// Command reliability makes docs/reliability.md of the counts that the fault
// suite wrote: reliability FIGURES… > docs/reliability.md. It adds nothing of
// its own: what no test counted does not stand on the page.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

func main() {
	version := flag.String("version", "", "the release the figures are of")
	to := flag.String("o", "", "write the page to this file, whole or not at all")
	flag.Parse()
	if err := run(*version, *to, flag.Args(), os.Stdout); err != nil { //nolint:forbidigo // a program's own stream
		fmt.Fprintln(os.Stderr, "reliability:", err) //nolint:forbidigo // as above
		os.Exit(1)
	}
}

func run(version, to string, files []string, out io.Writer) error {
	if len(files) == 0 {
		return errors.New("which figures? reliability FILE…")
	}
	all := map[string]figure{}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := read(all, b); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if len(all) == 0 {
		return errors.New("there is no figure: did the suite run?")
	}
	text := page(version, all)
	if to == "" {
		_, err := out.Write(text)
		return err
	}
	if err := os.WriteFile(to+".part", text, 0o644); err != nil {
		return err
	}
	return os.Rename(to+".part", to)
}

// figure is a line of the suite; see testkit.Figure.
type figure struct {
	Name                            string
	Rounds                          int
	Detected, Harmless, Lost, Acked *int
	Where                           map[string]int
	Values                          map[string]any
	Note                            string
}

// counted says that the figure belongs into the table of rounds.
func (f figure) counted() bool {
	return f.Rounds > 0 && (f.Detected != nil || f.Harmless != nil || f.Lost != nil || f.Acked != nil)
}

// read takes the lines of one file. A later line of the same name stands for
// an earlier one: the test was run again.
func read(all map[string]figure, b []byte) error {
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var f figure
		if err := json.Unmarshal(lines.Bytes(), &f); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if f.Name == "" {
			return fmt.Errorf("line %d: a figure without a name", n)
		}
		all[f.Name] = f
	}
	return lines.Err()
}

func page(version string, all map[string]figure) []byte {
	var b strings.Builder
	b.WriteString("# Reliability\n\nMade by `make soak` from the counts of its tests; not edited by hand.")
	if version != "" {
		fmt.Fprintf(&b, " Version %s.", version)
	}
	b.WriteString(`

Each round hurts a real incident in one way, and then opens it, verifies it and compares every entry, disclosure, head and projection with what was there before, or with the list of what was acknowledged, which is kept outside.

- *Noticed*: opening or verifying said so, and named the entry, the exhibit or the part of the file.
- *Harmless*: everything reads as before: the damage lay in bytes that nothing uses, was mended, or the act was recorded all the same.
- *Lost*: acknowledged entries that are gone, or damage that went unseen. The suite fails when there is one.
- *Acknowledged*: entries that were looked for afterwards.

| what was done | rounds | noticed | harmless | lost | acknowledged |
| --- | ---: | ---: | ---: | ---: | ---: |
`)
	var total figure
	total.Detected, total.Harmless, total.Lost, total.Acked = new(int), new(int), new(int), new(int)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		f := all[name]
		if !f.counted() {
			continue
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", cell(name), number(f.Rounds), count(f.Detected), count(f.Harmless), count(f.Lost), count(f.Acked))
		total.Rounds += f.Rounds
		for _, sum := range [][2]*int{{total.Detected, f.Detected}, {total.Harmless, f.Harmless}, {total.Lost, f.Lost}, {total.Acked, f.Acked}} {
			if sum[1] != nil {
				*sum[0] += *sum[1]
			}
		}
	}
	fmt.Fprintf(&b, "| **all** | %s | %s | %s | %s | %s |\n", number(total.Rounds), count(total.Detected), count(total.Harmless), count(total.Lost), count(total.Acked))
	where(&b, all)
	values(&b, all)
	return []byte(b.String())
}

// where says how each was noticed, and what is special about it.
func where(b *strings.Builder, all map[string]figure) {
	b.WriteString("\n## How and where\n")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		f := all[name]
		if len(f.Where) == 0 && f.Note == "" {
			continue
		}
		fmt.Fprintf(b, "\n**%s.**", cell(name))
		if f.Note != "" {
			b.WriteString(" " + strings.ToUpper(f.Note[:1]) + f.Note[1:] + ".")
		}
		b.WriteString("\n")
		if len(f.Where) > 0 {
			b.WriteString("\n")
		}
		for _, place := range slices.Sorted(maps.Keys(f.Where)) {
			fmt.Fprintf(b, "- %s: %s\n", cell(place), number(f.Where[place]))
		}
	}
}

// values are the other figures.
func values(b *strings.Builder, all map[string]figure) {
	begun := false
	for _, name := range slices.Sorted(maps.Keys(all)) {
		f := all[name]
		if len(f.Values) == 0 {
			continue
		}
		if !begun {
			b.WriteString("\n## Speed and size\n\nOf the machine that ran the suite; the ratios carry over, the rest does not.\n\n| | |\n| --- | ---: |\n")
			begun = true
		}
		for _, k := range slices.Sorted(maps.Keys(f.Values)) {
			fmt.Fprintf(b, "| %s: %s | %s |\n", cell(name), cell(k), cell(value(f.Values[k])))
		}
	}
}

func value(v any) string {
	if n, ok := v.(float64); ok {
		if n == float64(int64(n)) {
			return number(int(n))
		}
		return fmt.Sprintf("%.2f", n)
	}
	return fmt.Sprint(v)
}

func count(n *int) string {
	if n == nil {
		return ""
	}
	return number(*n)
}

// number groups digits by commas.
func number(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// cell keeps text inside its cell of a table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(s)
}
