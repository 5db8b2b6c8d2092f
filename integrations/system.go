package integrations

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"
)

// System is a kind of outside system: a folder below this one.
type System struct {
	Kind     string // github, pagerduty, webhook, linux
	Title    string
	Settings []Param // what a connection of this kind needs in config.yaml
	// Actions returns what the connection can do. It must not touch the
	// network or read a secret: that happens when an action is used.
	Actions func(Connection) ([]Action, error)
	// Notify puts a message into the form of one of the actions; nil where the
	// system carries no messages.
	Notify func(Connection, Message) (action string, params map[string]any, err error)
	// Check asks the system who the connection's credential stands for and what it
	// may do. It changes nothing. nil where a system cannot be asked.
	Check func(context.Context, Connection) (Credential, error)
}

// Connection is one configured instance of a system.
type Connection struct {
	Name     string
	Kind     string
	BaseURL  string // "" is the vendor's own
	Settings map[string]string
	// Secret fetches the secret that the setting of that name refers to. It is
	// called at the moment of use; the value must not be kept or shown.
	Secret func(ctx context.Context, setting string) (string, error)
	// Has says whether the setting of that name refers to a secret; nil: none does.
	Has func(setting string) bool
	// Reveal fetches the secret of a reference that a parameter holds. It is
	// called at the moment of use; the value must not be kept or shown.
	Reveal func(ctx context.Context, reference string) (string, error)
	Now    func() time.Time
	Drill  bool
	// Dial, where it is set, is how the other side is reached: the drill's
	// names lead to its own servers.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Host Host // the machine of a linux connection; nil is this one
	// Timeout is how long one exchange may take; 0 is DefaultTimeout. Grace is how
	// much longer the other side may work on what it got; 0 is DefaultGrace.
	Timeout, Grace time.Duration
	// Writes is how many writes a second it bears; 0 is what its system says.
	Writes float64
}

// What holds where a connection says nothing.
const (
	DefaultTimeout = 30 * time.Second
	DefaultGrace   = 10 * time.Second
)

// Quiet is how long after its last byte a request may still come to something
// over there: whoever looks earlier and finds nothing knows nothing.
func (c Connection) Quiet() time.Duration {
	if c.Drill { // its servers are in this machine
		return 2 * time.Second
	}
	return cmp.Or(c.Timeout, DefaultTimeout) + cmp.Or(c.Grace, DefaultGrace)
}

// WithDefaults returns the connection with what its actions call at the moment
// of use: a secret that is missing, and a clock that stands still. A connection
// without them serves to describe actions.
func (c Connection) WithDefaults() Connection {
	if c.Now == nil {
		c.Now = func() time.Time { return time.Time{} }
	}
	if c.Secret == nil {
		c.Secret = func(_ context.Context, setting string) (string, error) {
			return "", fmt.Errorf("connection %s has no secret %q", c.Name, setting)
		}
	}
	if c.Reveal == nil {
		c.Reveal = func(context.Context, string) (string, error) {
			return "", fmt.Errorf("connection %s takes no secrets in parameters", c.Name)
		}
	}
	return c
}

// HasSecret says whether the setting of that name refers to a secret.
func (c Connection) HasSecret(setting string) bool { return c.Has != nil && c.Has(setting) }

// Unavailable is the error of a system whose connection cannot say what it can do
// at the moment. The others go on without it.
type Unavailable struct{ Err error }

// Error is the cause.
func (u *Unavailable) Error() string { return u.Err.Error() }

// Unwrap returns the cause.
func (u *Unavailable) Unwrap() error { return u.Err }

// Registry finds actions by connection and name.
type Registry struct {
	actions     map[string][]bound
	connections map[string]configured
	unavailable map[string]error // by connection
}

type configured struct {
	system     System
	connection Connection
}

type bound struct {
	connection string
	action     Action
}

// NewRegistry builds the actions of all connections. A connection whose kind is
// not among the systems is an error that lists the kinds.
func NewRegistry(systems []System, connections []Connection) (*Registry, error) {
	r := &Registry{actions: map[string][]bound{}, connections: map[string]configured{}, unavailable: map[string]error{}}
	kinds := make([]string, 0, len(systems))
	byKind := map[string]System{}
	for _, s := range systems {
		byKind[s.Kind] = s
		kinds = append(kinds, s.Kind)
	}
	for _, c := range connections {
		s, ok := byKind[c.Kind]
		if !ok {
			return nil, fmt.Errorf("connection %s: kind %q: want one of %s", c.Name, c.Kind, strings.Join(kinds, ", "))
		}
		r.connections[c.Name] = configured{s, c}
		actions, err := s.Actions(c)
		var not *Unavailable
		if errors.As(err, &not) {
			r.unavailable[c.Name] = not.Err
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("connection %s: %w", c.Name, err)
		}
		for _, a := range actions {
			n := a.Describe().Name
			r.actions[n] = append(r.actions[n], bound{c.Name, a})
		}
	}
	return r, nil
}

// Connection is the connection of that name.
func (r *Registry) Connection(name string) (Connection, bool) {
	c, ok := r.connections[name]
	return c.connection, ok
}

// Lookup returns the action of that name on that connection; with connection
// "" there must be exactly one connection that has it, or one of the system that
// the action is named after: a host over ssh has the actions of linux too, and is
// never meant where nobody says so.
func (r *Registry) Lookup(name, connection string) (Action, string, error) {
	found := r.actions[name]
	if connection != "" {
		i := slices.IndexFunc(found, func(b bound) bool { return b.connection == connection })
		if i < 0 {
			if err := r.unavailable[connection]; err != nil {
				return nil, "", fmt.Errorf("action %s on connection %s: %w", name, connection, err)
			}
			return nil, "", fmt.Errorf("action %s on connection %s: not configured", name, connection)
		}
		return found[i].action, connection, nil
	}
	switch len(found) {
	case 0:
		for _, c := range slices.Sorted(maps.Keys(r.unavailable)) {
			if strings.HasPrefix(name, r.connections[c].system.Kind+".") {
				return nil, "", fmt.Errorf("action %s: connection %s may have it: %w", name, c, r.unavailable[c])
			}
		}
		return nil, "", fmt.Errorf("action %s: no connection has it", name)
	case 1:
		return found[0].action, found[0].connection, nil
	}
	own := slices.DeleteFunc(slices.Clone(found), func(b bound) bool {
		return r.connections[b.connection].system.Kind != b.action.Describe().System
	})
	if len(own) == 1 {
		return own[0].action, own[0].connection, nil
	}
	names := make([]string, len(found))
	for i, b := range found {
		names[i] = b.connection
	}
	return nil, "", fmt.Errorf("action %s: say which connection: %s", name, strings.Join(names, ", "))
}

// Listed is one action on one connection.
type Listed struct {
	Connection  string      `json:"connection"`
	Description Description `json:"description"`
}

// Unavailable are the connections that could not say what they can do, with why.
func (r *Registry) Unavailable() map[string]error { return r.unavailable }

// List returns every action, sorted by name and connection.
func (r *Registry) List() []Listed {
	var out []Listed
	for _, bs := range r.actions {
		for _, b := range bs {
			out = append(out, Listed{b.connection, b.action.Describe()})
		}
	}
	slices.SortFunc(out, func(a, b Listed) int {
		if c := strings.Compare(a.Description.Name, b.Description.Name); c != 0 {
			return c
		}
		return strings.Compare(a.Connection, b.Connection)
	})
	return out
}
