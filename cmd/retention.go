package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
)

type retentionOptions struct{ p *program }

func newRetentionCmd(p *program, run func(*cobra.Command, *retentionOptions) error) *cobra.Command {
	o := &retentionOptions{p: p}
	return &cobra.Command{
		Use:   "retention",
		Short: "List what the retention rules say is due",
		Long: `List what the rules under "retention" in the configuration say is due, the longest
overdue first, with the legal holds that stand and the command that asks for the
erasure. Nothing is erased by this command, nor by the passing of time. Exits
with 5 when an incident could not be looked at.`,
		Args: exactly(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error { return run(c, o) },
	}
}

func runRetention(c *cobra.Command, o *retentionOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	due, unread, err := s.Retention(c.Context())
	if err != nil {
		return err
	}
	for _, d := range due {
		if o.p.json {
			if err := o.p.printJSON(d); err != nil {
				return err
			}
			continue
		}
		what := fmt.Sprintf("%d exhibits", len(d.Exhibits))
		if d.Kind == "incident" {
			what = fmt.Sprintf("%d fields, %s", d.Fields, what)
		}
		line := fmt.Sprintf("%-10s  %-8s  due %s  closed %s  rule %d  %s  %s\n", d.Incident, d.Kind, d.Due.UTC().Format("2006-01-02"),
			d.Closed.UTC().Format("2006-01-02"), d.Rule, what, term.Safe(d.Title))
		if d.Hold != nil {
			line += "  LEGAL HOLD since " + utc(d.Hold.At) + ": " + term.Safe(d.Hold.Reason) + "\n"
		}
		if err := o.p.printf("%s  %s: %s\n", line, d.Action, term.Safe(d.Command)); err != nil {
			return err
		}
	}
	if len(due) == 0 && !o.p.json {
		if err := o.p.printf("nothing is due\n"); err != nil {
			return err
		}
	}
	for _, u := range unread {
		o.p.errf("firebreak: %s could not be looked at: %s\n", u.Incident, term.Safe(u.Why))
	}
	if len(unread) > 0 {
		return errReported{Partial}
	}
	return nil
}
