package cmd

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"firebreak/record"
)

type reviewOptions struct {
	p        *program
	incident string
	item     string
	owner    string
	due      string
	class    string
	to       string
}

func newReviewCmd(p *program, run func(*cobra.Command, *reviewOptions) error) *cobra.Command {
	o := &reviewOptions{p: p}
	c := &cobra.Command{
		Use:   "review INCIDENT",
		Short: "Write the post-incident review",
		Long: `Write the review from the record, as Markdown, one self-contained HTML page and
JSON. It can be written again at any time. With --item add a follow-up first.

In an encrypted incident the review is sealed, as everything in its folder is;
--to writes a copy that anybody can read where you say.`,
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.item, "item", "", "add this follow-up")
	f.StringVar(&o.owner, "owner", "", "who does it")
	f.StringVar(&o.due, "due", "", "until when: YYYY-MM-DD")
	f.StringVar(&o.class, "class", "", "prevent, detect, respond or recover")
	f.StringVar(&o.to, "to", "", "write a copy, not encrypted, into this `FOLDER`")
	return c
}

func runReview(c *cobra.Command, o *reviewOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	if o.item != "" {
		item := record.Item{Text: o.item, Owner: o.owner, Class: o.class}
		if o.due != "" {
			if item.Due, err = time.Parse(time.DateOnly, o.due); err != nil {
				return errFlag{fmt.Errorf("--due %q: want YYYY-MM-DD", o.due)}
			}
		}
		if _, err := s.AddItem(c.Context(), id, item); err != nil {
			return err
		}
	}
	w, err := s.ReviewTo(c.Context(), id, o.to)
	if err != nil {
		return err
	}
	if o.p.json {
		out := map[string]any{"incident": id, "review": w.Markdown, "html": w.HTML, "json": w.JSON}
		if w.Sealed {
			out["sealed"] = true
		}
		if len(w.Clear) > 0 {
			out["clear"] = w.Clear
		}
		return o.p.printJSON(out)
	}
	if !w.Sealed {
		return o.p.printf("%s\n", strings.Join(append([]string{w.Markdown, w.HTML, w.JSON}, w.Clear...), "\n"))
	}
	for _, path := range []string{w.Markdown, w.HTML, w.JSON} {
		if err := o.p.printf("sealed  %s\n", path); err != nil {
			return err
		}
	}
	for _, path := range w.Clear {
		if err := o.p.printf("clear   %s\n", path); err != nil {
			return err
		}
	}
	if len(w.Clear) == 0 {
		o.p.errf("  hint: firebreak review %s --to FOLDER writes a copy that can be read\n", id)
	}
	return nil
}
