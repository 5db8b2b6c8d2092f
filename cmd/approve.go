package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/record"
	"firebreak/response"
)

type approveOptions struct {
	p        *program
	incident string
	action   string
	digest   string
	confirm  string
	reason   string
	reject   bool

	key       string
	request   bool
	of        string
	signature string

	breakGlass bool
}

func newApproveCmd(p *program, run func(*cobra.Command, *approveOptions) error) *cobra.Command {
	o := &approveOptions{p: p}
	c := &cobra.Command{
		Use:   "approve INCIDENT ACTION",
		Short: "Approve a plan, or reject it",
		Long: `Approve exactly the plan you have seen. On a terminal the plan is shown and you
are asked; in a script give --digest (twelve digits or more of the plan's) and,
for high danger and for what cannot be undone, --confirm with the target's name.
An approval lasts 15 minutes. Where somebody else than who planned it has to
agree and nobody can be reached, --break-glass with a reason approves it all the
same: that stands in the record and in the review. A plan that goes around rules
is approved with --break-glass by somebody else.

With a signing key (docs/signatures.md) you sign what you agree to. Somebody
else, on another machine, signs what --request prints, and the answer of
ssh-keygen comes back with --signature: then it is their approval.`,
		Args:              exactly(2, "an incident and an action, as in a1"),
		ValidArgsFunction: p.thenActions(response.Planned, response.Approved),
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.action = args[0], args[1]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.digest, "digest", "", "the digest of the plan you have seen")
	f.StringVar(&o.confirm, "confirm", "", "the target's name, for high danger")
	f.StringVar(&o.reason, "reason", "", "why")
	f.BoolVar(&o.reject, "reject", false, "say no")
	f.StringVar(&o.key, "key", "", keyHelp)
	f.BoolVar(&o.request, "request", false, "print the request that somebody signs elsewhere, and how")
	f.StringVar(&o.of, "of", "", "with --request: the `NAME` on the roster of who is asked (default: yours)")
	f.StringVar(&o.signature, "signature", "", "a `FILE` with the signed answer to a request; - reads it from the standard input")
	f.BoolVar(&o.breakGlass, "break-glass", false, "go around a rule with this approval; needs --reason")
	c.MarkFlagsMutuallyExclusive("reject", "break-glass")
	c.MarkFlagsMutuallyExclusive("request", "break-glass")
	c.MarkFlagsMutuallyExclusive("reject", "request", "signature", "key")
	c.MarkFlagsMutuallyExclusive("digest", "request", "signature")
	return c
}

func runApprove(c *cobra.Command, o *approveOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	a, err := s.Action(c.Context(), id, o.action)
	if err != nil {
		return err
	}
	if o.reject {
		if err := s.Reject(c.Context(), id, a.Action, o.reason); err != nil {
			return err
		}
		return o.said(c, s, id)
	}
	if o.request {
		text, err := s.ApprovalRequest(c.Context(), id, a.Action, o.of)
		if err != nil {
			return err
		}
		return o.p.toSign(record.ApprovalNamespace, text, "firebreak approve "+string(id)+" "+a.Action+" --signature request.json.sig", "request.json")
	}
	if o.breakGlass {
		s = s.BreakingGlass()
	}
	if o.signature != "" {
		b, err := o.p.input("signature", o.signature)
		if err != nil {
			return err
		}
		if err := s.ApprovePasted(c.Context(), id, a.Action, b, o.reason); err != nil {
			return err
		}
		return o.said(c, s, id)
	}
	s = withKey(s, o.key, o.p.Getenv("HOME"))
	if o.digest == "" {
		if err := o.ask(id, a); err != nil {
			return err
		}
		o.digest = a.Digest
	}
	if len(o.digest) < 12 || !strings.HasPrefix(a.Digest, o.digest) {
		return &response.Error{Code: response.CodeRefused, Hint: "firebreak show " + string(id) + " " + a.Action + " shows the plan", Err: fmt.Errorf("approve %s: the plan's digest is %.12s…: give at least its first twelve digits", a.Action, a.Digest)}
	}
	if s.WillSign(a) {
		o.p.touch(c.Context(), s)
	}
	if err := s.Approve(c.Context(), id, a.Action, a.Digest, o.confirm, o.reason); err != nil {
		return err
	}
	return o.said(c, s, id)
}

// ask shows the plan on a terminal and reads the answer; no is the default.
func (o *approveOptions) ask(id incident.ID, a response.ActionView) error {
	if !o.p.IsTerminal || o.p.json {
		return errFlag{fmt.Errorf("approve %s: without a terminal give --digest %.12s", a.Action, a.Digest)}
	}
	if err := o.p.action(id, a); err != nil {
		return err
	}
	if !a.MustType() {
		return o.p.yes("approve?", "approve "+a.Action+": you said no")
	}
	answer, err := o.p.ask("type the target's name to approve: ")
	if err != nil {
		return err
	}
	o.confirm = answer
	return nil
}

func (o *approveOptions) said(c *cobra.Command, s *response.Session, id incident.ID) error {
	a, err := s.Action(c.Context(), id, o.action)
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(a)
	}
	if a.State == response.Approved {
		return o.p.printf("%s %s by %s, until %s\nnext: firebreak do %s %s\n", a.Action, a.State, term.Safe(strings.Join(a.Approvers(), ", ")), utc(a.Expires), id, a.Action)
	}
	return o.p.printf("%s %s: %d of %d approvals\n", a.Action, a.State, len(a.ApprovedBy), a.Approvals)
}
