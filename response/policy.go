package response

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/integrations"
)

// breach is a rule that a plan would break. Rule is the same for the same plan
// at any time: approvals are bound to it. Says has the figures of now.
type breach struct {
	rule string
	says string
	hint string
}

// candidate is a plan that the rules are held against.
type candidate struct {
	d       integrations.Description
	plan    integrations.Plan
	w       wish
	danger  incident.Danger
	inverse bool // it undoes what we did, by the action's own inverse
}

// breaches are the rules that the plan would break: protected targets, limits,
// and evidence before what cannot be undone. Deny wins: no rule lets through
// what another one refuses.
func (s *Session) breaches(ctx context.Context, f *folder, j candidate) ([]breach, error) {
	var out []breach
	if !j.inverse {
		out = append(out, s.protect(j)...)
	}
	more, err := s.overLimits(ctx, f, j)
	if err != nil {
		return nil, err
	}
	out = append(out, more...)
	first, err := s.evidenceFirst(ctx, f, j)
	return append(out, first...), err
}

// refuse is the error of a plan that breaks rules.
func (j candidate) refuse(bs []breach) error {
	says := make([]string, len(bs))
	for i, b := range bs {
		says[i] = b.says
	}
	hint := bs[0].hint
	if !j.d.ReadOnly {
		hint += "; if it has to be all the same: firebreak plan --break-glass --reason WHY, which a second person approves"
	}
	return refused(hint, "%s on %s: %s", j.plan.Call.Action, j.plan.Target, strings.Join(says, "; "))
}

// protect holds every target, and every text of the parameters, against the
// protected ones: those of the configuration, and those that are ours.
func (s *Session) protect(j candidate) []breach {
	var out []breach
	add := func(b breach) {
		if !slices.ContainsFunc(out, func(x breach) bool { return x.rule == b.rule }) {
			out = append(out, b)
		}
	}
	for _, x := range subjects(j.plan) {
		named := firstOf(x.Name, x.ID)
		if rule, ok := s.s.o.Config.ProtectsSubject(x); ok {
			add(breach{
				rule: "protected: " + rule, says: fmt.Sprintf("%s protects %s", rule, named),
				hint: "it is listed under \"protected\" in the configuration; take it off there if that is really meant",
			})
		}
		if j.d.ReadOnly {
			continue
		}
		if why := s.ours(j, x); why != "" {
			add(breach{rule: "protected: " + why, says: fmt.Sprintf("%s protects %s", why, named), hint: "this would cut us off, or the cluster from itself; let somebody else do it from elsewhere"})
		}
	}
	return out
}

// ours says that a thing is one that we stand on ourselves, "" when it is not:
// the account that the connection uses, the session that we came over, and the
// namespace of a cluster's own parts.
func (s *Session) ours(j candidate, x config.Subject) string {
	me := strings.ToLower(j.plan.Identity)
	if me != "" && isPerson(x.Kind) && (strings.EqualFold(x.Name, me) || strings.EqualFold(x.ID, me)) {
		return "the connection's own account"
	}
	if p, ok := asNetwork(firstOf(x.Name, x.ID)); ok && s.cameOver(p) {
		return "our own session"
	}
	switch x.Kind {
	case "namespace":
		if x.Name == kubeSystem || x.ID == kubeSystem {
			return kubeSystem
		}
	case "repo", unnamed, "":
	default: // what stands in it
		if strings.HasPrefix(x.Name, kubeSystem+"/") || strings.HasPrefix(x.ID, kubeSystem+"/") {
			return kubeSystem
		}
	}
	return ""
}

const kubeSystem = "kube-system"

// isPerson says that a kind of target is somebody who can log in.
func isPerson(kind string) bool {
	return slices.Contains([]string{"user", "member", "account", "collaborator"}, kind)
}

// cameOver says that the network holds an end of the ssh session that this
// process runs in.
func (s *Session) cameOver(p netip.Prefix) bool {
	fields := strings.Fields(s.s.o.SSHClient) // client, its port, and perhaps server and port
	for i, f := range fields {
		if i != 0 && i != 2 {
			continue
		}
		if a, err := netip.ParseAddr(f); err == nil && p.Contains(a.Unmap().WithZone("")) {
			return true
		}
	}
	return false
}

func asNetwork(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	a = a.Unmap().WithZone("")
	return netip.PrefixFrom(a, a.BitLen()), true
}

// unnamed is the kind of a text that is known to be no target of its own.
const unnamed = "text"

// kindOf is what a parameter of that name names.
var kindOf = map[string]string{ //nolint:gochecknoglobals // a table
	"user": "user", "login": "user", "username": "user", "account": "user", "member": "user", "collaborator": "user", "principal": "user",
	"repo": "repo", "repository": "repo", "org": "org", "organisation": "org", "organization": "org",
	"host": "host", "hostname": "host", "device": "host", "instance": "host", "address": "address", "ip": "address", "cidr": "address",
	"pod": "pod", "namespace": "namespace", "node": "node", "deployment": "deployment", "service": "service", "serviceaccount": "service account",
	"pid": "process", "path": "file", "file": "file", "workflow": "workflow", "branch": "branch", "team": "team", "channel": "channel",
}

// subjects are all the things that a plan names. Where it does not say what it
// acts on, every rule looks at every text, and at each word of a command.
func subjects(p integrations.Plan) []config.Subject {
	var out []config.Subject
	add := func(x config.Subject) {
		if (x.Name != "" || x.ID != "") && !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	for _, t := range p.Targets {
		add(config.Subject{Kind: t.Kind, ID: t.ID, Name: t.Name})
	}
	known := len(p.Targets) > 0
	whole := ""
	if known {
		whole = p.Targets[0].Kind
	}
	add(config.Subject{Kind: whole, Name: p.Target})
	for name, v := range p.Call.Params {
		kind := kindOf[name]
		if kind == "" && known {
			kind = unnamed
		}
		_, command := v.([]any)
		for _, text := range stringsIn(v) {
			add(config.Subject{Kind: kind, Name: text})
			if kind == "" && (command || name == "url") {
				for _, word := range strings.FieldsFunc(text, between) {
					add(config.Subject{Name: word})
				}
			}
		}
	}
	return out
}

// between parts the words of a command or a URL; what names and networks hold
// is left together.
func between(r rune) bool { return strings.ContainsRune(" \t\n/@=,;'\"()[]{}<>?&|", r) }

// stringsIn collects the texts in a call's parameters.
func stringsIn(v any) []string {
	var out []string
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, e := range v {
			out = append(out, stringsIn(e)...)
		}
	case map[string]any:
		for _, e := range v {
			out = append(out, stringsIn(e)...)
		}
	}
	return out
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// protectRead is the rule for what only reads.
func (s *Session) protectRead(d integrations.Description, p integrations.Plan) error {
	j := candidate{d: d, plan: p}
	if bs := s.protect(j); len(bs) > 0 {
		return j.refuse(bs)
	}
	return nil
}
