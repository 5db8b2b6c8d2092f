package config

import (
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v4"
)

// Notify says how messages reach people.
type Notify struct {
	// Fallback are connections in the order in which they are tried when the one
	// that a message was for does not take it.
	Fallback []string `json:"fallback,omitempty"`
}

// IsZero says whether nothing is set.
func (n Notify) IsZero() bool { return len(n.Fallback) == 0 }

// The bounds of what a connection may be told to bear.
const (
	shortest   = 10 * time.Millisecond
	longest    = time.Hour
	mostWrites = 60_000
)

// notify reads the fallbacks. That they are connections is known when all is read.
func (p *parser) notify(n *yaml.Node, c *Config, later *[]func()) {
	p.mapping(n, "notify", map[string]func(*yaml.Node){
		"fallback": func(n *yaml.Node) {
			c.Notify.Fallback = p.texts(n, "notify.fallback")
			*later = append(*later, func() {
				for i, name := range c.Notify.Fallback {
					if _, ok := c.Connections[name]; !ok {
						known := make([]string, 0, len(c.Connections))
						for k := range c.Connections {
							known = append(known, k)
						}
						p.at(n.Content[i], didYouMean(name, known), "notify.fallback: no connection is named %q", name)
					}
					if slices.Contains(c.Notify.Fallback[:i], name) {
						p.at(n.Content[i], "", "notify.fallback: %q is there twice", name)
					}
				}
			})
		},
	})
}

// delivery adds what a connection bears to the keys of a connection.
func (p *parser) delivery(c *Connection, at string, keys map[string]func(*yaml.Node)) map[string]func(*yaml.Node) {
	for name, to := range map[string]*Wait{"timeout": &c.Timeout, "grace": &c.Grace} {
		keys[name] = func(n *yaml.Node) {
			text := p.text(n, at+"."+name)
			d, err := time.ParseDuration(text)
			if err != nil || d < shortest || d > longest {
				p.at(n, "as in 30s; from "+shortest.String()+" to "+longest.String(), "%s.%s %q is no time to wait", at, name, text)
				return
			}
			*to = Wait(d)
		}
	}
	keys["writes_per_minute"] = func(n *yaml.Node) {
		text := p.text(n, at+".writes_per_minute")
		w, err := strconv.Atoi(text)
		if err != nil || w < 1 || w > mostWrites {
			p.at(n, "a whole number, as in 60", "%s.writes_per_minute %q is no rate", at, text)
			return
		}
		c.Writes = w
	}
	return keys
}

// Wait is a time to wait; 0 is the default.
type Wait time.Duration

// MarshalText writes the time as the file has it.
func (w Wait) MarshalText() ([]byte, error) { return []byte(time.Duration(w).String()), nil }
