package timeline

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Completing is what stands at the cursor in a filter that is being typed.
type Completing struct {
	Kind      CompletionKind
	Field     Field  // of a value
	Attribute string // the attribute whose value it is
	Mark      MarkKind
	Name      string // the field as it was typed, of a value that is no field's
	Prefix    string // what is there already, without quotes
	From, To  int    // the bytes that a completion replaces
}

// CompletionKind is what can be completed.
type CompletionKind int

// The kinds.
const (
	CompleteNothing   CompletionKind = iota // inside a phrase, an expression, a number
	CompleteName                            // the name of a field, or a word
	CompleteAttribute                       // behind "attr."
	CompleteValue                           // behind a field's colon, or the comma of its list
	CompleteMark                            // behind tag:
	CompleteTime                            // behind after:, before:, around:, time:
	CompleteWord                            // one of Words: star:yes
)

// CompletionAt looks at what stands before the cursor, which is a byte offset.
func CompletionAt(text string, cursor int) Completing {
	cursor = min(max(cursor, 0), len(text))
	for i := 0; ; {
		i += len(text[i:]) - len(strings.TrimLeftFunc(text[i:], func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("()!-", r) }))
		end := termEnd(text, i)
		if cursor <= end || i >= len(text) {
			start := min(i, cursor)
			return completing(text, start, cursor, max(end, cursor))
		}
		i = end
	}
}

// termEnd is where the term that begins at start ends.
func termEnd(text string, start int) int {
	p := parser{text: text}
	if end := p.regexpEnd(start, false); end > 0 {
		return end + 1
	}
	for i := start; i < len(text); {
		if text[i] == '"' {
			_, n, closed := unquote(text[i:])
			if !closed {
				return len(text)
			}
			i += n
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		if unicode.IsSpace(r) || r == ')' && strings.Count(text[start:i], "(") <= strings.Count(text[start:i], ")") {
			return i
		}
		i += n
	}
	return len(text)
}

func completing(text string, start, cursor, end int) Completing {
	typed := text[start:cursor]
	nothing := Completing{From: cursor, To: cursor}
	p := parser{text: text, at: start}
	name, value := p.fieldName()
	switch {
	case value == 0 || value > cursor:
		if strings.ContainsAny(typed, `"/:=<>`) {
			return nothing
		}
		if i := strings.IndexByte(text[start:end], ':'); i >= 0 {
			end = start + i + 1
		}
		if prefix, ok := strings.CutPrefix(typed, "attr."); ok {
			return Completing{Kind: CompleteAttribute, Prefix: prefix, From: start, To: end}
		}
		return Completing{Kind: CompleteName, Prefix: typed, From: start, To: end}
	}
	c := Completing{Name: strings.ToLower(name), From: value, To: end}
	for {
		at := listEnd(text, c.From, end)
		if cursor <= at {
			c.To = at
			break
		}
		c.From = at + 1
	}
	c.Prefix = text[c.From:cursor]
	if quoted, ok := strings.CutPrefix(c.Prefix, `"`); ok {
		c.Prefix = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(strings.TrimSuffix(quoted, `"`))
	} else if strings.ContainsAny(c.Prefix, `*/<>`) {
		return nothing
	}
	switch canonical := canonicalField(c.Name); canonical {
	case "after", "before", "around", "time", "discovered":
		c.Kind = CompleteTime
	case "tag":
		c.Kind, c.Mark = CompleteMark, MarkTag
	case "star", "exists", "missing":
		c.Kind = CompleteWord
	default:
		field, attribute, ok := ParseField(name)
		if !ok {
			field, attribute, ok = ParseField(canonical)
		}
		if !ok || field == FieldID || field == FieldOffset {
			return nothing
		}
		c.Kind, c.Field, c.Attribute = CompleteValue, field, attribute
	}
	return c
}

// listEnd is where the value that begins at from ends: at a comma, or at end.
func listEnd(text string, from, end int) int {
	if from < end && text[from] == '"' {
		if _, n, closed := unquote(text[from:end]); closed {
			from += n
		} else {
			return end
		}
	}
	if i := strings.IndexByte(text[from:end], ','); i >= 0 {
		return from + i
	}
	return end
}

// Words are what can stand there of the language itself: names of fields with
// their colon, moments, yes and no.
func (c Completing) Words() []string {
	var all []string
	switch c.Kind {
	case CompleteNothing, CompleteAttribute, CompleteValue, CompleteMark: // the store knows them
	case CompleteName:
		for _, w := range fieldWords() {
			all = append(all, w+":")
		}
		all = append(all, "attr.")
		slices.Sort(all)
	case CompleteTime:
		all = []string{"now", "today", "yesterday", "-1h", "-24h", "-7d", "detected"}
	case CompleteWord:
		all = []string{"yes", "no"}
		if c.Name != "star" {
			all = append(fieldNames[FieldHost:FieldID:FieldID], "tag", "comment", "star", "attr.")
		}
	}
	return slices.DeleteFunc(all, func(w string) bool { return !c.Fits(w) })
}

// Fits reports whether the text goes on with what is there, whatever the case.
func (c Completing) Fits(text string) bool {
	return strings.HasPrefix(fold(text), fold(c.Prefix))
}
