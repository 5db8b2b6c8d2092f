package response

import (
	"os"
	"path/filepath"
	"testing"

	"firebreak/config"
)

// TestAPlaybookRunsNoProgramForASecret: who writes a playbook chooses the
// reference, so a reference to a program is refused in any spelling.
func TestAPlaybookRunsNoProgramForASecret(t *testing.T) {
	b := newBench(t, config.Config{})
	ran := filepath.Join(t.TempDir(), "ran")
	for _, reference := range []string{"exec:touch " + ran, " exec:touch " + ran, "EXEC:touch " + ran, "exec :touch " + ran, "\texec:touch " + ran, "exec:[\"touch\", \"" + ran + "\"]", "", "plain text"} {
		got, err := b.s.s.reveal(t.Context(), reference)
		b.want(CodeAuth, err)
		if got != "" {
			t.Errorf("%q gives %q", reference, got)
		}
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("the program ran")
	}
	t.Setenv("FIREBREAK_TEST_SECRET", "s3cret-value")
	if got, err := b.s.s.reveal(t.Context(), "env:FIREBREAK_TEST_SECRET"); err != nil || got != "s3cret-value" {
		t.Errorf("%q, %v", got, err)
	}
	_, err := b.s.s.reveal(t.Context(), "env:FIREBREAK_TEST_NO_SECRET")
	b.want(CodeAuth, err)
}
