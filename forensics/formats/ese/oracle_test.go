package ese

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"firebreak/internal/testkit/edb"
)

// What was made here is read by esedbexport as it is read here: the writer of the
// tests lays a database out as others understand it.
func TestAsEsedbexport(t *testing.T) {
	program, err := exec.LookPath("esedbexport")
	if err != nil {
		t.Skipf("no esedbexport: %v", err)
	}
	f := edb.New(4096)
	columns := []edb.Column{{Name: "Id", Kind: 4}, {Name: "Name", Kind: 10}, {Name: "Long", Kind: 12}, {Name: "Count", Kind: 15}}
	var rows [][]any
	for i := range 200 {
		rows = append(rows, []any{i, "name " + strconv.Itoa(i), strings.Repeat("y", i), int64(i) << 33})
	}
	f.Table("things", columns, rows...)
	b := f.Bytes()
	dir := t.TempDir()
	name := filepath.Join(dir, "x.edb")
	must(t, os.WriteFile(name, b, 0o600))
	if out, err := exec.CommandContext(t.Context(), program, "-t", filepath.Join(dir, "out"), name).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	found, err := filepath.Glob(filepath.Join(dir, "out.export", "things.*"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	text, err := os.ReadFile(found[0])
	must(t, err)
	var got strings.Builder
	got.WriteString("Id\tName\tLong\tCount\n")
	file := openBytes(t, b)
	things, _ := file.Table(t.Context(), "things")
	must(t, file.Rows(t.Context(), things, func(r *Row) error {
		var words []string
		for i := range columns {
			words = append(words, inWords(r.At(i)))
		}
		got.WriteString(strings.Join(words, "\t") + "\n")
		return nil
	}, func(_ int64, err error) error { return err }))
	if want := strings.ReplaceAll(string(text), "\t\n", "\n"); got.String() != want {
		t.Errorf("read:\n%.600s\nesedbexport:\n%.600s", got.String(), want)
	}
}
