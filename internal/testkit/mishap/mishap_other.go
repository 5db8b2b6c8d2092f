//go:build !(linux && (amd64 || arm64))

package mishap

import (
	"os/exec"
	"testing"
)

// Main does nothing here.
func Main() {}

// Watch is a process under a plan.
type Watch struct{}

// Start skips the test.
func Start(t testing.TB, _ *exec.Cmd, _ Plan) *Watch {
	t.Helper()
	t.Skip("faults of the kernel are made on Linux only")
	return nil
}

// End tells nothing.
func (*Watch) End(testing.TB) (seen []string, hit bool) { return nil, false }
