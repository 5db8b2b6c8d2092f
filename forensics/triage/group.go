package triage

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"firebreak/timeline"
)

// Limits of what a rule holds in memory.
const (
	maxGroups   = 100_000 // different values of by
	maxDistinct = 10_000  // different values that are counted in one group
	maxHeld     = 20_000  // events of a rule that looks for another one
	maxOthers   = 50_000  // events that are looked for
)

// group is the events of one rule with the same host and values of by.
type group struct {
	host        string
	key         []string
	first, last timeline.Event
	n           int64
	ids         []timeline.ID
	exhibits    []string
	values      map[string]*values // by the name in the template
	other       *timeline.Event
	others      []timeline.ID
	silent      time.Duration

	ring []time.Time          // the times of the last events, for a count
	seen map[string]time.Time // the values of count's of, with the last time of each
	when []stretch            // when the count held
}

// stretch is a time in which a count held.
type stretch struct{ from, to time.Time }

// values are different values of one field.
type values struct {
	shown []string
	all   map[string]bool
}

// add takes an event in.
func (g *group) add(r *Rule, e *timeline.Event) {
	if g.n++; g.n == 1 {
		g.first = e.Clone()
		g.last = g.first
	} else {
		g.last = e.Clone()
	}
	if len(g.ids) < MaxEvents {
		g.ids = append(g.ids, e.ID)
	}
	g.from(e.Exhibit)
	for _, p := range r.Reason.parts {
		if p.field == nil || p.other {
			continue
		}
		v := p.field.of(e)
		if v == "" {
			continue
		}
		if g.values == nil {
			g.values = map[string]*values{}
		}
		vs := g.values[p.name]
		if vs == nil {
			vs = &values{all: map[string]bool{}}
			g.values[p.name] = vs
		}
		if len(vs.all) < maxDistinct && !vs.all[v] {
			v = strings.Clone(v)
			vs.all[v] = true
			if len(vs.shown) < maxShown {
				vs.shown = append(vs.shown, shorten(v))
			}
		}
	}
	if r.Count != nil {
		g.count(r.Count, e)
	}
}

// from notes which exhibit an event comes from.
func (g *group) from(exhibit string) {
	if exhibit != "" && len(g.exhibits) < MaxEvents && !slices.Contains(g.exhibits, exhibit) {
		g.exhibits = append(g.exhibits, strings.Clone(exhibit))
	}
}

// count notes when there were enough.
func (g *group) count(c *Count, e *timeline.Event) {
	if e.Time.IsZero() && c.Within > 0 {
		return
	}
	enough := false
	if c.Of == nil {
		g.ring = append(g.ring, e.Time)
		if len(g.ring) > c.AtLeast {
			g.ring = g.ring[1:]
		}
		enough = len(g.ring) == c.AtLeast && (c.Within == 0 || e.Time.Sub(g.ring[0]) <= c.Within)
	} else if v := c.Of.of(e); v != "" {
		if g.seen == nil {
			g.seen = map[string]time.Time{}
		}
		if c.Within > 0 {
			for old, at := range g.seen {
				if e.Time.Sub(at) > c.Within {
					delete(g.seen, old)
				}
			}
		}
		if len(g.seen) < maxDistinct {
			g.seen[strings.Clone(v)] = e.Time
		}
		enough = len(g.seen) >= c.AtLeast
	}
	if !enough {
		return
	}
	if n := len(g.when); n > 0 && (c.Within == 0 || e.Time.Sub(g.when[n-1].to) <= c.Within) {
		g.when[n-1].to = e.Time
	} else if n < 1000 {
		g.when = append(g.when, stretch{e.Time, e.Time})
	}
}

// say is what stands for a name of the rule's sentence.
func (g *group) say(p part) string {
	switch p.name {
	case "count":
		return strconv.FormatInt(g.n, 10)
	case "first":
		return clock(g.first.Time)
	case "last":
		return clock(g.last.Time)
	case "values":
		return strconv.Itoa(len(g.seen))
	case "silent":
		return length(g.silent)
	}
	if p.other {
		if g.other == nil {
			return ""
		}
		if p.field.name == fieldTime {
			return clock(g.other.Time)
		}
		return shorten(p.field.of(g.other))
	}
	if p.field.name == fieldTime {
		return clock(g.first.Time)
	}
	vs := g.values[p.name]
	if vs == nil {
		return ""
	}
	s := strings.Join(vs.shown, ", ")
	if more := len(vs.all) - len(vs.shown); more > 0 {
		s += " and " + strconv.Itoa(more) + " more"
	}
	return s
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "an unknown time"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// length is a length of time in its largest unit.
func length(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return strconv.Itoa(int(d/(24*time.Hour))) + " days"
	case d >= 2*time.Hour:
		return strconv.Itoa(int(d/time.Hour)) + " hours"
	}
	return strconv.Itoa(int(d/time.Minute)) + " minutes"
}

// groups are those of one rule.
type groups struct {
	r    *Rule
	by   map[string]*group
	full bool
	n    int64
	// earliest is the first dated event of each host
	earliest map[string]time.Time
}

func newGroups(r *Rule) *groups {
	return &groups{r: r, by: map[string]*group{}, earliest: map[string]time.Time{}}
}

func (gs *groups) add(e *timeline.Event) *group {
	key := make([]string, len(gs.r.By))
	empty := len(key) > 0
	for i, f := range gs.r.By {
		key[i] = strings.Clone(f.of(e))
		empty = empty && key[i] == ""
	}
	if empty {
		return nil // it is about nothing
	}
	gs.n++
	if t := e.Time; !t.IsZero() {
		if first, ok := gs.earliest[e.Host]; !ok || t.Before(first) {
			gs.earliest[strings.Clone(e.Host)] = t
		}
	}
	name := e.Host + "\x00" + strings.Join(key, "\x00")
	g := gs.by[name]
	if g == nil {
		if len(gs.by) >= maxGroups {
			gs.full = true
			return nil
		}
		g = &group{host: strings.Clone(e.Host), key: key}
		gs.by[name] = g
	}
	g.add(gs.r, e)
	return g
}

// chosen are the groups that count, first and rare let through.
func (gs *groups) chosen(ends map[string]time.Time) []*group {
	var out []*group
	for _, g := range gs.by {
		if gs.lets(g, ends) {
			out = append(out, g)
		}
	}
	slices.SortFunc(out, func(a, b *group) int { return cmp.Or(cmp.Compare(a.host, b.host), slices.Compare(a.key, b.key)) })
	return out
}

func (gs *groups) lets(g *group, ends map[string]time.Time) bool {
	r := gs.r
	if r.Count != nil && len(g.when) == 0 {
		return false
	}
	if f := r.First; f != nil {
		end, ok := ends[g.host]
		since := end.Add(-f.After)
		// What went before has to be as long as what is new: a log that begins
		// yesterday knows nobody.
		if !ok || g.first.Time.IsZero() || g.first.Time.Before(since) || !gs.earliest[g.host].Before(since.Add(-f.After)) {
			return false
		}
	}
	if q := r.Rare; q != nil && (g.n > int64(q.AtMost) || gs.n < int64(q.Among)) {
		return false
	}
	return true
}
