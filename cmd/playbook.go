package cmd

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/playbooks"
	"firebreak/response"
)

type playbookOptions struct {
	p      *program
	which  string
	files  []string
	strict bool
}

func newPlaybookCmd(p *program) *cobra.Command {
	c := &cobra.Command{Use: "playbook", Short: "List, show, lint and render playbooks", Args: subcommand, RunE: helpOnly}
	o := &playbookOptions{p: p}
	c.AddCommand(&cobra.Command{
		Use: "list", Short: "List the playbooks there are", Args: exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error { return runPlaybookList(o) },
	})
	for _, sub := range []struct {
		use, short string
		run        func(*playbookOptions) error
	}{
		{"show PLAYBOOK", "Print a playbook's file", runPlaybookShow},
		{"render PLAYBOOK", "Render a playbook as Markdown", runPlaybookRender},
	} {
		c.AddCommand(&cobra.Command{
			Use: sub.use, Short: sub.short, Args: exactly(1, "a playbook: an id or a file"), ValidArgsFunction: p.completePlaybooks,
			RunE: func(_ *cobra.Command, args []string) error {
				o.which = args[0]
				return sub.run(o)
			},
		})
	}
	lint := &cobra.Command{
		Use: "lint FILE…", Short: "Check playbooks", Args: atLeast(1, "files"),
		Long: "Check playbooks. Exits with 1 when a file has errors; with --strict warnings count too.",
		RunE: func(_ *cobra.Command, args []string) error {
			o.files = args
			return runPlaybookLint(o)
		},
	}
	lint.Flags().BoolVar(&o.strict, "strict", false, "warnings are errors")
	c.AddCommand(lint, newPlaybookTestCmd(p, runPlaybookTest), newPlaybookPackCmd(p), newPlaybookSchemaCmd(p, runPlaybookSchema))
	return c
}

func (p *program) completePlaybooks(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	s, err := p.session()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	all, err := s.Service().Playbooks()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var out []string
	for _, b := range all {
		out = append(out, b.ID+"\t"+term.Safe(b.Name))
	}
	return out, cobra.ShellCompDirectiveDefault
}

// listedPlaybook is a line of "playbook list --json".
type listedPlaybook struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Version  string            `json:"version"`
	Severity incident.Severity `json:"severity,omitzero"`
	Steps    int               `json:"steps"`
	SHA256   string            `json:"sha256"`
}

func runPlaybookList(o *playbookOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	all, listErr := s.Service().Playbooks()
	if listErr != nil && response.CodeOf(listErr) != response.CodePartial {
		return listErr
	}
	for _, b := range all {
		if o.p.json {
			err = o.p.printJSON(listedPlaybook{b.ID, b.Name, b.Version, b.Severity, len(b.Steps()), b.SHA256})
		} else {
			err = o.p.printf("%-24s %-8s %s\n", b.ID, term.Safe(b.Version), term.Safe(b.Name))
		}
		if err != nil {
			return err
		}
	}
	return listErr
}

func (o *playbookOptions) load() (*playbooks.Playbook, error) {
	s, err := o.p.session()
	if err != nil {
		return nil, err
	}
	return s.Service().Playbook(o.which)
}

func runPlaybookShow(o *playbookOptions) error {
	b, err := o.load()
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(map[string]any{"id": b.ID, "name": b.Name, "version": b.Version, "sha256": b.SHA256, "source": string(b.Source)})
	}
	return o.p.printf("%s", term.SafeLines(string(b.Source)))
}

func runPlaybookRender(o *playbookOptions) error {
	b, err := o.load()
	if err != nil {
		return err
	}
	text := string(playbooks.Markdown(b))
	if o.p.json {
		return o.p.printJSON(map[string]any{"id": b.ID, "markdown": text})
	}
	return o.p.printf("%s", term.SafeLines(text))
}

// runPlaybookLint prints every problem as file:line:column, as compilers do.
func runPlaybookLint(o *playbookOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	failed := false
	for _, file := range o.files {
		problems, err := lintFile(s.Service(), file)
		if err != nil {
			return err
		}
		for _, pr := range problems {
			failed = failed || o.strict || pr.Severity == playbooks.Error
			if o.p.json {
				err = o.p.printJSON(pr)
			} else {
				err = o.p.printf("%s\n", term.Safe(pr.String()))
			}
			if err != nil {
				return err
			}
		}
		if len(problems) == 0 && !o.p.json {
			if err := o.p.printf("%s: ok\n", term.Safe(file)); err != nil {
				return err
			}
		}
	}
	if failed {
		return errReported{Failed}
	}
	return nil
}

func lintFile(s *response.Service, file string) (playbooks.Problems, error) {
	if !strings.ContainsAny(file, "/.") { // an id of the library
		b, err := s.Playbook(file)
		if err != nil {
			return nil, err
		}
		return s.Lint(b)
	}
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("lint: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > 64*playbooks.MaxSize {
		return nil, fmt.Errorf("lint %s: not a regular file of at most %d bytes", file, playbooks.MaxSize)
	}
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("lint: %w", err)
	}
	b, err := playbooks.Parse(file, src)
	var problems playbooks.Problems
	if errors.As(err, &problems) {
		return problems, nil
	}
	if err != nil {
		return nil, err
	}
	return s.Lint(b)
}
