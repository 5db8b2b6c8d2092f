package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/response"
)

type containedOptions struct {
	p        *program
	incident string
}

func newContainedCmd(p *program, run func(*cobra.Command, *containedOptions) error) *cobra.Command {
	o := &containedOptions{p: p}
	c := &cobra.Command{
		Use:   "contained INCIDENT",
		Short: "List what is in force: until when, by whom, how it is undone",
		Long: `List the effects that hold until they are undone: what was blocked, stopped,
locked or switched off. Each has a time (4 hours, where nobody said otherwise).
When it is over you are reminded, and the plan that undoes it is prepared; only
what was planned with --auto-revert is undone by itself. There is no daemon: it
is done by whoever looks, here, in the screens or with run --auto.`,
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	c.AddCommand(newExtendCmd(p, runExtend))
	return c
}

func runContained(c *cobra.Command, o *containedOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	due := s.Remind(c.Context(), id) // what is due is done, and what is in force is told all the same
	all, err := s.Contained(c.Context(), id)
	if err != nil {
		return errors.Join(due, err)
	}
	if !o.p.json && len(all) == 0 {
		return errors.Join(o.p.printf("nothing is in force\n"), due)
	}
	for _, x := range all {
		if o.p.json {
			err = o.p.printJSON(x)
		} else {
			err = o.p.containment(id, x)
		}
		if err != nil {
			return err
		}
	}
	return due
}

// containment prints what is in force, and what can be done about it.
func (p *program) containment(id incident.ID, x response.Containment) error {
	var w strings.Builder
	fmt.Fprintf(&w, "%-4s %s on %s\n", x.Action, term.Safe(x.Title), term.Safe(x.Target))
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&w, "     %-7s "+format+"\n", append([]any{name}, args...)...)
	}
	state := ""
	if x.State != response.Verified {
		state = ", " + string(x.State)
	}
	row("since", "%s by %s%s", utc(x.Since), term.Safe(strings.Join(x.By, ", ")), state)
	switch left := x.Until.Sub(p.Now()); {
	case x.Until.IsZero():
		row("until", "somebody undoes it")
	case x.Over:
		row("until", "%s: OVER for %s", utc(x.Until), span(-left))
	default:
		row("until", "%s: %s left", utc(x.Until), span(left))
	}
	if x.Extended != "" {
		row("more", "time given %s", term.Safe(x.Extended))
	}
	if x.Auto {
		row("then", "undone by itself, by whoever looks")
	}
	if x.Timer != "" {
		row("timer", "%s", term.Safe(x.Timer))
	}
	row("undo", "%s", term.Safe(x.Undo))
	switch {
	case x.Undoing == "":
		row("next", "firebreak revert %s %s", id, x.Action)
	case x.UndoState == response.Planned:
		row("next", "firebreak approve %s %s", id, x.Undoing)
	default:
		row("next", "firebreak do %s %s (%s)", id, x.Undoing, x.UndoState)
	}
	return p.printf("%s", w.String())
}

// span is a length of time in its two largest units.
func span(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd%02dh", int(d.Hours())/24, int(d.Hours())%24)
}

// ago is how long ago something was.
func (p *program) ago(t time.Time) string { return span(p.Now().Sub(t)) + " ago" }

// lasts says how long an effect is meant to last.
func (p *program) lasts(a response.ActionView) string {
	if a.Lasts == "" {
		return ""
	}
	d, err := time.ParseDuration(a.Lasts)
	if err != nil {
		return a.Lasts
	}
	s := span(d) + " from when it is sent"
	if a.Ends != "" {
		return s + ", then undone by itself"
	}
	return s + ", then you are reminded"
}

// needs says who has to agree.
func needs(a response.ActionView) string {
	if a.Approvals == 0 {
		return ""
	}
	s := fmt.Sprintf("%d of %d approval(s)", len(a.ApprovedBy), a.Approvals)
	if a.By != "" {
		s += " by the " + string(a.By)
	}
	if a.Second || a.Approvals > 1 {
		s += ", not by who planned it"
	}
	if a.MustType() {
		s += ", with the target's name typed"
	}
	return s
}

type extendOptions struct {
	p        *program
	incident string
	action   string
	lasts    string
	reason   string
}

func newExtendCmd(p *program, run func(*cobra.Command, *extendOptions) error) *cobra.Command {
	o := &extendOptions{p: p}
	c := &cobra.Command{
		Use:               "extend INCIDENT ACTION",
		Short:             "Give a containment more time, with a reason",
		Long:              "Give a containment more time, counted from now. The reason is recorded. A plan to undo it that was prepared and not sent is withdrawn. A timer of the other side is not changed by it.",
		Example:           `  firebreak contained extend last a3 --for 4h --reason "the host is not clean yet"`,
		Args:              exactly(2, "an incident and an action, as in a1"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.action = args[0], args[1]
			return run(c, o)
		},
	}
	c.Flags().StringVar(&o.lasts, "for", "4h", "how long from now, as in `4h` or 2d")
	c.Flags().StringVar(&o.reason, "reason", "", "why")
	return c
}

func runExtend(c *cobra.Command, o *extendOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	d, err := lasting(o.lasts)
	if err != nil || d == 0 {
		return errFlag{fmt.Errorf("--for %q: want a time as in 4h or 2d", o.lasts)}
	}
	x, err := s.Extend(c.Context(), id, o.action, d, o.reason)
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(x)
	}
	if err := o.p.containment(id, x); err != nil || x.Timer == "" {
		return err
	}
	return o.p.printf("note: the other side's timer stays as it is: plan it again to set a new one\n")
}

type rollbackOptions struct {
	p        *program
	incident string
	step     string
	to       string
	all      bool
	dryRun   bool
	reason   string
}

func newRollbackCmd(p *program, run func(*cobra.Command, *rollbackOptions) error) *cobra.Command {
	o := &rollbackOptions{p: p}
	c := &cobra.Command{
		Use:   "rollback INCIDENT",
		Short: "Undo what was done, the last first",
		Long: `Undo what was done, the last first. Each undoing is an action of its own with a
plan and an approval: the first call plans them all, and each later one sends
those that were approved meanwhile. It can be called again after anything.

Only what we made is undone, and only where it is still as we left it; else a
person is asked to look. What fails does not keep back what acts on other
targets. With --to PHASE only what was done after that phase is undone.

Exit status 5 says that some of it still waits for an approval or a person.`,
		Example: `  firebreak rollback last --dry-run
  firebreak rollback last --step block-address --reason "false alarm"
  firebreak rollback last --to identify`,
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.step, "step", "", "only what this step did")
	f.StringVar(&o.to, "to", "", "only what was done after this `phase`")
	f.BoolVar(&o.all, "all", false, "what is of low danger too: messages, issues, comments")
	f.BoolVar(&o.dryRun, "dry-run", false, "say what would be undone; plan and send nothing")
	f.StringVar(&o.reason, "reason", "", "why")
	return c
}

func runRollback(c *cobra.Command, o *rollbackOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	r := response.RollbackRequest{Step: o.step, All: o.all, DryRun: o.dryRun, Reason: o.reason}
	if o.to != "" {
		if r.To, err = incident.ParsePhase(o.to); err != nil {
			return errFlag{fmt.Errorf("--to %q: %w", o.to, err)}
		}
	}
	report, err := s.Rollback(c.Context(), id, r)
	if err != nil && len(report.Results) == 0 {
		return err
	}
	if perr := o.print(report); perr != nil || err != nil {
		return errors.Join(err, perr)
	}
	if n := report.Open(); n > 0 && !o.dryRun {
		return &response.Error{Code: response.CodePartial, Hint: "approve or look, then call it again: firebreak rollback " + string(id), Err: fmt.Errorf("rollback %s: %d of %d still wait", id, n, len(report.Results))}
	}
	return nil
}

func (o *rollbackOptions) print(r response.RollbackReport) error {
	if o.p.json {
		return o.p.printJSON(r)
	}
	if len(r.Results) == 0 {
		return o.p.printf("nothing to undo%s\n", leftOver(r))
	}
	words := map[string]string{
		"reverted": "undone", "waiting": "waits", "irreversible": "NOT REVERSIBLE", "human": "NEEDS A HUMAN", "not-ours": "not ours",
	}
	for _, x := range r.Results {
		word := cmp.Or(words[x.Result], x.Result)
		if r.DryRun && x.Result == "waiting" {
			word = "would undo"
		}
		by := ""
		if x.Undo != "" {
			by = " by " + x.Undo
		}
		if err := o.p.printf("%-4s %-14s %s on %s%s\n", x.Action, word, term.Safe(x.Title), term.Safe(x.Target), by); err != nil {
			return err
		}
		if x.Why != "" {
			if err := o.p.printf("     %s\n", term.Safe(x.Why)); err != nil {
				return err
			}
		}
	}
	if left := leftOver(r); left != "" {
		return o.p.printf("%s\n", strings.TrimPrefix(left, "; "))
	}
	return nil
}

func leftOver(r response.RollbackReport) string {
	if r.Left == 0 {
		return ""
	}
	return fmt.Sprintf("; %d of low danger (messages, issues) stay as they are: --all", r.Left)
}
