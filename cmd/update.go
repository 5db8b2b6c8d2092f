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

type updateOptions struct {
	p        *program
	incident string
	audience string
	due      bool
	edit     bool
	yes      bool
	preview  bool
	byHand   string
	tlp      string
	with     []string
	response.UpdateRequest
}

func newUpdateCmd(p *program, run func(*cobra.Command, *updateOptions) error) *cobra.Command {
	o := &updateOptions{p: p}
	c := &cobra.Command{
		Use:   "update INCIDENT --audience AUDIENCE",
		Short: "Tell an audience what is new since the last time",
		Long: `Tell an audience what is new since the last update that it got: responders,
executives, customers, regulators, or one of the configuration's own (updates:).
The text is put together from the record, without what that audience may not see,
and can be edited; --say adds what only a person can say. It is shown first, with
exactly what would go where. Each message is an action: planned, sent and verified
like any other, and the record says what was told to whom.

A connection carries no more than its tlp: allows, and nothing that is TLP:RED
unless it says so. --due lists when each audience is to hear more, and how late
that is.`,
		Example: `  firebreak update last --audience executives --say "The login works again." --to chat
  firebreak update last --audience customers --edit
  firebreak update last --audience regulators --by-hand "portal, receipt 0412"
  firebreak update last --due`,
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.audience, "audience", "", "who is told: responders, executives, customers, regulators, or an `AUDIENCE` of the configuration")
	f.StringSliceVar(&o.To, "to", nil, "over which `CONNECTION`; may be given several times (default: the audience's own)")
	f.StringVar(&o.Say, "say", "", "what a person says to them: a `TEXT`, or - for the standard input")
	f.StringVar(&o.What, "what", "", "the incident in one `SENTENCE` that may leave this room (default: its title)")
	f.StringVar(&o.Template, "template", "", "another message `TEMPLATE` than the audience's")
	f.StringVar(&o.tlp, "tlp", "", "the message's own `LABEL`, on your word: clear, green, amber, amber+strict")
	f.StringArrayVar(&o.with, "with", nil, "a parameter of the message for a system that takes more: `NAME=VALUE`")
	f.BoolVar(&o.edit, "edit", false, "edit the text in $VISUAL or $EDITOR before it is shown")
	f.BoolVar(&o.preview, "preview", false, "only show what would go where")
	f.BoolVarP(&o.yes, "yes", "y", false, "send it without asking")
	f.StringVar(&o.byHand, "by-hand", "", "send nothing: record that they were told another way, and `HOW`")
	f.BoolVar(&o.due, "due", false, "list when each audience is to hear more")
	for _, other := range []string{"audience", "edit", "preview", "yes", "by-hand"} {
		c.MarkFlagsMutuallyExclusive("due", other)
	}
	c.MarkFlagsMutuallyExclusive("by-hand", "edit")
	c.MarkFlagsMutuallyExclusive("by-hand", "preview")
	c.MarkFlagsMutuallyExclusive("preview", "yes")
	return c
}

func runUpdate(c *cobra.Command, o *updateOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	if o.due {
		return o.dueList(c, s, id)
	}
	if o.audience == "" {
		return errFlag{errors.New("update: --audience says who is told; --due lists who is to be told")}
	}
	if o.byHand != "" {
		u, err := s.ToldByHand(c.Context(), id, o.audience, o.byHand)
		if err != nil {
			return err
		}
		if o.p.json {
			return o.p.printJSON(u)
		}
		return o.p.printf("%s recorded: %s were told %s\n", u.ID, u.Audience, term.Safe(u.ByHand))
	}
	if o.Say == "-" {
		if o.Say, err = o.p.typedText(c, "say"); err != nil {
			return err
		}
	}
	if o.Fields, err = parseParams(o.with); err != nil {
		return err
	}
	o.Audience, o.TLP = o.audience, incident.TLP(o.tlp)
	d, err := s.DraftUpdate(c.Context(), id, o.UpdateRequest)
	if err != nil {
		return err
	}
	if o.edit {
		if o.Text, err = o.p.edit(c.Context(), "update-"+d.ID, d.Text); err != nil {
			return err
		}
		if strings.TrimSpace(o.Text) == "" {
			return &response.Error{Code: response.CodeRefused, Err: fmt.Errorf("update %s: the text is empty: nothing was sent", d.ID)}
		}
		o.Through = d.Through
		if d, err = s.DraftUpdate(c.Context(), id, o.UpdateRequest); err != nil {
			return err
		}
	}
	if o.preview {
		if o.p.json {
			return o.p.printJSON(d)
		}
		return o.show(d)
	}
	if err := o.agreed(d); err != nil {
		return err
	}
	sent, err := s.SendUpdate(c.Context(), d, o.p.progress())
	if len(sent.Sent) == 0 && err != nil {
		return err
	}
	return errors.Join(o.sent(id, sent), err)
}

// show prints a draft: the text, and exactly what would go where.
func (o *updateOptions) show(d response.UpdateDraft) error {
	var w strings.Builder
	fmt.Fprintf(&w, "update %s to %s  TLP:%s  profile %s%s\n", d.ID, d.Audience, strings.ToUpper(string(d.TLP)), d.Profile, lateTail(d))
	if len(d.Masked) > 0 {
		fmt.Fprintf(&w, "taken out: %s stand for what they may not see\n", term.Safe(strings.Join(d.Masked, ", ")))
	}
	fmt.Fprintf(&w, "\n%s\n\n%s\n", term.Safe(d.Subject), term.SafeLines(d.Text))
	if len(d.To) == 0 {
		w.WriteString("\nit goes nowhere yet: --to CONNECTION\n")
	}
	for _, to := range d.To {
		if to.Refused != "" {
			fmt.Fprintf(&w, "\nNOT over %s: %s\n", to.Connection, term.Safe(to.Refused))
			if to.Hint != "" {
				fmt.Fprintf(&w, "  hint: %s\n", term.Safe(to.Hint))
			}
			continue
		}
		fmt.Fprintf(&w, "\nover %s, %s on %s\n", to.Connection, term.Safe(to.Action), term.Safe(to.Target))
		for _, e := range to.Effects {
			fmt.Fprintf(&w, "  %s\n", term.Safe(e))
		}
		for _, e := range to.Warnings {
			fmt.Fprintf(&w, "  ! %s\n", term.Safe(e))
		}
		for _, r := range to.Requests {
			for line := range strings.SplitSeq(r, "\n") {
				fmt.Fprintf(&w, "  | %s\n", term.Safe(line))
			}
		}
	}
	return o.p.printf("%s", w.String())
}

func lateTail(d response.UpdateDraft) string {
	switch {
	case d.Late > 0:
		return fmt.Sprintf("  %d min late", d.Late)
	case !d.Due.IsZero():
		return "  due " + utc(d.Due)
	}
	return ""
}

// agreed asks the person at the terminal; no is the default.
func (o *updateOptions) agreed(d response.UpdateDraft) error {
	if o.yes {
		return nil
	}
	if !o.p.IsTerminal || o.p.json {
		return errFlag{fmt.Errorf("update %s: without a terminal look at it with --preview, then give --yes", d.ID)}
	}
	if err := o.show(d); err != nil {
		return err
	}
	return o.p.yes("\nsend?", "update "+d.ID+": you said no: nothing was sent")
}

func (o *updateOptions) sent(id incident.ID, u response.UpdateSent) error {
	if o.p.json {
		return o.p.printJSON(u)
	}
	for _, a := range u.Sent {
		line := fmt.Sprintf("%s  %s  %s over %s  %s", u.ID, a.Action, a.State, term.Safe(a.Connection), term.Safe(a.Says))
		if a.State == response.Planned {
			line = fmt.Sprintf("%s  %s  waits for %s: firebreak approve %s %s, then firebreak do %s %s", u.ID, a.Action, plural(int64(a.Approvals), "approval"), id, a.Action, id, a.Action)
		}
		if err := o.p.printf("%s\n", strings.TrimSpace(line)); err != nil {
			return err
		}
	}
	return nil
}

func (o *updateOptions) dueList(c *cobra.Command, s *response.Session, id incident.ID) error {
	list, err := s.UpdatesDue(c.Context(), id)
	if err != nil {
		return err
	}
	if o.p.json {
		for _, u := range list {
			if err := o.p.printJSON(u); err != nil {
				return err
			}
		}
		return nil
	}
	if len(list) == 0 {
		return o.p.printf("nobody waits for an update: updates: in the configuration says how often whom\n")
	}
	for _, u := range list {
		last := "nothing yet"
		if u.Last != "" {
			last = u.Last + " at " + utc(u.LastAt)
		}
		line := fmt.Sprintf("%-12s  last %s", u.Audience, last)
		switch {
		case u.Now && u.Late > 0:
			line += fmt.Sprintf("  due since %s, %d min late", utc(u.Due), u.Late)
		case u.Now:
			line += "  due now"
		case !u.Due.IsZero():
			line += "  due " + utc(u.Due)
		}
		if len(u.Open) > 0 {
			line += "  not gone out: " + strings.Join(u.Open, ", ")
		}
		if err := o.p.printf("%s\n", line); err != nil {
			return err
		}
	}
	return nil
}

// dueLine reminds of an update, "" where there is nothing to remind of.
func dueLine(id incident.ID, u response.UpdateDue) string {
	how := fmt.Sprintf(": firebreak update %s --audience %s", id, u.Audience)
	switch {
	case len(u.Open) > 0:
		return fmt.Sprintf("! the update to %s has not gone out: action %s", u.Audience, strings.Join(u.Open, ", "))
	case u.Now && u.Late > 0:
		return fmt.Sprintf("! update to %s is %d min late", u.Audience, u.Late) + how
	case u.Now:
		return fmt.Sprintf("! update to %s is due now", u.Audience) + how
	}
	return ""
}
