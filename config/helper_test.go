package config_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/internal/redact"
)

// helper is a program that answers with that text, and notes what it was asked.
func helper(t *testing.T, says string) (ref config.Reference, asked func() []string) {
	t.Helper()
	dir := t.TempDir()
	path, log := filepath.Join(dir, "helper"), filepath.Join(dir, "asked")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nread -r line\nprintf '%s\\n' \"$line\" >> \"$1\"\ncat <<'END'\n"+says+"\nEND\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	ref, err := config.Exec(path, log)
	if err != nil {
		t.Fatal(err)
	}
	return ref, func() []string {
		b, err := os.ReadFile(log)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSpace(string(b)), "\n")
	}
}

func TestHelper(t *testing.T) {
	now := time.Date(2026, 11, 28, 3, 0, 0, 0, time.UTC)
	e := env(t)
	e.Now, e.Held, e.Sink = func() time.Time { return now }, &config.Held{}, &redact.Sink{}
	ref, asked := helper(t, `{"version":1,"values":{"token":"first-of-two","key":"second-of-two"},"expires_at":"2026-11-28T03:10:00Z"}`)
	for _, c := range []struct{ field, want string }{{"token", "first-of-two"}, {"key", "second-of-two"}, {"token", "first-of-two"}} {
		s, err := e.ResolveFor(t.Context(), ref, config.Need{Connection: "github", Field: c.field})
		if err != nil || s.Reveal() != c.want {
			t.Errorf("%s: %q, %v", c.field, s.Reveal(), err)
		}
	}
	if got := asked(); len(got) != 1 || got[0] != `{"version":1,"op":"get","connection":"github","fields":["token"]}` {
		t.Errorf("it was asked %q", got)
	}
	if got := e.Sink.Text("both second-of-two and first-of-two"); got != "both *** and ***" {
		t.Errorf("the sink lets through %q", got)
	}
	if _, err := e.ResolveFor(t.Context(), ref, config.Need{Connection: "other", Field: "token"}); err != nil || len(asked()) != 2 {
		t.Errorf("another connection: %v, asked %q", err, asked())
	}
	now = now.Add(10 * time.Minute)
	if _, err := e.ResolveFor(t.Context(), ref, config.Need{Connection: "github", Field: "token"}); err != nil || len(asked()) != 3 {
		t.Errorf("after it expired: %v, asked %q", err, asked())
	}
	if _, err := e.ResolveFor(t.Context(), ref, config.Need{Connection: "github", Field: "secret"}); err == nil || !strings.Contains(err.Error(), `the helper has no value for "secret"`) {
		t.Errorf("a field that it has not: %v", err)
	}
}

func TestHelperAnswers(t *testing.T) {
	for _, c := range []struct{ name, says, want, fails string }{
		{"without an end it is asked again", `{"version":1,"values":{"token":"kept-nowhere"}}`, "kept-nowhere", ""},
		{"a refusal", `{"version":1,"error":"the vault is sealed\u001b[2J"}`, "", `the vault is sealed\x1b[2J`},
		{"another version is the secret itself", `{"version":2,"values":{"token":"x"}}`, `{"version":2,"values":{"token":"x"}}`, ""},
		{"a JSON secret", `{"type":"service_account"}`, `{"type":"service_account"}`, ""},
		{"two answers", `{"version":1,"values":{"token":"a"}} {}`, `{"version":1,"values":{"token":"a"}} {}`, ""},
		{"an empty value", `{"version":1,"values":{"token":""}}`, "", "it is empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := env(t)
			e.Held = &config.Held{}
			ref, asked := helper(t, c.says)
			for range 2 {
				s, err := e.ResolveFor(t.Context(), ref, config.Need{Field: "token"})
				if c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)) {
					t.Errorf("got %v, want %s", err, c.fails)
				}
				if c.fails == "" && (err != nil || s.Reveal() != c.want) {
					t.Errorf("got %q, %v", s.Reveal(), err)
				}
			}
			if len(asked()) != 2 {
				t.Errorf("asked %d times", len(asked()))
			}
		})
	}
}

func TestAgeFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sealed.age")
	if err := os.WriteFile(path, []byte("sealed"), 0o644); err != nil {
		t.Fatal(err)
	}
	e := env(t)
	plain := ""
	e.Decrypt = func(_ context.Context, sealed []byte) ([]byte, error) {
		if string(sealed) != "sealed" {
			return nil, errors.New("other bytes")
		}
		return []byte(plain), nil
	}
	members, err := json.Marshal(map[string]any{"token": canary, "n": 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ ref, plain, want, fails string }{
		{"age:" + path, canary + "\n", canary, ""},
		{"age:" + path + "#token", string(members), canary, ""},
		{"age:" + path + "#n", string(members), "", "its member n is no text"},
		{"age:" + path + "#other", string(members), "", "it has no member other"},
		{"age:" + path + "#token", "token: " + canary, "", "is no JSON object"},
		{"age:" + path + "x", "", "", "no such file"},
	} {
		plain = c.plain
		ref, err := config.ParseReference(c.ref)
		if err != nil || ref.String() != c.ref {
			t.Fatalf("%s is read as %s, %v", c.ref, ref, err)
		}
		s, err := e.Resolve(t.Context(), ref)
		if c.fails == "" && (err != nil || s.Reveal() != c.want) {
			t.Errorf("%s: %q, %v", c.ref, s.Reveal(), err)
		}
		if c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails) || forms(err.Error(), canary) != "") {
			t.Errorf("%s: %v", c.ref, err)
		}
	}
}

func TestKeyringReference(t *testing.T) {
	e := env(t)
	ref, err := config.ParseReference("keyring:github.com/ada/work")
	if err != nil || ref.String() != "keyring:github.com/ada/work" || !ref.RunsProgram() {
		t.Fatalf("%s, %v", ref, err)
	}
	if _, err := e.Resolve(t.Context(), ref); err == nil || !strings.Contains(err.Error(), "there is no keyring here") {
		t.Errorf("without a keyring: %v", err)
	}
	e.Keyring = func(_ context.Context, service, user string) (string, error) {
		if service != "github.com" || user != "ada/work" {
			t.Errorf("asked for %s, %s", service, user)
		}
		return canary, nil
	}
	if s, err := e.Resolve(t.Context(), ref); err != nil || s.Reveal() != canary {
		t.Errorf("%q, %v", s.Reveal(), err)
	}
}

// TestFailingHelper: what it printed before it failed is in no error, nor what has
// the shape of a secret.
func TestFailingHelper(t *testing.T) {
	for name, script := range map[string]string{
		"half an answer":  `printf '{"version":1,"values":{"token":"half-of-\\"it"'; echo "cannot use half-of-\"it" >&2; exit 3`,
		"a line of two":   `printf 'other words\nhalf-of-it-all\n'; echo "cannot use half-of-it-all" >&2; exit 3`,
		"only complaints": `echo "cannot use ghp_0123456789abcdefghijABCDEFGHIJ012345" >&2; exit 3`,
	} {
		ref, err := config.Exec("/bin/sh", "-c", script)
		if err != nil {
			t.Fatal(err)
		}
		_, err = env(t).Resolve(t.Context(), ref)
		if err == nil || !strings.Contains(err.Error(), "exit status 3: cannot use ***") || strings.Contains(err.Error(), "half") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
