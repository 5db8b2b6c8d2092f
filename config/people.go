package config

import (
	"time"

	"go.yaml.in/yaml/v4"
)

// TwoPersons says when somebody else than who planned an action has to agree.
// The zero value is the least: high danger, in a SEV1 or SEV2 incident, where
// the roster has two people. The file can only ask for more.
type TwoPersons struct {
	Danger   string `json:"danger,omitempty"`   // from this one on: high, medium or low
	Severity string `json:"severity,omitempty"` // this one and worse: sev2, sev3 or sev4
	Always   bool   `json:"always,omitempty"`   // also where the roster has not got two people
	// BreakGlass is "never" where nobody may go around the rule alone.
	BreakGlass string `json:"break_glass,omitempty"`
}

// The values of TwoPersons.BreakGlass.
const (
	BreakGlassAllowed = "allowed"
	BreakGlassNever   = "never"
)

func (p *parser) twoPersons(n *yaml.Node) TwoPersons {
	var t TwoPersons
	p.mapping(n, "two_persons", map[string]func(*yaml.Node){
		"danger":   func(v *yaml.Node) { t.Danger = p.word(v, "two_persons.danger", "high", "medium", "low") },
		"severity": func(v *yaml.Node) { t.Severity = p.word(v, "two_persons.severity", "sev2", "sev3", "sev4") },
		"always": func(v *yaml.Node) {
			t.Always = v.Value == "true"
			if v.Kind != yaml.ScalarNode || v.Value != "true" && v.Value != "false" {
				p.at(v, "true or false", "two_persons.always: want true or false")
			}
		},
		"break_glass": func(v *yaml.Node) {
			t.BreakGlass = p.oneOf(v, "two_persons.break_glass", BreakGlassAllowed, BreakGlassNever)
		},
	})
	return t
}

// Containment says how long containments last and who is told at their end.
type Containment struct {
	Lasts *Span    `json:"lasts,omitempty"` // DefaultContainment where nothing is said
	Tell  []string `json:"tell,omitempty"`  // connections that are told when the time is over
}

// IsZero says whether nothing is set.
func (c Containment) IsZero() bool { return c.Lasts == nil && len(c.Tell) == 0 }

// DefaultContainment is how long a containment lasts where nobody says
// otherwise.
const DefaultContainment = 4 * time.Hour

// The least and the longest that a containment may be said to last.
const (
	leastContainment = time.Minute
	mostContainment  = 366 * 24 * time.Hour
)

// Span is a length of time; 0 is none.
type Span time.Duration

// MarshalText writes the time as the file has it.
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// For is how long a containment lasts; 0 is without an end.
func (c Containment) For() time.Duration {
	if c.Lasts == nil {
		return DefaultContainment
	}
	return time.Duration(*c.Lasts)
}

func (p *parser) containment(n *yaml.Node) Containment {
	var c Containment
	p.mapping(n, "containment", map[string]func(*yaml.Node){
		"lasts": func(v *yaml.Node) {
			text := p.text(v, "containment.lasts")
			d, err := time.ParseDuration(text)
			if text == "0" {
				d, err = 0, nil
			}
			if err != nil || d != 0 && (d < leastContainment || d > mostContainment) {
				p.at(v, "as in 4h; 0 is without an end", "containment.lasts: %q is no time that a containment lasts", text)
				return
			}
			s := Span(d)
			c.Lasts = &s
		},
		"tell": func(v *yaml.Node) { c.Tell = p.texts(v, "containment.tell") },
	})
	return c
}
