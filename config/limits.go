package config

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Limits say how much actions may reach before a person has to go around them.
// The zero value takes the defaults, see Resolved.
type Limits struct {
	Step     Most    `json:"step,omitempty"`     // targets of one step
	Incident Most    `json:"incident,omitempty"` // targets of one incident that are not released
	Hour     Most    `json:"hour,omitempty"`     // targets within one hour
	Share    Percent `json:"share,omitempty"`    // of all there are of a kind
	Wide     string  `json:"wide,omitempty"`     // what an action that reaches a whole organisation needs
}

// Most is the largest number that is let through; NoLimit is any.
type Most int

// NoLimit is what "none" means.
const NoLimit Most = -1

// Percent is a share of a population.
type Percent int

// The values of Limits.Wide.
const (
	WideApprove = "approve" // as for high danger
	WideSecond  = "second"  // a second person, always
	WideRefuse  = "refuse"
)

// String is the number, or "none".
func (m Most) String() string {
	if m == NoLimit {
		return "none"
	}
	return strconv.Itoa(int(m))
}

// MarshalText writes the limit as the file has it.
func (m Most) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// String is the share as the file has it.
func (p Percent) String() string { return strconv.Itoa(int(p)) + "%" }

// MarshalText writes the share as the file has it.
func (p Percent) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Resolved are the limits with the defaults in the place of what is not said.
func (l Limits) Resolved() Limits {
	if l.Step == 0 {
		l.Step = 5
	}
	if l.Incident == 0 {
		l.Incident = 20
	}
	if l.Hour == 0 {
		l.Hour = 10
	}
	if l.Share == 0 {
		l.Share = 10
	}
	if l.Wide == "" {
		l.Wide = WideApprove
	}
	return l
}

// String is what approvals are bound to: the limits in words.
func (l Limits) String() string {
	return fmt.Sprintf("step %s, incident %s, hour %s, share %s, wide %s", l.Step, l.Incident, l.Hour, l.Share, l.Wide)
}

func (p *parser) limits(n *yaml.Node) Limits {
	var l Limits
	p.mapping(n, "limits", map[string]func(*yaml.Node){
		"step":     func(v *yaml.Node) { l.Step = p.most(v, "limits.step") },
		"incident": func(v *yaml.Node) { l.Incident = p.most(v, "limits.incident") },
		"hour":     func(v *yaml.Node) { l.Hour = p.most(v, "limits.hour") },
		"share":    func(v *yaml.Node) { l.Share = p.share(v) },
		"wide":     func(v *yaml.Node) { l.Wide = p.oneOf(v, "limits.wide", WideApprove, WideSecond, WideRefuse) },
	})
	return l
}

func (p *parser) most(n *yaml.Node, at string) Most {
	text := p.text(n, at)
	if text == "none" {
		return NoLimit
	}
	i, err := strconv.Atoi(text)
	if err != nil || i < 1 || i > 1_000_000 {
		p.at(n, "a number above zero, or none", "%s: %q is no limit", at, text)
		return 0
	}
	return Most(i)
}

func (p *parser) share(n *yaml.Node) Percent {
	text := p.text(n, "limits.share")
	i, err := strconv.Atoi(strings.TrimSuffix(text, "%"))
	if err != nil || !strings.HasSuffix(text, "%") || i < 1 || i > 100 {
		p.at(n, "as in 10%; 100% is no limit", "limits.share: %q is no share", text)
		return 0
	}
	return Percent(i)
}
