package redact_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"firebreak/internal/redact"
)

const secret = `p&ss/w0rd"+<tök en>`

// encoded are the ways in which a text may carry a secret.
func encoded(t *testing.T, s string) map[string]string {
	t.Helper()
	quoted, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"raw": s, "json": string(quoted), "query": "https://x.example/?t=" + url.QueryEscape(s), "path": "https://x.example/" + url.PathEscape(s),
		"lower": regexp.MustCompile(`%..`).ReplaceAllStringFunc(url.QueryEscape(s), strings.ToLower),
		"hex":   hex.EncodeToString([]byte(s)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(s))),
		"base64": base64.StdEncoding.EncodeToString([]byte(s)), "base64url": base64.RawURLEncoding.EncodeToString([]byte(s)),
		"basic": "Basic " + base64.StdEncoding.EncodeToString([]byte("ada:"+s)), "basic of two": "Basic " + base64.StdEncoding.EncodeToString([]byte("bo:"+s+"x")),
		"basic of one": "Basic " + base64.StdEncoding.EncodeToString([]byte("c:"+s+"yz")),
	}
}

func TestText(t *testing.T) {
	var sink redact.Sink
	sink.Learn(secret)
	for name, text := range encoded(t, secret) {
		got := redact.Text("before "+text+" after", secret)
		if !strings.Contains(got, redact.Hidden) || !strings.HasPrefix(got, "before ") || !strings.HasSuffix(got, " after") {
			t.Errorf("%s: %s stays %s", name, text, got)
		}
		if also := sink.Text("before " + text + " after"); also != got {
			t.Errorf("%s: the sink makes %s of it, not %s", name, also, got)
		}
		if !sink.Holds(text) {
			t.Errorf("%s: the sink does not see it", name)
		}
	}
	if got := redact.Text("the token is abc, of 12345", "abc", "12345"); got != "the token is abc, of 12345" {
		t.Errorf("too short a secret: %s", got)
	}
	if got := redact.Text("longer-secret-value and longer-secret", "longer-secret", "longer-secret-value"); got != "*** and ***" {
		t.Errorf("one in the other: %s", got)
	}
}

// TestCutOff: the other side says a secret so that the limit of what is read falls
// into it.
func TestCutOff(t *testing.T) {
	for name, text := range encoded(t, secret) {
		for n := len(text) - 1; n >= len(text)-len(secret)/2; n-- {
			if got := redact.Text("before "+text[:n], secret); !strings.Contains(got, redact.Hidden) {
				t.Errorf("%s: %q of it stays", name, got)
			}
		}
	}
	if got := redact.Text("it begins with longer-s", "longer-secret-value"); got != "it begins with longer-s" {
		t.Errorf("less than half of it: %s", got)
	}
}

func TestSink(t *testing.T) {
	var none *redact.Sink
	none.Learn("never-mind")
	if got := none.Text("never-mind"); got != "never-mind" || none.Holds("never-mind") {
		t.Errorf("no sink: %s", got)
	}
	var s redact.Sink
	s.Learn("monday")
	s.Learn("-----BEGIN KEY-----\nQUJDREVGR0hJSktM\n-----END KEY-----\n")
	got := s.Text("on monday: -----BEGIN KEY-----\r\nQUJDREVGR0hJSktM\r\n-----END KEY-----")
	if got != "on monday: -----BEGIN KEY-----\r\n***\r\n-----END KEY-----" {
		t.Error(got)
	}
}

func FuzzText(f *testing.F) {
	f.Add("a", "secret", "b")
	f.Add("%2", secret, "=")
	f.Fuzz(func(t *testing.T, before, secret, after string) {
		if len(secret) < redact.Shortest || strings.Contains(redact.Hidden, secret) {
			t.Skip("too short to be masked, or the mask itself")
		}
		if got := redact.Text(before+secret+after, secret); !strings.Contains(got, redact.Hidden) {
			t.Errorf("%q in %q was not found", secret, got)
		}
	})
}
