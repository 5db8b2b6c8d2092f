package cmd

import (
	"errors"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/response"
)

type bundleVerification struct {
	file      string
	container string
	taken     string
	outside   response.BundleVerification
}

// addBundleFlags are the flags of verify that are about a bundle.
func (o *bundleVerification) addBundleFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.file, "bundle", "", "verify this `FILE`, or folder, that firebreak bundle made; no incident and no workspace is needed")
	f.StringArrayVar(&o.outside.Keys, "key", nil, "with --bundle: the maker's verifier `KEY`, known from elsewhere")
	f.StringVar(&o.outside.Roster, "roster", "", "with --bundle: a `FILE` of allowed signers of your own, in place of the bundle's")
	f.StringVar(&o.outside.Identity, "identity", "", "with --bundle or --container: the `FILE` with the age identity or ssh key that opens it")
	f.StringVar(&o.taken, "taken", "", "with --container: write to this `LIST` which files it has whole, for firebreak collect --resume-from on its host")
	f.StringVar(&o.container, "container", "", "verify this `FILE` that firebreak collect --to made, or - for the standard input; no incident and no workspace is needed")
}

// arguments wants an incident, or a bundle.
func (o *bundleVerification) arguments(c *cobra.Command, args []string) error {
	if o.container != "" {
		if o.file != "" || o.outside.Roster != "" || len(o.outside.Keys) > 0 {
			return errFlag{errors.New("beside --container FILE go --identity and --taken alone")}
		}
		return exactly(0, "no incident beside --container")(c, args)
	}
	if o.taken != "" {
		return errFlag{errors.New("--taken goes with --container FILE")}
	}
	if o.file == "" {
		if o.outside.Roster != "" || o.outside.Identity != "" || len(o.outside.Keys) > 0 {
			return errFlag{errors.New("--key, --roster and --identity go with --bundle FILE")}
		}
		return exactly(1, "an incident")(c, args)
	}
	if c.Flags().Changed("trust") {
		return errFlag{errors.New("--trust is for an incident of this workspace; a bundle takes --key")}
	}
	return exactly(0, "no incident beside --bundle")(c, args)
}

func runVerifyBundle(c *cobra.Command, p *program, o bundleVerification) error {
	o.outside.Ask = p.askSecret
	r, err := response.VerifyBundle(c.Context(), o.file, o.outside, p.progress())
	if err != nil {
		return err
	}
	if p.json {
		if err := p.printJSON(r); err != nil {
			return err
		}
	} else if err := printBundleReport(p, r); err != nil {
		return err
	}
	if !r.OK() {
		return errVerification
	}
	return nil
}

func printBundleReport(p *program, r response.BundleReport) error {
	for _, x := range r.Problems {
		if err := p.printf("PROBLEM  %s\n", term.Safe(x.String())); err != nil {
			return err
		}
	}
	for _, m := range r.Missing {
		if err := p.printf("missing  entry %d: the field with digest %s\n", m.Seq, term.Safe(m.Digest)); err != nil {
			return err
		}
	}
	for _, s := range r.Signatures {
		state := "good"
		switch {
		case s.Stranger:
			state = "good, by a key that no roster has"
		case !s.OK:
			state = "BAD: " + s.Why
		}
		if err := p.printf("signed   entry %d: %s, by %s (%s): %s\n", s.Seq, term.Safe(s.What), term.Safe(s.Principal), term.Safe(s.Key), term.Safe(state)); err != nil {
			return err
		}
	}
	for _, n := range r.Notes {
		if err := p.printf("note     %s\n", term.Safe(n)); err != nil {
			return err
		}
	}
	word := "verified"
	if !r.OK() {
		word = "NOT VERIFIED"
	}
	return p.printf("%s %s: %d entries, %d heads, %d exhibits; fields: %d disclosed, %d withheld, %d erased with a record, %d missing without a record\n%s\n",
		term.Safe(string(r.Incident)), word, r.Entries, r.Heads, r.Exhibits, r.Disclosures, r.Withheld, r.Erased, len(r.Missing), term.Safe(r.Head.Seal()))
}
