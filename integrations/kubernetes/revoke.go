package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"firebreak/incident"
	"firebreak/integrations"
)

// revoke makes all tokens of a service account void, by deleting the account and
// making it again: tokens are bound to its uid. The account that is made anew bears
// the call's key.
type revoke struct{ *cluster }

// keyMark is the annotation that says by which call an object was made.
const keyMark = "firebreak.dev/key"

// Describe implements integrations.Action.
func (revoke) Describe() integrations.Description {
	return integrations.Description{
		Name: "kubernetes.serviceaccount.revoke", Title: "Make the tokens of a service account void", System: "kubernetes",
		Danger: incident.High, Idempotency: "native", Scopes: []string{"get, delete, create, patch serviceaccounts"}, Tested: tested,
		Params: []integrations.Param{namespaceParam(), nameParam("serviceaccount", "Name of the service account"), uidParam()},
		Result: []integrations.Param{{Name: "name", Type: "string"}, {Name: "uid", Type: "string"}},
	}
}

func (r revoke) look(ctx context.Context, s *session, v integrations.Values) (object, error) {
	var o object
	namespace, name := v.Text("namespace"), v.Text("serviceaccount")
	err := s.get(ctx, "service account "+namespace+"/"+name, serviceAccounts.path(namespace, name), nil, &o)
	return o, err
}

// Prior implements integrations.Action.
func (r revoke) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	v, err := integrations.Read(r.Describe(), c.Params)
	if err != nil {
		return integrations.Prior{}, err
	}
	ctx, s, err := r.open(ctx)
	if err != nil {
		return integrations.Prior{}, err
	}
	o, err := r.look(ctx, s, v)
	switch {
	case err != nil:
		return integrations.Prior{}, err
	case v.Has("uid") && o.Meta.UID != v.Text("uid") && o.Meta.Annotations[keyMark] != c.Key:
		return integrations.Prior{}, rejected("look for it anew", "service account %s: the one meant is gone; this is another one of that name", o.Meta.Name)
	}
	again, err := json.Marshal(anew(o, c))
	if err != nil {
		return integrations.Prior{}, err
	}
	return integrations.Prior{State: map[string]any{"uid": o.Meta.UID, "again": string(again), "done": o.Meta.Annotations[keyMark] == c.Key}}, nil
}

// anew is the account as it is made again. Secrets with tokens of the old one are
// not named again: the cluster deletes them.
func anew(o object, c integrations.Call) map[string]any {
	annotations := map[string]string{}
	for k, v := range o.Meta.Annotations {
		annotations[k] = v
	}
	annotations[keyMark] = c.Key
	m := map[string]any{"name": o.Meta.Name, "namespace": o.Meta.Namespace, "annotations": annotations}
	if len(o.Meta.Labels) > 0 {
		m["labels"] = o.Meta.Labels
	}
	out := map[string]any{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": m}
	if len(o.ImagePullSecrets) > 0 {
		out["imagePullSecrets"] = o.ImagePullSecrets
	}
	if o.Automount != nil {
		out["automountServiceAccountToken"] = *o.Automount
	}
	return out
}

// deeds are the two requests.
func (r revoke) deeds(v integrations.Values, state map[string]any) []deed {
	namespace, name := v.Text("namespace"), v.Text("serviceaccount")
	return []deed{
		{"delete service account", http.MethodDelete, serviceAccounts.path(namespace, name), plainJSON, deleteOptions(text(state, "uid"), integrations.Values{})},
		{"make service account", http.MethodPost, serviceAccounts.path(namespace, ""), plainJSON, json.RawMessage(text(state, "again"))},
	}
}

// Plan implements integrations.Action.
func (r revoke) Plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := integrations.Read(r.Describe(), c.Params)
	if err != nil {
		return integrations.Plan{}, err
	}
	if text(prior.State, "uid") == "" {
		return integrations.Plan{}, rejected("", "plan %s: nothing was read", c.Action)
	}
	ctx, s, err := r.open(ctx)
	if err != nil {
		return integrations.Plan{}, err
	}
	called := serviceAccounts.called(v.Text("namespace"), v.Text("serviceaccount"))
	done, _ := prior.State["done"].(bool)
	p := integrations.Plan{
		Call: c, Base: s.base.String(), Prior: prior, Target: called, Unchanged: done,
		Targets: []integrations.Target{{Kind: serviceAccounts.one, ID: text(prior.State, "uid"), Name: called}},
		Effects: []string{
			fmt.Sprintf("service account %s is deleted and made again: every token it has given out is void, within some ten seconds", called),
			"pods that run as it are no longer let in until they are started again",
		},
		Warnings: []string{"between the two requests the account is missing: pods that start then fail", "what it is allowed stays: roles name it, not its uid"},
		Proof:    "the account has another uid, and bears the key of this action",
	}
	if p.Identity, err = s.identity(ctx); err != nil {
		return integrations.Plan{}, err
	}
	for _, verb := range []string{"delete", "create"} {
		if err := s.may(ctx, right{verb: verb, of: serviceAccounts}, v.Text("namespace"), ""); err != nil {
			return integrations.Plan{}, err
		}
	}
	for _, d := range r.deeds(v, prior.State) {
		shown, err := d.request(s.base)
		if err != nil {
			return integrations.Plan{}, err
		}
		p.Requests = append(p.Requests, shown)
	}
	return p, nil
}

// DryRun implements integrations.DryRunner. The making cannot be tried while the
// old one is there.
func (r revoke) DryRun(ctx context.Context, c integrations.Call, p integrations.Plan) (string, error) {
	v, err := integrations.Read(r.Describe(), c.Params)
	if err != nil || p.Unchanged {
		return "there is nothing to do", err
	}
	ctx, s, err := r.open(ctx)
	if err != nil {
		return "", err
	}
	if err := s.do(ctx, r.deeds(v, p.Prior.State)[0], true, nil); err != nil {
		return "", err
	}
	return "the server tried the deletion (dryRun=All) and takes it", nil
}

// Do implements integrations.Action. It may be called again after it ended between
// the two requests: then it makes the account that is missing.
func (r revoke) Do(ctx context.Context, c integrations.Call, plan integrations.Plan) (integrations.Receipt, error) {
	v, err := integrations.Read(r.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, err
	}
	ctx, s, err := r.open(ctx)
	if err != nil {
		return integrations.Receipt{}, err
	}
	planned := text(plan.Prior.State, "uid")
	o, err := r.look(ctx, s, v)
	missing := s.code == http.StatusNotFound && planned != ""
	switch {
	case missing:
	case err != nil:
		return integrations.Receipt{}, err
	case o.Meta.Annotations[keyMark] == c.Key && c.Key != "":
		return r.receipt(v, o), nil
	case planned == "":
		return integrations.Receipt{}, rejected("plan it first", "service account %s: there is no plan of it", o.Meta.Name)
	case o.Meta.UID != planned:
		return integrations.Receipt{}, rejected("plan it anew", "service account %s: it was replaced since it was planned for", o.Meta.Name)
	}
	deeds := r.deeds(v, plan.Prior.State)
	if !missing {
		if err := s.do(ctx, deeds[0], false, nil); err != nil {
			return integrations.Receipt{}, err
		}
	}
	// From here on the account is missing: nobody who goes away may leave it so.
	ctx = context.WithoutCancel(ctx)
	var made object
	for range 3 {
		if err = s.do(ctx, deeds[1], false, &made); err == nil || s.code == http.StatusConflict {
			break
		}
	}
	if s.code == http.StatusConflict { // the cluster itself made it again, as it does with "default"
		err = s.do(ctx, deed{"patch service account", http.MethodPatch, serviceAccounts.path(v.Text("namespace"), v.Text("serviceaccount")), merge, deeds[1].body}, false, &made)
	}
	if err != nil {
		return integrations.Receipt{}, r.half(err)
	}
	return r.receipt(v, made), nil
}

// half says that the account is gone and was not made again, as far as we know.
func (r revoke) half(err error) error {
	var e *integrations.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	return &integrations.Error{Outcome: integrations.Ambiguous, Hint: "kubectl get serviceaccount; the plan has what it must be made of", Err: fmt.Errorf("the account was deleted, and may not have been made again: %w", err)}
}

func (r revoke) receipt(v integrations.Values, o object) integrations.Receipt {
	called := serviceAccounts.called(v.Text("namespace"), v.Text("serviceaccount"))
	return integrations.Receipt{Ref: "serviceaccount/" + called, At: r.now(), Data: map[string]any{"name": called, "uid": o.Meta.UID}}
}

// Verify implements integrations.Action.
func (r revoke) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	v, err := integrations.Read(r.Describe(), c.Params)
	if err != nil {
		return integrations.Verification{}, err
	}
	ctx, s, err := r.open(ctx)
	if err != nil {
		return integrations.Verification{}, err
	}
	o, err := r.look(ctx, s, v)
	if s.code == http.StatusNotFound {
		return integrations.Verification{Says: "the account is missing"}, nil
	}
	if err != nil {
		return integrations.Verification{}, err
	}
	ok := c.Key != "" && o.Meta.Annotations[keyMark] == c.Key
	says := "the account is not the one that this action makes"
	if ok {
		says = "the account was made anew, with uid " + s.seen.Clean(o.Meta.UID)
	}
	return integrations.Verification{OK: ok, Says: says, State: map[string]any{"uid": o.Meta.UID}}, nil
}

// Find implements integrations.Finder: by the key that the account bears.
func (r revoke) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	v, err := integrations.Read(r.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	seen, err := r.Verify(ctx, c, integrations.Receipt{})
	return r.receipt(v, object{Meta: meta{UID: text(seen.State, "uid")}}), seen.OK, err
}
