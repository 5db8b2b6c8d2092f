package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"firebreak/tools/bench/ask"
)

// grown is what an incident is like when it has that many events.
type grown struct {
	events  int
	added   int
	ingest  sample
	size    int64
	screen  sample
	answers []ask.Answer
	probe   sample
}

// grow fills one incident step by step, and asks the same after each.
func (b *bench) grow(ctx context.Context) error {
	home, id, err := b.incident(ctx, "workspace-growth")
	if err != nil {
		return err
	}
	defer func() { os.RemoveAll(home) }() //nolint:errcheck // the next run makes it anew
	total := 0
	for i, millions := range []float64{1, 2, 7, 20} {
		n := int(millions * b.scale * 1e6)
		part, err := b.make(ctx, "log", n, 11+i)
		if err != nil {
			return err
		}
		g := grown{events: total + n, added: n}
		if g.ingest, err = run(ctx, job{args: []string{b.firebreak, "ingest", id, part}, env: b.environ(home)}); err != nil {
			return err
		}
		if err := os.Remove(part); err != nil { // they are large
			return err
		}
		total += n
		s, err := run(ctx, job{args: []string{b.firebreak, "search", id, "--count"}, env: b.environ(home)})
		if err != nil {
			return err
		}
		b.same("events after a step of growth", strings.TrimSpace(s.Out), fmt.Sprint(total))
		g.size = size(timelineOf(home, id))
		screens := &line{}
		if err := b.turns(ctx, []*line{screens}, func(ctx context.Context) (sample, error) {
			return run(ctx, job{args: []string{b.firebreak, "search", id, "--limit", "50"}, env: b.environ(home)})
		}); err != nil {
			return err
		}
		g.screen = screens.sample
		if g.probe, err = b.ask(ctx, []string{b.self, "probe", timelineOf(home, id)}, []question{
			{Name: "first page, rare word", Kind: "first", Filter: "mimikatz", Times: 20},
			{Name: "first page, common word", Kind: "first", Filter: "sshd", Times: 20},
			{Name: "first page, word + host + day", Kind: "first", Filter: "sshd " + oneHost + oneDay, Times: 20},
			{Name: "random page", Kind: "random", Times: 100},
			{Name: "histogram of all", Kind: "histogram", Times: 10},
			{Name: "count, rare word", Kind: "count", Filter: "mimikatz", Times: 10},
			{Name: "count, substring", Kind: "count", Filter: "*imikat*", Times: 3},
		}, &g.answers); err != nil {
			return err
		}
		for _, a := range g.answers {
			if a.Error != "" {
				return fmt.Errorf("%s: %s", a.Name, a.Error)
			}
		}
		b.tell("  %s events: %s a second, %.1f B an event, first screen %s", number(int64(total)), rate(n, g.ingest.Wall), float64(g.size)/float64(total), clock(g.screen.Wall))
		b.growth = append(b.growth, g)
	}
	return nil
}

func (g grown) cells() []string {
	cells := []string{
		number(int64(g.events)), rate(g.added, g.ingest.Wall),
		fmt.Sprintf("%.1f", g.ingest.CPU.Seconds()*1e6/float64(g.added)), megabytes(g.ingest.RSS),
		fmt.Sprintf("%.1f", float64(g.size)/float64(g.events)),
		clock(g.screen.Wall) + ", " + megabytes(g.screen.RSS),
	}
	for _, a := range g.answers {
		cells = append(cells, clock(seconds(a.P95))+", "+clock(seconds(a.CPU)))
	}
	return append(cells, megabytes(g.probe.RSS))
}
