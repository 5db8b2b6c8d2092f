package kubernetes

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"firebreak/integrations"
)

// Where a pod finds its own service account.
const (
	podFolder = "/var/run/secrets/kubernetes.io/serviceaccount"
	podServer = "https://kubernetes.default.svc"
)

// credential is what a session speaks with.
type credential struct {
	base  *url.URL
	token string
	tls   *tls.Config
}

// fetch gets the credential at the moment of use.
func (k *cluster) fetch(ctx context.Context) (credential, error) {
	a, err := k.access()
	if err != nil {
		return credential{}, err
	}
	own := k.c
	own.BaseURL = a.Server
	var out credential
	if out.base, err = integrations.Base(own, ""); err != nil {
		return out, err
	}
	if a.Insecure && k.c.Settings["allow_insecure"] != "true" {
		return out, errors.New("the kubeconfig switches off the check of the server's certificate: name its roots, or say allow_insecure: true in the connection's settings")
	}
	if out.tls, err = a.roots(); err != nil {
		return out, err
	}
	if a.Exec != nil {
		if err := a.run(ctx, &a); err != nil {
			return out, err
		}
	}
	if err := a.keys(out.tls); err != nil {
		return out, err
	}
	token, err := a.Token.read("token")
	if err != nil {
		return out, err
	}
	out.token = strings.TrimSpace(string(token))
	if k.c.HasSecret("token") {
		if out.token, err = k.c.Secret(ctx, "token"); err != nil {
			return out, err
		}
	}
	if out.token == "" && len(out.tls.Certificates) == 0 {
		return out, errors.New("it has neither a token nor a client certificate")
	}
	return out, nil
}

// access is what the connection's settings lead to.
func (k *cluster) access() (access, error) {
	s := k.c.Settings
	switch {
	case s["in_cluster"] == "true":
		server := podServer
		if k.c.BaseURL != "" {
			server = k.c.BaseURL
		}
		return access{Server: server, CA: data{File: filepath.Join(podFolder, "ca.crt")}, Token: data{File: filepath.Join(podFolder, "token")}}, nil
	case s["kubeconfig"] != "":
		path := s["kubeconfig"]
		if rest, ok := strings.CutPrefix(path, "~/"); ok {
			home, err := os.UserHomeDir()
			if err != nil {
				return access{}, fmt.Errorf("find kubeconfig: %w", err)
			}
			path = filepath.Join(home, rest)
		}
		b, err := small(path, maxKubeconfig)
		if err != nil {
			return access{}, fmt.Errorf("read kubeconfig: %w", err)
		}
		return parseKubeconfig(b, s["context"], filepath.Dir(path))
	case k.c.BaseURL != "":
		return access{Server: k.c.BaseURL, CA: data{File: s["ca"]}}, nil
	}
	return access{}, errors.New("say kubeconfig, in_cluster, or base_url with a token")
}

// small reads a file that is not large, and does not wait for one that is no file.
func small(path string, most int64) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	f, err := os.Open(path) //nolint:gosec // the configuration names it
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if int64(len(b)) > most {
		return nil, fmt.Errorf("%s: larger than %d bytes", path, most)
	}
	return b, nil
}

func (d data) read(what string) ([]byte, error) {
	if d.File == "" {
		return d.Value, nil
	}
	b, err := small(d.File, maxKubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	return b, nil
}

// roots are what the server's certificate is checked with.
func (a access) roots() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: a.Name, InsecureSkipVerify: a.Insecure} //nolint:gosec // only where the configuration says so in so many words
	if !a.CA.given() {
		return c, nil
	}
	pem, err := a.CA.read("roots")
	if err != nil {
		return nil, err
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, errors.New("read roots: there is no certificate in them")
	}
	return c, nil
}

func (a access) keys(c *tls.Config) error {
	if !a.Cert.given() {
		return nil
	}
	cert, err := a.Cert.read("client certificate")
	if err != nil {
		return err
	}
	key, err := a.Key.read("client key")
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(cert, key)
	clear(key)
	if err != nil {
		return errors.New("read client certificate: it and its key do not fit") // the cause may show a part of them
	}
	c.Certificates = []tls.Certificate{pair}
	return nil
}

// execCredential is what such a program is told and what it says.
type execCredential struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Spec       struct {
		Interactive bool         `json:"interactive"`
		Cluster     *execCluster `json:"cluster,omitempty"`
	} `json:"spec"`
	Status *struct {
		Token string `json:"token"`
		Cert  string `json:"clientCertificateData"`
		Key   string `json:"clientKeyData"`
	} `json:"status,omitempty"`
}

type execCluster struct {
	Server   string `json:"server"`
	Name     string `json:"tls-server-name,omitempty"`
	Insecure bool   `json:"insecure-skip-tls-verify,omitempty"`
	CA       string `json:"certificate-authority-data,omitempty"`
}

// run has the program get the credential, and puts it into to. It runs by argv,
// with the environment of this process and what the file adds, for 30 seconds at
// most; nothing that it prints is shown.
func (a access) run(ctx context.Context, to *access) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	name := filepath.Base(a.Exec.Argv[0])
	want := execCredential{APIVersion: a.Exec.APIVersion, Kind: "ExecCredential"}
	if a.Exec.Cluster {
		want.Spec.Cluster = &execCluster{Server: a.Server, Name: a.Name, Insecure: a.Insecure}
		ca, err := a.CA.read("roots")
		if err != nil {
			return err
		}
		want.Spec.Cluster.CA = base64.StdEncoding.EncodeToString(ca)
	}
	info, err := json.Marshal(want)
	if err != nil {
		return fmt.Errorf("run %s: %w", name, err)
	}
	cmd := exec.CommandContext(ctx, a.Exec.Argv[0], a.Exec.Argv[1:]...) //nolint:gosec // the kubeconfig names it: that is its purpose
	cmd.Env = append(append(cmd.Environ(), a.Exec.Env...), "KUBERNETES_EXEC_INFO="+string(info))
	out := &head{}
	cmd.Stdout = out
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run %s: %w", name, err)
	}
	var got execCredential
	switch err := json.Unmarshal(out.Bytes(), &got); {
	case out.over:
		return fmt.Errorf("run %s: it prints more than %d bytes", name, maxPrinted)
	case err != nil:
		return fmt.Errorf("run %s: it prints no ExecCredential", name)
	case got.APIVersion != want.APIVersion || got.Kind != want.Kind:
		return fmt.Errorf("run %s: it prints %.60q %.60q, and %s was asked for", name, got.APIVersion, got.Kind, want.APIVersion)
	case got.Status == nil || got.Status.Token == "" && (got.Status.Cert == "" || got.Status.Key == ""):
		return fmt.Errorf("run %s: it gives neither a token nor a client certificate", name)
	}
	to.Token = data{Value: []byte(got.Status.Token)}
	if got.Status.Cert != "" {
		to.Cert, to.Key = data{Value: []byte(got.Status.Cert)}, data{Value: []byte(got.Status.Key)}
	}
	return nil
}

// maxPrinted bounds what such a program may print.
const maxPrinted = 256 << 10

// head keeps the beginning. The buffer is not embedded: its ReadFrom would go
// round the limit.
type head struct {
	kept bytes.Buffer
	over bool
}

func (h *head) Write(p []byte) (int, error) {
	room := maxPrinted - h.kept.Len()
	h.over = h.over || len(p) > room
	h.kept.Write(p[:min(len(p), room)])
	return len(p), nil
}

// Bytes is what was kept.
func (h *head) Bytes() []byte { return h.kept.Bytes() }
