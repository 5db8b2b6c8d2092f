package testkit_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"firebreak/internal/testkit"
)

// TestOtherSystems builds the packages for the systems that nobody here
// runs. Those that need a C compiler for SQLite are left out.
func TestOtherSystems(t *testing.T) {
	if !testkit.Soak() {
		t.Skip("set FIREBREAK_SOAK to build for other systems")
	}
	for _, system := range []string{"darwin", "windows"} {
		env := append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
		list := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Deps " "}}`, "firebreak/...")
		list.Env = env
		out, err := list.Output()
		if err != nil {
			t.Fatal(err)
		}
		args := []string{"build"}
		for line := range strings.Lines(string(out)) {
			if f := strings.Fields(line); !slices.Contains(f, "github.com/mattn/go-sqlite3") {
				args = append(args, f[0])
			}
		}
		build := exec.Command("go", args...)
		build.Env = env
		if out, err := build.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", system, err, out)
		}
		if len(args) < 15 {
			t.Errorf("%s: only %v", system, args)
		}
	}
}
