package cmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/record"
	"firebreak/response"
	"firebreak/review"
)

// itemMove is a command that takes a follow-up into a state.
type itemMove struct{ word, state, short string }

var itemMoves = []itemMove{
	{"done", review.ItemDone, "Say that a follow-up is done"},
	{"verify", review.ItemVerified, "Say that it was seen to be done, and how"},
	{"reopen", review.ItemOpen, "Open a follow-up again, with a reason"},
	{"drop", review.ItemDropped, "Drop a follow-up, with a reason"},
}

type itemsMoveOptions struct {
	p              *program
	incident, item string
	state, reason  string
}

func newItemsMoveCmd(p *program, m itemMove, run func(*cobra.Command, *itemsMoveOptions) error) *cobra.Command {
	o := &itemsMoveOptions{p: p, state: m.state}
	c := &cobra.Command{
		Use:               m.word + " INCIDENT ITEM",
		Short:             m.short,
		Args:              exactly(2, "an incident and a follow-up"),
		ValidArgsFunction: p.completeItems,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.item = args[0], args[1]
			return run(c, o)
		},
	}
	c.Flags().StringVar(&o.reason, "reason", "", "why, or what was seen")
	return c
}

func runItemsMove(c *cobra.Command, o *itemsMoveOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	v, err := s.ChangeItem(c.Context(), id, record.ItemChange{ID: o.item, State: o.state, Reason: o.reason})
	if err != nil {
		return err
	}
	// Whether somebody else is there to look, only people know: it is said, not refused.
	if n := len(v.History); o.state == review.ItemVerified && n > 0 && v.Owner != "" && strings.EqualFold(v.Owner, v.History[n-1].By) {
		o.p.warn("follow-up " + term.Safe(v.ID) + " was verified by its owner: better, somebody else looks")
	}
	return o.p.itemNow(v)
}

type itemsPushOptions struct {
	p        *program
	incident string
	items    []string
	yes      bool
	response.Tracking
}

func newItemsPushCmd(p *program, run func(*cobra.Command, *itemsPushOptions) error) *cobra.Command {
	o := &itemsPushOptions{p: p}
	c := &cobra.Command{
		Use:   "push INCIDENT [ITEM…]",
		Short: "File follow-ups as GitHub issues",
		Long: `File follow-ups as GitHub issues: those that are named, or all that are open and not
tracked yet. Each is an action: planned, shown with exactly what is sent, approved,
sent once, read back. The text has no names of people and hosts, unless the
connection's audience may see them.`,
		Args:              atLeast(1, "an incident, and perhaps follow-ups"),
		ValidArgsFunction: p.completeItems,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.items = args[0], args[1:]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Connection, "connection", "", "the `CONNECTION`; not needed where there is one")
	f.StringVar(&o.Repo, "repo", "", "the repository: `OWNER/NAME`")
	f.StringSliceVar(&o.Labels, "label", nil, "put these `LABELS` on it")
	f.BoolVarP(&o.yes, "yes", "y", false, "send without asking")
	_ = c.MarkFlagRequired("repo")
	return c
}

func runItemsPush(c *cobra.Command, o *itemsPushOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	if !o.yes && (!o.p.IsTerminal || o.p.json) {
		return errFlag{errors.New("items push: without a terminal say --yes")}
	}
	if len(o.items) == 0 {
		all, _, err := s.Items(c.Context(), id)
		if err != nil {
			return err
		}
		for _, i := range all {
			if i.State == review.ItemOpen && i.Link == "" {
				o.items = append(o.items, i.ID)
			}
		}
	}
	for _, item := range o.items {
		a, err := s.PlanItem(c.Context(), id, item, o.Tracking)
		if err != nil {
			return err
		}
		if err := o.agreed(a); err != nil {
			return errors.Join(err, s.Reject(c.Context(), id, a.Action, "not filed"))
		}
		if a.Approvals > 0 {
			if err := s.Approve(c.Context(), id, a.Action, a.Digest, "", "filed as a follow-up"); err != nil {
				return err
			}
		}
		sent, err := s.DoTelling(c.Context(), id, a.Action, o.p.progress())
		if sent.Action == "" {
			sent = a
		}
		if err != nil {
			return unfiled(id, item, sent, err)
		}
		v, err := s.Filed(c.Context(), id, item)
		if err != nil {
			return err
		}
		if v.Link == "" {
			return unfiled(id, item, sent, nil)
		}
		if o.p.json {
			err = o.p.printJSON(v)
		} else {
			err = o.p.printf("%s  follow-up %s is tracked at %s\n", v.Incident, term.Safe(v.ID), term.Safe(v.Link))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unfiled says what to do about an issue that is not there, or of which nobody knows.
func unfiled(id incident.ID, item string, a response.ActionView, why error) error {
	err, code := fmt.Errorf("file %s: action %s is %s", item, a.Action, a.State), response.CodePartial
	if why != nil {
		err, code = fmt.Errorf("file %s as %s: %w", item, a.Action, why), response.CodeOf(why)
	}
	hint := fmt.Sprintf("firebreak outbox %s says more; firebreak items push files it again", id)
	switch a.State { //nolint:exhaustive // the others have an end
	case response.Unknown, response.Sending, response.Sent:
		hint = fmt.Sprintf("firebreak do %s %s --look, then firebreak items pull %s", id, a.Action, id)
	case response.Queued:
		hint = fmt.Sprintf("it waits: firebreak outbox run %s, then firebreak items pull %s", id, id)
	case response.Planned, response.Approved:
		hint = fmt.Sprintf("firebreak do %s %s, then firebreak items pull %s", id, a.Action, id)
	}
	if why != nil {
		if h := response.HintOf(why); h != "" {
			hint = h
		}
	}
	return &response.Error{Code: code, Hint: hint, Err: err}
}

// completeItems completes an incident, then its follow-ups.
func (p *program) completeItems(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return p.completeIncidents(c, args, typed)
	}
	p.silent = true // a shell that completes must not ask for a passphrase
	s, id, err := p.incident(args[0])
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	items, _, err := s.Items(c.Context(), id)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var out []string
	for _, i := range items {
		if !slices.Contains(args[1:], i.ID) {
			out = append(out, term.Safe(i.ID)+"\t"+term.Safe(i.State)+": "+term.Safe(i.Text))
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// agreed shows what would be sent and asks; no is the default.
func (o *itemsPushOptions) agreed(a response.ActionView) error {
	if o.yes {
		return nil
	}
	var w strings.Builder
	fmt.Fprintf(&w, "%s %s on %s\n", term.Safe(a.Action), term.Safe(a.Title), term.Safe(a.Target))
	for _, r := range a.Details.Requests {
		fmt.Fprintf(&w, "%s\n", term.SafeLines(r))
	}
	if err := o.p.printf("%s", w.String()); err != nil {
		return err
	}
	return o.p.yes("\nfile it?", "file "+a.Action+": you said no: nothing was sent")
}

type itemsPullOptions struct {
	p        *program
	incident string
}

func newItemsPullCmd(p *program, run func(*cobra.Command, *itemsPullOptions) error) *cobra.Command {
	o := &itemsPullOptions{p: p}
	return &cobra.Command{
		Use:               "pull INCIDENT",
		Short:             "Read back what became of the issues",
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
}

func runItemsPull(c *cobra.Command, o *itemsPullOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	changed, err := s.ReadItems(c.Context(), id, o.p.progress())
	for _, v := range changed {
		if perr := o.p.itemNow(v); perr != nil {
			return errors.Join(perr, err)
		}
	}
	if err == nil && len(changed) == 0 && !o.p.json {
		return o.p.printf("nothing new\n")
	}
	return err
}
