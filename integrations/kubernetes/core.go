package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"firebreak/integrations"
)

// core is an action on one object that is there: what the actions have in common.
type core struct {
	*cluster
	d      integrations.Description
	rights []right
	of     func(integrations.Values) kind
	name   string // the parameter that names the object
	sub    string // the subresource that is read
	// state is what a plan keeps of the object, beside its uid.
	state func(object, integrations.Values) map[string]any
	// mayNot says why the object must be left alone, or nil.
	mayNot func(object, integrations.Values) error
	done   func(map[string]any, integrations.Values) bool
	// deed is the change, with what must still be so. now is the object as it is.
	deed     func(now object, at string, v integrations.Values, c integrations.Call) deed
	effects  func(called string, state map[string]any, v integrations.Values) (effects, warnings []string)
	proof    string
	undo     string
	inverse  func(state map[string]any, c integrations.Call) (name string, params map[string]any)
	gone     bool                                     // done means that the object, by its uid, is not there any more
	finished func(object, integrations.Values) string // what people read of a done one
}

// Names of objects, and of namespaces.
const (
	subdomain = `[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?`
	dnsLabel  = `[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?`
)

func namespaceParam() integrations.Param {
	return integrations.Param{Name: "namespace", Title: "Namespace", Type: "string", Required: true, Match: dnsLabel}
}

func nameParam(name, title string) integrations.Param {
	return integrations.Param{Name: name, Title: title, Type: "string", Required: true, Match: subdomain}
}

func uidParam() integrations.Param {
	return integrations.Param{Name: "uid", Title: "Its uid: another one of that name is not meant", Type: "string", Match: `[A-Za-z0-9-]{1,64}`}
}

// result is what the receipts of these actions hold.
func result() []integrations.Param {
	return []integrations.Param{{Name: "name", Type: "string"}, {Name: "uid", Type: "string"}}
}

// Describe implements integrations.Action.
func (a core) Describe() integrations.Description { return a.d }

func (a core) at(v integrations.Values) (k kind, namespace, name, path string) {
	k, namespace, name = a.of(v), v.Text("namespace"), v.Text(a.name)
	if a.sub != "" {
		return k, namespace, name, k.path(namespace, name, a.sub)
	}
	return k, namespace, name, k.path(namespace, name)
}

// look reads the object, and refuses one that is not meant or must be left alone.
func (a core) look(ctx context.Context, s *session, v integrations.Values) (object, error) {
	k, namespace, name, path := a.at(v)
	var o object
	if err := s.get(ctx, k.one+" "+k.called(namespace, name), path, nil, &o); err != nil {
		return o, err
	}
	switch {
	case o.Meta.UID == "" || o.Meta.Name != name:
		return o, rejected("", "read %s %s: the server answers with something else", k.one, name)
	case v.Has("uid") && v.Text("uid") != o.Meta.UID:
		return o, rejected("look for it anew", "%s %s: the one meant is gone; this is another one of that name", k.one, k.called(namespace, name))
	case a.mayNot != nil:
		return o, a.mayNot(o, v)
	}
	return o, nil
}

// Prior implements integrations.Action.
func (a core) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	v, err := integrations.Read(a.d, c.Params)
	if err != nil {
		return integrations.Prior{}, err
	}
	ctx, s, err := a.open(ctx)
	if err != nil {
		return integrations.Prior{}, err
	}
	o, err := a.look(ctx, s, v)
	if err != nil {
		return integrations.Prior{}, err
	}
	return integrations.Prior{State: a.stateOf(o, v)}, nil
}

func (a core) stateOf(o object, v integrations.Values) map[string]any {
	state := a.state(o, v)
	state["uid"] = o.Meta.UID
	return state
}

func text(state map[string]any, name string) string {
	s, _ := state[name].(string)
	return s
}

// Plan implements integrations.Action.
func (a core) Plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := integrations.Read(a.d, c.Params)
	if err != nil {
		return integrations.Plan{}, err
	}
	ctx, s, err := a.open(ctx)
	if err != nil {
		return integrations.Plan{}, err
	}
	k, namespace, name, path := a.at(v)
	o, err := a.look(ctx, s, v)
	if err != nil {
		return integrations.Plan{}, err
	}
	if o.Meta.UID != text(prior.State, "uid") {
		return integrations.Plan{}, rejected("plan it anew", "%s %s: it was replaced meanwhile", k.one, k.called(namespace, name))
	}
	p := integrations.Plan{
		Call: c, Base: s.base.String(), Prior: prior, Target: k.called(namespace, name), Proof: a.proof,
		Targets:   []integrations.Target{{Kind: k.one, ID: o.Meta.UID, Name: k.called(namespace, name)}},
		Unchanged: a.done(prior.State, v),
	}
	if p.Identity, err = s.identity(ctx); err != nil {
		return integrations.Plan{}, err
	}
	for _, r := range a.rights {
		r.of = k
		if err := s.may(ctx, r, namespace, name); err != nil {
			return integrations.Plan{}, err
		}
	}
	if k.wide {
		if p.Targets[0].Of, err = s.count(ctx, k, ""); err != nil {
			return integrations.Plan{}, err
		}
	}
	shown, err := a.deed(steady(o), path, v, c).request(s.base)
	if err != nil {
		return integrations.Plan{}, err
	}
	p.Requests = []integrations.Request{shown}
	p.Effects, p.Warnings = a.effects(k.called(namespace, name), prior.State, v)
	if a.inverse != nil && !p.Unchanged {
		if inverse, err := a.invert(c, prior); err == nil {
			p.Undo, p.Inverse = a.undo, &inverse
		}
	}
	return p, nil
}

// steady is the object without what changes by itself all the time.
func steady(o object) object {
	o.Meta.ResourceVersion = "(as it is read before the change)"
	return o
}

// DryRun implements integrations.DryRunner: the server itself tries it.
func (a core) DryRun(ctx context.Context, c integrations.Call, p integrations.Plan) (string, error) {
	v, err := integrations.Read(a.d, c.Params)
	if err != nil || p.Unchanged {
		return "there is nothing to do", err
	}
	ctx, s, err := a.open(ctx)
	if err != nil {
		return "", err
	}
	o, err := a.look(ctx, s, v)
	if err != nil {
		return "", err
	}
	_, _, _, path := a.at(v)
	if err := s.do(ctx, a.deed(o, path, v, c), true, nil); err != nil {
		return "", err
	}
	return "the server tried it (dryRun=All) and takes it", nil
}

// Do implements integrations.Action. It looks first: what is so already needs
// nothing, and what is another object than the plan saw is left alone.
func (a core) Do(ctx context.Context, c integrations.Call, plan integrations.Plan) (integrations.Receipt, error) {
	v, err := integrations.Read(a.d, c.Params)
	if err != nil {
		return integrations.Receipt{}, err
	}
	ctx, s, err := a.open(ctx)
	if err != nil {
		return integrations.Receipt{}, err
	}
	planned := text(plan.Prior.State, "uid")
	o, err := a.look(ctx, s, v)
	if a.gone && planned != "" && (s.code == http.StatusNotFound || err == nil && o.Meta.UID != planned) {
		return a.receipt(v, planned), nil
	}
	if err != nil {
		return integrations.Receipt{}, err
	}
	k, namespace, name, path := a.at(v)
	if planned != "" && planned != o.Meta.UID {
		return integrations.Receipt{}, rejected("plan it anew", "%s %s: it was replaced since it was planned for", k.one, k.called(namespace, name))
	}
	if a.done(a.stateOf(o, v), v) {
		return a.receipt(v, o.Meta.UID), nil
	}
	if err := s.do(ctx, a.deed(o, path, v, c), false, nil); err != nil {
		return integrations.Receipt{}, err
	}
	return a.receipt(v, o.Meta.UID), nil
}

func (a core) receipt(v integrations.Values, uid string) integrations.Receipt {
	k, namespace, name, _ := a.at(v)
	called := k.called(namespace, name)
	return integrations.Receipt{Ref: k.one + "/" + called, At: a.now(), Data: map[string]any{"name": called, "uid": uid}}
}

// Verify implements integrations.Action.
func (a core) Verify(ctx context.Context, c integrations.Call, r integrations.Receipt) (integrations.Verification, error) {
	v, err := integrations.Read(a.d, c.Params)
	if err != nil {
		return integrations.Verification{}, err
	}
	ctx, s, err := a.open(ctx)
	if err != nil {
		return integrations.Verification{}, err
	}
	o, err := a.look(ctx, s, v)
	uid, _ := r.Data["uid"].(string)
	switch k, namespace, name, _ := a.at(v); {
	case a.gone && s.code == http.StatusNotFound:
		return integrations.Verification{OK: true, Says: fmt.Sprintf("there is no %s %s", k.one, k.called(namespace, name))}, nil
	case err != nil:
		return integrations.Verification{}, err
	case a.gone && uid != "" && o.Meta.UID != uid:
		return integrations.Verification{OK: true, Says: fmt.Sprintf("%s %s is another one now", k.one, k.called(namespace, name))}, nil
	case uid != "" && o.Meta.UID != uid:
		return integrations.Verification{Says: fmt.Sprintf("%s %s is another one now", k.one, k.called(namespace, name))}, nil
	}
	state := a.stateOf(o, v)
	return integrations.Verification{OK: a.done(state, v), Says: a.finished(o, v), State: state}, nil
}

// Find implements integrations.Finder: the state itself tells.
func (a core) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	v, err := integrations.Read(a.d, c.Params)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	uid := v.Text("uid")
	seen, err := a.Verify(ctx, c, integrations.Receipt{Data: map[string]any{"uid": uid}})
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	if found := text(seen.State, "uid"); found != "" && uid == "" {
		uid = found
	}
	return a.receipt(v, uid), seen.OK, nil
}

func (a core) invert(c integrations.Call, prior integrations.Prior) (integrations.Call, error) {
	v, err := integrations.Read(a.d, c.Params)
	if err != nil {
		return integrations.Call{}, err
	}
	if prior.State["uid"] == nil || a.done(prior.State, v) {
		return integrations.Call{}, fmt.Errorf("invert %s: it was so before", c.Action)
	}
	inverse := integrations.Call{Connection: c.Connection, Incident: c.Incident, Step: c.Step}
	inverse.Action, inverse.Params = a.inverse(prior.State, c)
	inverse.Params["uid"] = prior.State["uid"]
	return inverse, nil
}

// reversible is an action on one object that has an inverse.
type reversible struct{ core }

// Inverse implements integrations.Reverter. It means the same object, by its uid.
func (a reversible) Inverse(c integrations.Call, prior integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
	if a.inverse == nil {
		return integrations.Call{}, errors.New("it has no inverse")
	}
	return a.invert(c, prior)
}

func is(k kind) func(integrations.Values) kind { return func(integrations.Values) kind { return k } }

// test is one operation of a JSON patch: the server refuses the whole patch where
// it does not hold.
func test(path string, value any) map[string]any {
	return map[string]any{"op": "test", "path": path, "value": value}
}
