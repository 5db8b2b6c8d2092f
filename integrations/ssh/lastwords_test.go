package ssh

import (
	"strings"
	"testing"
)

// What a login shell says first does not hide what the program said last.
func TestLastWords(t *testing.T) {
	if got := lastWords(" short\n"); got != "short" {
		t.Errorf("%q", got)
	}
	got := lastWords(strings.Repeat("/usr/bin/env: 'bäsh': No such file\n", 50) + "sh: exec: Text file busy\n")
	if !strings.HasSuffix(got, "Text file busy") || len(got) > 310 || !strings.HasPrefix(got, "…") {
		t.Errorf("%q", got)
	}
}
