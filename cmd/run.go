package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/response"
	"firebreak/tui"
)

type runOptions struct {
	p        *program
	incident string
	plain    bool
	auto     bool
	step     string
	readOnly bool
	screen   string // shown first, when the screens were locked there
}

func newRunCmd(p *program, run func(*cobra.Command, *runOptions) error) *cobra.Command {
	o := &runOptions{p: p}
	c := &cobra.Command{
		Use:        "run INCIDENT",
		SuggestFor: []string{"tui", "resume", "continue"},
		Short:      "Walk through an incident on the screen",
		Long: `Open the screens on an incident. With --plain (or FIREBREAK_PLAIN=1, or on a
terminal that cannot draw) the same in lines, for screen readers and slow lines.
With --auto perform every step that needs nobody and stop where a person is
needed; with --step perform one automatic step.`,
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.plain, "plain", false, "lines instead of screens")
	f.BoolVar(&o.auto, "auto", false, "perform what needs nobody, then stop")
	f.StringVar(&o.step, "step", "", "perform this automatic step")
	f.BoolVar(&o.readOnly, "read-only", false, "look, but change nothing")
	c.MarkFlagsMutuallyExclusive("plain", "auto", "step")
	return c
}

func runRun(c *cobra.Command, o *runOptions) error {
	switch {
	case o.auto:
		return runAuto(c.Context(), o)
	case o.step != "":
		s, id, err := o.p.incident(o.incident)
		if err != nil {
			return err
		}
		if err := s.RunStep(c.Context(), id, o.step, o.p.progress()); err != nil {
			return err
		}
		step := stepOptions{p: o.p, step: o.step}
		return step.said(c, s, id)
	}
	return runScreens(c.Context(), o.p, o)
}

// runScreens opens the screens, or their plain form where nothing can be drawn.
func runScreens(ctx context.Context, p *program, o *runOptions) error {
	s, err := p.session()
	if err != nil {
		return err
	}
	var id incident.ID
	if o.incident != "" {
		if id, err = s.Service().ParseID(o.incident); err != nil {
			return err
		}
	}
	if o.plain || p.Getenv("FIREBREAK_PLAIN") != "" || p.Getenv("TERM") == "dumb" || !p.IsTerminal {
		err = tui.Plain(ctx, tui.PlainOptions{Session: s, Incident: id, In: p.In, Out: p.Out, Now: p.Now, ReadOnly: o.readOnly})
	} else {
		p.drawing = true
		err = p.screens(ctx, s, id, o)
	}
	if ctx.Err() != nil && err == nil {
		return context.Canceled
	}
	return err
}

// screens draws until the person leaves, or nobody is there.
func (p *program) screens(ctx context.Context, s *response.Session, id incident.ID, o *runOptions) error {
	look, ascii := tui.LookFor(p.Getenv)
	service := s.Service()
	drafts, err := service.TakeDrafts()
	if err != nil {
		return err
	}
	var locking tui.Locking
	if service.Protection().Encrypted {
		locking = tui.Locking{After: service.LockAfter(), Asks: service.Typed(), Check: service.Opens}
	}
	err = tui.Run(ctx, tui.Options{
		Session: s, Incident: id, In: p.In, Out: p.Out, Now: p.Now, ReadOnly: o.readOnly, Look: look, ASCII: ascii, Here: p.Now().Location(),
		Locking: locking, Screen: o.screen, Drafts: drafts, EditReview: p.editReview(s),
	})
	var was *tui.Locked
	if errors.As(err, &was) {
		return p.relock(was, locking.Asks, o.readOnly) //nolint:contextcheck // closing is not cancelled
	}
	return err
}

// lookFirst is the error of a run that waits because nobody knows whether an
// action happened: that is no good end for a script.
func lookFirst(id incident.ID, w response.Waiting) error {
	if len(w.Unknown) == 0 {
		return nil
	}
	return &response.Error{
		Code: response.CodeUnknown, Hint: fmt.Sprintf("firebreak do %s %s --look", id, w.Unknown[0]),
		Err: errors.New(w.Reason),
	}
}

func runAuto(ctx context.Context, o *runOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	w, err := s.Advance(ctx, id, o.p.progress())
	if err != nil {
		return err
	}
	if o.p.json {
		if err := o.p.printJSON(struct {
			Incident incident.ID `json:"incident"`
			response.Waiting
		}{id, w}); err != nil {
			return err
		}
		return lookFirst(id, w)
	}
	switch {
	case len(w.Unknown) > 0:
		if err := o.p.printf("%s  waits for a person: %s\n", id, strings.Join(w.Steps, ", ")); err != nil {
			return err
		}
		return lookFirst(id, w)
	case w.Done:
		return o.p.printf("%s  the run has ended\nnext: firebreak review %s, then firebreak close %s\n", id, id, id)
	case len(w.Steps) > 0:
		reason := ""
		if w.Reason != "" {
			reason = ": " + term.Safe(w.Reason)
		}
		return o.p.printf("%s  waits for a person: %s%s\nnext: firebreak run %s\n", id, strings.Join(w.Steps, ", "), reason, id)
	case len(w.Others) > 0:
		return o.p.printf("%s  waits for another process, which performs %s\n", id, strings.Join(w.Others, ", "))
	case !w.Until.IsZero():
		return o.p.printf("%s  waits until %s\n", id, utc(w.Until))
	}
	return errors.New("the run neither goes on nor waits")
}
