package cmd

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/lazyre"
	"firebreak/internal/term"
	"firebreak/record"
	"firebreak/response"
)

var (
	actionShape  = lazyre.New(`^a[0-9]+$`)
	exhibitShape = lazyre.New(`^e[0-9]+$`)
	erasureShape = lazyre.New(`^x[0-9]+$`)
)

// one shows a single action, exhibit or step.
func (o *showOptions) one(c *cobra.Command, s *response.Session, id incident.ID) error {
	switch {
	case actionShape.MatchString(o.what):
		a, err := s.Action(c.Context(), id, o.what)
		if err != nil {
			return err
		}
		return o.p.action(id, a)
	case erasureShape.MatchString(o.what):
		v, err := s.Erasure(c.Context(), id, o.what)
		if err != nil {
			return err
		}
		return o.p.erasure(v)
	case exhibitShape.MatchString(o.what):
		xs, _, err := s.Evidence(c.Context(), id)
		if err != nil {
			return err
		}
		for _, x := range xs {
			if x.ID == o.what {
				return o.p.exhibit(x)
			}
		}
	default:
		b, err := s.Board(c.Context(), id)
		if err != nil {
			return err
		}
		for _, p := range b.Phases {
			for _, st := range p.Steps {
				if st.ID == o.what {
					return o.p.step(st)
				}
			}
		}
	}
	return &response.Error{Code: response.CodeNotFound, Hint: "firebreak show " + string(id) + " lists what there is", Err: fmt.Errorf("%q: %w", o.what, incident.ErrNotFound)}
}

// action prints a plan as an approver has to see it.
func (p *program) action(id incident.ID, a response.ActionView) error {
	if p.json {
		return p.printJSON(a)
	}
	var w strings.Builder
	fmt.Fprintf(&w, "%s  %s  %s\n", a.Action, a.State, term.Safe(a.Title))
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&w, "  %-9s%s\n", name, value)
		}
	}
	row("action", term.Safe(a.Name)+" via "+term.Safe(a.Connection))
	row("target", term.Safe(a.Target))
	for _, t := range a.Details.Targets {
		row("  is", term.Safe(t))
	}
	row("danger", a.Danger.String())
	for _, r := range a.Overrides {
		row("AROUND", term.Safe(r))
	}
	for _, e := range a.Details.Effects {
		row("effect", term.Safe(e))
	}
	for _, e := range a.Details.Warnings {
		row("warning", term.Safe(e))
	}
	undo := term.Safe(a.Undo)
	if undo == "" {
		undo = "cannot be undone"
	}
	row("undo", undo)
	row("inverse", term.Safe(a.Details.Inverse))
	row("lasts", term.Safe(p.lasts(a)))
	row("timer", term.Safe(a.Details.Timer))
	row("prior", term.Safe(strings.Join(a.Details.Prior, ", ")))
	row("proof", term.Safe(a.Details.Proof))
	row("as", term.Safe(a.Details.Identity))
	for _, r := range a.Details.Requests {
		row("sends", strings.ReplaceAll(term.SafeLines(r), "\n", "\n           "))
	}
	row("tried", term.Safe(a.LevelText()))
	if a.Details.Bound {
		row("limits", fmt.Sprintf("%d target(s); %s", a.Details.Count, term.Safe(a.Details.Limits)))
	}
	row("plan", "sha256 "+a.Digest)
	row("planned", utc(a.PlannedAt)+" by "+term.Safe(a.PlannedBy)+", "+p.ago(a.PlannedAt))
	row("needs", needs(a))
	if len(a.ApprovedBy) > 0 {
		row("approved", term.Safe(strings.Join(a.Approvers(), ", "))+", until "+utc(a.Expires))
	}
	row("result", term.Safe(strings.TrimSpace(a.Ref+" "+a.Says)))
	if a.State == response.Planned && a.Approvals > len(a.ApprovedBy) {
		fmt.Fprintf(&w, "next: firebreak approve %s %s --digest %.12s\n", id, a.Action, a.Digest)
	} else if a.State == response.Planned || a.State == response.Approved {
		fmt.Fprintf(&w, "next: firebreak do %s %s\n", id, a.Action)
	}
	return p.printf("%s", w.String())
}

// step prints one step with its instructions.
func (p *program) step(st response.StepView) error {
	if p.json {
		return p.printJSON(st)
	}
	var w strings.Builder
	fmt.Fprintf(&w, "%s  %s  %s (%s, %s)%s\n", st.ID, st.State, term.Safe(st.Title), st.Verb, st.Phase, stepTail(st))
	if st.Text != "" {
		fmt.Fprintf(&w, "\n%s\n", term.SafeLines(st.Text))
	}
	for _, q := range st.Ask {
		fmt.Fprintf(&w, "\nasks %s (%s): %s\n", q.Name, q.Type, term.Safe(q.Text))
	}
	if st.Note != "" {
		fmt.Fprintf(&w, "note: %s\n", term.SafeLines(st.Note))
	}
	if len(st.Result) > 0 {
		if b, err := json.Marshal(st.Result); err == nil {
			fmt.Fprintf(&w, "result: %s\n", term.Safe(string(b)))
		}
	}
	return p.printf("%s", w.String())
}

// exhibit prints one exhibit with its custody.
func (p *program) exhibit(x response.ExhibitView) error {
	if p.json {
		return p.printJSON(x)
	}
	var w strings.Builder
	fmt.Fprintf(&w, "%s  %s  %s\n", x.ID, x.Kind, term.Safe(x.Title))
	row := func(name, value string) { fmt.Fprintf(&w, "  %-10s%s\n", name, value) }
	if x.Erased != "" {
		row("ERASED", "its bytes, its events and what describes it, by erasure "+x.Erased)
	}
	row("source", term.Safe(x.Host+":"+x.Source))
	row("sha256", x.SHA256)
	row("size", fmt.Sprintf("%d bytes", x.Size))
	row("collected", fmt.Sprintf("%s to %s by %s", utc(x.Started), utc(x.Finished), term.Safe(x.Collector)))
	row("method", term.Safe(x.Method))
	row("tool", term.Safe(x.Tool)+" sha256 "+x.ToolSHA256)
	row("authority", term.Safe(cmp.Or(x.Authority, "not said")))
	row("clock", x.Clock.String())
	if x.Elsewhere {
		row("elsewhere", "recorded "+utc(x.SealedAt)+" by "+term.Safe(x.SealedBy)+": its bytes are not here")
	} else {
		row("sealed", utc(x.SealedAt)+" by "+term.Safe(x.SealedBy)+" as evidence/"+x.Blob)
	}
	for _, d := range x.Deviations {
		row("deviation", term.Safe(d))
	}
	if x.Parsed != nil {
		row("parsed", fmt.Sprintf("%d events, %d rejected of %d, by %s", x.Parsed.Events, x.Parsed.Rejected, x.Parsed.Seen, x.Parsed.Parser))
	}
	if x.Checked != nil {
		row("checked", term.Safe(x.Checked.Found))
	}
	row("held by", term.Safe(x.Holder)+", "+events(x.Custody)+" of custody: firebreak custody INCIDENT "+x.ID)
	if x.Open != "" {
		row("offered", x.Open+" was not answered")
	}
	if len(x.Unsigned) > 0 {
		row("unsigned", term.Safe(strings.Join(x.Unsigned, ", "))+": not signed by both sides")
	}
	for _, g := range x.Gaps {
		row("! gap", term.Safe(g))
	}
	return p.printf("%s", w.String())
}

func events(n int) string {
	if n == 1 {
		return "1 event"
	}
	return fmt.Sprintf("%d events", n)
}

// evidence lists the exhibits, and what could not be taken.
func (p *program) evidence(xs []response.ExhibitView, passes []record.Collection) error {
	for _, x := range xs {
		var err error
		if p.json {
			err = p.printJSON(x)
		} else {
			size := fmt.Sprint(x.Size)
			if x.Erased != "" {
				size = "by " + x.Erased
			}
			err = p.printf("%-5s %-22s %10s  %.12s  %s\n", x.ID, term.Safe(x.Kind), size, x.SHA256, term.Safe(x.Source))
		}
		if err != nil {
			return err
		}
	}
	for _, c := range passes {
		if p.json {
			if err := p.printJSON(map[string]any{"collection": c}); err != nil {
				return err
			}
			continue
		}
		if c.Cut != "" {
			if err := p.printf("  ! %s of %s ended early: %s\n", term.Safe(c.Profile), term.Safe(c.Host), term.Safe(c.Cut)); err != nil {
				return err
			}
		}
		if err := p.refused(c.Refused, "--json", p.printf); err != nil {
			return err
		}
	}
	return nil
}
