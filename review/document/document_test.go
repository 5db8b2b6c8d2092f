package document_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/review"
	"firebreak/review/document"
)

func rich(t *testing.T) document.Document {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "rich.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r review.Review
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return document.Of(r)
}

// TestLinksLeadSomewhere holds what every writer relies on: ids that are unique and
// plain, links that have an end, rows that fit their table.
func TestLinksLeadSomewhere(t *testing.T) {
	d := rich(t)
	ids, wanted := map[string]int{}, map[string]bool{}
	plain := regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	mark := func(id string) {
		if id == "" {
			return
		}
		if ids[id]++; ids[id] > 1 || !plain.MatchString(id) {
			t.Errorf("id %q, %d times", id, ids[id])
		}
	}
	see := func(text document.Text) {
		for _, s := range text {
			if s.To != "" {
				wanted[s.To] = true
			}
			if s.Seq > 0 && !strings.Contains(s.Text, "#") && !strings.HasPrefix(s.Text, "e") {
				t.Errorf("%q names entry %d", s.Text, s.Seq)
			}
		}
	}
	level := 0
	for _, b := range d.Blocks {
		switch b := b.(type) {
		case document.Heading:
			mark(b.ID)
			see(b.Text)
			if b.ID == "" || b.Level > level+1 || b.Text.String() == "" {
				t.Errorf("heading %q of level %d below level %d", b.Text, b.Level, level)
			}
			level = b.Level
		case document.Paragraph:
			see(b.Text)
		case document.List:
			for _, x := range b.Items {
				see(x)
			}
		case document.Definitions:
			for _, x := range b.Items {
				see(x.Text)
			}
		case document.Table:
			mark(b.ID)
			for _, r := range b.Rows {
				mark(r.ID)
				if len(r.Cells) != len(b.Columns) && !r.Divide {
					t.Errorf("a row of %d cells in a table of %d columns", len(r.Cells), len(b.Columns))
				}
				for _, c := range r.Cells {
					see(c)
				}
			}
		case document.Figure:
			mark(b.ID)
			if b.Alt == "" || b.Caption == "" || b.Drawing == nil {
				t.Errorf("figure %s has no words or no drawing", b.ID)
			}
		}
	}
	for id := range wanted {
		if ids[id] == 0 {
			t.Errorf("a link to %s leads nowhere", id)
		}
	}
	if len(wanted) < 30 {
		t.Errorf("%d links", len(wanted))
	}
}

// TestNeighbours has texts that are harmless alone and not together.
func TestNeighbours(t *testing.T) {
	say := func(parts ...document.Span) string {
		return string(document.Markdown(document.Document{Blocks: []document.Block{document.Paragraph{Text: parts}}}))
	}
	s := func(text string) document.Span { return document.Span{Text: text} }
	code := func(text string) document.Span { return document.Span{Text: text, Style: document.Code} }
	strong := func(text string) document.Span { return document.Span{Text: text, Style: document.Strong} }
	for _, x := range []struct {
		parts []document.Span
		want  string
	}{
		{[]document.Span{s("http:"), s("//evil.example")}, "`http://evil.example`"},
		{[]document.Span{s("www"), {Text: ".evil", Style: document.Quiet}}, "www.evil"}, // Of has broken it up before
		{[]document.Span{code("a"), code("b")}, "`ab`"},
		{[]document.Span{s("{x"), code("b")}, "`{x` `b`"},
		{[]document.Span{s("a"), strong("b"), s("c")}, "a **b** c"},
		{[]document.Span{s("("), strong("b"), s(").")}, "`(` **b**)."},
		{[]document.Span{s("one"), {Break: true}, s("two")}, "one / two"},
		{[]document.Span{s("- no list")}, "`-` no list"},
		{[]document.Span{s(""), s("   ")}, "-"},
	} {
		if _, got, ok := strings.Cut(say(x.parts...), "\n\n"); !ok || !strings.HasPrefix(got, x.want+"\n") {
			t.Errorf("%v is written as %q, want %q", x.parts, got, x.want)
		}
	}
}

// TestALongEventIsCutInItsRow has a command line that would fill pages.
func TestALongEventIsCutInItsRow(t *testing.T) {
	t.Parallel()
	r := review.Review{
		Incident: incident.Incident{ID: "2026-0001", Title: "x", Status: incident.Open, Opened: testkit.Start()},
		Timeline: []review.Row{{Time: testkit.Start(), Evidence: true, Ref: "e3 @1", Text: strings.Repeat("é", 1500)}},
	}
	text := string(document.Markdown(document.Of(r)))
	if !strings.Contains(text, " … (400 of 1,500 characters; the whole is in the JSON form)") || strings.Contains(text, strings.Repeat("é", 401)) {
		t.Errorf("the event is not cut at 400 characters:\n%s", text)
	}
	if !strings.Contains(text, "not closed") {
		t.Error("it is not said that an open incident is not closed")
	}
}
