package pdf_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"firebreak/internal/testkit"
	"firebreak/review"
	"firebreak/review/document"
	"firebreak/review/pdf"
)

func rich(t *testing.T) review.Review {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "rich.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r review.Review
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func write(t *testing.T, d document.Document, o pdf.Options) []byte {
	t.Helper()
	data, err := pdf.Write(d, o)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// run runs a program of poppler or qpdf on a file, and skips without it.
func run(t *testing.T, data []byte, program, from string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("%s is missing: install %s", program, from)
	}
	file := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	for i, a := range args {
		if a == "FILE" {
			args[i] = file
		}
	}
	out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %.500s", program, err, out)
	}
	return string(out)
}

// flat is a text without the breaks of its lines.
func flat(s string) string { return strings.Join(strings.Fields(s), " ") }

func textOf(t *testing.T, data []byte) string {
	t.Helper()
	return flat(run(t, data, "pdftotext", "poppler-utils", "-enc", "UTF-8", "FILE", "-"))
}

func TestRich(t *testing.T) {
	d := document.Of(rich(t))
	data := write(t, d, pdf.Options{})
	if !bytes.Equal(data, write(t, d, pdf.Options{})) {
		t.Error("two writings differ")
	}
	if n := bytes.Count(data, []byte("/Subtype /Link")); n < 100 {
		t.Errorf("%d links", n)
	}
	if n := bytes.Count(data, []byte("/Title")); n < len(headings(d)) {
		t.Errorf("%d titles in the outline and the properties", n)
	}
	if bytes.Contains(data, []byte("/Author")) || bytes.Contains(data, []byte("/URI")) || bytes.Contains(data, []byte("/JavaScript (")) {
		t.Error("an author, an address or a script in the file")
	}
	if out := run(t, data, "qpdf", "qpdf", "--check", "FILE"); !strings.Contains(out, "No syntax or stream encoding errors") {
		t.Errorf("qpdf: %s", out)
	}
	text := textOf(t, data)
	for _, h := range headings(d) {
		if strings.Count(text, h) < 2 {
			t.Errorf("heading %q does not stand in the text and in the contents", h)
		}
	}
	if !regexp.MustCompile(`page 1 of (\d+)`).MatchString(text) || !strings.Contains(text, "TLP:AMBER") || !strings.Contains(text, d.Footer) {
		t.Error("a head or a foot is missing")
	}
}

func headings(d document.Document) []string {
	var out []string
	for _, b := range d.Blocks {
		if h, ok := b.(document.Heading); ok {
			out = append(out, flat(h.Text.String()))
		}
	}
	return out
}

// page is a document of one paragraph.
func page(text string) document.Document {
	return document.Document{Title: "T", Language: "en", Made: testkit.Start(), Tool: "firebreak", Blocks: []document.Block{document.Paragraph{Text: document.Text{{Text: text}}}}}
}

func TestNamesInAnyScript(t *testing.T) {
	names := []string{"Ünïcödé Šimůnek", "Ελληνικά", "Кириллица", "Հայերեն", "ქართული", "東京 日本語", "简体 中文", "繁體", "한국어 서울"}
	text := textOf(t, write(t, page(strings.Join(names, " ; ")), pdf.Options{}))
	for _, name := range names {
		if !strings.Contains(text, name) {
			t.Errorf("%s is not in %q", name, text)
		}
	}
}

func TestWhatNoFontHasIsNamed(t *testing.T) {
	text := textOf(t, write(t, page("ok 😀 हि end"), pdf.Options{}))
	for _, want := range []string{"ok U+1F600", "U+0939U+093F end", "No font at hand has these characters"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %q", want, text)
		}
	}
}

// TestFontsOfOthers takes a font of the machine: one with Thai, and one that is
// in the other format.
func TestFontsOfOthers(t *testing.T) {
	paths, err := filepath.Glob("/usr/share/fonts/*/*/NotoSansThai-Regular.ttf")
	if err != nil || len(paths) == 0 {
		t.Skip("no font with Thai is at hand: install fonts-noto-core")
	}
	data, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	seq := func(yield func(string, []byte) bool) {
		if yield("broken.ttf", data[:len(data)/3]) {
			yield("Thai.ttf", data)
		}
	}
	text := textOf(t, write(t, page("ประเทศ"), pdf.Options{Found: seq}))
	if !strings.Contains(text, "ประเทศ") || !strings.Contains(text, "fonts of the machine") || !strings.Contains(text, "Thai.ttf") {
		t.Errorf("found: %q", text)
	}
	text = textOf(t, write(t, page("ประเทศ"), pdf.Options{Chosen: seq}))
	if !strings.Contains(text, "ประเทศ") || strings.Contains(text, "fonts of the machine") {
		t.Errorf("chosen: %q", text)
	}
	asked := func(func(string, []byte) bool) { t.Error("fonts were asked for without need") }
	write(t, page("plain text"), pdf.Options{Chosen: asked, Found: asked})
}

func TestHostileText(t *testing.T) {
	short := append(testkit.Hostile(), ") Tj ET (", "%%EOF", "\\", "endstream endobj", "\x00\x01", "\xff\xfe", "")
	long := []string{strings.Repeat("w", 300), strings.Repeat("अ", 30)}
	var last []byte
	for _, h := range []string{"", strings.Join(long, " "), strings.Join(short, " ")} {
		data := write(t, hostile(h), pdf.Options{})
		last = data
		for _, bad := range []string{"/URI", "/JS", "/Launch", "/EmbeddedFile ", "/Author", "/AA", "/SubmitForm"} {
			if bytes.Contains(data, []byte(bad)) {
				t.Errorf("%.40q: %s in the file", h, bad)
			}
		}
	}
	out := run(t, last, "qpdf", "qpdf", "--check", "FILE")
	if !strings.Contains(out, "No syntax or stream encoding errors") {
		t.Errorf("qpdf: %s", out)
	}
}

// hostile is a document with that text wherever text can stand.
func hostile(h string) document.Document {
	all := document.Text{{Text: h}, {Text: h, Style: document.Strong}, {Text: h, Style: document.Code, To: h}, {Text: h, To: "x"}, {Break: true}}
	facts := document.Table{ID: h, Caption: h, Columns: []document.Column{{Title: h}, {Title: h, Kind: document.Digest}, {Kind: document.Number}}, Rows: []document.Row{{ID: h, Cells: []document.Text{all}, Tone: document.Bad}, {Divide: true}, {Divide: true, Cells: []document.Text{all}}}}
	at := testkit.Start()
	return document.Document{
		Title: h, Subtitle: h, Language: h, Footer: h, Tool: h, Made: at,
		Banner: []document.Badge{{Kind: document.BadgeTLP, Text: h}, {Kind: document.BadgeState, Text: h}},
		Blocks: []document.Block{
			document.Heading{ID: h, Level: -1, Text: all},
			document.Heading{ID: "x", Level: 9, Text: all},
			document.Paragraph{Text: all},
			document.Note{Tone: document.Bad, Text: all},
			document.List{Ordered: true, Items: []document.Text{all, all}},
			document.Definitions{Items: []document.Definition{{Term: h, Text: all}}},
			document.Verbatim{Text: h, Code: true},
			document.PageBreak{},
			document.PageBreak{},
			facts,
			document.Figure{ID: h, Caption: h, Alt: h, Facts: &facts, Drawing: document.Bars{Rows: []document.Bar{{Label: h, Took: -1, Shown: h, Known: true, Phase: 99}, {Label: h, Reason: h}}}},
			document.Figure{Drawing: document.Lanes{From: at, Lanes: []document.Lane{{Label: h, Phase: -4, Stretches: []document.Stretch{{From: at.Add(time.Hour), To: at}}}}, Dots: []document.Dot{{Lane: 7}, {Lane: -1}, {Time: at, Kind: document.DotKind(h), To: h}}}},
			document.Figure{Drawing: document.Histogram{From: at, To: at, Counts: []int64{-1, 4}}},
			document.Figure{Drawing: document.Histogram{From: at, To: at.Add(1), Counts: []int64{-1, 1 << 62}, ShadeFrom: at.Add(time.Hour)}},
			document.Figure{Drawing: document.Shares{Parts: []document.Share{{Label: h, N: -3}, {Label: h, N: 1 << 60, Tone: document.Tone(h)}}}},
			document.Figure{Drawing: document.Deadlines{Rows: []document.Deadline{{Label: h, Shown: h}, {Label: h, Start: at, Due: at.Add(-time.Hour), Met: at.AddDate(200, 0, 0), Shown: h}}}},
			document.Figure{Alt: h},
		},
	}
}

func TestLongText(t *testing.T) {
	data := write(t, page(strings.Repeat("ten bytes ", 20_000)), pdf.Options{})
	if len(data) > 1<<20 {
		t.Errorf("%d bytes", len(data))
	}
	if text := textOf(t, data); !strings.Contains(text, "characters more: see the JSON form") {
		t.Error("nothing says that the text is cut")
	}
}

// TestManyEntries carries a table of a long record over pages, with its head.
func TestManyEntries(t *testing.T) {
	r := rich(t)
	row := r.Timeline[5]
	for i := range testkit.Rounds(t, 160, 5000) {
		x := row
		x.Seq = int64(100 + i)
		x.Ref, x.Text = fmt.Sprintf("#%d", x.Seq), fmt.Sprintf("note %d: web-%d answered again after its network was opened, see e%d and the log of the proxy", i, i%40, i%200)
		r.Timeline = append(r.Timeline, x)
	}
	data := write(t, document.Of(r), pdf.Options{})
	text := textOf(t, data)
	if pages, heads := strings.Count(text, "page "), strings.Count(text, "Phase Who What"); heads < 3 || pages < heads {
		t.Errorf("%d heads of the timeline on %d pages", heads, pages)
	}
	if !strings.Contains(text, "note 159: ") {
		t.Error("a row is missing")
	}
}

func BenchmarkManyEntries(b *testing.B) {
	data, err := os.ReadFile(filepath.Join("..", "testdata", "rich.json"))
	if err != nil {
		b.Fatal(err)
	}
	var r review.Review
	if err := json.Unmarshal(data, &r); err != nil {
		b.Fatal(err)
	}
	row := r.Timeline[5]
	for i := range 5000 {
		x := row
		x.Seq, x.Text = int64(100+i), fmt.Sprintf("note %d: web-%d answered again after its network was opened", i, i%40)
		r.Timeline = append(r.Timeline, x)
	}
	d := document.Of(r)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := pdf.Write(d, pdf.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
