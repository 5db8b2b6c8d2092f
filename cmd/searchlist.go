package cmd

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"firebreak/internal/term"
	"firebreak/response"
	"firebreak/timeline"
)

// mostAtEnd is how many of the newest events can be asked for.
const mostAtEnd = 10_000

// list prints the events as they are found, and marks them when asked to.
func (o *searchOptions) list(ctx context.Context) (err error) {
	out := o.p.Out
	lines := newFlow(out, o.p.Now)
	o.p.Out = lines
	defer func() {
		o.p.Out = out
		err = errors.Join(err, lines.buf.Flush())
	}()
	if len(o.columns) > 0 && o.p.IsTerminal {
		if err := o.heading(); err != nil {
			return err
		}
	}
	if o.end {
		page, err := o.session.Page(ctx, o.id, response.PageRequest{Filter: o.filter, End: true, Limit: o.limit})
		if err != nil {
			return err
		}
		for part := range slices.Chunk(page, response.MaxMarks) {
			if err := o.some(ctx, part); err != nil {
				return err
			}
		}
		if len(page) == 0 {
			return o.nothing(ctx)
		}
		return nil
	}
	n := 0
	var held []response.MarkedEvent
	err = o.session.Scan(ctx, o.id, response.PageRequest{Filter: o.filter, Limit: o.limit}, func(e response.MarkedEvent) error {
		n++
		if !o.marks() {
			return o.one(e)
		}
		e.Event = e.Clone()
		if held = append(held, e); len(held) < response.MaxMarks {
			return nil
		}
		err := o.some(ctx, held)
		held = held[:0]
		return err
	})
	if err == nil {
		err = o.some(ctx, held)
	}
	if err == nil && n == 0 {
		return o.nothing(ctx)
	}
	if err == nil && n == o.limit && o.p.IsTerminal && !o.p.json && !o.p.quiet {
		o.p.errf("  the first %d; --limit 0 prints all, --count says how many there are\n", n)
	}
	return err
}

// nothing says to a person that there is nothing, and why that may be.
func (o *searchOptions) nothing(ctx context.Context) error {
	if !o.p.IsTerminal || o.p.json || o.p.quiet {
		return nil
	}
	all, err := o.session.Count(ctx, o.id, "")
	if err != nil {
		return err
	}
	if all == 0 {
		o.p.errf("  the timeline is empty: firebreak ingest or collect fills it\n")
		return nil
	}
	o.p.errf("  none of %s matches; --explain says how the filter was read\n", plural(all, "event"))
	return nil
}

// some marks events, under one head of the record, and prints them.
func (o *searchOptions) some(ctx context.Context, events []response.MarkedEvent) error {
	if o.marks() && len(events) > 0 {
		r := response.MarkRequest{Tags: o.tags, Comment: o.comment}
		if o.star {
			r.Star = &o.star
		}
		if err := o.session.MarkAll(ctx, o.id, events, r); err != nil {
			return err
		}
	}
	for _, e := range events {
		e.Star = e.Star || o.star
		if err := o.one(e); err != nil {
			return err
		}
	}
	return nil
}

func (o *searchOptions) one(e response.MarkedEvent) error {
	if o.p.json {
		return o.p.printJSON(e)
	}
	if len(o.columns) > 0 {
		return o.row(func(name string) string { return o.cell(e, name) })
	}
	mark := " "
	if e.Star {
		mark = "*"
	}
	return o.p.printf("%s %-24s %-10s %-12s %s\n", mark, o.clock(e.Time), term.Safe(e.Source), term.Safe(e.Host), term.Safe(e.Message))
}

// clock is a time as the person wants it: UTC, or the zone here.
func (o *searchOptions) clock(t time.Time) string {
	switch {
	case t.IsZero():
		return "undated"
	case o.local:
		return t.Local().Format("2006-01-02 15:04:05.000-07:00")
	}
	return t.UTC().Format("2006-01-02 15:04:05.000Z")
}

func isColumn(name string) bool {
	switch name {
	case "time", "message", "star", "tags", "comments", "discovered":
		return true
	}
	_, _, ok := timeline.ParseField(name)
	return ok
}

func (o *searchOptions) cell(e response.MarkedEvent, name string) string {
	switch name {
	case "time":
		return o.clock(e.Time)
	case "discovered":
		return o.clock(e.Discovered)
	case "message":
		return e.Message
	case "star":
		if e.Star {
			return "*"
		}
		return ""
	case "tags":
		return strings.Join(e.Tags, ",")
	case "comments":
		return strings.Join(e.Comments, "; ")
	}
	field, attribute, _ := timeline.ParseField(name)
	return field.Value(&e.Event, attribute)
}

func (o *searchOptions) heading() error {
	return o.row(strings.ToUpper)
}

// row prints a line of the columns; the last one is as wide as it is.
func (o *searchOptions) row(cell func(string) string) error {
	var line strings.Builder
	for i, name := range o.columns {
		text := term.Safe(cell(name))
		if i == len(o.columns)-1 {
			line.WriteString(text)
			break
		}
		width := columnWidth(name, o.local)
		if term.Width(text) > width && name == "message" {
			text = term.Cut(text, width)
		}
		line.WriteString(text + strings.Repeat(" ", max(0, width-term.Width(text))+2))
	}
	return o.p.printf("%s\n", strings.TrimRight(line.String(), " "))
}

func columnWidth(name string, local bool) int {
	switch name {
	case "time", "discovered":
		if local {
			return 29
		}
		return 24
	case "star":
		return 1
	case "message":
		return 60
	case "id":
		return 26
	}
	return 12
}
