package page_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/review"
	"firebreak/review/document"
	"firebreak/review/page"
)

func text(s string) document.Text { return document.Text{{Text: s}} }

// every is a document with each kind of block and of drawing, all its words being w.
func every(w string) document.Document {
	at := testkit.Start()
	span := document.Text{
		{Text: w, Style: document.Strong, Tone: document.Bad},
		{Break: true},
		{Text: w, Style: document.Code, To: "n1", Seq: 1},
		{Text: w, Style: document.Quiet, To: "nowhere"},
		{Text: w, Mark: document.Withheld},
		{Text: w, Mark: document.Masked, Tone: document.Unknown},
	}
	table := document.Table{
		ID: "rows", Caption: w, Named: true,
		Columns: []document.Column{{Title: "", Kind: document.Short}, {Title: w, Kind: document.Moment}, {Title: "", Kind: document.Number}, {Title: w, Kind: document.Digest}, {Title: w, Kind: document.Entry}, {Title: w, Kind: document.Words}},
		Rows: []document.Row{
			{Divide: true, Cells: []document.Text{text(w)}},
			{ID: "n1", Tone: document.Bad, Cells: []document.Text{span, span, span, span, span, span}},
			{ID: "n2", Tone: document.Unknown, Cells: []document.Text{span, nil, span, nil, span, span}},
			{Divide: true},
		},
	}
	figure := func(id string, d document.Drawing) document.Figure {
		return document.Figure{ID: id, Caption: w, Alt: w, Drawing: d}
	}
	lanes := []document.Lane{{Label: w, Phase: incident.Identify, Stretches: []document.Stretch{{From: at, To: at.Add(time.Hour), Label: w}, {From: at.Add(2 * time.Hour), Label: w}}}}
	return document.Document{
		Title: w, Subtitle: w, Language: "en", Footer: w, Made: at, Tool: w,
		Banner: []document.Badge{{Kind: document.BadgeTLP, Text: "TLP:" + w}, {Kind: document.BadgeDrill, Text: w, Tone: document.Unknown}, {Kind: document.BadgePrivileged, Text: w}},
		Blocks: []document.Block{
			document.Definitions{Items: []document.Definition{{Term: w, Text: span}}},
			document.Heading{ID: "one", Level: 1, Text: span},
			document.Paragraph{Text: span},
			document.List{Items: []document.Text{span}},
			document.List{Ordered: true, Items: []document.Text{span}},
			document.Note{Tone: document.Warn, Text: span},
			document.Note{Text: span},
			document.Heading{ID: "two", Level: 2, Text: text(w)},
			table,
			document.Heading{ID: "three", Level: 3, Text: text(w)},
			document.Verbatim{Text: w, Code: true},
			document.Verbatim{Text: w},
			document.PageBreak{},
			document.Heading{ID: "figures", Level: 1, Text: text(w)},
			figure("f1", document.Bars{Rows: []document.Bar{{Label: w, Took: time.Hour, Shown: w, Known: true}, {Label: w, Reason: w}}}),
			figure("f2", document.Lanes{From: at, To: at.Add(time.Hour), Lanes: lanes}),
			figure("f3", document.Histogram{From: at, To: at.Add(time.Hour), Counts: []int64{1, 2, 3}, ShadeFrom: at, ShadeTo: at.Add(time.Minute)}),
			figure("f4", document.Shares{Parts: []document.Share{{Label: w, N: 3, Tone: document.Good}, {Label: w, N: 1, Tone: document.Bad}}}),
			figure("f5", document.Deadlines{Rows: []document.Deadline{{Label: w, Start: at, Due: at.Add(time.Hour), Met: at.Add(2 * time.Hour), Shown: w}, {Label: w}}}),
			figure("f6", document.Strip{Points: []document.StripPoint{{Label: w, At: at, Why: w}, {Label: w, Why: w}}}),
			figure("f7", document.Sides{Phases: lanes, Until: at.Add(3 * time.Hour), Marks: []document.SideMark{
				{At: at, Found: at.Add(time.Hour), Side: review.Attacker, Ref: w, Label: w}, {At: at.Add(time.Hour), Kind: document.DotBad, Side: w, Ref: w, Label: w}, {},
			}}),
			figure("f8", document.Histogram{From: at, To: at.Add(time.Hour), Counts: []int64{1, 2, 3}}),
			figure("f9", nil),
			figure("f10", document.Bars{}),
			document.Heading{ID: "integrity", Level: 1, Text: text(w)},
		},
	}
}

// TestOnlyOurMarkup writes hostile words everywhere and looks at each element.
func TestOnlyOurMarkup(t *testing.T) {
	words := append(testkit.Hostile(), "", "\x00\xff\ufffe", "*/ } body { display: none", `"; } @import url(http://evil.example)`, "שלום עולם", strings.Repeat("\n", 500))
	for _, w := range words {
		out := string(page.Write(every(w)))
		walk(t, w, out)
		style := out[strings.Index(out, "<style>"):strings.Index(out, "</style>")]
		if strings.Contains(style, "display: none } body") || strings.Contains(style, "@import") || strings.Contains(style, "url(") || strings.Count(style, "{") != strings.Count(style, "}") {
			t.Errorf("%q got into the style", w)
		}
	}
}

func walk(t *testing.T, words, out string) {
	t.Helper()
	elements := strings.Fields("html head meta title style body header div main section nav footer p h1 h2 h3 h4 ul ol li a strong br span bdi code pre dl dt dd blockquote " +
		"table caption thead tbody tr th td details summary figure figcaption svg desc rect circle line text path")
	ids, links, level := map[string]bool{}, []string{}, 0
	d := xml.NewDecoder(strings.NewReader(out))
	d.Strict, d.AutoClose, d.Entity = false, []string{"meta", "br"}, xml.HTMLEntity
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%q: %v", words, err)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if !slices.Contains(elements, e.Name.Local) {
			t.Errorf("%q: element %s", words, e.Name.Local)
		}
		for _, a := range e.Attr {
			switch {
			case strings.HasPrefix(a.Name.Local, "on"), a.Name.Local == "style", a.Name.Local == "src":
				t.Errorf("%q: attribute %s", words, a.Name.Local)
			case a.Name.Local == "href":
				links = append(links, a.Value)
			case a.Name.Local == "id":
				if ids[a.Value] {
					t.Errorf("%q: id %s comes twice", words, a.Value)
				}
				ids[a.Value] = true
			}
		}
		if n := e.Name.Local; len(n) == 2 && n[0] == 'h' && n[1] >= '1' && n[1] <= '6' {
			if got := int(n[1] - '0'); got > level+1 {
				t.Errorf("%q: %s follows a heading of level %d", words, n, level)
			} else {
				level = got
			}
		}
	}
	for _, l := range links {
		if !strings.HasPrefix(l, "#") || !ids[l[1:]] {
			t.Errorf("%q: a link to %s", words, l)
		}
	}
}

// TestLongTextsAreCut: whatever is long says so and does not make the page so.
func TestLongTextsAreCut(t *testing.T) {
	for _, w := range []string{strings.Repeat("W", 1<<20), strings.Repeat("é ", 1<<19)} {
		out := string(page.Write(every(w)))
		if len(out) > 2<<20 {
			t.Errorf("%.5q: the page has %d bytes", w, len(out))
		}
		if !strings.Contains(out, "characters. The whole is in the JSON form and in the record.]") {
			t.Errorf("%.5q: nobody says that it was cut", w)
		}
	}
}

func TestWhatIsShown(t *testing.T) {
	out := string(page.Write(every("plain words")))
	for _, want := range []string{
		`<h1>plain words</h1>`, `<a class="skip" href="#main">`, `<main id="main">`, `<h2 id="one">`, `<h3 id="two">`, `<h4 id="three">`,
		`<a href="#n1"><code>plain words</code></a>`,                // an entry leads to its row
		`<tr id="n1" class="wrong"><th scope="row"`,                 // which has a name
		`<th scope="col" class="nm"><span class="vh">Name</span>`,   // as its column
		`<th scope="rowgroup" colspan="6">plain words</th>`,         //
		`role="region" tabindex="0" aria-labelledby="t`,             // what is wide scrolls by keyboard
		`<span class="badge unknown">plain words</span>`,            //
		`content: "page " counter(page) " of " counter(pages)`,      //
		`How to verify the record: <a href="#integrity">Integrity<`, //
		`role="img" aria-labelledby="f7-t" aria-describedby="f7-d"`, //
		`<summary>The drawing as a table</summary>`,                 //
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Contains(out, `href="#nowhere"`) {
		t.Error("a link that leads nowhere")
	}
	if strings.Contains(out, `id="f8"`) {
		t.Error("the events stand below the timeline and once more")
	}
	if string(page.Write(every("plain words"))) != out {
		t.Error("the same document gives another page")
	}
}

// large is a review of 5,000 entries and 200 exhibits.
func large() review.Review {
	r := review.Review{Incident: incident.Incident{ID: "2026-0001", Title: "A long one", Severity: incident.SEV1, Opened: testkit.Start(), Status: incident.Closed}, Made: testkit.Start().Add(500 * time.Hour)}
	for i := range 5000 {
		r.Timeline = append(r.Timeline, review.Row{
			Time: testkit.Start().Add(time.Duration(i) * 5 * time.Minute), Seq: int64(i + 1), Ref: fmt.Sprintf("#%d", i+1), Who: "Ada Okafor", Kind: "note.added", Phase: incident.Contain,
			Text: fmt.Sprintf("note: looked at host %d, found nothing that would not be there on any other day", i), Bad: i%50 == 0,
			Discovered: testkit.Start().Add(time.Duration(i)*5*time.Minute + time.Hour), Side: []string{review.Attacker, review.Responder, review.System, review.Evidence}[i%4],
		})
	}
	for i := range 200 {
		x := review.Exhibit{}
		x.ID, x.Title, x.SHA256, x.Size = fmt.Sprintf("e%d", i+1), "Authentication log", strings.Repeat("ab", 32), 1<<20
		r.Evidence = append(r.Evidence, x)
	}
	return r
}

func TestLarge(t *testing.T) {
	out := string(page.HTML(large()))
	if n := strings.Count(out, `<tr id="n`); n != 5000 {
		t.Errorf("%d rows", n)
	}
	if len(out) > 4<<20 {
		t.Errorf("%d bytes", len(out))
	}
}

func BenchmarkLarge(b *testing.B) {
	r := large()
	b.ReportAllocs()
	for b.Loop() {
		page.HTML(r)
	}
}
