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
	// Thread is the conversation that it belongs to. A system that knows threads
	// puts it into the parameters, so that a plan shows it.
	Thread Thread
	// Update says that it goes on with what was said before: a system that pages
	// people must not wake them again for it.
	Update bool
}

// Thread keeps the messages of one incident over one connection together. The
// zero value is none.
type Thread struct {
	// Name is the same for each message of it: the incident's id. Mail makes its
	// References of it.
	Name string
	// Before is what went out over this connection for this incident, oldest first:
	// by a message, or by a step that opened the tracking issue. What was undone is
	// left out.
	Before []Earlier
}

// Earlier is one action that was sent.
type Earlier struct {
	Action string         // slack.message.post
	Params map[string]any // as they were sent
	Data   map[string]any // Receipt.Data: the number of the issue, the stamp of the post
}

// First is the oldest of these actions that was sent, as in the post that a
// Slack thread hangs on; fits, where it is given, says whether it may be that.
func (t Thread) First(action string, fits func(Earlier) bool) (Earlier, bool) {
	for _, e := range t.Before {
		if e.Action == action && (fits == nil || fits(e)) {
			return e, true
		}
	}
	return Earlier{}, false
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
