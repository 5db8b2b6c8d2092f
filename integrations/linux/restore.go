package linux

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"

	"firebreak/incident"
	"firebreak/integrations"
)

// restore puts a file back that was taken away. It replaces nothing.
type restore struct{ *host }

// Describe implements integrations.Action.
func (restore) Describe() integrations.Description {
	return integrations.Description{
		Name: "linux.file.restore", Title: "Put a file back", System: "linux",
		Danger: incident.Medium, Reversible: true, Idempotency: "native", Scopes: []string{"root", "sudo python3"},
		Tested: integrations.RealPeer, React: []string{"RA5301"}, D3fend: []string{"D3-RF"},
		Params: []integrations.Param{
			pathParam(),
			{Name: "id", Title: "Its name in quarantine", Type: "string", Required: true, Match: `[0-9a-f]{20}`},
			{Name: "sha256", Title: "SHA-256 of its content", Type: "string", Required: true, Match: `[0-9a-f]{64}`},
			{Name: "seal", Title: "What its owner, mode, times and attributes must come to", Type: "string", Match: `[0-9a-f]{64}`},
		},
		Result: []integrations.Param{{Name: "path", Type: "string"}, {Name: "sha256", Type: "string"}},
	}
}

func (r restore) read(c integrations.Call) (integrations.Values, error) {
	v, err := integrations.Read(r.Describe(), c.Params)
	if err != nil {
		return v, err
	}
	return v, mayTake(v.Text("path"))
}

// seen is where the file is: in quarantine, at its place, or at neither.
type seen struct {
	kept  integrations.File // Path is "" when it is not there
	there integrations.File // as above
	taken bool              // something that is no readable file is in its place
}

func (r restore) look(ctx context.Context, v integrations.Values) (seen, error) {
	var s seen
	var err error
	if s.kept, err = r.Quarantined(ctx, r.quarantine, v.Text("id")); err != nil && !errors.Is(err, incident.ErrNotFound) {
		return s, unsent(err)
	}
	if s.there, err = r.File(ctx, v.Text("path")); err != nil && !errors.Is(err, incident.ErrNotFound) {
		if integrations.OutcomeOf(err) != integrations.Rejected {
			return s, unsent(err)
		}
		s.taken = true
	}
	return s, nil
}

// done says that the file is back.
func (s seen) done(v integrations.Values) bool {
	return s.there.Path != "" && s.there.SHA256 == v.Text("sha256") && s.kept.Path == ""
}

// Prior implements integrations.Action.
func (r restore) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	v, err := r.read(c)
	if err != nil {
		return integrations.Prior{}, err
	}
	s, err := r.look(ctx, v)
	if err != nil {
		return integrations.Prior{}, err
	}
	if s.done(v) {
		state := stateOf(s.there)
		state["kept"] = false
		return integrations.Prior{State: state}, nil
	}
	return integrations.Prior{State: stateOfKept(s.kept)}, r.may(s, v)
}

func stateOfKept(f integrations.File) map[string]any {
	state := stateOf(f)
	state["there"], state["kept"] = false, f.Path != ""
	return state
}

// may says why it cannot be put back, or nil.
func (r restore) may(s seen, v integrations.Values) error {
	switch p := v.Text("path"); {
	case s.kept.Path == "":
		return rejected("", "restore %s: %s has no %s", p, r.quarantine, v.Text("id"))
	case s.kept.Path != p || s.kept.SHA256 != v.Text("sha256"):
		return rejected("", "restore %s: what is kept under %s is another file", p, v.Text("id"))
	case v.Has("seal") && sealOf(s.kept) != v.Text("seal"):
		return rejected("put it back by hand", "restore %s: somebody changed the owner, mode, time or attributes that were kept", p)
	case s.taken || s.there.Path != "":
		return rejected("move away what is there", "restore %s: the place is taken", p)
	}
	return nil
}

// Plan implements integrations.Action.
func (r restore) Plan(_ context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := r.read(c)
	if err != nil {
		return integrations.Plan{}, err
	}
	to := v.Text("path")
	there, _ := prior.State["there"].(bool)
	if kept, _ := prior.State["kept"].(bool); !kept && !there {
		return integrations.Plan{}, rejected("", "plan %s: it is not in quarantine", c.Action)
	}
	p := integrations.Plan{
		Call: c, Base: r.Name(), Identity: r.identity(), Target: to, Prior: prior, Unchanged: there,
		Targets: r.target("file", to, to),
		Requests: []integrations.Request{
			{Method: "copy", URL: path.Join(r.quarantine, v.Text("id"), "content"), Body: "to " + to + ", where nothing may be\n"},
		},
		Effects: []string{fmt.Sprintf("%s is back (SHA-256 %s), with mode %v, owner %v:%v and its time; the copy in quarantine is removed", to, v.Text("sha256"), prior.State["mode"], prior.State["uid"], prior.State["gid"])},
		Proof:   "the file at the path has that SHA-256, owner and mode",
	}
	if inverse, err := r.Inverse(c, prior, integrations.Receipt{}); err == nil {
		p.Undo, p.Inverse = "take it away again", &inverse
	}
	return p, nil
}

// Do implements integrations.Action.
func (r restore) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	v, err := r.read(c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	if ctx.Err() != nil {
		return integrations.Receipt{}, unsent(ctx.Err())
	}
	s, err := r.look(ctx, v)
	if err != nil {
		return integrations.Receipt{}, err
	}
	if s.done(v) {
		return r.receipt(v), nil
	}
	if err := r.may(s, v); err != nil {
		return integrations.Receipt{}, err
	}
	return r.receipt(v), r.Restore(ctx, s.kept, r.quarantine, v.Text("id"))
}

func (r restore) receipt(v integrations.Values) integrations.Receipt {
	return integrations.Receipt{Ref: v.Text("path"), At: r.now(), Data: map[string]any{"path": v.Text("path"), "sha256": v.Text("sha256")}}
}

// Verify implements integrations.Action.
func (r restore) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	v, err := r.read(c)
	if err != nil {
		return integrations.Verification{}, err
	}
	s, err := r.look(ctx, v)
	if err != nil {
		return integrations.Verification{}, err
	}
	says := "it is not at its path"
	switch {
	case s.done(v):
		says = fmt.Sprintf("it is at its path, with mode %04o and owner %d:%d", s.there.Mode, s.there.UID, s.there.GID)
	case s.taken || s.there.Path != "":
		says = "something else is at its path"
	}
	return integrations.Verification{OK: s.done(v), Says: says, State: map[string]any{"there": s.there.Path != "", "sha256": s.there.SHA256}}, nil
}

// Find implements integrations.Finder.
func (r restore) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	v, err := r.read(c)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	s, err := r.look(ctx, v)
	return r.receipt(v), err == nil && s.done(v), err
}

// Inverse implements integrations.Reverter. What is taken away again gets another
// name in quarantine.
func (r restore) Inverse(c integrations.Call, prior integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
	if there, known := prior.State["there"].(bool); !known || there {
		return integrations.Call{}, fmt.Errorf("invert %s: it was there before", c.Action)
	}
	return integrations.Call{
		Action: "linux.file.quarantine", Connection: c.Connection, Incident: c.Incident, Step: c.Step,
		Params: map[string]any{"path": c.Params["path"]},
	}, nil
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
