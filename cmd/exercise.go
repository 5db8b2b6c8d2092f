package cmd

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	drills "firebreak/playbooks/drill"
	"firebreak/response"
)

// exerciseOptions are the flags of a drill that has a scenario.
type exerciseOptions struct {
	playbook     string
	scenario     string
	seed         int64
	speed        float64
	participants string
	player       string
}

func (o *exerciseOptions) addFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.scenario, "scenario", "", "a `SCENARIO`: an id that \"drill list\" shows, or a file")
	f.Int64Var(&o.seed, "seed", 1, "what the scenario draws with: the same seed gives the same evidence and injects")
	f.Float64Var(&o.speed, "speed", 1, "how many minutes of the exercise pass in one; 0: the clock moves with \"drill next\" only")
	f.StringVar(&o.participants, "participants", "", "how many take part, or their names: `3` or anna,ben,cem. The roles are dealt out among them")
	f.StringVar(&o.player, "player", string(drills.Perfect), "with --auto: the made-up player, perfect, careless or absent")
}

// wanted says whether a scenario is meant, and not the plain drill.
func (o *exerciseOptions) wanted(c *cobra.Command) bool {
	for _, name := range []string{"scenario", "seed", "speed", "participants", "player"} {
		if c.Flags().Changed(name) {
			return true
		}
	}
	return false
}

// start is what the flags ask for.
func (o *exerciseOptions) start(me string, auto bool) (response.NewExercise, error) {
	n := response.NewExercise{Scenario: o.scenario, Playbook: o.playbook, Seed: o.seed, Speed: o.speed, People: []string{me}}
	if o.scenario == "" && o.playbook == "" {
		n.Playbook = "linux-host-intrusion"
	}
	if auto {
		n.Speed = 0
	}
	if o.participants == "" {
		return n, nil
	}
	if count, err := strconv.Atoi(o.participants); err == nil {
		if count < 1 {
			return n, errFlag{fmt.Errorf("--participants %d: want one or more", count)}
		}
		n.Seats = count
		return n, nil
	}
	n.People = strings.Split(o.participants, ",")
	return n, nil
}

// holdExercise begins the exercise, and goes on as the flags say.
func (o *drillOptions) holdExercise(c *cobra.Command, s *response.Session) error {
	player, err := drills.ParsePlayer(o.exercise.player)
	if err != nil {
		return errFlag{err}
	}
	if o.auto && c.Flags().Changed("speed") {
		return errFlag{fmt.Errorf("--auto and --speed: a made-up player moves the clock by the scenario's pace")}
	}
	n, err := o.exercise.start(s.Actor().Name, o.auto)
	if err != nil {
		return err
	}
	inc, err := s.StartExercise(c.Context(), n)
	if err != nil {
		return err
	}
	switch {
	case o.auto:
		return o.playExercise(c.Context(), s, inc, player)
	case !o.p.json && (o.p.IsTerminal || o.plain):
		return runScreens(c.Context(), o.p, &runOptions{incident: string(inc.ID), plain: o.plain})
	}
	v, err := s.Exercise(c.Context(), inc.ID)
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(v)
	}
	return o.p.exercise(v)
}

// playExercise lets a made-up player take everybody's part.
func (o *drillOptions) playExercise(ctx context.Context, s *response.Session, inc incident.Incident, player drills.Player) error {
	var follow func() error
	if !o.p.json {
		follow = o.follow(ctx, s, inc.ID)
	}
	var last time.Time
	r, err := s.RunExercise(ctx, inc.ID, player, func(response.Progress) {
		if now := o.p.Now(); follow != nil && now.Sub(last) > time.Second {
			last = now
			_ = follow() // the end says it again if it fails
		}
	})
	if follow != nil {
		if ferr := follow(); ferr != nil && err == nil {
			err = ferr
		}
	}
	if err != nil {
		return err
	}
	return o.p.exerciseReport(r)
}

// exerciseReport prints a report that was written.
func (p *program) exerciseReport(r response.ExerciseReport) error {
	if p.json {
		return p.printJSON(r)
	}
	if err := p.score(r.Score); err != nil {
		return err
	}
	if r.Unrecorded != "" {
		p.errf("note: no entry tells of this report: %s\n", term.Safe(r.Unrecorded))
	}
	if err := p.printf("\nThe report of %s:\n  %s\n  %s\n  %s\n", r.Incident, r.Markdown, r.HTML, r.JSON); err != nil || r.PDF == "" {
		return err
	}
	return p.printf("  %s\n", r.PDF)
}

// score prints what was expected and what came of it.
func (p *program) score(s drills.Score) error {
	if err := p.printf("\n%d %% of the points: %g of %g\n", s.Percent, s.Points, s.Of); err != nil {
		return err
	}
	for _, i := range s.Items {
		says := i.Says
		if i.Clock != "" {
			says = i.Clock
		}
		points := fmt.Sprintf("%g/%g", i.Points, i.Weight)
		if i.State == drills.Open || i.State == drills.NotReached {
			points = ""
		}
		at := ""
		if i.At != nil {
			at = onClock(*i.At)
		}
		if err := p.printf("  %-11s %8s  %8s  %s\n", i.State, points, at, term.Cut(term.Safe(says), 110)); err != nil {
			return err
		}
	}
	return nil
}

// onClock is seconds on the clock of an exercise.
func onClock(s int64) string { return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60) }
