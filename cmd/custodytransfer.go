package cmd

import (
	"errors"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/record"
	"firebreak/response"
)

type custodyTransferOptions struct {
	p         *program
	incident  string
	request   bool
	statement string
	signature string
	key       string
	response.TransferRequest
}

func newCustodyTransferCmd(p *program, run func(*cobra.Command, *custodyTransferOptions) error) *cobra.Command {
	o := &custodyTransferOptions{p: p}
	c := &cobra.Command{
		Use:   "transfer INCIDENT EXHIBIT… --to PERSON --reason TEXT",
		Short: "Offer exhibits to another person",
		Long: `Record that exhibits are handed to another person, signed with your ssh key where
one is configured. They are yours until the other side accepts: firebreak custody
accept. Without a key you are known by name only, and the chain says so.

Who signs on another machine takes the statement there and brings the signature:

  firebreak custody transfer last e1 --to bob --reason "imaging" --request >t1
  ssh-keygen -Y sign -n firebreak-custody -f ~/.ssh/id_ed25519 t1
  firebreak custody transfer last --statement t1 --signature t1.sig`,
		Args:              atLeast(1, "an incident and exhibits"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.Exhibits = args[0], args[1:]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.To, "to", "", "who gets them: a `person`")
	f.StringVar(&o.From, "from", "", "who gives them, where you write it down for another `person`")
	f.StringVar(&o.Reason, "reason", "", "why they change hands")
	f.StringVar(&o.Place, "place", "", "where")
	f.BoolVar(&o.request, "request", false, "print the statement to be signed elsewhere; record nothing")
	f.StringVar(&o.statement, "statement", "", "the `FILE` with the statement that was signed elsewhere")
	f.StringVar(&o.signature, "signature", "", "the `FILE` with the signature under it")
	f.StringVar(&o.key, "key", "", keyHelp)
	c.MarkFlagsRequiredTogether("statement", "signature")
	c.MarkFlagsMutuallyExclusive("statement", "request", "key")
	return c
}

func runCustodyTransfer(c *cobra.Command, o *custodyTransferOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	if o.request {
		text, err := s.TransferText(c.Context(), id, o.TransferRequest)
		if err != nil {
			return err
		}
		return o.p.statement(text)
	}
	if o.statement != "" {
		if len(o.Exhibits) > 0 || o.To != "" || o.Reason != "" || o.From != "" || o.Place != "" {
			return errFlag{errors.New("custody transfer --statement says all of it: no exhibits and no other flags with it")}
		}
		if o.Statement, err = o.p.text("statement", o.statement); err != nil {
			return err
		}
		if o.Signature, err = o.p.text("signature", o.signature); err != nil {
			return err
		}
	} else {
		s = withKey(s, o.key, o.p.Getenv("HOME"))
		o.p.touch(c.Context(), s)
	}
	t, err := s.Transfer(c.Context(), id, o.TransferRequest)
	if err != nil {
		return err
	}
	return o.p.transfer(string(id), t)
}

type custodyAnswerOptions struct {
	p         *program
	incident  string
	request   bool
	signature string
	key       string
	response.AnswerRequest
}

func newCustodyAnswerCmd(p *program, no bool, run func(*cobra.Command, *custodyAnswerOptions) error) *cobra.Command {
	o := &custodyAnswerOptions{p: p}
	o.No = no
	c := &cobra.Command{
		Use:   "accept INCIDENT TRANSFER",
		Short: "Take the exhibits of a transfer that was offered to you",
		Long: `Record that you take the exhibits of a transfer, signed with your ssh key where
one is configured. From then on you hold them. On another machine, or with a key
that is not here:

  firebreak custody accept last t1 --request >t1
  ssh-keygen -Y sign -n firebreak-custody -f ~/.ssh/id_ed25519 t1
  firebreak custody accept last t1 --signature t1.sig`,
		Args:              exactly(2, "an incident and a transfer"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.Transfer = args[0], args[1]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Reason, "reason", "", "a remark")
	f.BoolVar(&o.request, "request", false, "print what is to be signed elsewhere; record nothing")
	f.StringVar(&o.signature, "signature", "", "the `FILE` with the signature that was made elsewhere")
	f.StringVar(&o.key, "key", "", keyHelp)
	c.MarkFlagsMutuallyExclusive("signature", "request", "key")
	if no {
		c.Use, c.Short = "refuse INCIDENT TRANSFER", "Do not take what was offered, or take the offer back"
		c.Long = `Record that the exhibits of a transfer stay with the one who offered them: the
receiver does not take them, or the giver takes the offer back.`
		return c
	}
	f.StringVar(&o.Place, "place", "", "where you keep them")
	return c
}

func runCustodyAnswer(c *cobra.Command, o *custodyAnswerOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	if o.request {
		text, err := s.AnswerText(c.Context(), id, o.AnswerRequest)
		if err != nil {
			return err
		}
		return o.p.statement(text)
	}
	if o.signature != "" {
		if o.Signature, err = o.p.text("signature", o.signature); err != nil {
			return err
		}
	} else {
		s = withKey(s, o.key, o.p.Getenv("HOME"))
		o.p.touch(c.Context(), s)
	}
	t, err := s.Answer(c.Context(), id, o.AnswerRequest)
	if err != nil {
		return err
	}
	return o.p.transfer(string(id), t)
}

// statement prints what is to be signed, byte for byte: it has no character
// that a terminal could obey.
func (p *program) statement(text string) error {
	if p.json {
		return p.printJSON(map[string]string{"statement": text, "namespace": record.CustodyNamespace})
	}
	return p.printf("%s", text)
}

// transfer prints a handover and what comes next.
func (p *program) transfer(id string, t response.CustodyTransfer) error {
	if p.json {
		return p.printJSON(t)
	}
	if err := p.printf("%s  %s  %s to %s: %s\n  %s\n", t.ID, t.State, term.Safe(t.From), term.Safe(t.To), term.Safe(t.Reason), term.Safe(t.Gives.Words())); err != nil {
		return err
	}
	if t.Open() {
		return p.printf("next: firebreak custody accept %s %s, as %s\n", id, t.ID, term.Safe(t.To))
	}
	return p.printf("  %s\n", term.Safe(t.Takes.Words()))
}

// text reads a small file that the user names.
func (p *program) text(what, path string) (string, error) {
	b, err := p.input(what, path)
	return string(b), err
}
