package timeline

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Every filter in the tables of docs/filter.md is one.
func TestFilterPage(t *testing.T) {
	page, err := os.ReadFile("../docs/filter.md")
	if err != nil {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile("`([^`]+)`")
	column, n := "", 0
	for line := range strings.Lines(string(page)) {
		if !strings.HasPrefix(line, "| ") {
			column = ""
			continue
		}
		cell := strings.ReplaceAll(line, `\|`, "\x00")
		cell = strings.ReplaceAll(strings.Split(cell, "|")[1], "\x00", "|")
		switch column {
		case "":
			column = strings.TrimSpace(cell)
			continue
		case "way":
			for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
				if _, err := ReadMoment(strings.Trim(m[1], `"`), Moments{Now: now, Detected: now.Add(-time.Hour)}); err != nil {
					t.Errorf("%s: %v", m[1], err)
				}
				n++
			}
			continue
		}
		for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
			if f := mustParse(t, m[1]); f.Expr() == nil || len(f.Notes()) > 0 {
				t.Errorf("%s: %q", m[1], f.Notes())
			}
			n++
		}
	}
	if n < 60 {
		t.Errorf("the page has %d filters", n)
	}
}
