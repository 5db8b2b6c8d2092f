package review_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/internal/testkit/chromium"
	"firebreak/record"
	"firebreak/review"
	"firebreak/review/page"
)

// TestInABrowser opens all pages of this package in a real browser: they ask for
// nothing, the console is silent, nothing is wider than its window, and those who
// wrote axe-core find nothing to say.
func TestInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	b := chromium.Start(t)
	axe := ""
	t.Run("axe", func(t *testing.T) { axe = chromium.Axe(t) })
	for _, c := range []struct {
		name    string
		page    []byte
		screens []chromium.Screen // that axe-core looks at
	}{
		{"rich", page.HTML(build(t, rich(t))), []chromium.Screen{{Width: 360}, {Width: 1280, Dark: true}}},
		{"hostile", page.HTML(poisoned(t, strings.Join(testkit.Hostile(), " "))), []chromium.Screen{{Width: 1280, Dark: true}}},
		{"ten megabytes", page.HTML(build(t, tenMegabytes(t))), nil},
		{"empty", page.HTML(emptyReview(t)), []chromium.Screen{{Width: 360}}},
		{"custody", html(t, chained(t).custody(roster).HTML), []chromium.Screen{{Width: 360}, {Width: 1280, Dark: true}}},
		{"hostile custody", html(t, hostileCustody(t, `<img src=http://evil.example/x onerror="console.log('ran')"><script>console.log("ran")</script><style>@import url(http://evil.example/y)</style>`).HTML), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab := b.Open(t, c.page, chromium.Screen{Width: 1280})
			for _, width := range []int{1280, 768, 360, 320} {
				tab.Show(chromium.Screen{Width: width})
				if by, who := tab.Overflow(); by > 0 {
					t.Errorf("at %d pixels the page is %d too wide: %q", width, by, who)
				}
			}
			for i, s := range c.screens {
				rules := chromium.Rules{}
				switch {
				case axe == "":
					t.Skip("axe-core is not here: tools/needs test brings it")
				case i > 0:
					rules.Only = []string{chromium.Contrast} // all that another screen of the same page may change
				case c.name == "hostile":
					rules.Without = []string{chromium.Contrast} // the colours are those of the page before
				}
				tab.Show(s)
				for _, v := range tab.Violations(axe, rules) {
					t.Errorf("%+v: %s", s, v)
				}
			}
			if said := tab.Console(); len(said) > 0 {
				t.Errorf("the browser had something to say: %q", said)
			}
			if asked := tab.Asked(); len(asked) > 0 {
				t.Errorf("the page asked for %q", asked)
			}
		})
	}
	t.Run("review on paper", func(t *testing.T) { reviewOnPaper(t, b) })
	t.Run("custody on paper", func(t *testing.T) { custodyOnPaper(t, b) })
}

func html(t *testing.T, write func() ([]byte, error)) []byte {
	t.Helper()
	page, err := write()
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func emptyReview(t *testing.T) review.Review {
	t.Helper()
	s := newStory(t)
	s.then(0, record.IncidentOpened, "", record.Opened{Title: "x", Severity: incident.SEV4})
	r, err := review.Build(s.entries, review.Extra{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// tenMegabytes is a record with a note of ten megabytes in one word.
func tenMegabytes(t *testing.T) *story {
	t.Helper()
	s := rich(t)
	s.then(time.Minute, record.Noted, "", record.Note{Text: strings.Repeat("W", 10<<20)})
	return s
}

// printed is the text of each sheet that a page prints to.
func printed(t *testing.T, b *chromium.Browser, page []byte) []string {
	t.Helper()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Skip("pdftotext is not installed: tools/needs test; the page is not printed")
	}
	pdf := filepath.Join(t.TempDir(), "page.pdf")
	if err := os.WriteFile(pdf, b.Open(t, page, chromium.Screen{Width: 1280}).PDF(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", pdf, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\f"), "\f")
}

// On paper every sheet has its marking, its number and the head of the record.
func reviewOnPaper(t *testing.T, b *chromium.Browser) {
	t.Helper()
	r := build(t, rich(t))
	sheets := printed(t, b, page.HTML(r))
	if len(sheets) < 3 || len(sheets) > 30 {
		t.Fatalf("%d sheets", len(sheets))
	}
	for i, s := range sheets {
		for _, want := range []string{"TLP:AMBER", "head " + r.Integrity.Root[:12], "of " + strings.TrimSpace(strings.Split(sheets[0][strings.LastIndex(sheets[0], "page 1 of ")+10:], "\n")[0])} {
			if !strings.Contains(s, want) {
				t.Errorf("sheet %d lacks %q", i+1, want)
			}
		}
	}
	all := strings.Join(sheets, "\n")
	for _, want := range []string{"Summary", "Timeline", "Integrity", "Nobody knows whether a4", r.Integrity.Seal[:20]} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not on paper", want)
		}
	}
	if strings.Contains(all, "Skip to the review") || strings.Contains(all, "Contents") {
		t.Error("the way around the page is on paper")
	}
}

// On paper each exhibit begins a sheet, and every sheet bears the seal.
func custodyOnPaper(t *testing.T, b *chromium.Browser) {
	t.Helper()
	c := chained(t).custody(roster)
	sheets := printed(t, b, html(t, c.HTML))
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
