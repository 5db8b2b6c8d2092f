package cmd

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/record"
	"firebreak/response"
	"firebreak/review"
)

type itemsOptions struct {
	p        *program
	incident string
	all      bool
	promised bool
}

func newItemsCmd(p *program, run func(*cobra.Command, *itemsOptions) error) *cobra.Command {
	o := &itemsOptions{p: p}
	c := &cobra.Command{
		Use:   "items [INCIDENT]",
		Short: "List the follow-ups: what was promised, and whether it was done",
		Long: `List the follow-ups of all incidents, or of one, the longest overdue first: who does
it, until when, how old it is, where it is tracked. --promised lists those of
earlier incidents of the same kind as this one: what was promised last time.

Follow-ups go on when the incident is closed. items push files one as a GitHub
issue, through plan, approval and outbox; items pull reads back what became of it.`,
		Example: `  firebreak items
  firebreak items add last "Alert on a deploy key used elsewhere" --owner ada --due 2026-12-24 --class detect --verify "a test key fires it"
  firebreak items push last i1 --connection github --repo acme/security
  firebreak items pull last
  firebreak items verify last i1 --reason "the test key fired it within a minute"`,
		Args:              atMost(1, "an incident, or none for all"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.incident = args[0]
			}
			return run(c, o)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.all, "all", false, "those that are done or dropped, too")
	f.BoolVar(&o.promised, "promised", false, "those of earlier incidents of the same kind")
	c.AddCommand(
		newItemsAddCmd(p, runItemsAdd), newItemsChangeCmd(p, runItemsChange), newItemsPushCmd(p, runItemsPush), newItemsPullCmd(p, runItemsPull),
	)
	for _, m := range itemMoves {
		c.AddCommand(newItemsMoveCmd(p, m, runItemsMove))
	}
	return c
}

func runItems(c *cobra.Command, o *itemsOptions) error {
	var ids []incident.ID
	s, err := o.p.session()
	if err != nil {
		return err
	}
	if o.incident != "" {
		id, err := s.Service().ParseID(o.incident)
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	var items []response.ItemView
	var not []response.Unlisted
	if o.promised {
		if len(ids) == 0 {
			return errFlag{errors.New("items --promised: name an incident")}
		}
		items, err = s.Promised(c.Context(), ids[0], 0)
	} else {
		items, not, err = s.Items(c.Context(), ids...)
	}
	if err != nil {
		return err
	}
	for _, n := range not {
		o.p.warn(string(n.Incident) + " is not in the list: " + n.Why)
	}
	shown := items[:0:0]
	for _, i := range items {
		if o.all || o.promised || o.incident != "" || i.State == review.ItemOpen || i.State == review.ItemDone {
			shown = append(shown, i)
		}
	}
	if o.p.json {
		for _, i := range shown {
			if err := o.p.printJSON(i); err != nil {
				return err
			}
		}
		return nil
	}
	return o.p.printf("%s", itemsPage(shown))
}

// itemsPage lists follow-ups, two lines each, and counts how old they are.
func itemsPage(items []response.ItemView) string {
	if len(items) == 0 {
		return "no follow-ups\n"
	}
	var w strings.Builder
	open, late := 0, [3]int{}
	for _, i := range items {
		when := "no date"
		if !i.Due.IsZero() {
			when = "due " + i.Due.UTC().Format(time.DateOnly)
		}
		if i.State == review.ItemOpen {
			open++
		}
		if i.Days > 0 {
			when += fmt.Sprintf(", %d days LATE", i.Days)
			late[lateness(i.Days)]++
		}
		owner := "nobody"
		if i.Owner != "" {
			owner = i.Owner
		}
		fmt.Fprintf(&w, "%s %-4s %-8s %s, %s, %d days old\n     %s\n", i.Incident, term.Safe(i.ID), term.Safe(i.State), term.Safe(owner), when, i.Age, term.Safe(i.Text))
		for _, more := range []struct{ name, text string }{{"done when: ", i.Verify}, {"tracked at ", i.Link}} {
			if more.text != "" {
				fmt.Fprintf(&w, "     %s%s\n", more.name, term.Safe(more.text))
			}
		}
	}
	fmt.Fprintf(&w, "\n%d open; late by up to 30 days %d, up to 90 days %d, longer %d\n", open, late[0], late[1], late[2])
	return w.String()
}

func lateness(days int) int {
	switch {
	case days <= 30:
		return 0
	case days <= 90:
		return 1
	}
	return 2
}

// itemFields are the flags that say what a follow-up is.
type itemFields struct{ text, owner, due, class, verify, factor string }

func (i *itemFields) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&i.owner, "owner", "", "who does it")
	f.StringVar(&i.due, "due", "", "until when: YYYY-MM-DD")
	f.StringVar(&i.class, "class", "", "prevent, detect, respond or recover")
	f.StringVar(&i.verify, "verify", "", "how somebody sees that it is done")
	f.StringVar(&i.factor, "factor", "", "the `FACTOR` that it answers, as in f1")
}

func (i *itemFields) day() (time.Time, error) {
	if i.due == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, i.due)
	if err != nil {
		return t, errFlag{fmt.Errorf("--due %q: want YYYY-MM-DD", i.due)}
	}
	return t, nil
}

type itemsAddOptions struct {
	p        *program
	incident string
	itemFields
}

func newItemsAddCmd(p *program, run func(*cobra.Command, *itemsAddOptions) error) *cobra.Command {
	o := &itemsAddOptions{p: p}
	c := &cobra.Command{
		Use:               "add INCIDENT TEXT",
		Short:             "Add a follow-up",
		Args:              exactly(2, "an incident and a text"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.text = args[0], args[1]
			return run(c, o)
		},
	}
	o.flags(c)
	return c
}

func runItemsAdd(c *cobra.Command, o *itemsAddOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	due, err := o.day()
	if err != nil {
		return err
	}
	item, err := s.AddItem(c.Context(), id, record.Item{Text: o.text, Owner: o.owner, Due: due, Class: o.class, Verify: o.verify, Factor: o.factor})
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(map[string]any{"incident": id, "item": item})
	}
	return o.p.printf("%s  follow-up %s added\n", id, item)
}

type itemsChangeOptions struct {
	p              *program
	incident, item string
	link, reason   string
	itemFields
	given func(string) bool
}

func newItemsChangeCmd(p *program, run func(*cobra.Command, *itemsChangeOptions) error) *cobra.Command {
	o := &itemsChangeOptions{p: p}
	c := &cobra.Command{
		Use:               "change INCIDENT ITEM",
		Short:             "Correct a follow-up, or give it to somebody else",
		Args:              exactly(2, "an incident and a follow-up"),
		ValidArgsFunction: p.completeItems,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.item, o.given = args[0], args[1], c.Flags().Changed
			return run(c, o)
		},
	}
	o.flags(c)
	f := c.Flags()
	f.StringVar(&o.text, "text", "", "what is to be done")
	f.StringVar(&o.link, "link", "", "where it is tracked by hand: a `URL`")
	f.StringVar(&o.reason, "reason", "", "why")
	return c
}

func runItemsChange(c *cobra.Command, o *itemsChangeOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	ch := record.ItemChange{ID: o.item, Link: o.link, Reason: o.reason}
	for name, to := range map[string]struct {
		value *string
		field **string
	}{"text": {&o.text, &ch.Text}, "owner": {&o.owner, &ch.Owner}, "class": {&o.class, &ch.Class}, "verify": {&o.verify, &ch.Verify}, "factor": {&o.factor, &ch.Factor}} {
		if o.given(name) {
			*to.field = to.value
		}
	}
	if o.given("due") {
		due, err := o.day()
		if err != nil {
			return err
		}
		ch.Due = &due
	}
	v, err := s.ChangeItem(c.Context(), id, ch)
	if err != nil {
		return err
	}
	return o.p.itemNow(v)
}

func (p *program) itemNow(v response.ItemView) error {
	if p.json {
		return p.printJSON(v)
	}
	return p.printf("%s  follow-up %s is %s\n", v.Incident, term.Safe(v.ID), term.Safe(v.State))
}
