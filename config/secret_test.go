package config_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"firebreak/config"
)

const canary = `c4n4ry/s+cr&t="<x>`

func TestSecretPrintsNowhere(t *testing.T) {
	s := config.NewSecret(canary)
	type holder struct {
		Shown  config.Secret
		hidden config.Secret
		list   []config.Secret
	}
	h := holder{s, s, []config.Secret{s}}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p"} {
		fmt.Fprintf(&out, verb+"\n"+verb+"\n"+verb+"\n", s, &s, h)
	}
	fmt.Fprintln(&out, fmt.Errorf("send %v: %w", s, errors.New("refused")))
	b, err := json.Marshal(map[string]any{"a": s, "b": h, "c": &s})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(b)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "secret", s, "holder", h)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "secret", s, "holder", h)
	if leaked := forms(out.String(), canary); leaked != "" {
		t.Errorf("%s\nthe secret is there as %s", out.String(), leaked)
	}
	if !strings.Contains(out.String(), "***") || s.Reveal() != canary || (config.Secret{}).Reveal() != "" {
		t.Error("the secret is lost")
	}
}

// forms names the first encoding of value that text holds.
func forms(text, value string) string {
	asJSON, _ := json.Marshal(value)
	for name, f := range map[string]string{
		"text":  value,
		"json":  string(asJSON[1 : len(asJSON)-1]),
		"query": url.QueryEscape(value), "path": url.PathEscape(value),
		"query in lower case": strings.ReplaceAll(url.QueryEscape(value), "%2F", "%2f"),
		"hex":                 hex.EncodeToString([]byte(value)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(value))),
		"base64":     base64.StdEncoding.EncodeToString([]byte(value)),
		"base64 raw": base64.RawStdEncoding.EncodeToString([]byte(value)),
		"base64 url": base64.URLEncoding.EncodeToString([]byte(value)),
	} {
		if strings.Contains(text, f) {
			return name
		}
	}
	return ""
}

func env(t *testing.T) config.Env {
	t.Helper()
	home := t.TempDir()
	vars := map[string]string{"TOKEN": canary, "EMPTY": "", "HOME": home}
	return config.Env{
		Lookup: func(k string) (string, bool) { v, ok := vars[k]; return v, ok },
		Open:   config.OpenFile,
		Exec:   config.Run,
	}
}

func TestResolve(t *testing.T) {
	e := env(t)
	home, _ := e.Lookup("HOME")
	write := func(name, text string, mode fs.FileMode) string {
		path := filepath.Join(home, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good", canary+"\n", 0o600)
	write("home", canary+"\r\n", 0o400)
	open := write("open", canary, 0o640)
	large := write("large", strings.Repeat("x", 65<<10), 0o600)
	script := write("helper", "#!/bin/sh\necho \"cannot, my secret is $1\" >&2\nprintf '%s\\n' \"$1\"\nexit 3\n", 0o700)

	for _, c := range []struct{ name, ref, want string }{
		{"variable", "env:TOKEN", ""},
		{"unset variable", "env:NOPE", "resolve secret env:NOPE: the variable is not set"},
		{"empty variable", "env:EMPTY", "resolve secret env:EMPTY: it is empty"},
		{"file", "file:" + good, ""},
		{"file below home", "file:~/home", ""},
		{"open file", "file:" + open, "others may read or write it (mode 0640); run: chmod 600 " + open},
		{"large file", "file:" + large, "larger than 64 KiB"},
		{"folder", "file:" + home, "not a regular file"},
		{"no file", "file:/no/such/file", "no such file"},
		{"program", `exec:["printf","%s\n",` + quote(t, canary) + `]`, ""},
		{"shell text is one argument", `exec:["printf","%s",` + quote(t, canary) + `,";","touch /tmp/x"]`, "-"},
		{"failing program", `exec:["` + script + `",` + quote(t, canary) + `]`, "exit status 3: cannot, my secret is ***"},
		{"endless program", `exec:["yes"]`, "printed more than 64 KiB"},
		{"no program", `exec:["/no/such/program"]`, "resolve secret exec:/no/such/program: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			ref, err := config.ParseReference(c.ref)
			if err != nil {
				t.Fatal(err)
			}
			s, err := e.Resolve(t.Context(), ref)
			switch c.want {
			case "":
				if err != nil || s.Reveal() != canary {
					t.Errorf("got %q, %v", s.Reveal(), err)
				}
			case "-":
				if err != nil || s.Reveal() != canary+";touch /tmp/x" {
					t.Errorf("got %q, %v", s.Reveal(), err)
				}
			default:
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %s", err, c.want)
				}
				if err != nil && forms(err.Error(), canary) != "" {
					t.Errorf("the error holds the secret: %v", err)
				}
			}
		})
	}
}

func TestProgramThatNeverAnswersIsEnded(t *testing.T) {
	e := env(t)
	ref, err := config.Exec("sh", "-c", "sleep 600 & wait")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	run := e.Exec
	e.Exec = func(ctx context.Context, argv []string, stdin []byte) ([]byte, []byte, error) {
		cancel() // as if the time were up
		return run(ctx, argv, stdin)
	}
	if _, err := e.Resolve(ctx, ref); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestFakeFileSystem(t *testing.T) {
	files := fstest.MapFS{"k": {Data: []byte("v4lue"), Mode: 0o600}}
	e := config.Env{
		Lookup: func(string) (string, bool) { return "", false },
		Open:   func(path string) (fs.File, error) { return files.Open(strings.TrimPrefix(path, "/")) },
	}
	ref, err := config.ParseReference("file:/k")
	if err != nil {
		t.Fatal(err)
	}
	if s, err := e.Resolve(t.Context(), ref); err != nil || s.Reveal() != "v4lue" {
		t.Errorf("%v, %v", s.Reveal(), err)
	}
	home, err := config.ParseReference("file:~/k")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Resolve(t.Context(), home); err == nil || !strings.Contains(err.Error(), "HOME is not set") {
		t.Errorf("got %v", err)
	}
	if _, err := e.Resolve(t.Context(), config.Reference{}); err == nil {
		t.Error("the zero reference resolved")
	}
}

func quote(t *testing.T, s string) string {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
