package linux

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"firebreak/incident"
	"firebreak/integrations"
)

// quarantine takes a file from its place into a folder that only root can read,
// with all that is needed to put it back as it was.
type quarantine struct{ *host }

// Describe implements integrations.Action.
func (quarantine) Describe() integrations.Description {
	return integrations.Description{
		Name: "linux.file.quarantine", Title: "Take a file away", System: "linux",
		Danger: incident.Medium, Reversible: true, Idempotency: "native", Scopes: []string{"root", "sudo python3"},
		Tested: integrations.RealPeer, React: []string{"RA3303"}, D3fend: []string{"D3-CQ"},
		Params: []integrations.Param{pathParam()},
		Result: []integrations.Param{{Name: "path", Type: "string"}, {Name: "id", Type: "string"}, {Name: "sha256", Type: "string"}, {Name: "kept_in", Type: "string"}},
	}
}

func pathParam() integrations.Param {
	return integrations.Param{Name: "path", Title: "The whole path, without symbolic links in it", Type: "string", Required: true, Match: `/[^\x00]+`}
}

// mayTake says why a path names no file that can be taken away, or nil.
func mayTake(p string) error {
	if len(p) > 4000 || path.Clean(p) != p || p == "/" || strings.ContainsAny(p, "\n\r") {
		return rejected("", "read path: %q: want a whole path to a file", p)
	}
	for _, root := range []string{"/proc", "/sys", "/dev", "/boot"} {
		if p == root || strings.HasPrefix(p, root+"/") {
			return rejected("", "path %s: nothing is taken away below %s", p, root)
		}
	}
	return nil
}

// id names the place in quarantine by the call's key: a retry finds the same one.
func id(c integrations.Call) string {
	sum := sha256.Sum256([]byte("firebreak/quarantine\n" + c.Key))
	return hex.EncodeToString(sum[:10])
}

func (q quarantine) read(c integrations.Call) (string, error) {
	v, err := integrations.Read(q.Describe(), c.Params)
	if err != nil {
		return "", err
	}
	p := v.Text("path")
	if err := mayTake(p); err != nil {
		return p, err
	}
	if strings.HasPrefix(p, q.quarantine+"/") {
		return p, rejected("", "path %s: it is in quarantine", p)
	}
	return p, nil
}

// file reads a file and refuses one that the host stands on.
func (h *host) file(ctx context.Context, p string) (integrations.File, error) {
	f, err := h.File(ctx, p)
	switch {
	case errors.Is(err, incident.ErrNotFound):
		return f, err
	case err != nil:
		return f, unsent(err)
	case f.Vital:
		return f, rejected("", "path %s: the host's first process runs it or stands on it", p)
	}
	return f, nil
}

// Prior implements integrations.Action.
func (q quarantine) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	p, err := q.read(c)
	if err != nil {
		return integrations.Prior{}, err
	}
	f, err := q.file(ctx, p)
	if errors.Is(err, incident.ErrNotFound) {
		if kept, kerr := q.Quarantined(ctx, q.quarantine, id(c)); kerr == nil && kept.Path == p {
			return integrations.Prior{State: map[string]any{"there": false, "sha256": kept.SHA256, "seal": sealOf(kept)}}, nil
		}
		return integrations.Prior{}, rejected("it is gone, or never was", "path %s: %w", p, err)
	}
	if err != nil {
		return integrations.Prior{}, err
	}
	return integrations.Prior{State: stateOf(f)}, nil
}

// stateOf is a file as plans show it.
func stateOf(f integrations.File) map[string]any {
	names := []any{}
	for _, n := range sortedKeys(f.XAttrs) {
		names = append(names, n)
	}
	return map[string]any{
		"there": true, "sha256": f.SHA256, "size": f.Size, "mode": fmt.Sprintf("%04o", f.Mode), "uid": f.UID, "gid": f.GID,
		"mtime": fmt.Sprint(f.MTime), "links": f.Links, "xattrs": names, "seal": sealOf(f),
	}
}

// Plan implements integrations.Action.
func (q quarantine) Plan(_ context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	p, err := q.read(c)
	if err != nil {
		return integrations.Plan{}, err
	}
	sum, _ := prior.State["sha256"].(string)
	there, _ := prior.State["there"].(bool)
	to := path.Join(q.quarantine, id(c))
	plan := integrations.Plan{
		Call: c, Base: q.Name(), Identity: q.identity(), Target: p, Prior: prior, Unchanged: !there,
		Targets: q.target("file", p, p),
		Requests: []integrations.Request{
			{Method: "copy", URL: p, Body: "to " + to + "/content, with its owner, mode, times and attributes in meta.json\n"},
			{Method: "unlink", URL: p},
		},
		Effects: []string{
			fmt.Sprintf("%s is gone from its place (SHA-256 %s); a copy that only root can read is in %s", p, sum, to),
			"what runs from it, or has it open, goes on",
		},
		Proof: "nothing is at the path, and the copy has the same SHA-256",
	}
	if links, err := integrations.Number(prior.State, "links"); err == nil && links > 1 {
		plan.Warnings = append(plan.Warnings, fmt.Sprintf("it has %d names: the content stays under the others", links))
	}
	plan.Warnings = append(plan.Warnings, "the copy is on the suspect host: take it as evidence too (firebreak collect --file)")
	inverse, err := q.Inverse(c, prior, integrations.Receipt{})
	if err != nil {
		return integrations.Plan{}, rejected("", "plan %s: %w", c.Action, err)
	}
	plan.Undo, plan.Inverse = "put it back, with its owner, mode, times and attributes", &inverse
	return plan, nil
}

// Do implements integrations.Action. The file that is taken is the one that the
// plan saw, byte for byte.
func (q quarantine) Do(ctx context.Context, c integrations.Call, plan integrations.Plan) (integrations.Receipt, error) {
	p, err := q.read(c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	if ctx.Err() != nil {
		return integrations.Receipt{}, unsent(ctx.Err())
	}
	f, err := q.file(ctx, p)
	if errors.Is(err, incident.ErrNotFound) {
		kept, kerr := q.Quarantined(ctx, q.quarantine, id(c))
		if kerr == nil && kept.Path == p {
			return q.receipt(c, kept), nil
		}
		return integrations.Receipt{}, rejected("it is gone", "path %s: %w", p, err)
	}
	if err != nil {
		return integrations.Receipt{}, err
	}
	if sum, ok := plan.Prior.State["sha256"].(string); ok && sum != f.SHA256 {
		return integrations.Receipt{}, rejected("plan it anew", "path %s: it is not the file that was planned for", p)
	}
	if err := q.Quarantine(ctx, f, q.quarantine, id(c)); err != nil {
		return integrations.Receipt{}, err
	}
	return q.receipt(c, f), nil
}

func (q quarantine) receipt(c integrations.Call, f integrations.File) integrations.Receipt {
	return integrations.Receipt{Ref: id(c), At: q.now(), Data: map[string]any{
		"path": f.Path, "id": id(c), "sha256": f.SHA256, "kept_in": path.Join(q.quarantine, id(c)),
	}}
}

// Verify implements integrations.Action.
func (q quarantine) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	kept, there, err := q.look(ctx, c)
	if err != nil {
		return integrations.Verification{}, err
	}
	says := "it is in quarantine, and nothing is at its path"
	switch {
	case kept.Path == "":
		says = "it is not in quarantine"
	case there:
		says = "it is in quarantine, and something is at its path again"
	}
	return integrations.Verification{OK: kept.Path != "" && !there, Says: says, State: map[string]any{"there": there, "sha256": kept.SHA256}}, nil
}

// look returns what is kept, and whether anything is at the path.
func (q quarantine) look(ctx context.Context, c integrations.Call) (kept integrations.File, there bool, err error) {
	p, err := q.read(c)
	if err != nil {
		return kept, false, err
	}
	kept, err = q.Quarantined(ctx, q.quarantine, id(c))
	if err != nil && !errors.Is(err, incident.ErrNotFound) {
		return kept, false, unsent(err)
	}
	_, err = q.File(ctx, p)
	there = !errors.Is(err, incident.ErrNotFound)
	if there && err != nil && integrations.OutcomeOf(err) != integrations.Rejected {
		return kept, there, unsent(err) // a rejection says that something is there
	}
	return kept, there, nil
}

// Find implements integrations.Finder.
func (q quarantine) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	kept, there, err := q.look(ctx, c)
	return q.receipt(c, kept), err == nil && kept.Path != "" && !there, err
}

// Inverse implements integrations.Reverter.
func (q quarantine) Inverse(c integrations.Call, prior integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
	sum, ok := prior.State["sha256"].(string)
	if !ok {
		return integrations.Call{}, fmt.Errorf("invert %s: there was nothing", c.Action)
	}
	return integrations.Call{
		Action: "linux.file.restore", Connection: c.Connection, Incident: c.Incident, Step: c.Step,
		Params: map[string]any{"path": c.Params["path"], "id": id(c), "sha256": sum, "seal": prior.State["seal"]},
	}, nil
}

// sealOf covers all that a file is, so that nobody on the host can have another
// mode or owner put back than was there.
func sealOf(f integrations.File) string {
	f.Links, f.Vital = 0, false
	b, err := json.Marshal(f)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
