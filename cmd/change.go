package cmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/record"
)

type changeOptions struct {
	p        *program
	incident string
	title    string
	severity string
	tlp      string
	summary  string
	impact   string
	detected string
	reason   string
	assign   []string
	vars     []string
}

func newChangeCmd(p *program, run func(*cobra.Command, *changeOptions) error) *cobra.Command {
	o := &changeOptions{p: p}
	c := &cobra.Command{
		Use:   "change INCIDENT",
		Short: "Correct an incident's severity, label, title, impact, roles or values",
		Example: `  firebreak change last --severity sev1 --reason "customer data was read"
  firebreak change last --assign commander=grace --var host=web-1`,
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.title, "title", "", "a better title")
	f.StringVar(&o.severity, "severity", "", "sev1 (worst) to sev4")
	f.StringVar(&o.tlp, "tlp", "", "the label of the Traffic Light Protocol: clear, green, amber, amber+strict, red")
	f.StringVar(&o.summary, "summary", "", "what is known by now")
	f.StringVar(&o.impact, "impact", "", "who and what is affected")
	f.StringVar(&o.detected, "detected", "", "when the first sign was seen: RFC 3339, or HH:MM of today")
	f.StringVar(&o.reason, "reason", "", "why")
	f.StringArrayVar(&o.vars, "var", nil, "give a variable of the playbook a value: `NAME=VALUE`; unknown takes it away")
	f.StringArrayVar(&o.assign, "assign", nil, "give a role: `ROLE=PERSON`; nobody takes it away")
	return c
}

func runChange(c *cobra.Command, o *changeOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	ch, some, err := o.change(c)
	if err != nil {
		return err
	}
	roles, err := parseRoles(o.assign)
	if err != nil {
		return err
	}
	vars, err := parseVars(o.vars)
	if err != nil {
		return err
	}
	if !some && len(roles) == 0 && len(vars) == 0 {
		return errFlag{fmt.Errorf("change: say what: --title, --severity, --tlp, --summary, --impact, --detected, --var or --assign")}
	}
	if some {
		if err := s.Change(c.Context(), id, ch); err != nil {
			return err
		}
	}
	if len(vars) > 0 {
		if err := s.SetVariables(c.Context(), id, vars); err != nil {
			return err
		}
	}
	for _, r := range roles {
		if err := s.Assign(c.Context(), id, r.role, r.person); err != nil {
			return err
		}
	}
	inc, err := s.Incident(c.Context(), id)
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(inc)
	}
	return o.p.printf("%s  changed\n", id)
}

// change gathers what the flags say.
func (o *changeOptions) change(c *cobra.Command) (ch record.Changed, some bool, err error) {
	given := func(name string) bool {
		yes := c.Flags().Changed(name)
		some = some || yes
		return yes
	}
	if given("title") {
		ch.Title = &o.title
	}
	if given("severity") {
		v, err := incident.ParseSeverity(o.severity)
		if err != nil {
			return ch, some, errFlag{err}
		}
		ch.Severity = &v
	}
	if given("tlp") {
		v := incident.TLP(o.tlp)
		if !slices.Contains(incident.TLPs(), v) {
			return ch, some, errFlag{fmt.Errorf("--tlp %q: want clear, green, amber, amber+strict or red", o.tlp)}
		}
		ch.TLP = &v
	}
	if given("summary") {
		ch.Summary = &o.summary
	}
	if given("impact") {
		ch.Impact = &o.impact
	}
	if given("detected") {
		t, err := o.p.moment(o.detected)
		if err != nil {
			return ch, some, errFlag{fmt.Errorf("--detected: %w", err)}
		}
		ch.Detected = &t
	}
	ch.Reason = o.reason
	return ch, some, nil
}

// parseVars reads NAME=VALUE pairs.
func parseVars(pairs []string) (map[string]string, error) {
	out := map[string]string{}
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, errFlag{fmt.Errorf("--var %q: want NAME=VALUE", pair)}
		}
		out[name] = value
	}
	return out, nil
}

type roleOf struct {
	role   incident.Role
	person string
}

// parseRoles reads ROLE=PERSON pairs.
func parseRoles(pairs []string) ([]roleOf, error) {
	var out []roleOf
	for _, pair := range pairs {
		role, person, ok := strings.Cut(pair, "=")
		if !ok || role == "" {
			return nil, errFlag{fmt.Errorf("--assign %q: want ROLE=PERSON, as in commander=ada", pair)}
		}
		out = append(out, roleOf{incident.Role(role), person})
	}
	return out, nil
}
