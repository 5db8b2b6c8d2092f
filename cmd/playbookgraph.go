package cmd

import (
	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/playbooks"
)

type playbookGraphOptions struct {
	p       *program
	which   string
	mermaid bool
	plain   bool
	width   int
}

func newPlaybookGraphCmd(p *program, run func(*cobra.Command, *playbookGraphOptions) error) *cobra.Command {
	o := &playbookGraphOptions{p: p}
	c := &cobra.Command{
		Use:   "graph PLAYBOOK",
		Short: "Draw the flow of a playbook",
		Long: `Draw the flow of a playbook for the terminal: a line for each step, what stands in
another below it. With --mermaid as a flowchart that wikis and code hosts draw.

  ○ a person does it   ● done by itself   ◆ decides   ◇ holds others   ↻ again
  ✗ where its failure leads`,
		Example: `  firebreak playbook graph ransomware
  firebreak playbook graph ransomware --mermaid > ransomware.mmd`,
		Args: exactly(1, "a playbook: an id or a file"), ValidArgsFunction: p.completePlaybooks,
		RunE: func(c *cobra.Command, args []string) error {
			o.which = args[0]
			return run(c, o)
		},
	}
	c.Flags().BoolVar(&o.mermaid, "mermaid", false, "a flowchart in Mermaid's language")
	c.Flags().BoolVar(&o.plain, "plain", false, "letters and ASCII only")
	c.Flags().IntVar(&o.width, "width", 0, "characters in a line (that of the terminal)")
	return c
}

func runPlaybookGraph(_ *cobra.Command, o *playbookGraphOptions) error {
	b, err := o.p.playbook(o.which)
	if err != nil {
		return err
	}
	var text string
	if o.mermaid {
		text = playbooks.Mermaid(b)
	} else {
		width := o.width
		if width <= 0 {
			width = o.p.width()
		}
		text = playbooks.Tree(b, playbooks.TreeStyle{Width: max(40, width), Plain: o.plain})
	}
	if o.p.json {
		form := "text"
		if o.mermaid {
			form = "mermaid"
		}
		return o.p.printJSON(map[string]any{"id": b.ID, "form": form, "graph": text})
	}
	return o.p.printf("%s", term.SafeLines(text))
}
