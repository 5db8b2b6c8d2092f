package review_test

import (
	"bytes"
	"encoding/csv"
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
			if got, want := timeline.Unguard(row[6]), review.Harmless(r.Timeline[n].Text); got != strings.ReplaceAll(want, "\r\n", "\n") {
				t.Errorf("%q is written as %q", want, got)
			}
		}
	})
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
