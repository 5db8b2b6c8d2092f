package declared

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"firebreak/integrations"
)

// act is one declared action over one connection.
type act struct {
	*Action
	kind string
	over *connection
}

// bind makes the action with the abilities that its file gives it.
func bind(kind string, a *Action, over *connection) integrations.Action {
	plain := act{a, kind, over}
	switch finds, undoes := a.find != nil || a.done != nil, a.undo != nil; {
	case finds && undoes:
		return struct {
			finder
			reverter
		}{finder{plain}, reverter{plain}}
	case finds:
		return finder{plain}
	case undoes:
		return struct {
			act
			reverter
		}{plain, reverter{plain}}
	}
	return plain
}

// finder and reverter are an act with one ability more.
type (
	finder   struct{ act }
	reverter struct{ of act }
)

// Describe implements integrations.Action.
func (a act) Describe() integrations.Description {
	d := integrations.Description{
		Name: a.ID, Version: a.Version, Title: a.Title, System: a.kind, Danger: a.Danger, Reversible: a.Reversible, ReadOnly: a.do.reads(),
		Params: a.Params, Idempotency: a.idempotency, Scopes: a.Scopes, Available: a.Available, Wide: a.Wide,
		Tested: a.Tested, React: a.React, D3fend: a.D3fend,
	}
	for _, r := range a.receipt.data {
		d.Result = append(d.Result, r.param)
	}
	return d
}

func (r *request) reads() bool { return r.method == "GET" || r.method == "HEAD" }

// Validate implements integrations.Validator: the parameters are right, and the
// connection can be used.
func (a act) Validate(c integrations.Call) error {
	if _, err := integrations.Read(a.Describe(), c.Params); err != nil {
		return err
	}
	_, _, err := a.over.host(a.do.service)
	return err
}

// names are what every expression may read.
func (a act) names(c integrations.Call, v integrations.Values) map[string]any {
	params, secrets := map[string]any{}, map[string]any{}
	for _, p := range a.Params {
		if !v.Has(p.Name) {
			params[p.Name] = nil
			continue
		}
		switch p.Type {
		case "int":
			params[p.Name] = int(v.Int(p.Name))
		case "bool":
			params[p.Name] = v.Bool(p.Name)
		case "duration":
			params[p.Name] = int(v.Duration(p.Name).Seconds())
		case "list":
			params[p.Name] = v.List(p.Name)
		case "secret":
			secrets[p.Name] = true
			delete(params, p.Name)
		default:
			params[p.Name] = v.Text(p.Name)
		}
	}
	settings := map[string]any{}
	for _, p := range a.over.system.Settings {
		if p.Type != "secret" {
			settings[p.Name] = a.over.settings[p.Name]
		}
	}
	return map[string]any{
		"params": params, "secrets": secrets, "settings": settings,
		"call":    map[string]any{"key": c.Key, "incident": string(c.Incident), "step": c.Step},
		"receipt": map[string]any{}, "prior": map[string]any{}, "state": map[string]any{},
	}
}

// Prior implements integrations.Action.
func (a act) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil || len(a.prior) == 0 {
		return integrations.Prior{}, err
	}
	state, err := a.state(ctx, a.prior, a.names(c, v))
	return integrations.Prior{State: state}, err
}

func (a act) state(ctx context.Context, reads []*read, env map[string]any) (map[string]any, error) {
	s, err := a.over.start(ctx, a.errors, nil)
	if err != nil {
		return nil, err
	}
	return s.read(reads, env)
}

// moment stands in a plan for the time at which it is sent.
const moment = "(the moment of sending)"

// Plan implements integrations.Action.
func (a act) Plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Plan{}, err
	}
	env := a.names(c, v)
	env["prior"], env["state"] = plain(prior.State), plain(prior.State)
	if prior.State == nil {
		env["prior"], env["state"] = map[string]any{}, map[string]any{}
	}
	env["moment"] = moment
	if err := a.refuses(env); err != nil {
		return integrations.Plan{}, err
	}
	p := integrations.Plan{Call: c, Prior: prior}
	q, err := a.do.render(a.over, env, conceal)
	if err != nil {
		return p, rejected("", "plan %s: %w", a.ID, err)
	}
	p.Base, p.Requests = q.to.Scheme+"://"+q.to.Host, []integrations.Request{q.show()}
	if err := a.told(&p, env); err != nil {
		return p, rejected("", "plan %s: %w", a.ID, err)
	}
	if a.done != nil {
		if p.Unchanged, err = truth(a.done, env); err != nil {
			return p, rejected("the answer is not what the action expects", "plan %s: %w", a.ID, err)
		}
	}
	if err := a.wayBack(&p, env); err != nil {
		return p, err
	}
	if a.idempotency == "none" && !a.do.reads() {
		p.Warnings = append(p.Warnings, "when its answer is lost, it may have been done, and a repeat may do it twice")
	}
	p.Identity, err = a.identity(ctx)
	return p, err
}

// wayBack says in the plan how it is undone. What was so before is not.
func (a act) wayBack(p *integrations.Plan, env map[string]any) error {
	if a.undo == nil {
		return nil
	}
	inverse, err := a.inverse(p.Call, env)
	if err != nil {
		return nil //nolint:nilerr // there is no way back, and the plan says so
	}
	if p.Undo, err = a.undone.text(env); err != nil {
		return rejected("", "plan %s: %w", a.ID, err)
	}
	if !a.undo.fromReceipt {
		p.Inverse = &inverse
	}
	return nil
}

func (a act) refuses(env map[string]any) error {
	for _, r := range a.refuse {
		no, err := truth(r.when, env)
		if err != nil {
			return rejected("the answer is not what the action expects", "plan %s: %w", a.ID, err)
		}
		if no {
			say, err := r.say.text(env)
			if err != nil {
				return rejected("", "plan %s: %w", a.ID, err)
			}
			return rejected(r.hint, "%s: %s", a.ID, say)
		}
	}
	return nil
}

// told puts into words what the plan will change.
func (a act) told(p *integrations.Plan, env map[string]any) error {
	for _, e := range a.effects {
		s, err := e.text(env)
		if err != nil {
			return err
		}
		p.Effects = append(p.Effects, s)
	}
	for _, t := range a.targets {
		one := integrations.Target{Kind: t.kind}
		var err error
		if one.ID, err = t.id.text(env); err != nil {
			return err
		}
		if one.Name, err = t.name.text(env); err != nil {
			return err
		}
		of, err := t.of.value(env)
		if err != nil {
			return err
		}
		if n, ok := of.(int); ok {
			one.Of = n
		}
		p.Targets = append(p.Targets, one)
		if p.Target == "" {
			if p.Target = one.Name; p.Target == "" {
				p.Target = one.ID
			}
		}
	}
	if p.Target == "" {
		return errors.New("its target has no name")
	}
	switch {
	case a.verify != nil && a.verify.unread != "":
		p.Proof = "its answer; " + a.verify.unread
	case a.do.reads():
		p.Proof = "its answer"
	default:
		p.Proof = "what the other side says of it afterwards"
	}
	return nil
}

func (a act) identity(ctx context.Context) (string, error) { return a.over.identity(ctx) }

func (c *connection) identity(ctx context.Context) (string, error) {
	id := c.system.Identity
	if id == nil {
		return "the credential of connection " + c.c.Name, nil
	}
	env := map[string]any{"settings": map[string]any{}}
	for k, v := range c.settings {
		env["settings"].(map[string]any)[k] = v //nolint:forcetypeassert // made in the line above
	}
	if id.read == nil {
		s, err := id.is.text(env)
		if err != nil {
			return "", rejected("", "say who we are: %w", err)
		}
		return s, nil
	}
	s, err := c.start(ctx, nil, nil)
	if err != nil {
		return "", err
	}
	env, _, err = s.ask(id.read, env)
	if err != nil {
		var e *integrations.Error
		if errors.As(err, &e) && e.Outcome == integrations.Rejected && s.seen.ReadStatus() == 403 {
			return "", nil // the credential may not ask who it is, which is no failure
		}
		return "", err
	}
	who, err := id.is.text(env)
	if err != nil {
		return "", rejected("", "say who we are: %w", s.clean(err))
	}
	return s.seen.Clean(who), nil
}

// Do implements integrations.Action.
func (a act) Do(ctx context.Context, c integrations.Call, p integrations.Plan) (integrations.Receipt, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, err
	}
	env := a.names(c, v)
	if p.Prior.State != nil {
		env["prior"], env["state"] = plain(p.Prior.State), plain(p.Prior.State)
	}
	now := a.over.c.Now().UTC()
	env["moment"] = now.Format(time.RFC3339)
	s, err := a.over.start(ctx, a.errors, hiddenParams(a.Params, v))
	if err != nil {
		return integrations.Receipt{}, err
	}
	q, err := a.do.render(a.over, env, s.reveal)
	if err != nil {
		return integrations.Receipt{}, rejected("", "%s: %w", a.ID, s.clean(err))
	}
	if a.keyHeader != "" {
		q.header.Set(a.keyHeader, c.Key)
	}
	got, err := s.send(a.ID, q, a.do)
	if err != nil {
		return integrations.Receipt{}, err
	}
	env["answer"], env["status"] = got.value, got.status
	if no, err := s.refuses(a.do.refused, env); err != nil || no && !got.done {
		return integrations.Receipt{}, a.saidNo(s, got, err)
	}
	if a.poll != nil && !got.done {
		if err := s.wait(a.poll, env, a.over.c.Drill); err != nil {
			return integrations.Receipt{}, err
		}
	}
	return a.receiptOf(s, env, now)
}

// saidNo is an answer that has the status of a success and says no.
func (a act) saidNo(s *session, got answer, err error) error {
	if err != nil { // it was taken; what it says cannot be understood
		return &integrations.Error{Outcome: integrations.Ambiguous, Hint: "look whether it was done", Err: fmt.Errorf("%s: %w", a.ID, s.clean(err))}
	}
	return rejected("", "%s: the other side says no: %s", a.ID, s.seen.Clean(show(got.value)))
}

// wait asks until what was ordered is done. That it cannot be asked is no failure
// of the action: verification looks again.
func (s *session) wait(p *poll, env map[string]any, hurry bool) error {
	every := p.every
	if hurry {
		every = time.Millisecond
	}
	for range max(1, int(p.most/p.every)) {
		now, found, err := s.ask(&p.read, env)
		if err != nil || !found {
			return nil //nolint:nilerr // see above
		}
		maps.Copy(env, map[string]any{"polled": now["answer"]})
		if p.failed != nil {
			if bad, err := truth(p.failed, env); err == nil && bad {
				return rejected("", "the other side could not do it: %s", s.seen.Clean(show(now["answer"])))
			}
		}
		if ok, err := truth(p.until, env); err != nil || ok {
			return nil //nolint:nilerr // see above
		}
		t := time.NewTimer(every)
		select {
		case <-t.C:
		case <-s.ctx.Done():
			t.Stop()
			return nil
		}
	}
	return nil
}

// receiptOf is what came back. The effect is there by now, so that what cannot be
// understood is left empty rather than made a failure.
func (a act) receiptOf(s *session, env map[string]any, at time.Time) (integrations.Receipt, error) {
	r := integrations.Receipt{At: at}
	var err error
	if r.Ref, err = a.receipt.ref.text(env); err != nil {
		return r, &integrations.Error{Outcome: integrations.Ambiguous, Hint: "look whether it was done", Err: fmt.Errorf("%s: read its answer: %w", a.ID, s.clean(err))}
	}
	if r.URL, err = a.receipt.url.text(env); err != nil {
		r.URL = ""
	}
	r.Ref, r.URL = s.seen.Clean(r.Ref), s.seen.Clean(r.URL)
	for _, d := range a.receipt.data {
		if r.Data == nil {
			r.Data = map[string]any{}
		}
		v, err := d.value.Run(env)
		if err == nil {
			v, err = storable(v)
		}
		if err != nil {
			v = nil
		}
		r.Data[d.param.Name] = v
	}
	return r, s.fits(r.Data)
}

// Verify implements integrations.Action.
func (a act) Verify(ctx context.Context, c integrations.Call, r integrations.Receipt) (integrations.Verification, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Verification{}, err
	}
	if a.do.reads() || a.verify != nil && a.verify.unread != "" {
		if r.Ref == "" {
			return integrations.Verification{}, fmt.Errorf("read %s back: %w", a.ID, integrations.ErrNotReadable)
		}
		says := "it was read"
		if !a.do.reads() {
			says = "the other side took it; " + a.verify.unread
		}
		return integrations.Verification{OK: true, Unread: !a.do.reads(), Says: says}, nil
	}
	if r.Ref == "" && mentions(a.proof(), "receipt") {
		// The answer was lost, and what it said decides.
		return integrations.Verification{}, fmt.Errorf("read %s back: %w", a.ID, integrations.ErrNotReadable)
	}
	env := a.names(c, v)
	env["receipt"] = receiptNames(r)
	state, err := a.state(ctx, a.verifying(), env)
	if err != nil {
		return integrations.Verification{}, err
	}
	env["state"] = plain(state)
	ok, err := truth(a.proof(), env)
	if err != nil {
		return integrations.Verification{}, rejected("the answer is not what the action expects", "verify %s: %w", a.ID, err)
	}
	says := map[bool]string{true: "it is so", false: "it is not so"}[ok]
	if a.verify != nil && a.verify.says != nil {
		if says, err = a.verify.says.text(env); err != nil {
			return integrations.Verification{}, rejected("", "verify %s: %w", a.ID, err)
		}
	}
	return integrations.Verification{OK: ok, Says: says, State: state}, nil
}

func (a act) verifying() []*read {
	if a.verify != nil && a.verify.reads != nil {
		return a.verify.reads
	}
	return a.prior
}

func (a act) proof() *program {
	if a.verify != nil && a.verify.ok != nil {
		return a.verify.ok
	}
	return a.done
}

func receiptNames(r integrations.Receipt) map[string]any {
	out := map[string]any{}
	for k, v := range r.Data {
		out[k] = plain(v)
	}
	out["ref"], out["url"] = r.Ref, r.URL
	return out
}

// Find implements integrations.Finder: by the mark that was left, else by the
// state itself.
func (f finder) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	a := f.act
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	env := a.names(c, v)
	s, err := a.over.start(ctx, a.errors, nil)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	now := a.over.c.Now().UTC()
	if a.find != nil {
		return a.lookUp(s, env, now)
	}
	state, err := s.read(a.prior, env)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	env["state"], env["prior"] = plain(state), plain(state)
	ok, err := truth(a.done, env)
	if err != nil {
		return integrations.Receipt{}, false, rejected("the answer is not what the action expects", "find %s: %w", a.ID, err)
	}
	env["answer"] = nil
	r, err := a.receiptOf(s, env, now)
	return r, ok && err == nil, err
}

func (a act) lookUp(s *session, env map[string]any, at time.Time) (integrations.Receipt, bool, error) {
	env, found, err := s.ask(a.find.read, env)
	if err != nil || !found {
		return integrations.Receipt{}, false, err
	}
	item, err := a.find.item.Run(env)
	if err != nil {
		return integrations.Receipt{}, false, rejected("the answer is not what the action expects", "find %s: %w", a.ID, s.clean(err))
	}
	if item == nil {
		return integrations.Receipt{}, false, nil
	}
	env["item"] = plain(item)
	ref, err := a.find.ref.text(env)
	if err != nil {
		return integrations.Receipt{}, false, rejected("", "find %s: %w", a.ID, s.clean(err))
	}
	r := integrations.Receipt{Ref: s.seen.Clean(ref), At: at}
	for _, d := range a.find.data {
		if r.Data == nil {
			r.Data = map[string]any{}
		}
		v, err := d.value.Run(env)
		if err == nil {
			v, err = storable(v)
		}
		if err != nil {
			return integrations.Receipt{}, false, rejected("", "find %s: %w", a.ID, s.clean(err))
		}
		r.Data[d.name] = v
	}
	return r, true, s.fits(r.Data)
}

// Inverse implements integrations.Reverter.
func (r reverter) Inverse(c integrations.Call, prior integrations.Prior, got integrations.Receipt) (integrations.Call, error) {
	a := r.of
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Call{}, err
	}
	env := a.names(c, v)
	if prior.State != nil {
		env["prior"], env["state"] = plain(prior.State), plain(prior.State)
	}
	env["receipt"] = receiptNames(got)
	return a.inverse(c, env)
}

func (a act) inverse(c integrations.Call, env map[string]any) (integrations.Call, error) {
	if a.undo.when != nil {
		ok, err := truth(a.undo.when, env)
		if err != nil {
			return integrations.Call{}, fmt.Errorf("invert %s: %w", a.ID, err)
		}
		if !ok {
			return integrations.Call{}, fmt.Errorf("invert %s: it was so before", a.ID)
		}
	}
	out := integrations.Call{Action: a.undo.action, Connection: c.Connection, Incident: c.Incident, Step: c.Step, Params: map[string]any{}}
	for _, p := range a.undo.with {
		v, err := p.value.render(env, conceal)
		if err != nil {
			return integrations.Call{}, fmt.Errorf("invert %s: %s: %w", a.ID, p.key, err)
		}
		if v != nil {
			out.Params[p.key] = v
		}
	}
	return out, nil
}
