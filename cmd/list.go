package cmd

import (
	"github.com/spf13/cobra"

	"firebreak/internal/term"
)

type listOptions struct{ p *program }

func newListCmd(p *program, run func(*cobra.Command, *listOptions) error) *cobra.Command {
	o := &listOptions{p: p}
	return &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the incidents, newest first",
		Args:    exactly(0, "no arguments"),
		RunE:    func(c *cobra.Command, _ []string) error { return run(c, o) },
	}
}

func runList(c *cobra.Command, o *listOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	list, err := s.List(c.Context())
	if err != nil {
		return err
	}
	if len(list) == 0 && !o.p.json {
		return o.p.printf("no incidents yet: firebreak open TITLE, or try one: firebreak drill\n")
	}
	for _, l := range list {
		if o.p.json {
			err = o.p.printJSON(l)
		} else if l.Broken != "" {
			err = o.p.printf("%-10s  cannot be opened: %s\n", l.ID, term.Safe(l.Broken))
		} else {
			hold := ""
			if l.Hold {
				hold = "LEGAL HOLD  "
			}
			hold += o.p.nearest(l.Clock)
			err = o.p.printf("%-10s  %s  %-9s  %-9s  %s  %s%s\n", l.ID, l.Severity, l.Standing(), l.Phase, l.Opened.UTC().Format("2006-01-02 15:04Z"), hold, term.Safe(l.Title))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// completeIncidents completes the first argument with the incidents there are.
func (p *program) completeIncidents(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	p.silent = true // a shell that completes must not ask for a passphrase
	s, err := p.session()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	list, err := s.List(c.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	out := make([]string, len(list))
	for i, l := range list {
		out[i] = string(l.ID) + "\t" + term.Safe(l.Title)
	}
	if len(out) > 0 {
		out = append(out, "last\tthe newest")
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
