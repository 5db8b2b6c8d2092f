//go:build !unix

package plugin

import (
	"bytes"
	"io"
	"os"
	"os/exec"
)

// A process gets no further descriptors here: the secrets are the second line of
// its standard input.
const (
	secretsPlace = "stdin"
	exeSuffix    = ".exe"
)

func openProgram(path string) (*os.File, error) { return os.Open(path) } //nolint:gosec // the connection names it

func hold(from io.Reader) (executable, error) { return inFolder(from) }

func prepare(cmd *exec.Cmd, _ executable, in []byte, secrets map[string]string) (func(), error) {
	if len(secrets) > 0 {
		line, err := secretsLine(secrets)
		if err != nil {
			return nil, err
		}
		in = append(in, line...)
	}
	cmd.Stdin = bytes.NewReader(in)
	return func() {}, nil
}

func start(cmd *exec.Cmd) error { return cmd.Start() }
