package cmd

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/response"
)

type showOptions struct {
	p        *program
	incident string
	what     string
}

func newShowCmd(p *program, run func(*cobra.Command, *showOptions) error) *cobra.Command {
	o := &showOptions{p: p}
	return &cobra.Command{
		Use:        "show INCIDENT [ACTION|STEP|EXHIBIT|ERASURE|evidence|activity]",
		SuggestFor: []string{"status", "view", "info"},
		Short:      "Show an incident, or one thing of it",
		Long: `Show an incident: its steps, actions and what needs somebody. With a second
argument show one action with its plan (a1), one step, one exhibit (e1) with its
custody, a request to erase with what would go (x1), all evidence, or the whole activity.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 2 {
				return nil
			}
			return exactly(1, "an incident, and perhaps an action, a step or an exhibit")(c, args)
		},
		ValidArgsFunction: p.thenActions(),
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			if len(args) == 2 {
				o.what = args[1]
			}
			return run(c, o)
		},
	}
}

func runShow(c *cobra.Command, o *showOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	switch o.what {
	case "":
	case "activity":
		acts, err := s.Activity(c.Context(), id, 0, 1<<20)
		if err != nil {
			return err
		}
		return o.p.activity(acts)
	case "evidence":
		xs, passes, err := s.Evidence(c.Context(), id)
		if err != nil {
			return err
		}
		return o.p.evidence(xs, passes)
	default:
		return o.one(c, s, id)
	}
	b, err := s.Board(c.Context(), id)
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(b)
	}
	return o.p.board(b)
}

func (p *program) board(b response.Board) error {
	inc := b.Incident
	var w strings.Builder
	fmt.Fprintf(&w, "%s  %s  %s  %s\n", inc.ID, inc.Severity, inc.Mode(), term.Safe(inc.Title))
	fmt.Fprintf(&w, "opened %s  TLP:%s  %s\n", utc(inc.Opened), strings.ToUpper(string(inc.TLP)), b.Head.Seal())
	if b.Hold != nil {
		fmt.Fprintf(&w, "LEGAL HOLD since %s: %s\n", utc(b.Hold.At), term.Safe(b.Hold.Reason))
	}
	if b.Unfinished != "" {
		fmt.Fprintf(&w, "! %s\n", term.Safe(b.Unfinished))
	}
	if inc.Summary != "" {
		fmt.Fprintf(&w, "%s\n", term.SafeLines(inc.Summary))
	}
	for _, role := range slices.Sorted(maps.Keys(inc.Roles)) {
		fmt.Fprintf(&w, "%s: %s\n", term.Safe(string(role)), term.Safe(inc.Roles[role]))
	}
	if b.ReadOnly != "" {
		fmt.Fprintf(&w, "read-only: %s\n", term.Safe(b.ReadOnly))
	}
	if b.LowRoom != "" {
		fmt.Fprintf(&w, "low disk: %s\n", term.Safe(b.LowRoom))
	}
	if b.NoTimeline == "" {
		fmt.Fprintf(&w, "evidence: %d exhibits, %d events on the timeline\n", b.Exhibits, b.Events)
	} else {
		fmt.Fprintf(&w, "evidence: %d exhibits; the timeline cannot be read: %s\n", b.Exhibits, term.Safe(b.NoTimeline))
	}
	if b.Unread > 0 {
		fmt.Fprintf(&w, "not fully read: %d exhibits; the next ingest or collect reads them on, firebreak ingest %s --rebuild too\n", b.Unread, b.Incident.ID)
	}
	for _, u := range b.Updates {
		if line := dueLine(inc.ID, u); line != "" {
			fmt.Fprintf(&w, "%s\n", line)
		}
	}
	w.WriteString(clockLines(b))
	for _, p := range b.Phases {
		if p.Total == 0 {
			continue
		}
		fmt.Fprintf(&w, "\n%s %d/%d\n", strings.ToUpper(p.Phase.String()), p.Done, p.Total)
		for _, st := range p.Steps {
			mark := "  "
			if st.ID == b.Next {
				mark = "> "
			}
			fmt.Fprintf(&w, "%s%s%-8s %s  %s%s\n", mark, strings.Repeat("  ", st.Depth), st.State, st.ID, term.Safe(st.Title), stepTail(st))
		}
	}
	if len(b.Contained) > 0 {
		w.WriteString("\nIN FORCE\n")
	}
	for _, x := range b.Contained {
		end := "no end"
		if left := x.Until.Sub(p.Now()); x.Over {
			end = "OVER for " + span(-left)
		} else if !x.Until.IsZero() {
			end = span(left) + " left"
		}
		fmt.Fprintf(&w, "  %-4s %s on %s  %s\n", x.Action, term.Safe(x.Title), term.Safe(x.Target), end)
	}
	if len(b.Actions) > 0 {
		w.WriteString("\nACTIONS\n")
	}
	for _, a := range b.Actions {
		fmt.Fprintf(&w, "  %-4s %-9s %-6s %s on %s%s\n", a.Action, a.State, a.Danger, term.Safe(a.Name), term.Safe(a.Target), actionTail(a))
	}
	if b.Unknown > 0 {
		fmt.Fprintf(&w, "\n! %d action(s) with unknown outcome: look first: firebreak do %s ACTION --look\n", b.Unknown, inc.ID)
	}
	return p.printf("%s", w.String())
}

func stepTail(st response.StepView) string {
	var parts []string
	if st.By != "" {
		parts = append(parts, st.At.UTC().Format("15:04")+" "+term.Safe(st.By))
	}
	if st.Why != "" {
		parts = append(parts, term.Safe(st.Why))
	}
	if st.ActionID != "" {
		parts = append(parts, "action "+st.ActionID)
	}
	if len(parts) == 0 {
		return ""
	}
	return "  (" + strings.Join(parts, ", ") + ")"
}

func actionTail(a response.ActionView) string {
	tail := ""
	if a.State == response.Planned && a.Approvals > 0 {
		tail = fmt.Sprintf("  needs %d approval(s), has %d", a.Approvals, len(a.ApprovedBy))
	}
	if a.RevertedBy != "" {
		tail += "  undone by " + a.RevertedBy
	}
	if a.Says != "" {
		tail += "  " + term.Safe(a.Says)
	}
	return tail
}

func (p *program) activity(acts []response.Activity) error {
	for _, a := range acts {
		var err error
		if p.json {
			err = p.printJSON(a)
		} else {
			bad := " "
			if a.Bad {
				bad = "!"
			}
			err = p.printf("%5d %s %s %-14s %s\n", a.Seq, a.Time.UTC().Format("2006-01-02 15:04:05Z"), bad, term.Safe(a.Actor), term.Safe(a.Text))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func utc(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}
