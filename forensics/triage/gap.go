package triage

import (
	"context"
	"maps"
	"slices"
	"time"

	"firebreak/timeline"
)

// gaps finds the silences of a rule while other events go on.
func (x *run) gaps(ctx context.Context, r *Rule, f timeline.Filter) ([]*group, error) {
	g := r.Gap
	least := g.AtLeast
	if g.Unusual > 0 {
		least /= time.Duration(g.Unusual)
	}
	var out []*group
	for _, host := range slices.Sorted(maps.Keys(x.ends)) {
		one := f
		if host != "" {
			of, err := timeline.ParseFilterAt("host:"+quoted(host), timeline.Moments{})
			if err != nil {
				x.note("rule %s: host %q cannot be asked for", r.ID, host)
				continue
			}
			one = f.And(of)
		}
		found, err := x.tl.Gaps(ctx, one, g.Of.field, least)
		if err != nil {
			return nil, err
		}
		for _, s := range found {
			if s.To.Sub(s.From) < g.AtLeast || !g.odd(s, found) {
				continue
			}
			during, err := x.during(ctx, g, host, s)
			if err != nil {
				return nil, err
			}
			if during < g.Events {
				continue
			}
			if spoke, err := x.spoke(ctx, g, one, s); err != nil || !spoke {
				if err != nil {
					return nil, err
				}
				continue
			}
			made, err := x.silence(ctx, r, host, s)
			if err != nil {
				return nil, err
			}
			out = append(out, made)
		}
	}
	return out, nil
}

// odd says whether a gap is unlike the others of its value: at most one other is
// a good part as long.
func (g *Gap) odd(s Silence, found []Silence) bool {
	if g.Unusual == 0 {
		return true
	}
	part, others := s.To.Sub(s.From)/time.Duration(g.Unusual), 0
	for _, o := range found {
		if o.Value == s.Value && o.From != s.From && o.To.Sub(o.From) >= part {
			others++
		}
	}
	return others <= 1
}

// spoke says whether the value was heard for as long as that before the gap, or
// behind it: what was said once, as at a start, does not fall silent.
func (x *run) spoke(ctx context.Context, g *Gap, f timeline.Filter, s Silence) (bool, error) {
	parts := []timeline.Filter{timeline.Between(time.Time{}, s.From.Add(time.Nanosecond-g.AtLeast)), timeline.Between(s.To.Add(g.AtLeast), time.Time{})}
	of, err := timeline.ParseFilterAt(g.Of.name+":"+quoted(s.Value), timeline.Moments{})
	if err != nil {
		return false, err
	}
	for i, p := range parts {
		parts[i] = f.And(of).And(p)
	}
	n, err := x.tl.Counts(ctx, parts, nil)
	return err == nil && n[0]+n[1] > 0, err
}

// during counts what went on meanwhile.
func (x *run) during(ctx context.Context, g *Gap, host string, s Silence) (int64, error) {
	f := g.filter.And(timeline.Between(s.From.Add(time.Nanosecond), s.To))
	if host != "" {
		of, err := timeline.ParseFilterAt("host:"+quoted(host), timeline.Moments{})
		if err != nil {
			return 0, err
		}
		f = f.And(of)
	}
	n, err := x.tl.Counts(ctx, []timeline.Filter{f}, nil)
	if err != nil {
		return 0, err
	}
	return n[0], nil
}

// silence is a group of the events at both ends of a gap.
func (x *run) silence(ctx context.Context, r *Rule, host string, s Silence) (*group, error) {
	ids := s.Before.String()
	if !s.After.IsZero() {
		ids += "," + s.After.String()
	}
	f, err := timeline.ParseFilterAt("id:"+ids, timeline.Moments{})
	if err != nil {
		return nil, err
	}
	made := &group{host: host, key: []string{s.Value}, silent: s.To.Sub(s.From)}
	err = x.tl.Scan(ctx, f, false, func(e *timeline.Event) error {
		made.add(r, e)
		return nil
	})
	made.last.Time = s.To
	return made, err
}
