package kubernetes

import (
	"bytes"
	"strings"
	"testing"
)

const wholeFile = `
apiVersion: v1
kind: Config
current-context: prod
preferences: {}
contexts:
- name: prod
  context: {cluster: c1, user: u1, namespace: payments}
- name: files
  context: {cluster: c2, user: u2}
- name: plugin
  context: {cluster: c1, user: u3}
- name: nouser
  context: {cluster: c1, user: nobody}
- name: nocluster
  context: {cluster: nowhere, user: u1}
- {name: proxy, context: {cluster: c3, user: u1}}
- {name: basic, context: {cluster: c1, user: u4}}
- {name: as, context: {cluster: c1, user: u5}}
- {name: provider, context: {cluster: c1, user: u6}}
- {name: half, context: {cluster: c1, user: u7}}
- {name: base64, context: {cluster: c1, user: u8}}
- {name: asks, context: {cluster: c1, user: u9}}
- {name: old, context: {cluster: c1, user: u10}}
- {name: noserver, context: {cluster: c4, user: u1}}
clusters:
- name: c1
  cluster: {server: "https://10.0.0.1:6443", certificate-authority-data: cm9vdHM=, extensions: [{name: x}]}
- name: c2
  cluster: {server: "https://k8s.example.org/k8s/clusters/c-1", certificate-authority: ca.crt, tls-server-name: kubernetes, insecure-skip-tls-verify: true}
- {name: c3, cluster: {server: "https://10.0.0.1", proxy-url: "http://proxy:3128"}}
- {name: c4, cluster: {}}
users:
- {name: u1, user: {token: s3cr3t-token}}
- {name: u2, user: {client-certificate: /abs/c.crt, client-key: keys/c.key, tokenFile: t}}
- name: u3
  user:
    exec: {apiVersion: client.authentication.k8s.io/v1, command: ./get-token, args: [--cluster, "$(touch x)"], env: [{name: AWS_PROFILE, value: ir}], provideClusterInfo: true, interactiveMode: IfAvailable}
- {name: u4, user: {username: admin, password: s3cr3t-token}}
- {name: u5, user: {token: s3cr3t-token, as: root}}
- {name: u6, user: {auth-provider: {name: gcp}}}
- {name: u7, user: {client-certificate-data: Yw==}}
- {name: u8, user: {client-certificate-data: "s3cr3t-token!", client-key-data: Yw==}}
- {name: u9, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Always}}}
- {name: u10, user: {exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}}}
`

func TestKubeconfig(t *testing.T) {
	a, err := parseKubeconfig([]byte(wholeFile), "", "/home/ada/.kube")
	if err != nil || a.Context != "prod" || a.Server != "https://10.0.0.1:6443" || a.Namespace != "payments" || string(a.CA.Value) != "roots" || string(a.Token.Value) != "s3cr3t-token" || a.Insecure {
		t.Errorf("%+v, %v", a, err)
	}
	a, err = parseKubeconfig([]byte(wholeFile), "files", "/home/ada/.kube")
	if err != nil || a.CA.File != "/home/ada/.kube/ca.crt" || a.Cert.File != "/abs/c.crt" || a.Key.File != "/home/ada/.kube/keys/c.key" || a.Token.File != "/home/ada/.kube/t" || a.Name != "kubernetes" || !a.Insecure {
		t.Errorf("%+v, %v", a, err)
	}
	a, err = parseKubeconfig([]byte(wholeFile), "plugin", "/home/ada/.kube")
	if err != nil || a.Exec == nil || strings.Join(a.Exec.Argv, "|") != "/home/ada/.kube/get-token|--cluster|$(touch x)" || a.Exec.Env[0] != "AWS_PROFILE=ir" || !a.Exec.Cluster {
		t.Errorf("%+v, %v", a.Exec, err)
	}
	for context, says := range map[string]string{
		"none": "no context", "nouser": "no user", "nocluster": "no cluster", "proxy": "proxy", "basic": "password", "as": "somebody else", "provider": "auth-provider",
		"half": "needs its key", "base64": "no base64", "asks": "ask a person", "old": "is not known", "noserver": "no server",
	} {
		_, err := parseKubeconfig([]byte(wholeFile), context, "/")
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", context, err)
		}
	}
	for what, text := range map[string]string{
		"nothing": "", "a list": "[]", "no YAML": "users: [{name: s3cr3t-token, user: {token: [}}]", "another type": "users: s3cr3t-token", "no current": "contexts: []",
		"many": "current-context: x\ncontexts: [" + strings.Repeat("{name: y},", 2000) + "]", "deep": strings.Repeat("[", 200000), "large": strings.Repeat(" ", maxKubeconfig+1),
		"an avalanche": "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e]\nusers: *f\ncurrent-context: x",
	} {
		if _, err := parseKubeconfig([]byte(text), "", "/"); err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func FuzzKubeconfig(f *testing.F) {
	f.Add([]byte(wholeFile), "prod")
	f.Add([]byte(wholeFile), "plugin")
	f.Add([]byte("users: [{name: a, user: {exec: {command: x}}}]"), "")
	f.Fuzz(func(t *testing.T, b []byte, context string) {
		a, err := parseKubeconfig(b, context, "/home/ada/.kube")
		if err != nil {
			return
		}
		if a.Server == "" || a.Context == "" || a.Cert.given() != a.Key.given() || a.Exec != nil && a.Exec.Argv[0] == "" {
			t.Errorf("%+v", a)
		}
		for _, d := range []data{a.CA, a.Cert, a.Key, a.Token} {
			if d.File != "" && !strings.HasPrefix(d.File, "/") {
				t.Errorf("%q is no whole path", d.File)
			}
		}
	})
}

func FuzzRefusal(f *testing.F) {
	f.Add(409, []byte(`{"kind":"Status","reason":"Conflict","message":"x"}`))
	f.Add(500, []byte(`<html>`))
	f.Fuzz(func(t *testing.T, code int, b []byte) {
		if err := refusal(code, b); err == nil || bytes.Contains([]byte(err.Error()), []byte("\x00")) && !bytes.Contains(b, []byte("\x00")) && !bytes.Contains(b, []byte(`\u0000`)) {
			t.Errorf("%v", err)
		}
	})
}
