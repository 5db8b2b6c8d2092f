package drill

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What is in the drill's cluster, for drills to refer to.
const (
	Namespace = "payments"
	Pod       = "api-7d9c5-x2x4q"
	Workload  = "api"
	Node      = "node-2"
	CronJob   = "cleanup"
	Account   = "api"
)

// Kubernetes is the handler that speaks as a Kubernetes API server does, for the
// calls that the adapters make. It holds to what they say must still be so: uid,
// resourceVersion, the tests of a JSON patch; and it only tries what it is told to
// try.
func (w *World) Kubernetes() http.Handler {
	k := kube{w}
	return w.faulty("kubernetes", http.HandlerFunc(k.serve))
}

type kube struct{ *World }

// kubeObjects are the objects by their path.
type kubeObjects = map[string]map[string]any

func newCluster(now time.Time) kubeObjects {
	out := kubeObjects{}
	n := 0
	add := func(path, kind, version, namespace, name string, meta, more map[string]any) {
		n++
		m := map[string]any{"name": name, "uid": fmt.Sprintf("5e1f0000-0000-4000-8000-%012d", n), "resourceVersion": strconv.Itoa(100 + n), "creationTimestamp": now.UTC().Format(time.RFC3339)}
		if namespace != "" {
			m["namespace"] = namespace
		}
		maps.Copy(m, meta)
		o := map[string]any{"apiVersion": version, "kind": kind, "metadata": m}
		maps.Copy(o, more)
		out[path] = o
	}
	type m = map[string]any
	for _, ns := range []string{Namespace, "kube-system"} {
		add("/api/v1/namespaces/"+ns, "Namespace", "v1", "", ns, nil, nil)
	}
	for _, node := range []string{"node-1", Node, "node-3"} {
		add("/api/v1/nodes/"+node, "Node", "v1", "", node, nil, m{"spec": m{}})
	}
	owner := m{"labels": m{"app": "api", "pod-template-hash": "7d9c5"}, "ownerReferences": []any{m{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "api-7d9c5", "controller": true, "uid": "rs"}}}
	for _, pod := range []string{Pod, "api-7d9c5-b8kvm"} {
		add("/api/v1/namespaces/"+Namespace+"/pods/"+pod, "Pod", "v1", Namespace, pod, owner, m{"spec": m{"nodeName": Node}, "status": m{"phase": "Running"}})
	}
	add("/api/v1/namespaces/kube-system/pods/coredns-1", "Pod", "v1", "kube-system", "coredns-1", m{"labels": m{"k8s-app": "kube-dns"}}, m{"spec": m{"nodeName": "node-1"}, "status": m{"phase": "Running"}})
	add("/apis/apps/v1/namespaces/"+Namespace+"/deployments/"+Workload, "Deployment", "apps/v1", Namespace, Workload, nil, m{"spec": m{"replicas": 3.0}})
	add("/apis/batch/v1/namespaces/"+Namespace+"/cronjobs/"+CronJob, "CronJob", "batch/v1", Namespace, CronJob, nil, m{"spec": m{"schedule": "*/5 * * * *"}})
	add("/api/v1/namespaces/"+Namespace+"/serviceaccounts/"+Account, "ServiceAccount", "v1", Namespace, Account, m{"labels": m{"app": "api"}}, m{"automountServiceAccountToken": true})
	return out
}

// failure is a Status that says no.
type failure struct {
	code   int
	reason string
	text   string
}

func (f failure) Error() string { return f.text }

func (k kube) serve(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		body = nil // it fails as a body that is no JSON
	}
	var status int
	var out any
	run := func(s *state) (err error) {
		if r.Header.Get("Authorization") != "Bearer "+s.Secrets.Kubernetes {
			return failure{http.StatusUnauthorized, "Unauthorized", "Unauthorized"}
		}
		status, out, err = k.answer(s, r, body)
		return err
	}
	if r.Method == http.MethodGet || tried(r, body) || strings.Contains(r.URL.Path, "selfsubject") {
		var s *state
		if s, err = k.view(); err == nil { // a copy, which is thrown away
			err = run(s)
		}
	} else {
		err = k.change(run)
	}
	if f, ok := err.(failure); ok { //nolint:errorlint // ours, as it was made
		status, out = f.code, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": f.reason, "message": f.text, "code": f.code}
	} else if err != nil {
		status, out = http.StatusInternalServerError, map[string]any{"kind": "Status", "status": "Failure", "message": err.Error()}
	}
	answer(rw, status, out)
}

// tried says whether the request is to be tried only. Like a real server, it reads
// the options of a deletion in the body, where there is one, and nowhere else.
func tried(r *http.Request, body []byte) bool {
	if r.Method != http.MethodDelete || len(body) == 0 {
		return r.URL.Query().Get("dryRun") == "All"
	}
	var options struct{ DryRun []string }
	return json.Unmarshal(body, &options) == nil && slices.Contains(options.DryRun, "All")
}

func (k kube) answer(s *state, r *http.Request, body []byte) (int, any, error) {
	path := r.URL.Path
	switch {
	case strings.HasSuffix(path, "/selfsubjectreviews"):
		return http.StatusCreated, map[string]any{"kind": "SelfSubjectReview", "status": map[string]any{"userInfo": map[string]any{"username": user}}}, nil
	case strings.HasSuffix(path, "/selfsubjectrulesreviews"):
		return http.StatusCreated, map[string]any{"kind": "SelfSubjectRulesReview", "status": map[string]any{"incomplete": false, "nonResourceRules": []any{}, "resourceRules": []any{map[string]any{
			"verbs": []string{"get", "list", "create", "patch", "delete"}, "apiGroups": []string{"", "apps", "batch", "networking.k8s.io"},
			"resources": []string{"pods", "pods/eviction", "nodes", "serviceaccounts", "cronjobs", "networkpolicies", "deployments/scale", "statefulsets/scale", "replicasets/scale"},
		}}}}, nil
	case strings.HasSuffix(path, "/selfsubjectaccessreviews"):
		return http.StatusCreated, map[string]any{"kind": "SelfSubjectAccessReview", "status": map[string]any{"allowed": true}}, nil
	}
	var sent any
	if len(body) > 0 {
		if err := json.Unmarshal(body, &sent); err != nil {
			return 0, nil, failure{http.StatusBadRequest, "BadRequest", "the object provided is unrecognized"}
		}
	}
	sub := ""
	for _, name := range []string{"scale", "eviction"} {
		if rest, ok := strings.CutSuffix(path, "/"+name); ok {
			path, sub = rest, name
		}
	}
	o := s.Cluster[path]
	if o == nil && r.Method == http.MethodGet && strings.Count(strings.Split(path, "/namespaces/")[0], "/") <= 3 && k.isList(s, path) {
		return http.StatusOK, k.list(s, path, r), nil
	}
	if o == nil && r.Method != http.MethodPost {
		return 0, nil, failure{http.StatusNotFound, "NotFound", fmt.Sprintf("%q not found", path)}
	}
	switch {
	case r.Method == http.MethodGet && sub == "scale":
		return http.StatusOK, scaleOf(o), nil
	case r.Method == http.MethodGet:
		return http.StatusOK, o, nil
	case r.Method == http.MethodPatch:
		return k.patch(s, o, sub, r, sent)
	case r.Method == http.MethodDelete, sub == "eviction":
		options, _ := sent.(map[string]any)
		if sub == "eviction" {
			options, _ = options["deleteOptions"].(map[string]any)
		}
		return k.delete(s, path, o, options)
	case r.Method == http.MethodPost:
		return k.create(s, path, sent)
	}
	return 0, nil, failure{http.StatusMethodNotAllowed, "MethodNotAllowed", "the server does not allow this method on the requested resource"}
}

// isList says whether the path is a folder of objects.
func (k kube) isList(s *state, path string) bool {
	for p := range s.Cluster {
		if strings.HasPrefix(p, path+"/") {
			return true
		}
	}
	return false
}

func (k kube) list(s *state, path string, r *http.Request) any {
	items := []any{}
	for _, p := range slices.Sorted(maps.Keys(s.Cluster)) {
		if rest, ok := strings.CutPrefix(p, path+"/"); !ok || strings.Contains(rest, "/") || !selects(r.URL.Query().Get("labelSelector"), s.Cluster[p]) {
			continue
		}
		items = append(items, s.Cluster[p])
	}
	m := map[string]any{}
	if n, err := strconv.Atoi(r.URL.Query().Get("limit")); err == nil && n > 0 && len(items) > n {
		m["remainingItemCount"], items = len(items)-n, items[:n]
	}
	return map[string]any{"kind": "List", "metadata": m, "items": items}
}

func selects(selector string, o map[string]any) bool {
	if selector == "" {
		return true
	}
	labels, _ := metaOf(o)["labels"].(map[string]any)
	for part := range strings.SplitSeq(selector, ",") {
		name, value, _ := strings.Cut(part, "=")
		if labels[name] != value {
			return false
		}
	}
	return true
}

func metaOf(o map[string]any) map[string]any {
	m, _ := o["metadata"].(map[string]any)
	return m
}

func specOf(o map[string]any) map[string]any {
	m, _ := o["spec"].(map[string]any)
	return m
}

// scaleOf shows the scale of a workload. A count of zero is left out, as the real
// server does.
func scaleOf(o map[string]any) map[string]any {
	spec := map[string]any{}
	if n, _ := specOf(o)["replicas"].(float64); n != 0 {
		spec["replicas"] = n
	}
	return map[string]any{"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": metaOf(o), "spec": spec, "status": map[string]any{}}
}

var conflict = failure{http.StatusConflict, "Conflict", "the object has been modified; please apply your changes to the latest version and try again"}

func (k kube) patch(s *state, o map[string]any, sub string, r *http.Request, sent any) (int, any, error) {
	before := copied(o)
	switch r.Header.Get("Content-Type") {
	case "application/json-patch+json":
		list, _ := sent.([]any)
		for _, one := range list {
			op, _ := one.(map[string]any)
			if err := applyOne(o, op); err != nil {
				return 0, nil, err
			}
		}
	case "application/merge-patch+json":
		with, ok := sent.(map[string]any)
		if !ok {
			return 0, nil, failure{http.StatusBadRequest, "BadRequest", "a merge patch is an object"}
		}
		if v, ok := metaOf(with)["resourceVersion"]; ok && v != metaOf(o)["resourceVersion"] {
			return 0, nil, conflict
		}
		mergeInto(o, with)
	default:
		return 0, nil, failure{http.StatusUnsupportedMediaType, "UnsupportedMediaType", "the body of the request was in an unknown format"}
	}
	if metaOf(o)["uid"] != metaOf(before)["uid"] {
		return 0, nil, failure{http.StatusUnprocessableEntity, "Invalid", "metadata.uid: field is immutable"}
	}
	if !reflect.DeepEqual(before, copied(o)) {
		s.Last++
		metaOf(o)["resourceVersion"] = strconv.FormatInt(s.Last, 10)
		what := o["kind"].(string) + " changed"
		k.effect(s, "kubernetes", what, fmt.Sprint(metaOf(o)["name"]), "")
	}
	if sub == "scale" {
		return http.StatusOK, scaleOf(o), nil
	}
	return http.StatusOK, o, nil
}

// copied is a deep copy, by way of JSON.
func copied(o map[string]any) map[string]any {
	b, err := json.Marshal(o)
	var out map[string]any
	if err != nil || json.Unmarshal(b, &out) != nil {
		return nil
	}
	return out
}

// applyOne does one operation of a JSON patch (RFC 6902), for paths of members.
func applyOne(o, op map[string]any) error {
	invalid := failure{http.StatusUnprocessableEntity, "Invalid", "the server rejected our request due to an error in our request"}
	path, _ := op["path"].(string)
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	at := o
	for _, p := range parts[:len(parts)-1] {
		next, ok := at[p].(map[string]any)
		if !ok {
			return invalid
		}
		at = next
	}
	last := parts[len(parts)-1]
	switch op["op"] {
	case "test":
		if !reflect.DeepEqual(at[last], op["value"]) {
			return invalid
		}
	case "add", "replace":
		at[last] = op["value"]
	case "remove":
		delete(at, last)
	default:
		return invalid
	}
	return nil
}

// mergeInto is a JSON merge patch (RFC 7396).
func mergeInto(o, with map[string]any) {
	for k, v := range with {
		sub, isMap := v.(map[string]any)
		was, wasMap := o[k].(map[string]any)
		switch {
		case v == nil:
			delete(o, k)
		case isMap && wasMap:
			mergeInto(was, sub)
		default:
			o[k] = v
		}
	}
}

func (k kube) delete(s *state, path string, o, options map[string]any) (int, any, error) {
	preconditions, _ := options["preconditions"].(map[string]any)
	if uid, ok := preconditions["uid"]; ok && uid != metaOf(o)["uid"] {
		return 0, nil, failure{http.StatusConflict, "Conflict", "Precondition failed: UID in precondition: " + fmt.Sprint(uid)}
	}
	delete(s.Cluster, path)
	k.effect(s, "kubernetes", o["kind"].(string)+" deleted", fmt.Sprint(metaOf(o)["name"]), "")
	return http.StatusOK, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Success"}, nil
}

func (k kube) create(s *state, path string, sent any) (int, any, error) {
	o, ok := sent.(map[string]any)
	name, _ := metaOf(o)["name"].(string)
	if !ok || name == "" || o["kind"] == nil {
		return 0, nil, failure{http.StatusUnprocessableEntity, "Invalid", "metadata.name: Required value"}
	}
	if s.Cluster[path+"/"+name] != nil {
		return 0, nil, failure{http.StatusConflict, "AlreadyExists", fmt.Sprintf("%q already exists", name)}
	}
	s.Last++
	m := metaOf(o)
	m["uid"], m["resourceVersion"] = fmt.Sprintf("5e1f0000-0000-4000-9000-%012d", s.Last), strconv.FormatInt(s.Last, 10)
	m["creationTimestamp"] = k.now().UTC().Format(time.RFC3339)
	s.Cluster[path+"/"+name] = o
	key := ""
	if a, ok := m["annotations"].(map[string]any); ok {
		key, _ = a["firebreak.dev/key"].(string)
	}
	if o["kind"] != "ServiceAccount" { // making it again is one change with its deletion
		k.effect(s, "kubernetes", o["kind"].(string)+" made", name, "firebreak-key:"+key)
	}
	return http.StatusCreated, o, nil
}
