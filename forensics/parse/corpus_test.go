package parse

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"firebreak/internal/testkit"
)

// differs are the text files of the corpus that give another number of events
// than plaso's tests expect, and why. docs/parsers.md says the same.
var differs = map[string]struct {
	events, rejected int64
	why              string
}{
	"bodyfile/bodyfile.corrupt": {6, 0, "plaso counts lines; each has two different times"},
	"appfirewall.log":           {47, 0, ""},
	"audit_enriched.log":        {12, 0, "plaso counts lines; those of one event are one here, and their records add up to 29"},
	"syslog/syslog":             {16, 1, "plaso warns of the same line"},
}

// binaries of the corpus: they are no text, and part of other work.
func isText(b []byte) bool { return bytes.IndexByte(b, 0) < 0 }

// Every text file of the corpus gives as many events as expected.tsv says, or
// the difference has a reason here and in docs/parsers.md. Whatever a file is,
// its account settles.
func TestExpected(t *testing.T) {
	dir := filepath.Join(testkit.Corpus(t, "plaso/expected.tsv"), "plaso")
	table, err := os.ReadFile(filepath.Join(dir, "expected.tsv"))
	must(t, err)
	doc, err := os.ReadFile(filepath.Join(testkit.Root(t), "docs", "parsers.md"))
	must(t, err)
	seen := 0
	for row := range strings.Lines(string(table)) {
		f := strings.Split(strings.TrimRight(row, "\n"), "\t")
		want, err := strconv.ParseInt(f[len(f)-1], 10, 64)
		if len(f) != 3 || err != nil {
			continue // the heading
		}
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f[0])))
		if os.IsNotExist(err) {
			continue
		}
		must(t, err)
		events, ing := run(t, "", "/var/log/"+f[0], data) // run settles the account
		known := strings.HasPrefix(f[0], "utmp/")
		if !known && (!isText(data) || len(data) == 0) {
			continue
		}
		seen++
		var rejected int64
		if d, ok := differs[f[0]]; ok {
			if want != d.events && !bytes.Contains(doc, []byte("`plaso/"+f[0]+"`")) {
				t.Errorf("docs/parsers.md does not explain %s", f[0])
			}
			want, rejected = d.events, d.rejected
		}
		if got := int64(len(events)); got != want || ing.Rejected != rejected {
			t.Errorf("%s: %d events by %s, want %d; %d rejected, want %d: %q", f[0], got, ing.Parser, want, ing.Rejected, rejected, ing.Samples)
		}
	}
	if seen < 15 {
		t.Errorf("only %d text files were looked at", seen)
	}
}
