package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"firebreak/internal/lazyre"
)

// Rule says when something is due to go. It never makes anything go.
type Rule struct {
	Kind      string   `json:"kind"`       // incident or evidence
	ClosedFor Age      `json:"closed_for"` // since the incident was closed
	Drill     *bool    `json:"drill,omitempty"`
	Severity  []string `json:"severity,omitempty"` // sev1 to sev4; all when there is none
	Action    string   `json:"action"`             // erase or review
}

// What rules are about, and what they ask for.
const (
	KeepIncident = "incident" // everything of it
	KeepEvidence = "evidence" // its exhibits
	DueErase     = "erase"
	DueReview    = "review"
)

// Age is a time in the calendar's units, as in 2y, 18mo, 6w or 90d.
type Age struct {
	Years, Months, Days int
}

// After is the day on which the age is reached.
func (a Age) After(t time.Time) time.Time { return t.AddDate(a.Years, a.Months, a.Days) }

// String is the age as ParseAge reads it.
func (a Age) String() string {
	switch {
	case a.Years > 0:
		return strconv.Itoa(a.Years) + "y"
	case a.Months > 0:
		return strconv.Itoa(a.Months) + "mo"
	}
	return strconv.Itoa(a.Days) + "d"
}

// MarshalText writes the age as String does.
func (a Age) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

var ageShape = lazyre.New(`^([0-9]{1,4})(d|w|mo|y)$`)

// ParseAge reads a number of days, weeks, months or years, above zero.
func ParseAge(s string) (Age, error) {
	m := ageShape.FindStringSubmatch(s)
	if m == nil {
		return Age{}, fmt.Errorf("age %q: want a number and d, w, mo or y", s)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil || n == 0 {
		return Age{}, fmt.Errorf("age %q: want a number above zero", s)
	}
	switch m[2] {
	case "y":
		return Age{Years: n}, nil
	case "mo":
		return Age{Months: n}, nil
	case "w":
		return Age{Days: 7 * n}, nil
	}
	return Age{Days: n}, nil
}

// retention reads the rules, a list of mappings.
func (p *parser) retention(n *yaml.Node) []Rule {
	if n.Kind != yaml.SequenceNode {
		p.at(n, "as in - {kind: incident, closed_for: 2y, action: erase}", "retention: want a list of rules")
		return nil
	}
	out := make([]Rule, 0, len(n.Content))
	for i, item := range n.Content {
		out = append(out, p.rule(item, fmt.Sprintf("retention[%d]", i)))
	}
	return out
}

func (p *parser) rule(n *yaml.Node, at string) Rule {
	var r Rule
	seen := map[string]bool{}
	p.mapping(n, at, map[string]func(*yaml.Node){
		"kind":   func(v *yaml.Node) { seen["kind"] = true; r.Kind = p.word(v, at+".kind", KeepIncident, KeepEvidence) },
		"action": func(v *yaml.Node) { seen["action"] = true; r.Action = p.word(v, at+".action", DueErase, DueReview) },
		"closed_for": func(v *yaml.Node) {
			seen["closed_for"] = true
			age, err := ParseAge(p.text(v, at+".closed_for"))
			if err != nil {
				p.at(v, "as in 90d, 26w, 18mo or 2y", "%s.closed_for: %v", at, err)
			}
			r.ClosedFor = age
		},
		"drill": func(v *yaml.Node) {
			drill := v.Value == "true"
			if v.Kind != yaml.ScalarNode || v.Value != "true" && v.Value != "false" {
				p.at(v, "true or false; without it the rule is for both", "%s.drill: want true or false", at)
			}
			r.Drill = &drill
		},
		"severity": func(v *yaml.Node) {
			if v.Kind != yaml.SequenceNode {
				p.at(v, "as in [sev3, sev4]", "%s.severity: want a list", at)
				return
			}
			for _, item := range v.Content {
				r.Severity = append(r.Severity, p.word(item, at+".severity", "sev1", "sev2", "sev3", "sev4"))
			}
		},
	})
	if n.Kind != yaml.MappingNode {
		return r
	}
	for _, key := range []string{"kind", "closed_for", "action"} {
		if !seen[key] {
			p.at(n, "", "%s has no %s", at, key)
		}
	}
	return r
}

// word reads one of a few words.
func (p *parser) word(n *yaml.Node, at string, of ...string) string {
	s := p.text(n, at)
	if n.Kind == yaml.ScalarNode && !slices.Contains(of, s) {
		p.at(n, strings.Join(of, " or "), "%s: %q is not known", at, s)
	}
	return s
}
