package cmd

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/response"
)

type trustOptions struct {
	p         *program
	principal string
	file      string
	after     string
	before    string
}

func newTrustCmd(p *program) *cobra.Command {
	c := &cobra.Command{
		Use:   "trust",
		Short: "The roster: whose ssh keys are whose",
		Long: `The roster says whose ssh keys are whose. It is the file trust/allowed_signers in
$FIREBREAK_HOME, in the form that ssh-keygen reads (ALLOWED SIGNERS), so that an
outsider can check signatures with it. It may be edited by hand; a line that
cannot be read is told and left out, the others stand.`,
		Args: subcommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newTrustListCmd(p, runTrustList), newTrustAddCmd(p, runTrustAdd), newTrustCheckCmd(p, runTrustCheck))
	return c
}

func newTrustListCmd(p *program, run func(*cobra.Command, *trustOptions) error) *cobra.Command {
	o := &trustOptions{p: p}
	return &cobra.Command{
		Use:   "list",
		Short: "Show the roster",
		Long:  "Show the roster: one line for each key, with when it is valid and for what.",
		Args:  exactly(0, "nothing"),
		RunE:  func(c *cobra.Command, _ []string) error { return run(c, o) },
	}
}

func newTrustAddCmd(p *program, run func(*cobra.Command, *trustOptions) error) *cobra.Command {
	o := &trustOptions{p: p}
	c := &cobra.Command{
		Use:   "add PRINCIPAL KEYFILE",
		Short: "Put a person's public key on the roster",
		Long: `Put a person's public ssh key on the roster, under the name that signatures will
show, as in ada@example.org. The key is good for Firebreak's own purposes only.
Make sure whose key it is before you add it: compare the fingerprint by phone.`,
		Example: `  firebreak trust add ada@example.org ~/.ssh/id_ed25519.pub
  firebreak trust add temp@example.org temp.pub --valid-before 2026-12-31`,
		Args: exactly(2, "a name and the file of a public key"),
		RunE: func(c *cobra.Command, args []string) error {
			o.principal, o.file = args[0], args[1]
			return run(c, o)
		},
	}
	c.Flags().StringVar(&o.after, "valid-after", "", "the key counts from this `TIME` on, UTC: 2026-12-31 or 2026-12-31T08:00:00Z")
	c.Flags().StringVar(&o.before, "valid-before", "", "the key counts until this `TIME`")
	return c
}

func newTrustCheckCmd(p *program, run func(*cobra.Command, *trustOptions) error) *cobra.Command {
	o := &trustOptions{p: p}
	return &cobra.Command{
		Use:   "check",
		Short: "Say who of the roster can sign here now",
		Long: `Say who of the roster can sign on this machine now: whose keys the ssh-agent
holds, and with which one you would sign. Exits with 1 when a line of the roster
cannot be read or you have no key.`,
		Args: exactly(0, "nothing"),
		RunE: func(c *cobra.Command, _ []string) error { return run(c, o) },
	}
}

func runTrustList(_ *cobra.Command, o *trustOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	list, slips := s.Service().Trust()
	if err := o.p.trusted(list); err != nil {
		return err
	}
	if len(list) == 0 && slips == nil && !o.p.json {
		return o.p.printf("nobody is on the roster yet: firebreak trust add NAME KEYFILE.pub\n")
	}
	return slips
}

// trusted prints lines of the roster.
func (p *program) trusted(list []response.Trusted) error {
	for _, t := range list {
		if p.json {
			if err := p.printJSON(t); err != nil {
				return err
			}
			continue
		}
		tail := ""
		if t.State != "valid" {
			tail += "  " + t.State
		}
		for _, v := range []struct {
			word string
			at   time.Time
		}{{"from", t.ValidAfter}, {"until", t.ValidBefore}} {
			if !v.at.IsZero() {
				tail += "  " + v.word + " " + utc(v.at)
			}
		}
		if len(t.Namespaces) > 0 {
			tail += "  for " + strings.Join(t.Namespaces, ",")
		}
		if t.Here != "" {
			tail += "  can sign here (" + string(t.Here) + ")"
		}
		if t.Comment != "" {
			tail += "  # " + t.Comment
		}
		if err := p.printf("%-24s %-14s %s%s\n", term.Safe(strings.Join(t.Principals, ",")), term.Safe(strings.TrimSuffix(t.Type, "@openssh.com")), term.Safe(t.Key), term.Safe(tail)); err != nil {
			return err
		}
	}
	return nil
}

func runTrustAdd(_ *cobra.Command, o *trustOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	n := response.NewTrust{Principal: o.principal}
	if n.Key, err = o.p.input("key", o.file); err != nil {
		return err
	}
	for _, v := range []struct {
		flag, text string
		at         *time.Time
	}{{"valid-after", o.after, &n.ValidAfter}, {"valid-before", o.before, &n.ValidBefore}} {
		if v.text == "" {
			continue
		}
		if *v.at, err = time.Parse(time.RFC3339, v.text); err != nil {
			*v.at, err = time.Parse(time.DateOnly, v.text)
		}
		if err != nil {
			return errFlag{fmt.Errorf("--%s %q: want 2026-12-31 or 2026-12-31T08:00:00Z", v.flag, v.text)}
		}
	}
	t, err := s.Service().AddTrust(n)
	if err != nil {
		return err
	}
	return o.p.trusted([]response.Trusted{t})
}

func runTrustCheck(c *cobra.Command, o *trustOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	list, slips := s.TrustHere(c.Context())
	if err := o.p.trusted(list); err != nil {
		return err
	}
	k, err := s.SigningKey(c.Context())
	if err != nil {
		return errors.Join(slips, err)
	}
	if o.p.json {
		if err := o.p.printJSON(map[string]any{"you": k}); err != nil {
			return err
		}
		return slips
	}
	vouched := ""
	if !k.Known {
		vouched = "; nobody here vouches for it: firebreak trust add"
	}
	if err := o.p.printf("you sign as %s with %s (%s)%s\n", term.Safe(k.Principal), term.Safe(k.Key), k.Strength, vouched); err != nil {
		return err
	}
	return slips
}
