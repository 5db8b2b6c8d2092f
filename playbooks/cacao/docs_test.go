package cacao_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"firebreak/internal/testkit"
	"firebreak/playbooks/cacao"
)

// TestPage: each row of docs/cacao.md that says what runs names a test that
// exists, and each code is described.
func TestPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(testkit.Root(t), "docs", "cacao.md"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(b)
	}
	_, table, found := strings.Cut(string(page), "| CACAO | Firebreak | SOARCA | test |\n| --- | --- | --- | --- |\n")
	if !found {
		t.Fatal("the page has no table of what runs")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	rows := strings.Split(strings.TrimSpace(table), "\n")
	named := regexp.MustCompile("\\| `(Test[A-Za-z]+)` \\|$")
	for _, row := range rows {
		m := named.FindStringSubmatch(row)
		if m == nil || !strings.Contains(code.String(), "func "+m[1]+"(t *testing.T)") {
			t.Errorf("no test shows %s", row)
		}
	}
	if len(rows) < 20 {
		t.Errorf("%d rows", len(rows))
	}
	for c, says := range cacao.Codes() {
		if !strings.Contains(string(page), "| "+c+" | "+says+" |") {
			t.Errorf("the page does not say what %s means: %s", c, says)
		}
	}
	if !strings.Contains(string(page), cacao.ExtensionID) {
		t.Error("the page does not name the extension")
	}
}
