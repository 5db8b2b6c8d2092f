package kubernetes

import (
	"context"
	"crypto/x509"
	"net/http"
	"slices"
	"strings"
	"time"

	"firebreak/integrations"
)

// rule is one thing that an account may do, as the cluster lists them.
type rule struct {
	Verbs     []string `json:"verbs"`
	Groups    []string `json:"apiGroups"`
	Resources []string `json:"resources"`
	Names     []string `json:"resourceNames"`
}

// askedIn is the namespace in which the cluster is asked what an account may do.
// What it may do in all of them shows in each.
const askedIn = "default"

// check asks the cluster who the credential is of and what it may do.
func check(ctx context.Context, c integrations.Connection) (integrations.Credential, error) {
	k := newCluster(c)
	ctx, s, err := k.open(ctx)
	if err != nil {
		return integrations.Credential{}, err
	}
	who, err := s.identity(ctx)
	if err != nil {
		return integrations.Credential{}, err
	}
	var review struct {
		Status struct {
			Rules      []rule `json:"resourceRules"`
			Incomplete bool   `json:"incomplete"`
		} `json:"status"`
	}
	d := deed{"ask what we may", http.MethodPost, "apis/authorization.k8s.io/v1/selfsubjectrulesreviews", plainJSON, map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": map[string]any{"namespace": askedIn},
	}}
	if err := s.do(ctx, d, false, &review); err != nil {
		return integrations.Credential{}, err
	}
	out := integrations.Credential{Identity: who, Listed: true, Granted: []string{}, Note: "asked in namespace " + askedIn}
	if a, err := k.access(); err == nil && a.Exec == nil { // a program's is renewed by itself
		out.Expires = ends(s.credential)
	}
	rules := review.Status.Rules
	if review.Status.Incomplete {
		out.Listed, out.Note = false, "the cluster does not list all that it may do"
	}
	actions, err := actions(c)
	if err != nil {
		return out, err
	}
	for _, a := range actions {
		for _, scope := range a.Describe().Scopes {
			if !slices.Contains(out.Granted, scope) && allowed(rules, scope) {
				out.Granted = append(out.Granted, scope)
			}
		}
	}
	if permits(rules, "*", "*", "*") {
		out.Granted = append(out.Granted, "everything (all verbs on all resources)")
	}
	return out, nil
}

// ends is when a client certificate expires.
func ends(c credential) time.Time {
	if c.tls == nil || len(c.tls.Certificates) == 0 || len(c.tls.Certificates[0].Certificate) == 0 {
		return time.Time{}
	}
	leaf, err := x509.ParseCertificate(c.tls.Certificates[0].Certificate[0])
	if err != nil {
		return time.Time{} // it was good enough to be let in with
	}
	return leaf.NotAfter
}

// allowed says whether the rules suffice for what an action needs: "get, patch
// pods", "get pods, create pods/eviction", "get nodes; list pods".
func allowed(rules []rule, scope string) bool {
	known := []string{"get", "list", "create", "patch", "delete"}
	var verbs []string
	fresh := true // the verbs belong to no resource yet
	for part := range strings.FieldsFuncSeq(scope, func(r rune) bool { return r == ',' || r == ';' }) {
		for _, word := range strings.Fields(part) {
			if slices.Contains(known, word) {
				if !fresh {
					verbs = nil
				}
				verbs, fresh = append(verbs, word), true
				continue
			}
			fresh = false
			resource, group, named := strings.Cut(word, ".")
			for _, v := range verbs {
				ok := named && permits(rules, v, group, resource)
				for _, g := range []string{"", "apps"} {
					ok = ok || !named && permits(rules, v, g, resource)
				}
				if !ok {
					return false
				}
			}
		}
	}
	return len(verbs) > 0 && !fresh
}

func permits(rules []rule, verb, group, resource string) bool {
	has := func(list []string, one string) bool { return slices.Contains(list, one) || slices.Contains(list, "*") }
	_, sub, of := strings.Cut(resource, "/")
	return slices.ContainsFunc(rules, func(r rule) bool {
		return len(r.Names) == 0 && has(r.Verbs, verb) && has(r.Groups, group) &&
			(has(r.Resources, resource) || of && slices.Contains(r.Resources, "*/"+sub))
	})
}
