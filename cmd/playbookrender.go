package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"firebreak/internal/durable"
	"firebreak/internal/term"
	"firebreak/playbooks"
	"firebreak/response"
)

type playbookRenderOptions struct {
	p      *program
	which  string
	format string
	out    string
}

func newPlaybookRenderCmd(p *program, run func(*cobra.Command, *playbookRenderOptions) error) *cobra.Command {
	o := &playbookRenderOptions{p: p}
	c := &cobra.Command{
		Use:   "render PLAYBOOK",
		Short: "Render a playbook as a runbook, in Markdown or HTML",
		Long: `Render a playbook as a runbook that people read: who is needed, what it asks and
may touch, which clocks run, and every step with what to do, who does it, by when,
and how it is undone. HTML is one page that needs nothing else, with a drawing of
the flow; it reads in the dark and in the light, and prints.`,
		Example: `  firebreak playbook render ransomware > ransomware.md
  firebreak playbook render ransomware --format html -o ransomware.html`,
		Args: exactly(1, "a playbook: an id or a file"), ValidArgsFunction: p.completePlaybooks,
		RunE: func(c *cobra.Command, args []string) error {
			o.which = args[0]
			return run(c, o)
		},
	}
	c.Flags().StringVar(&o.format, "format", "md", "md or html")
	c.Flags().StringVarP(&o.out, "output", "o", "", "write to this `FILE`")
	return c
}

func runPlaybookRender(_ *cobra.Command, o *playbookRenderOptions) error {
	b, err := o.p.playbook(o.which)
	if err != nil {
		return err
	}
	var text []byte
	name := "markdown"
	switch o.format {
	case "md":
		text = playbooks.Markdown(b)
	case "html":
		name = "html"
		if text, err = playbooks.HTML(b); err != nil {
			return err
		}
	default:
		return &response.Error{Code: response.CodeUsage, Hint: "md or html", Err: fmt.Errorf("format %q is not known", o.format)}
	}
	if o.out != "" {
		if err := durable.Replace(o.out, text, 0o644); err != nil {
			return fmt.Errorf("write %s: %w", o.out, err)
		}
	}
	switch {
	case o.p.json && o.out != "":
		return o.p.printJSON(map[string]any{"id": b.ID, "file": o.out})
	case o.p.json:
		return o.p.printJSON(map[string]any{"id": b.ID, name: string(text)})
	case o.out != "":
		return o.p.printf("%s\n", term.Safe(o.out))
	}
	return o.p.printf("%s", term.SafeLines(string(text)))
}
