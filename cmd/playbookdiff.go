package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/playbooks"
)

type playbookDiffOptions struct {
	p        *program
	from, to string
}

func newPlaybookDiffCmd(p *program, run func(*cobra.Command, *playbookDiffOptions) error) *cobra.Command {
	o := &playbookDiffOptions{p: p}
	return &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Say in words how one version of a playbook differs from another",
		Long: `Say in words how one version of a playbook differs from another: what weakens it
first (an approval, a check, a way back, a role or evidence that is gone), then
what it may newly touch, then all else. Layout and comments count for nothing.
Each is a file, an id, or REVISION:FILE of the git repository that you stand in.
Exits with 0 when they say the same, with 1 when not.`,
		Example: "  firebreak playbook diff leaked-github-token playbooks/leaked-github-token.yaml\n  firebreak playbook diff HEAD~1:playbooks/token.yaml playbooks/token.yaml",
		Args:    exactly(2, "two playbooks"), ValidArgsFunction: p.completePlaybooks,
		RunE: func(c *cobra.Command, args []string) error {
			o.from, o.to = args[0], args[1]
			return run(c, o)
		},
	}
}

// differingPlaybooks is what "playbook diff --json" prints.
type differingPlaybooks struct {
	From        string                 `json:"from"` // id and version
	To          string                 `json:"to"`
	Differences []playbooks.Difference `json:"differences"`
}

func runPlaybookDiff(c *cobra.Command, o *playbookDiffOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	find := func(arg string) (*playbooks.Playbook, error) {
		if revision(arg) {
			return o.p.playbookAt(c.Context(), arg)
		}
		return s.Service().Playbook(arg)
	}
	a, err := find(o.from)
	if err != nil {
		return err
	}
	b, err := find(o.to)
	if err != nil {
		return err
	}
	found := playbooks.Diff(a, b)
	if o.p.json {
		err = o.p.printJSON(differingPlaybooks{a.ID + " " + a.Version, b.ID + " " + b.Version, append([]playbooks.Difference{}, found...)})
	} else {
		err = o.p.printf("%s", differenceText(found))
	}
	if err != nil || len(found) == 0 {
		return err
	}
	return errReported{Failed}
}

func differenceText(found []playbooks.Difference) string {
	if len(found) == 0 {
		return "they say the same\n"
	}
	var b strings.Builder
	last := ""
	for _, d := range found {
		title := "Besides:"
		switch {
		case d.Weakens:
			title = "Weaker:"
		case d.Asks:
			title = "Asks for more:"
		}
		if title != last {
			b.WriteString(title + "\n")
			last = title
		}
		of := ""
		if d.Step != "" {
			of = term.Safe(d.Step) + ": "
		}
		fmt.Fprintf(&b, "  %s%s\n", of, term.Safe(d.Text))
	}
	return b.String()
}
