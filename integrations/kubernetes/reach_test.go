package kubernetes

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"firebreak/integrations"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestMain makes the test's own program one that gets credentials.
func TestMain(m *testing.M) {
	if os.Getenv("FIREBREAK_TEST_CREDENTIAL") == "" {
		os.Exit(m.Run())
	}
	var info execCredential
	if err := json.Unmarshal([]byte(os.Getenv("KUBERNETES_EXEC_INFO")), &info); err != nil || info.Spec.Interactive {
		os.Exit(3)
	}
	answer := os.Args[len(os.Args)-1]
	switch answer {
	case "slow":
		time.Sleep(time.Minute)
	case "large":
		answer = strings.Repeat("x", 1<<20)
	case "fails":
		os.Exit(1)
	case "names":
		answer = fmt.Sprintf(`{"apiVersion":%q,"kind":"ExecCredential","status":{"token":%q}}`, info.APIVersion, info.Spec.Cluster.Server)
	}
	_, _ = os.Stdout.WriteString(answer)
	os.Exit(0)
}

// authority signs certificates for this test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "roots"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	return authority{cert, key}
}

func (a authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// issue gives a certificate with its key, as PEM.
func (a authority) issue(t *testing.T, name string, names ...string) (cert, key []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: names, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, k.Public(), a.key)
	must(t, err)
	kder, err := x509.MarshalECPrivateKey(k)
	must(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: kder})
}

// server is one over TLS that tells who comes, as the name of a node.
func server(t *testing.T, a authority, names ...string) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		who := r.Header.Get("Authorization")
		if len(r.TLS.PeerCertificates) > 0 {
			who += " " + r.TLS.PeerCertificates[0].Subject.CommonName
		}
		_ = json.NewEncoder(rw).Encode(map[string]any{"metadata": map[string]any{"name": "n1", "uid": "u1"}, "status": map[string]any{"phase": who}})
	}))
	cert, key := a.issue(t, "server", names...)
	pair, err := tls.X509KeyPair(cert, key)
	must(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: roots, ClientAuth: tls.VerifyClientCertIfGiven}
	s.Config.ErrorLog = nil
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// who asks the server who it takes us for.
func who(t *testing.T, settings map[string]string, base string, token string) (string, error) {
	t.Helper()
	c := integrations.Connection{Name: "k", Kind: "kubernetes", BaseURL: base, Settings: settings, Now: time.Now}
	if token != "" {
		c.Has = func(n string) bool { return n == "token" }
		c.Secret = func(context.Context, string) (string, error) { return token, nil }
	}
	c = c.WithDefaults()
	k := &cluster{c: c, now: c.Now, http: integrations.NewClient(c, integrations.Limits{TLS: keysOf})}
	ctx, s, err := k.open(t.Context())
	if err != nil {
		return "", err
	}
	var o object
	err = s.get(ctx, "node", nodes.path("", "n1"), nil, &o)
	return o.Status.Phase, err
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// TestReachesTheServer: by token, by client certificate and by a program, each with
// the roots that the file names, and by no server that shows another certificate.
func TestReachesTheServer(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	url := server(t, a, "kubernetes")
	dir := t.TempDir()
	cert, key := a.issue(t, "ada")
	must(t, os.WriteFile(filepath.Join(dir, "c.crt"), cert, 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "c.key"), key, 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "ca.crt"), a.pem(), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "token"), []byte("file-token\n"), 0o600))
	self, err := os.Executable()
	must(t, err)
	config := func(cluster, user string) string {
		path := filepath.Join(dir, "config")
		must(t, os.WriteFile(path, fmt.Appendf(nil, "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: %q, %s}}]\nusers: [{name: u, user: {%s}}]\n", url, cluster, user), 0o600))
		return path
	}
	roots := "certificate-authority: ca.crt, tls-server-name: kubernetes"
	plugin := func(answer string, more ...string) string {
		return fmt.Sprintf("exec: {apiVersion: client.authentication.k8s.io/v1, command: %q, args: [%q], env: [{name: FIREBREAK_TEST_CREDENTIAL, value: '1'}]%s}", self, answer, strings.Join(more, ""))
	}
	good := `{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"exec-token","expirationTimestamp":"2030-01-01T00:00:00Z"}}`
	for name, c := range map[string]struct{ cluster, user, want, fails string }{
		"a token":             {roots, "token: plain-token", "Bearer plain-token", ""},
		"a token in a file":   {roots, "tokenFile: token", "Bearer file-token", ""},
		"a certificate":       {"certificate-authority-data: " + b64(a.pem()) + ", tls-server-name: kubernetes", "client-certificate: c.crt, client-key: c.key", " ada", ""},
		"one in the file":     {roots, "client-certificate-data: " + b64(cert) + ", client-key-data: " + b64(key), " ada", ""},
		"a program":           {roots, plugin(good), "Bearer exec-token", ""},
		"a program that asks": {roots, plugin("names", ", provideClusterInfo: true"), "Bearer " + url, ""},
		"its certificate":     {roots, plugin(fmt.Sprintf(`{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"clientCertificateData":%q,"clientKeyData":%q}}`, cert, key)), " ada", ""},
		"nothing":             {roots, "", "", "neither a token"},
		"other roots":         {"certificate-authority-data: " + b64(other.pem()) + ", tls-server-name: kubernetes", "token: plain-token", "", "unknown authority"},
		"another name":        {"certificate-authority: ca.crt", "token: plain-token", "", "certificate"},
		"no roots":            {"tls-server-name: kubernetes", "token: plain-token", "", "unknown authority"},
		"no certificate":      {"certificate-authority: token, tls-server-name: kubernetes", "token: plain-token", "", "no certificate in them"},
		"a missing file":      {"certificate-authority: nowhere", "token: plain-token", "", "no such file"},
		"another's key":       {roots, "client-certificate: ca.crt, client-key: c.key", "", "do not fit"},
		"no check":            {"insecure-skip-tls-verify: true", "token: plain-token", "", "allow_insecure"},
		"a program that ends": {roots, plugin("fails"), "", "exit status 1"},
		"a large answer":      {roots, plugin("large"), "", "more than"},
		"no JSON":             {roots, plugin("token: exec-token"), "", "no ExecCredential"},
		"another version":     {roots, plugin(strings.Replace(good, "k8s.io/v1", "k8s.io/v1beta1", 1)), "", "was asked for"},
		"no token in it":      {roots, plugin(`{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential"}`), "", "neither a token"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := who(t, map[string]string{"kubeconfig": config(c.cluster, c.user)}, "", "")
			if c.fails == "" && (err != nil || got != c.want) {
				t.Errorf("%q, %v: want %q", got, err, c.want)
			}
			if c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails) || integrations.OutcomeOf(err) != integrations.NotSent || strings.Contains(err.Error(), "-token\"")) {
				t.Errorf("%v: want %q, and nothing sent", err, c.fails)
			}
		})
	}
	got, err := who(t, map[string]string{"kubeconfig": config("insecure-skip-tls-verify: true", "token: plain-token"), "allow_insecure": "true"}, "", "")
	if err != nil || got != "Bearer plain-token" {
		t.Errorf("without a check, as it was asked for: %q, %v", got, err)
	}
	got, err = who(t, map[string]string{"kubeconfig": config(roots, "token: plain-token")}, "", "own-token")
	if err != nil || got != "Bearer own-token" {
		t.Errorf("the connection's own token: %q, %v", got, err)
	}
}

// TestWithoutKubeconfig: a base URL with a token and roots, and nothing at all.
func TestWithoutKubeconfig(t *testing.T) {
	a := newAuthority(t)
	url := server(t, a, "localhost")
	url = strings.Replace(url, "127.0.0.1", "localhost", 1)
	ca := filepath.Join(t.TempDir(), "ca.crt")
	must(t, os.WriteFile(ca, a.pem(), 0o600))
	if got, err := who(t, map[string]string{"ca": ca}, url, "own-token"); err != nil || got != "Bearer own-token" {
		t.Errorf("%q, %v", got, err)
	}
	for name, c := range map[string]struct {
		settings map[string]string
		base     string
	}{
		"nothing": {nil, ""}, "a folder": {map[string]string{"kubeconfig": t.TempDir()}, ""}, "no file": {map[string]string{"kubeconfig": "/nowhere"}, ""},
		"no pod": {map[string]string{"in_cluster": "true"}, ""}, "in the open": {nil, "http://10.0.0.1"},
	} {
		if _, err := who(t, c.settings, c.base, "own-token"); err == nil || integrations.OutcomeOf(err) != integrations.NotSent {
			t.Errorf("%s: %v", name, err)
		}
	}
}
