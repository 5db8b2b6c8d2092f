package cmd

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/response"
)

type checkOptions struct {
	p         *program
	incidents []string
	read      bool
	subset    string
	response.CheckOptions
}

func newCheckCmd(p *program, run func(*cobra.Command, *checkOptions) error) *cobra.Command {
	o := &checkOptions{p: p}
	c := &cobra.Command{
		Use:   "check [INCIDENT…]",
		Short: "Check files, records and evidence",
		Long: `Look at every file of the incidents (all of them by default): is what must be
there there, is the database sound, do record, heads and what follows from them
agree, is there a sealed blob for each exhibit, is there anything that does not
belong, can others get at it. Nothing is changed.

The evidence itself is not read, which is quick. --read-data hashes all of it
again; --read-data-subset=n/t the n-th of t parts, which are the same each time:
2/7 on Tuesday and so on reads everything in a week.

Exits with 0 when all is well, with 6 when something is wrong, with 5 when
something could not be looked at.`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incidents = args
			return run(c, o)
		},
	}
	c.Flags().BoolVar(&o.read, "read-data", false, "read and hash all evidence")
	c.Flags().StringVar(&o.subset, "read-data-subset", "", "read and hash the `n/t`-th part of the evidence")
	c.MarkFlagsMutuallyExclusive("read-data", "read-data-subset")
	return c
}

func runCheck(c *cobra.Command, o *checkOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	if o.read {
		o.Part, o.Parts = 1, 1
	}
	if o.subset != "" {
		if o.CheckOptions, err = response.ParseSubset(o.subset); err != nil {
			return err
		}
	}
	ids, err := s.Service().IDs(o.incidents)
	if err != nil {
		return err
	}
	var all []response.Checked
	one := func(found response.Checked, err error) error {
		if err != nil {
			return err
		}
		all = append(all, found)
		return o.say(found)
	}
	for _, id := range ids {
		if err := one(s.Check(c.Context(), id, o.CheckOptions, o.p.progress())); err != nil {
			return err
		}
	}
	if len(o.incidents) == 0 {
		if err := one(s.CheckWorkspace()); err != nil {
			return err
		}
	}
	return checkedCode(all)
}

// checkedCode is the exit code: wrong counts more than not known.
func checkedCode(all []response.Checked) error {
	unknown := false
	for _, c := range all {
		if len(c.Problems) > 0 {
			return errVerification
		}
		unknown = unknown || len(c.Unknown) > 0
	}
	if unknown {
		return &response.Error{Code: response.CodePartial, Err: errors.New("not everything could be looked at")}
	}
	return nil
}

func (o *checkOptions) say(c response.Checked) error {
	if o.p.json {
		return o.p.printJSON(c)
	}
	what, repair := string(c.Incident), false
	if c.Incident == "" {
		what = "workspace"
	}
	for _, f := range c.Problems {
		repair = repair || f.Repair
		if err := o.p.printf("PROBLEM  %s: %s: %s\n", what, term.Safe(f.What), term.Safe(f.Where)); err != nil {
			return err
		}
	}
	for _, f := range c.Notes {
		if err := o.p.printf("note     %s: %s: %s\n", what, term.Safe(f.What), term.Safe(f.Where)); err != nil {
			return err
		}
	}
	if err := o.p.lines("UNKNOWN  "+what+": ", c.Unknown); err != nil {
		return err
	}
	if repair && c.Incident != "" {
		if err := o.p.printf("         firebreak repair %s says what of it can be mended\n", c.Incident); err != nil {
			return err
		}
	}
	word := "ok"
	switch {
	case len(c.Problems) > 0:
		word = fmt.Sprintf("NOT OK, %d problems", len(c.Problems))
	case len(c.Unknown) > 0:
		word = "not all looked at"
	}
	if c.Incident == incident.ID("") {
		return o.p.printf("workspace %s\n", word)
	}
	return o.p.printf("%s %s: %d entries, %d exhibits, %d blobs, %d read\n", what, word, c.Entries, c.Exhibits, c.Blobs, c.Read)
}
