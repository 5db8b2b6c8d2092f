package review_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"firebreak/internal/testkit"
	"firebreak/internal/testkit/reviews"
	"firebreak/review"
	"firebreak/timeline"
)

func sheet(t *testing.T, r review.Review) [][]string {
	t.Helper()
	data, err := r.Sheet()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := r.Sheet(); err != nil || !bytes.Equal(data, again) {
		t.Fatalf("the same review gives other bytes (%v)", err)
	}
	rest, ok := bytes.CutPrefix(data, []byte("\xef\xbb\xbf"))
	if !ok {
		t.Error("there is no byte order mark")
	}
	rows, err := csv.NewReader(bytes.NewReader(rest)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestSheetHasNoFormula reads the cells back as a spreadsheet does.
func TestSheetHasNoFormula(t *testing.T) {
	reviews.Each(t, func(t *testing.T, r review.Review) {
		rows := sheet(t, r)
		if len(rows) != len(r.Timeline)+1 {
			t.Fatalf("%d rows of %d lines", len(rows)-1, len(r.Timeline))
		}
		for n, row := range rows[1:] {
			for _, cell := range row {
				if timeline.Inert(cell) != cell {
					t.Errorf("%q is a formula", cell)
				}
				if strings.ContainsAny(cell, "\x00\x1b") || strings.ContainsRune(cell, '\u202e') {
					t.Errorf("%q is not harmless", cell)
				}
			}
			if got, want := strings.TrimPrefix(row[6], "'"), strings.TrimPrefix(review.Harmless(r.Timeline[n].Text), "'"); got != strings.ReplaceAll(want, "\r\n", "\n") {
				t.Errorf("%q is written as %q", want, got)
			}
		}
	})
}

// TestSheetInCalc has LibreOffice open the sheet, and looks that every cell is a
// text there.
func TestSheetInCalc(t *testing.T) {
	office, err := exec.LookPath("soffice")
	if err != nil {
		t.Skip("soffice (package libreoffice-calc-nogui) is not there")
	}
	if testing.Short() || os.Getenv("FIREBREAK_SOAK") == "" {
		t.Skip("it takes LibreOffice seconds to begin: FIREBREAK_SOAK=1 asks for it")
	}
	r := reviews.Rich(t, "k")
	for _, x := range append(reviews.Texts(), "2026-01-02", "1/2", "007", "1e5", "12:30", "50%", "=1+1", "+491234", "3.14", "1,5") {
		row := r.Timeline[1]
		row.Text, row.Tags, row.Who, row.Comments = x, []string{x}, x, []string{x}
		r.Timeline = append(r.Timeline, row)
	}
	data, err := r.Sheet()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sheet.csv"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(office, "--headless", "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--convert-to", "fods", "--outdir", dir, filepath.Join(dir, "sheet.csv"))
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	opened, err := os.ReadFile(filepath.Join(dir, "sheet.fods"))
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(opened, []byte(`office:value-type="string"`)); n < len(r.Timeline) {
		t.Errorf("%d cells of text in %d rows", n, len(r.Timeline))
	}
	for _, bad := range []string{"table:formula", `office:value-type="float"`, `office:value-type="date"`, `office:value-type="percentage"`, `office:value-type="time"`} {
		if n := bytes.Count(opened, []byte(bad)); n > 0 {
			t.Errorf("%s: %d", bad, n)
		}
	}
}

func TestSheetGolden(t *testing.T) {
	r := build(t, rich(t))
	data, err := r.Sheet()
	if err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "rich.csv", data)
	rows := sheet(t, r)
	if !slices.Equal(rows[0], []string{"time", "discovered", "side", "who", "phase", "kind", "text", "techniques", "tags", "comments", "entry", "event", "precision", "marks"}) {
		t.Errorf("%q", rows[0])
	}
}
