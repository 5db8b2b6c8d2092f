package github

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/google/go-github/v62/github"

	"firebreak/integrations"
)

// state is what GitHub says of a thing, as a plan and a verification keep it.
// What moves by itself (counts, times, a run's progress) stays out: a plan whose
// prior state changed is stale.
type state = map[string]any

// deed is an action whose effect is a state that GitHub can be asked for. The
// request that a plan shows and the one that is sent are the same value.
type deed struct {
	*hub
	about integrations.Description
	// check refuses a call for more than its parameters' patterns see.
	check func(o order) error
	// look reads the state.
	look func(u use) (state, error)
	// done says whether the state is the wanted one.
	done func(o order, st state) bool
	// says is one line on the state.
	says func(o order, st state) string
	// draft adds to a plan what this action breaks.
	draft func(o order, st state, p *integrations.Plan)
	// sends are the requests, in their order. The state is empty where nobody
	// has looked.
	sends func(o order, st state) []message
	// ref is the name of what was changed.
	ref func(o order, st state) string
	// cautious looks again before it sends: what was right for one state would
	// be wrong for another.
	cautious bool
	// took reads GitHub's answer into the state.
	took func(answer json.RawMessage) (state, error)
}

// undoable is a deed with an inverse.
type undoable struct {
	deed
	// back names the inverse. data is of the receipt, nil while it is planned.
	back func(o order, st, data state) (action string, params map[string]any, err error)
}

// order is a call whose parameters were checked.
type order struct {
	integrations.Values
	call integrations.Call
}

// message is one request that changes something.
type message struct {
	what   string // in words, for an error
	method string
	path   string // below the base URL, escaped
	body   any
	// fine are refusals that mean that it is so already.
	fine []int
	// secret is a body that must not be seen; body stands for it in the plan.
	secret any
	// open sends no credential.
	open bool
}

// use is one run of a method.
type use struct {
	order
	session
	hub *hub
	// root is the context before it was watched: side reads are judged by
	// themselves.
	root context.Context
	ctx  context.Context
}

// Describe implements integrations.Action.
func (d deed) Describe() integrations.Description { return d.about }

// Validate implements integrations.Validator.
func (d deed) Validate(c integrations.Call) error {
	_, err := d.order(c)
	return err
}

func (d deed) order(c integrations.Call) (order, error) {
	v, err := integrations.Read(d.about, c.Params)
	if err != nil {
		return order{}, err
	}
	if err := d.lacks(d.about); err != nil {
		return order{}, err
	}
	o := order{v, c}
	if d.check != nil {
		if err := d.check(o); err != nil {
			return order{}, &integrations.Error{Outcome: integrations.Rejected, Err: fmt.Errorf("check parameters of %s: %w", d.about.Name, err)}
		}
	}
	return o, nil
}

func (d deed) open(ctx context.Context, c integrations.Call) (use, error) {
	o, err := d.order(c)
	if err != nil {
		return use{}, err
	}
	watched, s, err := d.hub.open(ctx)
	if err != nil {
		return use{}, err
	}
	return use{order: o, session: s, hub: d.hub, root: ctx, ctx: watched}, nil
}

// Prior implements integrations.Action.
func (d deed) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	u, err := d.open(ctx, c)
	if err != nil {
		return integrations.Prior{}, err
	}
	st, err := d.look(u)
	return integrations.Prior{State: st}, err
}

// Plan implements integrations.Action.
func (d deed) Plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	o, err := d.order(c)
	if err != nil {
		return integrations.Plan{}, err
	}
	p, err := d.plan(ctx, c, prior)
	if err != nil {
		return integrations.Plan{}, err
	}
	p.Target = d.ref(o, prior.State)
	p.Unchanged = d.done(o, prior.State)
	d.draft(o, prior.State, &p)
	o.call.Seal = integrations.SealPlace
	for _, m := range d.sends(o, prior.State) {
		body, err := m.encode()
		if err != nil {
			return integrations.Plan{}, err
		}
		u, err := d.base.Parse(m.path)
		if err != nil {
			return integrations.Plan{}, rejected("", "render the address of %s: %w", m.what, err)
		}
		p.Requests = append(p.Requests, integrations.Request{Method: m.method, URL: u.String(), Body: body})
	}
	if p.Unchanged {
		p.Undo = ""
		p.Effects = []string{"none: " + d.says(o, prior.State)}
	}
	return p, nil
}

// Plan implements integrations.Action.
func (d undoable) Plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	p, err := d.deed.Plan(ctx, c, prior)
	if err != nil || p.Undo == "" {
		return p, err
	}
	if inverse, err := d.Inverse(c, prior, integrations.Receipt{}); err == nil { // one that needs the receipt has none yet
		p.Inverse = &inverse
	}
	return p, nil
}

// encode is the body as it is shown, and, without a secret, as it is sent.
func (m message) encode() (string, error) {
	if m.body == nil {
		return "", nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(m.body); err != nil {
		return "", fmt.Errorf("encode the request to %s: %w", m.what, err)
	}
	return string(bytes.TrimRight(b.Bytes(), "\n")), nil
}

// Do implements integrations.Action.
func (d deed) Do(ctx context.Context, c integrations.Call, p integrations.Plan) (integrations.Receipt, error) {
	u, err := d.open(ctx, c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	st := p.Prior.State
	if d.cautious {
		if st, err = d.look(u); err != nil {
			return integrations.Receipt{}, err
		}
		if d.done(u.order, st) {
			return d.receipt(u.order, st)
		}
	}
	for i, m := range d.sends(u.order, st) {
		answer, err := u.send(m)
		if err != nil && i > 0 { // what went before has happened
			return integrations.Receipt{}, &integrations.Error{Outcome: integrations.Ambiguous, Hint: "the first part was done: look before it is tried again", Err: err}
		}
		if err != nil {
			return integrations.Receipt{}, err
		}
		if d.took == nil {
			continue
		}
		got, err := d.took(answer)
		if err != nil {
			return integrations.Receipt{}, u.fail("read GitHub's answer", err)
		}
		st = got
	}
	return d.receipt(u.order, st)
}

// send sends one request.
func (u use) send(m message) (json.RawMessage, error) {
	body := m.body
	if m.secret != nil {
		body = m.secret
	}
	client := u.Client
	if m.open {
		client = github.NewClient(u.hub.http)
		client.BaseURL = u.hub.base
	}
	req, err := client.NewRequest(m.method, m.path, body)
	if err != nil {
		return nil, u.fail(m.what, err)
	}
	var answer bytes.Buffer
	_, err = client.Do(u.ctx, req, &answer)
	var accepted *github.AcceptedError
	switch {
	case errors.As(err, &accepted): // 202 is a success that takes a while
		return accepted.Raw, nil
	case err == nil:
		return answer.Bytes(), nil
	case slices.Contains(m.fine, u.seen.Status()):
		return nil, nil
	}
	return nil, u.fail(m.what, err)
}

// receipt holds of each member of the result the parameter, or what GitHub said.
func (d deed) receipt(o order, st state) (integrations.Receipt, error) {
	r := integrations.Receipt{Ref: d.ref(o, st), URL: text(st, "url"), At: d.now(), Data: map[string]any{}}
	for _, p := range d.about.Result {
		r.Data[p.Name] = st[p.Name]
		if i := slices.IndexFunc(d.about.Params, func(q integrations.Param) bool { return q.Name == p.Name }); i >= 0 {
			r.Data[p.Name] = o.value(d.about.Params[i])
		}
	}
	return r, nil
}

func (o order) value(p integrations.Param) any {
	switch p.Type {
	case "int":
		return o.Int(p.Name)
	case "bool":
		return o.Bool(p.Name)
	case "list":
		return o.List(p.Name)
	}
	return o.Text(p.Name)
}

// Verify implements integrations.Action.
func (d deed) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	u, err := d.open(ctx, c)
	if err != nil {
		return integrations.Verification{}, err
	}
	st, err := d.look(u)
	if err != nil {
		return integrations.Verification{}, err
	}
	return integrations.Verification{OK: d.done(u.order, st), Says: d.says(u.order, st), State: st}, nil
}

// Find implements integrations.Finder: the state itself tells, or the mark in it.
func (d deed) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	seen, err := d.Verify(ctx, c, integrations.Receipt{})
	if err != nil || !seen.OK {
		return integrations.Receipt{}, false, err
	}
	o, err := d.order(c)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	r, err := d.receipt(o, seen.State)
	return r, err == nil, err
}

// Inverse implements integrations.Reverter. What was already so is not undone.
func (d undoable) Inverse(c integrations.Call, prior integrations.Prior, r integrations.Receipt) (integrations.Call, error) {
	o, err := d.order(c)
	if err != nil {
		return integrations.Call{}, err
	}
	if d.done(o, prior.State) {
		return integrations.Call{}, fmt.Errorf("invert %s: it was so before: %s", c.Action, d.says(o, prior.State))
	}
	action, params, err := d.back(o, prior.State, r.Data)
	if err != nil {
		return integrations.Call{}, fmt.Errorf("invert %s: %w", c.Action, err)
	}
	return integrations.Call{Action: action, Connection: c.Connection, Incident: c.Incident, Step: c.Step, Params: params}, nil
}
