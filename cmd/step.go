package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/response"
)

type stepOptions struct {
	p        *program
	incident string
	step     string
	answers  []string
	note     string
	reason   string
	title    string
	text     string
	phase    string
	within   string
}

func newStepCmd(p *program) *cobra.Command {
	c := &cobra.Command{Use: "step", Short: "Move a step of the run", Args: subcommand, RunE: helpOnly}
	o := &stepOptions{p: p}
	sub := func(use, short string, run func(*cobra.Command, *stepOptions) error, flags func(*cobra.Command)) {
		s := &cobra.Command{
			Use: use + " INCIDENT STEP", Short: short, Args: exactly(2, "an incident and a step"), ValidArgsFunction: p.completeSteps,
			RunE: func(c *cobra.Command, args []string) error {
				o.incident, o.step = args[0], args[1]
				return run(c, o)
			},
		}
		flags(s)
		c.AddCommand(s)
	}
	sub("start", "Say that you are on a manual step", runStepStart, func(*cobra.Command) {})
	sub("done", "End a manual step, with the answers to its questions", runStepDone, func(c *cobra.Command) {
		c.Flags().StringArrayVar(&o.answers, "answer", nil, "answer a question: `NAME=VALUE`")
		c.Flags().StringVar(&o.note, "note", "", "a remark that is kept with the step")
	})
	sub("skip", "Pass a step over", runStepSkip, func(c *cobra.Command) { c.Flags().StringVar(&o.reason, "reason", "", "why (required)") })
	sub("reopen", "Take a finished, skipped or failed step up again", runStepReopen, func(c *cobra.Command) { c.Flags().StringVar(&o.reason, "reason", "", "why") })
	sub("note", "Record a remark on a step", runStepNote, func(c *cobra.Command) { c.Flags().StringVar(&o.note, "text", "", "the remark (required)") })
	add := &cobra.Command{
		Use: "add INCIDENT TITLE", Short: "Add a manual step to the run", Args: exactly(2, "an incident and a title in quotes"), ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.title = args[0], args[1]
			return runStepAdd(c, o)
		},
	}
	add.Flags().StringVar(&o.text, "text", "", "what to do")
	add.Flags().StringVar(&o.phase, "phase", "", "identify, contain, eradicate, recover or learn (default: the present one)")
	add.Flags().StringVar(&o.within, "within", "", "add it to the playbook that this `STEP` calls")
	c.AddCommand(add)
	return c
}

func helpOnly(c *cobra.Command, _ []string) error { return c.Help() }

func (o *stepOptions) in() (*response.Session, incident.ID, error) { return o.p.incident(o.incident) }

// said prints the step as it is after the change.
func (o *stepOptions) said(c *cobra.Command, s *response.Session, id incident.ID) error {
	b, err := s.Board(c.Context(), id)
	if err != nil {
		return err
	}
	for _, p := range b.Phases {
		for _, st := range p.Steps {
			if st.ID != o.step {
				continue
			}
			if o.p.json {
				return o.p.printJSON(map[string]any{"incident": id, "step": st.ID, "state": st.State, "next": b.Next})
			}
			return o.p.printf("%s %s\nnext: %s\n", st.ID, st.State, orNothing(b.Next))
		}
	}
	return nil
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

func runStepStart(c *cobra.Command, o *stepOptions) error {
	s, id, err := o.in()
	if err != nil {
		return err
	}
	if err := s.StartStep(c.Context(), id, o.step); err != nil {
		return err
	}
	return o.said(c, s, id)
}

func runStepDone(c *cobra.Command, o *stepOptions) error {
	s, id, err := o.in()
	if err != nil {
		return err
	}
	answers := map[string]string{}
	for _, a := range o.answers {
		name, value, ok := strings.Cut(a, "=")
		if !ok {
			return errFlag{fmt.Errorf("--answer %q: want NAME=VALUE", a)}
		}
		answers[name] = value
	}
	if err := s.DoneStep(c.Context(), id, o.step, answers, o.note); err != nil {
		return err
	}
	return o.said(c, s, id)
}

func runStepSkip(c *cobra.Command, o *stepOptions) error {
	s, id, err := o.in()
	if err != nil {
		return err
	}
	if err := s.SkipStep(c.Context(), id, o.step, o.reason); err != nil {
		return err
	}
	return o.said(c, s, id)
}

func runStepReopen(c *cobra.Command, o *stepOptions) error {
	s, id, err := o.in()
	if err != nil {
		return err
	}
	if err := s.ReopenStep(c.Context(), id, o.step, o.reason); err != nil {
		return err
	}
	return o.said(c, s, id)
}

func runStepNote(c *cobra.Command, o *stepOptions) error {
	s, id, err := o.in()
	if err != nil {
		return err
	}
	if err := s.Note(c.Context(), id, o.step, o.note, false); err != nil {
		return err
	}
	return o.said(c, s, id)
}

func runStepAdd(c *cobra.Command, o *stepOptions) error {
	s, id, err := o.in()
	if err != nil {
		return err
	}
	phase, err := incident.ParsePhase(o.phase)
	if err != nil {
		return errFlag{err}
	}
	if o.step, err = s.AddStep(c.Context(), id, record.AdHoc{ID: within(o.within), Title: o.title, Text: o.text, Phase: phase}); err != nil {
		return err
	}
	return o.said(c, s, id)
}

// within is the beginning of the names of a called playbook's steps.
func within(caller string) string {
	if caller == "" {
		return ""
	}
	return strings.TrimSuffix(caller, "/") + "/"
}

// completeSteps completes an incident, then one of its steps.
func (p *program) completeSteps(c *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if len(args) != 1 {
		return p.completeIncidents(c, args, prefix)
	}
	s, id, err := p.incident(args[0])
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	b, err := s.Board(c.Context(), id)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var out []string
	for _, ph := range b.Phases {
		for _, st := range ph.Steps {
			out = append(out, st.ID)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
