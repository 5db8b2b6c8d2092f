package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/response"
)

type doOptions struct {
	p        *program
	incident string
	action   string
	look     bool
	happened string
	reason   string
}

func newDoCmd(p *program, run func(*cobra.Command, *doOptions) error) *cobra.Command {
	o := &doOptions{p: p}
	c := &cobra.Command{
		Use:   "do INCIDENT ACTION",
		Short: "Send an approved action and verify its effect",
		Long: `Send an approved action. The intent is on disk before the first byte leaves;
what the other side answers and what it says afterwards is recorded. With --look
find out what became of an action whose outcome is unknown: nothing is sent. A look
is believed only when the request cannot be under way any more; how long that is
to wait is shown, and Ctrl-C ends it.`,
		Args:              exactly(2, "an incident and an action, as in a1"),
		ValidArgsFunction: p.thenActions(response.Approved, response.Queued, response.Sending, response.Unknown),
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.action = args[0], args[1]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.look, "look", false, "look what became of it; send nothing")
	f.StringVar(&o.happened, "happened", "", "settle an unknown outcome that cannot be looked up: `yes` or no")
	f.StringVar(&o.reason, "reason", "", "how you know")
	c.MarkFlagsMutuallyExclusive("look", "happened")
	return c
}

func runDo(c *cobra.Command, o *doOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	act := s.DoTelling
	switch {
	case o.look:
		act = s.LookTelling
	case o.happened != "":
		if o.happened != "yes" && o.happened != "no" {
			return errFlag{fmt.Errorf("--happened %q: want yes or no", o.happened)}
		}
		a, err := s.Settle(c.Context(), id, o.action, o.happened == "yes", o.reason)
		if err != nil {
			return err
		}
		return o.p.outcome(id, a)
	}
	a, err := act(c.Context(), id, o.action, o.p.progress())
	if err != nil {
		return err
	}
	return o.p.outcome(id, a)
}

func (p *program) outcome(id incident.ID, a response.ActionView) error {
	if p.json {
		return p.printJSON(a)
	}
	if err := p.printf("%s %s  %s on %s  %s\n", a.Action, a.State, term.Safe(a.Name), term.Safe(a.Target), term.Safe(a.Says)); err != nil {
		return err
	}
	if a.State == response.Verified && a.Undo != "" && a.RevertedBy == "" && a.Reverts == "" {
		return p.printf("undo: firebreak revert %s %s\n", id, a.Action)
	}
	return nil
}
