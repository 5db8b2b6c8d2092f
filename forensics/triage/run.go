package triage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"firebreak/timeline"
)

// Result is what the rules found. Notes say what was not looked at.
type Result struct {
	Findings []Finding
	Rules    int // asked
	Notes    []string
}

// Options narrow what is asked.
type Options struct {
	Min      Severity // the mildest rule that is asked, "" for all
	Progress func(what string, done, total int64)
}

// Run asks the rules of the timeline.
func (s *Set) Run(ctx context.Context, tl Timeline, o Options) (Result, error) {
	if o.Progress == nil {
		o.Progress = func(string, int64, int64) {}
	}
	ends, err := tl.Hosts(ctx, recent())
	if err != nil {
		return Result{}, fmt.Errorf("triage: %w", err)
	}
	x := &run{tl: tl, ends: ends}
	var rules []*Rule
	var filters []timeline.Filter
	for _, r := range s.Rules {
		if o.Min != "" && r.Severity.Rank() < o.Min.Rank() {
			continue
		}
		rules = append(rules, r)
		filters = append(filters, x.within(r.filter, r.Last))
	}
	counts, err := tl.Counts(ctx, filters, func(done, total int64) { o.Progress("asking the timeline", done, total) })
	if err != nil {
		return Result{}, fmt.Errorf("triage: %w", err)
	}
	var all []Finding
	for i, r := range rules {
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		if counts[i] == 0 {
			continue
		}
		o.Progress("rule "+r.ID, int64(i), int64(len(rules)))
		groups, err := x.rule(ctx, r, filters[i])
		if err != nil {
			return Result{}, fmt.Errorf("triage: rule %s: %w", r.ID, err)
		}
		all = append(all, r.tell(groups)...)
	}
	found := gather(all)
	if len(found) > MaxFindings {
		x.note("%d findings: the %d mildest are left out", len(found), len(found)-MaxFindings)
		found = found[:MaxFindings]
	}
	return Result{Findings: found, Rules: len(rules), Notes: x.notes}, nil
}

// recent are the events that say how far a host's evidence reaches. Access times
// and the state at collection do not: reading an old disk makes them.
func recent() timeline.Filter {
	f, err := timeline.ParseFilterAt("kind:logged,started,ended,modified,changed,born,installed missing:attr.time_suspect", timeline.Moments{})
	if err != nil {
		panic(err) // it is written above
	}
	return f
}

// run is one asking of a set.
type run struct {
	tl    Timeline
	ends  map[string]time.Time
	notes []string
}

func (x *run) note(format string, args ...any) {
	x.notes = append(x.notes, fmt.Sprintf(format, args...))
}

// maxHosts is how many hosts get a time of their own; of more, all get the
// earliest.
const maxHosts = 30

// within is a filter, in the last part of each host's evidence.
func (x *run) within(f timeline.Filter, last time.Duration) timeline.Filter {
	if last == 0 || len(x.ends) == 0 {
		return f
	}
	hosts := slices.Sorted(maps.Keys(x.ends))
	least := x.ends[hosts[0]]
	for _, end := range x.ends {
		if end.Before(least) {
			least = end
		}
	}
	since := func(t time.Time) string { return "after:" + t.Add(-last).UTC().Format(time.RFC3339Nano) }
	text := since(least)
	if len(hosts) > 1 && len(hosts) <= maxHosts {
		var parts []string
		for _, h := range hosts {
			parts = append(parts, "(host:"+quoted(h)+" "+since(x.ends[h])+")")
		}
		if all := strings.Join(parts, " or "); len(all) < timeline.MaxFilter {
			text = all
		}
	}
	more, err := timeline.ParseFilterAt(text, timeline.Moments{})
	if err != nil { // a host whose name the language cannot say
		more, err = timeline.ParseFilterAt(since(least), timeline.Moments{})
	}
	if err != nil {
		x.note("times before %s cannot be asked for: all are looked at", clock(least))
		return f
	}
	return f.And(more)
}

// rule asks one rule.
func (x *run) rule(ctx context.Context, r *Rule, f timeline.Filter) ([]*group, error) {
	if r.Gap != nil {
		return x.gaps(ctx, r, f)
	}
	gs := newGroups(r)
	if len(r.joins()) == 0 && r.Crowd == nil || r.Count != nil {
		err := x.tl.Scan(ctx, f, false, func(e *timeline.Event) error {
			if all(r.Where, e, e) {
				gs.add(e)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if gs.full {
			x.note("rule %s: more than %d different values: not all were looked at", r.ID, maxGroups)
		}
		groups := gs.chosen(x.ends)
		if len(r.joins()) == 0 || len(groups) == 0 {
			return groups, nil
		}
		return x.joinGroups(ctx, r, groups)
	}
	return x.joinEvents(ctx, r, f, gs)
}

// joinGroups keeps the groups that the joins let through; each is held by its
// last event.
func (x *run) joinGroups(ctx context.Context, r *Rule, groups []*group) ([]*group, error) {
	mine := make([]*timeline.Event, len(groups))
	for i, g := range groups {
		mine[i] = &g.last
	}
	found, err := x.others(ctx, r, mine)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(groups, func(g *group) bool {
		ok, partners := r.joined(&g.last, g.when, found)
		g.take(partners)
		return !ok
	}), nil
}

// joinEvents keeps the events that the joins let through, and groups them.
func (x *run) joinEvents(ctx context.Context, r *Rule, f timeline.Filter, gs *groups) ([]*group, error) {
	var mine []*timeline.Event
	var others *around
	if r.Crowd != nil {
		var err error
		if others, err = x.crowd(ctx, r.Crowd, r.Last); err != nil {
			return nil, err
		}
	}
	err := x.tl.Scan(ctx, f, false, func(e *timeline.Event) error {
		if !all(r.Where, e, e) || others.many(e) {
			return nil
		}
		if len(mine) >= maxHeld {
			x.note("rule %s: more than %d events: the later ones were not looked at", r.ID, maxHeld)
			return errEnough
		}
		c := e.Clone()
		mine = append(mine, &c)
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) || len(mine) == 0 {
		return nil, err
	}
	found, err := x.others(ctx, r, mine)
	if err != nil {
		return nil, err
	}
	for _, e := range mine {
		ok, partners := r.joined(e, []stretch{{e.Time, e.Time}}, found)
		if !ok {
			continue
		}
		if g := gs.add(e); g != nil {
			g.take(partners)
		}
	}
	return gs.chosen(x.ends), nil
}

// others reads the events of all joins, in the order of Rule.joins.
func (x *run) others(ctx context.Context, r *Rule, mine []*timeline.Event) ([]*others, error) {
	var out []*others
	for _, j := range r.joins() {
		o, err := x.lookFor(ctx, j, mine)
		if err != nil {
			return nil, err
		}
		if o.full {
			x.note("rule %s: more than %d other events: not all were looked at", r.ID, maxOthers)
		}
		out = append(out, o)
	}
	return out, nil
}

// joined says whether the joins let an event through, and with which others.
func (r *Rule) joined(e *timeline.Event, when []stretch, found []*others) (bool, []*timeline.Event) {
	var partners []*timeline.Event
	for range r.With {
		x := found[0].beside(e)
		if x == nil {
			return false, nil
		}
		partners, found = append(partners, x), found[1:]
	}
	for range r.Not {
		if found[0].beside(e) != nil {
			return false, nil
		}
		found = found[1:]
	}
	if r.Then != nil {
		x := found[0].behind(e, when)
		if x == nil {
			return false, nil
		}
		partners = append(partners, x)
	}
	return true, partners
}

// take keeps which other events belong to the group.
func (g *group) take(partners []*timeline.Event) {
	for _, p := range partners {
		if g.other == nil {
			g.other = p
		}
		g.from(p.Exhibit)
		if len(g.others) < MaxEvents && !slices.Contains(g.others, p.ID) {
			g.others = append(g.others, p.ID)
		}
	}
}
