package cmd

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/response"
)

type drillOptions struct {
	p        *program
	playbook string
	auto     bool
	plain    bool
	exercise exerciseOptions
}

func newDrillCmd(p *program, run func(*cobra.Command, *drillOptions) error) *cobra.Command {
	o := &drillOptions{p: p}
	c := &cobra.Command{
		Use:   "drill [PLAYBOOK or SCENARIO]",
		Short: "Exercise a playbook",
		Long: `Open an exercise on a playbook (linux-host-intrusion by default): evidence is
really collected from this machine; actions and notifications go to stand-ins
inside this program that keep state, so that they can be verified and undone.
With --auto, or without a terminal, it runs to its end by itself and leaves the
review behind.

With a scenario, by its id or by --scenario, it is an exercise for a team: the evidence is the scenario's, with
an attack hidden in it, and injects arrive while people work: alerts, calls, a
system that fails, a colleague who falls ill. "drill list" shows the scenarios. The
playbook is the scenario's, when none is named. With --auto a made-up player takes
everybody's part; the same --seed gives the same score. The others join with
"drill join", or are named with --participants. At the end "drill report" writes
the training record. docs/drills.md shows how to hold one.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return exactly(1, "a playbook")(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.playbook = args[0]
			}
			o.exercise.playbook = o.playbook
			if o.playbook == "" {
				o.playbook = "linux-host-intrusion"
			}
			return run(c, o)
		},
	}
	o.exercise.addFlags(c)
	c.Flags().BoolVar(&o.auto, "auto", false, "run to the end with nobody at the keyboard")
	c.Flags().BoolVar(&o.plain, "plain", false, "lines instead of screens")
	c.AddCommand(newDrillListCmd(p, runDrillList), newDrillStatusCmd(p, runDrillStatus), newDrillAnswerCmd(p, runDrillAnswer), newDrillNextCmd(p, runDrillNext),
		newDrillJoinCmd(p, runDrillJoin), newDrillEndCmd(p, runDrillEnd), newDrillReportCmd(p, runDrillReport))
	return c
}

func runDrill(c *cobra.Command, o *drillOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	all, err := s.Service().Scenarios()
	if err != nil && response.CodeOf(err) != response.CodePartial {
		return err
	}
	if o.exercise.wanted(c) || slices.ContainsFunc(all, func(k response.KnownScenario) bool { return k.ID == o.exercise.playbook }) {
		return o.holdExercise(c, s)
	}
	inc, err := s.StartDrill(c.Context(), o.playbook)
	if err != nil {
		return err
	}
	if !o.auto && !o.p.json && (o.p.IsTerminal || o.plain) {
		return runScreens(c.Context(), o.p, &runOptions{incident: string(inc.ID), plain: o.plain})
	}
	return o.unattended(c.Context(), s, inc)
}

// unattended runs the drill to its end and prints its activity as it goes.
func (o *drillOptions) unattended(ctx context.Context, s *response.Session, inc incident.Incident) error {
	var follow func() error
	if !o.p.json {
		follow = o.follow(ctx, s, inc.ID)
	}
	var last time.Time
	progress := func(response.Progress) {
		if now := o.p.Now(); follow != nil && now.Sub(last) > time.Second {
			last = now
			_ = follow() // the end says it again if it fails
		}
	}
	w, err := s.RunDrill(ctx, inc.ID, progress)
	if follow != nil {
		if ferr := follow(); ferr != nil && err == nil {
			err = ferr
		}
	}
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(map[string]any{"incident": inc.ID, "review": w.Markdown, "html": w.HTML})
	}
	return o.p.printf("\nThe drill %s has ended. Its review:\n  %s\n  %s\n", inc.ID, w.Markdown, w.HTML)
}

// follow prints what was recorded since it was last called.
func (o *drillOptions) follow(ctx context.Context, s *response.Session, id incident.ID) func() error {
	seen := int64(0)
	return func() error {
		acts, err := s.ActivitySince(context.WithoutCancel(ctx), id, seen)
		if err != nil {
			return err
		}
		for _, a := range acts {
			seen = a.Seq
			bad := " "
			if a.Bad {
				bad = "!"
			}
			if err := o.p.printf("%s %s %-9s %s\n", a.Time.UTC().Format("15:04:05Z"), bad, a.Phase, term.Cut(term.Safe(a.Text), 160)); err != nil {
				return err
			}
		}
		return nil
	}
}
