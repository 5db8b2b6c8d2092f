package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/response"
	"firebreak/timeline"
)

type searchOptions struct {
	p        *program
	incident string
	filter   string

	count, estimate, explain, sql, histogram, fields bool
	top, rare, gaps                                  string
	around                                           string
	by                                               []string
	silent                                           string
	from, to                                         string
	buckets                                          int

	limit   int
	end     bool
	local   bool
	columns []string

	star    bool
	tags    []string
	comment string

	session  *response.Session
	id       incident.ID
	told     *response.Around // of --around
	fromTime time.Time
	toTime   time.Time
}

func newSearchCmd(p *program, run func(*cobra.Command, *searchOptions) error) *cobra.Command {
	o := &searchOptions{p: p}
	c := &cobra.Command{
		Use:        "search INCIDENT [FILTER…]",
		SuggestFor: []string{"find", "grep", "timeline"},
		Short:      "Search the timeline",
		Long: `Search the timeline with one line: words and "phrases", field:value (host, user,
source, parser, kind, message, exhibit, technique, attr.NAME), lists host:a,b,
wildcards pre*, -not, and or ( ), /regular expressions/, ranges
attr.bytes:100..200, ip:10.0.0.0/8, after: before: around: time: with times such
as 2026-11-20T03:00, -2h, yesterday or detected-1h, tag: star: comment:,
exists:user and missing:user. docs/filter.md has the whole language.

It prints the events, oldest first, as they are found. In place of them:
--count and --estimate say how many there are, --histogram how they are spread
over time, --top and --rare which values a field has and when each was seen
first and last, --fields which fields there are, --gaps where a host, or
another field's value, fell silent, --explain what is looked at to answer.

--around EVENT narrows the search to what belongs together with one event: the
same host (--by says otherwise), until nothing comes for --silent.

With --star, --tag or --comment the events found are marked in the record.`,
		Example: `  firebreak search last 'host:web-1 "failed password" after:-2h'
  firebreak search last 'source:auth -user:root' --count
  firebreak search last 'ip:203.0.113.0/24' --top user
  firebreak search last source:auth --gaps=host --silent 2h
  firebreak search last --histogram --from 'detected-1d' --to detected --buckets 96
  firebreak search last 'ip:203.0.113.0/24' --star --tag pivot`,
		Args:              atLeast(1, "an incident, and a filter"),
		ValidArgsFunction: o.complete,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.filter = args[0], strings.Join(args[1:], " ")
			return run(c, o)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.count, "count", false, "print only how many")
	f.BoolVar(&o.estimate, "estimate", false, "print about how many, at once")
	f.BoolVar(&o.histogram, "histogram", false, "print how they are spread over time")
	f.BoolVar(&o.fields, "fields", false, "print which fields and attributes they have")
	f.BoolVar(&o.explain, "explain", false, "print what is looked at to answer")
	f.BoolVar(&o.sql, "sql", false, "with --explain: the same filter for the table that export makes in ClickHouse")
	f.StringVar(&o.top, "top", "", "print the most frequent values of this `FIELD`")
	f.StringVar(&o.rare, "rare", "", "print the rarest values of this `FIELD`")
	f.StringVar(&o.gaps, "gaps", "", "print where a value of this `FIELD` falls silent")
	f.Lookup("gaps").NoOptDefVal = "host"
	f.StringVar(&o.around, "around", "", "only what belongs together with this `EVENT`, by its id")
	f.StringSliceVar(&o.by, "by", []string{"host"}, "with --around: the `FIELDS` that have to be the same")
	f.StringVar(&o.silent, "silent", "", "a silence this `LONG` ends what --around finds (15m), or is a gap (1h)")
	f.StringVar(&o.from, "from", "", "only from this `TIME` on, as a filter writes it")
	f.StringVar(&o.to, "to", "", "only before this `TIME`")
	f.IntVar(&o.buckets, "buckets", 64, "with --histogram: in `N` parts")
	f.IntVar(&o.limit, "limit", 1000, "print at most `N`; 0 for all (with --top, --rare, --gaps: 20)")
	f.BoolVar(&o.end, "end", false, "the newest instead of the oldest")
	f.BoolVar(&o.local, "local", false, "print times in this machine's zone instead of UTC")
	f.StringSliceVar(&o.columns, "columns", nil, "print these `FIELDS`: time, any field, attr.NAME, tags, comments, discovered")
	f.BoolVar(&o.star, "star", false, "star them")
	f.StringSliceVar(&o.tags, "tag", nil, "tag them with this `TAG`")
	f.StringVar(&o.comment, "comment", "", "comment them with this `TEXT`")
	c.MarkFlagsMutuallyExclusive("count", "estimate", "histogram", "fields", "explain", "top", "rare", "gaps")
	for _, flag := range []string{"top", "rare", "gaps", "by", "columns"} {
		if err := c.RegisterFlagCompletionFunc(flag, o.completeFields); err != nil {
			panic(err) // the flag is defined above
		}
	}
	return c
}

func runSearch(c *cobra.Command, o *searchOptions) (err error) {
	if err := o.check(c); err != nil {
		return err
	}
	if o.session, o.id, err = o.p.incident(o.incident); err != nil {
		return err
	}
	defer func() { o.p.showCaret(err) }()
	ctx := c.Context()
	if err := o.narrow(ctx); err != nil {
		return err
	}
	switch {
	case o.count:
		return o.printCount(ctx)
	case o.estimate:
		return o.printEstimate(ctx)
	case o.histogram:
		return o.printHistogram(ctx)
	case o.explain:
		return o.printExplanation(ctx)
	case o.fields:
		return o.printFields(ctx)
	case o.top != "" || o.rare != "":
		return o.printValues(ctx)
	case o.gaps != "":
		return o.printGaps(ctx)
	}
	return o.list(ctx)
}

// showCaret shows a person where a filter is wrong.
func (p *program) showCaret(err error) {
	var wrong *timeline.FilterError
	if errors.As(err, &wrong) && !p.json {
		p.errf("%s\n", wrong.Caret())
	}
}

// check finds flags that do not go together.
func (o *searchOptions) check(c *cobra.Command) error {
	counts := o.top != "" || o.rare != "" || o.gaps != ""
	lists := !o.count && !o.estimate && !o.histogram && !o.fields && !o.explain && !counts
	switch {
	case o.limit < 0:
		return errFlag{fmt.Errorf("--limit %d: want 0 or more", o.limit)}
	case o.end && (o.limit == 0 || o.limit > mostAtEnd):
		return errFlag{fmt.Errorf("--end --limit %d: the newest are at most %d", o.limit, mostAtEnd)}
	case !lists && o.marks():
		return errFlag{errors.New("search: --star, --tag and --comment mark the events that are printed; here none are")}
	case o.sql && !o.explain:
		return errFlag{errors.New("search: --sql goes with --explain")}
	case len(o.columns) > 0 && (o.p.json || !lists):
		return errFlag{errors.New("search: --columns is for the list of events that people read; --json has all of them")}
	case o.silent != "" && o.around == "" && o.gaps == "":
		return errFlag{errors.New("search: --silent goes with --around or --gaps")}
	}
	for _, name := range o.columns {
		if !isColumn(name) {
			return errFlag{fmt.Errorf("--columns %s: want time, %s, attr.NAME, message, tags, comments or discovered", name, strings.Join(timeline.Fields(), ", "))}
		}
	}
	if counts && !c.Flags().Changed("limit") {
		o.limit = 20
	}
	return nil
}

func (o *searchOptions) marks() bool { return o.star || len(o.tags) > 0 || o.comment != "" }

// silence is how long nothing comes.
func (o *searchOptions) silence(byDefault time.Duration) (time.Duration, error) {
	if o.silent == "" {
		return byDefault, nil
	}
	d, ok := timeline.ReadDuration(o.silent)
	if !ok || d <= 0 {
		return 0, errFlag{fmt.Errorf("--silent %s: want a length of time, as in 90s, 30m, 2h or 1d", o.silent)}
	}
	return d, nil
}

// narrow reads the filter, says what is read otherwise than people may expect,
// and adds what the flags ask for.
func (o *searchOptions) narrow(ctx context.Context) error {
	f, err := o.session.ReadFilter(ctx, o.id, o.filter)
	if err != nil {
		return err
	}
	if !o.p.json && !o.p.quiet {
		for _, n := range f.Notes() {
			o.p.errf("  note: %s\n", term.Safe(n))
		}
	}
	for _, side := range []struct {
		flag, text string
		at         *time.Time
	}{{"--from", o.from, &o.fromTime}, {"--to", o.to, &o.toTime}} {
		if side.text == "" {
			continue
		}
		if *side.at, err = o.session.ReadMoment(ctx, o.id, side.text); err != nil {
			return notThatTime(side.flag, side.text, err)
		}
	}
	var more timeline.Filter
	if !o.histogram { // which counts the emptiness around them too
		more = timeline.Between(o.fromTime, o.toTime)
	}
	if o.around != "" {
		idle, err := o.silence(15 * time.Minute)
		if err != nil {
			return err
		}
		around, err := o.session.SessionAround(ctx, o.id, o.around, o.by, idle)
		if err != nil {
			return err
		}
		o.told = &around
		same, err := o.session.ReadFilter(ctx, o.id, around.Filter)
		if err != nil {
			return err
		}
		more = more.And(same)
		if !o.p.json && !o.p.quiet {
			o.p.errf("  %s until nothing comes for %s: %s\n", plural(around.Count, "event"), howLong(idle), term.Safe(around.Filter))
		}
	}
	if more.Expr() != nil {
		o.filter = f.And(more).String()
	}
	return nil
}

// notThatTime says of a time that a flag gives what is wrong with it: there is no
// filter to point into.
func notThatTime(flag, text string, err error) error {
	var wrong *timeline.FilterError
	if !errors.As(err, &wrong) {
		return err
	}
	return &response.Error{Code: response.CodeUsage, Hint: wrong.Hint, Err: fmt.Errorf("%s %s: %s", flag, text, wrong.Problem)}
}
