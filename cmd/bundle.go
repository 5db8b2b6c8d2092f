package cmd

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/record"
	"firebreak/response"
)

type bundleOptions struct {
	p        *program
	incident string
	profile  string
	key      string
	evidence string
	o        response.BundleOptions
}

func newBundleCmd(p *program, run func(*cobra.Command, *bundleOptions) error) *cobra.Command {
	o := &bundleOptions{p: p}
	c := &cobra.Command{
		Use:   "bundle INCIDENT --to FILE",
		Short: "Write an archive that an outsider can verify",
		Long: `Write one archive (.tar.gz) with the record, its signed heads, people's signatures
and time-stamps, the list of the evidence, its custody form and CASE file, the
review, and VERIFY.md with verify.py: whoever gets it can verify it with
ssh-keygen, openssl and python3, without firebreak. firebreak verify --bundle does
the same.

The profile says who it is for, and which fields of the record go with it:

  full       everything; nothing is masked
  legal      everything that people said and did
  technical  no names of people, no impact, no legal grounds
  regulator  who answered for what, impact and measures; no hosts, no notes
  executive  what happened and what it did; no names, no hosts
  public     only what shows that something was done

Fields that are left out are listed by their digests: the signatures hold
without them. The lines of the log are in every bundle as they are, with times,
kinds of acts, step ids and the pseudonyms of people. Text that people wrote is
not searched for names.

--evidence adds the exhibits' bytes, as they are; public and executive carry
none. With --recipient the archive is encrypted (age) and ends in .age. Without,
whoever gets it can read it; of an encrypted incident that must be said with
--plain. That a bundle was made is an entry of the record.

With a signing key (docs/signatures.md) the record is signed before it leaves;
that it could not be signed is exit status 5, and the bundle is there.`,
		Example: `  firebreak bundle last --to case.tar.gz --profile legal --evidence all --recipient age1…
  firebreak verify --bundle case.tar.gz.age --identity key.txt --seal "2026-0007 @12 9f2c…"`,
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.o.To, "to", "", "the `FILE` to write")
	f.StringVar(&o.profile, "profile", string(record.FullProfile), "for whom: "+profileNames())
	f.StringVar(&o.evidence, "evidence", "none", "whose bytes go with it: none, all, or exhibits as in e1,e3")
	f.StringArrayVar(&o.o.Recipients, "recipient", nil, "encrypt to this `KEY`: age1…, ssh-ed25519 …, or a file of such; may be repeated")
	f.BoolVar(&o.o.Plain, "plain", false, "an encrypted incident may leave in the clear")
	f.StringVar(&o.key, "key", "", keyHelp)
	f.BoolVar(&o.o.NoReview, "no-review", false, "leave the review out")
	return c
}

func runBundle(c *cobra.Command, o *bundleOptions) error {
	var err error
	if o.o.Profile, err = record.ParseProfile(o.profile); err != nil {
		return errFlag{err}
	}
	if o.evidence != "none" && o.evidence != "" {
		o.o.Evidence = strings.Split(o.evidence, ",")
	}
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	s = withKey(s, o.key, o.p.Getenv("HOME"))
	o.p.touch(c.Context(), s)
	b, unsigned := s.Bundle(c.Context(), id, o.o, o.p.progress())
	if unsigned != nil && response.CodeOf(unsigned) != response.CodePartial {
		return unsigned
	}
	if !b.Encrypted {
		o.p.errf("NOT ENCRYPTED: whoever gets %s can read it\n", term.Safe(b.File))
	}
	if o.p.json {
		return errors.Join(unsigned, o.p.printJSON(b))
	}
	return errors.Join(unsigned, o.p.printf("%s\n  %d bytes, sha256 %s\n  profile %s: %d entries, %d fields withheld, %d exhibits\n  seal  %s\n  key   %s\nGive the seal and the key to whoever gets the bundle by another way than the bundle.\n",
		term.Safe(b.File), b.Bytes, b.SHA256, b.Profile, b.Entries, b.Withheld, len(b.Exhibits), b.Seal, b.Key))
}
