package cmd

import (
	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/playbooks"
	"firebreak/response"
)

type playbookOptions struct {
	p     *program
	which string
}

func newPlaybookCmd(p *program) *cobra.Command {
	c := &cobra.Command{Use: "playbook", Short: "List, check, test, lay out and render playbooks", Args: subcommand, RunE: helpOnly}
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
	} {
		c.AddCommand(&cobra.Command{
			Use: sub.use, Short: sub.short, Args: exactly(1, "a playbook: an id or a file"), ValidArgsFunction: p.completePlaybooks,
			RunE: func(_ *cobra.Command, args []string) error {
				o.which = args[0]
				return sub.run(o)
			},
		})
	}
	c.AddCommand(
		newPlaybookNewCmd(p, runPlaybookNew), newPlaybookLintCmd(p, runPlaybookLint), newPlaybookFmtCmd(p, runPlaybookFmt),
		newPlaybookTestCmd(p, runPlaybookTest), newPlaybookGraphCmd(p, runPlaybookGraph), newPlaybookRenderCmd(p, runPlaybookRender), newPlaybookDiffCmd(p, runPlaybookDiff),
		newPlaybookSchemaCmd(p, runPlaybookSchema), newPlaybookImportCmd(p, runPlaybookImport), newPlaybookExportCmd(p, runPlaybookExport),
		newPlaybookVerifyCmd(p, runPlaybookVerify), newPlaybookPackCmd(p),
	)
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
			err = o.p.printf("%-26s %-8s %s\n", b.ID, term.Safe(b.Version), term.Safe(b.Name))
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
