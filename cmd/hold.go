package cmd

import (
	"github.com/spf13/cobra"

	"firebreak/internal/term"
)

type holdOptions struct {
	p         *program
	incident  string
	reason    string
	authority string
	lift      bool
}

func newHoldCmd(p *program, run func(*cobra.Command, *holdOptions) error) *cobra.Command {
	o := &holdOptions{p: p}
	c := &cobra.Command{
		Use:   "hold INCIDENT",
		Short: "Place or lift a legal hold",
		Long: `Place a legal hold on an incident, open or closed: while it stands nothing of it
is erased. It is recorded with the reason and on whose word. --lift ends it, with
a reason too. Without flags, show whether one stands.`,
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	c.Flags().StringVar(&o.reason, "reason", "", "why")
	c.Flags().StringVar(&o.authority, "authority", "", "on whose word: a court, a regulator, counsel")
	c.Flags().BoolVar(&o.lift, "lift", false, "end the hold")
	return c
}

func runHold(c *cobra.Command, o *holdOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	switch {
	case o.lift:
		err = s.LiftHold(c.Context(), id, o.reason, o.authority)
	case o.reason != "" || o.authority != "":
		err = s.PlaceHold(c.Context(), id, o.reason, o.authority)
	}
	if err != nil {
		return err
	}
	h, err := s.HoldOf(c.Context(), id)
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(map[string]any{"incident": id, "standing": h != nil, "hold": h})
	}
	if h == nil {
		return o.p.printf("%s  no legal hold stands\n", id)
	}
	by := ""
	if h.Authority != "" {
		by = ", on the word of " + term.Safe(h.Authority)
	}
	return o.p.printf("%s  legal hold since %s by %s%s: %s\n", id, utc(h.At), term.Safe(h.By), by, term.Safe(h.Reason))
}
