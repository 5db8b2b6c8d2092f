package cmd

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/durable"
	"firebreak/internal/term"
	"firebreak/record"
	"firebreak/response"
)

type statsOptions struct {
	p        *program
	since    string
	until    string
	severity []string
	profile  string
	by       string
	explain  string
	html     string
	plain    bool
	width    int
	response.StatsRequest
}

func newStatsCmd(p *program, run func(*cobra.Command, *statsOptions) error) *cobra.Command {
	o := &statsOptions{p: p}
	c := &cobra.Command{
		Use:   "stats",
		Short: "Put all incidents side by side",
		Long: `Put all incidents side by side: how long each part took, from when it occurred to
when it was recovered, how long approvals waited, which deadlines were met, which
steps were skipped, which follow-ups were done in time, which factors come back,
and how much people did at night, by role.

Each metric shows every value as a dot, the median, the quartiles, and how many
values there are and are missing. No mean is shown, and nothing is said of how
something went over time with fewer than 20 incidents. --explain METRIC says what
is meant, from when to when, and lists each value with the entries behind it.

What cannot be read is named and not counted. Drills are kept apart. With --html
FILE the same is one page for readers without firebreak, with ids and without
titles unless --profile says otherwise.`,
		Example: `  firebreak stats --since 2026
  firebreak stats --by quarter --severity sev1,sev2
  firebreak stats --explain contain
  firebreak stats --html stats.html`,
		Args: exactly(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error { return run(c, o) },
	}
	f := c.Flags()
	f.StringVar(&o.since, "since", "", "opened on that `DAY` or later: 2026-03-01, 2026-03, 2026-Q2, 2026")
	f.StringVar(&o.until, "until", "", "opened on that `DAY` or before, or in that month, quarter or year")
	f.StringSliceVar(&o.severity, "severity", nil, "only these severities: `SEV`,…")
	f.StringSliceVar(&o.Playbooks, "playbook", nil, "only those of this `PLAYBOOK`; none: those without one")
	f.BoolVar(&o.Drills, "drills", false, "drills, and no real incidents")
	f.StringVar(&o.by, "by", "", "a line for each severity, playbook or quarter")
	f.StringVar(&o.explain, "explain", "", "say what a `METRIC` means, and list its values")
	f.StringVar(&o.Zone, "zone", "", "whose nights are counted: an IANA `ZONE` (default: the configuration's)")
	f.StringVar(&o.html, "html", "", "write them as one page into this `FILE`")
	f.StringVar(&o.profile, "profile", "", "for whom: full, legal, technical, regulator or executive (default: executive with --html, else full)")
	f.BoolVar(&o.plain, "plain", false, "letters and ASCII only")
	f.IntVar(&o.width, "width", 0, "characters in a line (that of the terminal)")
	_ = c.RegisterFlagCompletionFunc("explain", cobra.FixedCompletions(response.StatsKeys(), cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("by", cobra.FixedCompletions([]string{"severity", "playbook", "quarter"}, cobra.ShellCompDirectiveNoFileComp))
	c.MarkFlagsMutuallyExclusive("html", "explain")
	return c
}

func runStats(c *cobra.Command, o *statsOptions) error {
	if err := o.read(); err != nil {
		return err
	}
	s, err := o.p.session()
	if err != nil {
		return err
	}
	inTheClear := false
	if o.html != "" {
		if inTheClear, err = s.Service().InTheClear(o.html); err != nil {
			return err
		}
	}
	all, err := s.Stats(c.Context(), o.StatsRequest, o.p.later(time.Second))
	if err != nil {
		return err
	}
	if o.html != "" {
		return o.page(all, inTheClear)
	}
	width := o.width
	if width <= 0 {
		width = o.p.width()
	}
	style := response.StatsStyle{Width: width, Plain: o.plain, By: o.by}
	switch {
	case o.explain != "" && o.p.json:
		if m, ok := all.Metric(o.explain); ok {
			return o.p.printJSON(m)
		}
		i := slices.IndexFunc(all.Tallies, func(t response.StatsTally) bool { return t.Key == o.explain })
		return o.p.printJSON(all.Tallies[i])
	case o.explain != "":
		text, _ := all.Explain(o.explain, style)
		return o.p.printf("%s", text)
	case o.p.json:
		return o.p.printJSON(all)
	}
	return o.p.printf("%s", all.Text(style))
}

// read reads the flags.
func (o *statsOptions) read() (err error) {
	if o.since != "" {
		if o.Since, _, err = stretch(o.since); err != nil {
			return errFlag{fmt.Errorf("--since %w", err)}
		}
	}
	if o.until != "" {
		if _, o.Until, err = stretch(o.until); err != nil {
			return errFlag{fmt.Errorf("--until %w", err)}
		}
	}
	for _, text := range o.severity {
		sev, err := incident.ParseSeverity(text)
		if err != nil {
			return errFlag{fmt.Errorf("--severity: %w", err)}
		}
		o.Severities = append(o.Severities, sev)
	}
	if !slices.Contains([]string{"", "severity", "playbook", "quarter"}, o.by) {
		return errFlag{fmt.Errorf("--by %q: want severity, playbook or quarter", o.by)}
	}
	if o.explain != "" && !slices.Contains(response.StatsKeys(), o.explain) {
		return errFlag{fmt.Errorf("--explain %q: want %s", o.explain, strings.Join(response.StatsKeys(), ", "))}
	}
	switch {
	case o.profile != "":
		if o.Profile, err = record.ParseProfile(o.profile); err != nil {
			return errFlag{err}
		}
	case o.html != "":
		o.Profile = record.ExecutiveProfile
	}
	return nil
}

func (o *statsOptions) page(all response.Stats, inTheClear bool) error {
	content, err := all.HTML()
	if err == nil {
		err = durable.Replace(o.html, content, 0o600)
	}
	if err != nil {
		return fmt.Errorf("write statistics: %w", err)
	}
	if inTheClear {
		o.p.errf("  NOTE: the workspace is encrypted, and %s is not: whoever has the file reads it.\n", term.Safe(o.html))
	}
	if o.p.json {
		return o.p.printJSON(map[string]any{"html": o.html, "profile": all.Profile, "incidents": len(all.Incidents), "not_counted": all.NotCounted})
	}
	left := ""
	if n := len(all.NotCounted); n > 0 {
		left = fmt.Sprintf(", %d not counted", n)
	}
	return o.p.printf("%s: %s%s\n", term.Safe(o.html), plural(int64(len(all.Incidents)), "incident"), left)
}

var errStretch = errors.New("want a day, month, quarter or year: 2026-03-01, 2026-03, 2026-Q2, 2026")

// stretch reads a day, month, quarter or year of UTC, as its beginning and the
// moment behind its end.
func stretch(text string) (from, to time.Time, err error) {
	for _, f := range []struct {
		layout               string
		years, months, extra int
	}{{time.DateOnly, 0, 0, 1}, {"2006-01", 0, 1, 0}, {"2006", 1, 0, 0}} {
		if from, err = time.Parse(f.layout, text); err == nil {
			return from, from.AddDate(f.years, f.months, f.extra), nil
		}
	}
	if year, q, ok := strings.Cut(text, "-Q"); ok {
		y, yerr := time.Parse("2006", year)
		n, qerr := strconv.Atoi(q)
		if yerr == nil && qerr == nil && n >= 1 && n <= 4 {
			from = y.AddDate(0, 3*(n-1), 0)
			return from, from.AddDate(0, 3, 0), nil
		}
	}
	return from, to, fmt.Errorf("%.40q: %w", text, errStretch)
}

// later is progress that is silent at first: most work is over by then.
func (p *program) later(after time.Duration) response.ProgressFunc {
	tell := p.progress()
	if tell == nil || !p.IsTerminal {
		return nil
	}
	began := p.Now()
	return func(g response.Progress) {
		if p.Now().Sub(began) >= after {
			tell(g)
		}
	}
}
