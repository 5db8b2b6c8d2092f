package config

import (
	"fmt"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"firebreak/internal/lazyre"
)

// Cadence says how often an audience is told something, and how.
type Cadence struct {
	Every    Interval `json:"every,omitzero"`     // 0: when somebody thinks of it
	To       []string `json:"to,omitempty"`       // connections
	Template string   `json:"template,omitempty"` // a message template; the audience's own without it
	Profile  string   `json:"profile,omitempty"`  // what they may see, as in exports
}

// Interval is a time between two updates, as in 1h or 90m. It is a length of time
// and not of the clock: an hour later is an hour later, whatever the clock was set
// to in between.
type Interval time.Duration

// IsZero says whether none is set.
func (i Interval) IsZero() bool { return i == 0 }

// MarshalText writes the time as the file has it.
func (i Interval) MarshalText() ([]byte, error) { return []byte(time.Duration(i).String()), nil }

// Limits of what is said of updates.
const (
	leastInterval = 5 * time.Minute // nobody can write more often
	mostInterval  = 30 * 24 * time.Hour
	maxAudiences  = 50
)

var audienceShape = lazyre.New(`^[a-z][a-z0-9-]{0,39}$`)

// updates reads the cadences by the names of their audiences.
func (p *parser) updates(n *yaml.Node) map[string]Cadence {
	out := map[string]Cadence{}
	p.each(n, "updates", func(name string, v *yaml.Node) {
		at := "updates." + name
		switch {
		case len(out) >= maxAudiences:
			p.at(v, "", "updates: more than %d", maxAudiences)
		case !audienceShape.MatchString(name):
			p.at(v, "as in executives or key-customers", "updates: %q is no name of an audience", name)
		case v.Kind == yaml.ScalarNode:
			out[name] = Cadence{Every: p.interval(v, at)}
		default:
			out[name] = p.cadence(v, at)
		}
	})
	return out
}

func (p *parser) cadence(n *yaml.Node, at string) Cadence {
	var c Cadence
	p.mapping(n, at, map[string]func(*yaml.Node){
		"every":    func(v *yaml.Node) { c.Every = p.interval(v, at+".every") },
		"to":       func(v *yaml.Node) { c.To = p.texts(v, at+".to") },
		"template": func(v *yaml.Node) { c.Template = p.text(v, at+".template") },
		"profile":  func(v *yaml.Node) { c.Profile = p.word(v, at+".profile", profiles...) },
	})
	return c
}

func (p *parser) interval(n *yaml.Node, at string) Interval {
	d, err := time.ParseDuration(p.text(n, at))
	if err != nil || d < leastInterval || d > mostInterval {
		p.at(n, fmt.Sprintf("as in 1h or 90m; from %s to %s", leastInterval, mostInterval), "%s: %q is no time between two updates", at, n.Value)
		return 0
	}
	return Interval(d)
}

// profiles are the names of what readers may see, as exports have them; lights the
// labels of the Traffic Light Protocol 2.0, the most open first.
var (
	profiles = []string{"full", "legal", "technical", "regulator", "executive", "public"}
	lights   = []string{"clear", "green", "amber", "amber+strict", "red"}
)

// Carries says whether a connection may carry what has that label. Without a
// label of its own it carries all but TLP:RED.
func (c Connection) Carries(label string) bool {
	most := c.TLP
	if most == "" {
		most = "amber+strict"
	}
	at := slices.Index(lights, label)
	return at >= 0 && at <= slices.Index(lights, most)
}
