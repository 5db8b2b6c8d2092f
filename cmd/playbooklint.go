package cmd

import (
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/playbooks"
	"firebreak/response"
)

type playbookLintOptions struct {
	p      *program
	files  []string
	strict bool
	sarif  bool
}

func newPlaybookLintCmd(p *program, run func(*cobra.Command, *playbookLintOptions) error) *cobra.Command {
	o := &playbookLintOptions{p: p}
	c := &cobra.Command{
		Use:   "lint FILE|FOLDER|ID…",
		Short: "Check playbooks, their tests and exercises",
		Long: `Check playbooks, their tests and the exercises on them: each problem has its file,
line and column, a code that docs/playbook-lint.md describes (PT… of tests:
docs/playbook-test.md, DR… of exercises: docs/drills.md), and where there is one a hint. Give files, folders (with all below them), ids, or
a hyphen for the standard input.

Exits with 1 when a file has errors; with --strict warnings count too. --sarif
writes SARIF 2.1.0, which code hosts show beside the lines of a change.`,
		Example: `  firebreak playbook lint --strict playbooks/
  firebreak playbook lint --sarif playbooks/ > lint.sarif`,
		Args: atLeast(1, "files, folders or ids"), ValidArgsFunction: p.completePlaybooks,
		RunE: func(c *cobra.Command, args []string) error {
			o.files = args
			return run(c, o)
		},
	}
	c.Flags().BoolVar(&o.strict, "strict", false, "warnings are errors")
	c.Flags().BoolVar(&o.sarif, "sarif", false, "write SARIF 2.1.0 to the standard output")
	return c
}

// runPlaybookLint prints every problem as file:line:column, as compilers do.
func runPlaybookLint(c *cobra.Command, o *playbookLintOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	linter, err := s.Service().Linter()
	if err != nil {
		return err
	}
	var all playbooks.Problems
	failed := false
	for _, arg := range o.files {
		sources, err := o.sources(s.Service(), arg)
		if err != nil {
			return err
		}
		for _, f := range sources {
			if c.Context().Err() != nil {
				return c.Context().Err()
			}
			if f.err != nil {
				return f.err
			}
			problems, err := linter.Source(f.name, f.path, f.src)
			if err != nil {
				return err
			}
			for _, pr := range problems {
				failed = failed || o.strict || pr.Severity == playbooks.Error
			}
			if o.sarif {
				all = append(all, problems...)
				continue
			}
			if err := o.print(f.name, problems); err != nil {
				return err
			}
		}
	}
	if o.sarif {
		if err := writeSARIF(o.p, all, o.strict); err != nil {
			return err
		}
	}
	if failed {
		return errReported{Failed}
	}
	return nil
}

// sources are the files that an argument means; an id is that of a playbook.
func (o *playbookLintOptions) sources(s *response.Service, arg string) ([]sourceFile, error) {
	if _, err := os.Stat(arg); err == nil || arg == "-" || strings.ContainsAny(arg, `/\.`) {
		return playbookSources(o.p.In, []string{arg}, true)
	}
	b, err := s.Playbook(arg)
	var problems playbooks.Problems
	if errors.As(err, &problems) && len(problems) > 0 {
		return []sourceFile{readSource(problems[0].File)}, nil
	}
	if err != nil {
		return nil, err
	}
	return []sourceFile{{name: b.File, src: b.Source}}, nil
}

func (o *playbookLintOptions) print(name string, problems playbooks.Problems) error {
	if len(problems) == 0 && !o.p.json {
		return o.p.printf("%s: ok\n", term.Safe(name))
	}
	for _, pr := range problems {
		var err error
		if o.p.json {
			err = o.p.printJSON(pr)
		} else {
			err = o.p.printf("%s\n", term.Safe(pr.String()))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
