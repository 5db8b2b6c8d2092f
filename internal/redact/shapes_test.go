package redact_test

import (
	"strings"
	"testing"

	"firebreak/internal/redact"
)

func TestShaped(t *testing.T) {
	for _, s := range []string{
		"ghp_" + strings.Repeat("a1", 18), "github_pat_" + strings.Repeat("A_1", 20), "glpat-" + strings.Repeat("x", 20),
		"xoxb-123456789012-abcdefGHIJ", "AKIA" + strings.Repeat("Q", 16), "eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl",
		"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\ncut off",
		"https://hooks.slack.com/services/T0/B0/xyz", "AGE-SECRET-KEY-1" + strings.Repeat("Q", 58), "whsec_" + strings.Repeat("M", 32),
	} {
		if got := redact.Shaped("it says " + s); got != "it says ***" {
			t.Errorf("%s: %s", s, got)
		}
	}
	for _, s := range []string{"ghp_short", "AKIA is how they begin", "a xoxo", "-----BEGIN CERTIFICATE-----\nAAAA", "notghp_" + strings.Repeat("a", 36)} {
		if got := redact.Shaped(s); got != s {
			t.Errorf("%s: %s", s, got)
		}
	}
}
