package playbooks

import (
	"maps"
	"slices"
	"strings"
)

// Capabilities is what a playbook can do outside, sorted, as it is written: a
// value that is inserted stands as its name in braces.
type Capabilities struct {
	Actions     []string `json:"actions,omitempty"`
	Commands    []string `json:"commands,omitempty"`    // programs with their arguments, and the host where it is another
	Requests    []string `json:"requests,omitempty"`    // method and URL
	Connections []string `json:"connections,omitempty"` // named by a step; also those to notify
	Collects    []string `json:"collects,omitempty"`
	Files       []string `json:"files,omitempty"` // read into the timeline
	Playbooks   []string `json:"playbooks,omitempty"`
	Secrets     []string `json:"secrets,omitempty"`
}

// Capabilities lists what the playbook can do outside.
func (p *Playbook) Capabilities() Capabilities {
	var c Capabilities
	for _, s := range p.order {
		c.Actions = append(c.Actions, s.Action)
		c.Collects = append(c.Collects, s.Collect...)
		c.Files = append(c.Files, s.Ingest...)
		c.Connections = append(append(c.Connections, s.Connection), s.Notify...)
		c.command(s.On, s.Run)
		c.request(s.HTTP)
		if on, ok := strings.CutPrefix(s.On, "ssh:"); ok {
			c.Connections = append(c.Connections, on)
		}
		if s.Verb == VerbPlaybook {
			c.Playbooks = append(c.Playbooks, s.Playbook.String())
		}
		if r := s.Rollback; r != nil {
			c.Actions = append(c.Actions, r.Action)
			c.command(s.On, r.Run)
			c.request(r.HTTP)
		}
		if s.Verify != nil {
			c.Actions = append(c.Actions, s.Verify.Action)
			c.Connections = append(c.Connections, s.Verify.Connection)
		}
	}
	for _, v := range p.Vars {
		if v.Type == Secret {
			c.Secrets = append(c.Secrets, v.Name)
		}
	}
	return c.And(Capabilities{})
}

// command notes a whole command: sh says nothing, what it is given does.
func (c *Capabilities) command(on string, argv []string) {
	if len(argv) == 0 {
		return
	}
	words := make([]string, 0, len(argv)+1)
	if strings.HasPrefix(on, "ssh:") {
		words = append(words, on)
	}
	for _, w := range argv {
		words = append(words, quoteWord(w))
	}
	c.Commands = append(c.Commands, strings.Join(words, " "))
}

func (c *Capabilities) request(r *Request) {
	if r != nil {
		c.Requests = append(c.Requests, r.Method+" "+r.URL)
	}
}

type set map[string]bool

func (s set) add(items ...string) {
	for _, i := range items {
		if i != "" {
			s[i] = true
		}
	}
}

func (s set) sorted() []string { return slices.Sorted(maps.Keys(s)) }
