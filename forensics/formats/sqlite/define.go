package sqlite

import "strings"

// define reads what a CREATE TABLE says of the columns that rows keep. SQLite
// wrote the text, so it is well formed unless the file is damaged or hostile;
// then the columns come out wrong, and nothing else.
func define(sql string) *Table {
	t := &Table{rowid: -1}
	words := tokens(sql)
	open := 0
	for open < len(words) && words[open].text != "(" {
		open++
	}
	var key []string
	integer := map[int]bool{}
	rest := words[min(open+1, len(words)):]
	for len(rest) > 0 && len(t.Columns) < maxColumns {
		var part []token
		part, rest = element(rest)
		if len(part) > 0 {
			t.element(part, integer, &key)
		}
		if len(rest) == 0 || rest[0].text != "," {
			break
		}
		rest = rest[1:]
	}
	for i := range rest {
		if i+1 < len(rest) && rest[i].is("without") && rest[i+1].is("rowid") {
			t.keyless = true
		}
	}
	switch {
	case t.keyless:
		t.rowid = -1
		t.order = t.keyFirst(key)
	case t.rowid < 0 && len(key) == 1:
		if i := t.Column(key[0]); i >= 0 && integer[i] {
			t.rowid = i
		}
	}
	return t
}

// element reads one column or constraint of the table.
func (t *Table) element(part []token, integer map[int]bool, key *[]string) {
	first := part[0]
	if !first.quoted {
		if first.is("constraint") && len(part) > 2 {
			part = part[2:]
			first = part[0]
		}
		switch strings.ToLower(first.text) {
		case "primary":
			for _, w := range part[1:] {
				if w.text != "(" && w.text != ")" && w.text != "," && !w.is("key") && !w.is("asc") && !w.is("desc") {
					*key = append(*key, w.text)
				}
			}
			return
		case "unique", "check", "foreign":
			return
		}
	}
	stored, computed, primary, desc := false, false, false, false
	depth := 0
	for i, w := range part[1:] {
		switch {
		case w.text == "(":
			depth++
		case w.text == ")":
			depth--
		case depth > 0 || w.quoted:
		case w.is("as"):
			computed = true
		case w.is("stored"):
			stored = true
		case w.is("primary"):
			primary = true
			desc = i+3 < len(part) && part[i+3].is("desc")
		}
	}
	if computed && !stored {
		return
	}
	n := len(t.Columns)
	if n == 0 && len(part) > 1 {
		of := strings.ToLower(part[1].text)
		t.text = strings.Contains(of, "text") || strings.Contains(of, "char")
	}
	t.Columns = append(t.Columns, first.text)
	integer[n] = len(part) > 1 && part[1].is("integer")
	if primary {
		*key = append(*key, first.text)
		if integer[n] && !desc {
			t.rowid = n
		}
	}
}

// keyFirst is the order of the values of a table without row ids: first the
// primary key, then the rest.
func (t *Table) keyFirst(key []string) []int {
	var order []int
	taken := map[int]bool{}
	for _, k := range key {
		if i := t.Column(k); i >= 0 && !taken[i] {
			order = append(order, i)
			taken[i] = true
		}
	}
	for i := range t.Columns {
		if !taken[i] {
			order = append(order, i)
		}
	}
	return order
}

// token is one word of SQL.
type token struct {
	text   string
	quoted bool
}

func (t token) is(word string) bool { return !t.quoted && strings.EqualFold(t.text, word) }

// element splits off what comes before the next comma, or the parenthesis that
// closes, outside of parentheses.
func element(words []token) (part, rest []token) {
	depth := 0
	for i, w := range words {
		if w.quoted {
			continue
		}
		switch w.text {
		case "(":
			depth++
		case ")":
			if depth--; depth < 0 {
				return words[:i], words[i:]
			}
		case ",":
			if depth == 0 {
				return words[:i], words[i:]
			}
		}
	}
	return words, nil
}

// tokens cuts SQL into words; comments are left out.
func tokens(sql string) []token {
	var out []token
	for i := 0; i < len(sql); {
		c := sql[i]
		switch {
		case c == '-' && strings.HasPrefix(sql[i:], "--"):
			i += until(sql[i:], "\n")
		case c == '/' && strings.HasPrefix(sql[i:], "/*"):
			i += until(sql[i:], "*/")
		case c == '"' || c == '\'' || c == '`' || c == '[':
			text, n := quoted(sql[i:])
			out = append(out, token{text, true})
			i += n
		case isWord(c):
			n := i
			for n < len(sql) && isWord(sql[n]) {
				n++
			}
			out = append(out, token{sql[i:n], false})
			i = n
		default:
			if c != ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' {
				out = append(out, token{sql[i : i+1], false})
			}
			i++
		}
	}
	return out
}

func isWord(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// until is the length up to and with the end mark.
func until(s, end string) int {
	if i := strings.Index(s[1:], end); i >= 0 {
		return 1 + i + len(end)
	}
	return len(s)
}

// quoted reads a name or text in quotes; doubled ones stand for one.
func quoted(s string) (text string, n int) {
	end := s[0]
	if end == '[' {
		end = ']'
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != end {
			b.WriteByte(s[i])
			continue
		}
		if end == ']' || i+1 >= len(s) || s[i+1] != end {
			return b.String(), i + 1
		}
		b.WriteByte(end)
		i++
	}
	return b.String(), len(s)
}
