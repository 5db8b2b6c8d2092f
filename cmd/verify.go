package cmd

import (
	"github.com/spf13/cobra"

	"firebreak/internal/term"
)

type verifyOptions struct {
	p        *program
	incident string
	seals    []string
}

func newVerifyCmd(p *program, run func(*cobra.Command, *verifyOptions) error) *cobra.Command {
	o := &verifyOptions{p: p}
	c := &cobra.Command{
		Use:   "verify INCIDENT",
		Short: "Verify the record and the evidence",
		Long: `Recompute the record's tree, check every head and signature, replay the record
into a fresh database and compare, and hash every exhibit again. Exits with 0
when all is well, with 6 when something is wrong, and says what and where. It
also says what it cannot prove: with --seal it checks against a head that
somebody kept outside.`,
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	c.Flags().StringArrayVar(&o.seals, "seal", nil, "a `SEAL` that was kept elsewhere: \"2026-0007 @12 9f2c…\", from a message or a review")
	return c
}

func runVerify(c *cobra.Command, o *verifyOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	r, err := s.VerifyAgainst(c.Context(), id, o.seals, o.p.progress())
	if err != nil {
		return err
	}
	if o.p.json {
		if err := o.p.printJSON(r); err != nil {
			return err
		}
	} else {
		for _, p := range r.Problems {
			if err := o.p.printf("PROBLEM  %s\n", term.Safe(p.String())); err != nil {
				return err
			}
		}
		for _, n := range r.Notes {
			if err := o.p.printf("note     %s\n", term.Safe(n)); err != nil {
				return err
			}
		}
		word := "verified"
		if !r.OK() {
			word = "NOT VERIFIED"
		}
		if err := o.p.printf("%s %s: %d entries, %d heads, %d exhibits  %s\n", id, word, r.Entries, r.Heads, r.Exhibits, r.Head.Seal()); err != nil {
			return err
		}
	}
	if !r.OK() {
		return errVerification
	}
	return nil
}
