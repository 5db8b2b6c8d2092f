package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/response"
)

type outboxOptions struct {
	p         *program
	incidents []string
	all       bool
}

func newOutboxCmd(p *program, run func(*cobra.Command, *outboxOptions) error) *cobra.Command {
	o := &outboxOptions{p: p}
	c := &cobra.Command{
		Use:   "outbox [INCIDENT…]",
		Short: "Show what is not sent yet, failed or unknown, and go on with it",
		Long: `Show what has not come to a good end: actions that wait to be sent, are unknown or
failed, each with its class, its attempts, when it is tried next, and the command
that goes on from there; then where each connection stands. Without an incident:
of all of them. Nothing is sent by looking.

An action that is known not to have been sent is tried again by itself, with the
same key: one that changes something for two minutes, a message for a day. To be
without a network is nothing out of the ordinary: firebreak outbox run sends what
waits when it can, from a second shell or from cron.`,
		Example: `  firebreak outbox last
  firebreak outbox run last
  firebreak outbox retry last a3
  firebreak outbox drop last a3 --reason "said by phone"`,
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incidents = args
			return run(c, o)
		},
	}
	c.Flags().BoolVar(&o.all, "all", false, "also what was sent, and what was given up")
	c.AddCommand(newOutboxRunCmd(p, runOutboxRun), newOutboxRetryCmd(p, runOutboxRetry), newOutboxDropCmd(p, runOutboxDrop))
	return c
}

func runOutbox(c *cobra.Command, o *outboxOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	ids, err := s.Service().IDs(o.incidents)
	if err != nil {
		return err
	}
	n := 0
	for _, id := range ids {
		rows, err := s.Outbox(c.Context(), id, o.all)
		if err != nil {
			return err
		}
		n += len(rows)
		for _, r := range rows {
			if err := o.p.outboxRow(r, len(ids) > 1); err != nil {
				return err
			}
		}
	}
	gates, err := s.Service().Gates()
	if err != nil {
		return err
	}
	if n == 0 && !o.p.json {
		if err := o.p.printf("nothing waits, failed or is unknown\n"); err != nil {
			return err
		}
	}
	for _, g := range gates {
		if err := o.p.gate(g); err != nil {
			return err
		}
	}
	return nil
}

// outboxRow prints one row.
func (p *program) outboxRow(r response.OutboxRow, named bool) error {
	if p.json {
		return p.printJSON(r)
	}
	of := ""
	if named {
		of = string(r.Incident) + " "
	}
	state := string(r.State)
	if r.Class != "" {
		state += " (" + r.Class + ")"
	}
	line := fmt.Sprintf("%s%-4s %-20s %s  %s over %s", of, r.Action, state, attempts(r.Attempts), term.Safe(r.Title), term.Safe(r.Connection))
	for _, note := range rowNotes(r) {
		line += "\n     " + note
	}
	return p.printf("%s\n", line)
}

func attempts(n int) string {
	if n == 1 {
		return "1 attempt"
	}
	return fmt.Sprintf("%d attempts", n)
}

func rowNotes(r response.OutboxRow) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if r.Instead != "" {
		add("carries the message of %s", term.Safe(r.Instead))
	}
	if r.Says != "" {
		add("%s", term.Safe(r.Says))
	}
	switch {
	case r.MayHaveHappened:
		add("IT MAY HAVE HAPPENED: look before it is sent again")
	case r.NeedsHuman:
		add("it waits for a person")
	}
	if !r.NextTry.IsZero() {
		until := ""
		if !r.Until.IsZero() {
			until = ", until " + utc(r.Until)
		}
		add("next: not before %s%s", utc(r.NextTry), until)
	}
	if r.Do != "" {
		add("next: %s", term.Safe(r.Do))
	}
	return out
}

// gate prints where a connection stands.
func (p *program) gate(v response.ConnectionView) error {
	if p.json {
		return p.printJSON(struct {
			Connection response.ConnectionView `json:"connection"`
		}{v})
	}
	line := fmt.Sprintf("connection %-14s breaker %s", term.Safe(v.Connection), v.Breaker)
	if v.Breaker != response.BreakerClosed {
		line = strings.Replace(line, v.Breaker, strings.ToUpper(v.Breaker), 1)
	}
	if v.Failures > 0 {
		line += fmt.Sprintf(", %d failed in a row", v.Failures)
	}
	if v.Breaker == response.BreakerOpen {
		line += ", left alone until " + utc(v.Until)
	}
	if v.PerMinute > 0 {
		line += fmt.Sprintf(", %.4g writes a minute", v.PerMinute)
	}
	if !v.Next.IsZero() {
		line += ", next " + utc(v.Next)
	}
	return p.printf("%s\n", line)
}

type outboxRunOptions struct {
	p        *program
	incident string
	once     bool
}

func newOutboxRunCmd(p *program, run func(*cobra.Command, *outboxRunOptions) error) *cobra.Command {
	o := &outboxRunOptions{p: p}
	c := &cobra.Command{
		Use:   "run INCIDENT",
		Short: "Send what waits in the outbox, until it is empty",
		Long: `Send what waits in the outbox when it can be sent, and look for what is unknown
once a look can be believed; what surely did not happen is sent again with its
key. It ends when nothing is left that goes on by itself. With --once it does what
is due now and ends: for cron. Several may run at a time; each action is sent by
one of them. Exits with 5 when something was left to a person.`,
		Args: exactly(1, "an incident"), ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	c.Flags().BoolVar(&o.once, "once", false, "do what is due now, and wait for nothing else")
	return c
}

func runOutboxRun(c *cobra.Command, o *outboxRunOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	done, err := s.RunOutbox(c.Context(), id, o.once, o.p.progress())
	if err != nil {
		return err
	}
	if o.p.json {
		err = o.p.printJSON(done)
	} else {
		err = o.p.outboxRun(id, done)
	}
	if err == nil && len(done.Failed) > 0 {
		return errReported{Partial}
	}
	return err
}

func (p *program) outboxRun(id incident.ID, done response.OutboxRun) error {
	line := fmt.Sprintf("%s  delivered %s", id, delivered(done.Delivered))
	if len(done.Failed) > 0 {
		line += "; LEFT TO A PERSON " + delivered(done.Failed)
	}
	if err := p.printf("%s\n", line); err != nil {
		return err
	}
	for _, r := range done.Waiting {
		if err := p.outboxRow(r, false); err != nil {
			return err
		}
	}
	if !done.Next.IsZero() {
		return p.printf("next try not before %s\n", utc(done.Next))
	}
	return nil
}

func delivered(actions []string) string {
	if len(actions) == 0 {
		return "nothing"
	}
	return strings.Join(actions, ", ")
}

type outboxRetryOptions struct {
	p        *program
	incident string
	action   string
	again    bool
	reason   string
}

func newOutboxRetryCmd(p *program, run func(*cobra.Command, *outboxRetryOptions) error) *cobra.Command {
	o := &outboxRetryOptions{p: p}
	c := &cobra.Command{
		Use:   "retry INCIDENT ACTION",
		Short: "Send an action now that was not sent",
		Long: `Send an action that is known not to have been sent, now and with the same key; an
open breaker lets it through. One that may have been sent, or was refused, is
sent once more only with --again and a reason: as a new action with a new key,
which needs an approval of its own where the first needed one. A message that
somebody may have got already says so.`,
		Args: exactly(2, "an incident and an action, as in a1"), ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.action = args[0], args[1]
			return run(c, o)
		},
	}
	c.Flags().BoolVar(&o.again, "again", false, "send it once more although it may have been sent")
	c.Flags().StringVar(&o.reason, "reason", "", "why (required with --again)")
	return c
}

func runOutboxRetry(c *cobra.Command, o *outboxRetryOptions) error {
	if !o.again && o.reason != "" {
		return errFlag{fmt.Errorf("--reason goes with --again: what was not sent needs none")}
	}
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	a, err := s.Retry(c.Context(), id, o.action, o.again, o.reason, o.p.progress())
	if err != nil {
		return err
	}
	if a.State == response.Planned {
		return o.p.action(id, a)
	}
	return o.p.outcome(id, a)
}

type outboxDropOptions struct {
	p        *program
	incident string
	action   string
	reason   string
}

func newOutboxDropCmd(p *program, run func(*cobra.Command, *outboxDropOptions) error) *cobra.Command {
	o := &outboxDropOptions{p: p}
	c := &cobra.Command{
		Use:   "drop INCIDENT ACTION",
		Short: "Give up an action that was not sent, or is unknown",
		Long: `Give an action up: it is not sent any more. The reason is recorded. Of one that may
have happened nothing more is known by that: the review says so.`,
		Args: exactly(2, "an incident and an action, as in a1"), ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.action = args[0], args[1]
			return run(c, o)
		},
	}
	c.Flags().StringVar(&o.reason, "reason", "", "why (required)")
	return c
}

func runOutboxDrop(c *cobra.Command, o *outboxDropOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	a, err := s.Drop(c.Context(), id, o.action, o.reason)
	if err != nil {
		return err
	}
	return o.p.outcome(id, a)
}
