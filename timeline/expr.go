package timeline

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Expr is a node of a parsed filter: And, Or, Not, Word, Is, Compare, After,
// Before, Discovered, Address or Marked. String writes it in the filter language.
type Expr interface {
	Match(e *Event) bool
	String() string
	compound() bool // needs parentheses below Not
}

// And matches what all of its parts match.
type And []Expr

// Or matches what one of its parts matches.
type Or []Expr

// Not matches what X does not match.
type Not struct{ X Expr }

// Word looks for Pattern inside the event's text: the message alone when
// Message is set, else the message, the values of the attributes, the host
// and the user.
type Word struct {
	Pattern Pattern
	Message bool
}

// Is compares the whole value of Field with the patterns; one must match.
// Attribute is the attribute's name where Field is FieldAttribute.
type Is struct {
	Field     Field
	Attribute string
	Patterns  []Pattern
}

// Compare holds a field's number against Number. A value that is no number,
// or is missing, does not match.
type Compare struct {
	Field     Field
	Attribute string
	Op        Op
	Number    Number
}

// After matches events at Time or later. Undated events do not match.
type After struct{ Time time.Time }

// Before matches events earlier than Time. Undated events do not match.
type Before struct{ Time time.Time }

// Discovered matches events whose exhibit was sealed at Time or later, or with
// Before earlier. When exhibits were sealed is not in the event: Filter.Sealed
// puts the exhibits in its place, and until then nothing matches.
type Discovered struct {
	Time   time.Time
	Before bool
}

// Address matches events in whose message, attributes or host an IP address
// stands that lies in one of the prefixes.
type Address struct{ Prefixes []netip.Prefix }

// Marked matches events that people starred, tagged or commented. What is
// marked is not in the event: Filter.Marked fills it in, and until then
// nothing matches.
type Marked struct {
	Kind     MarkKind
	Patterns []Pattern
	events   map[ID]bool
}

// Field is a field of an event that a filter can name.
type Field int

// The fields.
const (
	FieldHost Field = iota + 1
	FieldUser
	FieldSource
	FieldParser
	FieldKind
	FieldPrecision
	FieldExhibit
	FieldTechnique
	FieldID
	FieldOffset
	FieldAttribute
)

var fieldNames = [...]string{
	FieldHost: "host", FieldUser: "user", FieldSource: "source", FieldParser: "parser", FieldKind: "kind",
	FieldPrecision: "precision", FieldExhibit: "exhibit", FieldTechnique: "technique", FieldID: "id",
	FieldOffset: "offset", FieldAttribute: "attr",
}

// String is the field's name in the filter language.
func (f Field) String() string {
	if f < FieldHost || int(f) >= len(fieldNames) {
		return "field?"
	}
	return fieldNames[f]
}

// ParseField reads a field as it is written before the colon, the name of an
// attribute after "attr." included.
func ParseField(s string) (field Field, attribute string, ok bool) {
	if name, found := strings.CutPrefix(s, "attr."); found {
		return FieldAttribute, name, name != ""
	}
	for f := FieldHost; f < FieldAttribute; f++ {
		if strings.EqualFold(s, fieldNames[f]) {
			return f, "", true
		}
	}
	return 0, "", false
}

// Value is the field's value in e, empty where the event has none.
func (f Field) Value(e *Event, attribute string) string {
	switch f {
	case FieldHost:
		return e.Host
	case FieldUser:
		return e.User
	case FieldSource:
		return e.Source
	case FieldParser:
		return e.Parser
	case FieldKind:
		return string(e.TimeKind)
	case FieldPrecision:
		return string(e.Precision)
	case FieldExhibit:
		return e.Exhibit
	case FieldTechnique:
		return e.Technique
	case FieldID:
		return e.ID.String()
	case FieldOffset:
		return strconv.FormatInt(e.Offset, 10)
	case FieldAttribute:
		return e.Attributes.Get(attribute)
	}
	return ""
}

// MarkKind is a kind of mark that people put on events.
type MarkKind string

// The marks.
const (
	MarkStar    MarkKind = "star"
	MarkTag     MarkKind = "tag"
	MarkComment MarkKind = "comment"
)

// Match reports whether every part matches.
func (x And) Match(e *Event) bool {
	for _, p := range x {
		if !p.Match(e) {
			return false
		}
	}
	return true
}

// Match reports whether a part matches.
func (x Or) Match(e *Event) bool {
	for _, p := range x {
		if p.Match(e) {
			return true
		}
	}
	return false
}

// Match reports whether X does not match.
func (x Not) Match(e *Event) bool { return !x.X.Match(e) }

// Match reports whether the pattern stands in the event's text.
func (x Word) Match(e *Event) bool {
	if x.Pattern.In(e.Message) {
		return true
	}
	if x.Message {
		return false
	}
	if x.Pattern.In(e.Host) || x.Pattern.In(e.User) {
		return true
	}
	for _, a := range e.Attributes {
		if x.Pattern.In(a.Value) {
			return true
		}
	}
	return false
}

// Match reports whether the field's value is one of the patterns.
func (x Is) Match(e *Event) bool { return x.Matches(x.Field.Value(e, x.Attribute)) }

// Matches is Match for a value at hand. A technique includes its
// sub-techniques: T1110 matches T1110.001.
func (x Is) Matches(value string) bool {
	for _, p := range x.Patterns {
		if p.Match(value) {
			return true
		}
		if x.Field == FieldTechnique {
			if parent, _, ok := strings.Cut(value, "."); ok && p.Match(parent) {
				return true
			}
		}
	}
	return false
}

// Matches is Match for a value at hand, of any field but the offset.
func (x Compare) Matches(value string) bool {
	n, ok := parseNumber(value)
	return ok && x.Op.holds(n.compare(x.Number))
}

// Match compares the field's number.
func (x Compare) Match(e *Event) bool {
	if x.Field == FieldOffset {
		return x.Op.holds(Number{whole: e.Offset, isWhole: true}.compare(x.Number))
	}
	n, ok := parseNumber(x.Field.Value(e, x.Attribute))
	return ok && x.Op.holds(n.compare(x.Number))
}

// Match reports whether the event is dated and not earlier.
func (x After) Match(e *Event) bool { return !e.Time.IsZero() && !e.Time.Before(x.Time) }

// Match reports whether the event is dated and earlier.
func (x Before) Match(e *Event) bool { return !e.Time.IsZero() && e.Time.Before(x.Time) }

// Match is false: see Filter.Sealed.
func (x Discovered) Match(*Event) bool { return false }

// Match reports whether the event is one of those marked.
func (x Marked) Match(e *Event) bool { return x.events[e.ID] }

// Events are the ids of the marked events, in no order.
func (x Marked) Events() []ID {
	ids := make([]ID, 0, len(x.events))
	for id := range x.events {
		ids = append(ids, id)
	}
	return ids
}

func (And) compound() bool        { return true }
func (Or) compound() bool         { return true }
func (Not) compound() bool        { return false }
func (Word) compound() bool       { return false }
func (Is) compound() bool         { return false }
func (Compare) compound() bool    { return false }
func (After) compound() bool      { return false }
func (Before) compound() bool     { return false }
func (Discovered) compound() bool { return false }
func (Address) compound() bool    { return false }
func (Marked) compound() bool     { return false }
