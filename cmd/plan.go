package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

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
	lasts      string
	reverts    bool
	breakGlass bool
}

func newPlanCmd(p *program, run func(*cobra.Command, *planOptions) error) *cobra.Command {
	o := &planOptions{p: p}
	c := &cobra.Command{
		Use:   "plan INCIDENT STEP|ACTION",
		Short: "Plan an action: what would be sent, what it breaks, how it is undone",
		Long: `Plan the action of a step, or any action by its name. Nothing that changes
anything is sent. The plan has a digest; an approval is bound to it, and to the
state that was read, the limits, and how long the effect is meant to last.

A plan that a rule forbids (a protected target, a limit, evidence before what
cannot be undone) is refused, and says which. With --break-glass and a reason it
is made all the same, and names the rules that it goes around; somebody else has
to approve it. See docs/actions-safety.md.`,
		Example: `  firebreak plan last block-address
  firebreak plan last linux.nft.block --with address=203.0.113.9 --reason "scanning web-1"
  firebreak plan last linux.nft.block --with address=203.0.113.9 --for 2h --auto-revert`,
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
	f.StringVar(&o.lasts, "for", "", "how long the effect is to last, as in `2h`; 0 is for good (default: as the playbook or the configuration says)")
	f.BoolVar(&o.reverts, "auto-revert", false, "with --for: then undo it without another approval")
	f.BoolVar(&o.breakGlass, "break-glass", false, "go around the rules that forbid it; needs --reason, and somebody else who approves")
	return c
}

// asks is what was asked for besides the action.
func (o *planOptions) asks() (response.PlanRequest, error) {
	r := response.PlanRequest{Connection: o.connection, Reason: o.reason, Reverts: o.reverts, BreakGlass: o.breakGlass}
	if o.lasts != "" {
		d, err := lasting(o.lasts)
		if err != nil {
			return r, errFlag{fmt.Errorf("--for %q: want a time as in 2h, or 0", o.lasts)}
		}
		r.Lasts = &d
	}
	return r, nil
}

// lasting reads how long an effect lasts.
func lasting(text string) (time.Duration, error) {
	if text == "0" {
		return 0, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * 24 * time.Hour, err
	}
	d, err := time.ParseDuration(text)
	if err == nil && d < time.Minute {
		err = errors.New("shorter than a minute")
	}
	return d, err
}

func runPlan(c *cobra.Command, o *planOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	asked, err := o.asks()
	if err != nil {
		return err
	}
	var a response.ActionView
	if strings.Contains(o.what, ".") {
		params, err := parseParams(o.params)
		if err != nil {
			return err
		}
		asked.Action, asked.Params = o.what, params
		if a, err = s.Plan(c.Context(), id, asked); err != nil {
			return err
		}
	} else if a, err = s.PlanStepAs(c.Context(), id, o.what, asked); err != nil {
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
