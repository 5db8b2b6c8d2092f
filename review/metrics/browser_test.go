package metrics_test

import (
	"fmt"
	"strings"
	"testing"

	"firebreak/internal/testkit"
	"firebreak/internal/testkit/chromium"
	"firebreak/record"
)

// TestInABrowser opens the page in a real browser: it asks for nothing, the console
// is silent, nothing is wider than its window, and those who wrote axe-core find
// nothing to say.
func TestInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	b := chromium.Start(t)
	axe := ""
	t.Run("axe", func(t *testing.T) { axe = chromium.Axe(t) })
	for name, s := range map[string]interface{ HTML() ([]byte, error) }{
		"many": statsOf(t, 9).For(record.ExecutiveProfile), "none": statsOf(t, 0), "hostile": hostile(t, strings.Join(testkit.Hostile(), " ")),
	} {
		t.Run(name, func(t *testing.T) {
			page, err := s.HTML()
			if err != nil {
				t.Fatal(err)
			}
			tab := b.Open(t, page, chromium.Screen{Width: 1280})
			for _, width := range []int{1280, 360} {
				tab.Show(chromium.Screen{Width: width})
				if by, who := tab.Overflow(); by > 0 {
					t.Errorf("at %d pixels the page is %d too wide: %q", width, by, who)
				}
			}
			for i, screen := range []chromium.Screen{{Width: 360}, {Width: 1280, Dark: true}} {
				if axe == "" || i > 0 && name != "many" {
					break
				}
				tab.Show(screen)
				var rules chromium.Rules
				if i > 0 {
					rules.Only = []string{chromium.Contrast} // all that another screen may change
				}
				for _, v := range tab.Violations(axe, rules) {
					t.Errorf("%+v: %s", screen, v)
				}
			}
			if said, asked := tab.Console(), tab.Asked(); len(said)+len(asked) > 0 {
				t.Errorf("the browser had something to say: %q; the page asked for %q", said, asked)
			}
			var dots int
			tab.Eval(&dots, `document.querySelectorAll("circle.dotmark title").length`)
			if name == "many" && dots < 80 {
				t.Errorf("%d dots with a title", dots)
			}
			if name == "many" && len(tab.PDF()) < 1000 {
				t.Error("it does not print")
			}
			if name == "many" && testing.Verbose() {
				picture(t, tab, "light", chromium.Screen{Width: 1280})
				picture(t, tab, "dark", chromium.Screen{Width: 1280, Dark: true})
				picture(t, tab, "narrow", chromium.Screen{Width: 360})
			}
		})
	}
}

func picture(t *testing.T, tab *chromium.Tab, name string, s chromium.Screen) {
	t.Helper()
	tab.Show(s)
	write(t, fmt.Sprintf("stats-%s.png", name), tab.Picture(0, 2200))
}
