package cmd

import (
	"context"
	"fmt"
	"strings"
	"time"

	"firebreak/internal/term"
	"firebreak/response"
	"firebreak/timeline"
)

// counted is the answer of --count; with --around it tells what was found.
type counted struct {
	Count  int64      `json:"count"`
	Filter string     `json:"filter,omitempty"`
	From   *time.Time `json:"from,omitempty"`
	To     *time.Time `json:"to,omitempty"`
}

func (o *searchOptions) printCount(ctx context.Context) error {
	n, err := o.session.Count(ctx, o.id, o.filter)
	if err != nil {
		return err
	}
	if !o.p.json {
		return o.p.printf("%d\n", n)
	}
	out := counted{Count: n}
	if o.told != nil {
		out.Filter, out.From, out.To = o.filter, &o.told.From, &o.told.To
	}
	return o.p.printJSON(out)
}

func (o *searchOptions) printEstimate(ctx context.Context) error {
	e, err := o.session.Estimate(ctx, o.id, o.filter)
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(e)
	}
	about := "about "
	if e.Exact {
		about = ""
	}
	return o.p.printf("%s%d\n", about, e.Count)
}

func (o *searchOptions) printHistogram(ctx context.Context) error {
	h, err := o.session.Histogram(ctx, o.id, response.HistogramRequest{Filter: o.filter, From: o.fromTime, To: o.toTime, Buckets: o.buckets})
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(h)
	}
	if len(h.Buckets) == 0 {
		return o.p.printf("nothing there is dated\n")
	}
	each := h.To.Sub(h.From) / time.Duration(len(h.Buckets))
	return o.p.printf("%s  %s  %s\n  a character is %s\n", o.clock(h.From), timeline.Strip(h.Buckets), o.clock(h.To), howLong(each))
}

func (o *searchOptions) printFields(ctx context.Context) error {
	fields, err := o.session.Fields(ctx, o.id, o.filter)
	if err != nil {
		return err
	}
	if err := o.titles("%10s  %10s  %s\n", "EVENTS", "VALUES", "FIELD"); err != nil {
		return err
	}
	for _, f := range fields {
		if o.p.json {
			err = o.p.printJSON(f)
		} else {
			values := ""
			if f.Values > 0 {
				values = fmt.Sprint(f.Values)
			}
			err = o.p.printf("%10d  %10s  %s\n", f.Events, values, term.Safe(f.Field))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (o *searchOptions) printValues(ctx context.Context) error {
	r := response.ValuesRequest{Filter: o.filter, Field: o.top + o.rare, Rare: o.rare != "", Limit: o.limit}
	if o.limit == 0 {
		r.Limit = response.MaxValues
	}
	values, err := o.session.Values(ctx, o.id, r)
	if err != nil {
		return err
	}
	if err := o.titles("%10s  %-*s  %-*s  %s\n", "EVENTS", o.wide(), "FIRST", o.wide(), "LAST", "VALUE"); err != nil {
		return err
	}
	for _, v := range values {
		if o.p.json {
			err = o.p.printJSON(v)
		} else {
			err = o.p.printf("%10d  %-*s  %-*s  %s\n", v.Count, o.wide(), o.clock(v.First), o.wide(), o.clock(v.Last), term.Safe(v.Value))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (o *searchOptions) printGaps(ctx context.Context) error {
	least, err := o.silence(time.Hour)
	if err != nil {
		return err
	}
	gaps, err := o.session.Gaps(ctx, o.id, response.GapsRequest{Filter: o.filter, By: o.gaps, AtLeast: least})
	if err != nil {
		return err
	}
	if err := o.titles("%-14s  %-*s  %-*s  %s\n", "SILENT FOR", o.wide(), "FROM", o.wide(), "TO", strings.ToUpper(o.gaps)); err != nil {
		return err
	}
	for i, g := range gaps {
		if o.limit > 0 && i == o.limit {
			break
		}
		if o.p.json {
			err = o.p.printJSON(g)
		} else {
			back := ""
			if g.After.IsZero() {
				back = "  and it does not come back"
			}
			err = o.p.printf("%-14s  %-*s  %-*s  %s%s\n", howLong(g.To.Sub(g.From)), o.wide(), o.clock(g.From), o.wide(), o.clock(g.To), term.Safe(g.Value), back)
		}
		if err != nil {
			return err
		}
	}
	if len(gaps) == 0 && !o.p.json {
		return o.p.printf("none is silent for %s or longer\n", howLong(least))
	}
	return nil
}

func (o *searchOptions) wide() int { return columnWidth("time", o.local) }

// titles prints the heads of columns where a person is looking.
func (o *searchOptions) titles(format string, args ...any) error {
	if o.p.json || !o.p.IsTerminal {
		return nil
	}
	return o.p.printf(format, args...)
}
