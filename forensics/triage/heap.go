package triage

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// many is how many things below one folder are told by themselves: what a build or
// an archive left there must not push the others out of sight.
func (r *Rule) many() int { return max(3*r.Most, 20) }

// heap is one group, or many below a folder.
type heap struct {
	below  string
	groups []*group
}

// heaps puts together what lies in crowds below a folder. Rules that are not
// about paths have none.
func (r *Rule) heaps(groups []*group) []heap {
	var out []heap
	paths := map[string][]*group{} // by host
	for _, g := range groups {
		if len(r.By) == 1 && strings.HasPrefix(g.key[0], "/") {
			paths[g.host] = append(paths[g.host], g)
		} else {
			out = append(out, heap{groups: []*group{g}})
		}
	}
	for _, host := range slices.Sorted(maps.Keys(paths)) {
		out = append(out, r.below("", paths[host])...)
	}
	return out
}

// below goes down from a folder, to where things branch.
func (r *Rule) below(folder string, groups []*group) []heap {
	var out []heap
	if len(groups) <= r.many() {
		for _, g := range groups {
			out = append(out, heap{groups: []*group{g}})
		}
		return out
	}
	var here, deeper []*group // in the folder itself, and in folders of it
	folders := map[string][]*group{}
	for _, g := range groups {
		name, _, more := strings.Cut(strings.TrimPrefix(g.key[0][len(folder):], "/"), "/")
		if more {
			folders[name] = append(folders[name], g)
			deeper = append(deeper, g)
		} else {
			here = append(here, g)
		}
	}
	top := strings.Count(folder, "/") < 2 // /dev, /usr: what is below has little in common
	switch {
	case !top && len(here) > r.many():
		return []heap{{folder, groups}}
	case !top && len(folders) > r.Most && len(deeper) > r.many():
		out = append(out, heap{folder, deeper})
	default:
		for _, name := range slices.Sorted(maps.Keys(folders)) {
			out = append(out, r.below(folder+"/"+name, folders[name])...)
		}
	}
	for _, g := range here {
		out = append(out, heap{groups: []*group{g}})
	}
	return out
}

// newest puts the newest first.
func newest(a, b *group) int {
	return cmp.Or(late(a.last.Time, b.last.Time), slices.Compare(a.key, b.key), cmp.Compare(a.host, b.host))
}

// tell makes findings of a rule's groups: the newest stand by themselves, the
// rest as one.
func (r *Rule) tell(groups []*group) []Finding {
	slices.SortStableFunc(groups, newest)
	heaps := r.heaps(groups)
	for _, h := range heaps {
		slices.SortStableFunc(h.groups, newest)
	}
	slices.SortStableFunc(heaps, func(a, b heap) int { return newest(a.groups[0], b.groups[0]) })
	alone := len(heaps)
	if alone > r.Most {
		alone = r.Most - 1
	}
	var out []Finding
	for _, h := range heaps[:alone] {
		if h.below == "" {
			out = append(out, r.finding(h.groups[0]))
		} else {
			out = append(out, r.together(h.groups, "below "+h.below))
		}
	}
	if alone < len(heaps) {
		var rest []*group
		for _, h := range heaps[alone:] {
			rest = append(rest, h.groups...)
		}
		slices.SortStableFunc(rest, newest)
		out = append(out, r.together(rest, "more"))
	}
	return out
}

// together is one finding of several groups; where says which these are.
func (r *Rule) together(groups []*group, where string) Finding {
	f := r.finding(groups[0])
	h := sha256.New()
	var names []string
	for i, g := range groups {
		about, key := r.thing(g)
		h.Write([]byte(g.host + "\x00" + key + "\x00"))
		if i < 5 {
			names = append(names, about)
		}
		if i > 0 {
			f.absorb(r.finding(g))
		}
		if g.host != f.Host {
			f.Host = ""
		}
	}
	f.Also, f.more = nil, len(groups)
	f.ID = "f" + hex.EncodeToString(h.Sum(nil)[:5])
	f.About = shorten(fmt.Sprintf("%d %s", len(groups), where))
	f.Reason = f.About + ": " + strings.Join(names, "; ")
	if where == "more" {
		f.Reason = fmt.Sprintf("%d more like it: %s", len(groups), strings.Join(names, "; "))
	}
	if len(groups) > len(names) {
		f.Reason += fmt.Sprintf("; and %d others", len(groups)-len(names))
	}
	return f
}
