package cmd

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/response"
)

func newDrillListCmd(p *program, run func(*cobra.Command, *program) error) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the scenarios there are",
		Long: `List the scenarios there are: id, playbook, length, how many injects arrive, and the
story. Those below scenarios in $FIREBREAK_HOME and in your folders of playbooks are
named by their id as the built-in ones are, and so are those of packs, once a pack
is accepted. docs/drills.md shows how to hold one, and how to write your own.`,
		Example: `  firebreak drill --scenario leaked-token --auto   # see one played, in seconds`,
		Args:    exactly(0, "nothing"),
		RunE:    func(c *cobra.Command, _ []string) error { return run(c, p) },
	}
}

func runDrillList(_ *cobra.Command, p *program) error {
	s, err := p.session()
	if err != nil {
		return err
	}
	all, listErr := s.Service().Scenarios()
	for _, k := range all {
		if err := p.scenario(k); err != nil {
			return err
		}
	}
	return listErr
}

// scenario prints one scenario of the list.
func (p *program) scenario(k response.KnownScenario) error {
	if p.json {
		out := map[string]any{
			"id": k.ID, "name": k.Name, "version": k.Version, "playbook": k.Playbook, "sha256": k.SHA256,
			"length_s": int64(k.Length / time.Second), "roles": k.Roles, "injects": len(k.Injects),
		}
		if k.File != "" {
			out["file"] = k.File
		}
		if k.Pack != nil {
			out["pack"], out["state"] = k.Pack.ID, k.Pack.State
		}
		return p.printJSON(out)
	}
	from := ""
	switch {
	case k.File != "":
		from = "  (" + term.Safe(k.File) + ")"
	case k.Pack != nil && k.Pack.State == response.PackAccepted:
		from = "  (pack " + term.Safe(k.Pack.ID) + ")"
	case k.Pack != nil:
		from = fmt.Sprintf("  (pack %s, %s: to look at only)", term.Safe(k.Pack.ID), k.Pack.State)
	}
	return p.printf("%-22s %-28s %6s  %10s  %s%s\n", k.ID, k.Playbook, strings.TrimSuffix(k.Length.String(), "m0s")+"m", plural(int64(len(k.Injects)), "inject"), term.Safe(k.Name), from)
}

// exerciseAbout are those of a command about one exercise.
type exerciseAbout struct {
	p        *program
	incident string
	watch    bool
}

func newDrillStatusCmd(p *program, run func(*cobra.Command, *exerciseAbout) error) *cobra.Command {
	o := &exerciseAbout{p: p}
	c := &cobra.Command{
		Use:   "status INCIDENT",
		Short: "Show the clock of an exercise and what came in",
		Long: `Show the clock of an exercise, the injects that have come, and those that want an
answer. Looking also brings in what is due, so that an inject comes even when
nobody has the screens open; --watch goes on looking and prints each as it comes.`,
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	c.Flags().BoolVar(&o.watch, "watch", false, "go on, and print what comes, until the exercise has ended or Ctrl-C")
	return c
}

func runDrillStatus(c *cobra.Command, o *exerciseAbout) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	v, err := s.Exercise(c.Context(), id)
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(v)
	}
	if err := o.p.exercise(v); err != nil || !o.watch {
		return err
	}
	seen := len(v.Injects)
	for !v.Over {
		select {
		case <-c.Context().Done():
			return c.Context().Err()
		case <-time.After(time.Second):
		}
		if v, err = s.Exercise(c.Context(), id); err != nil {
			return err
		}
		for _, i := range v.Injects[min(seen, len(v.Injects)):] {
			if err := o.p.inject(i, true); err != nil {
				return err
			}
		}
		seen = len(v.Injects)
	}
	return o.p.printf("The exercise has ended.\n")
}

// exercise prints where an exercise stands.
func (p *program) exercise(v response.ExerciseView) error {
	pace := fmt.Sprintf("its clock runs at %g times the world's", v.Speed)
	switch {
	case v.Over:
		pace = "it has ended"
	case v.Speed == 0:
		pace = "its clock is moved with: firebreak drill next " + string(v.Incident)
	case v.Speed == 1:
		pace = "its clock runs as the world's"
	}
	if err := p.printf("%s  %s (%s %s, seed %d)\n%s into the exercise, %s in the story; %s\n", v.Incident, term.Safe(v.Name), v.Scenario, v.Version, v.Seed,
		onClock(v.Elapsed), v.Clock.UTC().Format("Mon 15:04Z"), pace); err != nil {
		return err
	}
	if v.Elapsed < 60 || len(v.Injects) == 0 {
		if err := p.printf("\n%s\n", term.SafeLines(strings.TrimSpace(v.About))); err != nil {
			return err
		}
	}
	for _, seat := range v.Seats {
		name := seat.Name
		if name == "" {
			name = "(free: firebreak drill join " + string(v.Incident) + ")"
		}
		if err := p.printf("  %-28s %s\n", roles(seat.Roles), term.Safe(name)); err != nil {
			return err
		}
	}
	for _, i := range v.Injects {
		if err := p.inject(i, i.State == "open" || i.State == "late"); err != nil {
			return err
		}
	}
	switch {
	case v.Over:
		return p.printf("\nThe report: firebreak drill report %s\n", v.Incident)
	case v.Open > 0:
		return p.printf("\n%d of these want an answer: firebreak drill answer %s INJECT CHOICE\n", v.Open, v.Incident)
	}
	return nil
}

func roles(rs []incident.Role) string {
	var out []string
	for _, r := range rs {
		out = append(out, string(r))
	}
	return strings.Join(out, ", ")
}

// inject prints one inject, whole when it wants an answer.
func (p *program) inject(i response.InjectView, whole bool) error {
	from := ""
	if i.From != "" {
		from = ", from " + i.From
	}
	to := ""
	if i.To != "" {
		to = ", for the " + string(i.To)
	}
	if err := p.printf("\n%s  [%s] %s%s%s\n", onClock(i.At), i.ID, term.Safe(i.Title), term.Safe(from), to); err != nil {
		return err
	}
	if !whole {
		if i.State == "answered" {
			return p.printf("         answered by %s: %s\n", term.Safe(i.By), term.Safe(i.Answer))
		}
		return nil
	}
	for _, l := range strings.Split(term.SafeLines(strings.TrimSpace(i.Text)), "\n") {
		if err := p.printf("         %s\n", l); err != nil {
			return err
		}
	}
	if i.Question == "" || i.State == "answered" {
		return nil
	}
	left := "answer within " + onClock(max(i.Left, 0))
	if i.State == "late" {
		left = "LATE since " + onClock(-i.Left)
	}
	if err := p.printf("         %s  (%s)\n", term.Safe(i.Question), left); err != nil {
		return err
	}
	for _, ch := range i.Choices {
		if err := p.printf("           %-10s %s\n", ch.ID, term.Safe(ch.Text)); err != nil {
			return err
		}
	}
	return nil
}
