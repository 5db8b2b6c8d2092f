package intake

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"io"
	"strings"
	"time"
)

// maxPage is how large a page may be.
const maxPage = 64 << 20

// sonarHTML reads the table of a page that sonar-report made: its head names the
// columns. A pointer counts the rows from 0.
//
// Reference: soprasteria/sonar-report, index.ejs.
func (c *reading) sonarHTML(r io.Reader) error {
	page, err := io.ReadAll(io.LimitReader(r, maxPage+1))
	if err != nil {
		return err
	}
	if len(page) > maxPage {
		return fmt.Errorf("%w: a page with more than %d MiB", ErrTooLarge, maxPage>>20)
	}
	t := &htmlTable{c: c}
	if err := eachTag(page, t.tag, t.text); err != nil {
		return err
	}
	if !t.isSonar {
		return fmt.Errorf("%w: it is an HTML page, and none of sonar-report", ErrUnknown)
	}
	if len(t.tables) > 0 {
		return fmt.Errorf("%w: it ends inside a table", ErrMalformed)
	}
	c.cover(t.project, "")
	return nil
}

// eachTag cuts a page into tags and texts, as browsers do: the texts of scripts
// and styles are none, nor are comments.
func eachTag(page []byte, tag func(name string, end bool) error, text func(s string)) error {
	for len(page) > 0 {
		i := bytes.IndexByte(page, '<')
		if i < 0 {
			text(html.UnescapeString(string(page)))
			return nil
		}
		if i > 0 {
			text(html.UnescapeString(string(page[:i])))
			page = page[i:]
		}
		if bytes.HasPrefix(page, []byte("<!--")) {
			end := bytes.Index(page[4:], []byte("-->"))
			if end < 0 {
				return nil
			}
			page = page[4+end+3:]
			continue
		}
		rest := page[1:]
		end := len(rest) > 0 && rest[0] == '/'
		if end {
			rest = rest[1:]
		}
		n := 0
		for n < len(rest) && (rest[n]|0x20 >= 'a' && rest[n]|0x20 <= 'z' || n > 0 && rest[n] >= '0' && rest[n] <= '9') {
			n++
		}
		if n == 0 && len(rest) > 0 && rest[0] != '!' && rest[0] != '?' && !end {
			text("<") // a text that says so
			page = page[1:]
			continue
		}
		name := strings.ToLower(string(rest[:n]))
		rest = afterTag(rest[n:])
		if err := tag(name, end); err != nil {
			return err
		}
		if (name == "style" || name == "script") && !end {
			if rest = skipRaw(rest, name); rest == nil {
				return nil
			}
		}
		page = rest
	}
	return nil
}

// afterTag is what follows the end of a tag; a > in quotes is none.
func afterTag(b []byte) []byte {
	quote := byte(0)
	for i, c := range b {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return b[i+1:]
		}
	}
	return nil
}

// skipRaw passes over the text of a script or style.
func skipRaw(b []byte, name string) []byte {
	for i := 0; ; {
		j := bytes.Index(b[i:], []byte("</"))
		if j < 0 {
			return nil
		}
		if i += j; len(b) >= i+2+len(name) && strings.EqualFold(string(b[i+2:i+2+len(name)]), name) {
			return b[i:]
		}
		i += 2
	}
}

// htmlTable follows the tables of a page; one may stand in a cell of another.
type htmlTable struct {
	c       *reading
	isSonar bool
	project string
	label   string // of the <dt> before
	cell    strings.Builder
	tables  []*htmlRows
	rows    int
}

type htmlRows struct {
	head, row []string
	cell      strings.Builder
	open      bool
}

func (t *htmlTable) top() *htmlRows {
	if len(t.tables) == 0 {
		return nil
	}
	return t.tables[len(t.tables)-1]
}

func (t *htmlTable) tag(name string, end bool) error {
	if end {
		return t.end(name)
	}
	top := t.top()
	switch name {
	case "table":
		if len(t.tables) >= maxElements {
			return fmt.Errorf("%w: more than %d tables within each other", ErrMalformed, maxElements)
		}
		t.tables = append(t.tables, &htmlRows{})
	case "tr":
		if top != nil {
			top.row = nil
		}
	case "th", "td":
		if top != nil && len(top.head)+len(top.row) < maxColumns {
			top.open, top.cell = true, strings.Builder{}
		}
	case "title", "h1", "dt", "dd":
		t.cell.Reset()
	}
	return nil
}

func (t *htmlTable) text(s string) {
	b := &t.cell
	if top := t.top(); top != nil {
		if !top.open {
			return
		}
		b = &top.cell
	}
	if b.Len() < 4*maxText {
		b.WriteString(s)
	}
}

func (t *htmlTable) end(name string) error {
	top := t.top()
	switch name {
	case "title", "h1":
		if s := strings.ToLower(t.cell.String()); strings.Contains(s, "sonar") {
			t.isSonar = true
		}
	case "dt":
		t.label = strings.TrimSpace(t.cell.String())
	case "dd":
		s := strings.TrimSpace(t.cell.String())
		switch t.label {
		case "Project Name":
			t.project = s
		case "Report Generated On":
			for _, layout := range []string{"Mon Jan 02 2006", "Monday, January 2, 2006", "Monday, Jan 2, 2006"} {
				if at, err := time.Parse(layout, s); err == nil {
					t.c.seen = sane(at)
				}
			}
		}
	case "th", "td":
		if top != nil && top.open {
			s := strings.TrimSpace(top.cell.String())
			top.open = false
			if name == "th" {
				top.head = append(top.head, s)
			} else {
				top.row = append(top.row, s)
			}
		}
	case "tr":
		if top != nil && len(top.row) > 0 {
			row := top.row
			top.row = nil
			return t.finding(top, row)
		}
	case "table":
		if top != nil {
			t.tables = t.tables[:len(t.tables)-1]
		}
	}
	return nil
}

// finding makes one of a row of the table of findings: the one whose head has a
// rule and a component.
func (t *htmlTable) finding(rows *htmlRows, row []string) error {
	column := func(name string) string {
		for i, h := range rows.head {
			if strings.EqualFold(h, name) && i < len(row) {
				return row[i]
			}
		}
		return ""
	}
	if !t.isSonar || column("Rule") == "" || column("Component") == "" && column("Message") == "" {
		return nil
	}
	if len(t.tables) != 1 {
		return nil // within a description
	}
	c := t.c
	if c.scope == "" {
		c.cover(t.project, "")
	}
	f := c.begin(Code, under("/rows", t.rows))
	t.rows++
	f.Rule = column("Rule")
	f.Says = column("Severity")
	f.Severity = sonarSeverity(f.Says)
	f.Message = column("Message")
	f.Title = cmp.Or(firstLine(column("Description")), firstLine(f.Message))
	f.File = column("Component")
	f.Line = (&node{raw: []byte(cmp.Or(column("Line"), "0"))}).whole()
	f.StateSays = column("Status")
	f.Fingerprint = column("Key")
	f.Resource = t.project
	f.names(f.Message)
	return c.add("")
}
