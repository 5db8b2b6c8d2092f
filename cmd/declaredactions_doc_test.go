package cmd_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDeclaredActionsPage does all that docs/declared-actions.md says, in its
// order, and wants what the page says comes of it.
func TestDeclaredActionsPage(t *testing.T) {
	t.Parallel()
	page := readFile(t, "../docs/declared-actions.md")
	n := &newcomer{t: t, home: t.TempDir()}
	n.at = n.home
	n.env = plainEnv(n.home, filepath.Join(n.home, "workspace"))
	commands, files := 0, 0
	for _, m := range regexp.MustCompile("(?s)```([a-z]+)\n(.*?)```").FindAllStringSubmatch(page, -1) {
		switch m[1] {
		case "console":
			commands += n.session(m[2])
		case "yaml":
			files++
			if strings.HasPrefix(m[2], "  ") { // a piece of the configuration
				n.do("mkdir -p .config/firebreak", 0)
				if err := os.WriteFile(filepath.Join(n.home, ".config", "firebreak", "config.yaml"), []byte("connections:\n"+m[2]), 0o600); err != nil {
					t.Fatal(err)
				}
				continue
			}
			if err := os.WriteFile(filepath.Join(n.at, "waf.yaml"), []byte(m[2]), 0o600); err != nil {
				t.Fatal(err)
			}
		default:
			t.Errorf("nobody follows a block of %s", m[1])
		}
	}
	if commands < 6 || files != 2 {
		t.Errorf("followed %d commands and %d files", commands, files)
	}
}
