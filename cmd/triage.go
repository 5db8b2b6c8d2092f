package cmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/forensics/triage"
	"firebreak/internal/term"
	"firebreak/response"
)

type triageOptions struct {
	p        *program
	incident string
	finding  string
	list     bool
	confirm  bool
	dismiss  bool
	reason   string
	response.TriageOptions
}

func newTriageCmd(p *program, run func(*cobra.Command, *triageOptions) error) *cobra.Command {
	o := &triageOptions{p: p}
	c := &cobra.Command{
		Use:   "triage INCIDENT [FINDING]",
		Short: "Say what to look at first",
		Long: `Say what in the timeline a senior analyst would look at first: new persistence,
deleted programs, odd parents, logins from new places, gaps in logs, files whose
times do not fit, and more. Each finding says why, which events are behind it,
what else it may be, and what to look at next. Rules make them, always the same
way; a finding is a question, not an answer.

With a FINDING's id it prints that one whole, with its events. --confirm and
--dismiss put a person's word on it into the record, with --reason; dismissed
ones are left out from then on, unless another rule speaks of the same thing.

--rules reads more rules from a folder's .yaml files; docs/triage.md has their
language. --list prints the rules.`,
		Example: `  firebreak triage last --min medium
  firebreak triage last f3a90c11e2
  firebreak triage last f3a90c11e2 --confirm --reason "the job is not ours"
  firebreak triage last --rules ./rules --json
  firebreak triage --list`,
		Args: func(c *cobra.Command, args []string) error {
			if o.list {
				return exactly(0, "no incident with --list")(c, args)
			}
			if len(args) > 2 {
				return errFlag{errors.New("triage: want an incident, and at most one finding")}
			}
			return atLeast(1, "an incident")(c, args)
		},
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.incident = args[0]
			}
			if len(args) > 1 {
				o.finding = args[1]
			}
			return run(c, o)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.list, "list", false, "list the rules")
	f.StringVar(&o.Rules, "rules", "", "ask the rules in this `folder` too")
	f.StringVar(&o.Min, "min", "", "only from this `severity` on: info, low, medium, high, critical")
	f.BoolVar(&o.All, "all", false, "print dismissed findings too")
	f.BoolVar(&o.confirm, "confirm", false, "record that the finding is confirmed")
	f.BoolVar(&o.dismiss, "dismiss", false, "record that the finding is harmless")
	f.StringVar(&o.reason, "reason", "", "why, with --confirm or --dismiss")
	c.MarkFlagsMutuallyExclusive("confirm", "dismiss")
	return c
}

func runTriage(c *cobra.Command, o *triageOptions) error {
	if o.list {
		return o.catalogue()
	}
	if judges := o.confirm || o.dismiss; judges && o.finding == "" {
		return errFlag{errors.New("triage: --confirm and --dismiss need the id of a finding")}
	} else if o.reason != "" && !judges {
		return errFlag{errors.New("triage: --reason goes with --confirm or --dismiss")}
	}
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	if o.confirm || o.dismiss {
		f, err := s.Judge(c.Context(), id, o.finding, o.confirm, o.reason, o.TriageOptions, o.p.progress())
		if err != nil {
			return err
		}
		return o.whole(f)
	}
	if o.finding != "" {
		o.All, o.Min = true, ""
	}
	report, err := s.Triage(c.Context(), id, o.TriageOptions, o.p.progress())
	if err != nil {
		return err
	}
	if o.finding == "" {
		return o.print(report)
	}
	for _, f := range report.Findings {
		if f.ID == o.finding {
			return o.whole(f)
		}
	}
	return &response.Error{Code: response.CodeNotFound, Hint: "firebreak triage " + string(id) + " lists them", Err: fmt.Errorf("finding %q: there is none", o.finding)}
}

// print writes the report: a line that says what it is, one that says why.
func (o *triageOptions) print(r response.TriageReport) error {
	if o.p.json {
		return o.p.printJSON(r)
	}
	for _, f := range r.Findings {
		const below = "          "
		text := o.p.wrap(fmt.Sprintf("%-8s  %s  ", strings.ToUpper(string(f.Severity)), f.ID), f.Title+": "+term.Safe(f.About), len(below)) +
			o.p.wrap(below, term.Safe(f.Reason)+o.tail(f), len(below))
		said := []string{f.Title}
		for _, a := range f.Also {
			if slices.Contains(said, a.Title) {
				continue
			}
			said = append(said, a.Title)
			text += o.p.wrap(below+"also: ", a.Title, len(below))
		}
		if err := o.p.printf("%s", text); err != nil {
			return err
		}
	}
	for _, n := range r.Notes {
		if err := o.p.printf("note: %s\n", term.Safe(n)); err != nil {
			return err
		}
	}
	return o.p.printf("%s\n", triageLine(r))
}

// tail is when, where and on which technique.
func (o *triageOptions) tail(f response.TriageFinding) string {
	words := []string{plural(f.Count, "event")}
	if f.Host != "" {
		words = append([]string{"on " + term.Safe(f.Host)}, words...)
	}
	if !f.First.IsZero() {
		words = append(words, f.First.UTC().Format("2006-01-02 15:04Z"))
	}
	if f.Technique != "" {
		words = append(words, f.Technique)
	}
	if f.Judged != nil {
		words = append(words, f.Judged.Verdict+" by "+term.Safe(f.Judged.By))
	}
	return "  [" + strings.Join(words, ", ") + "]"
}

// triageLine sums up in one line.
func triageLine(r response.TriageReport) string {
	if len(r.Findings) == 0 {
		return fmt.Sprintf("nothing found by %s%s", plural(int64(r.Rules), "rule"), dismissed(r))
	}
	count := map[triage.Severity]int{}
	for _, f := range r.Findings {
		count[f.Severity]++
	}
	var parts []string
	all := triage.Severities()
	for i := len(all) - 1; i >= 0; i-- {
		if n := count[all[i]]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, all[i]))
		}
	}
	return fmt.Sprintf("%s: %s%s", plural(int64(len(r.Findings)), "finding"), strings.Join(parts, ", "), dismissed(r))
}

func dismissed(r response.TriageReport) string {
	if r.Dismissed == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d dismissed)", r.Dismissed)
}

// whole writes one finding with everything that is known of it.
func (o *triageOptions) whole(f response.TriageFinding) error {
	if o.p.json {
		return o.p.printJSON(f)
	}
	safe := func(s string) string { return term.Safe(s) }
	rows := [][2]string{
		{"finding", f.ID + "  " + string(f.Severity) + "  " + f.Technique},
		{"what", f.Title + ": " + safe(f.About)},
		{"why", safe(f.Reason)},
	}
	for _, a := range f.Also {
		rows = append(rows, [2]string{"also", a.Title + ": " + safe(a.Reason)})
	}
	rows = append(rows, [2]string{"may be", f.FalsePositive})
	for _, n := range f.Next {
		rows = append(rows, [2]string{"next", n})
	}
	if !f.First.IsZero() {
		rows = append(rows, [2]string{"when", f.First.UTC().Format("2006-01-02 15:04:05Z") + " to " + f.Last.UTC().Format("2006-01-02 15:04:05Z")})
	}
	rows = append(rows, [2]string{"host", safe(f.Host)}, [2]string{"rules", strings.Join(f.Rules(), ", ")})
	if f.Judged != nil {
		rows = append(rows, [2]string{"judged", f.Judged.Verdict + " by " + safe(f.Judged.By) + ": " + safe(f.Judged.Reason)})
	}
	rows = append(rows, [2]string{"events", fmt.Sprintf("%d, from %s", f.Count, safe(strings.Join(f.Exhibits, ", ")))})
	for _, r := range rows {
		if err := o.p.printf("%s", o.p.wrap(fmt.Sprintf("%-8s  ", r[0]), r[1], 10)); err != nil {
			return err
		}
	}
	return o.p.printf("see them  firebreak search %s '%s'\n", safe(o.incident), strings.ReplaceAll(safe(f.Filter), "'", `'\''`))
}

func (o *triageOptions) catalogue() error {
	set, err := response.TriageRules(o.Rules)
	if err != nil {
		return err
	}
	for _, r := range set.Rules {
		if o.p.json {
			err = o.p.printJSON(listedRule{r.ID, r.Title, r.Severity, r.Technique, r.Find, r.FalsePositive, r.BuiltIn})
		} else {
			err = o.p.printf("%-28s %-8s  %-9s  %s\n", term.Safe(r.ID), r.Severity, r.Technique, term.Safe(r.Title))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// listedRule is a line of --list --json.
type listedRule struct {
	ID            string          `json:"id"`
	Title         string          `json:"title"`
	Severity      triage.Severity `json:"severity"`
	Technique     string          `json:"technique,omitempty"`
	Find          string          `json:"find"`
	FalsePositive string          `json:"false_positive"`
	BuiltIn       bool            `json:"built_in"`
}
