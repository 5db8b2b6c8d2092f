package config_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"firebreak/config"
)

const full = `
name: Ada Okafor
zone: Europe/Vienna
connections:
  github:
    kind: github
    base_url: https://github.example.org/api/v3/
    settings: {owner: acme, retries: 3}
    secrets:
      token: env:GITHUB_TOKEN
      key: file:~/key
      pass: {exec: [pass, show, "a b"]}
      op: 'exec:["op","read","op://x/y z"]'
      plain: exec:gh auth token
protected: [10.0.0.0/8, db-1]
collect: {folders: [/srv/app]}
playbooks: [~/playbooks]
`

func TestParse(t *testing.T) {
	c, err := config.Parse("config.yaml", []byte(full))
	if err != nil {
		t.Fatal(err)
	}
	gh := c.Connections["github"]
	got := map[string]string{}
	for k, r := range gh.Secrets {
		got[k] = r.String()
	}
	want := map[string]string{
		"token": "env:GITHUB_TOKEN",
		"key":   "file:~/key",
		"pass":  `exec:["pass","show","a b"]`,
		"op":    `exec:["op","read","op://x/y z"]`,
		"plain": `exec:["gh","auth","token"]`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("secrets %v, want %v", got, want)
	}
	for k, r := range gh.Secrets {
		if back, err := config.ParseReference(r.String()); err != nil || !reflect.DeepEqual(back, r) {
			t.Errorf("%s: %s does not read back: %v", k, r, err)
		}
	}
	gh.Secrets = nil
	c.Connections["github"] = gh
	wanted := config.Config{
		Name: "Ada Okafor", Zone: "Europe/Vienna",
		Connections: map[string]config.Connection{"github": {
			Kind: "github", BaseURL: "https://github.example.org/api/v3/",
			Settings: map[string]string{"owner": "acme", "retries": "3"},
		}},
		Protected: []string{"10.0.0.0/8", "db-1"},
		Collect:   config.Collect{Folders: []string{"/srv/app"}},
		Playbooks: []string{"~/playbooks"},
	}
	if !reflect.DeepEqual(c, wanted) {
		t.Errorf("got  %+v\nwant %+v", c, wanted)
	}
	l, err := c.Location()
	if err != nil || l.String() != "Europe/Vienna" {
		t.Errorf("location %v, %v", l, err)
	}
}

func TestProblems(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"unknown key", "nam: x\n", `c.yaml:1:1: the configuration has no key "nam" (did you mean name?)`},
		{"far key", "zzzzzzzz: x\n", "known here: " + strings.Join(settings(), ", ")},
		{"deep key", "connections:\n  gh:\n    kind: github\n    base-url: x\n", `c.yaml:4:5: connections.gh has no key "base-url" (did you mean base_url?)`},
		{"twice", "name: a\nname: b\n", `c.yaml:2:1: the configuration: "name" is there twice`},
		{"no kind", "connections: {gh: {settings: {a: b}}}", "connections.gh has no kind"},
		{"bad zone", "zone: Mars/Base\n", `c.yaml:1:7: zone "Mars/Base" is not known`},
		{"bad url", "connections: {a: {kind: b, base_url: example.org}}", "is not a URL of a server"},
		{"url with password", "connections: {a: {kind: b, base_url: 'https://u:p@example.org'}}", "carries a user or password"},
		{"secret as setting", "connections: {a: {kind: b, settings: {routing_key: abc}}}", "looks like a secret (put a reference under secrets: instead, as in routing_key: env:NAME)"},
		{"secret by shape", "connections: {a: {kind: b, settings: {x: ghp_0123456789abcdef0123}}}", "looks like a secret"},
		{"bare secret", "connections:\n  a:\n    kind: b\n    secrets:\n      token: hunter2hunter2\n", "c.yaml:5:14: connections.a.secrets.token: not a reference (write env:NAME"},
		{"secret list", "connections: {a: {kind: b, secrets: {t: [op, read]}}}", "not a reference"},
		{"shell", "connections: {a: {kind: b, secrets: {t: 'exec:cat x | head'}}}", "no shell is used; write a list"},
		{"env shape", "connections: {a: {kind: b, secrets: {t: 'env:A B'}}}", "wants the name of a variable"},
		{"relative age file", "connections: {a: {kind: b, secrets: {t: 'age:x#y'}}}", "wants a path that begins with / or ~/"},
		{"age member", "connections: {a: {kind: b, secrets: {t: 'age:/x#'}}}", "wants the name of a member behind #"},
		{"keyring", "connections: {a: {kind: b, secrets: {t: 'keyring:github'}}}", "wants service/user"},
		{"relative file", "connections: {a: {kind: b, secrets: {t: 'file:x'}}}", "wants a path that begins with / or ~/"},
		{"cidr", "protected: [10.0.0.0/40]", `"10.0.0.0/40" is not a CIDR`},
		{"protected words", "protected: ['a b']", "is none of those"},
		{"list", "playbooks: x", "c.yaml:1:12: playbooks: want a list"},
		{"text", "name: [x]", "name: want text"},
		{"tag", "name: !!binary aGk=", "name: want text"},
		{"anchor", "name: &a x", "anchors and aliases are not used here"},
		{"alias", "name: &a x\nzone: *a\n", "anchors and aliases"},
		{"merge", "<<: {name: x}\n", "a key must be a plain word"},
		{"not a mapping", "- a\n- b\n", "c.yaml:1:1: the configuration: want keys with values"},
		{"two documents", "name: a\n---\nname: b\n", "more than one document"},
		{"not yaml", "name: [a\n", "c.yaml:"},
		{"bad name", "connections: {'a b': {kind: x}}", `"a b" is not a name`},
		{"large", "#" + strings.Repeat("x", 1<<20), "larger than 1 MiB"},
		{"deep", strings.Repeat("[", 100_000), "not YAML"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := config.Parse("c.yaml", []byte(c.src))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error repeats the secret: %v", err)
			}
		})
	}
}

func TestAllProblemsAtOnceInOrder(t *testing.T) {
	_, err := config.Parse("c.yaml", []byte("zone: Nowhere\nnam: x\nplaybooks: 1\n"))
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[0], "c.yaml:1:") || !strings.HasPrefix(lines[2], "c.yaml:3:") {
		t.Errorf("got %q", lines)
	}
}

// TestJSON: the configuration as JSON is a configuration file that says the same.
func TestJSON(t *testing.T) {
	for _, src := range []string{full, "", "collect: {folders: [/srv]}", "connections: {host: {kind: linux}}"} {
		c, err := config.Parse("config.yaml", []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := config.Parse("again", b); err != nil || !reflect.DeepEqual(back, c) {
			t.Errorf("%s: read back as %+v: %v", b, back, err)
		}
	}
}

func TestDefaultFile(t *testing.T) {
	c, err := config.Parse("default", []byte(config.Default))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(c, config.Config{}) {
		t.Errorf("the default file sets something: %+v", c)
	}
	// And every example in it is right once its comment sign is taken away.
	example := regexp.MustCompile(`(?m)^# ?(  .*|(?:`+strings.Join(settings(), "|")+`):(?: .*)?)$`).ReplaceAllString(config.Default, "$1")
	example = regexp.MustCompile(`(?m)^   ?(env:|file:|exec:|age:|keyring:).*$`).ReplaceAllString(example, "")
	c, err = config.Parse("example", []byte(example))
	if err != nil {
		t.Fatalf("%v\n%s", err, example)
	}
	for v, i := reflect.ValueOf(c), 0; i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("the file has no example of %s", v.Type().Field(i).Name)
		}
	}
}

// settings are the keys of the configuration, sorted.
func settings() []string {
	var out []string
	for t, i := reflect.TypeFor[config.Config](), 0; i < t.NumField(); i++ {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.yaml")
	if c, err := config.Load(path); err != nil || !reflect.DeepEqual(c, config.Config{}) {
		t.Errorf("a missing file: %+v, %v", c, err)
	}
	if err := os.WriteFile(path, []byte(full), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := config.Load(path); err != nil || c.Name != "Ada Okafor" {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := config.Load(dir); err == nil {
		t.Error("a folder was read")
	}
}

func TestFindPaths(t *testing.T) {
	for _, c := range []struct {
		name         string
		env          map[string]string
		home, config string
		fails        string
	}{
		{"home", map[string]string{"HOME": "/h"}, "/h/.local/share/firebreak", "/h/.config/firebreak/config.yaml", ""},
		{"xdg", map[string]string{"HOME": "/h", "XDG_DATA_HOME": "/d", "XDG_CONFIG_HOME": "/c"}, "/d/firebreak", "/c/firebreak/config.yaml", ""},
		{"relative xdg is ignored", map[string]string{"HOME": "/h", "XDG_DATA_HOME": "d", "XDG_CONFIG_HOME": "c"}, "/h/.local/share/firebreak", "/h/.config/firebreak/config.yaml", ""},
		{"own", map[string]string{"HOME": "/h", "FIREBREAK_HOME": "/f", "XDG_DATA_HOME": "/d"}, "/f", "/h/.config/firebreak/config.yaml", ""},
		{"own alone", map[string]string{"FIREBREAK_HOME": "/f"}, "/f", "/f/config.yaml", ""},
		{"nothing", nil, "", "", "set FIREBREAK_HOME"},
		{"data only", map[string]string{"XDG_DATA_HOME": "/d"}, "", "", "set XDG_CONFIG_HOME"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := config.FindPaths(func(k string) string { return c.env[k] })
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("error %v, want %q", err, c.fails)
				}
				return
			}
			if err != nil || p.Home != c.home || p.Config != c.config {
				t.Errorf("got %+v, %v", p, err)
			}
		})
	}
}

func TestProtects(t *testing.T) {
	c := config.Config{Protected: []string{"10.0.0.0/8", "203.0.113.9", "db-1", "*.corp.example.org", "fd00::/8"}}
	for target, want := range map[string]string{
		"10.1.2.3":               "10.0.0.0/8",
		"10.1.2.3:22":            "10.0.0.0/8",
		"::ffff:10.1.2.3":        "10.0.0.0/8",
		"203.0.113.9":            "203.0.113.9",
		"203.0.113.0/24":         "203.0.113.9",
		"0.0.0.0/0":              "10.0.0.0/8",
		"203.0.113.10":           "",
		"[fd00::1]:443":          "fd00::/8",
		"DB-1":                   "db-1",
		"db-1.":                  "db-1",
		"db-1:5432":              "db-1",
		"db-10":                  "",
		"jump.corp.example.org":  "*.corp.example.org",
		"evilcorp.example.org":   "",
		"acme/widgets":           "",
		"11.0.0.0/8":             "",
		"jump.CORP.example.org.": "*.corp.example.org",
	} {
		if got, ok := c.Protects(target); got != want || ok != (want != "") {
			t.Errorf("Protects(%q) = %q, %v, want %q", target, got, ok, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte(config.Default))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("name: !!binary x\n? [a]: b"))
	f.Fuzz(func(t *testing.T, src []byte) {
		c, err := config.Parse("f", src)
		if err != nil && !reflect.DeepEqual(c, config.Config{}) {
			t.Errorf("a configuration came with the error %v", err)
		}
	})
}
