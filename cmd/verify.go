package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/record"
	"firebreak/response"
)

type verifyOptions struct {
	p        *program
	incident string
	against  response.VerifyOptions
	bundle   bundleVerification
}

func newVerifyCmd(p *program, run func(*cobra.Command, *verifyOptions) error) *cobra.Command {
	o := &verifyOptions{p: p}
	c := &cobra.Command{
		Use:   "verify INCIDENT",
		Short: "Verify the record and the evidence, a bundle or a container",
		Long: `Recompute the record's tree, check every head and signature, replay the record
into a fresh database and compare, and hash every exhibit again. Exits with 0
when all is well, with 6 when something is wrong, and says what and where. It
also says what it cannot prove: with --seal it checks against a head that
somebody kept outside.

A record signed with a key that this workspace does not know is a problem: a
stranger could have put it there whole. A colleague's key is accepted with
--trust, or for good, and for writing too, when it stands in
$FIREBREAK_HOME/keys/trusted, one key a line.

Each signature that a person gave is checked against the roster (firebreak
trust), each time-stamp against the authorities in trust/tsa.pem. One by a key
that nobody here vouches for is no problem, and no proof of who it was.

With --bundle FILE it verifies what firebreak bundle made, and nothing of this
workspace is looked at. It tells apart what the maker withheld, what was erased
with a record, and what is missing without one.

With --container FILE it verifies what firebreak collect --to made: each item, the
list of all, and the signature. One that was cut is told apart (5).`,
		Args:              o.bundle.arguments,
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			if o.bundle.file == "" && o.bundle.container == "" {
				o.incident = args[0]
			}
			return run(c, o)
		},
	}
	o.bundle.addBundleFlags(c)
	c.Flags().StringArrayVar(&o.against.Seals, "seal", nil, "a `SEAL` that was kept elsewhere: \"2026-0007 @12 9f2c…\", from a message or a review")
	c.Flags().StringArrayVar(&o.against.At, "at", nil, "a `FILE` to compare with the exhibits that are known by their hash only")
	c.Flags().StringArrayVar(&o.against.Trust, "trust", nil, "accept heads signed with this verifier `KEY` of another workspace: its keys/instance.pub; where it is not encrypted, the second line of keys/instance")
	return c
}

func runVerify(c *cobra.Command, o *verifyOptions) error {
	if o.bundle.container != "" {
		var identities []string
		if o.bundle.outside.Identity != "" {
			identities = []string{o.bundle.outside.Identity}
		}
		return runVerifyContainer(c, o.p, o.bundle, identities)
	}
	if o.bundle.file != "" {
		o.bundle.outside.Seals = o.against.Seals
		return runVerifyBundle(c, o.p, o.bundle)
	}
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	r, err := s.VerifyAgainst(c.Context(), id, o.against, o.p.progress())
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
		if err := o.p.people(r); err != nil {
			return err
		}
		word := "verified"
		if !r.OK() {
			word = "NOT VERIFIED"
		}
		erased := ""
		if r.Erased > 0 || r.ErasedExhibits > 0 {
			erased = fmt.Sprintf(", erased with a record: %d fields, %d exhibits", r.Erased, r.ErasedExhibits)
		}
		if err := o.p.printf("%s %s: %d entries, %d heads, %d exhibits%s  %s\n", id, word, r.Entries, r.Heads, r.Exhibits, erased, r.Head.Seal()); err != nil {
			return err
		}
	}
	if !r.OK() {
		return errVerification
	}
	return nil
}

// people prints who signed and who stamped, where it holds.
func (p *program) people(r record.Report) error {
	for _, s := range r.Signatures {
		if !s.OK {
			continue // a problem or a note has said so
		}
		how := string(s.Strength)
		if s.Verified {
			how += " with PIN"
		}
		if err := p.printf("signed   entry %d: %s, by %s (%s, %s)\n", s.Seq, term.Safe(s.What), term.Safe(s.Principal), term.Safe(how), term.Safe(s.Key)); err != nil {
			return err
		}
	}
	for _, s := range r.Stamps {
		if !s.OK {
			continue // as above
		}
		if err := p.printf("stamped  entry %d: %s at %s, by %s\n", s.Seq, entries(s.Size), utc(s.Time), term.Safe(s.Authority)); err != nil {
			return err
		}
	}
	return nil
}
