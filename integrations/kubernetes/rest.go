package kubernetes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"firebreak/integrations"
)

// kind is a kind of object: where it lies in the API.
type kind struct {
	api      string // api/v1, apis/apps/v1
	resource string // deployments
	one      string // deployment: what targets are called
	wide     bool   // it is in no namespace
}

var (
	pods            = kind{"api/v1", "pods", "pod", false}
	nodes           = kind{"api/v1", "nodes", "node", true}
	serviceAccounts = kind{"api/v1", "serviceaccounts", "serviceaccount", false}
	namespaces      = kind{"api/v1", "namespaces", "namespace", true}
	cronJobs        = kind{"apis/batch/v1", "cronjobs", "cronjob", false}
	policies        = kind{"apis/networking.k8s.io/v1", "networkpolicies", "networkpolicy", false}
)

func workload(one string) kind { return kind{"apis/apps/v1", one + "s", one, false} }

func (k kind) group() string {
	parts := strings.Split(k.api, "/")
	if parts[0] == "api" {
		return ""
	}
	return parts[1]
}

// path is where the object lies; name "" is all of them.
func (k kind) path(namespace, name string, sub ...string) string {
	p := k.api
	if !k.wide {
		p += "/namespaces/" + url.PathEscape(namespace)
	}
	p += "/" + k.resource
	if name != "" {
		p += "/" + url.PathEscape(name)
	}
	for _, s := range sub {
		p += "/" + s
	}
	return p
}

// called is how people name an object.
func (k kind) called(namespace, name string) string {
	if k.wide {
		return name
	}
	return namespace + "/" + name
}

// meta is what every object has.
type meta struct {
	Name            string            `json:"name"`
	Namespace       string            `json:"namespace"`
	UID             string            `json:"uid"`
	ResourceVersion string            `json:"resourceVersion"`
	Labels          map[string]string `json:"labels"`
	Annotations     map[string]string `json:"annotations"`
	Deleting        string            `json:"deletionTimestamp"`
	Owners          []struct {
		Kind       string `json:"kind"`
		Name       string `json:"name"`
		Controller bool   `json:"controller"`
	} `json:"ownerReferences"`
}

// object is an object as far as we look at it. What is false or zero the server
// may leave out.
type object struct {
	Meta meta `json:"metadata"`
	Spec struct {
		Unschedulable bool   `json:"unschedulable"`
		Suspend       bool   `json:"suspend"`
		Replicas      int64  `json:"replicas"`
		NodeName      string `json:"nodeName"`
		PodSelector   struct {
			MatchLabels map[string]string `json:"matchLabels"`
			Expressions []json.RawMessage `json:"matchExpressions"`
		} `json:"podSelector"`
		PolicyTypes []string          `json:"policyTypes"`
		Ingress     []json.RawMessage `json:"ingress"`
		Egress      []json.RawMessage `json:"egress"`
	} `json:"spec"`
	Status struct {
		Phase    string `json:"phase"`
		Replicas int64  `json:"replicas"`
	} `json:"status"`
	// Of a service account.
	Secrets          []json.RawMessage `json:"secrets,omitempty"`
	ImagePullSecrets []json.RawMessage `json:"imagePullSecrets,omitempty"`
	Automount        *bool             `json:"automountServiceAccountToken,omitempty"`
}

// session is one use of the connection.
type session struct {
	http *http.Client
	credential
	seen *integrations.Exchange
	code int // of the last answer
}

// open fetches the credential; requests under the context it returns are watched.
// Nothing has been sent when it fails.
func (k *cluster) open(ctx context.Context) (context.Context, *session, error) {
	if ctx.Err() != nil {
		return ctx, nil, &integrations.Error{Outcome: integrations.NotSent, Err: ctx.Err()}
	}
	c, err := k.fetch(ctx)
	if err != nil {
		return ctx, nil, &integrations.Error{Outcome: integrations.NotSent, Hint: "see the connection's settings", Err: fmt.Errorf("connection %s: %w", k.c.Name, err)}
	}
	ctx, seen := integrations.Watch(ctx, c.token)
	seen.Hint(http.StatusUnauthorized, "the cluster does not take this credential: it may be wrong or expired")
	seen.Hint(http.StatusForbidden, "the account may not do this: docs/integrations-hosts.md has the role it needs")
	seen.Hint(http.StatusNotFound, "it does not exist there")
	seen.Hint(http.StatusConflict, "it is not as it was planned for: plan it anew")
	ctx = context.WithValue(ctx, keysKey{}, c.tls)
	return ctx, &session{http: k.http, credential: c, seen: seen}, nil
}

// deed is one request that changes something.
type deed struct {
	what   string // for errors: "patch pod"
	method string
	path   string
	kind   string // of the body
	body   any
}

// Kinds of patches.
const (
	plainJSON = "application/json"
	jsonPatch = "application/json-patch+json"
	merge     = "application/merge-patch+json"
)

// query is what goes with every change: the server refuses a field that it does
// not know.
func (d deed) query(try bool) url.Values {
	q := url.Values{}
	if d.method != http.MethodDelete {
		q.Set("fieldManager", "firebreak")
		q.Set("fieldValidation", "Strict")
	}
	if try {
		q.Set("dryRun", "All")
	}
	return q
}

// sent is the body as it goes out. Of a deletion that has a body the server reads
// no options in the query: dryRun=All there alone would delete.
func (d deed) sent(try bool) any {
	options, ok := d.body.(map[string]any)
	if !try || !ok || d.method != http.MethodDelete {
		return d.body
	}
	options = maps.Clone(options)
	options["dryRun"] = []string{"All"}
	return options
}

// request shows it in a plan.
func (d deed) request(base *url.URL) (integrations.Request, error) {
	u := base.JoinPath(d.path)
	u.RawQuery = d.query(false).Encode()
	b, err := json.MarshalIndent(d.body, "", "  ")
	if err != nil {
		return integrations.Request{}, err
	}
	return integrations.Request{Method: d.method, URL: u.String(), Headers: []string{"Content-Type: " + d.kind}, Body: string(b)}, nil
}

// do sends it; try has the server only try it.
func (s *session) do(ctx context.Context, d deed, try bool, into any) error {
	b, err := json.Marshal(d.sent(try))
	if err != nil {
		return fmt.Errorf("%s: %w", d.what, err)
	}
	return s.send(ctx, d.what, d.method, d.path, d.query(try), d.kind, b, into)
}

// get reads an object or a list.
func (s *session) get(ctx context.Context, what, path string, q url.Values, into any) error {
	return s.send(ctx, "read "+what, http.MethodGet, path, q, "", nil, into)
}

func (s *session) send(ctx context.Context, what, method, path string, q url.Values, contentType string, body []byte, into any) error {
	u := s.base.JoinPath(path)
	u.RawQuery = q.Encode()
	r, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return s.seen.Fail(what, err)
	}
	if body == nil {
		r.Body, r.ContentLength = http.NoBody, 0
	}
	r.Header.Set("Accept", plainJSON)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if s.token != "" {
		r.Header.Set("Authorization", "Bearer "+s.token)
	}
	s.code = 0
	resp, err := s.http.Do(r)
	if err != nil {
		return s.seen.Fail(what, err)
	}
	s.code = resp.StatusCode
	b, err := io.ReadAll(resp.Body)
	err = errors.Join(err, resp.Body.Close())
	if resp.StatusCode >= http.StatusMultipleChoices {
		return s.seen.Fail(what, refusal(resp.StatusCode, b))
	}
	if err == nil && into != nil {
		err = json.Unmarshal(b, into)
	}
	return s.seen.Fail(what, err)
}

// refusal is what the server says in a Status.
func refusal(code int, body []byte) error {
	var status struct{ Kind, Reason, Message string }
	if json.Unmarshal(body, &status) != nil || status.Kind != "Status" || status.Message == "" {
		return fmt.Errorf("status %d", code)
	}
	return fmt.Errorf("status %d, %s: %s", code, status.Reason, status.Message)
}

// identity asks who the credential is of. Servers before 1.28 cannot be asked.
func (s *session) identity(ctx context.Context) (string, error) {
	var review struct {
		Status struct {
			UserInfo struct {
				Username string `json:"username"`
			} `json:"userInfo"`
		} `json:"status"`
	}
	body := map[string]any{"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
	d := deed{"ask who we are", http.MethodPost, "apis/authentication.k8s.io/v1/selfsubjectreviews", plainJSON, body}
	err := s.do(ctx, d, false, &review)
	if err != nil && (s.code == http.StatusNotFound || s.code == http.StatusForbidden || s.code == http.StatusMethodNotAllowed) {
		return "", nil
	}
	return s.seen.Clean(review.Status.UserInfo.Username), err
}

// right is something that the account must be allowed.
type right struct {
	verb string
	of   kind
	sub  string
}

func (r right) String() string {
	resource := r.of.resource
	if r.sub != "" {
		resource += "/" + r.sub
	}
	if g := r.of.group(); g != "" {
		resource += "." + g
	}
	return r.verb + " " + resource
}

// may asks the server whether the account is allowed what it will need, so that a
// plan is refused and not a containment that people agreed to.
func (s *session) may(ctx context.Context, r right, namespace, name string) error {
	var review struct {
		Status struct {
			Allowed bool   `json:"allowed"`
			Reason  string `json:"reason"`
		} `json:"status"`
	}
	attributes := map[string]any{"verb": r.verb, "group": r.of.group(), "resource": r.of.resource}
	if r.sub != "" {
		attributes["subresource"] = r.sub
	}
	if !r.of.wide {
		attributes["namespace"] = namespace
	}
	if name != "" {
		attributes["name"] = name
	}
	d := deed{"ask what we may", http.MethodPost, "apis/authorization.k8s.io/v1/selfsubjectaccessreviews", plainJSON, map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": map[string]any{"resourceAttributes": attributes},
	}}
	if err := s.do(ctx, d, false, &review); err != nil {
		return err
	}
	if !review.Status.Allowed {
		return rejected("give it the role of docs/integrations-hosts.md", "the account may not %s in %s", r, r.of.called(namespace, name))
	}
	return nil
}

// count is how many objects there are at that path, 0 where the server does not
// say.
func (s *session) count(ctx context.Context, k kind, namespace string) (int, error) {
	var list struct {
		Meta struct {
			Remaining *int `json:"remainingItemCount"`
		} `json:"metadata"`
		Items []json.RawMessage `json:"items"`
	}
	err := s.get(ctx, "the number of "+k.resource, k.path(namespace, ""), url.Values{"limit": {"1"}}, &list)
	if err != nil && s.code == http.StatusForbidden {
		return 0, nil // not everybody may list
	}
	n := len(list.Items)
	if list.Meta.Remaining != nil {
		n += *list.Meta.Remaining
	}
	return n, err
}

// rejected is a refusal of our own.
func rejected(hint, format string, args ...any) error {
	return &integrations.Error{Outcome: integrations.Rejected, Hint: hint, Err: fmt.Errorf(format, args...)}
}
