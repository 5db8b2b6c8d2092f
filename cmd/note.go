package cmd

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/response"
)

type noteOptions struct {
	p        *program
	incident string
	text     string
	step     string
	decision bool
}

func newNoteCmd(p *program, run func(*cobra.Command, *noteOptions) error) *cobra.Command {
	o := &noteOptions{p: p}
	c := &cobra.Command{
		Use:               "note INCIDENT TEXT…",
		Short:             "Record a note",
		Long:              "Record a note. The text \"-\" reads it from the standard input.",
		Args:              atLeast(2, "an incident and the text"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.text = args[0], strings.Join(args[1:], " ")
			return run(c, o)
		},
	}
	c.Flags().StringVar(&o.step, "step", "", "the step it belongs to")
	c.Flags().BoolVar(&o.decision, "decision", false, "this is a decision: it goes into the review's decision log")
	return c
}

func runNote(c *cobra.Command, o *noteOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	if o.text == "-" {
		b, err := io.ReadAll(io.LimitReader(response.Interruptible(c.Context(), o.p.In), 64<<10+1))
		if err != nil {
			return fmt.Errorf("read the note: %w", err)
		}
		o.text = strings.TrimRight(string(b), "\n")
	}
	if err := s.Note(c.Context(), id, o.step, o.text, o.decision); err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(map[string]any{"incident": id})
	}
	return o.p.printf("%s  noted\n", id)
}
