package cmd

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/response"
	"firebreak/timeline"
)

type searchOptions struct {
	p         *program
	incident  string
	filter    string
	count     bool
	histogram bool
	limit     int
	end       bool
	star      bool
	tags      []string
	comment   string
}

func newSearchCmd(p *program, run func(*cobra.Command, *searchOptions) error) *cobra.Command {
	o := &searchOptions{p: p}
	c := &cobra.Command{
		Use:   "search INCIDENT [FILTER…]",
		Short: "Search the timeline",
		Long: `Search the timeline with one line: words and "phrases", field:value (host, user,
source, parser, kind, message, exhibit, technique, attr.NAME), lists host:a,b,
wildcards pre*, -not, and or ( ), /regular expressions/, ip:10.0.0.0/8, after:
before: around:, tag: star: comment:. With --star, --tag or --comment the events
found are marked in the record.`,
		Example: `  firebreak search last 'host:web-1 "failed password" after:-2h'
  firebreak search last --count source:auth -user:root
  firebreak search last 'ip:203.0.113.0/24' --star --tag pivot`,
		Args:              atLeast(1, "an incident, and a filter"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.filter = args[0], strings.Join(args[1:], " ")
			return run(c, o)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.count, "count", false, "print only how many")
	f.BoolVar(&o.histogram, "histogram", false, "print how they are spread over time")
	f.IntVar(&o.limit, "limit", 1000, "print at most this many; 0 for all")
	f.BoolVar(&o.end, "end", false, "the newest instead of the oldest")
	f.BoolVar(&o.star, "star", false, "star them")
	f.StringSliceVar(&o.tags, "tag", nil, "tag them")
	f.StringVar(&o.comment, "comment", "", "comment them")
	c.MarkFlagsMutuallyExclusive("count", "histogram")
	return c
}

func runSearch(c *cobra.Command, o *searchOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	var found *timeline.FilterError
	defer func() {
		if errors.As(err, &found) && !o.p.json {
			o.p.errf("%s\n", found.Caret())
		}
	}()
	switch {
	case o.count:
		var n int64
		if n, err = s.Count(c.Context(), id, o.filter); err != nil {
			return err
		}
		if o.p.json {
			return o.p.printJSON(map[string]int64{"count": n})
		}
		return o.p.printf("%d\n", n)
	case o.histogram:
		var h response.Histogram
		if h, err = s.Histogram(c.Context(), id, response.HistogramRequest{Filter: o.filter, Buckets: 64}); err != nil {
			return err
		}
		if o.p.json {
			return o.p.printJSON(h)
		}
		return o.p.printf("%s  %s  %s\n", utc(h.From), timeline.Strip(h.Buckets), utc(h.To))
	}
	r := response.PageRequest{Filter: o.filter, End: o.end, Limit: 1000}
	for left := o.limit; ; {
		if o.limit > 0 {
			r.Limit = min(left, 1000)
		}
		var page []response.MarkedEvent
		if page, err = s.Page(c.Context(), id, r); err != nil {
			return err
		}
		for _, e := range page {
			if err = o.one(c, s, e); err != nil {
				return err
			}
		}
		left -= len(page)
		if len(page) < r.Limit || o.end || (o.limit > 0 && left <= 0) {
			return nil
		}
		last := page[len(page)-1]
		r.After = &timeline.Cursor{Time: last.Time, ID: last.ID}
	}
}

// one prints an event, and marks it when asked to.
func (o *searchOptions) one(c *cobra.Command, s *response.Session, e response.MarkedEvent) error {
	if o.star || len(o.tags) > 0 || o.comment != "" {
		var star *bool
		if o.star {
			star = &o.star
		}
		id, err := s.Service().ParseID(o.incident)
		if err != nil {
			return err
		}
		if err := s.Mark(c.Context(), id, e.ID.String(), star, o.tags, o.comment); err != nil {
			return err
		}
		e.Star = e.Star || o.star
	}
	if o.p.json {
		return o.p.printJSON(e)
	}
	at := "undated"
	if !e.Time.IsZero() {
		at = e.Time.UTC().Format("2006-01-02 15:04:05.000Z")
	}
	mark := " "
	if e.Star {
		mark = "*"
	}
	return o.p.printf("%s %-24s %-10s %-12s %s\n", mark, at, term.Safe(e.Source), term.Safe(e.Host), term.Safe(e.Message))
}
