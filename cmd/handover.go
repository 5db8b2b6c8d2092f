package cmd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/durable"
	"firebreak/internal/term"
	"firebreak/response"
)

type handoverOptions struct {
	p        *program
	incident string
	role     string
	html     string
	md       string
	yes      bool
	width    int
	response.Handing
}

func newHandoverCmd(p *program, run func(*cobra.Command, *handoverOptions) error) *cobra.Command {
	o := &handoverOptions{p: p}
	c := &cobra.Command{
		Use:   "handover INCIDENT",
		Short: "Show what the next shift has to know, and hand on to it",
		Long: `Show the page for the next shift, from the record: what to look at first, what is
known, what has changed since the last handover, what waits for a yes, which
actions run or are unknown, what is held and until when, the clocks, the open
steps with who holds them, who is where, which updates are due, which follow-ups
are open, and what earlier incidents of this kind promised and nobody did.

With --to PERSON the page is shown, and on a yes the record says that the shift was
handed on, of how many entries the page was made, and what you say besides. The
next handover shows what has changed since. With --role the person gets that role
in the same act.`,
		Example: `  firebreak handover last
  firebreak handover last --to grace --role commander --say "The bank calls back at 9."
  firebreak handover last --html shift.html`,
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.To, "to", "", "hand on to this `PERSON`")
	f.StringVar(&o.Say, "say", "", "what they have to know besides: a `TEXT`, or - for the standard input")
	f.StringVar(&o.role, "role", "", "give them this `ROLE` too, as in commander")
	f.StringVar(&o.html, "html", "", "write the page into this `FILE`")
	f.StringVar(&o.md, "md", "", "write it as Markdown into this `FILE`")
	f.BoolVarP(&o.yes, "yes", "y", false, "hand on without asking")
	f.IntVar(&o.width, "width", 0, "characters in a line (that of the terminal)")
	return c
}

func runHandover(c *cobra.Command, o *handoverOptions) error {
	if o.To == "" && (o.Say != "" || o.role != "" || o.yes) {
		return errFlag{errors.New("handover: --say, --role and --yes go with --to")}
	}
	o.Role = incident.Role(strings.TrimSpace(o.role))
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	if o.Say == "-" {
		if o.Say, err = o.p.typedText(c, "say"); err != nil {
			return err
		}
	}
	page, err := s.Handover(c.Context(), id)
	if err != nil {
		return err
	}
	if err := o.write(s, page); err != nil {
		return err
	}
	if o.To == "" {
		return nil
	}
	if err := o.agreed(id); err != nil {
		return err
	}
	o.Through = page.Through
	if err := s.HandShift(c.Context(), id, o.Handing); err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(map[string]any{"incident": id, "to": o.To, "through": page.Through, "role": o.Role})
	}
	return o.p.printf("handed on to %s: the record says so\n", term.Safe(o.To))
}

// write shows the page, or writes it where it is wanted.
func (o *handoverOptions) write(s *response.Session, page response.Handover) error {
	if o.html == "" && o.md == "" {
		switch {
		case o.p.json && o.To == "":
			return o.p.printJSON(page)
		case o.p.json:
			return nil
		}
		width := o.width
		if width <= 0 {
			width = o.p.width()
		}
		return o.p.printf("%s", page.Text(width))
	}
	for _, form := range []struct {
		to    string
		write func() ([]byte, error)
	}{{o.html, page.HTML}, {o.md, func() ([]byte, error) { return page.Markdown(), nil }}} {
		if form.to == "" {
			continue
		}
		inTheClear, err := s.Service().InTheClear(form.to)
		if err != nil {
			return err
		}
		content, err := form.write()
		if err == nil {
			err = durable.Replace(form.to, content, 0o600)
		}
		if err != nil {
			return fmt.Errorf("write handover: %w", err)
		}
		if inTheClear {
			o.p.errf("  NOTE: the incident is encrypted, and %s is not: whoever has the file reads it.\n", term.Safe(form.to))
		}
		if o.p.json {
			if o.To == "" {
				err = o.p.printJSON(map[string]any{"incident": page.Incident.ID, "file": form.to, "through": page.Through})
			}
		} else {
			err = o.p.printf("%s\n", term.Safe(form.to))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// agreed asks the person at the terminal; no is the default.
func (o *handoverOptions) agreed(id incident.ID) error {
	if o.yes {
		return nil
	}
	if !o.p.IsTerminal || o.p.json {
		return errFlag{errors.New("handover: without a terminal look at the page without --to, then give --yes")}
	}
	with := ""
	if o.Role != "" {
		with = " as " + string(o.Role)
	}
	return o.p.yes(fmt.Sprintf("\nhand %s on to %s%s?", id, term.Safe(o.To), with), "handover: you said no: nothing was recorded")
}
