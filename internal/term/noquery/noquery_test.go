package noquery_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/creack/pty"

	_ "firebreak/internal/term/noquery"
)

var _ tea.Msg = tea.QuitMsg{} // the import is what counts

const child = "FIREBREAK_NOQUERY_CHILD"

// TestMain lets the test binary, which imports Bubble Tea as the product does,
// run again as a small program on a terminal that never answers.
func TestMain(m *testing.M) {
	if os.Getenv(child) != "" {
		fmt.Print("started")
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestSilentTerminalIsNotAsked(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"xterm-256color", "vt100", "linux"} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(self)
			cmd.Env = []string{child + "=1", "TERM=" + name, "PATH=" + os.Getenv("PATH")}
			began := time.Now()
			tty, err := pty.Start(cmd)
			if err != nil {
				t.Skipf("no pseudo-terminal here: %v", err)
			}
			defer func() { _ = tty.Close() }()
			var out bytes.Buffer
			if _, err := io.Copy(&out, tty); err != nil && !errors.Is(err, syscall.EIO) {
				t.Fatal(err) // EIO is how a pty says that the other side has ended
			}
			if err := cmd.Wait(); err != nil {
				t.Fatal(err)
			}
			t.Logf("started and ended in %s", time.Since(began).Round(time.Millisecond))
			if got := strings.TrimSpace(out.String()); got != "started" {
				t.Errorf("the terminal was sent %q, want only %q", got, "started")
			}
		})
	}
}
