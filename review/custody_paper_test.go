package review_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestCustodyFormInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	w := watch(t)
	page, err := hostileCustody(t, `<img src=http://evil.example/x onerror="console.log('ran')"><script>console.log("ran")</script><style>@import url(http://evil.example/y)</style>`).HTML()
	if err != nil {
		t.Fatal(err)
	}
	if said := browse(t, w, page, "--dump-dom"); strings.Contains(said, "ran") {
		t.Errorf("the form ran a script: %s", said)
	}
	if asked := w.evil(); len(asked) > 0 {
		t.Errorf("the form asked for %q", asked)
	}
}

// On paper each exhibit begins a sheet, and every sheet bears the seal.
func TestCustodyFormOnPaper(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Skip("pdftotext (poppler-utils) is not installed: the form is not printed")
	}
	c := chained(t).custody(roster)
	page, err := c.HTML()
	if err != nil {
		t.Fatal(err)
	}
	pdf := filepath.Join(t.TempDir(), "form.pdf")
	browse(t, watch(t), page, "--no-pdf-header-footer", "--print-to-pdf="+pdf)
	if _, err := os.Stat(pdf); err != nil {
		t.Skipf("chromium does not print here: %v", err)
	}
	out, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", pdf, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	sheets := strings.Split(strings.TrimSuffix(string(out), "\f"), "\f")
	begun := 0
	for i, s := range sheets {
		if !strings.Contains(s, c.Integrity.Seal) {
			t.Errorf("sheet %d does not bear the seal:\n%s", i+1, s)
		}
		n := strings.Count(s, "On the authority of")
		if n > 1 {
			t.Errorf("%d exhibits begin on sheet %d", n, i+1)
		}
		begun += n
	}
	if begun != len(c.Exhibits) {
		t.Errorf("%d exhibits begin on %d sheets, want %d", begun, len(sheets), len(c.Exhibits))
	}
}
