package cmd

import (
	"github.com/spf13/cobra"

	"firebreak/response"
)

type revertOptions struct {
	p        *program
	incident string
	action   string
	reason   string
}

func newRevertCmd(p *program, run func(*cobra.Command, *revertOptions) error) *cobra.Command {
	o := &revertOptions{p: p}
	c := &cobra.Command{
		Use:               "revert INCIDENT ACTION",
		Short:             "Plan the undoing of an action",
		Long:              "Plan the inverse of an action, from the state that was saved before it. The plan is approved and done like any other.",
		Args:              exactly(2, "an incident and an action, as in a1"),
		ValidArgsFunction: p.thenActions(response.Sent, response.Verified),
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.action = args[0], args[1]
			return run(c, o)
		},
	}
	c.Flags().StringVar(&o.reason, "reason", "", "why")
	return c
}

func runRevert(c *cobra.Command, o *revertOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	a, err := s.Revert(c.Context(), id, o.action, o.reason)
	if err != nil {
		return err
	}
	return o.p.action(id, a)
}
