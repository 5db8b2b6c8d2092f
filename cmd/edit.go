package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/response"
)

// maxTyped is how long a text that somebody writes may be.
const maxTyped = 64 << 10

// edit lets the person at the terminal change a text in their editor. The file
// lies in a folder of its own that nobody else may open, and goes with it.
func (p *program) edit(ctx context.Context, name, text string) (edited string, err error) {
	if !p.IsTerminal {
		return "", errFlag{errors.New("--edit wants a terminal; without one: --say TEXT")}
	}
	argv := strings.Fields(p.Getenv("VISUAL")) // as others do: a program and its arguments, no shell
	if len(argv) == 0 {
		argv = strings.Fields(p.Getenv("EDITOR"))
	}
	if len(argv) == 0 {
		argv = []string{"vi"}
	}
	dir, err := os.MkdirTemp(p.Getenv("XDG_RUNTIME_DIR"), "firebreak-edit-")
	if err != nil {
		return "", fmt.Errorf("edit the text: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, name+".txt")
	if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("edit the text: %w", err)
	}
	c := exec.CommandContext(ctx, argv[0], append(argv[1:], file)...) //nolint:gosec // the person's own editor
	c.Stdin, c.Stdout, c.Stderr = p.In, p.Out, p.Err
	if err := c.Run(); err != nil {
		return "", &response.Error{Code: response.CodeRefused, Hint: "VISUAL or EDITOR names the editor", Err: fmt.Errorf("edit the text with %s: %w", argv[0], err)}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("edit the text: %w", err)
	}
	if len(b) > maxTyped {
		return "", errFlag{fmt.Errorf("the text has %d bytes: at most %d", len(b), maxTyped)}
	}
	return strings.TrimRight(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n"), nil
}

// typedText reads a text from the standard input.
func (p *program) typedText(c *cobra.Command, what string) (string, error) {
	b, err := io.ReadAll(io.LimitReader(response.Interruptible(c.Context(), p.In), maxTyped+1))
	if err != nil {
		return "", fmt.Errorf("read what to %s: %w", what, err)
	}
	if len(b) > maxTyped {
		return "", errFlag{fmt.Errorf("--%s: more than %d bytes", what, maxTyped)}
	}
	return strings.TrimRight(string(b), "\n"), nil
}
