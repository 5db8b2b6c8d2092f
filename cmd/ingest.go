package cmd

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/response"
)

type ingestOptions struct {
	p        *program
	incident string
	files    []string
	rebuild  bool
	zone     string
	mapping  string
	follow   bool
	fromEnd  bool
	from     fromSystem
	response.IngestOptions
}

func newIngestCmd(p *program, run func(*cobra.Command, *ingestOptions) error) *cobra.Command {
	o := &ingestOptions{p: p}
	c := &cobra.Command{
		Use:   "ingest INCIDENT FILE…",
		Short: "Seal files as evidence and read them into the timeline",
		Long: `Seal files as evidence and read them into the timeline: syslog, journal, login
records, bodyfile, Timesketch CSV and JSONL, shell histories, package logs and
more; compressed ones are opened. The file "-" is the standard input. Lines that
cannot be read are counted and sampled, never dropped in silence. The same file
twice adds nothing. What an ingest that was interrupted had sealed and not read
to its end is read on by the next one.

Times without a zone are read in --zone. Where the clock of the source was wrong,
--skew says by how much it was ahead (90s, 2h3m; -90s: behind): it is taken off
every time, and each event says so.

With --follow one file is taken as it grows, until Ctrl-C: what was appended is
sealed every two seconds, or every MiB, as an exhibit of its own that ends at an
end of line, and read. Started again on the same file it goes on where it ended.
A rotated file is taken to its end before the new one; a truncated one is told.

With --from a configured system gives what it has: the log of an incident, an
audit log. It is sealed as it comes, then read.`,
		Args: func(c *cobra.Command, args []string) error {
			if o.rebuild {
				return exactly(1, "an incident, and no files with --rebuild")(c, args)
			}
			if o.fromEnd && !o.follow {
				return errFlag{errors.New("--from-end goes with --follow")}
			}
			if o.from.action != "" {
				return exactly(1, "an incident, and no files with --from")(c, args)
			}
			if o.follow {
				return exactly(2, "an incident, and one file with --follow")(c, args)
			}
			return atLeast(2, "an incident and files")(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.files = args[0], args[1:]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Parser, "parser", "", "the `PARSER` that reads them (default: find out)")
	f.StringVar(&o.mapping, "mapping", "", "read JSON or CSV as this `FILE` says (docs/formats.md); the record keeps its text")
	f.StringVar(&o.Host, "host", "", "the `HOST` of sources that do not name theirs")
	f.StringVar(&o.zone, "zone", "", "the `ZONE` of times without one (default: the configured zone)")
	f.DurationVar(&o.Skew, "skew", 0, "how far the `CLOCK` of the source was ahead, as 90s; behind, as -90s")
	f.IntVar(&o.Year, "year", 0, "the `YEAR` of the first line of logs without one (default: inferred)")
	f.StringVar(&o.Authority, "authority", "", "on whose authority they are taken: a `PERSON` or an order; recorded as not said when it is left out")
	f.BoolVar(&o.rebuild, "rebuild", false, "make the timeline again from the sealed evidence")
	followFlags(c, o)
	fromFlags(c, o)
	return c
}

func runIngest(c *cobra.Command, o *ingestOptions) error {
	defer thrifty()()
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	if o.rebuild {
		if err := s.Rebuild(c.Context(), id, o.p.progress()); err != nil {
			return err
		}
		n, err := s.Count(c.Context(), id, "")
		if err != nil {
			return err
		}
		return o.say(response.Ingested{Events: n, Added: n})
	}
	if o.Zone, err = o.location(); err != nil {
		return err
	}
	if o.mapping != "" {
		if o.Mapping, err = response.ReadMapping(o.mapping); err != nil {
			return err
		}
	}
	if o.follow {
		return runFollow(c, s, id, o)
	}
	var sum response.Ingested
	if o.from.action != "" {
		sum, err = o.from.ingest(c, s, id, o)
	} else if len(o.files) == 1 && o.files[0] == "-" {
		sum, err = s.IngestFrom(c.Context(), id, "stdin", response.Interruptible(c.Context(), o.p.In), o.IngestOptions, o.p.progress())
	} else {
		sum, err = s.Ingest(c.Context(), id, o.files, o.IngestOptions, o.p.progress())
	}
	if err != nil && response.CodeOf(err) != response.CodePartial {
		return err
	}
	if len(sum.Exhibits) > 0 {
		o.p.authority(o.Authority)
	}
	if serr := o.say(sum); serr != nil {
		return serr
	}
	if sum.Added > 0 && o.p.IsTerminal && !o.p.json { // a script that feeds many files asks when it has them all
		o.p.firstLook(c.Context(), s, id)
	}
	return err
}

func (o *ingestOptions) location() (*time.Location, error) {
	if o.zone != "" {
		l, err := time.LoadLocation(o.zone)
		if err != nil {
			return nil, errFlag{fmt.Errorf("--zone: %w", err)}
		}
		return l, nil
	}
	c, err := o.p.config()
	if err != nil || c.Zone == "" {
		return nil, err // not known: the parser says what it assumes
	}
	return c.Location()
}

func (o *ingestOptions) say(sum response.Ingested) error {
	if o.p.json {
		return o.p.printJSON(sum)
	}
	recovered := ""
	if sum.Recovered > 0 {
		recovered = fmt.Sprintf(", %d recovered", sum.Recovered)
	}
	if err := o.p.printf("%s (%d new), %d rejected%s\n", plural(sum.Events, "event"), sum.Added, sum.Rejected, recovered); err != nil {
		return err
	}
	return o.p.samples(sum.Notes, sum.Samples)
}

// samples prints what a reading assumed, and some of what it rejected.
func (p *program) samples(notes, rejected []string) error {
	for _, line := range notes {
		if err := p.printf("  note: %s\n", term.Cut(term.Safe(line), 160)); err != nil {
			return err
		}
	}
	for _, line := range rejected {
		if err := p.printf("  rejected: %s\n", term.Cut(term.Safe(line), 160)); err != nil {
			return err
		}
	}
	return nil
}
