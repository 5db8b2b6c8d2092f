package cmd

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/response"
)

type openOptions struct {
	p        *program
	title    string
	again    string
	reason   string
	severity string
	tlp      string
	summary  string
	impact   string
	detected string
	playbook string
	vars     []string
	assign   []string
}

func newOpenCmd(p *program, run func(*cobra.Command, *openOptions) error) *cobra.Command {
	o := &openOptions{p: p}
	c := &cobra.Command{
		Use:        "open TITLE",
		SuggestFor: []string{"new", "create", "begin"},
		Short:      "Open an incident",
		Long: `Open an incident and, with --playbook, start its run. With --again a closed
incident is taken up again.`,
		Example: `  firebreak open "odd login on web-1" --playbook linux-host-intrusion --severity sev2
  firebreak open "token in a public gist" --playbook leaked-github-token --var repo=acme/payments --detected 03:12
  firebreak open --again 2026-0007 --reason "it came back"`,
		Args: func(c *cobra.Command, args []string) error {
			if o.again != "" {
				return exactly(0, "no title with --again")(c, args)
			}
			return exactly(1, "a title in quotes")(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.title = strings.Join(args, " ")
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.playbook, "playbook", "", "follow this playbook: an `ID` of the library, or a file")
	f.StringArrayVar(&o.vars, "var", nil, "give a variable of the playbook: `NAME=VALUE`")
	f.StringVar(&o.severity, "severity", "", "sev1 (worst) to sev4")
	f.StringVar(&o.tlp, "tlp", "", "who may see it: clear, green, amber, amber+strict or red")
	f.StringVar(&o.summary, "summary", "", "what is known so far")
	f.StringVar(&o.impact, "impact", "", "who and what is affected")
	f.StringVar(&o.detected, "detected", "", "when the first sign was seen: RFC 3339, or HH:MM of today in the configured zone")
	f.StringArrayVar(&o.assign, "assign", nil, "give a role: `ROLE=PERSON`")
	f.StringVar(&o.again, "again", "", "take up the closed incident with this `ID`")
	f.StringVar(&o.reason, "reason", "", "why it is taken up again")
	return c
}

func runOpen(c *cobra.Command, o *openOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	if o.again != "" {
		id, err := s.Service().ParseID(o.again)
		if err != nil {
			return err
		}
		if err := s.Reopen(c.Context(), id, o.reason); err != nil {
			return err
		}
		return o.say(id, "open again")
	}
	n, err := o.incident()
	if err != nil {
		return err
	}
	roles, err := parseRoles(o.assign)
	if err != nil {
		return err
	}
	inc, err := s.Open(c.Context(), n)
	if err != nil {
		return err
	}
	for _, r := range roles {
		if err := s.Assign(c.Context(), inc.ID, r.role, r.person); err != nil {
			return err
		}
	}
	b, err := s.Board(c.Context(), inc.ID)
	if err != nil {
		return err
	}
	for _, q := range b.Missing {
		o.p.errf("  not said yet: %s: firebreak change %s --var %s=…\n", term.Safe(q.Text), inc.ID, q.Name)
	}
	promised, err := s.Promised(c.Context(), inc.ID, 20)
	if err != nil {
		return err
	}
	if left := response.Undone(promised); left != "" {
		o.p.errf("  last time: %s: firebreak items %s --promised\n", left, inc.ID)
	}
	return o.say(inc.ID, inc.Severity.String()+" "+term.Safe(inc.Title))
}

func (o *openOptions) say(id incident.ID, what string) error {
	if o.p.json {
		return o.p.printJSON(map[string]any{"incident": id})
	}
	return o.p.printf("%s  %s\nnext: firebreak run %s\n", id, what, id)
}

// incident turns the flags into what response wants.
func (o *openOptions) incident() (response.NewIncident, error) {
	n := response.NewIncident{Title: o.title, TLP: incident.TLP(o.tlp), Summary: o.summary, Impact: o.impact, Playbook: o.playbook, Vars: map[string]any{}}
	if o.severity != "" {
		v, err := incident.ParseSeverity(o.severity)
		if err != nil {
			return n, errFlag{err}
		}
		n.Severity = v
	}
	switch n.TLP {
	case "", incident.TLPClear, incident.TLPGreen, incident.TLPAmber, incident.TLPAmberStrict, incident.TLPRed:
	default:
		return n, errFlag{fmt.Errorf("--tlp %q: want clear, green, amber, amber+strict or red", o.tlp)}
	}
	vars, err := parseVars(o.vars)
	if err != nil {
		return n, err
	}
	for name, value := range vars {
		n.Vars[name] = value
	}
	if o.detected != "" {
		t, err := o.p.moment(o.detected)
		if err != nil {
			return n, errFlag{fmt.Errorf("--detected: %w", err)}
		}
		n.Detected = t
	}
	return n, nil
}

// moment reads RFC 3339, or a time of today in the configured zone.
func (p *program) moment(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC(), nil
	}
	c, err := p.config()
	if err != nil {
		return time.Time{}, err
	}
	zone, err := c.Location()
	if err != nil {
		return time.Time{}, err
	}
	t, err := time.ParseInLocation("15:04", s, zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("time %q: want RFC 3339 (2026-11-21T03:12:00Z) or HH:MM", s)
	}
	now := p.Now().In(zone)
	at := time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), 0, 0, zone)
	if at.After(now) { // 23:50, said after midnight
		at = at.AddDate(0, 0, -1)
	}
	return at.UTC(), nil
}
