package pdf_test

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
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

// open is the file with its streams unpacked, so that what is in it can be seen.
func open(t *testing.T, data []byte) []byte {
	t.Helper()
	var out []byte
	for {
		from := bytes.Index(data, []byte("stream\n"))
		if from < 0 {
			return append(out, data...)
		}
		head := data[:from]
		at := bytes.LastIndex(head, []byte("/Length "))
		var n int
		if _, err := fmt.Sscanf(string(head[at:]), "/Length %d", &n); err != nil {
			t.Fatal(err)
		}
		body := data[from+7 : from+7+n]
		if bytes.Contains(head, []byte("/FlateDecode")) {
			z, err := zlib.NewReader(bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if body, err = io.ReadAll(z); err != nil {
				t.Fatal(err)
			}
		}
		out = append(append(out, head...), body...)
		data = data[from+7+n+len("\nendstream"):]
	}
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
	raw := open(t, data)
	if n := bytes.Count(raw, []byte("/Subtype/Link")); n < 100 {
		t.Errorf("%d links", n)
	}
	if n := bytes.Count(raw, []byte("/Title")); n < len(headings(d)) {
		t.Errorf("%d titles in the outline and the properties", n)
	}
	if bytes.Contains(raw, []byte("/Author")) || bytes.Contains(raw, []byte("/URI")) || bytes.Contains(raw, []byte("/JavaScript")) {
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

// TestReadByOthers reads the structure with somebody else's program.
func TestReadByOthers(t *testing.T) {
	d := ofEachKind(document.Of(rich(t))) // pdfinfo takes its time
	data := write(t, d, pdf.Options{})
	raw := open(t, data)
	for _, want := range []string{"/MarkInfo<</Marked true>>", "/Lang(en)", "/DisplayDocTitle true", "/StructTreeRoot", "/Tabs/S", "/Scope/Column", "/Scope/Row", "/ListNumbering/Disc"} {
		if !bytes.Contains(raw, []byte(want)) {
			t.Errorf("no %s", want)
		}
	}
	out := run(t, data, "pdfinfo", "poppler-utils", "-struct-text", "-enc", "UTF-8", "FILE")
	at := 0
	for _, h := range headings(d) {
		n := strings.Index(out[at:], strconv.Quote(h))
		if n < 0 {
			t.Fatalf("heading %q is not read, or not in its place", h)
		}
		at += n
	}
	for _, want := range []string{"TOCI", "LBody", "TH:", "/Scope /Column", "Figure", "BlockQuote"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(out, "page 1 of") {
		t.Error("the foot of a page is read as text")
	}
}

// ofEachKind keeps the headings of the first level and one of each other block.
func ofEachKind(d document.Document) document.Document {
	seen := map[string]bool{}
	var out []document.Block
	for _, b := range d.Blocks {
		kind := fmt.Sprintf("%T", b)
		h, ok := b.(document.Heading)
		if table, is := b.(document.Table); is && (len(table.Rows) > 5 || table.Columns[0].Title == "") {
			continue
		}
		if ok && h.Level == 1 || !seen[kind] {
			out = append(out, b)
		}
		seen[kind] = true
	}
	d.Blocks = out
	return d
}

// TestScripts writes scripts whose letters change places or melt together, with
// fonts of the machine, and gets the text back.
func TestScripts(t *testing.T) {
	names := map[string][]string{
		"NotoSansDevanagari": {"हिन्दी", "क्षत्रिय", "श्री", "प्रिया"},
		"NotoSansBengali":    {"বাংলা", "শ্রী"},
		"NotoSansTamil":      {"தமிழ்", "கொள்கை"},
		"NotoSansMalayalam":  {"കേരളം"},
		"NotoSansSinhala":    {"ශ්\u200dරී"},
		"NotoSansThai":       {"ประเทศ", "ที่นี่"},
		"NotoSansMyanmar":    {"ကြောင့်"},
		"NotoSansKhmer":      {"ស្រី"},
		"NotoSansCJK":        {"渡辺", "한국어", "𠮷野家"},
	}
	var files, want []string
	for font, some := range names {
		paths, err := filepath.Glob("/usr/share/fonts/*/*/" + font + "-Regular.tt[fc]")
		if err != nil || len(paths) == 0 {
			continue
		}
		files, want = append(files, paths[0]), append(want, some...)
	}
	if len(files) == 0 {
		t.Skip("no font for the scripts of Asia is at hand: install fonts-noto-core, fonts-noto-cjk")
	}
	found := func(yield func(string, []byte) bool) {
		for _, file := range files {
			if data, err := os.ReadFile(file); err != nil || !yield(filepath.Base(file), data) {
				return
			}
		}
	}
	data := write(t, page(strings.Join(want, " ; ")), pdf.Options{Found: found})
	text := strings.ReplaceAll(textOf(t, data), " ", "") // a line may end within a name
	for _, name := range want {
		if !strings.Contains(text, name) {
			t.Errorf("%s is not in %q", name, text)
		}
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
	text := textOf(t, write(t, page("ok 🧯 हि end"), pdf.Options{}))
	for _, want := range []string{"ok U+1F9EF", "U+0939U+093F end", "No font at hand has these characters"} {
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
	asked := func(func(string, []byte) bool) { t.Error("fonts were asked for without need") }
	write(t, page("plain text"), pdf.Options{Found: asked})
}

func TestHostileText(t *testing.T) {
	short := append(testkit.Hostile(), ") Tj ET (", "%%EOF", "\\", "endstream endobj", "\x00\x01", "\xff\xfe", "")
	long := []string{strings.Repeat("w", 300), strings.Repeat("अ", 30)}
	var last []byte
	for _, h := range []string{"", strings.Join(long, " "), strings.Join(short, " ")} {
		data := write(t, hostile(h), pdf.Options{})
		last = data
		for _, bad := range []string{"/URI", "/JS", "/Launch", "/EmbeddedFile ", "/Author", "/AA<", "/AA ", "/SubmitForm"} {
			if bytes.Contains(open(t, data), []byte(bad)) {
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
