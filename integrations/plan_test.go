package integrations

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
)

func somePlan() Plan {
	return Plan{
		Call:     Call{Action: "github.member.remove", Connection: "github", Key: "k", Incident: "2026-0007", Params: map[string]any{"user": "mallory", "n": 1}},
		Identity: "ada-bot", Base: "https://api.github.com/", Target: "mallory",
		Targets:  []Target{{Kind: "user", ID: "42", Name: "mallory", Of: 30}},
		Effects:  []string{"mallory leaves <all> teams & repositories"},
		Requests: []Request{{Method: "DELETE", URL: "https://api.github.com/orgs/acme/members/mallory"}},
		Prior:    Prior{State: map[string]any{"role": "admin", "teams": []any{"core", "ops"}, "ratio": 4.50}},
		Inverse:  &Call{Action: "github.member.invite"},
		Bound:    &Binding{Tool: "firebreak 1 sha256:00", Version: "1", Prior: "p", Count: 1, Limits: "step 5", TimeBox: "4h0m0s"},
	}
}

// A plan of a record that an older version wrote is bound to its bytes as they
// are kept.
func TestFormerDigestIsThatOfOldRecords(t *testing.T) {
	const kept = `{"base":"web-1","call":{"action":"linux.nft.block","connection":"host","incident":"2026-0007","key":"k","params":{"address":"203.0.113.9"}},"effects":["drops \u003call\u003e"],"prior":{"state":{"blocked":false}},"requests":[{"argv":["nft","-f","-"],"body":"add \u0026c"}],"target":"203.0.113.9"}`
	sum := sha256.Sum256([]byte(kept))
	var p Plan
	if err := json.Unmarshal([]byte(kept), &p); err != nil {
		t.Fatal(err)
	}
	got, err := p.FormerDigest()
	if err != nil || got != hex.EncodeToString(sum[:]) {
		t.Errorf("%s, %v: want that of the bytes", got, err)
	}
	p.Bound = &Binding{Tool: "another"}
	if bound, err := p.FormerDigest(); err != nil || bound != got {
		t.Errorf("a binding changes it: %s, %v", bound, err)
	}
	if now, err := p.Digest(); err != nil || now == got {
		t.Errorf("the two forms have one digest: %s, %v", now, err)
	}
}

func TestDigestCoversEveryPart(t *testing.T) {
	base, err := somePlan().Digest()
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Plan){
		"tool":       func(p *Plan) { p.Bound.Tool = "firebreak 2" },
		"playbook":   func(p *Plan) { p.Bound.Playbook = "ff" },
		"connection": func(p *Plan) { p.Call.Connection = "github-2" },
		"base":       func(p *Plan) { p.Base = "https://ghe.example.org/" },
		"identity":   func(p *Plan) { p.Identity = "eve-bot" },
		"action":     func(p *Plan) { p.Call.Action = "github.member.demote" },
		"version":    func(p *Plan) { p.Bound.Version = "2" },
		"stable id":  func(p *Plan) { p.Targets[0].ID = "43" },
		"population": func(p *Plan) { p.Targets[0].Of = 3 },
		"parameter":  func(p *Plan) { p.Call.Params["user"] = "mallory2" },
		"prior":      func(p *Plan) { p.Prior.State["role"] = "member" },
		"prior sum":  func(p *Plan) { p.Bound.Prior = "q" },
		"inverse":    func(p *Plan) { p.Inverse.Params = map[string]any{"user": "x"} },
		"limits":     func(p *Plan) { p.Bound.Limits = "step 6" },
		"count":      func(p *Plan) { p.Bound.Count = 2 },
		"time box":   func(p *Plan) { p.Bound.TimeBox = "8h0m0s" },
		"auto":       func(p *Plan) { p.Bound.Reverts = true },
		"second":     func(p *Plan) { p.Bound.Second = true },
		"overrides":  func(p *Plan) { p.Bound.Overrides = []string{"x"} },
		"timer":      func(p *Plan) { p.Timer = "goes after an hour" },
	} {
		was, now := somePlan(), somePlan()
		change(&now)
		got, err := now.Digest()
		if err != nil || got == base {
			t.Errorf("%s: the digest does not cover it (%v)", name, err)
		}
		if says := Changes(was, now); len(says) == 0 && name != "prior sum" && name != "count" {
			t.Errorf("%s: nothing is said of the change", name)
		}
	}
	if says := Changes(somePlan(), somePlan()); len(says) != 0 {
		t.Errorf("no change, and says %q", says)
	}
}

func TestChangesAreSaidInWords(t *testing.T) {
	was, now := somePlan(), somePlan()
	now.Prior.State = map[string]any{"role": "member", "teams": []any{"core"}, "ratio": 4.5, "sso": true}
	now.Requests[0].URL = "https://api.github.com/orgs/acme/members/eve"
	now.Targets[0].ID = "43"
	got := strings.Join(Changes(was, now), "\n")
	for _, want := range []string{
		"what is there: role was admin, is member", `what is there: teams was ["core","ops"], is ["core"]`, "what is there: sso is new: true",
		"the targets: user 42 was", "the targets: user 43 is new", "what is sent: url was https://api.github.com/orgs/acme/members/mallory, is",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not said in\n%s", want, got)
		}
	}
	long := somePlan()
	for i := range 100 {
		long.Prior.State[strings.Repeat("x", i+1)] = strings.Repeat("y", 1<<12)
	}
	says := Changes(was, long)
	if len(says) > maxChanges+1 || len(strings.Join(says, "")) > 4<<10 {
		t.Errorf("%d lines, %d bytes: want a short text", len(says), len(strings.Join(says, "")))
	}
}

// Two plans that differ in a number beyond a double must not share a digest.
func TestNumbersThatWouldBeRoundedAreRefused(t *testing.T) {
	p := somePlan()
	p.Call.Params["id"] = int64(9007199254740993)
	if d, err := p.Digest(); err == nil || !strings.Contains(err.Error(), "as text") {
		t.Errorf("%s, %v", d, err)
	}
	p.Call.Params["id"] = int64(1) << 53
	if _, err := p.Digest(); err != nil {
		t.Error(err)
	}
}
