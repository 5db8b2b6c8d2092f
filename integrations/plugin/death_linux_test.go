package plugin_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"firebreak/integrations"
	"firebreak/integrations/conform"
	"firebreak/integrations/plugin"
)

// TestDiesWithUs kills the process that runs a plugin in the middle of a do: the
// plugin must not go on when nobody is left who would record what it does.
func TestDiesWithUs(t *testing.T) {
	if program := os.Getenv("PLUGIN_TEST_PROGRAM"); program != "" {
		dieInTheMiddle(t, program)
		return
	}
	t.Parallel()
	pid := filepath.Join(t.TempDir(), "pid")
	program := write(t, describes+"echo $$ >'"+pid+".new'; mv '"+pid+".new' '"+pid+"'; exec sleep 300\n")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestDiesWithUs$")
	cmd.Env = append(os.Environ(), "PLUGIN_TEST_PROGRAM="+program)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for range 1000 {
		b, err := os.ReadFile(pid)
		if err == nil {
			if n, err = strconv.Atoi(strings.TrimSpace(string(b))); err != nil {
				t.Fatal(err)
			}
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if n == 0 {
		t.Fatal("the plugin never began")
	}
	for range 500 {
		if err := syscall.Kill(n, 0); errors.Is(err, syscall.ESRCH) || zombie(n) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the plugin goes on")
}

func dieInTheMiddle(t *testing.T, program string) {
	t.Helper()
	c, _ := connection(t, program)
	r, err := integrations.NewRegistry([]integrations.System{plugin.System()}, []integrations.Connection{c})
	if err != nil {
		t.Fatal(err)
	}
	a := conform.Lookup(t, conform.World{Registry: r}, "plugin.x.y", "list")
	_, err = a.Do(t.Context(), integrations.Call{Action: "plugin.x.y", Connection: "list", Key: "k"}, integrations.Plan{})
	t.Fatalf("it came back: %v", err)
}
