package cmd

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/internal/durable"
	"firebreak/internal/term"
	"firebreak/playbooks"
	"firebreak/response"
)

type playbookFmtOptions struct {
	p     *program
	files []string
	write bool
	check bool
	diff  bool
}

func newPlaybookFmtCmd(p *program, run func(*cobra.Command, *playbookFmtOptions) error) *cobra.Command {
	o := &playbookFmtOptions{p: p}
	c := &cobra.Command{
		Use:   "fmt FILE|FOLDER…",
		Short: "Lay out playbooks and their tests in the one way",
		Long: `Lay out playbooks and their tests in the one way: keys in their order, two
spaces of indentation, folded texts broken anew. What stands in one line stays so
while it fits. Comments stay where they belong, and what the file says does not
change: both are checked before anything is written. A file that cannot be read
is left alone.

Without a flag the result goes to the standard output. A hyphen reads the standard
input. Of a folder, all playbooks and tests in and below it are taken.`,
		Example: `  firebreak playbook fmt -w playbooks/
  firebreak playbook fmt --check playbooks/   # for CI: 1 when a file is laid out otherwise`,
		Args: atLeast(1, "files or folders"),
		RunE: func(c *cobra.Command, args []string) error {
			o.files = args
			return run(c, o)
		},
	}
	c.Flags().BoolVarP(&o.write, "write", "w", false, "write the result back to the file")
	c.Flags().BoolVar(&o.check, "check", false, "only name the files that are laid out otherwise; exits with 1 when there is one")
	c.Flags().BoolVar(&o.diff, "diff", false, "print what would change; exits with 1 when something would")
	c.MarkFlagsMutuallyExclusive("write", "check")
	c.MarkFlagsMutuallyExclusive("write", "diff")
	return c
}

// formattedFile is a line of "playbook fmt --json".
type formattedFile struct {
	File    string `json:"file"`
	Changed bool   `json:"changed"` // it is laid out otherwise
	Written bool   `json:"written"`
	Text    string `json:"text,omitempty"` // without -w and --check
}

func runPlaybookFmt(c *cobra.Command, o *playbookFmtOptions) error {
	files, err := playbookSources(o.p.In, o.files, false)
	if err != nil {
		return err
	}
	failed := false
	for _, f := range files {
		if c.Context().Err() != nil {
			return c.Context().Err()
		}
		changed, err := o.one(f)
		if err != nil {
			return err
		}
		failed = failed || changed && !o.write && (o.check || o.diff)
	}
	if failed {
		return errReported{Failed}
	}
	return nil
}

func (o *playbookFmtOptions) one(f sourceFile) (changed bool, err error) {
	if f.err != nil {
		return false, f.err
	}
	out, err := playbooks.Format(f.name, f.src)
	if err != nil {
		return false, &response.Error{Code: response.CodeUsage, Hint: "nothing was written", Err: err}
	}
	changed = !bytes.Equal(out, f.src)
	written := false
	if changed && o.write && f.path != "" {
		if err := rewrite(f.path, out); err != nil {
			return changed, err
		}
		written = true
	}
	report := formattedFile{File: f.name, Changed: changed, Written: written}
	switch {
	case o.p.json:
		if !o.write && !o.check {
			report.Text = string(out)
		}
		return changed, o.p.printJSON(report)
	case o.diff && changed:
		return changed, o.p.printf("%s", term.SafeLines(unified(f.name, f.src, out)))
	case o.diff:
		return changed, nil
	case (o.check || o.write && f.path != "") && changed:
		return changed, o.p.printf("%s\n", term.Safe(f.name))
	case o.check || o.write && f.path != "":
		return changed, nil
	}
	return changed, o.p.printf("%s", term.SafeLines(string(out)))
}

// rewrite puts a text in the place of a file, whole or not at all, with the
// file's own mode. A link stays one: what it points to is written.
func rewrite(path string, text []byte) error {
	target, err := realPath(path)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	info, err := os.Stat(target)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := durable.Replace(target, text, info.Mode().Perm()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// readAtMost reads a stream that must not be longer than a playbook may be.
func readAtMost(r io.Reader) ([]byte, error) {
	src, err := io.ReadAll(io.LimitReader(r, playbooks.MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read the standard input: %w", err)
	}
	return src, nil
}

// unified is the difference of two texts in the form of diff -u.
func unified(name string, from, to []byte) string {
	a, b := strings.SplitAfter(string(from), "\n"), strings.SplitAfter(string(to), "\n")
	return hunks(name, trimLast(a), trimLast(b))
}

// trimLast drops the empty line behind the last line break.
func trimLast(lines []string) []string {
	if n := len(lines); n > 0 && lines[n-1] == "" {
		return lines[:n-1]
	}
	return lines
}
