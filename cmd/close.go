package cmd

import (
	"github.com/spf13/cobra"
)

type closeOptions struct {
	p        *program
	incident string
	reason   string
}

func newCloseCmd(p *program, run func(*cobra.Command, *closeOptions) error) *cobra.Command {
	o := &closeOptions{p: p}
	c := &cobra.Command{
		Use:               "close INCIDENT",
		Short:             "Close an incident",
		Long:              "Close an incident. It stays readable, and firebreak open --again takes it up again.",
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	c.Flags().StringVar(&o.reason, "reason", "", "why it is over")
	return c
}

func runClose(c *cobra.Command, o *closeOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	if err := s.CloseIncident(c.Context(), id, o.reason); err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(map[string]any{"incident": id, "status": "closed"})
	}
	return o.p.printf("%s  closed\n", id)
}
