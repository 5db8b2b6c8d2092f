package config_test

import (
	"strings"
	"testing"

	"firebreak/config"
)

func TestProtectsByKind(t *testing.T) {
	c := config.Config{Protected: []string{"user:*-breakglass", "repo:acme/infra*", "id:4711", "address:192.0.2.0/24", "cidr:198.51.100.0/24", "db-*", "user:root", "deploy-key:prod", "org:acme"}}
	for _, x := range []struct {
		subject config.Subject
		want    string
	}{
		{config.Subject{Kind: "user", ID: "9", Name: "okta-breakglass"}, "user:*-breakglass"},
		{config.Subject{Kind: "repo", ID: "9", Name: "okta-breakglass"}, ""},
		{config.Subject{Kind: "repo", ID: "9", Name: "ACME/infra-live"}, "repo:acme/infra*"},
		{config.Subject{Kind: "repo", ID: "4711", Name: "acme/site"}, "id:4711"},
		{config.Subject{Kind: "user", ID: "root", Name: "Superuser"}, "user:root"},
		{config.Subject{Kind: "address", ID: "192.0.2.7", Name: "192.0.2.7"}, "address:192.0.2.0/24"},
		{config.Subject{Kind: "address", ID: "198.51.100.0/25"}, "cidr:198.51.100.0/24"},
		{config.Subject{Kind: "host", ID: "i-1", Name: "db-prod-3"}, "db-*"},
		{config.Subject{Kind: "deploy key", ID: "8", Name: "prod"}, "deploy-key:prod"},
		{config.Subject{Kind: "organization", ID: "8", Name: "acme"}, "org:acme"},
		{config.Subject{Kind: "member", ID: "root", Name: "x"}, "user:root"},
		{config.Subject{Kind: "user", ID: "47110", Name: "mallory"}, ""},
		{config.Subject{Name: "root"}, "user:root"}, // nobody says what it is: every rule looks at it
		{config.Subject{Name: "4711"}, "id:4711"},
		{config.Subject{}, ""},
	} {
		if got, ok := c.ProtectsSubject(x.subject); got != x.want || ok != (x.want != "") {
			t.Errorf("%+v: %q, %v: want %q", x.subject, got, ok, x.want)
		}
	}
}

func TestRulesThatProtectNothing(t *testing.T) {
	for src, want := range map[string]string{
		"protected: ['usr:ada']":             "did you mean user?",
		"protected: ['user:']":               "protects nothing",
		"protected: ['*']":                   "would protect everything",
		"protected: ['address:10.0.0.0/40']": "is not a CIDR",
		"limits: {step: 0}":                  "is no limit",
		"limits: {share: 5}":                 "is no share",
		"limits: {wide: yes}":                "none of approve, second, refuse",
		"two_persons: {severity: sev1}":      "is not known",
		"two_persons: {always: perhaps}":     "want true or false",
		"containment: {lasts: 5}":            "no time that a containment lasts",
		"containment: {lasts: 1s}":           "no time that a containment lasts",
	} {
		if _, err := config.Parse("c.yaml", []byte(src)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v: want %q", src, err, want)
		}
	}
	c, err := config.Parse("c.yaml", []byte("limits: {step: none, share: 25%}\ncontainment: {lasts: 0}\nprotected: ['user:ada', 'robot:x', 'db-1:5432', 'fd00::/8']"))
	if err != nil {
		t.Fatal(err)
	}
	if l := c.Limits.Resolved(); l.Step != config.NoLimit || l.Hour != 10 || l.Share != 25 || l.Wide != config.WideApprove || c.Containment.For() != 0 {
		t.Errorf("%s, %s", l, c.Containment.For())
	}
	if d := (config.Containment{}).For(); d != config.DefaultContainment {
		t.Errorf("without a word a containment lasts %s", d)
	}
}
