package cmd

import (
	"time"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
)

type drillAnswerOptions struct {
	p        *program
	incident string
	inject   string
	choice   string
	note     string
}

func newDrillAnswerCmd(p *program, run func(*cobra.Command, *drillAnswerOptions) error) *cobra.Command {
	o := &drillAnswerOptions{p: p}
	c := &cobra.Command{
		Use:   "answer INCIDENT INJECT [CHOICE]",
		Short: "Answer an inject",
		Long: `Answer an inject with one of its choices, or where it has none in words with
--note. The first answer counts; one that comes late counts half.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 2 {
				return nil
			}
			return exactly(3, "an incident, an inject and a choice")(c, args)
		},
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.inject = args[0], args[1]
			if len(args) == 3 {
				o.choice = args[2]
			}
			return run(c, o)
		},
	}
	c.Flags().StringVar(&o.note, "note", "", "the answer in words, or why")
	return c
}

func runDrillAnswer(c *cobra.Command, o *drillAnswerOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	late, err := s.AnswerInject(c.Context(), id, o.inject, o.choice, o.note)
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(map[string]any{"incident": id, "inject": o.inject, "choice": o.choice, "late": late})
	}
	word := "in time"
	if late {
		word = "too late"
	}
	return o.p.printf("answered %s, %s\n", term.Safe(o.inject), word)
}

type drillNextOptions struct {
	p        *program
	incident string
	by       time.Duration
	reason   string
}

func newDrillNextCmd(p *program, run func(*cobra.Command, *drillNextOptions) error) *cobra.Command {
	o := &drillNextOptions{p: p}
	c := &cobra.Command{
		Use:   "next INCIDENT",
		Short: "Move the clock of an exercise on",
		Long: `Move the clock of an exercise to the next inject whose time is known, or with --by
that far. For whoever leads the exercise: everybody sees what comes. Injects that
wait for something to happen come when it happens.`,
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	c.Flags().DurationVar(&o.by, "by", 0, "how far, as in 10m")
	c.Flags().StringVar(&o.reason, "reason", "", "why")
	return c
}

func runDrillNext(c *cobra.Command, o *drillNextOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	before, err := s.Exercise(c.Context(), id)
	if err != nil {
		return err
	}
	by, err := s.MoveExercise(c.Context(), id, o.by, o.reason)
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
	if err := o.p.printf("%s later: %s into the exercise, %s in the story\n", onClock(int64(by/time.Second)), onClock(v.Elapsed), v.Clock.UTC().Format("Mon 15:04Z")); err != nil {
		return err
	}
	for _, i := range v.Injects[min(len(before.Injects), len(v.Injects)):] {
		if err := o.p.inject(i, true); err != nil {
			return err
		}
	}
	return nil
}

type drillJoinOptions struct {
	p        *program
	incident string
	role     string
}

func newDrillJoinCmd(p *program, run func(*cobra.Command, *drillJoinOptions) error) *cobra.Command {
	o := &drillJoinOptions{p: p}
	c := &cobra.Command{
		Use:   "join INCIDENT",
		Short: "Take a free seat at an exercise",
		Long: `Take the first seat of an exercise that nobody has, or with --role the one with
that role. You get its roles; what you do from then on is counted as yours.`,
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	c.Flags().StringVar(&o.role, "role", "", "a role of the seat that you want")
	return c
}

func runDrillJoin(c *cobra.Command, o *drillJoinOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	got, err := s.JoinExercise(c.Context(), id, incident.Role(o.role))
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(map[string]any{"incident": id, "person": s.Actor().Name, "roles": got})
	}
	return o.p.printf("%s: %s is %s. Go on with: firebreak run %s\n", id, term.Safe(s.Actor().Name), roles(got), id)
}

type drillEndOptions struct {
	p        *program
	incident string
	reason   string
}

func newDrillEndCmd(p *program, run func(*cobra.Command, *drillEndOptions) error) *cobra.Command {
	o := &drillEndOptions{p: p}
	c := &cobra.Command{
		Use:   "end INCIDENT",
		Short: "End an exercise",
		Long: `End an exercise: nothing comes in any more, what is not answered is missed, and
the score is final. The incident stays open for the talk afterwards; "drill report"
writes the training record.`,
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	c.Flags().StringVar(&o.reason, "reason", "", "why")
	return c
}

func runDrillEnd(c *cobra.Command, o *drillEndOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	if err := s.EndExercise(c.Context(), id, o.reason); err != nil {
		return err
	}
	score, err := s.ScoreExercise(c.Context(), id)
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(score)
	}
	return o.p.score(score)
}

type drillReportOptions struct {
	p        *program
	incident string
	to       string
	score    bool
	pdf      bool
}

func newDrillReportCmd(p *program, run func(*cobra.Command, *drillReportOptions) error) *cobra.Command {
	o := &drillReportOptions{p: p}
	c := &cobra.Command{
		Use:   "report INCIDENT",
		Short: "Write the report of an exercise",
		Long: `Write the report of an exercise, the training record: who took part, what was
decided and when, what was missed, which clocks were met, what was found in the
evidence, and which requirements it is evidence for. As Markdown, HTML and JSON,
with --pdf as PDF too, in
the incident's exports, tied to the record by its head. It can be written before
the end too: what is open counts for nothing then. --score prints the score alone
and writes nothing.`,
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	c.Flags().StringVar(&o.to, "to", "", "a `FOLDER` to write into, instead of the incident's exports")
	c.Flags().BoolVar(&o.score, "score", false, "print the score alone, write nothing")
	c.Flags().BoolVar(&o.pdf, "pdf", false, "as PDF, too")
	c.MarkFlagsMutuallyExclusive("to", "score")
	c.MarkFlagsMutuallyExclusive("pdf", "score")
	return c
}

func runDrillReport(c *cobra.Command, o *drillReportOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	if !o.score {
		r, err := s.ReportExercise(c.Context(), id, o.to, o.pdf)
		if err != nil {
			return err
		}
		return o.p.exerciseReport(r)
	}
	score, err := s.ScoreExercise(c.Context(), id)
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(score)
	}
	return o.p.score(score)
}
