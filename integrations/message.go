package integrations

import (
	"fmt"
	"slices"

	"firebreak/incident"
)

// Message is a notification before it takes the form of one system. Body is
// text that the playbook or a person wrote; Fields are parameters the author
// gave for systems that take more.
type Message struct {
	Subject  string
	Body     string
	Severity incident.Severity
	Fields   map[string]any
}

// Notification returns the action that carries a message over that connection,
// with its parameters.
func (r *Registry) Notification(connection string, m Message) (name string, params map[string]any, err error) {
	c, ok := r.connections[connection]
	if !ok {
		return "", nil, fmt.Errorf("connection %s: not configured", connection)
	}
	if c.system.Notify == nil {
		return "", nil, fmt.Errorf("connection %s: a %s connection carries no messages", connection, c.system.Kind)
	}
	return c.system.Notify(c.connection, m)
}

// OfKind are the names of the connections of that kind, sorted.
func (r *Registry) OfKind(kind string) []string {
	var out []string
	for name, c := range r.connections {
		if c.system.Kind == kind {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
