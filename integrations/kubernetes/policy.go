package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/integrations"
)

// deny cuts the network of the pods with some labels, by a policy of its own that
// allows nothing. It adds to what is there and changes nothing of it.
type deny struct{ *cluster }

// made is the label of what Firebreak makes; its value is the incident.
const made = "firebreak.dev/incident"

func selectorParam() integrations.Param {
	return integrations.Param{Name: "selector", Title: "Labels of the pods, each NAME=VALUE", Type: "list", Required: true, Match: `[A-Za-z0-9](?:[A-Za-z0-9./_-]{0,315}[A-Za-z0-9])?=[A-Za-z0-9._-]{0,63}`}
}

// Describe implements integrations.Action.
func (deny) Describe() integrations.Description {
	return integrations.Description{
		Name: "kubernetes.networkpolicy.deny", Title: "Cut the network of pods", System: "kubernetes",
		Danger: incident.High, Reversible: true, Idempotency: "native", Scopes: []string{"get, create networkpolicies.networking.k8s.io; list pods"}, Tested: tested,
		D3fend: []string{"D3-NI"},
		Params: []integrations.Param{namespaceParam(), selectorParam()},
		Result: []integrations.Param{{Name: "name", Type: "string"}, {Name: "uid", Type: "string"}},
	}
}

// policyName is the name that this call's policy has: a repeat finds it there.
func policyName(c integrations.Call) string {
	key := c.Key
	if len(key) > 16 {
		key = key[:16]
	}
	return strings.ToLower("firebreak-deny-" + key)
}

type denial struct {
	namespace, name string
	selector        map[string]string
}

func (d deny) read(c integrations.Call) (denial, error) {
	v, err := integrations.Read(d.Describe(), c.Params)
	if err != nil {
		return denial{}, err
	}
	w := denial{v.Text("namespace"), policyName(c), parseLabels(v.List("selector"))}
	if len(w.selector) == 0 {
		return w, rejected("name the labels of the pods", "selector: it is empty, and would mean every pod of %s", w.namespace)
	}
	return w, nil
}

// find reads the policy of that name; ok says whether it is there.
func (s *session) policy(ctx context.Context, namespace, name string) (o object, ok bool, err error) {
	err = s.get(ctx, "network policy "+namespace+"/"+name, policies.path(namespace, name), nil, &o)
	if s.code == http.StatusNotFound {
		return object{}, false, nil
	}
	return o, err == nil, err
}

// selected are the pods that have the labels.
func (s *session) selected(ctx context.Context, namespace string, selector map[string]string) ([]integrations.Target, error) {
	parts := []string{}
	for _, n := range slices.Sorted(maps.Keys(selector)) {
		parts = append(parts, n+"="+selector[n])
	}
	var list struct{ Items []object }
	if err := s.get(ctx, "pods of "+namespace, pods.path(namespace, ""), url.Values{"labelSelector": {strings.Join(parts, ",")}, "limit": {"500"}}, &list); err != nil {
		return nil, err
	}
	var out []integrations.Target
	for _, o := range list.Items {
		out = append(out, integrations.Target{Kind: "pod", ID: o.Meta.UID, Name: namespace + "/" + o.Meta.Name})
	}
	slices.SortFunc(out, func(a, b integrations.Target) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// denies says that the policy does what is asked for.
func (w denial) denies(o object, key string) bool {
	types := slices.Sorted(slices.Values(o.Spec.PolicyTypes))
	return o.Meta.Annotations[keyMark] == key && maps.Equal(o.Spec.PodSelector.MatchLabels, w.selector) && len(o.Spec.PodSelector.Expressions) == 0 &&
		slices.Equal(types, []string{"Egress", "Ingress"}) && len(o.Spec.Ingress) == 0 && len(o.Spec.Egress) == 0
}

// Prior implements integrations.Action.
func (d deny) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	w, err := d.read(c)
	if err != nil {
		return integrations.Prior{}, err
	}
	ctx, s, err := d.open(ctx)
	if err != nil {
		return integrations.Prior{}, err
	}
	o, there, err := s.policy(ctx, w.namespace, w.name)
	if err != nil {
		return integrations.Prior{}, err
	}
	var ns object
	if err := s.get(ctx, "namespace "+w.namespace, namespaces.path("", w.namespace), nil, &ns); err != nil && s.code != http.StatusForbidden {
		return integrations.Prior{}, err
	}
	state := map[string]any{"denied": there && w.denies(o, c.Key), "namespace_uid": ns.Meta.UID}
	if there {
		state["uid"] = o.Meta.UID
	}
	return integrations.Prior{State: state}, nil
}

func (w denial) deed(c integrations.Call) deed {
	return deed{"make network policy", http.MethodPost, policies.path(w.namespace, ""), plainJSON, map[string]any{
		"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
		"metadata": map[string]any{
			"name": w.name, "namespace": w.namespace,
			"labels": map[string]string{made: label(string(c.Incident))}, "annotations": map[string]string{keyMark: c.Key},
		},
		"spec": map[string]any{"podSelector": map[string]any{"matchLabels": w.selector}, "policyTypes": []string{"Ingress", "Egress"}},
	}}
}

// Plan implements integrations.Action.
func (d deny) Plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	w, err := d.read(c)
	if err != nil {
		return integrations.Plan{}, err
	}
	ctx, s, err := d.open(ctx)
	if err != nil {
		return integrations.Plan{}, err
	}
	denied, _ := prior.State["denied"].(bool)
	labels := strings.Trim(fmt.Sprint(words(w.selector)), "[]")
	p := integrations.Plan{
		Call: c, Base: s.base.String(), Prior: prior, Target: w.namespace + "/" + labels, Unchanged: denied,
		Effects: []string{
			fmt.Sprintf("pods of %s with the labels %s get no connection in or out any more, those that are open included where the network holds to it; also pods that come later", w.namespace, labels),
		},
		Warnings: []string{"it works where the cluster's network heeds policies: some do not, and nobody says so", "a policy that allows something to these pods still does: policies add up"},
		Proof:    "the server has the policy with these labels, and nothing in it is allowed; the server does not know whether packets pass",
	}
	if p.Identity, err = s.identity(ctx); err != nil {
		return integrations.Plan{}, err
	}
	for _, r := range []right{{verb: "create", of: policies}, {verb: "list", of: pods}} {
		if err := s.may(ctx, r, w.namespace, ""); err != nil {
			return integrations.Plan{}, err
		}
	}
	if p.Targets, err = s.selected(ctx, w.namespace, w.selector); err != nil {
		return integrations.Plan{}, err
	}
	if len(p.Targets) == 0 {
		p.Targets = []integrations.Target{{Kind: "namespace", ID: text(prior.State, "namespace_uid"), Name: w.namespace}}
		p.Warnings = append(p.Warnings, "no pod has these labels now")
	}
	shown, err := w.deed(c).request(s.base)
	if err != nil {
		return integrations.Plan{}, err
	}
	p.Requests = []integrations.Request{shown}
	if !denied {
		inverse := d.inverse(c, w, "")
		p.Undo, p.Inverse = "delete the policy", &inverse
	}
	return p, nil
}

// DryRun implements integrations.DryRunner.
func (d deny) DryRun(ctx context.Context, c integrations.Call, p integrations.Plan) (string, error) {
	w, err := d.read(c)
	if err != nil || p.Unchanged {
		return "there is nothing to do", err
	}
	ctx, s, err := d.open(ctx)
	if err != nil {
		return "", err
	}
	if err := s.do(ctx, w.deed(c), true, nil); err != nil {
		return "", err
	}
	return "the server tried it (dryRun=All) and takes it", nil
}

// Do implements integrations.Action. A policy of that name that is there already is
// ours when it bears the key.
func (d deny) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	w, err := d.read(c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	ctx, s, err := d.open(ctx)
	if err != nil {
		return integrations.Receipt{}, err
	}
	o, there, err := s.policy(ctx, w.namespace, w.name)
	switch {
	case err != nil:
		return integrations.Receipt{}, err
	case there && w.denies(o, c.Key):
		return d.receipt(w, o.Meta.UID), nil
	case there:
		return integrations.Receipt{}, rejected("delete it, or plan anew", "network policy %s: there is one of that name that is not ours", w.name)
	}
	if err := s.do(ctx, w.deed(c), false, &o); err != nil {
		return integrations.Receipt{}, err
	}
	return d.receipt(w, o.Meta.UID), nil
}

func (d deny) receipt(w denial, uid string) integrations.Receipt {
	return integrations.Receipt{Ref: "networkpolicy/" + w.namespace + "/" + w.name, At: d.now(), Data: map[string]any{"name": w.name, "uid": uid}}
}

// Verify implements integrations.Action.
func (d deny) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	prior, err := d.Prior(ctx, c)
	if err != nil {
		return integrations.Verification{}, err
	}
	denied, _ := prior.State["denied"].(bool)
	says := "the policy is not there"
	switch {
	case denied:
		says = "the policy is there and allows nothing"
	case text(prior.State, "uid") != "":
		says = "a policy of that name is there and is not what was made"
	}
	return integrations.Verification{OK: denied, Says: says, State: prior.State}, nil
}

// Find implements integrations.Finder.
func (d deny) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	w, err := d.read(c)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	seen, err := d.Verify(ctx, c, integrations.Receipt{})
	return d.receipt(w, text(seen.State, "uid")), seen.OK, err
}

// Inverse implements integrations.Reverter: it means the very policy that was made.
func (d deny) Inverse(c integrations.Call, prior integrations.Prior, r integrations.Receipt) (integrations.Call, error) {
	w, err := d.read(c)
	if err != nil {
		return integrations.Call{}, err
	}
	if denied, known := prior.State["denied"].(bool); !known || denied {
		return integrations.Call{}, fmt.Errorf("invert %s: it was there before", c.Action)
	}
	uid, _ := r.Data["uid"].(string)
	return d.inverse(c, w, uid), nil
}

func (deny) inverse(c integrations.Call, w denial, uid string) integrations.Call {
	p := map[string]any{"namespace": w.namespace, "name": w.name}
	if uid != "" {
		p["uid"] = uid
	}
	return integrations.Call{Action: "kubernetes.networkpolicy.delete", Connection: c.Connection, Incident: c.Incident, Step: c.Step, Params: p}
}

// undeny deletes a policy that Firebreak made, and no other.
type undeny struct{ *cluster }

// Describe implements integrations.Action.
func (undeny) Describe() integrations.Description {
	return integrations.Description{
		Name: "kubernetes.networkpolicy.delete", Title: "Give pods their network back", System: "kubernetes",
		Danger: incident.Medium, Reversible: true, Idempotency: "native", Scopes: []string{"get, delete networkpolicies.networking.k8s.io"}, Tested: tested,
		Params: []integrations.Param{
			namespaceParam(), uidParam(),
			{Name: "name", Title: "Name of the policy", Type: "string", Required: true, Match: `firebreak-deny-[a-z0-9]{1,40}`},
		},
		Result: []integrations.Param{{Name: "name", Type: "string"}, {Name: "uid", Type: "string"}},
	}
}

func (u undeny) look(ctx context.Context, s *session, v integrations.Values) (object, bool, error) {
	o, there, err := s.policy(ctx, v.Text("namespace"), v.Text("name"))
	if err != nil || !there {
		return o, there, err
	}
	switch {
	case v.Has("uid") && o.Meta.UID != v.Text("uid"):
		return o, there, rejected("look for it anew", "network policy %s: the one meant is gone; this is another one of that name", o.Meta.Name)
	case o.Meta.Annotations[keyMark] == "":
		return o, there, rejected("", "network policy %s: firebreak did not make it", o.Meta.Name)
	}
	return o, there, nil
}

// Prior implements integrations.Action.
func (u undeny) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	v, err := integrations.Read(u.Describe(), c.Params)
	if err != nil {
		return integrations.Prior{}, err
	}
	ctx, s, err := u.open(ctx)
	if err != nil {
		return integrations.Prior{}, err
	}
	o, there, err := u.look(ctx, s, v)
	state := map[string]any{"there": there}
	if there {
		state["uid"], state["selector"] = o.Meta.UID, words(o.Spec.PodSelector.MatchLabels)
	}
	return integrations.Prior{State: state}, err
}

func (u undeny) deed(v integrations.Values, uid string) deed {
	return deed{"delete network policy", http.MethodDelete, policies.path(v.Text("namespace"), v.Text("name")), plainJSON, deleteOptions(uid, integrations.Values{})}
}

// Plan implements integrations.Action.
func (u undeny) Plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := integrations.Read(u.Describe(), c.Params)
	if err != nil {
		return integrations.Plan{}, err
	}
	ctx, s, err := u.open(ctx)
	if err != nil {
		return integrations.Plan{}, err
	}
	there, _ := prior.State["there"].(bool)
	called := policies.called(v.Text("namespace"), v.Text("name"))
	p := integrations.Plan{
		Call: c, Base: s.base.String(), Prior: prior, Target: called, Unchanged: !there,
		Targets: []integrations.Target{{Kind: policies.one, ID: text(prior.State, "uid"), Name: called}},
		Effects: []string{fmt.Sprintf("the pods of %s that policy %s cut off have their network again, as far as no other policy cuts it", v.Text("namespace"), v.Text("name"))},
		Proof:   "the server has no such policy any more",
	}
	if p.Identity, err = s.identity(ctx); err != nil {
		return integrations.Plan{}, err
	}
	if err := s.may(ctx, right{verb: "delete", of: policies}, v.Text("namespace"), v.Text("name")); err != nil {
		return integrations.Plan{}, err
	}
	shown, err := u.deed(v, text(prior.State, "uid")).request(s.base)
	if err != nil {
		return integrations.Plan{}, err
	}
	p.Requests = []integrations.Request{shown}
	if inverse, err := u.Inverse(c, prior, integrations.Receipt{}); err == nil {
		p.Undo, p.Inverse = "make such a policy again", &inverse
	}
	return p, nil
}

// DryRun implements integrations.DryRunner.
func (u undeny) DryRun(ctx context.Context, c integrations.Call, p integrations.Plan) (string, error) {
	v, err := integrations.Read(u.Describe(), c.Params)
	if err != nil || p.Unchanged {
		return "there is nothing to do", err
	}
	ctx, s, err := u.open(ctx)
	if err != nil {
		return "", err
	}
	if err := s.do(ctx, u.deed(v, text(p.Prior.State, "uid")), true, nil); err != nil {
		return "", err
	}
	return "the server tried it (dryRun=All) and takes it", nil
}

// Do implements integrations.Action. One that is gone already needs nothing.
func (u undeny) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	v, err := integrations.Read(u.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, err
	}
	ctx, s, err := u.open(ctx)
	if err != nil {
		return integrations.Receipt{}, err
	}
	o, there, err := u.look(ctx, s, v)
	if err != nil {
		return integrations.Receipt{}, err
	}
	if there {
		err := s.do(ctx, u.deed(v, o.Meta.UID), false, nil)
		if err != nil && s.code != http.StatusNotFound { // somebody was first
			return integrations.Receipt{}, err
		}
	}
	return u.receipt(v, o.Meta.UID), nil
}

func (u undeny) receipt(v integrations.Values, uid string) integrations.Receipt {
	return integrations.Receipt{Ref: "networkpolicy/" + v.Text("namespace") + "/" + v.Text("name"), At: u.now(), Data: map[string]any{"name": v.Text("name"), "uid": uid}}
}

// Verify implements integrations.Action.
func (u undeny) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	prior, err := u.Prior(ctx, c)
	if err != nil {
		return integrations.Verification{}, err
	}
	there, _ := prior.State["there"].(bool)
	says := "the policy is not there"
	if there {
		says = "the policy is there"
	}
	return integrations.Verification{OK: !there, Says: says, State: prior.State}, nil
}

// Find implements integrations.Finder: the state itself tells.
func (u undeny) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	v, err := integrations.Read(u.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	seen, err := u.Verify(ctx, c, integrations.Receipt{})
	return u.receipt(v, v.Text("uid")), seen.OK, err
}

// Inverse implements integrations.Reverter: another policy for the same labels.
func (u undeny) Inverse(c integrations.Call, prior integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
	selector, ok := prior.State["selector"].([]any)
	if !ok || len(selector) == 0 {
		return integrations.Call{}, errors.New("invert " + c.Action + ": there was none")
	}
	return integrations.Call{
		Action: "kubernetes.networkpolicy.deny", Connection: c.Connection, Incident: c.Incident, Step: c.Step,
		Params: map[string]any{"namespace": c.Params["namespace"], "selector": selector},
	}, nil
}
