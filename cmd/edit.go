package cmd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"firebreak/config"
	"firebreak/internal/durable"
	"firebreak/response"
)

// maxTyped is how long a text that somebody writes may be.
const maxTyped = 64 << 10

// editorWait is how long an editor has to put its text down when it is told to end.
const editorWait = 5 * time.Second

// streams are those of the terminal that an editor gets.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// edit lets the person at the terminal change a text in their editor. The file
// lies in a folder of its own that nobody else may open, and goes with it.
func (p *program) edit(ctx context.Context, name, text string) (edited string, err error) {
	if !p.IsTerminal {
		return "", errFlag{errors.New("--edit wants a terminal; without one: --say TEXT")}
	}
	sc, err := p.scratch(name+".txt", text+"\n")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, sc.drop()) }()
	if err := p.inEditor(ctx, sc, streams{p.In, p.Out, p.Err}); err != nil {
		return "", err
	}
	b, err := sc.read(maxTyped)
	return strings.TrimRight(b, "\n"), err
}

// scratch is a file that an editor is open on.
type scratch struct {
	file string
	lock *os.File // held by the editor too, so that it is known whether one still runs
}

const (
	scratchFolder = "firebreak-edit-"
	scratchLock   = ".lock"
	scratchBefore = ".before" // what it is for, and the hash of what the file held
)

// scratchPlaces are where such a file may lie, the best first: what is in memory
// does not outlive the machine.
func (p *program) scratchPlaces() []string {
	var out []string
	if dir := p.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		out = append(out, dir)
	}
	if runtime.GOOS == "linux" {
		out = append(out, "/dev/shm")
	}
	if dir := p.Getenv("TMPDIR"); dir != "" {
		out = append(out, dir)
	}
	return append(out, os.TempDir())
}

// scratch makes the file in a folder of its own, for its owner's eyes only.
func (p *program) scratch(name, text string) (*scratch, error) {
	var dir string
	var err error
	for _, place := range p.scratchPlaces() {
		if dir, err = os.MkdirTemp(place, scratchFolder); err == nil {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("edit the text: %w", err)
	}
	sc := &scratch{file: filepath.Join(dir, name)}
	sc.lock, err = os.OpenFile(filepath.Join(dir, scratchLock), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		_, err = durable.Claim(sc.lock)
	}
	if err == nil {
		err = os.WriteFile(sc.file, []byte(text), 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("edit the text: %w", errors.Join(err, sc.drop()))
	}
	return sc, nil
}

// is notes what the file is for, so that what a killed process left can be told
// from what others left.
func (sc *scratch) is(purpose, text string) error {
	h := sha256.Sum256([]byte(text))
	return os.WriteFile(filepath.Join(filepath.Dir(sc.file), scratchBefore), []byte(purpose+"\n"+hex.EncodeToString(h[:])+"\n"), 0o600)
}

// drop takes the folder away with all that the editor left in it.
func (sc *scratch) drop() error {
	var err error
	if sc.lock != nil {
		err = sc.lock.Close()
	}
	return errors.Join(err, os.RemoveAll(filepath.Dir(sc.file)))
}

// read reads what the editor left.
func (sc *scratch) read(most int64) (string, error) {
	text, err := readSmall(sc.file, most)
	if err != nil {
		return "", fmt.Errorf("edit the text: %w", err)
	}
	return strings.ReplaceAll(text, "\r\n", "\n"), nil
}

// readSmall reads a file that must not be longer than that.
func readSmall(path string, most int64) (string, error) {
	f, err := config.OpenFile(path)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // read only
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", errors.Join(err, fmt.Errorf("%s is no file", path))
	}
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return "", err
	}
	if int64(len(b)) > most {
		return "", errFlag{fmt.Errorf("the text is longer than %d bytes", most)}
	}
	return string(b), nil
}

// editor is the person's own, and whether they said so.
func (p *program) editor() (argv []string, chosen bool) {
	for _, name := range []string{"VISUAL", "EDITOR"} { // as others do: a program and its arguments, no shell
		if argv = strings.Fields(p.Getenv(name)); len(argv) > 0 {
			return argv, true
		}
	}
	return []string{"vi"}, false
}

// inEditor waits until the person has left their editor. When ctx ends, the editor
// is told to end, so that it can put its text down.
func (p *program) inEditor(ctx context.Context, sc *scratch, s streams) error {
	argv, _ := p.editor()
	c := exec.CommandContext(ctx, argv[0], append(argv[1:], sc.file)...) //nolint:gosec // the person's own editor
	c.Stdin, c.Stdout, c.Stderr = s.in, s.out, s.err
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = editorWait
	if runtime.GOOS != "windows" { // which cannot hand on an open file
		c.ExtraFiles = []*os.File{sc.lock}
	}
	if err := c.Run(); err != nil {
		return &response.Error{Code: response.CodeRefused, Hint: "VISUAL or EDITOR names the editor", Err: fmt.Errorf("edit the text with %s: %w", argv[0], err)}
	}
	return nil
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
