package cmd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/response"
)

type closeOptions struct {
	p        *program
	incident string
	reason   string
	key      string
}

func newCloseCmd(p *program, run func(*cobra.Command, *closeOptions) error) *cobra.Command {
	o := &closeOptions{p: p}
	c := &cobra.Command{
		Use:               "close INCIDENT",
		SuggestFor:        []string{"end", "finish", "resolve"},
		Short:             "Close an incident",
		Long:              "Close an incident. It stays readable, and firebreak open --again takes it up again.\nWith a signing key (docs/signatures.md) you sign the record as you close it.",
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	c.Flags().StringVar(&o.reason, "reason", "", "why it is over")
	c.Flags().StringVar(&o.key, "key", "", keyHelp)
	return c
}

// inForce says what goes on holding when the incident is over.
func inForce(b response.Board) string {
	if len(b.Contained) == 0 {
		return ""
	}
	names := make([]string, len(b.Contained))
	for i, x := range b.Contained {
		names[i] = x.Action + " " + x.Target
	}
	return fmt.Sprintf("! still in force: %s: firebreak contained %s\n", term.Safe(strings.Join(names, ", ")), b.Incident.ID)
}

func runClose(c *cobra.Command, o *closeOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	s = withKey(s, o.key, o.p.Getenv("HOME"))
	o.p.touch(c.Context(), s)
	done := s.CloseIncident(c.Context(), id, o.reason)
	if done != nil && response.CodeOf(done) != response.CodePartial {
		return done
	}
	if o.p.json {
		return errors.Join(done, o.p.printJSON(map[string]any{"incident": id, "status": "closed"}))
	}
	says := fmt.Sprintf("%s  closed\n", id)
	if b, err := s.Board(c.Context(), id); err == nil { // it is closed all the same
		says += inForce(b) + clockLines(b)
	}
	return errors.Join(done, o.p.printf("%s", says))
}
