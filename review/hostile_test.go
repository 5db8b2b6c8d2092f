package review_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/internal/testkit"
	"firebreak/record"
	"firebreak/review"
	"firebreak/review/document"
	"firebreak/review/page"
	"firebreak/timeline"
)

// poisoned is the rich record with every text in it replaced by h, wherever
// the entry can still be read with it.
func poisoned(t *testing.T, h string) review.Review {
	t.Helper()
	s := rich(t)
	for i := range s.entries {
		e := &s.entries[i]
		e.Actor = incident.Actor{ID: e.Actor.ID, Name: h}
		if e.Step != "" {
			e.Step = h
		}
		for name, raw := range e.Fields {
			if name == "source" && e.Kind == record.RunStarted || name == "action" || name == "reverts" || name == "run" {
				continue // what ties entries together
			}
			var v any
			if err := json.Unmarshal(raw, &v); err != nil {
				t.Fatal(err)
			}
			poison, err := json.Marshal(replace(v, h))
			if err != nil {
				t.Fatal(err)
			}
			e.Fields[name] = poison
			if text, _ := review.Describe(*e); strings.Contains(text, "cannot be read") {
				e.Fields[name] = raw // a number, a time or a word of ours
			}
		}
	}
	x := extra(s)
	x.Tool, x.Head.Origin, x.Head.Root, x.Head.Signed = h, h+"/2026-0007", h, []byte(h)
	x.Events = map[string]timeline.Event{}
	for _, e := range s.entries {
		var m record.Mark
		if e.Kind == record.EventMarked && e.Decode(&m) == nil {
			x.Events[m.Event] = timeline.Event{Time: testkit.Start(), Source: h, Host: h, Message: h, Exhibit: h, Precision: timeline.Precision(h)}
		}
	}
	r, err := review.Build(s.entries, x)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func replace(v any, h string) any {
	switch v := v.(type) {
	case string:
		return h
	case []any:
		for i := range v {
			v[i] = replace(v[i], h)
		}
		return v
	case map[string]any:
		out := map[string]any{}
		for k := range v {
			out[k] = replace(v[k], h)
		}
		out[h] = h
		return out
	}
	return v
}

func TestHostileTextEverywhere(t *testing.T) {
	for _, h := range testkit.Hostile() {
		r := poisoned(t, h)
		checkPage(t, h, string(page.HTML(r)))
		checkMarkdown(t, h, string(document.Markdown(document.Of(r))))
		if _, err := json.Marshal(r); err != nil {
			t.Errorf("%q: %v", h, err)
		}
	}
}

// checkPage walks the page's markup: only our own elements and attributes, no
// way out, and no character in the text that could fool a reader.
func checkPage(t *testing.T, h, page string) {
	t.Helper()
	checkVisible(t, h, page)
	elements := strings.Fields("html head meta title style body header div main section nav footer p h1 h2 h3 h4 ul ol li a strong br span bdi time code pre dl dt dd " +
		"table caption thead tbody tr th td blockquote details summary figure figcaption svg desc rect circle line text path")
	attributes := strings.Fields("lang charset http-equiv content name class id href aria-label aria-labelledby aria-describedby aria-hidden scope tabindex datetime colspan role " +
		"viewBox x y x1 y1 x2 y2 cx cy r rx width height d")
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, []string{"meta", "br"}, xml.HTMLEntity
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Errorf("%q: the page is not well formed: %v", h, err)
			return
		}
		switch token := token.(type) {
		case xml.Comment, xml.ProcInst:
			t.Errorf("%q: %#v in the page", h, token)
		case xml.StartElement:
			if !slices.Contains(elements, token.Name.Local) {
				t.Errorf("%q: element %s in the page", h, token.Name.Local)
			}
			for _, a := range token.Attr {
				if !slices.Contains(attributes, a.Name.Local) {
					t.Errorf("%q: attribute %s in the page", h, a.Name.Local)
				}
				if a.Name.Local == "href" && !strings.HasPrefix(a.Value, "#") {
					t.Errorf("%q: a link to %s", h, a.Value)
				}
			}
		case xml.CharData:
			for _, word := range []string{"://evil", "www.evil", "a@evil"} {
				if strings.Contains(strings.ReplaceAll(string(token), "xp://evil", ""), word) && !strings.Contains(string(token), "evil[.]example") {
					t.Errorf("%q: %s is not defanged in %q", h, word, token)
				}
			}
		default:
		}
	}
}

func checkVisible(t *testing.T, h, text string) {
	t.Helper()
	for _, line := range strings.Split(text, "\n") {
		if safe := term.Safe(line); safe != line && strings.TrimSpace(line) != "" {
			for _, r := range line {
				if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp) || r == unicode.ReplacementChar && !strings.Contains(h, "\xe9") {
					t.Errorf("%q: %U in %q", h, r, line)
				}
			}
		}
	}
}

// checkMarkdown takes fenced blocks and code spans away, by the rules of
// CommonMark, and looks at what is left: our own markup and quiet words.
func checkMarkdown(t *testing.T, h, md string) {
	t.Helper()
	checkVisible(t, h, md)
	rest := withoutCode(t, h, md)
	for _, bad := range []string{"<", "](", "![", "://", "www.", "@", "javascript", "&", "~~", "\x1b", "_", "$", "{{", "\\", "]:"} {
		if i := strings.Index(rest, bad); i >= 0 {
			t.Errorf("%q: %q outside of code: %q", h, bad, rest[max(0, i-60):min(len(rest), i+60)])
		}
	}
	columns := 0
	for _, line := range strings.Split(rest, "\n") {
		if !strings.HasPrefix(line, "|") {
			columns = 0
			if strings.HasPrefix(line, "#") && !regexp.MustCompile(`^#{1,3} `).MatchString(line) {
				t.Errorf("%q: heading %q", h, line)
			}
			continue
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if columns == 0 {
			columns = n
		}
		if n != columns {
			t.Errorf("%q: a row with %d bars among rows with %d: %q", h, n, columns, line)
		}
	}
}

func withoutCode(t *testing.T, h, md string) string {
	t.Helper()
	var out strings.Builder
	fence := ""
	for _, line := range strings.Split(md, "\n") {
		ticks := line[:len(line)-len(strings.TrimLeft(line, "`"))]
		switch {
		case fence == "" && len(ticks) >= 3 && strings.TrimPrefix(line, ticks) == "text":
			fence = ticks
		case fence != "" && len(ticks) >= len(fence) && strings.Trim(line, "` ") == "":
			fence = ""
		case fence == "":
			out.WriteString(withoutSpans(line) + "\n")
		}
	}
	if fence != "" {
		t.Errorf("%q: a block without an end", h)
	}
	return out.String()
}

// withoutSpans removes code spans: a run of backticks up to the next run of the
// same length.
func withoutSpans(line string) string {
	var out strings.Builder
	for i := 0; i < len(line); {
		if line[i] != '`' {
			out.WriteByte(line[i])
			i++
			continue
		}
		n := len(line[i:]) - len(strings.TrimLeft(line[i:], "`"))
		end := -1
		for j := i + n; j < len(line); {
			if line[j] != '`' {
				j++
				continue
			}
			m := len(line[j:]) - len(strings.TrimLeft(line[j:], "`"))
			if m == n {
				end = j + m
				break
			}
			j += m
		}
		if end < 0 {
			out.WriteString(line[i : i+n])
			i += n
			continue
		}
		if strings.Contains(strings.ReplaceAll(line[i:end], `\|`, ""), "|") && strings.HasPrefix(line, "|") {
			out.WriteString("|") // a bar that would end the cell
		}
		i = end
	}
	return out.String()
}

func FuzzText(f *testing.F) {
	for _, h := range testkit.Hostile() {
		f.Add(h)
	}
	f.Fuzz(func(t *testing.T, h string) {
		s := newStory(t)
		s.then(0, record.IncidentOpened, "", record.Opened{Title: h, Severity: incident.SEV1, Summary: h, Impact: h})
		s.then(0, record.Noted, "", record.Note{Text: h, Decision: true})
		r := build(t, s)
		checkMarkdown(t, h, string(document.Markdown(document.Of(r))))
		checkPage(t, h, string(page.HTML(r)))
	})
}
