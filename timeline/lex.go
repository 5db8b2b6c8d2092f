package timeline

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

func (p *parser) space() {
	p.at += len(p.text[p.at:]) - len(strings.TrimLeftFunc(p.text[p.at:], unicode.IsSpace))
}

func isSpaceAt(s string, at int) bool {
	r, _ := utf8.DecodeRuneInString(s[at:])
	return unicode.IsSpace(r)
}

// peekKeyword reports whether the word comes next and stands alone.
func (p *parser) peekKeyword(word string) bool {
	end := p.at + len(word)
	if end > len(p.text) || !strings.EqualFold(p.text[p.at:end], word) {
		return false
	}
	return end == len(p.text) || isSpaceAt(p.text, end) || p.text[end] == ')' || p.text[end] == '('
}

func (p *parser) keyword(word string) bool {
	if !p.peekKeyword(word) {
		return false
	}
	p.at += len(word)
	p.space()
	return true
}

// fieldName is the name before a colon and where the value begins; 0 when no
// field comes next. What looks like a URL, a Windows path or an IPv6 address
// is a word.
func (p *parser) fieldName() (name string, end int) {
	rest := p.text[p.at:]
	if quoted, ok := strings.CutPrefix(rest, `attr."`); ok {
		name, n, ok := unquote(`"` + quoted)
		if ok && strings.HasPrefix(quoted[n-1:], ":") {
			return "attr." + name, p.at + len("attr.") + n + 1
		}
		return "", 0
	}
	colon := strings.IndexByte(rest, ':')
	if colon <= 0 {
		return "", 0
	}
	name, value := rest[:colon], rest[colon+1:]
	if attribute, ok := strings.CutPrefix(name, "attr."); ok && plainName(attribute) {
		return name, p.at + colon + 1
	}
	for i := range len(name) {
		if c := lowByte(name[i]); (c < 'a' || c > 'z') && c != '_' && (c != '@' || i > 0) {
			return "", 0
		}
	}
	if slices.Contains(fieldWords(), canonicalField(name)) {
		return name, p.at + colon + 1
	}
	if strings.HasPrefix(value, "//") || strings.HasPrefix(value, `\`) || strings.HasPrefix(value, ":") {
		return "", 0
	}
	return name, p.at + colon + 1
}

// pattern reads a phrase in quotes, an expression in slashes, or a bare word;
// in a list a comma ends the word.
func (p *parser) pattern(inList bool) (Pattern, error) {
	start := p.at
	if p.text[start] == '"' {
		text, n, ok := unquote(p.text[start:])
		switch {
		case !ok:
			return Pattern{}, p.fail(start, "this quote is not closed", "")
		case text == "" && !inList:
			return Pattern{}, p.fail(start, "there is nothing in these quotes", "")
		}
		p.at += n
		return literal(text), nil
	}
	if end := p.regexpEnd(start, inList); end > 0 {
		text, ignoreCase := p.text[start+1:end], false
		p.at = end + 1
		if p.at < len(p.text) && p.text[p.at] == 'i' {
			ignoreCase = true
			p.at++
		}
		pattern, err := expression(text, ignoreCase)
		if err != nil {
			return Pattern{}, p.fail(start, strings.TrimPrefix(err.Error(), "error parsing regexp: "), "the syntax is RE2's")
		}
		return pattern, nil
	}
	word := p.bare(inList)
	if strings.Count(word, "(") != strings.Count(word, ")") {
		hint := "write the word in quotes"
		if inList {
			hint += "; a list is host:a,b"
		}
		return Pattern{}, p.fail(start, "a ( in this word is not closed", hint)
	}
	return wildcard(word), nil
}

// regexpEnd is where the slash stands that ends an expression beginning at
// start, 0 when none begins there: a path such as /etc/passwd is a word.
func (p *parser) regexpEnd(start int, inList bool) int {
	if start == len(p.text) || p.text[start] != '/' {
		return 0
	}
	for i := start + 1; i < len(p.text); i++ {
		switch p.text[i] {
		case '\\':
			i++
		case '/':
			after := i + 1
			if after < len(p.text) && p.text[after] == 'i' {
				after++
			}
			ends := after == len(p.text) || isSpaceAt(p.text, after) || p.text[after] == ')' || inList && p.text[after] == ','
			if ends && i > start+1 {
				return i
			}
			return 0
		}
	}
	return 0
}

// bare reads up to white space, a closing parenthesis that the word did not
// open, or in a list a comma.
func (p *parser) bare(inList bool) string {
	start, open := p.at, 0
	for i, r := range p.text[start:] {
		end := unicode.IsSpace(r) || inList && r == ','
		switch r {
		case '(':
			open++
		case ')':
			open--
			end = end || open < 0
		}
		if end {
			p.at = start + i
			return p.text[start:p.at]
		}
	}
	p.at = len(p.text)
	return p.text[start:]
}

// unquote reads the quoted text at the start of s and how many bytes it took.
func unquote(s string) (text string, n int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), i + 1, true
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", 0, false
}

// fieldWords are the words that may stand before a colon, attr aside.
func fieldWords() []string {
	return append(fieldNames[FieldHost:FieldAttribute:FieldAttribute], "message", "ip", "after", "before", "around", "time", "discovered", "star", "tag", "comment", "exists", "missing")
}

// suggest is a hint for a name that is no field; value is what follows it.
func suggest(name, value string) string {
	low := strings.ToLower(name)
	best, distance := "", 3
	for _, known := range fieldWords() {
		if d := editDistance(low, known); d < distance && d < len(known) {
			best, distance = known, d
		}
	}
	value, _, _ = strings.Cut(value, " ")
	if value == "" || len(value) > 40 {
		value = "…"
	}
	attribute := fieldName(FieldAttribute, name) + ":" + value
	if best != "" {
		return fmt.Sprintf("did you mean %s:? an attribute is %s", best, attribute)
	}
	if _, ok := parsePrefix(value); ok {
		attribute += ", an address anywhere is ip:" + value
	}
	return fmt.Sprintf(`an attribute is %s, and text with a colon goes in quotes`, attribute)
}

func editDistance(a, b string) int {
	if len(a) > 16 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// canonicalField is the name of the field that people of other tools call so.
func canonicalField(name string) string {
	low := strings.ToLower(name)
	if known, ok := otherNames[low]; ok {
		return known
	}
	return low
}

// otherNames are how Kibana, Timesketch, Splunk and lnav call our fields.
var otherNames = map[string]string{
	"hostname": "host", "username": "user", "msg": "message", "tags": "tag", "label": "tag", "starred": "star", "comments": "comment",
	"timestamp": "time", "@timestamp": "time", "datetime": "time", "since": "after", "until": "before",
	"_exists_": "exists", "has": "exists",
}
