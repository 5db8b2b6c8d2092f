package github

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/go-github/v62/github"

	"firebreak/incident"
	"firebreak/integrations"
)

// keyDelete deletes a deploy key; keyCreate puts it back. GitHub's keys never
// change, so that the restored one has the same content and a new id.
type keyDelete struct{ *hub }

// Describe implements integrations.Action.
func (keyDelete) Describe() integrations.Description {
	return integrations.Description{
		Name: "github.deploykey.delete", Title: "Delete a deploy key", System: "github",
		Danger: incident.High, Reversible: true, Idempotency: "native", Scopes: []string{"repo", "administration:write"},
		Tested: integrations.Described, D3fend: []string{"D3-CR"},
		Params: []integrations.Param{
			repoParam(),
			{Name: "key_id", Title: "Id of the key", Type: "int", Required: true, Match: `[1-9][0-9]{0,17}`},
		},
		Result: []integrations.Param{{Name: "repo", Type: "string"}, {Name: "key_id", Type: "int"}},
	}
}

// Prior implements integrations.Action.
func (k keyDelete) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	v, err := integrations.Read(k.Describe(), c.Params)
	if err != nil {
		return integrations.Prior{}, err
	}
	ctx, s, err := k.open(ctx)
	if err != nil {
		return integrations.Prior{}, err
	}
	owner, repo := split(v.Text("repo"))
	found, _, err := s.Repositories.GetKey(ctx, owner, repo, v.Int("key_id"))
	if missing(err) {
		return integrations.Prior{State: map[string]any{"exists": false}}, nil
	}
	if err != nil {
		return integrations.Prior{}, s.fail("read deploy key", err)
	}
	return integrations.Prior{State: map[string]any{
		"exists": true, "title": s.seen.Clean(found.GetTitle()), "key": found.GetKey(),
		"read_only": found.GetReadOnly(), "added_by": s.seen.Clean(found.GetAddedBy()),
	}}, nil
}

// Plan implements integrations.Action.
func (k keyDelete) Plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := integrations.Read(k.Describe(), c.Params)
	if err != nil {
		return integrations.Plan{}, err
	}
	p, err := k.planIn(ctx, c, prior, v.Text("repo"), integrations.Target{Kind: "deploy key", ID: strconv.FormatInt(v.Int("key_id"), 10), Name: text(prior.State, "title")})
	if err != nil {
		return integrations.Plan{}, err
	}
	owner, repo := split(v.Text("repo"))
	p.Target = fmt.Sprintf("%s/keys/%d", v.Text("repo"), v.Int("key_id"))
	p.Requests = []integrations.Request{k.request("DELETE", fmt.Sprintf("repos/%s/%s/keys/%d", owner, repo, v.Int("key_id")), "")}
	p.Proof = "GitHub no longer knows the key's id"
	exists, _ := prior.State["exists"].(bool)
	if !exists {
		p.Unchanged = true
		p.Effects = []string{"none: there is no such key"}
		return p, nil
	}
	access := "push to"
	if ro, _ := prior.State["read_only"].(bool); ro {
		access = "read"
	}
	p.Effects = []string{fmt.Sprintf("deploy key %q can no longer %s %s: whatever deploys with it stops", text(prior.State, "title"), access, v.Text("repo"))}
	p.Warnings = []string{"putting it back gives the key a new id"}
	inverse, err := k.Inverse(c, prior, integrations.Receipt{})
	if err != nil {
		return integrations.Plan{}, err
	}
	p.Undo, p.Inverse = "add the key again, with its title and access", &inverse
	return p, nil
}

// Do implements integrations.Action.
func (k keyDelete) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	v, err := integrations.Read(k.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, err
	}
	ctx, s, err := k.open(ctx)
	if err != nil {
		return integrations.Receipt{}, err
	}
	owner, repo := split(v.Text("repo"))
	if _, err := s.Repositories.DeleteKey(ctx, owner, repo, v.Int("key_id")); err != nil && !missing(err) {
		return integrations.Receipt{}, s.fail("delete deploy key", err)
	}
	return k.receipt(v), nil
}

func (k keyDelete) receipt(v integrations.Values) integrations.Receipt {
	return integrations.Receipt{
		Ref: fmt.Sprintf("%s/keys/%d", v.Text("repo"), v.Int("key_id")), At: k.now(),
		Data: map[string]any{"repo": v.Text("repo"), "key_id": v.Int("key_id")},
	}
}

// Verify implements integrations.Action.
func (k keyDelete) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	prior, err := k.Prior(ctx, c)
	if err != nil {
		return integrations.Verification{}, err
	}
	if exists, _ := prior.State["exists"].(bool); exists {
		return integrations.Verification{Says: "the key is there", State: prior.State}, nil
	}
	return integrations.Verification{OK: true, Says: "GitHub knows no such key", State: prior.State}, nil
}

// Find implements integrations.Finder: the state itself tells.
func (k keyDelete) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	v, err := integrations.Read(k.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	seen, err := k.Verify(ctx, c, integrations.Receipt{})
	return k.receipt(v), seen.OK, err
}

// Inverse implements integrations.Reverter.
func (keyDelete) Inverse(c integrations.Call, prior integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
	if text(prior.State, "key") == "" {
		return integrations.Call{}, fmt.Errorf("invert %s: there was no such key before", c.Action)
	}
	readOnly, _ := prior.State["read_only"].(bool)
	return integrations.Call{
		Action: "github.deploykey.create", Connection: c.Connection, Incident: c.Incident, Step: c.Step,
		Params: map[string]any{
			"repo": c.Params["repo"], "title": text(prior.State, "title"),
			"key": text(prior.State, "key"), "read_only": readOnly,
		},
	}, nil
}

type keyCreate struct{ *hub }

// Describe implements integrations.Action.
func (keyCreate) Describe() integrations.Description {
	return integrations.Description{
		Name: "github.deploykey.create", Title: "Add a deploy key", System: "github",
		Danger: incident.High, Reversible: true, Idempotency: "native", Scopes: []string{"repo", "administration:write"},
		Tested: integrations.Described,
		Params: []integrations.Param{
			repoParam(),
			{Name: "title", Title: "Title", Type: "string"},
			{Name: "key", Title: "Public key", Type: "string", Required: true, Match: `(?:ssh|ecdsa|sk)-[A-Za-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}(?: [^\r\n]*)?`},
			{Name: "read_only", Title: "May only read", Type: "bool", Default: true},
		},
		Result: []integrations.Param{{Name: "repo", Type: "string"}, {Name: "key_id", Type: "int"}},
	}
}

// find looks for the same key material among the repository's keys.
func (s session) find(ctx context.Context, v integrations.Values) (*github.Key, error) {
	owner, repo := split(v.Text("repo"))
	opts := &github.ListOptions{PerPage: 100}
	for range 10 {
		keys, resp, err := s.Repositories.ListKeys(ctx, owner, repo, opts)
		if err != nil {
			return nil, s.fail("list deploy keys", err)
		}
		for _, k := range keys {
			if material(k.GetKey()) == material(v.Text("key")) {
				return k, nil
			}
		}
		if resp.NextPage == 0 {
			return nil, nil // nothing found is not a failure
		}
		opts.Page = resp.NextPage
	}
	return nil, rejected("", "list deploy keys: more than 1000")
}

// material is a public key without its comment.
func material(key string) string {
	if f := strings.Fields(key); len(f) > 1 {
		return f[0] + " " + f[1]
	}
	return key
}

// Prior implements integrations.Action.
func (k keyCreate) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	v, err := integrations.Read(k.Describe(), c.Params)
	if err != nil {
		return integrations.Prior{}, err
	}
	ctx, s, err := k.open(ctx)
	if err != nil {
		return integrations.Prior{}, err
	}
	found, err := s.find(ctx, v)
	if err != nil {
		return integrations.Prior{}, err
	}
	if found == nil {
		return integrations.Prior{State: map[string]any{"exists": false}}, nil
	}
	return integrations.Prior{State: map[string]any{
		"exists": true, "key_id": found.GetID(), "title": s.seen.Clean(found.GetTitle()), "read_only": found.GetReadOnly(),
	}}, nil
}

// Plan implements integrations.Action.
func (k keyCreate) Plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := integrations.Read(k.Describe(), c.Params)
	if err != nil {
		return integrations.Plan{}, err
	}
	p, err := k.planIn(ctx, c, prior, v.Text("repo"))
	if err != nil {
		return integrations.Plan{}, err
	}
	owner, repo := split(v.Text("repo"))
	body, err := json.Marshal(newKey(v))
	if err != nil {
		return integrations.Plan{}, fmt.Errorf("encode deploy key: %w", err)
	}
	p.Target = v.Text("repo") + "/keys"
	p.Requests = []integrations.Request{k.request("POST", fmt.Sprintf("repos/%s/%s/keys", owner, repo), string(body))}
	p.Proof = "the key is in GitHub's list of the repository's keys"
	if exists, _ := prior.State["exists"].(bool); exists {
		p.Unchanged = true
		p.Effects = []string{"none: the key is there"}
		return p, nil
	}
	access := "read"
	if !v.Bool("read_only") {
		access = "read and push to"
	}
	p.Effects = []string{fmt.Sprintf("whoever holds the private half of %q can %s %s", v.Text("title"), access, v.Text("repo"))}
	p.Undo = "delete the key by the id it gets"
	return p, nil
}

func newKey(v integrations.Values) *github.Key {
	return &github.Key{Title: github.String(v.Text("title")), Key: github.String(v.Text("key")), ReadOnly: github.Bool(v.Bool("read_only"))}
}

// Do implements integrations.Action. GitHub refuses a key that is there, so
// that a repeat ends at the key the first attempt made.
func (k keyCreate) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	v, err := integrations.Read(k.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, err
	}
	ctx, s, err := k.open(ctx)
	if err != nil {
		return integrations.Receipt{}, err
	}
	owner, repo := split(v.Text("repo"))
	made, _, err := s.Repositories.CreateKey(ctx, owner, repo, newKey(v))
	if err != nil {
		if s.seen.Status() != http.StatusUnprocessableEntity {
			return integrations.Receipt{}, s.fail("create deploy key", err)
		}
		refusal := s.fail("create deploy key", err)
		if made, err = s.find(ctx, v); err != nil {
			return integrations.Receipt{}, err
		}
		if made == nil {
			return integrations.Receipt{}, refusal
		}
	}
	return k.receipt(v, made), nil
}

func (k keyCreate) receipt(v integrations.Values, made *github.Key) integrations.Receipt {
	return integrations.Receipt{
		Ref: v.Text("repo") + "/keys/" + strconv.FormatInt(made.GetID(), 10), At: k.now(),
		Data: map[string]any{"repo": v.Text("repo"), "key_id": made.GetID()},
	}
}

// Verify implements integrations.Action.
func (k keyCreate) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	prior, err := k.Prior(ctx, c)
	if err != nil {
		return integrations.Verification{}, err
	}
	if exists, _ := prior.State["exists"].(bool); exists {
		return integrations.Verification{OK: true, Says: "the key is in the repository's list", State: prior.State}, nil
	}
	return integrations.Verification{Says: "the key is not in the repository's list", State: prior.State}, nil
}

// Find implements integrations.Finder: the key itself is the mark.
func (k keyCreate) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	v, err := integrations.Read(k.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	ctx, s, err := k.open(ctx)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	found, err := s.find(ctx, v)
	if err != nil || found == nil {
		return integrations.Receipt{}, false, err
	}
	return k.receipt(v, found), true, nil
}

// Inverse implements integrations.Reverter.
func (keyCreate) Inverse(c integrations.Call, prior integrations.Prior, r integrations.Receipt) (integrations.Call, error) {
	if exists, _ := prior.State["exists"].(bool); exists {
		return integrations.Call{}, fmt.Errorf("invert %s: the key was there before", c.Action)
	}
	id, ok := r.Data["key_id"]
	if !ok {
		return integrations.Call{}, fmt.Errorf("invert %s: the receipt has no key id", c.Action)
	}
	return integrations.Call{
		Action: "github.deploykey.delete", Connection: c.Connection, Incident: c.Incident, Step: c.Step,
		Params: map[string]any{"repo": c.Params["repo"], "key_id": id},
	}, nil
}
