package cmd

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/response"
)

type planOptions struct {
	p          *program
	incident   string
	what       string
	connection string
	params     []string
	reason     string
}

func newPlanCmd(p *program, run func(*cobra.Command, *planOptions) error) *cobra.Command {
	o := &planOptions{p: p}
	c := &cobra.Command{
		Use:   "plan INCIDENT STEP|ACTION",
		Short: "Plan an action: what would be sent, what it breaks, how it is undone",
		Long: `Plan the action of a step, or any action by its name. Nothing that changes
anything is sent. The plan has a digest; an approval is bound to it.`,
		Example: `  firebreak plan last block-address
  firebreak plan last linux.nft.block --with address=203.0.113.9 --with ttl=4h --reason "scanning web-1"`,
		Args:              exactly(2, "an incident and a step or an action"),
		ValidArgsFunction: p.completeSteps,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.what = args[0], args[1]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringArrayVar(&o.params, "with", nil, "a parameter of the action: `NAME=VALUE` (VALUE may be JSON)")
	f.StringVar(&o.connection, "connection", "", "which configured system")
	f.StringVar(&o.reason, "reason", "", "why")
	return c
}

func runPlan(c *cobra.Command, o *planOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	var a response.ActionView
	if strings.Contains(o.what, ".") {
		params, err := parseParams(o.params)
		if err != nil {
			return err
		}
		a, err = s.Plan(c.Context(), id, response.PlanRequest{Action: o.what, Connection: o.connection, Params: params, Reason: o.reason})
		if err != nil {
			return err
		}
	} else if a, err = s.PlanStep(c.Context(), id, o.what); err != nil {
		return err
	}
	return o.p.action(id, a)
}

// parseParams reads NAME=VALUE pairs; a value that is a JSON number, boolean or
// list is taken as such.
func parseParams(pairs []string) (map[string]any, error) {
	out := map[string]any{}
	for _, pair := range pairs {
		name, text, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, errFlag{fmt.Errorf("--with %q: want NAME=VALUE", pair)}
		}
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			v = text
		}
		if _, object := v.(map[string]any); object || v == nil {
			v = text
		}
		out[name] = v
	}
	return out, nil
}
