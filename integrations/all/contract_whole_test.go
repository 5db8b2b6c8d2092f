package all

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"firebreak/integrations"
	"firebreak/integrations/conform"
	"firebreak/integrations/drill"
	"firebreak/internal/testkit"
)

// gitHubDescriptions is GitHub's own package of the whole descriptions.
const gitHubDescriptions = "@octokit/openapi@23.0.2"

// editions are the descriptions and the editions that they are of.
var editions = []struct{ file, edition string }{
	{"api.github.com.json", "dotcom"},
	{"ghec.json", "ghec"},
	{"ghes-3.17.json", "ghes"},
	{"ghes-3.18.json", "ghes"},
	{"ghes-3.19.json", "ghes"},
}

// whole fetches the descriptions into a folder, and returns it.
func whole(t *testing.T) string {
	t.Helper()
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Skip("npm is not here: GitHub's whole descriptions cannot be fetched")
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), npm, "pack", "--silent", "--pack-destination", dir, gitHubDescriptions)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("npm cannot fetch %s: %v: %s", gitHubDescriptions, err, out)
	}
	packed, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(packed) != 1 {
		t.Fatalf("npm pack left %v, %v", packed, err)
	}
	f, err := os.Open(packed[0])
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, f)
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for in := tar.NewReader(z); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		if err != nil {
			t.Fatal(err)
		}
		name := path.Base(h.Name)
		if !slices.ContainsFunc(editions, func(e struct{ file, edition string }) bool { return e.file == name }) {
			continue
		}
		b, err := io.ReadAll(io.LimitReader(in, 64<<20))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// parse reads a description.
func parse(t *testing.T, file string) *spec {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(b)
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = openapi3.Servers{{URL: "/"}}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &spec{router: router, seen: map[string]int{}, alien: map[string]string{}}
}

// behindGitHub opens a drill's world whose GitHub stands behind the validator.
func behindGitHub(t *testing.T, s *spec) conform.World {
	t.Helper()
	d, w := open(t)
	server := httptest.NewServer(s.before(d.GitHub()))
	t.Cleanup(server.Close)
	cs := d.Connections()
	i := slices.IndexFunc(cs, func(c integrations.Connection) bool { return c.Name == "github" })
	cs[i].Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, network, server.Listener.Addr().String())
	}
	var err error
	if w.Registry, err = integrations.NewRegistry(Systems(), cs); err != nil {
		t.Fatal(err)
	}
	return w
}

// TestWholeDescriptions holds every request of every GitHub action against the
// descriptions of the editions that it says it is in; and where it says that it
// is not in one, that one must lack what it sends.
func TestWholeDescriptions(t *testing.T) {
	if !testkit.Soak() {
		t.Skip("fetches 29 MB and takes minutes: set FIREBREAK_SOAK=1")
	}
	dir := whole(t)
	for _, e := range editions {
		t.Run(e.file, func(t *testing.T) {
			s := parse(t, filepath.Join(dir, e.file))
			judge(t, s, gitHubControls(e.edition))
			actions, requests := 0, 0
			for _, c := range cases() {
				if c.Connection != "github" {
					continue
				}
				_, w := open(t)
				available := conform.Lookup(t, w, c.Action, c.Connection).Describe().Available
				if len(available) > 0 && !slices.Contains(available, e.edition) {
					s.lacks(t, c)
					continue
				}
				actions++
				t.Run(c.Action, func(t *testing.T) {
					conform.Cycle(t, func(t *testing.T) conform.World { return behindGitHub(t, s) }, c)
				})
			}
			for _, wrong := range s.wrong {
				t.Error(wrong)
			}
			for request, why := range s.alien {
				if request != "POST /graphql" { // a schema of its own describes it
					t.Errorf("%s: %s", request, why)
				}
			}
			for _, n := range s.seen {
				requests += n
			}
			t.Logf("%s: %d actions, %d requests over %d operations, %d wrong", e.file, actions, requests, len(s.seen), len(s.wrong))
		})
	}
}

// lacks checks that a description does not have what an action sends.
func (s *spec) lacks(t *testing.T, c conform.Case) {
	t.Helper()
	_, w := open(t)
	params := map[string]any{}
	for k, v := range c.Params {
		params[k] = v
	}
	if c.Setup != nil {
		c.Setup(t, w, params)
	}
	a := conform.Lookup(t, w, c.Action, c.Connection)
	call := integrations.Call{Action: c.Action, Connection: c.Connection, Params: params, Key: "k", Incident: "2026-0007"}
	prior, err := a.Prior(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	p, err := a.Plan(t.Context(), call, prior)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range p.Requests {
		if _, _, err := s.router.FindRoute(httptest.NewRequest(r.Method, r.URL, nil)); err == nil {
			t.Errorf("%s says that it is not there, and the description has %s %s", c.Action, r.Method, r.URL)
		}
	}
}

// TestWholeExamples lets the vendor's own examples answer each GitHub action:
// they must be understood. The examples are of other things than were asked
// for, so that no verdict is looked at.
func TestWholeExamples(t *testing.T) {
	if !testkit.Soak() {
		t.Skip("fetches 29 MB and takes a minute: set FIREBREAK_SOAK=1")
	}
	s := parse(t, filepath.Join(whole(t), "api.github.com.json"))
	d, err := drill.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, d)
	server := httptest.NewServer(s.example(d.GitHub()))
	defer server.Close()
	r, err := integrations.NewRegistry(Systems(), []integrations.Connection{{
		Name: "c", Kind: "github", BaseURL: server.URL, Now: time.Now, Drill: true,
		Secret: func(context.Context, string) (string, error) { return "some-secret", nil },
		Reveal: func(context.Context, string) (string, error) { return "ghp_0123456789abcdef", nil },
	}})
	if err != nil {
		t.Fatal(err)
	}
	understood := 0
	for _, c := range cases() {
		if c.Connection != "github" {
			continue
		}
		params := map[string]any{}
		for k, v := range c.Params {
			params[k] = v
		}
		if params["repo"] != nil {
			params["repo"] = "octocat/Hello-World" // as the example of a repository is called
		}
		if c.Setup != nil && params["number"] == nil && c.Action == "github.issue.update" {
			params["number"] = 1347
		}
		a, _, err := r.Lookup(c.Action, "c")
		if err != nil {
			t.Fatal(err)
		}
		call := integrations.Call{Action: c.Action, Connection: "c", Params: params, Key: "k", Incident: "2026-0007"}
		prior, err := a.Prior(t.Context(), call)
		if err == nil {
			_, err = a.Do(t.Context(), call, integrations.Plan{Call: call, Prior: prior})
		}
		switch {
		case err == nil:
			understood++
		case integrations.OutcomeOf(err) != integrations.Rejected: // a refusal of ours, such as of an issue that is not ours, was understood
			t.Errorf("%s: %v", c.Action, err)
		default:
			t.Logf("%s: %v", c.Action, err)
		}
	}
	t.Logf("%d actions did their work on the vendor's examples, over %d operations", understood, len(s.seen))
}
