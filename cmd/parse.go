package cmd

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/response"
	"firebreak/timeline"
)

type parseOptions struct {
	p      *program
	events bool
	format string
	zone   string
	by     string
	after  string
	before string
	response.ParseRequest
}

func newParseCmd(p *program, run func(*cobra.Command, *parseOptions) error) *cobra.Command {
	o := &parseOptions{p: p}
	c := &cobra.Command{
		Use:   "parse FILE…",
		Short: "Read files as ingest would, without an incident",
		Long: `Read files as ingest would, and say how many events each gave, how many records
were rejected and how many were read from behind damage; their sum is what was
seen, always. It needs no workspace, and writes nothing.

With --events the events themselves are printed: JSON, one a line, or what
--format names (` + strings.Join(parseFormats(), ", ") + `).

--after and --before leave out what lies outside, and what has no time; it is
counted apart. Of a systemd journal only the entries within are read: its list of
entries leads to them.

The file "-" is the standard input; compressed files are opened. A file that
cannot be read does not stop the others; the exit status is 5 then.`,
		Example: `  firebreak parse /var/log/auth.log.1.gz
  firebreak parse --events --format csv *.log
  firebreak parse --events --after "2h ago" /var/log/journal/*/system.journal
  zcat x.gz | firebreak parse - --as syslog --year 2025 --json`,
		Args: atLeast(1, "a file"),
		RunE: func(c *cobra.Command, args []string) error {
			o.Files = args
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Parser, "as", "", "the `PARSER` that reads them (default: find out)")
	f.StringVar(&o.Parser, "parser", "", "the same, as ingest calls it: there --as is a person")
	c.MarkFlagsMutuallyExclusive("as", "parser")
	f.StringVar(&o.by, "mapping", "", "read JSON or CSV as this `FILE` says (docs/formats.md)")
	f.BoolVar(&o.events, "events", false, "print the events")
	f.StringVar(&o.format, "format", string(timeline.JSONL), "the `FORMAT` of the events")
	f.BoolVarP(&o.Recursive, "recursive", "r", false, "read what is in folders, too")
	f.StringVar(&o.Host, "host", "", "the `HOST` of sources that do not name theirs")
	f.DurationVar(&o.Skew, "skew", 0, "how far the `CLOCK` of the source was ahead, as 90s; behind, as -90s")
	f.StringVar(&o.zone, "zone", "", "the `ZONE` of times without one (default: UTC, and the events say so)")
	f.StringVar(&o.after, "after", "", "only what is not earlier than this `TIME`, as filters write it")
	f.StringVar(&o.before, "before", "", "only what is earlier than this `TIME`")
	f.IntVar(&o.Year, "year", 0, "the `YEAR` of the first line of logs without one (default: inferred)")
	return c
}

func parseFormats() []string {
	var names []string
	for _, f := range timeline.Formats() {
		names = append(names, string(f))
	}
	return names
}

func runParse(c *cobra.Command, o *parseOptions) (err error) {
	if c.Flags().Changed("format") && !o.events {
		return errFlag{errors.New("--format is of the events: --events")}
	}
	if o.zone != "" {
		if o.Zone, err = time.LoadLocation(o.zone); err != nil {
			return errFlag{fmt.Errorf("--zone: %w", err)}
		}
	}
	if o.by != "" {
		if o.Mapping, err = response.ReadMapping(o.by); err != nil {
			return err
		}
	}
	o.In, o.Now = o.p.In, o.p.Now()
	if err := o.times(); err != nil {
		return err
	}
	if !o.events {
		return response.ParseFiles(c.Context(), o.ParseRequest, o.account, o.p.progress())
	}
	to, err := o.p.eventsOut(o.format, false)
	if err != nil {
		return err
	}
	w, err := timeline.NewWriter(to, timeline.Format(o.format))
	if err != nil {
		return errFlag{fmt.Errorf("--format: %w", err)}
	}
	o.Events = func(es []timeline.Event) error {
		for i := range es {
			if err := w.Write(&es[i], timeline.Mark{}); err != nil {
				return err
			}
		}
		return nil
	}
	err = response.ParseFiles(c.Context(), o.ParseRequest, o.aside, o.p.progress())
	err = errors.Join(err, w.Flush())
	if n, which := w.LeftOut(); n > 0 && !o.p.quiet {
		o.p.errf("  %s left out: %s\n", plural(n, "event"), which)
	}
	return err
}

// times reads --after and --before.
func (o *parseOptions) times() (err error) {
	for _, flag := range []struct {
		name, text string
		to         *time.Time
	}{{"after", o.after, &o.After}, {"before", o.before, &o.Before}} {
		if flag.text == "" {
			continue
		}
		if *flag.to, err = timeline.ReadMoment(flag.text, timeline.Moments{Now: o.Now}); err != nil {
			return errFlag{fmt.Errorf("--%s: %w", flag.name, err)}
		}
	}
	if !o.After.IsZero() && !o.Before.IsZero() && !o.After.Before(o.Before) {
		return errFlag{errors.New("--after has to be earlier than --before")}
	}
	return nil
}

// account prints what one file gave.
func (o *parseOptions) account(sum response.Parsed) error {
	if o.p.json {
		return o.p.printJSON(sum)
	}
	if err := o.p.printf("%s\n", term.Safe(accountLine(sum))); err != nil {
		return err
	}
	return o.p.samples(sum.Notes, sum.Samples)
}

// aside says beside the events what a file gave, unless quiet is wanted.
func (o *parseOptions) aside(sum response.Parsed) error {
	if !o.p.quiet && !o.p.json {
		o.p.errf("  %s\n", term.Safe(accountLine(sum)))
	}
	return nil
}

func accountLine(sum response.Parsed) string {
	recovered := ""
	if sum.Recovered > 0 {
		recovered = fmt.Sprintf(", %d from behind damage", sum.Recovered)
	}
	outside := ""
	if sum.Outside > 0 {
		outside = fmt.Sprintf(", %d outside", sum.Outside)
	}
	return fmt.Sprintf("%s: %s, %s%s, %d rejected%s", sum.File, sum.Parser, plural(sum.Events, "event"), recovered, sum.Rejected, outside)
}
