package timeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Attribute is one thing that a source says of an event beyond the fields that
// all events have.
type Attribute struct {
	Name, Value string
}

// Attributes are the attributes of one event, sorted by name, each name once.
// In JSON they are one object. A sorted slice takes a tenth of what a map costs
// to make, and a parser can use the same one for every line.
type Attributes []Attribute

// AttributesOf sorts a map.
func AttributesOf(m map[string]string) Attributes {
	if len(m) == 0 {
		return nil
	}
	a := make(Attributes, 0, len(m))
	for name, value := range m {
		a = append(a, Attribute{name, value})
	}
	slices.SortFunc(a, func(x, y Attribute) int { return strings.Compare(x.Name, y.Name) })
	return a
}

// find is where the name is, or belongs.
func (a Attributes) find(name string) (int, bool) {
	// Parsers set names in about the right order: most often it goes to the end.
	if n := len(a); n == 0 || a[n-1].Name < name {
		return n, false
	}
	return slices.BinarySearchFunc(a, name, func(x Attribute, name string) int { return strings.Compare(x.Name, name) })
}

// Get is the value of that name, empty where there is none.
func (a Attributes) Get(name string) string {
	if i, ok := a.find(name); ok {
		return a[i].Value
	}
	return ""
}

// Has reports whether there is an attribute of that name.
func (a Attributes) Has(name string) bool {
	_, ok := a.find(name)
	return ok
}

// Set adds the attribute, or gives it another value.
func (a *Attributes) Set(name, value string) {
	s := *a
	i := len(s)
	if i > 24 {
		var ok bool
		if i, ok = s.find(name); ok {
			s[i].Value = value
			return
		}
	}
	// A few steps from the end are quicker than a search by halves.
	for ; i > 0; i-- {
		c := compare(s[i-1].Name, name)
		if c < 0 {
			break
		}
		if c == 0 {
			s[i-1].Value = value
			return
		}
	}
	s = append(s, Attribute{name, value})
	if i < len(s)-1 {
		copy(s[i+1:], s[i:])
		s[i] = Attribute{name, value}
	}
	*a = s
}

// compare is strings.Compare of names, which mostly differ at once.
func compare(a, b string) int {
	if len(a) > 0 && len(b) > 0 && a[0] != b[0] {
		return int(a[0]) - int(b[0])
	}
	return strings.Compare(a, b)
}

// Delete takes the attribute away where there is one.
func (a *Attributes) Delete(name string) {
	if i, ok := a.find(name); ok {
		*a = slices.Delete(*a, i, i+1)
	}
}

// Map is the attributes as a map.
func (a Attributes) Map() map[string]string {
	m := make(map[string]string, len(a))
	for _, x := range a {
		m[x.Name] = x.Value
	}
	return m
}

// MarshalJSON writes one object.
func (a Attributes) MarshalJSON() ([]byte, error) {
	if a == nil {
		return []byte("null"), nil
	}
	var b bytes.Buffer
	text := json.NewEncoder(&b)
	text.SetEscapeHTML(false) // the outer encoder escapes where that is wanted
	b.WriteByte('{')
	for i, x := range a {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, s := range [...]string{x.Name, x.Value} {
			if j == 1 {
				b.WriteByte(':')
			}
			if err := text.Encode(s); err != nil {
				return nil, fmt.Errorf("write attribute %q: %w", x.Name, err)
			}
			b.Truncate(b.Len() - 1) // the line feed
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads one object of texts.
func (a *Attributes) UnmarshalJSON(b []byte) error {
	var m map[string]string
	if err := json.Unmarshal(b, &m); err != nil {
		return fmt.Errorf("read attributes: %w", err)
	}
	*a = AttributesOf(m)
	return nil
}
