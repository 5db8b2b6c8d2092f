package kubernetes

import (
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"

	"go.yaml.in/yaml/v4"
)

// maxKubeconfig bounds the file, and maxEntries what it lists of a kind.
const (
	maxKubeconfig = 1 << 20
	maxEntries    = 1000
)

// access is how a context of a kubeconfig reaches its cluster, with paths that are
// whole.
type access struct {
	Context   string
	Server    string
	Namespace string
	Name      string // the server's, where it is another one than in its URL
	Insecure  bool   // its certificate is not checked
	CA        data
	Cert      data
	Key       data
	Token     data
	Exec      *plugin
}

// data is a value of a kubeconfig: in it, or in a file beside it.
type data struct {
	Value []byte
	File  string
}

func (d data) given() bool { return len(d.Value) > 0 || d.File != "" }

// plugin is a program that gets credentials (client.authentication.k8s.io).
type plugin struct {
	APIVersion string
	Argv       []string
	Env        []string
	Cluster    bool // it wants to know for which one
}

// kubeconfig is the file, as far as we read it.
type kubeconfig struct {
	Current  string `yaml:"current-context"`
	Contexts []struct {
		Name    string `yaml:"name"`
		Context struct {
			Cluster   string `yaml:"cluster"`
			User      string `yaml:"user"`
			Namespace string `yaml:"namespace"`
		} `yaml:"context"`
	} `yaml:"contexts"`
	Clusters []struct {
		Name    string        `yaml:"name"`
		Cluster clusterOfFile `yaml:"cluster"`
	} `yaml:"clusters"`
	Users []struct {
		Name string     `yaml:"name"`
		User userOfFile `yaml:"user"`
	} `yaml:"users"`
}

type clusterOfFile struct {
	Server   string `yaml:"server"`
	Name     string `yaml:"tls-server-name"`
	Insecure bool   `yaml:"insecure-skip-tls-verify"`
	CA       string `yaml:"certificate-authority"`
	CAData   string `yaml:"certificate-authority-data"`
	Proxy    string `yaml:"proxy-url"`
}

type userOfFile struct {
	Token     string     `yaml:"token"`
	TokenFile string     `yaml:"tokenFile"`
	Cert      string     `yaml:"client-certificate"`
	CertData  string     `yaml:"client-certificate-data"`
	Key       string     `yaml:"client-key"`
	KeyData   string     `yaml:"client-key-data"`
	User      string     `yaml:"username"`
	Password  string     `yaml:"password"`
	As        string     `yaml:"as"`
	AsGroups  []string   `yaml:"as-groups"`
	Provider  *yaml.Node `yaml:"auth-provider"`
	Exec      *execFile  `yaml:"exec"`
}

type execFile struct {
	APIVersion string   `yaml:"apiVersion"`
	Command    string   `yaml:"command"`
	Args       []string `yaml:"args"`
	Env        []struct {
		Name  string `yaml:"name"`
		Value string `yaml:"value"`
	} `yaml:"env"`
	Interactive string `yaml:"interactiveMode"`
	Cluster     bool   `yaml:"provideClusterInfo"`
}

// parseKubeconfig reads a kubeconfig file and returns what its context says; an
// empty context is the current one. Relative paths in it are from dir. Its errors
// show no value of it.
func parseKubeconfig(b []byte, context, dir string) (access, error) {
	var a access
	if len(b) > maxKubeconfig {
		return a, fmt.Errorf("read kubeconfig: it is larger than %d bytes", maxKubeconfig)
	}
	var f kubeconfig
	if err := yaml.Unmarshal(b, &f); err != nil {
		return a, errors.New("read kubeconfig: it is no YAML of that form") // the text of the error may hold a secret
	}
	if len(f.Contexts) > maxEntries || len(f.Clusters) > maxEntries || len(f.Users) > maxEntries {
		return a, fmt.Errorf("read kubeconfig: it lists more than %d of a kind", maxEntries)
	}
	if a.Context = context; context == "" {
		a.Context = f.Current
	}
	if a.Context == "" {
		return a, errors.New("read kubeconfig: it has no current context: name one in the connection's settings")
	}
	cluster, user, found := "", "", false
	for _, c := range f.Contexts {
		if c.Name == a.Context && !found {
			cluster, user, found = c.Context.Cluster, c.Context.User, true
			a.Namespace = c.Context.Namespace
		}
	}
	if !found {
		return a, fmt.Errorf("read kubeconfig: it has no context %.80q", a.Context)
	}
	found = false
	for _, c := range f.Clusters {
		if c.Name == cluster && !found {
			found = true
			if err := a.cluster(c.Cluster, dir); err != nil {
				return a, err
			}
		}
	}
	if !found {
		return a, fmt.Errorf("read kubeconfig: context %.80q: it has no cluster %.80q", a.Context, cluster)
	}
	for _, u := range f.Users {
		if u.Name == user {
			return a, a.user(u.User, dir)
		}
	}
	return a, fmt.Errorf("read kubeconfig: context %.80q: it has no user %.80q", a.Context, user)
}

func (a *access) cluster(c clusterOfFile, dir string) (err error) {
	switch {
	case c.Server == "":
		return errors.New("read kubeconfig: the cluster has no server")
	case c.Proxy != "":
		return errors.New("read kubeconfig: proxy-url: a proxy is not used")
	}
	a.Server, a.Name, a.Insecure = c.Server, c.Name, c.Insecure
	a.CA, err = value("certificate-authority-data", c.CAData, c.CA, dir)
	return err
}

func (a *access) user(u userOfFile, dir string) (err error) {
	switch {
	case u.Provider != nil:
		return errors.New("read kubeconfig: auth-provider: no version of Kubernetes has it any more; use exec")
	case u.User != "" || u.Password != "":
		return errors.New("read kubeconfig: username and password: no version of Kubernetes takes them any more")
	case u.As != "" || len(u.AsGroups) > 0:
		return errors.New("read kubeconfig: as: acting as somebody else is not done; give the responder an account of its own")
	}
	if a.Cert, err = value("client-certificate-data", u.CertData, u.Cert, dir); err != nil {
		return err
	}
	if a.Key, err = value("client-key-data", u.KeyData, u.Key, dir); err != nil {
		return err
	}
	if a.Cert.given() != a.Key.given() {
		return errors.New("read kubeconfig: a client certificate needs its key")
	}
	a.Token.Value = []byte(u.Token)
	if u.Token == "" && u.TokenFile != "" {
		a.Token.File = beside(dir, u.TokenFile)
	}
	if u.Exec == nil {
		return nil
	}
	a.Exec, err = u.Exec.read(dir)
	return err
}

func (e execFile) read(dir string) (*plugin, error) {
	p := &plugin{APIVersion: e.APIVersion, Argv: append([]string{e.Command}, e.Args...), Cluster: e.Cluster}
	switch {
	case e.Command == "":
		return nil, errors.New("read kubeconfig: exec has no command")
	case e.APIVersion != "client.authentication.k8s.io/v1" && e.APIVersion != "client.authentication.k8s.io/v1beta1":
		return nil, fmt.Errorf("read kubeconfig: exec: apiVersion %.80q is not known", e.APIVersion)
	case e.Interactive == "Always":
		return nil, errors.New("read kubeconfig: exec: it wants to ask a person, and there is nobody")
	case len(e.Args) > 100 || len(e.Env) > 100:
		return nil, errors.New("read kubeconfig: exec: more than 100 arguments")
	}
	if filepath.Base(e.Command) != e.Command {
		p.Argv[0] = beside(dir, e.Command)
	}
	for _, v := range e.Env {
		p.Env = append(p.Env, v.Name+"="+v.Value)
	}
	return p, nil
}

// value is what stands in the file itself, or in another one.
func value(what, text, file, dir string) (data, error) {
	if text != "" {
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(b) == 0 {
			return data{}, fmt.Errorf("read kubeconfig: %s: it is no base64", what)
		}
		return data{Value: b}, nil
	}
	if file == "" {
		return data{}, nil
	}
	return data{File: beside(dir, file)}, nil
}

func beside(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
