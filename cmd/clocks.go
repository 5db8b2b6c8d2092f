package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/response"
	"firebreak/review/clocks"
)

type clocksOptions struct {
	p        *program
	incident string
	all      bool
}

const clocksLong = `Show whom laws, contracts and the house want to be told of an incident, until when,
and what has become of it. What is most urgent is first.

A deadline counts from something that people judge: when it was known, decided,
classified, paid. Say so with clocks start, with who judged it and by what. Nothing
starts, is met or is sent by itself.

Only regimes that the configuration names are shown (clocks: {regimes: [GDPR]}),
and single ones that somebody said apply. firebreak clocks list shows what there
is. Your own deadlines, as of contracts, are files below clocks in the workspace.

This is advice, not legal advice. Each line says where it is from and how sure that
is: primary (the law's text was read), secondary (pages that say what it says),
remembered (nobody looked it up), own (you wrote it).`

func newClocksCmd(p *program, run func(*cobra.Command, *clocksOptions) error) *cobra.Command {
	o := &clocksOptions{p: p}
	c := &cobra.Command{
		Use:   "clocks INCIDENT",
		Short: "Show the deadlines of the law: what is due, to whom, until when",
		Long:  clocksLong,
		Example: `  firebreak clocks last
  firebreak clocks start last aware --at 2026-11-21T03:12:00Z --reason "legal, on the call"
  firebreak clocks draft last eu-gdpr-33-authority --to notification.txt
  firebreak clocks met last eu-gdpr-33-authority --to "LfD" --proof e4`,
		Args:              exactly(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			return run(c, o)
		},
	}
	c.Flags().BoolVar(&o.all, "all", false, "those that do not apply too, and all that is known of each")
	c.AddCommand(newClocksStartCmd(p, runClocksStart), newClocksChooseCmd(p, true, runClocksChoose), newClocksChooseCmd(p, false, runClocksChoose),
		newClocksMetCmd(p, runClocksMet), newClocksDraftCmd(p, runClocksDraft), newClocksListCmd(p, runClocksList))
	return c
}

func runClocks(c *cobra.Command, o *clocksOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	sheet, err := s.Clocks(c.Context(), id)
	if err != nil {
		return err
	}
	if sheet.Stale {
		o.p.warn(staleWords(sheet.Checked))
	}
	if o.p.json {
		for _, l := range sheet.Lines {
			if err := o.p.printJSON(l); err != nil {
				return err
			}
		}
		for _, n := range sheet.Named {
			if err := o.p.printJSON(map[string]any{"named": n}); err != nil {
				return err
			}
		}
		return nil
	}
	return o.p.printf("%s", sheetText(id, sheet, o.all))
}

func staleWords(checked string) string {
	return "what is known of these laws was looked at on " + checked + ", more than 180 days ago: look before you rely on it"
}

// sheetText is the sheet for people.
func sheetText(id incident.ID, sheet response.ClockSheet, all bool) string {
	var w strings.Builder
	fmt.Fprintf(&w, "%s  days are counted in %s", id, term.Safe(sheet.Zone))
	if sheet.Checked != "" {
		fmt.Fprintf(&w, "; sources looked at on %s", sheet.Checked)
	}
	w.WriteString("\nadvice, not legal advice: counsel decides what applies\n")
	hidden, undecided := 0, 0
	for _, l := range sheet.Lines {
		if l.State == clocks.NotApplicable && !all {
			hidden++
			continue
		}
		if l.Applies == clocks.Undecided && l.State != clocks.NotApplicable && l.Sure != clocks.Own {
			undecided++
		}
		w.WriteString("\n" + lineText(l, all))
	}
	if sheet.On == 0 && len(sheet.Lines) == 0 {
		w.WriteString("\nno regime is on: clocks: {regimes: [GDPR]} in the configuration, or firebreak clocks applies\nfirebreak clocks list shows what is known\n")
	}
	var rest []string
	if undecided > 0 {
		rest = append(rest, fmt.Sprintf("of %d nobody has said whether they apply (?): firebreak clocks applies, firebreak clocks not", undecided))
	}
	if hidden > 0 {
		rest = append(rest, map[bool]string{true: "1 deadline does", false: fmt.Sprint(hidden, " deadlines do")}[hidden == 1]+" not apply: --all shows them, and more of each")
	}
	for _, n := range sheet.Named {
		rest = append(rest, namedText(id, n))
	}
	if len(sheet.Unread) > 0 {
		rest = append(rest, fmt.Sprintf("! entries that could not be read: %v", sheet.Unread))
	}
	if len(rest) > 0 {
		w.WriteString("\n" + strings.Join(rest, "\n") + "\n")
	}
	return w.String()
}

// namedText is a deadline that the playbook names.
func namedText(id incident.ID, n response.NamedClock) string {
	text := "the playbook names " + term.Safe(n.Clock)
	if n.When != "" {
		text += ", where " + term.Safe(n.When) + map[string]string{"no": " (which is not so)", "unknown": " (nobody has said yet)"}[n.Condition]
	}
	if !n.Known {
		return text + ": there is no data of it"
	}
	return text + fmt.Sprintf(": firebreak clocks applies %s %s --reason …", id, term.Safe(n.Clock))
}

// clockIndent is what stands below the first line of a deadline.
const clockIndent = "               "

// lineText is one deadline for people.
func lineText(l clocks.Line, all bool) string {
	var w strings.Builder
	mark := ""
	if l.Applies == clocks.Undecided && l.Sure != clocks.Own && l.State != clocks.NotApplicable {
		mark = " ?"
	}
	left := ""
	if l.State.Running() {
		left = clockLeft(l) + "  "
	}
	fmt.Fprintf(&w, "%-14s %s%s%s  %s\n", clockWord(l), left, term.Safe(l.Clock), mark, term.Safe(l.Duty))
	row := func(format string, args ...any) { fmt.Fprintf(&w, clockIndent+format+"\n", args...) }
	switch {
	case l.State == clocks.NotApplicable:
		row("%s", term.Safe(l.Why))
	case !l.Met.IsZero():
		row("done at %s%s%s%s", utc(l.Met), tail(" to ", l.Submitted), tail(", ", l.How), tail(", proof ", l.Proof))
		if !l.Due.IsZero() {
			row("due was %s%s", utc(l.Due), tail(", ", l.DueLocal))
		}
	case l.State == clocks.NotStarted:
		row("%s from %s", term.Safe(l.Limit), term.Safe(l.WaitsFor))
		if !l.Latest.IsZero() {
			row("if that is before, it is due at %s at the latest", utc(l.Latest))
		}
	default:
		if !l.Due.IsZero() {
			row("%s%s", utc(l.Due), tail(", ", l.DueLocal))
		}
		row("%s from %s at %s", term.Safe(l.Limit), l.Start, utc(l.Started))
	}
	for _, n := range l.Notes {
		row("! %s", term.Safe(n))
	}
	if l.Regime != clocks.House {
		row("%s", sourceText(l))
	}
	if all {
		lineMore(l, row)
	}
	return w.String()
}

// lineMore is what else is known of a deadline.
func lineMore(l clocks.Line, row func(string, ...any)) {
	if l.Applies == clocks.Applies && l.Why != "" {
		row("it applies: %s", term.Safe(l.Why))
	}
	for _, f := range [][2]string{
		{"it applies to ", l.Rule().Who},
		{"where there is ", l.Rule().When},
		{"to ", l.To},
		{"said: ", l.Reason},
		{"counted: ", l.Rule().Counting},
		{"also: ", l.Rule().Also},
		{"note: ", l.About},
		{"watch: ", l.Watch},
	} {
		if f[1] != "" {
			row("%s%s", f[0], term.Safe(f[1]))
		}
	}
	for _, s := range l.Sources {
		row("source: %s", term.Safe(s))
	}
}

func tail(before, text string) string {
	if text == "" {
		return ""
	}
	return before + term.Safe(text)
}

// clockWord is the state as the first column has it: what is late stands out.
func clockWord(l clocks.Line) string {
	switch l.State {
	case clocks.Late:
		return "LATE"
	case clocks.DueSoon:
		return "DUE SOON"
	case clocks.MetLate:
		return "MET LATE"
	case clocks.NotStarted, clocks.Running, clocks.MetInTime, clocks.OpenDuty, clocks.Done, clocks.NotApplicable:
	}
	return string(l.State)
}

func clockLeft(l clocks.Line) string {
	if left := l.LeftOf(); left < 0 {
		return "late by " + span(-left)
	}
	return span(l.LeftOf()) + " left"
}

// sourceText is where a deadline is from, and how sure that is.
func sourceText(l clocks.Line) string {
	parts := []string{term.Safe(l.Regime)}
	if l.Citation != "" {
		parts = append(parts, term.Safe(l.Citation))
	}
	sure := string(l.Sure)
	switch {
	case l.Sure == clocks.Remembered:
		sure += ", nobody looked it up"
	case l.Checked != "" && l.Sure != clocks.Own:
		sure += ", looked at on " + l.Checked
	}
	return strings.Join(parts, ", ") + " [" + sure + "]"
}

// clockLineOf reads the deadlines again and finds one.
func (p *program) clockLineOf(c *cobra.Command, s *response.Session, id incident.ID, clock string) (clocks.Line, error) {
	sheet, err := s.Clocks(c.Context(), id)
	if err != nil {
		return clocks.Line{}, err
	}
	for _, l := range sheet.Lines {
		if l.Clock == clock {
			return l, nil
		}
	}
	return clocks.Line{}, &response.Error{Code: response.CodeNotFound, Err: fmt.Errorf("clock %s: it is not among those of %s", clock, id)}
}

// clockLine prints one deadline.
func (p *program) clockLine(l clocks.Line) error {
	if p.json {
		return p.printJSON(l)
	}
	return p.printf("%s", lineText(l, true))
}
