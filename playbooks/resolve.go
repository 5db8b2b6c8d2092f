package playbooks

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Resolved is a step with its values in place. Only the members of its verb are
// filled.
type Resolved struct {
	Step       *Step
	Text       string   // manual: the instructions; review: its kind; notify: the message
	Argv       []string // run
	Action     string
	Connection string
	With       map[string]any // parameters, a notify's without its message
	Collect    []string       // profiles and collectors
	Paths      []string       // ingest
	Filters    []string       // detect
	Notify     []string       // connections
	Secrets    []string       // members of With that hold a secret's reference
	Wait       time.Duration
	Timeout    time.Duration // 0 for none
	HTTP       *Sent
	Env        map[string]string // of run
	EnvSecrets []string          // members of Env that hold a secret's reference
	On         string            // of run: "" for this machine, else the ssh connection's name
	Template   string            // notify: the message's template, which Message fills
	Verify     *Check
	Rollback   *Undo
}

// Check is what to verify with. Action "" is the read-back of the step's own
// action.
type Check struct {
	Action  string
	With    map[string]any
	Secrets []string
	Expect  string
}

// Undo is how the step is undone. What the step itself finds out is not known
// before it ran: Missing names the parameters that still have no value.
type Undo struct {
	Action  string
	With    map[string]any
	Secrets []string
	Missing []string
	Argv    []string
	HTTP    *Sent
	Text    string
}

// Resolve puts the run's values into a step. A value that is needed and not
// known is an *UnsetError.
func (r *Run) Resolve(s *Step) (Resolved, error) {
	c := Resolved{
		Step: s, Action: s.Action, Connection: s.Connection, Wait: s.Wait.Time, Timeout: s.Timeout.Time,
	}
	v := r.values(s)
	err := v.fill(&c, s)
	if err != nil {
		return Resolved{}, fmt.Errorf("step %s: %w", s.ID, err)
	}
	return c, nil
}

func (v values) fill(c *Resolved, s *Step) error {
	c.Text = v.prose(s.Manual + s.Review)
	var err error
	if c.Argv, err = v.argv(s.Run); err != nil {
		return err
	}
	for _, l := range []struct {
		to   *[]string
		from []string
	}{{&c.Collect, s.Collect}, {&c.Paths, s.Ingest}, {&c.Notify, s.Notify}} {
		if *l.to, err = v.words(l.from); err != nil {
			return err
		}
	}
	if c.Filters, err = v.filters(s.Detect); err != nil {
		return err
	}
	with := s.With
	if s.Verb == VerbDetect && s.With["among"] != nil {
		among, err := v.filters([]string{show(s.With["among"])})
		if err != nil {
			return fmt.Errorf("among: %w", err)
		}
		with = maps.Clone(s.With)
		with["among"] = strings.ReplaceAll(among[0], "{{", `\{{`)
	}
	if s.Verb == VerbNotify {
		c.Text, with = v.prose(show(s.With["message"])), without(s.With, "message")
	}
	if c.With, c.Secrets, err = v.params(with); err != nil {
		return err
	}
	if c.HTTP, err = v.request(s.HTTP); err != nil {
		return err
	}
	if c.Env, c.EnvSecrets, err = v.environment(s.Env); err != nil {
		return err
	}
	c.On, c.Template = strings.TrimPrefix(s.On, "ssh:"), s.Template
	if c.On == "local" {
		c.On = ""
	}
	if s.Verify != nil {
		c.Verify = &Check{Action: s.Verify.Action, Expect: s.Verify.Expect}
		if c.Verify.With, c.Verify.Secrets, err = v.params(s.Verify.With); err != nil {
			return fmt.Errorf("verify: %w", err)
		}
	}
	return v.undo(c, s.Rollback)
}

func (v values) undo(c *Resolved, r *Rollback) error {
	if r == nil {
		return nil
	}
	u := &Undo{Action: r.Action, Text: v.prose(r.Manual)}
	var unset *UnsetError
	var err error
	if u.Argv, err = v.argv(r.Run); errors.As(err, &unset) {
		u.Argv, u.Missing = nil, []string{unset.Name}
	} else if err != nil {
		return fmt.Errorf("rollback: %w", err)
	}
	if u.HTTP, err = v.request(r.HTTP); errors.As(err, &unset) {
		u.HTTP, u.Missing = nil, append(u.Missing, unset.Name)
	} else if err != nil {
		return fmt.Errorf("rollback: %w", err)
	}
	known := maps.Clone(r.With)
	for _, name := range slices.Sorted(maps.Keys(r.With)) {
		if _, err := v.tree(r.With[name]); errors.As(err, &unset) {
			u.Missing = append(u.Missing, name)
			delete(known, name)
		}
	}
	if u.With, u.Secrets, err = v.params(known); err != nil {
		return fmt.Errorf("rollback: %w", err)
	}
	c.Rollback = u
	return nil
}

func without(m map[string]any, names ...string) map[string]any {
	out := maps.Clone(m)
	for _, n := range names {
		delete(out, n)
	}
	return out
}

// params renders parameters and names those that are a secret's reference.
func (v values) params(with map[string]any) (map[string]any, []string, error) {
	if with == nil {
		return nil, nil, nil
	}
	out := make(map[string]any, len(with))
	var secrets []string
	for _, name := range slices.Sorted(maps.Keys(with)) {
		value, err := v.tree(with[name])
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		if text, ok := with[name].(string); ok {
			if of, ok := single(text); ok && v.secrets[of] {
				secrets = append(secrets, name)
			}
		}
		out[name] = value
	}
	return out, secrets, nil
}

// argv renders a command: each value is one element, a list is several. After
// a value that begins with a hyphen a program would see an option, so such a
// value is refused unless "--" comes before it.
func (v values) argv(argv []string) ([]string, error) {
	var out []string
	for _, word := range argv {
		value, err := v.exact(word)
		if err != nil {
			return nil, err
		}
		if _, isValue := single(word); !isValue {
			out = append(out, show(value))
			continue
		}
		items, ok := asTexts(value)
		if !ok {
			items = []string{show(value)}
		}
		for _, item := range items {
			switch {
			case strings.HasPrefix(item, "-") && !slices.Contains(out, "--"):
				return nil, fmt.Errorf("value %s would be read as an option; put -- before it", brief(item))
			case strings.ContainsRune(item, 0):
				return nil, errors.New("value holds a NUL byte")
			}
			out = append(out, item)
		}
	}
	return out, nil
}

// words renders a list of names; a value that is a list gives several.
func (v values) words(in []string) ([]string, error) {
	var out []string
	for _, word := range in {
		value, err := v.exact(word)
		if err != nil {
			return nil, err
		}
		if items, ok := asTexts(value); ok {
			out = append(out, items...)
			continue
		}
		out = append(out, show(value))
	}
	return out, nil
}

// asTexts returns the items of a list.
func asTexts(value any) ([]string, bool) {
	switch list := value.(type) {
	case []string:
		return list, true
	case []any:
		out := make([]string, len(list))
		for i, item := range list {
			out[i] = show(item)
		}
		return out, true
	}
	return nil, false
}
