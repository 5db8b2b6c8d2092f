package handover_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/internal/testkit/chromium"
	"firebreak/review/handover"
)

// page is a handover with something in each place.
func page(text string) handover.Page {
	at := time.Date(2026, 11, 28, 6, 0, 0, 0, time.UTC)
	var rows []handover.Row
	for i := range 12 {
		rows = append(rows, handover.Row{Ref: fmt.Sprintf("step-%d", i), At: at, Text: text, Alarm: i%3 == 0, Seq: int64(i)})
	}
	return handover.Page{
		Format: handover.Format, Made: at, Tool: "firebreak test", By: "ada", Through: 214, Playbook: "Phishing 1.2.0", Seal: "2026-0007 @214 9f2c",
		Incident: incident.Incident{ID: "2026-0007", Title: text, Severity: incident.SEV2, Status: incident.Open, Phase: incident.Contain, TLP: incident.TLPAmber},
		Last:     &handover.Last{Seq: 120, At: at.Add(-8 * time.Hour), By: "jun", To: "ada", Through: 118},
		Sections: []handover.Section{
			{ID: "first", Title: "Look at first", Rows: rows},
			{ID: "known", Title: "What is known", Rows: []handover.Row{}, None: "Nobody has written a summary."},
			{ID: "steps", Title: "Open steps, and who holds them", Rows: rows},
		},
	}
}

func TestForms(t *testing.T) {
	p := page("Isolate the mail gateway and tell the bank what it may see of the messages that were read")
	testkit.Golden(t, "page.txt", []byte(p.Text(80)))
	testkit.Golden(t, "page.md", p.Markdown())
}

func TestInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	b := chromium.Start(t)
	axe := ""
	t.Run("axe", func(t *testing.T) { axe = chromium.Axe(t) })
	html, err := page(strings.Join(testkit.Hostile(), " ")).HTML()
	if err != nil {
		t.Fatal(err)
	}
	tab := b.Open(t, html, chromium.Screen{Width: 360})
	if by, who := tab.Overflow(); by > 0 {
		t.Errorf("the page is %d too wide: %q", by, who)
	}
	if axe != "" {
		for _, v := range tab.Violations(axe, chromium.Rules{}) {
			t.Error(v)
		}
	}
	if said, asked := tab.Console(), tab.Asked(); len(said)+len(asked) > 0 {
		t.Errorf("the browser had something to say: %q; the page asked for %q", said, asked)
	}
}
