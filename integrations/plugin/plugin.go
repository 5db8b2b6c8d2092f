// Package plugin makes actions of programs that people bring: JSON in, JSON out,
// one process for each question. docs/plugins.md describes the protocol.
//
// A program is run only when its bytes have the digest that the connection names,
// and it is these very bytes that run. It gets an empty environment, its secrets
// over a pipe, a process group and a time of its own. What it does besides is not
// bounded: a plugin is trusted like any program that is installed.
package plugin

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/internal/lazyre"
)

// Protocol is the version of the questions and answers.
const Protocol = 1

// Limits.
const (
	maxProgram  = 256 << 20
	maxAnswer   = 1 << 20
	maxStderr   = 4 << 10
	maxActions  = 50
	usualTime   = time.Minute
	maxTime     = 10 * time.Minute
	describing  = 5 * time.Second
	systemName  = "plugin"
	maxSettings = 50
)

// System describes connections of the kind plugin.
func System() integrations.System {
	return integrations.System{
		Kind:  systemName,
		Title: "A program of your own",
		Settings: []integrations.Param{
			{Name: "program", Title: "Whole path of the program", Type: "string", Required: true},
			{Name: "sha256", Title: "Digest of the program: sha256sum PROGRAM", Type: "string", Required: true, Match: "[0-9a-f]{64}"},
			{Name: "timeout", Title: "How long one question may take, at most 10m", Type: "duration", Default: "1m"},
		},
		Actions: actions,
	}
}

// program is a connection to one.
type program struct {
	c        integrations.Connection
	path     string
	digest   string
	timeout  time.Duration
	settings map[string]string
	secrets  []string // names that it asked for
}

// actions asks the program what it can do. It is run for that, without secrets.
func actions(c integrations.Connection) ([]integrations.Action, error) {
	c = c.WithDefaults()
	if c.Settings["program"] == "" && c.Settings["sha256"] == "" {
		return nil, nil // it is only asked what kinds there are
	}
	p, err := newProgram(c)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), describing)
	defer cancel()
	got, err := p.ask(ctx, question{Op: opDescribe}, nil)
	if err != nil {
		return nil, &integrations.Unavailable{Err: fmt.Errorf("ask plugin %s what it can do: %w", p.path, err)}
	}
	described, err := got.descriptions()
	if err != nil {
		return nil, &integrations.Unavailable{Err: fmt.Errorf("plugin %s: %w", p.path, err)}
	}
	p.secrets = got.Secrets
	out := make([]integrations.Action, len(described))
	for i, d := range described {
		out[i] = bind(act{p, d.Description, d.Finds})
	}
	return out, nil
}

var digestShape = lazyre.New(`^[0-9a-f]{64}$`)

func newProgram(c integrations.Connection) (*program, error) {
	p := &program{c: c, path: c.Settings["program"], digest: strings.TrimPrefix(c.Settings["sha256"], "sha256:"), timeout: usualTime, settings: map[string]string{}}
	switch {
	case !filepath.IsAbs(p.path) || filepath.Clean(p.path) != p.path:
		return nil, fmt.Errorf("program %.200q: want its whole path", p.path)
	case !digestShape.MatchString(p.digest):
		return nil, errors.New("sha256: want the 64 hex digits that sha256sum prints")
	case len(c.Settings) > maxSettings:
		return nil, fmt.Errorf("more than %d settings", maxSettings)
	}
	if t := c.Settings["timeout"]; t != "" {
		d, err := time.ParseDuration(t)
		if err != nil || d < time.Second || d > maxTime {
			return nil, fmt.Errorf("timeout %.40q: want a time from 1s to %s", t, maxTime)
		}
		p.timeout = d
	}
	for k, v := range c.Settings {
		if !slices.Contains([]string{"program", "sha256", "timeout"}, k) {
			p.settings[k] = v
		}
	}
	return p, nil
}

// act is one action of a program.
type act struct {
	*program
	d     integrations.Description
	finds bool
}

func bind(a act) integrations.Action {
	switch {
	case a.finds && a.d.Reversible:
		return struct {
			finder
			reverter
		}{finder{a}, reverter{a}}
	case a.finds:
		return finder{a}
	case a.d.Reversible:
		return struct {
			act
			reverter
		}{a, reverter{a}}
	}
	return a
}

type (
	finder   struct{ act }
	reverter struct{ of act }
)

// Describe implements integrations.Action.
func (a act) Describe() integrations.Description { return a.d }

// question starts one about a call.
func (a act) question(op string, c integrations.Call) (question, integrations.Values, error) {
	v, err := integrations.Read(a.d, c.Params)
	if err != nil {
		return question{}, v, err
	}
	params := map[string]any{}
	for _, p := range a.d.Params {
		if !v.Has(p.Name) {
			continue
		}
		switch p.Type {
		case "int":
			params[p.Name] = v.Int(p.Name)
		case "bool":
			params[p.Name] = v.Bool(p.Name)
		case "duration":
			params[p.Name] = int64(v.Duration(p.Name).Seconds())
		case "list":
			params[p.Name] = v.List(p.Name)
		case "secret": // its value is among the secrets
		default:
			params[p.Name] = v.Text(p.Name)
		}
	}
	return question{Op: op, Action: strings.TrimPrefix(a.d.Name, systemName+"."), Params: params, Key: c.Key, Incident: string(c.Incident), Step: c.Step}, v, nil
}

// asked asks under the time of the connection, with secrets.
func (a act) asked(ctx context.Context, q question, v integrations.Values) (answer, error) {
	if err := ctx.Err(); err != nil {
		return answer{}, &integrations.Error{Outcome: integrations.NotSent, Err: fmt.Errorf("%s: %w", a.d.Name, err)}
	}
	secrets := map[string]string{}
	for _, name := range a.secrets {
		if !a.c.HasSecret(name) {
			continue
		}
		s, err := a.c.Secret(ctx, name)
		if err != nil {
			return answer{}, &integrations.Error{Outcome: integrations.NotSent, Hint: "set the connection's " + name, Err: fmt.Errorf("fetch secret %s: %w", name, err)}
		}
		secrets[name] = s
	}
	for _, p := range a.d.Params {
		if p.Type == "secret" && v.Has(p.Name) {
			s, err := a.c.Reveal(ctx, v.Text(p.Name))
			if err != nil {
				return answer{}, &integrations.Error{Outcome: integrations.NotSent, Hint: "see that the reference leads to the secret", Err: fmt.Errorf("parameter %s: %w", p.Name, err)}
			}
			secrets["params."+p.Name] = s
		}
	}
	q.Settings = a.settings
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	if at, ok := ctx.Deadline(); ok {
		q.Deadline = at.UTC().Format(time.RFC3339)
	}
	got, err := a.ask(ctx, q, secrets)
	if err != nil {
		return answer{}, a.judge(q.Op, err)
	}
	return got, a.refusal(q.Op, got)
}

// judge says what a failure to ask means for the effect. Only do has one: from its
// start on nobody knows, whatever the exit status says.
func (a act) judge(op string, err error) error {
	var e *integrations.Error
	if errors.As(err, &e) {
		return err
	}
	outcome, hint := integrations.NotSent, ""
	var began *startedError
	if op == opDo && errors.As(err, &began) {
		outcome, hint = integrations.Ambiguous, "look whether it was done"
	}
	return &integrations.Error{Outcome: outcome, Hint: hint, Err: fmt.Errorf("%s: %w", a.d.Name, err)}
}

// refusal is what the program's own word of a failure means.
func (a act) refusal(op string, got answer) error {
	e := &integrations.Error{Hint: got.Hint, Err: fmt.Errorf("%s: the plugin says: %s", a.d.Name, or(got.Message, got.Status))}
	switch got.Status {
	case "ok":
		return nil
	case "failed":
		e.Outcome = integrations.Rejected
	case "later":
		e.Outcome, e.After = integrations.Throttled, min(max(time.Duration(got.After)*time.Second, time.Second), 24*time.Hour)
	default: // unknown, and whatever is no word of the protocol
		e.Outcome = integrations.NotSent
		if op == opDo {
			e.Outcome = integrations.Ambiguous
		}
	}
	return e
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// Prior implements integrations.Action.
func (a act) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	q, v, err := a.question(opPrior, c)
	if err != nil {
		return integrations.Prior{}, err
	}
	got, err := a.asked(ctx, q, v)
	return integrations.Prior{State: got.State}, err
}

// Plan implements integrations.Action.
func (a act) Plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	q, v, err := a.question(opPlan, c)
	if err != nil {
		return integrations.Plan{}, err
	}
	q.Prior, q.DryRun = prior.State, true
	got, err := a.asked(ctx, q, v)
	if err != nil {
		return integrations.Plan{}, err
	}
	p := integrations.Plan{
		Call: c, Identity: got.Identity, Base: "plugin " + a.path + " (sha256 " + a.digest[:16] + "…)", Prior: prior,
		Target: got.Target, Targets: got.Targets, Effects: got.Effects, Proof: got.Proof, Unchanged: got.Unchanged, Warnings: got.Warnings,
		Requests: []integrations.Request{{Argv: []string{a.path, opDo}, Body: q.shown(prior.State)}},
	}
	if p.Target == "" && len(p.Targets) > 0 {
		p.Target = or(p.Targets[0].Name, p.Targets[0].ID)
	}
	if p.Target == "" || len(p.Effects) == 0 {
		return integrations.Plan{}, &integrations.Error{Outcome: integrations.Rejected, Err: fmt.Errorf("%s: the plugin's plan has no target, or no effects", a.d.Name)}
	}
	if a.d.Reversible {
		p.Undo = got.Undo
		if got.Inverse != nil {
			inverse, err := a.inverse(c, *got.Inverse)
			if err != nil {
				return integrations.Plan{}, &integrations.Error{Outcome: integrations.Rejected, Err: err}
			}
			p.Inverse = &inverse
		}
	}
	return p, nil
}

// Do implements integrations.Action.
func (a act) Do(ctx context.Context, c integrations.Call, p integrations.Plan) (integrations.Receipt, error) {
	q, v, err := a.question(opDo, c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	q.Prior, q.Seal = p.Prior.State, c.Seal
	got, err := a.asked(ctx, q, v)
	if err != nil {
		return integrations.Receipt{}, err
	}
	return a.receipt(got)
}

// receipt holds what was promised to be in it, and nothing else.
func (a act) receipt(got answer) (integrations.Receipt, error) {
	r := integrations.Receipt{Ref: got.Ref, URL: got.URL, At: a.c.Now().UTC()}
	if r.Ref == "" {
		return r, &integrations.Error{Outcome: integrations.Ambiguous, Hint: "look whether it was done", Err: fmt.Errorf("%s: the plugin gives no ref", a.d.Name)}
	}
	for _, p := range a.d.Result {
		if r.Data == nil {
			r.Data = map[string]any{}
		}
		r.Data[p.Name] = got.Data[p.Name]
	}
	return r, nil
}

// Verify implements integrations.Action.
func (a act) Verify(ctx context.Context, c integrations.Call, r integrations.Receipt) (integrations.Verification, error) {
	q, v, err := a.question(opVerify, c)
	if err != nil {
		return integrations.Verification{}, err
	}
	q.Receipt = map[string]any{"ref": r.Ref, "url": r.URL, "data": r.Data}
	got, err := a.asked(ctx, q, v)
	if err != nil {
		return integrations.Verification{}, err
	}
	if got.Unread && r.Ref == "" {
		return integrations.Verification{}, fmt.Errorf("read %s back: %w", a.d.Name, integrations.ErrNotReadable)
	}
	return integrations.Verification{OK: got.OK, Unread: got.Unread, Final: got.Final, Says: or(got.Says, map[bool]string{true: "it is so", false: "it is not so"}[got.OK]), State: got.State}, nil
}

// Find implements integrations.Finder.
func (f finder) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	q, v, err := f.question(opFind, c)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	got, err := f.asked(ctx, q, v)
	if err != nil || !got.Found {
		return integrations.Receipt{}, false, err
	}
	r, err := f.receipt(got)
	return r, err == nil, err
}

// Inverse implements integrations.Reverter. The interface has no context: a
// plugin has the time of a description to answer.
func (r reverter) Inverse(c integrations.Call, prior integrations.Prior, got integrations.Receipt) (integrations.Call, error) {
	a := r.of
	q, _, err := a.question(opUndo, c)
	if err != nil {
		return integrations.Call{}, err
	}
	q.Prior, q.Receipt, q.Settings = prior.State, map[string]any{"ref": got.Ref, "url": got.URL, "data": got.Data}, a.settings
	ctx, cancel := context.WithTimeout(context.Background(), describing)
	defer cancel()
	said, err := a.ask(ctx, q, nil)
	if err != nil {
		return integrations.Call{}, a.judge(opUndo, err)
	}
	if err := a.refusal(opUndo, said); err != nil {
		return integrations.Call{}, err
	}
	if said.Inverse == nil {
		return integrations.Call{}, fmt.Errorf("invert %s: the plugin names no action", a.d.Name)
	}
	return a.inverse(c, *said.Inverse)
}

func (a act) inverse(c integrations.Call, named inverse) (integrations.Call, error) {
	if !nameShape.MatchString(named.Action) {
		return integrations.Call{}, fmt.Errorf("invert %s: %.80q is no action", a.d.Name, named.Action)
	}
	return integrations.Call{
		Action: systemName + "." + named.Action, Connection: c.Connection, Incident: c.Incident, Step: c.Step, Params: named.Params,
	}, nil
}

var nameShape = lazyre.New(`^[a-z][a-z0-9_]{0,30}(\.[a-z][a-z0-9_]{0,30}){1,3}$`)

// descriptions are what the program says that it can do, held against the rules.
func (got answer) descriptions() ([]described, error) {
	if got.Protocol != Protocol {
		return nil, fmt.Errorf("it speaks protocol %d, and this version %d", got.Protocol, Protocol)
	}
	if len(got.Actions) == 0 || len(got.Actions) > maxActions {
		return nil, fmt.Errorf("it names %d actions: want 1 to %d", len(got.Actions), maxActions)
	}
	seen := map[string]bool{}
	for i := range got.Actions {
		d := &got.Actions[i]
		switch {
		case !nameShape.MatchString(d.Name) || seen[d.Name]:
			return nil, fmt.Errorf("action %.80q: the name is not one, or is there twice", d.Name)
		case d.Title == "" || !slices.Contains([]string{"native", "marker", "none"}, d.Idempotency):
			return nil, fmt.Errorf("action %s: it has no title, or its idempotency is not native, marker or none", d.Name)
		case d.Idempotency == "marker" && !d.Finds:
			return nil, fmt.Errorf("action %s: it has a marker, and does not say finds", d.Name)
		case !d.ReadOnly && d.Danger < incident.Low:
			return nil, fmt.Errorf("action %s: it changes something, and has no danger", d.Name)
		}
		for _, p := range d.Params {
			_, err := regexp.Compile(`^(?:` + p.Match + `)$`)
			if p.Name == "" || err != nil || !slices.Contains([]string{"string", "int", "bool", "duration", "list", "secret"}, p.Type) {
				return nil, fmt.Errorf("action %s: parameter %.60q has no name, type or right pattern", d.Name, p.Name)
			}
		}
		seen[d.Name] = true
		d.Name, d.System = systemName+"."+d.Name, systemName
		d.Tested = integrations.Unconfirmed // what a program says of its tests nobody has checked
	}
	return got.Actions, nil
}
