package cmd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/response"
)

type eraseOptions struct {
	p        *program
	incident string
	ask      response.EraseRequest
	dryRun   bool
	agree    string
	refuse   string
	do       string
	digest   string
	key      string
}

func newEraseCmd(p *program, run func(*cobra.Command, *eraseOptions) error) *cobra.Command {
	o := &eraseOptions{p: p}
	c := &cobra.Command{
		Use:   "erase INCIDENT",
		Short: "Erase personal data, on legal grounds, with a record",
		Long: `Destroy fields of the record, or whole exhibits, and leave in the record that it
was done, on what grounds, and who agreed. The record still verifies.

  1. Ask: --field 12.text, --exhibit e3, --person "Ann Example" or --all, with
     --basis.
     A person is looked for in all fields; what was found is shown, and has to be
     confirmed: on a terminal with y, in a script with the --digest that is shown.
  2. Two different people look at it (firebreak show INCIDENT x1) and say
     --agree x1. Whoever asked may be one of them. --refuse x1 is a no.
  3. --do x1 destroys it. What two people agreed to goes, and nothing else.

While a legal hold stands (firebreak hold) nothing is erased. Reviews that were
written before are written anew; every other file of the exports folder is
destroyed. Copies that left this workspace, bundles and backups, are named: they
have to be destroyed where they are. Without flags, list the requests.`,
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringArrayVar(&o.ask.Fields, "field", nil, "ask to erase this `SEQ.NAME` of the record, as in 12.text; 12.* is all of it that can go")
	f.StringArrayVar(&o.ask.Exhibits, "exhibit", nil, "ask to erase this exhibit whole, with its events and what quotes it")
	f.StringVar(&o.ask.Person, "person", "", "ask to erase all fields that hold this `NAME`, mail address or host")
	f.BoolVar(&o.ask.All, "all", false, "ask to erase everything that can go, names included: only the frame of the record stays")
	f.StringVar(&o.ask.Basis, "basis", "", "the legal basis, as in \"GDPR Art. 17(1)(a)\"")
	f.StringVar(&o.ask.Reason, "reason", "", "why")
	f.BoolVar(&o.dryRun, "dry-run", false, "show what would go, and record nothing")
	f.StringVar(&o.digest, "digest", "", "twelve digits or more of the `DIGEST` of what you have seen")
	f.StringVar(&o.agree, "agree", "", "agree to the request `x1`")
	f.StringVar(&o.refuse, "refuse", "", "refuse the request `x1`")
	f.StringVar(&o.key, "key", "", keyHelp)
	f.StringVar(&o.do, "do", "", "carry out the request `x1`")
	c.MarkFlagsMutuallyExclusive("agree", "refuse", "do", "field")
	c.MarkFlagsMutuallyExclusive("agree", "refuse", "do", "exhibit")
	c.MarkFlagsMutuallyExclusive("agree", "refuse", "do", "person")
	c.MarkFlagsMutuallyExclusive("agree", "refuse", "do", "all")
	c.MarkFlagsMutuallyExclusive("agree", "refuse", "do", "dry-run")
	return c
}

func runErase(c *cobra.Command, o *eraseOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	switch {
	case o.agree != "":
		return o.decide(c, s, id, o.agree, false)
	case o.refuse != "":
		return o.decide(c, s, id, o.refuse, true)
	case o.do != "":
		v, err := s.DoErasure(c.Context(), id, o.do, o.p.progress())
		if err != nil {
			return err
		}
		return o.p.erasure(v)
	case len(o.ask.Fields) > 0 || len(o.ask.Exhibits) > 0 || o.ask.Person != "", o.ask.All:
		return o.request(c, s, id)
	}
	if o.ask.Basis != "" || o.dryRun || o.digest != "" {
		return errFlag{errors.New("erase: name what is to be erased: --field, --exhibit, --person or --all")}
	}
	xs, err := s.Erasures(c.Context(), id)
	if err != nil {
		return err
	}
	for _, x := range xs {
		if o.p.json {
			err = o.p.printJSON(x)
		} else {
			err = o.p.printf("%-4s %-8s %d of %d agreed  %s, asked by %s on %s  %s\n", x.ID, x.State, len(x.Agreed()), response.ErasureApprovers, extent(x), term.Safe(x.AskedBy), utc(x.AskedAt), term.Safe(x.Basis))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// extent is how much a request is about.
func extent(x response.Erasure) string {
	s := fmt.Sprintf("%d fields", len(x.Fields))
	if len(x.Exhibits) > 0 {
		s += ", " + term.Safe(strings.Join(x.Exhibits, " "))
	}
	return s
}

// request shows what would go and, once it is confirmed, asks for it.
func (o *eraseOptions) request(c *cobra.Command, s *response.Session, id incident.ID) error {
	o.ask.Digest = o.digest
	if o.dryRun || o.ask.Person != "" && o.digest == "" {
		v, err := s.FindErasable(c.Context(), id, o.ask)
		if err != nil {
			return err
		}
		if err := o.p.erasure(v); err != nil || o.dryRun {
			return err
		}
		o.ask.Digest = v.Digest
		if err := o.confirmed(v.Digest, "ask for this?"); err != nil {
			return err
		}
	}
	v, err := s.AskErasure(c.Context(), id, o.ask)
	if err != nil {
		return err
	}
	return o.p.erasure(v)
}

// decide shows a request on a terminal and records the answer.
func (o *eraseOptions) decide(c *cobra.Command, s *response.Session, id incident.ID, erasure string, no bool) error {
	if !no && o.digest == "" {
		v, err := s.Erasure(c.Context(), id, erasure)
		if err != nil {
			return err
		}
		if o.p.IsTerminal && !o.p.json {
			if err := o.p.erasure(v); err != nil {
				return err
			}
		}
		if err := o.confirmed(v.Digest, "agree to this?"); err != nil {
			return err
		}
		o.digest = v.Digest
	}
	s = withKey(s, o.key, o.p.Getenv("HOME"))
	if !no {
		o.p.touch(c.Context(), s)
	}
	v, err := s.AgreeErasure(c.Context(), id, erasure, o.digest, o.ask.Reason, no)
	if err != nil {
		return err
	}
	return o.p.erasure(v)
}

// confirmed asks on a terminal; no is the default.
func (o *eraseOptions) confirmed(digest, question string) error {
	if !o.p.IsTerminal || o.p.json {
		return &response.Error{Code: response.CodeRefused, Hint: fmt.Sprintf("look at it, then repeat it with --digest %.12s", digest), Err: errors.New("erase: without a terminal, what was shown is confirmed with its digest")}
	}
	return o.p.yes(question, "erase: you said no")
}

// erasure prints a request as somebody who has to agree must see it.
func (p *program) erasure(v response.ErasureView) error {
	if p.json {
		return p.printJSON(v)
	}
	var w strings.Builder
	state := v.State
	if state == "" {
		state = "not asked for yet"
	}
	fmt.Fprintf(&w, "%s  %s  %d fields, %d exhibits, basis: %s\n", v.ID, state, len(v.Fields), len(v.Exhibits), orUnknown(term.Safe(v.Basis)))
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&w, "  %-9s%s\n", name, value)
		}
	}
	row("reason", term.Safe(v.Reason))
	for _, g := range v.Goes {
		row("field", fmt.Sprintf("%d.%s (%s)  %s", g.Seq, term.Safe(g.Name), g.Kind, term.Safe(g.Text)))
	}
	for _, x := range v.Evidence {
		bytes := "its sealed bytes"
		if x.Shared != "" {
			bytes = "NOT its bytes: " + x.Shared + " has the same"
		}
		row("exhibit", fmt.Sprintf("%s  %s, %d events, %s", x.Exhibit, term.Safe(x.Title), x.Events, bytes))
	}
	for _, name := range v.Files {
		row("file", term.Safe(name))
	}
	for _, k := range v.Kept {
		row("STAYS", fmt.Sprintf("%d.%s (%s)  %s: %s", k.Seq, term.Safe(k.Name), k.Kind, k.Why, term.Safe(k.Text)))
	}
	for _, name := range v.Copies {
		row("ALSO IN", term.Safe(name))
	}
	if v.State == "" && len(v.Evidence) == 0 && v.Events > 0 {
		row("NOT HERE", fmt.Sprintf("%d events of the timeline hold it: they go only with their exhibits", v.Events))
	}
	if v.State == response.ErasureDone {
		row("events", fmt.Sprintf("%d are gone from the timeline", v.Events))
	}
	for _, y := range v.Consents {
		word := "agreed"
		if y.No {
			word = "REFUSED"
		}
		row(word, term.Safe(strings.TrimSpace(y.Actor.Name+", "+utc(y.At)+"  "+y.Reason)))
	}
	if v.Hold != nil {
		row("HOLD", "a legal hold stands since "+utc(v.Hold.At)+": "+term.Safe(v.Hold.Reason))
	}
	row("digest", "sha256 "+v.Digest)
	if v.Unfinished {
		row("PARTIAL", "traces are left: run firebreak erase "+string(v.Incident)+" --do "+v.ID+" again")
	}
	switch v.State {
	case response.ErasureAsked:
		fmt.Fprintf(&w, "next: firebreak erase %s --agree %s --digest %.12s   (%d of %d have agreed)\n", v.Incident, v.ID, v.Digest, len(v.Agreed()), response.ErasureApprovers)
	case response.ErasureAgreed:
		fmt.Fprintf(&w, "next: firebreak erase %s --do %s\n", v.Incident, v.ID)
	}
	return p.printf("%s", w.String())
}

func orUnknown(s string) string {
	if s == "" {
		return "none given"
	}
	return s
}
