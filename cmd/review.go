package cmd

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"firebreak/record"
	"firebreak/response"
)

type reviewOptions struct {
	p        *program
	incident string
	to       string
	item     string
	owner    string
	due      string
	class    string
}

func newReviewCmd(p *program, run func(*cobra.Command, *reviewOptions) error) *cobra.Command {
	o := &reviewOptions{p: p}
	c := &cobra.Command{
		Use:   "review INCIDENT",
		Short: "Write the post-incident review",
		Long: `Write the review from the record, as Markdown, one self-contained HTML page and
JSON. It can be written again at any time. With --item add a follow-up first.

In an encrypted incident the review is sealed, as everything in its folder is;
--to writes it where you say, for anybody to read.`,
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.to, "to", "", "write it into this `FOLDER`, not into the incident's exports, and not encrypted; works for an incident that can only be looked at")
	f.StringVar(&o.item, "item", "", "add this follow-up")
	f.StringVar(&o.owner, "owner", "", "who does it")
	f.StringVar(&o.due, "due", "", "until when: YYYY-MM-DD")
	f.StringVar(&o.class, "class", "", "prevent, detect, respond or recover")
	c.AddCommand(newReviewEditCmd(p, runReviewEdit), newReviewPartsCmd(p, runReviewParts))
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
	var w response.Written
	if o.to == "" {
		w, err = s.Review(c.Context(), id)
	} else {
		w, err = s.ReviewTo(c.Context(), id, o.to)
	}
	if err != nil {
		return err
	}
	if w.Unrecorded != "" {
		o.p.warn("no entry tells of this review: " + w.Unrecorded)
	}
	if o.p.json {
		out := map[string]any{"incident": id, "review": w.Markdown, "html": w.HTML, "json": w.JSON}
		if w.Sealed {
			out["sealed"] = true
		}
		return o.p.printJSON(out)
	}
	if err := o.p.printf("%s\n%s\n%s\n", w.Markdown, w.HTML, w.JSON); err != nil {
		return err
	}
	switch {
	case w.Sealed:
		o.p.errf("  sealed, as the incident is; firebreak review %s --to FOLDER writes a copy that can be read\n", id)
	case o.to != "" && s.Service().Protection().Encrypted:
		o.p.errf("  this copy is not encrypted\n")
	}
	return nil
}
