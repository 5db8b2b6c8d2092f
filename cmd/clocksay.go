package cmd

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/record"
	"firebreak/response"
	"firebreak/review/clocks"
)

type clocksStartOptions struct {
	p        *program
	incident string
	start    record.ClockStart
	at       string
	withdraw bool
}

func newClocksStartCmd(p *program, run func(*cobra.Command, *clocksStartOptions) error) *cobra.Command {
	o := &clocksStartOptions{p: p}
	var events strings.Builder
	for _, e := range clocks.Events() {
		fmt.Fprintf(&events, "  %-16s %s\n", e, e.Means())
	}
	c := &cobra.Command{
		Use:   "start INCIDENT EVENT",
		Short: "Say when something happened that deadlines count from",
		Long: `Say when something happened that deadlines count from, with who judged so and by
what. A later word on the same replaces it; --withdraw takes it back. The events:

` + events.String() + `
Without --for it counts for every deadline that begins so. A following stage begins
when the one before is met (firebreak clocks met).`,
		Example: `  firebreak clocks start last aware --at 2026-11-21T03:12:00Z --reason "the SOC saw it and told legal"
  firebreak clocks start last determined --for us-sec-8k-105 --reason "disclosure committee, minutes of today"`,
		Args: exactly(2, "an incident and an event: "+eventNames()),
		ValidArgsFunction: func(c *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective) {
			if len(args) != 1 {
				return p.completeIncidents(c, args, text)
			}
			var out []string
			for _, e := range clocks.Events() {
				out = append(out, string(e)+"\t"+e.Means())
			}
			return out, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.start.Event = args[0], args[1]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.at, "at", "", "when: RFC 3339, or HH:MM of today; now without it")
	f.StringVar(&o.start.Reason, "reason", "", "who judged so, and by what")
	f.StringArrayVar(&o.start.Clocks, "for", nil, "only for this `CLOCK`; may be given again")
	f.StringVar(&o.start.Zone, "zone", "", "where days are counted, as in Europe/Berlin; the configuration's without it")
	f.BoolVar(&o.withdraw, "withdraw", false, "take it back")
	return c
}

func eventNames() string {
	var out []string
	for _, e := range clocks.Events() {
		out = append(out, string(e))
	}
	return strings.Join(out, ", ")
}

// when reads --at: now without it, no time where something is taken back.
func (p *program) when(at string, withdraw bool) (time.Time, error) {
	switch {
	case withdraw && at != "":
		return time.Time{}, errFlag{fmt.Errorf("--withdraw takes it back: it has no --at")}
	case withdraw:
		return time.Time{}, nil
	case at == "":
		return p.Now().UTC().Truncate(time.Second), nil
	}
	t, err := p.moment(at)
	if err != nil {
		return t, errFlag{fmt.Errorf("--at: %w", err)}
	}
	return t, nil
}

func runClocksStart(c *cobra.Command, o *clocksStartOptions) error {
	at, err := o.p.when(o.at, o.withdraw)
	if err != nil {
		return err
	}
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	o.start.At = at
	if err := s.StartClock(c.Context(), id, o.start); err != nil {
		return err
	}
	sheet, err := s.Clocks(c.Context(), id)
	if err != nil {
		return err
	}
	var touched []clocks.Line
	for _, l := range sheet.Lines {
		if begins(l, o.start) {
			touched = append(touched, l)
		}
	}
	if o.p.json {
		out := map[string]any{"incident": id, "event": o.start.Event, "clocks": touched}
		if touched == nil {
			out["clocks"] = []clocks.Line{}
		}
		if !at.IsZero() {
			out["at"] = at
		}
		return o.p.printJSON(out)
	}
	says := fmt.Sprintf("%s  %s at %s\n", id, o.start.Event, utc(at))
	if o.withdraw {
		says = fmt.Sprintf("%s  %s is taken back\n", id, o.start.Event)
	}
	if len(touched) == 0 {
		says += "no deadline that is on counts from it: firebreak clocks list shows what is known\n"
	}
	for _, l := range touched {
		says += "\n" + lineText(l, false)
	}
	return o.p.printf("%s", says)
}

// begins says that a deadline counts from what was said.
func begins(l clocks.Line, s record.ClockStart) bool {
	if len(s.Clocks) > 0 && !slices.Contains(s.Clocks, l.Clock) {
		return false
	}
	r := l.Rule()
	e := clocks.Event(s.Event)
	return r.Start == e || r.Backstop != nil && r.Backstop.Start == e || r.Start == clocks.YearEnd && e == clocks.Discovered
}

type clocksChooseOptions struct {
	p        *program
	incident string
	clock    string
	applies  bool
	reason   string
}

func newClocksChooseCmd(p *program, applies bool, run func(*cobra.Command, *clocksChooseOptions) error) *cobra.Command {
	o := &clocksChooseOptions{p: p, applies: applies}
	c := &cobra.Command{
		Use:               "applies INCIDENT CLOCK",
		Short:             "Say that a deadline applies to this incident",
		Long:              "Say that a deadline applies to this incident, and why. It is shown from then on, whether its regime is on or not.",
		Args:              exactly(2, "an incident and a clock, as in eu-gdpr-33-authority"),
		ValidArgsFunction: p.completeClocks,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.clock = args[0], args[1]
			return run(c, o)
		},
	}
	if !applies {
		c.Use, c.Short = "not INCIDENT CLOCK", "Say that a deadline does not apply to this incident"
		c.Long = "Say that a deadline does not apply to this incident, and why. That is a decision, and stands in the review."
	}
	c.Flags().StringVar(&o.reason, "reason", "", "why, and who says so")
	return c
}

func runClocksChoose(c *cobra.Command, o *clocksChooseOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	if err := s.ChooseClock(c.Context(), id, o.clock, o.applies, o.reason); err != nil {
		return err
	}
	l, err := o.p.clockLineOf(c, s, id, o.clock)
	if err != nil {
		return err
	}
	return o.p.clockLine(l)
}

type clocksMetOptions struct {
	p        *program
	incident string
	met      record.Submission
	at       string
	reason   string
	withdraw bool
}

func newClocksMetCmd(p *program, run func(*cobra.Command, *clocksMetOptions) error) *cobra.Command {
	o := &clocksMetOptions{p: p}
	c := &cobra.Command{
		Use:   "met INCIDENT CLOCK",
		Short: "Say that what a deadline asks for was done",
		Long: `Say that what a deadline asks for was done: when, to whom, and by what that can be
shown. It is a person's word; the program sends no notification. Said again, the
first counts as the answer in time, and the stage that follows counts from the one
that its law names. --withdraw takes all of it back.`,
		Example:           `  firebreak clocks met last eu-gdpr-33-authority --at 2026-11-23T09:40:00Z --to "LfD Niedersachsen" --how portal --proof "their number 4711"`,
		Args:              exactly(2, "an incident and a clock, as in eu-gdpr-33-authority"),
		ValidArgsFunction: p.completeClocks,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.met.Clock = args[0], args[1]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.at, "at", "", "when: RFC 3339, or HH:MM of today; now without it")
	f.StringVar(&o.met.To, "to", "", "to whom")
	f.StringVar(&o.met.How, "how", "", "portal, mail, by phone")
	f.StringVar(&o.met.Proof, "proof", "", "an exhibit (e4), an action (a2), the other side's number")
	f.StringVar(&o.met.Note, "note", "", "anything else")
	f.BoolVar(&o.withdraw, "withdraw", false, "it was not so")
	f.StringVar(&o.reason, "reason", "", "why it was not so, with --withdraw")
	return c
}

func runClocksMet(c *cobra.Command, o *clocksMetOptions) error {
	at, err := o.p.when(o.at, o.withdraw)
	if err != nil {
		return err
	}
	if !o.withdraw && o.reason != "" {
		return errFlag{fmt.Errorf("--reason goes with --withdraw; --note for anything else")}
	}
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	o.met.At = at
	if o.withdraw {
		o.met = record.Submission{Clock: o.met.Clock, Note: o.reason}
	}
	if err := s.MeetClock(c.Context(), id, o.met); err != nil {
		return err
	}
	l, err := o.p.clockLineOf(c, s, id, o.met.Clock)
	if err != nil {
		return err
	}
	return o.p.clockLine(l)
}

type clocksDraftOptions struct {
	p        *program
	incident string
	clock    string
	to       string
}

func newClocksDraftCmd(p *program, run func(*cobra.Command, *clocksDraftOptions) error) *cobra.Command {
	o := &clocksDraftOptions{p: p}
	c := &cobra.Command{
		Use:   "draft INCIDENT CLOCK",
		Short: "Draft a notification: what the regime asks for, filled from the record",
		Long: `Draft a notification with what the regime asks for, in its order, filled from the
record. What the record does not say is marked [MISSING: …]. What its readers may
not see is left out or masked. It is sent by nobody: a person completes it, decides
and sends it, and says so with clocks met.`,
		Example:           `  firebreak clocks draft last eu-gdpr-33-authority --to notification.txt`,
		Args:              exactly(2, "an incident and a clock, as in eu-gdpr-33-authority"),
		ValidArgsFunction: p.completeClocks,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.clock = args[0], args[1]
			return run(c, o)
		},
	}
	c.Flags().StringVar(&o.to, "to", "", "write it into this `FILE`, not encrypted, in place of what is there")
	return c
}

func runClocksDraft(c *cobra.Command, o *clocksDraftOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	d, err := s.DraftClock(c.Context(), id, o.clock)
	if err != nil {
		return err
	}
	if o.to == "" {
		if o.p.json {
			return o.p.printJSON(d)
		}
		return o.p.printf("%s", term.SafeLines(d.Text))
	}
	path, readable, err := s.WriteClockDraft(d, o.to)
	if err != nil {
		return err
	}
	if readable {
		o.p.errf("  this copy is not encrypted\n")
	}
	if o.p.json {
		return o.p.printJSON(struct {
			clocks.Draft
			File string `json:"file"`
		}{d, path})
	}
	missing := "nothing is missing"
	if n := len(d.Missing); n > 0 {
		missing = fmt.Sprintf("%d missing, marked in it", n)
	}
	return o.p.printf("%s  %s\n", term.Safe(path), missing)
}

type clocksListOptions struct {
	p   *program
	all bool
}

func newClocksListCmd(p *program, run func(*cobra.Command, *clocksListOptions) error) *cobra.Command {
	o := &clocksListOptions{p: p}
	c := &cobra.Command{
		Use:   "list",
		Short: "List the deadlines that are known, and which of them are on",
		Long: `List the deadlines that are known: the laws' that are in force and were looked up,
and your own. A name under clocks: {regimes: […]} in the configuration turns a
regime or a place on. What nobody looked up is on only by its own name, under also.`,
		Args: exactly(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error { return run(c, o) },
	}
	c.Flags().BoolVar(&o.all, "all", false, "with what makes each apply, its contents and sources")
	return c
}

func runClocksList(_ *cobra.Command, o *clocksListOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	list, err := s.Service().KnownClocks()
	if err != nil {
		return err
	}
	for _, k := range list {
		if o.p.json {
			err = o.p.printJSON(k)
		} else {
			err = o.p.printf("%s", knownText(k, o.all))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func knownText(k response.KnownClock, all bool) string {
	var w strings.Builder
	on := "   "
	if k.On {
		on = "on "
	}
	place := k.Place
	if place == "" {
		place = "-"
	}
	fmt.Fprintf(&w, "%s %-26s %-14s %-6s %-11s %s\n", on, term.Safe(k.ID), term.Safe(k.Regime), term.Safe(place), k.Confidence, term.Safe(k.Limit()))
	if !all {
		return w.String()
	}
	row := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&w, "      %-9s %s\n", name, term.Safe(text))
		}
	}
	row("duty", k.Duty)
	row("who", k.Who)
	row("when", k.When)
	from := string(k.Start)
	if k.After != "" {
		from += " (" + k.After + ")"
	}
	row("counts", "from "+from)
	row("counted", k.Counting)
	row("to", k.To)
	for _, a := range k.Content {
		row("content", a.Text)
	}
	for _, e := range k.Exceptions {
		row("except", e)
	}
	row("also", k.Also)
	row("notes", k.Notes)
	row("watch", k.Watch)
	row("since", k.Since)
	row("by", k.Citation)
	for _, s := range k.Sources {
		row("source", s)
	}
	row("checked", k.Checked)
	row("file", k.File)
	row("off", k.Off)
	return w.String()
}

// completeClocks completes an incident, then a clock.
func (p *program) completeClocks(c *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective) {
	if len(args) != 1 {
		return p.completeIncidents(c, args, text)
	}
	p.silent = true // a shell that completes must not ask for a passphrase
	s, err := p.session()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	list, err := s.Service().KnownClocks()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var out []string
	for _, k := range list {
		out = append(out, k.ID+"\t"+term.Safe(k.Duty))
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
