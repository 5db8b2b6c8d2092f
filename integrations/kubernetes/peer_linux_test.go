package kubernetes

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"firebreak/integrations"
	"firebreak/integrations/conform"
)

// peer is a real kube-apiserver with a real etcd, and nothing behind them: no
// controller, no kubelet, no network.
type peer struct {
	url    string
	client *http.Client // as an administrator
	dir    string
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close() //nolint:errcheck // its number is what counts
	return l.Addr().(*net.TCPAddr).Port
}

func started(t *testing.T, log, program string, args ...string) {
	t.Helper()
	f, err := os.Create(log)
	must(t, err)
	c := exec.Command(program, args...)
	c.Stdout, c.Stderr = f, f
	must(t, c.Start())
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		_ = f.Close()
		if b, err := os.ReadFile(log); err == nil && t.Failed() {
			t.Logf("%s: …%s", program, b[max(0, len(b)-4000):])
		}
	})
}

func startPeer(t *testing.T) *peer {
	t.Helper()
	if os.Getenv("FIREBREAK_SOAK") == "" {
		t.Skip("the real kube-apiserver is part of make soak")
	}
	server, err := filepath.Abs("../../bin/kube-apiserver")
	must(t, err)
	if _, err := os.Stat(server); err != nil {
		t.Skip("bin/kube-apiserver is not there: make soak builds it")
	}
	etcd, err := exec.LookPath("etcd")
	if err != nil {
		t.Skip("needs the program etcd (Debian package etcd-server)")
	}
	dir := t.TempDir()
	p := &peer{dir: dir}
	a := newAuthority(t)
	write := func(name string, b []byte) string {
		must(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
		return filepath.Join(dir, name)
	}
	cert, key := a.issue(t, "kube-apiserver", "localhost", "kubernetes")
	_, sign := a.issue(t, "service accounts")
	tokens := "admin-token-0123456789,admin,1,system:masters\nresponder-token-0123456789,responder,2\nnobody-token-0123456789,nobody,3\n"
	db, peerPort, port := freePort(t), freePort(t), freePort(t)
	at := fmt.Sprintf("http://127.0.0.1:%d", db)
	started(t, filepath.Join(dir, "etcd.log"), etcd, "--data-dir", filepath.Join(dir, "etcd"), "--listen-client-urls", at, "--advertise-client-urls", at,
		"--listen-peer-urls", fmt.Sprintf("http://127.0.0.1:%d", peerPort), "--initial-advertise-peer-urls", fmt.Sprintf("http://127.0.0.1:%d", peerPort),
		"--initial-cluster", fmt.Sprintf("default=http://127.0.0.1:%d", peerPort))
	started(t, filepath.Join(dir, "apiserver.log"), server, "--etcd-servers", at, "--bind-address", "127.0.0.1", "--secure-port", fmt.Sprint(port), "--cert-dir", filepath.Join(dir, "certs"),
		"--tls-cert-file", write("server.crt", cert), "--tls-private-key-file", write("server.key", key), "--client-ca-file", write("ca.crt", a.pem()),
		"--token-auth-file", write("tokens.csv", []byte(tokens)), "--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.96.0.0/16",
		"--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file", write("sign.key", sign), "--service-account-signing-key-file", filepath.Join(dir, "sign.key"),
		"--disable-admission-plugins", "ServiceAccount") // it waits for accounts that a controller makes
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	p.url = fmt.Sprintf("https://localhost:%d", port)
	p.client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	for range 600 {
		if code, _ := p.call("GET", "/readyz", nil); code == http.StatusOK {
			return p
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Fatal("the server is not ready")
	return nil
}

func (p *peer) call(method, path string, body any) (int, []byte) {
	return p.as("admin-token-0123456789", method, path, body)
}

func (p *peer) as(token, method, path string, body any) (int, []byte) {
	b, err := json.Marshal(body)
	if err != nil {
		return 0, []byte(err.Error())
	}
	r, err := http.NewRequestWithContext(context.Background(), method, p.url+path, bytes.NewReader(b))
	if err != nil {
		return 0, []byte(err.Error())
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := p.client.Do(r)
	if err != nil {
		return 0, []byte(err.Error())
	}
	defer resp.Body.Close() //nolint:errcheck // it is read
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, []byte(err.Error())
	}
	return resp.StatusCode, out
}

func (p *peer) make(t *testing.T, path string, o map[string]any) {
	t.Helper()
	if code, b := p.call("POST", path+"?fieldValidation=Strict", o); code != http.StatusCreated {
		t.Fatalf("make %s: %d %s", path, code, b)
	}
}

// fill makes what there is to act on, and gives the responder the role that the
// page of documentation has.
func (p *peer) fill(t *testing.T) {
	t.Helper()
	type m = map[string]any
	p.make(t, "/api/v1/namespaces", m{"metadata": m{"name": "payments"}})
	spec := m{"containers": []any{m{"name": "c", "image": "example.org/api:1"}}}
	for _, pod := range []string{"quarantined", "readmitted", "deleted", "evicted", "stale"} {
		p.make(t, "/api/v1/namespaces/payments/pods", m{"metadata": m{"name": pod, "labels": m{"app": "api", "tier.example.org/x": "1"}}, "spec": spec})
	}
	for _, node := range []string{"n1", "n2"} {
		p.make(t, "/api/v1/nodes", m{"metadata": m{"name": node}})
	}
	for _, name := range []string{"api", "back", "stale"} {
		p.make(t, "/apis/apps/v1/namespaces/payments/deployments", m{"metadata": m{"name": name}, "spec": m{
			"replicas": 3, "selector": m{"matchLabels": m{"app": name}}, "template": m{"metadata": m{"labels": m{"app": name}}, "spec": spec},
		}})
	}
	p.make(t, "/apis/apps/v1/namespaces/payments/statefulsets", m{"metadata": m{"name": "db"}, "spec": m{
		"replicas": 2, "serviceName": "db", "selector": m{"matchLabels": m{"app": "db"}}, "template": m{"metadata": m{"labels": m{"app": "db"}}, "spec": spec},
	}})
	jobSpec := m{"containers": spec["containers"], "restartPolicy": "Never"}
	for _, name := range []string{"cleanup", "resumed"} {
		p.make(t, "/apis/batch/v1/namespaces/payments/cronjobs", m{"metadata": m{"name": name}, "spec": m{
			"schedule": "*/5 * * * *", "jobTemplate": m{"spec": m{"template": m{"spec": jobSpec}}},
		}})
	}
	p.make(t, "/api/v1/namespaces/payments/serviceaccounts", m{"metadata": m{"name": "api", "labels": m{"app": "api"}}, "automountServiceAccountToken": false, "imagePullSecrets": []any{m{"name": "pull"}}})
	p.make(t, "/apis/rbac.authorization.k8s.io/v1/clusterroles", roleOfThePage(t))
	p.make(t, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", m{
		"metadata": m{"name": "responder"}, "roleRef": m{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "firebreak-responder"},
		"subjects": []any{m{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "responder"}},
	})
}

func roleOfThePage(t *testing.T) map[string]any {
	t.Helper()
	b, err := os.ReadFile("../../docs/integrations-hosts.md")
	must(t, err)
	_, text, _ := strings.Cut(string(b), "```yaml\napiVersion: rbac")
	text, _, _ = strings.Cut(text, "```")
	var role map[string]any
	must(t, yaml.Unmarshal([]byte("apiVersion: rbac"+text), &role))
	return role
}

func (p *peer) registry(t *testing.T, token string) *integrations.Registry {
	t.Helper()
	file := filepath.Join(p.dir, "kubeconfig-"+token[:5])
	must(t, os.WriteFile(file, fmt.Appendf(nil, "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: %q, certificate-authority: ca.crt}}]\nusers: [{name: u, user: {token: %q}}]\n", p.url, token), 0o600))
	r, err := integrations.NewRegistry([]integrations.System{System()}, []integrations.Connection{{Name: "k", Kind: "kubernetes", Now: time.Now, Settings: map[string]string{"kubeconfig": file}}})
	must(t, err)
	return r
}

// TestRealServer does, verifies, finds and undoes each action against a real
// kube-apiserver, with no more rights than the documentation gives.
func TestRealServer(t *testing.T) {
	p := startPeer(t)
	p.fill(t)
	r := p.registry(t, "responder-token-0123456789")
	world := func(*testing.T) conform.World {
		return conform.World{Registry: r, Changes: func(*testing.T) int { return 0 }, Secrets: []string{"responder-token-0123456789"}}
	}
	type m = map[string]any
	setup := func(name string, params m) func(*testing.T, conform.World, map[string]any) {
		return func(t *testing.T, _ conform.World, p map[string]any) {
			for k, v := range did(t, r, name, params).Data {
				if k == "name" && p["name"] == "" {
					p["name"] = v
				}
			}
		}
	}
	ns := "payments"
	tried := map[string]bool{}
	for _, c := range []conform.Case{
		{Action: "kubernetes.networkpolicy.deny", Params: m{"namespace": ns, "selector": []any{"app=api", "tier.example.org/x=1"}}},
		{
			Action: "kubernetes.networkpolicy.delete", Params: m{"namespace": ns, "name": ""}, Lasting: true,
			Setup: setup("kubernetes.networkpolicy.deny", m{"namespace": ns, "selector": []any{"app=other"}}),
		},
		{Action: "kubernetes.pod.quarantine", Params: m{"namespace": ns, "pod": "quarantined"}},
		{
			Action: "kubernetes.pod.readmit", Params: m{"namespace": ns, "pod": "readmitted", "labels": []any{"app=api", "tier.example.org/x=1"}},
			Setup: setup("kubernetes.pod.quarantine", m{"namespace": ns, "pod": "readmitted"}),
		},
		{Action: "kubernetes.node.cordon", Params: m{"node": "n1"}},
		{Action: "kubernetes.node.uncordon", Params: m{"node": "n2"}, Setup: setup("kubernetes.node.cordon", m{"node": "n2"})},
		{Action: "kubernetes.workload.stop", Params: m{"namespace": ns, "name": "api"}},
		{Action: "kubernetes.workload.stop", Params: m{"namespace": ns, "name": "db", "kind": "statefulset"}},
		{
			Action: "kubernetes.workload.start", Params: m{"namespace": ns, "name": "back", "replicas": 3},
			Setup: setup("kubernetes.workload.stop", m{"namespace": ns, "name": "back"}),
		},
		{Action: "kubernetes.cronjob.suspend", Params: m{"namespace": ns, "cronjob": "cleanup"}},
		{Action: "kubernetes.cronjob.resume", Params: m{"namespace": ns, "cronjob": "resumed"}, Setup: setup("kubernetes.cronjob.suspend", m{"namespace": ns, "cronjob": "resumed"})},
		{Action: "kubernetes.pod.delete", Params: m{"namespace": ns, "pod": "deleted"}},
		{Action: "kubernetes.pod.evict", Params: m{"namespace": ns, "pod": "evicted"}},
	} {
		tried[c.Action] = true
		c.Connection, c.Traceless = "k", true
		t.Run(c.Action, func(t *testing.T) {
			before := p.all()
			dry(t, r, c)
			if c.Setup == nil && p.all() != before {
				t.Error("the plan or its trial changed something")
			}
			conform.Cycle(t, world, c)
		})
	}
	t.Run("kubernetes.serviceaccount.revoke", func(t *testing.T) { revokes(t, p, r, world) })
	t.Run("refused", func(t *testing.T) { refused(t, p, r) })
	for _, l := range r.List() {
		if n := l.Description.Name; !tried[n] && n != "kubernetes.serviceaccount.revoke" {
			t.Errorf("%s was not tried", n)
		}
	}
}

// all is everything that the actions could change, as the server has it.
func (p *peer) all() string {
	var out strings.Builder
	for _, path := range []string{"/api/v1/namespaces/payments/pods", "/api/v1/nodes", "/apis/apps/v1/namespaces/payments/deployments", "/apis/apps/v1/namespaces/payments/statefulsets", "/apis/batch/v1/namespaces/payments/cronjobs", "/apis/networking.k8s.io/v1/namespaces/payments/networkpolicies", "/api/v1/namespaces/payments/serviceaccounts"} {
		_, b := p.call("GET", path, nil)
		var list struct{ Items json.RawMessage }
		_ = json.Unmarshal(b, &list)
		out.Write(list.Items)
	}
	return out.String()
}

func callOf(name string, params map[string]any) integrations.Call {
	return integrations.Call{Action: name, Connection: "k", Params: params, Key: integrations.Key("2026-0007", name+fmt.Sprint(params), 0), Incident: "2026-0007"}
}

func planned(t *testing.T, r *integrations.Registry, c integrations.Call) (integrations.Action, integrations.Plan) {
	t.Helper()
	a, _, err := r.Lookup(c.Action, "k")
	must(t, err)
	prior, err := a.Prior(t.Context(), c)
	must(t, err)
	plan, err := a.Plan(t.Context(), c, prior)
	must(t, err)
	return a, plan
}

func did(t *testing.T, r *integrations.Registry, name string, params map[string]any) integrations.Receipt {
	t.Helper()
	c := callOf(name, params)
	a, plan := planned(t, r, c)
	receipt, err := a.Do(t.Context(), c, plan)
	must(t, err)
	return receipt
}

// dry has the server try the plan.
func dry(t *testing.T, r *integrations.Registry, c conform.Case) {
	t.Helper()
	if c.Setup != nil {
		return // the inverse of another case, which is tried there
	}
	call := callOf(c.Action, c.Params)
	a, plan := planned(t, r, call)
	if plan.Identity != "responder" {
		t.Errorf("we are %q", plan.Identity)
	}
	if said, err := a.(integrations.DryRunner).DryRun(t.Context(), call, plan); err != nil || !strings.Contains(said, "dryRun=All") {
		t.Errorf("%q, %v", said, err)
	}
}

// revokes has a real token of the account, which is void afterwards.
func revokes(t *testing.T, p *peer, r *integrations.Registry, world func(*testing.T) conform.World) {
	code, b := p.call("POST", "/api/v1/namespaces/payments/serviceaccounts/api/token", map[string]any{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": map[string]any{}})
	var got struct{ Status struct{ Token string } }
	if err := json.Unmarshal(b, &got); err != nil || code != http.StatusCreated {
		t.Fatalf("ask for a token: %d %s", code, b)
	}
	review := map[string]any{"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
	if code, b := p.as(got.Status.Token, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review); code != http.StatusCreated {
		t.Fatalf("the token does not work to begin with: %d %s", code, b)
	}
	c := conform.Case{Action: "kubernetes.serviceaccount.revoke", Connection: "k", Params: map[string]any{"namespace": "payments", "serviceaccount": "api"}, Traceless: true}
	before := p.all()
	dry(t, r, c)
	if p.all() != before {
		t.Error("the plan or its trial changed something")
	}
	conform.Cycle(t, world, c)
	for i := 0; ; i++ {
		code, b := p.as(got.Status.Token, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
		if code == http.StatusUnauthorized {
			break
		}
		if i == 300 {
			t.Fatalf("the token still works: %d %s", code, b)
		}
		time.Sleep(200 * time.Millisecond)
	}
	_, b = p.call("GET", "/api/v1/namespaces/payments/serviceaccounts/api", nil)
	var o object
	must(t, json.Unmarshal(b, &o))
	if o.Meta.Labels["app"] != "api" || o.Automount == nil || *o.Automount || len(o.ImagePullSecrets) != 1 {
		t.Errorf("the account is not what it was: %s", b)
	}
}

// refused: what changed since it was looked at, what is another object, what is
// mistyped, and what the account may not, the server itself refuses.
func refused(t *testing.T, p *peer, r *integrations.Registry) {
	type m = map[string]any
	k := &cluster{c: integrations.Connection{Name: "k", Now: time.Now, Settings: map[string]string{"kubeconfig": filepath.Join(p.dir, "kubeconfig-respo")}}.WithDefaults(), now: time.Now}
	k.http = integrations.NewClient(k.c, integrations.Limits{Writes: 50, TLS: keysOf})
	pod, deployment := pods.path("payments", "stale"), workload("deployment").path("payments", "stale", "scale")
	for name, d := range map[string]deed{
		"another uid":             {"x", http.MethodPatch, pod, jsonPatch, []any{test("/metadata/uid", "other"), setLabels(map[string]string{"a": "b"})}},
		"other labels":            {"x", http.MethodPatch, pod, jsonPatch, []any{test("/metadata/labels", map[string]string{"app": "other"}), setLabels(map[string]string{"a": "b"})}},
		"an old version":          scaleTo(object{Meta: meta{ResourceVersion: "1"}}, deployment, 0),
		"another one deleted":     {"x", http.MethodDelete, pod, plainJSON, deleteOptions("other", integrations.Values{})},
		"a mistyped field":        {"x", http.MethodPost, policies.path("payments", ""), plainJSON, m{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": m{"name": "x"}, "spec": m{"podSelectors": m{}}}},
		"another kind of value":   {"x", http.MethodPatch, nodes.path("", "n1"), jsonPatch, []any{m{"op": "add", "path": "/spec/unschedulable", "value": "yes"}}},
		"what it may not: a node": {"x", http.MethodDelete, nodes.path("", "n1"), plainJSON, deleteOptions("x", integrations.Values{})},
	} {
		for _, try := range []bool{true, false} {
			ctx, s, err := k.open(t.Context())
			must(t, err)
			if err := s.do(ctx, d, try, nil); err == nil || integrations.OutcomeOf(err) != integrations.Rejected {
				t.Errorf("%s: %v: want a refusal", name, err)
			} else if !try {
				t.Logf("%s: %v", name, err)
			}
		}
	}
	// An account without the role is told so in the plan.
	nobody := p.registry(t, "nobody-token-0123456789")
	p.make(t, "/apis/rbac.authorization.k8s.io/v1/clusterroles", m{"metadata": m{"name": "reader"}, "rules": []any{m{"apiGroups": []any{""}, "resources": []any{"pods", "nodes"}, "verbs": []any{"get", "list"}}}})
	p.make(t, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", m{
		"metadata": m{"name": "reader"}, "roleRef": m{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"},
		"subjects": []any{m{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "nobody"}},
	})
	a, _, err := nobody.Lookup("kubernetes.pod.quarantine", "k")
	must(t, err)
	c := callOf("kubernetes.pod.quarantine", m{"namespace": "payments", "pod": "stale"})
	var prior integrations.Prior
	for range 100 { // the server learns of roles a little later
		if prior, err = a.Prior(t.Context(), c); err == nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	must(t, err)
	if _, err := a.Plan(t.Context(), c, prior); err == nil || integrations.OutcomeOf(err) != integrations.Rejected || !strings.Contains(err.Error(), "may not patch pods") {
		t.Errorf("a plan of somebody who may not: %v", err)
	}
	_ = r
}
