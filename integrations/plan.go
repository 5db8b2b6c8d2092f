package integrations

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"firebreak/internal/jcs"
)

// Binding is what a plan is bound to besides what its action says of it.
// Package response fills it in: who approves the plan approves this as well.
type Binding struct {
	Tool     string `json:"tool"`               // program and version, and the SHA-256 of its file
	Playbook string `json:"playbook,omitempty"` // SHA-256 of the file that the step is of
	Version  string `json:"version"`            // of the action
	Prior    string `json:"prior"`              // SHA-256 over the canonical JSON of the state that was read
	Count    int    `json:"count"`              // how many targets it has
	Limits   string `json:"limits"`             // that hold, in words
	TimeBox  string `json:"time_box,omitempty"` // how long the effect is meant to last: 4h0m0s
	Reverts  bool   `json:"reverts,omitempty"`  // at the end of the time box it is undone without another approval
	Typed    bool   `json:"typed,omitempty"`    // who approves types the target's name
	Second   bool   `json:"second,omitempty"`   // somebody else than who planned it has to agree
	// Overrides are the rules that a person goes around with this plan, in words.
	Overrides []string `json:"overrides,omitempty"`
}

// Canonical is the plan's JSON in the form of RFC 8785: what Digest hashes and
// what the record keeps.
func (p Plan) Canonical() ([]byte, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encode plan: %w", err)
	}
	if err := exactly(b); err != nil {
		return nil, fmt.Errorf("encode plan: %w", err)
	}
	out, err := jcs.Canonical(b)
	if err != nil {
		return nil, fmt.Errorf("encode plan: %w", err)
	}
	return out, nil
}

// exactly refuses whole numbers that the canonical form would round: two plans
// that differ must not have one digest.
func exactly(b []byte) error {
	const most = 1 << 53
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	for {
		t, err := d.Token()
		if err != nil {
			return nil //nolint:nilerr // the end; json.Marshal wrote the rest
		}
		n, ok := t.(json.Number)
		if !ok || strings.ContainsAny(string(n), ".eE") {
			continue
		}
		if i, err := strconv.ParseInt(string(n), 10, 64); err != nil || i > most || i < -most {
			return fmt.Errorf("the number %s cannot be written exactly: give it as text", n)
		}
	}
}

// Digest is the lower-case hex SHA-256 of Canonical.
func (p Plan) Digest() (string, error) {
	b, err := p.Canonical()
	return hexed(b), err
}

// FormerDigest is the digest that plans had before they were bound and written
// by RFC 8785: those of older records are compared by it.
func (p Plan) FormerDigest() (string, error) {
	p.Bound = nil
	b, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("encode plan: %w", err)
	}
	var tree any
	if err := json.Unmarshal(b, &tree); err != nil {
		return "", fmt.Errorf("encode plan: %w", err)
	}
	b, err = json.Marshal(tree) // maps are written with sorted keys
	return hexed(b), err
}

func hexed(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// Digest is the SHA-256 of the state's canonical JSON.
func (p Prior) Digest() (string, error) {
	b, err := json.Marshal(p.State)
	if err == nil {
		err = exactly(b)
	}
	if err == nil {
		b, err = jcs.Canonical(b)
	}
	if err != nil {
		return "", fmt.Errorf("encode the state that was read: %w", err)
	}
	return hexed(b), nil
}

// Limits of what Changes says.
const (
	maxChanges = 8
	maxShown   = 80
)

// Changes says in words what differs between a plan and the same plan made
// later, what matters most first. It is empty only when nothing does.
func Changes(was, now Plan) []string {
	var out []string
	say := func(what string, a, b any) {
		for _, c := range differences(what, tree(a), tree(b)) {
			if len(out) == maxChanges {
				out = append(out, "and more")
			}
			if len(out) > maxChanges {
				return
			}
			out = append(out, c)
		}
	}
	say("what is there: ", was.Prior.State, now.Prior.State)
	say("who we are there", was.Identity, now.Identity)
	say("where it goes", was.Base, now.Base)
	say("the target", was.Target, now.Target)
	say("the targets: ", byKind(was.Targets), byKind(now.Targets))
	say("the parameters: ", was.Call.Params, now.Call.Params)
	say("what is sent: ", was.Requests, now.Requests)
	say("the way back: ", was.Inverse, now.Inverse)
	if was.Bound != nil && now.Bound != nil {
		a, b := *was.Bound, *now.Bound
		a.Prior, b.Prior = "", "" // said above, in words
		say("the program", a.Tool, b.Tool)
		say("the playbook's file", a.Playbook, b.Playbook)
		say("the limits", a.Limits, b.Limits)
		a.Tool, a.Playbook, a.Limits, a.Count = "", "", "", 0
		b.Tool, b.Playbook, b.Limits, b.Count = "", "", "", 0
		say("what it needs: ", a, b)
	}
	if len(out) == 0 { // what only words tell
		a, b := was, now
		a.Bound, b.Bound = nil, nil
		say("", a, b)
	}
	return out
}

// byKind names targets so that a difference names the target.
func byKind(ts []Target) map[string]any {
	out := map[string]any{}
	for _, t := range ts {
		out[t.Kind+" "+t.ID] = map[string]any{"name": t.Name, "of": t.Of}
	}
	return out
}

// tree is v as JSON has it.
func tree(v any) any {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		return string(b)
	}
	return out
}

// differences walks two trees side by side.
func differences(at string, a, b any) []string {
	am, aok := a.(map[string]any)
	bm, bok := b.(map[string]any)
	if (aok || a == nil) && (bok || b == nil) && (aok || bok) {
		names := slices.Collect(maps.Keys(am))
		for name := range bm {
			if _, ok := am[name]; !ok {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		var out []string
		for _, name := range names {
			old, had := am[name]
			is, has := bm[name]
			switch {
			case !has:
				out = append(out, at+name+" was "+brief(old)+", is gone")
			case !had:
				out = append(out, at+name+" is new: "+brief(is))
			default:
				out = append(out, differences(at+name+" ", old, is)...)
			}
		}
		return out
	}
	al, aok := a.([]any)
	bl, bok := b.([]any)
	if aok && bok && len(al) == len(bl) {
		var out []string
		for i := range al {
			number := ""
			if len(al) > 1 {
				number = strconv.Itoa(i+1) + " "
			}
			out = append(out, differences(at+number, al[i], bl[i])...)
		}
		return out
	}
	if old, is := brief(a), brief(b); old != is || text(a) != text(b) {
		return []string{strings.TrimRight(at, " ") + " was " + old + ", is " + is}
	}
	return nil
}

func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

func brief(v any) string {
	s := Line(text(v), maxShown)
	if s == "" || s == "null" {
		return "nothing"
	}
	return s
}
