package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/response"
	"firebreak/timeline"
)

type sweepOptions struct {
	p        *program
	incident string
	file     string
	filter   string
	text     bool
	all      bool
	local    bool
}

func newSweepCmd(p *program, run func(*cobra.Command, *sweepOptions) error) *cobra.Command {
	o := &sweepOptions{p: p}
	c := &cobra.Command{
		Use:   "sweep INCIDENT FILE|-",
		Short: "Look for a list of indicators or words",
		Long: `Look for many things in one pass over the timeline: one filter a line, as search
takes it, so a word, an address, a hash, a "phrase", host:web-1 attr.pid:1..9. An
empty line and one that begins with # are passed over. For each it prints how
many events there are, and the first and last of them.

With --text a line is no filter but a text that is looked for as it is; hxxp://
and [.], as reports write addresses to make them harmless, are read as meant.

It exits with 0 whether anything was found or not: 1 is an error here, unlike
with grep. --json prints a line for each, in the order of the list.`,
		Example: `  firebreak sweep last indicators.txt --text
  curl -s https://feed.example/list.txt | firebreak sweep last - --text --json
  firebreak sweep last rules.txt --filter after:detected-7d`,
		Args: exactly(2, "an incident and a file, - for the standard input"),
		ValidArgsFunction: func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			return p.completeIncidents(c, args, typed)
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.file = args[0], args[1]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.text, "text", false, "a line is a text, not a filter")
	f.StringVar(&o.filter, "filter", "", "only among the events of this `FILTER`")
	f.BoolVar(&o.all, "all", false, "print those too that found nothing")
	f.BoolVar(&o.local, "local", false, "print times in this machine's zone instead of UTC")
	return c
}

func runSweep(c *cobra.Command, o *sweepOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	lines, err := o.lines(c.Context())
	if err != nil {
		return err
	}
	r := response.SweepRequest{Among: o.filter}
	for _, l := range lines {
		text := l.text
		if o.text {
			f, err := timeline.Containing(armed(text))
			if err != nil {
				return unreadLine(l, err)
			}
			text = f.String()
		}
		r.Filters = append(r.Filters, text)
	}
	hits, err := s.Sweep(c.Context(), id, r, o.p.progress())
	o.p.showCaret(err)
	var wrong *response.SweepError
	if errors.As(err, &wrong) {
		return unreadLine(lines[wrong.N], err)
	}
	if err != nil {
		return err
	}
	return o.print(lines, hits)
}

func unreadLine(l sweepLine, err error) error {
	return &response.Error{Code: response.CodeUsage, Hint: "with --text the lines are no filters", Err: fmt.Errorf("sweep: line %d: %w", l.number, err)}
}

// armed puts an address back that was written so that nobody clicks on it.
func armed(s string) string {
	s = strings.NewReplacer("[.]", ".", "(.)", ".", "[dot]", ".", "[:]", ":", "[@]", "@", "[at]", "@").Replace(s)
	for _, scheme := range []string{"hxxps://", "hxxp://"} {
		if len(s) >= len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			return "htt" + s[len("hxx"):]
		}
	}
	return s
}

// sweepLine is one line that asks for something.
type sweepLine struct {
	number int
	text   string
}

func (o *sweepOptions) lines(ctx context.Context) (lines []sweepLine, err error) {
	in := response.Interruptible(ctx, o.p.In)
	if o.file != "-" {
		f, err := os.Open(o.file)
		if err != nil {
			return nil, fmt.Errorf("sweep: read the list: %w", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		in = f
	}
	sc := bufio.NewScanner(io.LimitReader(in, mostOfSweep+1))
	sc.Buffer(nil, 2*timeline.MaxFilter)
	read := 0
	for n := 1; sc.Scan(); n++ {
		if read += len(sc.Bytes()) + 1; read > mostOfSweep {
			return nil, errFlag{fmt.Errorf("sweep: the list is longer than %d bytes", mostOfSweep)}
		}
		text := strings.TrimSpace(strings.TrimPrefix(sc.Text(), "\ufeff"))
		if text == "" || text[0] == '#' {
			continue
		}
		if lines = append(lines, sweepLine{n, text}); len(lines) > response.MaxSweep {
			return nil, errFlag{fmt.Errorf("sweep: the list has more than %d lines: split it", response.MaxSweep)}
		}
	}
	if errors.Is(sc.Err(), bufio.ErrTooLong) {
		return nil, errFlag{fmt.Errorf("sweep: a line is longer than %d bytes", 2*timeline.MaxFilter)}
	}
	if sc.Err() != nil {
		return nil, fmt.Errorf("sweep: read the list: %w", sc.Err())
	}
	return lines, nil
}

const mostOfSweep = 16 << 20

// swept is a line of --json: what the list said in place of the filter made of
// it.
type swept struct {
	Line int    `json:"line"`
	Text string `json:"text"`
	response.SweepHit
}

func (o *sweepOptions) print(lines []sweepLine, hits []response.SweepHit) error {
	clock := (&searchOptions{local: o.local}).clock
	wide := columnWidth("time", o.local)
	if !o.p.json && o.p.IsTerminal {
		if err := o.p.printf("%10s  %-*s  %-*s  %s\n", "EVENTS", wide, "FIRST", wide, "LAST", "LOOKED FOR"); err != nil {
			return err
		}
	}
	none := 0
	for i, h := range hits {
		var err error
		switch {
		case o.p.json:
			err = o.p.printJSON(swept{lines[i].number, lines[i].text, h})
		case h.Count > 0:
			err = o.p.printf("%10d  %-*s  %-*s  %s\n", h.Count, wide, clock(h.First), wide, clock(h.Last), term.Safe(lines[i].text))
		default:
			if none++; o.all {
				err = o.p.printf("%10d  %-*s  %-*s  %s\n", 0, wide, "", wide, "", term.Safe(lines[i].text))
			}
		}
		if err != nil {
			return err
		}
	}
	if o.p.json {
		return nil
	}
	return o.p.printf("%d of %d found something, %d found nothing\n", len(hits)-none, len(hits), none)
}
