//go:build unix && !linux

package plugin

import (
	"io"
	"os/exec"
)

func hold(from io.Reader) (executable, error) { return inFolder(from) }

// start starts the program. It is not ended when we are killed: its own time is
// what ends it then.
func start(cmd *exec.Cmd) error { return cmd.Start() }
